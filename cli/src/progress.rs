//! A progress bar for what takes longer than a second, if anybody is watching.

use std::io::{self, IsTerminal, Read};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long nobody needs to be told that there is work going on.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the bar moves, whether or not there is anything new.
const TICK: Duration = Duration::from_millis(200);

/// Shows on standard error how far something has come, until it is dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of so many days.
    pub(crate) fn days(count: u64) -> Self {
        Self::begin(ProgressBar::new(count), "{msg} {wide_bar} {pos} of {len}", "days pass".to_owned())
    }

    fn begin(bar: ProgressBar, template: &str, what: String) -> Self {
        bar.set_draw_target(ProgressDrawTarget::hidden());
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        if io::stderr().is_terminal() {
            let bar = bar.clone();
            thread::spawn(move || {
                thread::sleep(PATIENCE);
                if !bar.is_finished() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.enable_steady_tick(TICK);
                }
            });
        }
        Self(bar)
    }

    pub(crate) fn advance(&self, by: u64) {
        self.0.inc(by);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Reads, and shows how far it has come.
pub(crate) struct Watched<R> {
    from: R,
    progress: Progress,
}

impl<R: Read> Watched<R> {
    /// Of a file the length is known, of a pipe it is not.
    pub(crate) fn new(from: R, what: &str, length: Option<u64>) -> Self {
        let (template, bar) = match length {
            Some(length) => ("{msg} {wide_bar} {bytes} of {total_bytes}", ProgressBar::new(length)),
            None => ("{msg} {spinner} {bytes}", ProgressBar::no_length()),
        };
        Self { from, progress: Progress::begin(bar, template, format!("reading {what}")) }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.progress.advance(count as u64);
        Ok(count)
    }
}
