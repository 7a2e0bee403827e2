//! A progress bar on standard error, for work that takes longer than a second. It is shown only on a terminal.

use std::io::{self, IsTerminal, Read};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The delay before the bar appears.
const DELAY: Duration = Duration::from_secs(1);
/// The interval at which the bar is redrawn.
const TICK: Duration = Duration::from_millis(200);

/// A progress bar, shown until it is dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar that counts simulated days.
    pub(crate) fn days(count: u64) -> Self {
        Self::begin(ProgressBar::new(count), "{msg} {wide_bar} {pos} of {len}", "simulated days".to_owned())
    }

    fn begin(bar: ProgressBar, template: &str, message: String) -> Self {
        bar.set_draw_target(ProgressDrawTarget::hidden());
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(message);
        if io::stderr().is_terminal() {
            let bar = bar.clone();
            thread::spawn(move || {
                thread::sleep(DELAY);
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

/// A reader with a progress bar.
pub(crate) struct ProgressReader<R> {
    inner: R,
    progress: Progress,
}

impl<R: Read> ProgressReader<R> {
    /// A file has a length, a pipe has none.
    pub(crate) fn new(inner: R, name: &str, length: Option<u64>) -> Self {
        let (template, bar) = match length {
            Some(length) => ("{msg} {wide_bar} {bytes} of {total_bytes}", ProgressBar::new(length)),
            None => ("{msg} {spinner} {bytes}", ProgressBar::no_length()),
        };
        Self { inner, progress: Progress::begin(bar, template, format!("reading {name}")) }
    }
}

impl<R: Read> Read for ProgressReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.progress.advance(count as u64);
        Ok(count)
    }
}
