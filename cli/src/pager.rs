//! Output to a person: long output on a terminal goes through a pager, as `git` does.
//!
//! Output that fits on the screen is printed directly. `PAGER` selects the pager; without it `less` is used. An empty
//! `PAGER`, `PAGER=cat` or a missing pager prints directly.

use std::env;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;

use anstream::adapter::StripBytes;
use anstream::{AutoStream, ColorChoice};

/// Quit if the output fits on the screen, print colours, keep the output on the screen after quitting.
const LESS: &str = "FRX";

/// Standard output, paged if it is long.
pub(crate) enum Output {
    Direct(BufWriter<AutoStream<io::StdoutLock<'static>>>),
    Paged(Box<Paged>),
}

impl Output {
    /// Paged if standard output is a terminal and a pager is configured.
    pub(crate) fn paged() -> Self {
        let height = terminal_size::terminal_size().map(|(_, height)| usize::from(height.0));
        match (io::stdout().is_terminal(), height, pager(env::var("PAGER").ok().as_deref())) {
            (true, Some(height), Some(pager)) if env::var("TERM").as_deref() != Ok("dumb") => {
                let has_colour = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
                Self::Paged(Box::new(Paged::new(pager, height, has_colour)))
            }
            _ => Self::direct(),
        }
    }

    pub(crate) fn direct() -> Self {
        Self::Direct(BufWriter::new(anstream::stdout().lock()))
    }

    /// Writes the rest and waits until the pager is closed.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Self::Direct(mut out) => out.flush(),
            Self::Paged(paged) => paged.finish(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Direct(out) => out.write(bytes),
            Self::Paged(paged) => paged.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Direct(out) => out.flush(),
            Self::Paged(_) => Ok(()),
        }
    }
}

/// The command of the pager for this value of `PAGER`, split at spaces. No shell is involved.
fn pager(variable: Option<&str>) -> Option<Command> {
    let Some(variable) = variable else {
        let mut less = Command::new("less");
        less.arg(format!("-{LESS}"));
        return Some(less);
    };
    let mut words = variable.split_whitespace();
    let program = words.next().filter(|program| *program != "cat")?;
    let mut pager = Command::new(program);
    pager.args(words);
    if env::var_os("LESS").is_none() {
        pager.env("LESS", LESS);
    }
    Some(pager)
}

/// Holds the output until it is longer than the screen, and then starts the pager.
pub(crate) struct Paged {
    pager: Command,
    height: usize,
    lines: usize,
    /// Removes colours if they are switched off.
    strip: Option<StripBytes>,
    state: State,
}

enum State {
    /// The output so far.
    Held(Vec<u8>),
    Running(Running),
    /// The pager could not be started.
    Direct(BufWriter<AutoStream<io::StdoutLock<'static>>>),
}

impl Paged {
    fn new(pager: Command, height: usize, has_colour: bool) -> Self {
        let strip = (!has_colour).then(StripBytes::new);
        Self { pager, height, lines: 0, strip, state: State::Held(Vec::new()) }
    }

    fn write_stripped(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.state {
            State::Held(held) => {
                held.extend_from_slice(bytes);
                self.lines += bytes.iter().filter(|byte| **byte == b'\n').count();
                // One line of the screen is for the prompt.
                if self.lines >= self.height { self.start() } else { Ok(()) }
            }
            State::Running(running) => running.write_all(bytes),
            State::Direct(out) => out.write_all(bytes),
        }
    }

    fn start(&mut self) -> io::Result<()> {
        let next = match self.pager.stdin(Stdio::piped()).spawn() {
            Ok(mut child) => {
                ignore_interrupts();
                let input = child.stdin.take().map(BufWriter::new);
                State::Running(Running { child, input })
            }
            Err(_) => State::Direct(BufWriter::new(anstream::stdout().lock())),
        };
        match std::mem::replace(&mut self.state, next) {
            State::Held(held) => self.write_out(&held),
            State::Running(_) | State::Direct(_) => Ok(()),
        }
    }

    fn write_out(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.state {
            State::Held(held) => held.write_all(bytes),
            State::Running(running) => running.write_all(bytes),
            State::Direct(out) => out.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self.state {
            State::Held(held) => {
                let mut out = anstream::stdout().lock();
                out.write_all(&held)?;
                out.flush()
            }
            State::Running(running) => running.finish(),
            State::Direct(mut out) => out.flush(),
        }
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.strip.as_mut() {
            Some(strip) => {
                let stripped: Vec<u8> = strip.strip_next(bytes).flatten().copied().collect();
                self.write_stripped(&stripped)?;
            }
            None => self.write_stripped(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pager and its input. Dropping it closes the input and waits for the pager, so that the shell's prompt does not appear
/// while the pager still uses the terminal.
struct Running {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
}

impl Running {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input.as_mut().map_or(Ok(()), |input| input.write_all(bytes))
    }

    fn finish(mut self) -> io::Result<()> {
        self.input.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.input.take());
        // The exit code of the pager is of no importance.
        let _ = self.child.wait();
    }
}

/// Ctrl-C is for the pager. If it ended this process, pager and shell would both read the terminal.
fn ignore_interrupts() {
    thread::spawn(|| {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
            runtime.block_on(async { while tokio::signal::ctrl_c().await.is_ok() {} });
        }
    });
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::PathBuf;
    use std::process::Command;

    use super::{Paged, State, pager};

    /// A pager that writes its input to this file.
    fn file_pager(name: &str) -> (PathBuf, Command) {
        let path = std::env::temp_dir().join(format!("draco-pager-{}-{name}", std::process::id()));
        let mut command = Command::new("cp");
        command.arg("/dev/stdin").arg(&path);
        (path, command)
    }

    fn arguments(variable: Option<&str>) -> Option<Vec<String>> {
        let command = pager(variable)?;
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        Some(words.map(|word| word.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn the_pager_comes_from_the_environment() {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(arguments(None), words(&["less", "-FRX"]));
        assert_eq!(arguments(Some("more -d")), words(&["more", "-d"]));
        assert_eq!(arguments(Some("cat")), None);
        assert_eq!(arguments(Some(" ")), None);
    }

    #[test]
    fn output_longer_than_the_screen_goes_to_the_pager() {
        let (path, command) = file_pager("long");
        let mut paged = Paged::new(command, 3, true);
        for line in ["\u{1b}[1mone\u{1b}[0m\n", "two\n"] {
            paged.write_all(line.as_bytes()).expect("held");
        }
        assert!(matches!(paged.state, State::Held(_)));
        paged.write_all(b"three\n").expect("written");
        paged.write_all(b"four\n").expect("written");
        paged.finish().expect("written");
        assert_eq!(fs::read_to_string(&path).expect("the pager's input"), "\u{1b}[1mone\u{1b}[0m\ntwo\nthree\nfour\n");
        fs::remove_file(path).expect("a file");
    }

    #[test]
    fn the_pager_gets_no_colours_if_they_are_switched_off() {
        let (path, command) = file_pager("plain");
        let mut paged = Paged::new(command, 1, false);
        paged.write_all(b"\x1b[1mone\x1b[0m\n").expect("written");
        paged.finish().expect("written");
        assert_eq!(fs::read_to_string(&path).expect("the pager's input"), "one\n");
        fs::remove_file(path).expect("a file");
    }

    #[test]
    fn without_the_pager_output_is_printed_directly() {
        let mut paged = Paged::new(Command::new("nosuch-pager"), 1, true);
        paged.write_all(b"one\n").expect("written");
        assert!(matches!(paged.state, State::Direct(_)));
        paged.finish().expect("written");
    }
}
