//! The bucket, `deletion`, `event`, `owner`, `status` and `doctor`, against the simulated AWS with Draco deployed in it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may stop")]

mod backfill;
mod bucket;
mod deletion;
mod doctor;
mod event;
mod owner;
mod regions;
mod status;
mod verification;
mod verify;

use std::path::Path;
use std::sync::{Arc, Mutex};

use config::Config;
use deploy::terminal::Answers;
use deploy::{Account, Role, Terminal};
use tests::{DR, Fixture, SOURCE};

/// An account of the fixture, with the credentials of its owner.
fn account(fixture: &Fixture, role: Role) -> Account {
    let account = match role {
        Role::Producer => SOURCE,
        Role::Consumer | Role::Second | Role::Verifier => DR,
    };
    Account::unchecked(role, fixture.place(account).unwrap(), fixture.owner_config(account))
}

/// The configuration of the fixture, with more keys.
fn config(more: &str) -> Config {
    let text = format!("AWS_REGION: eu-west-1\nSOURCE_ACCTS: {SOURCE}\nDR_ACCT: {DR}\n{more}");
    Config::of(Path::new("config.yaml"), text.as_bytes(), &Default::default()).unwrap()
}

/// Lines without colours.
fn plain(lines: &[String]) -> String {
    anstream::adapter::strip_str(&lines.join("\n")).to_string()
}

/// The output of a terminal.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn terminal(&self) -> Terminal {
        Terminal::with_output(Box::new(self.clone()), Answers::default())
    }

    /// A terminal with `--yes`.
    fn agreeing(&self) -> Terminal {
        Terminal::with_output(Box::new(self.clone()), Answers { yes: true, ..Answers::default() })
    }

    fn text(&self) -> String {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        anstream::adapter::strip_str(&text).to_string()
    }
}

impl std::io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
