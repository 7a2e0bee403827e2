//! Looking after what is deployed, against the simulated AWS with Draco in it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may stop")]

mod deletion;
mod doctor;
mod event;
mod status;

use std::path::Path;
use std::sync::{Arc, Mutex};

use config::Config;
use deploy::terminal::Answers;
use deploy::{Account, Role, Terminal};
use tests::{DR, Fixture, SOURCE};

/// An account of the fixture, as its owner.
fn account(fixture: &Fixture, role: Role) -> Account {
    let account = match role {
        Role::Producer => SOURCE,
        Role::Consumer => DR,
    };
    Account::known(role, fixture.place(account).unwrap(), fixture.owner_config(account))
}

/// What the users of the fixture would have in their file, and more.
fn config(more: &str) -> Config {
    let text = format!("AWS_REGION: eu-west-1\nSOURCE_ACCTS: {SOURCE}\nDR_ACCT: {DR}\n{more}");
    Config::of(Path::new("config.yaml"), text.as_bytes(), &Default::default()).unwrap()
}

/// Lines as they come out of a pipe.
fn piped(lines: &[String]) -> String {
    anstream::adapter::strip_str(&lines.join("\n")).to_string()
}

/// What is said at a terminal.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn terminal(&self) -> Terminal {
        Terminal::writing(Box::new(self.clone()), Answers::Nobody)
    }

    fn text(&self) -> String {
        let said = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        anstream::adapter::strip_str(&said).to_string()
    }
}

impl std::io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
