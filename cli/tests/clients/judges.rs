//! Each test is a Python program of this folder.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a Python program of this folder. It must succeed.
fn python(program: &str, args: &[&str]) {
    let python = target().join("python/bin/python");
    assert!(python.exists(), "{} does not exist; `cargo xtask test` creates it", python.display());
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let output = Command::new(python)
        // No bytecode files next to the sources.
        .arg("-B")
        .arg(here.join(program))
        .args(args)
        .env("DRACO", env!("CARGO_BIN_EXE_draco"))
        .output()
        .expect("Python runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(output.stdout), text(output.stderr));
    println!("{out}{err}");
    assert!(output.status.success(), "{program} {} failed", args.join(" "));
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target folder").to_owned()
}

#[test]
#[ignore = "slow, and needs Python"]
fn all_journeys_work_with_boto3() {
    python("journeys.py", &["WithBoto3"]);
}

#[test]
#[ignore = "slow, and needs Python"]
fn all_journeys_work_with_the_aws_command_line() {
    python("journeys.py", &["WithTheCommandLine"]);
}

#[test]
#[ignore = "slow, and needs Python"]
fn every_difference_from_moto_has_a_reference() {
    python("emulators_test.py", &["WithMoto"]);
}

#[test]
#[ignore = "slow, and needs Python"]
fn every_difference_from_ministack_has_a_reference() {
    python("emulators_test.py", &["WithMiniStack"]);
}

/// The questions that a text of AWS's decides.
#[test]
#[ignore = "slow, and needs Python"]
fn sim_gives_the_facts_that_are_decided() {
    python("questions_test.py", &["Questions"]);
}

/// Parameters that no client sends, to all operations.
#[test]
#[ignore = "slow, and needs Python"]
fn sim_refuses_parameters_that_aws_does_not_have() {
    python("parameters_test.py", &[]);
}

/// The same questions to the other emulators, whose agreement is printed.
#[test]
#[ignore = "slow, and needs Python"]
fn other_emulators_are_asked_the_same() {
    python("questions_test.py", &["Comparison"]);
}

/// It runs the program `deploy`, which the tests of the workspace build.
#[test]
#[ignore = "slow, and needs Python"]
fn the_probe_recognises_moto() {
    python("probe_test.py", &[]);
}

#[test]
#[ignore = "slow, and needs Python"]
fn the_model_check_finds_wrong_responses() {
    python("models_test.py", &[]);
}

/// The commands in `draco sim --help`, the README and `doc/restoring.md`.
#[test]
#[ignore = "slow, and needs Python"]
fn documented_commands_work_as_typed() {
    python("examples_test.py", &[]);
}
