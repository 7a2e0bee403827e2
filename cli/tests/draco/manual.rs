//! Help, completions and man pages.

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use crate::run;

#[test]
fn help_is_for_someone_who_has_never_seen_the_tool() {
    assert_snapshot!(run(&["plan", "--help"]).out);
}

#[test]
fn the_example_in_the_help_works_as_typed() {
    let help = run(&["plan", "--help"]).out;
    let (_, example) = help.split_once("Example:\n\n").expect("an example");
    let (example, _) = example.split_once("\n\n").expect("its end");
    let folder = Path::new(env!("CARGO_BIN_EXE_draco")).parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh").args(["-c", example]).env("PATH", path).output().expect("a shell");
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(out.contains("3 snapshots: 2 kept, 1 to be deleted"), "{out}");
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&["completions", shell]);
        assert!(ran.code == Some(0) && ran.out.contains("lifecycle"), "{shell}: {}", ran.err);
    }
}

#[test]
fn man_pages_are_written_into_a_folder() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("man");
    let ran = run(&["man", &folder.display().to_string()]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let page = std::fs::read_to_string(folder.join("draco-plan.1")).expect("a page");
    assert!(page.contains(".TH draco-plan 1") && page.contains("which it would delete"), "{page}");
    assert!(folder.join("draco.1").exists());
}
