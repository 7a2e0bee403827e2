//! The `draco` command, run as a program.

#![allow(clippy::expect_used, reason = "a test may stop")]

mod demo;
mod errors;
mod json;
mod manual;
mod picture;
mod plan;
mod readme;
mod select;
mod sim;
mod summary;
mod verify;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The result of a run.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The command, run at the root of the repository, without the environment's settings of terminals.
fn draco(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_draco"));
    command.args(args).current_dir(root());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "TERM", "COLUMNS", "PAGER", "LESS"] {
        command.env_remove(variable);
    }
    command
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(args: &[&str]) -> Ran {
    draco(args).stdin(Stdio::null()).output().expect("draco runs").into()
}

/// Runs the command with this standard input.
fn run_on(input: &str, args: &[&str]) -> Ran {
    let mut command = draco(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("draco runs");
    // The command stops reading at an error in the input.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    child.wait_with_output().expect("draco ends").into()
}

/// A file with this text, for one test.
fn file(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}
