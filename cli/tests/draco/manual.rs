//! Help, completions and man pages.

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use crate::run;

#[test]
fn help_of_plan() {
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
    assert!(out.contains("3 source snapshots: 2 copies kept, 1 copy would be deleted"), "{out}");
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(&["completions", shell]);
        assert!(ran.code == Some(0) && ran.out.contains("lifecycle"), "{shell}: {}", ran.err);
    }
}

#[test]
fn man_pages_that_cannot_be_written_exit_with_1() {
    let ran = run(&["man", "/dev/null/man"]);
    let expected = "error: writing man pages into /dev/null/man: Not a directory (os error 20)\n";
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), expected));
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
