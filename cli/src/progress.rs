//! A progress bar for what takes longer than a second, if anybody is watching.

use std::io::{self, IsTerminal, Read};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long nobody needs to be told that there is work going on.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the bar moves, whether or not there is anything to read.
const TICK: Duration = Duration::from_millis(200);

/// Reads, and shows on standard error how far it has come.
pub(crate) struct Watched<R> {
    from: R,
    bar: ProgressBar,
}

impl<R: Read> Watched<R> {
    /// Of a file the length is known, of a pipe it is not.
    pub(crate) fn new(from: R, what: &str, length: Option<u64>) -> Self {
        let (template, bar) = match length {
            Some(length) => ("{msg} {wide_bar} {bytes} of {total_bytes}", ProgressBar::new(length)),
            None => ("{msg} {spinner} {bytes}", ProgressBar::no_length()),
        };
        bar.set_draw_target(ProgressDrawTarget::hidden());
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(format!("reading {what}"));
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
        Self { from, bar }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.bar.inc(count as u64);
        Ok(count)
    }
}

impl<R> Drop for Watched<R> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
