//! Clients that nobody here wrote, against `draco sim`: boto3, the AWS command line, and whatever AWS's models and
//! independent emulators say. They are Python, and live in a virtual environment that `cargo xtask test` makes.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may stop")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a Python program of this folder, which must succeed.
fn python(program: &str, args: &[&str]) {
    let python = target().join("python/bin/python");
    assert!(python.exists(), "{} is not there; `cargo xtask test` makes it", python.display());
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let output = Command::new(python)
        // Bytecode would lie among the sources.
        .arg("-B")
        .arg(here.join(program))
        .args(args)
        .env("DRACO", env!("CARGO_BIN_EXE_draco"))
        .output()
        .expect("Python runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(output.stdout), text(output.stderr));
    println!("{out}{err}");
    assert!(output.status.success(), "{program} {} found something wrong", args.join(" "));
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target folder").to_owned()
}

#[test]
#[ignore = "slow, and needs Python"]
fn boto3_makes_every_journey() {
    python("journeys.py", &["WithBoto3"]);
}

#[test]
#[ignore = "slow, and needs Python"]
fn the_aws_command_line_makes_every_journey() {
    python("journeys.py", &["WithTheCommandLine"]);
}

#[test]
#[ignore = "slow, and needs Python"]
fn moto_answers_alike_but_for_what_aws_settles() {
    python("emulators_test.py", &["WithMoto"]);
}

#[test]
#[ignore = "slow, and needs Python"]
fn ministack_answers_alike_but_for_what_aws_settles() {
    python("emulators_test.py", &["WithMiniStack"]);
}

#[test]
#[ignore = "slow, and needs Python"]
fn a_wrong_answer_does_not_pass_the_models() {
    python("models_test.py", &[]);
}

/// The commands in `draco sim --help`, the README and `doc/restoring.md`.
#[test]
#[ignore = "slow, and needs Python"]
fn documented_commands_work_as_typed() {
    python("examples_test.py", &[]);
}
