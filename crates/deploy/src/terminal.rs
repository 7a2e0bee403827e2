//! Output for the user, and questions to the user.
//!
//! A failure to write is ignored: output may go to a closed pipe, and the command continues.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use anyhow::bail;

/// Added, or successful.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Changed, or to be checked.
pub const CAUTION: Style = AnsiColor::Yellow.on_default();
/// Removed, or failed.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Dangerous.
pub const LOUD: Style = AnsiColor::Red.on_default().bold();
/// A heading.
pub const TITLE: Style = Style::new().bold();
/// Secondary information.
pub const FAINT: Style = Style::new().dimmed();

/// Output and questions of one command.
pub struct Terminal {
    out: Box<dyn Write + Send>,
    answers: Answers,
}

/// How the questions of a command are answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// `--yes`: every question is answered with yes. A typed name is not.
    pub yes: bool,
    /// `--confirm`: the name that would be typed.
    pub confirm: Option<String>,
    /// Standard input is a terminal, so that the user can be asked.
    pub interactive: bool,
}

impl Answers {
    /// Those of this process, with `--yes` or without.
    #[must_use]
    pub fn new(yes: bool) -> Self {
        Self { yes, confirm: None, interactive: io::stdin().is_terminal() }
    }
}

impl Terminal {
    /// Standard output of this process, with these answers.
    #[must_use]
    pub fn new(answers: Answers) -> Self {
        Self::with_output(Box::new(anstream::stdout()), answers)
    }

    /// Another output, with these answers.
    #[must_use]
    pub fn with_output(out: Box<dyn Write + Send>, answers: Answers) -> Self {
        Self { out, answers }
    }

    /// Prints text and a newline.
    pub fn print(&mut self, text: impl Display) {
        let _ = writeln!(self.out, "{text}");
        let _ = self.out.flush();
    }

    /// Prints a warning.
    pub fn warn(&mut self, text: impl Display) {
        self.print(format_args!("{CAUTION}warning:{CAUTION:#} {text}"));
    }

    /// Asks a question. An empty answer is no.
    ///
    /// # Errors
    ///
    /// Without a terminal and `--yes`.
    pub fn ask(&mut self, question: &str) -> anyhow::Result<bool> {
        if self.answers.yes {
            return Ok(true);
        }
        if !self.answers.interactive {
            bail!("{question} not a terminal; re-run with --yes");
        }
        let answer = self.read_line(&format!("{question} [y/N]"))?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks for a name to be typed, where a habitual "y" would be dangerous. `--yes` does not answer this, `--confirm` does.
    ///
    /// # Errors
    ///
    /// If `--confirm` has another name, or without a terminal and `--confirm`.
    pub fn ask_for_name(&mut self, statement: &str, name: &str) -> anyhow::Result<bool> {
        if let Some(confirmed) = &self.answers.confirm {
            if confirmed == name {
                return Ok(true);
            }
            bail!("--confirm {confirmed} does not match {name}; no changes were made");
        }
        if !self.answers.interactive {
            bail!("{statement} not a terminal; re-run with --confirm {name}");
        }
        Ok(self.read_line(&format!("{statement} Type {name} to confirm:"))? == name)
    }

    /// Whether `--confirm` was given.
    #[must_use]
    pub fn has_confirmation(&self) -> bool {
        self.answers.confirm.is_some()
    }

    fn read_line(&mut self, prompt: &str) -> io::Result<String> {
        let _ = write!(self.out, "{TITLE}{prompt}{TITLE:#} ");
        let _ = self.out.flush();
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(yes: bool, confirm: Option<&str>) -> Terminal {
        let answers = Answers { yes, confirm: confirm.map(str::to_owned), interactive: false };
        Terminal::with_output(Box::new(io::sink()), answers)
    }

    #[test]
    fn yes_answers_questions_but_types_no_name() {
        assert!(terminal(true, None).ask("Create the bucket?").unwrap());
        let why = terminal(true, None).ask_for_name("This deletes it.", "draco-consumer").unwrap_err().to_string();
        assert_eq!(why, "This deletes it. not a terminal; re-run with --confirm draco-consumer");
    }

    #[test]
    fn confirm_types_exactly_this_name() {
        assert!(terminal(false, Some("draco-consumer")).ask_for_name("", "draco-consumer").unwrap());
        let why = terminal(true, Some("draco")).ask_for_name("", "draco-consumer").unwrap_err().to_string();
        assert_eq!(why, "--confirm draco does not match draco-consumer; no changes were made");
    }

    #[test]
    fn without_terminal_the_error_names_the_option() {
        let why = terminal(false, None).ask("Create the bucket?").unwrap_err().to_string();
        assert_eq!(why, "Create the bucket? not a terminal; re-run with --yes");
    }
}
