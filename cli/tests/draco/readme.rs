//! The examples in the README are correct.

use crate::{root, run};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

/// The first code block of this kind.
fn block<'a>(page: &'a str, kind: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("```{kind}\n")).expect("a block");
    rest.split_once("```").expect("its end").0
}

#[test]
#[ignore = "slow: ninety days in a debug build; and it needs PostgreSQL"]
fn the_first_command_prints_what_is_shown() {
    let readme = read("README.md");
    let first = block(&readme, "sh").lines().next().expect("a command");
    let args = first.strip_prefix("cargo run --release -- ").expect("the draco command");
    let out = run(&args.split(' ').collect::<Vec<_>>()).out;
    let mut rest = out.as_str();
    for part in block(&readme, "text").split("…\n") {
        let at = rest.find(part).unwrap_or_else(|| panic!("not in the output, or not here:\n{part}"));
        rest = &rest[at + part.len()..];
    }
    assert_eq!(rest.trim(), "");
}

#[test]
fn the_picture_is_up_to_date() {
    let path = crate::file("readme.svg", "");
    run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard", "--svg", &path]);
    assert_eq!(std::fs::read_to_string(path).expect("a picture"), read("doc/a-year-of-orders.svg"));
}

#[test]
fn the_plain_list_is_valid() {
    let readme = read("README.md");
    let ran = crate::run_on(block(&readme, "json"), &["plan"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}
