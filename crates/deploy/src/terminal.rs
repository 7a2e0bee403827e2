//! The person at the terminal, or the script in their place: what they are told, and what they are asked.
//!
//! Nothing that is said decides whether something is done: nobody may be there to hear it.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use anyhow::bail;

/// What is added, or has gone well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What changes, or should be looked at.
pub const CAUTION: Style = AnsiColor::Yellow.on_default();
/// What goes, or has failed.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What is loud.
pub const LOUD: Style = AnsiColor::Red.on_default().bold();
/// A heading.
pub const TITLE: Style = Style::new().bold();
/// What matters less.
pub const FAINT: Style = Style::new().dimmed();

/// Who is talked to.
pub struct Terminal {
    out: Box<dyn Write + Send>,
    answers: Answers,
}

/// Who answers questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// `--yes` did, to all of them.
    Yes,
    /// Whoever sits there.
    Person,
    /// Nobody: this is a script that did not say `--yes`.
    Nobody,
}

impl Terminal {
    /// The terminal of this process, where `--yes` was given or not.
    #[must_use]
    pub fn new(yes: bool) -> Self {
        let answers = match yes {
            true => Answers::Yes,
            false if io::stdin().is_terminal() => Answers::Person,
            false => Answers::Nobody,
        };
        Self::writing(Box::new(anstream::stdout()), answers)
    }

    /// One that writes to something else.
    #[must_use]
    pub fn writing(out: Box<dyn Write + Send>, answers: Answers) -> Self {
        Self { out, answers }
    }

    /// Says a line, or some.
    pub fn say(&mut self, what: impl Display) {
        let _ = writeln!(self.out, "{what}");
        let _ = self.out.flush();
    }

    /// Says a line that should be looked at.
    pub fn warn(&mut self, what: impl Display) {
        self.say(format_args!("{CAUTION}warning:{CAUTION:#} {what}"));
    }

    /// Asks whether to go on. No answer is no.
    ///
    /// # Errors
    ///
    /// If nobody is there to be asked.
    pub fn agrees(&mut self, question: &str) -> anyhow::Result<bool> {
        Ok(match self.answers {
            Answers::Yes => true,
            Answers::Person => matches!(self.asked(&format!("{question} [y/N]"))?.to_lowercase().as_str(), "y" | "yes"),
            Answers::Nobody => bail!("{question} Nobody is there to answer: add --yes to go on without being asked"),
        })
    }

    /// Asks for a word to be typed, where a habit of answering "y" would be dangerous.
    ///
    /// # Errors
    ///
    /// If nobody is there to be asked.
    pub fn types(&mut self, question: &str, word: &str) -> anyhow::Result<bool> {
        Ok(match self.answers {
            Answers::Yes => true,
            Answers::Person => self.asked(&format!("{question} Type {word} to go on:"))? == word,
            Answers::Nobody => bail!("{question} Nobody is there to answer: add --yes to go on without being asked"),
        })
    }

    fn asked(&mut self, question: &str) -> io::Result<String> {
        let _ = write!(self.out, "{TITLE}{question}{TITLE:#} ");
        let _ = self.out.flush();
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(answers: Answers) -> Terminal {
        Terminal::writing(Box::new(io::sink()), answers)
    }

    #[test]
    fn yes_answers_every_question() {
        assert!(terminal(Answers::Yes).agrees("Go on?").unwrap());
        assert!(terminal(Answers::Yes).types("This deletes it.", "draco-consumer").unwrap());
    }

    #[test]
    fn a_script_that_did_not_say_yes_is_told_how() {
        let why = terminal(Answers::Nobody).agrees("Make the bucket?").unwrap_err().to_string();
        assert_eq!(why, "Make the bucket? Nobody is there to answer: add --yes to go on without being asked");
        terminal(Answers::Nobody).types("This deletes it.", "draco-consumer").unwrap_err();
    }
}
