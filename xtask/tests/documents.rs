//! The documents are consistent: links lead somewhere, the README links every page, and decisions are numbered without
//! gaps.

#![allow(clippy::expect_used, reason = "a test may stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a page")
}

/// The pages for people: at the top level and in `doc/`.
fn pages() -> Vec<PathBuf> {
    let folders = [root(), root().join("doc")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let paths = files.map(|file| file.expect("a file").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The lines outside fenced blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    page.split("```").step_by(2).flat_map(str::lines)
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: char| c.is_alphanumeric() || "-_ ".contains(c);
    headings
        .map(|text| text.to_lowercase().chars().filter(|&c| kept(c)).collect::<String>().replace(' ', "-"))
        .collect()
}

/// The targets of a page's links: `](target)`.
fn targets(page: &str) -> Vec<&str> {
    let lines: Vec<&str> = prose(page).collect();
    lines.iter().flat_map(|line| line.split("](").skip(1)).filter_map(|rest| Some(rest.split_once(')')?.0)).collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for path in pages() {
        let page = read(&path);
        for target in targets(&page).into_iter().filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let leads = file.exists() && (anchor.is_empty() || anchors(&read(&file)).contains(anchor));
            if !leads {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_page_is_linked_from_the_readme() {
    let readme = read(&root().join("README.md"));
    let linked: BTreeSet<&str> = targets(&readme).into_iter().collect();
    let names = pages().into_iter().filter(|path| path.with_file_name("").ends_with("doc"));
    let unlinked: Vec<_> = names
        .filter_map(|path| Some(format!("doc/{}", path.file_name()?.to_str()?)))
        .filter(|name| !linked.contains(name.as_str()))
        .collect();
    assert_eq!(unlinked, Vec::<String>::new());
}

#[test]
fn decisions_are_numbered_without_gaps() {
    let page = read(&root().join("doc/decisions.md"));
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    let numbers: Vec<&str> = headings.filter_map(|heading| Some(heading.split_once(". ")?.0)).collect();
    let expected: Vec<String> = (1..=numbers.len()).map(|number| number.to_string()).collect();
    assert!(!numbers.is_empty());
    assert_eq!(numbers, expected);
}

/// The number of an invariant, and the lines about it.
fn invariants(page: &str) -> Vec<(u32, String)> {
    let number = |text: &str| text.split_once(". ").and_then(|(number, _)| number.parse().ok());
    let mut found: Vec<(u32, String)> = Vec::new();
    for line in page.lines() {
        let starts = line.strip_prefix("## ").or_else(|| line.strip_prefix("- **")).and_then(number);
        match (starts, found.last_mut()) {
            (Some(number), _) => found.push((number, String::new())),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    found
}

/// The numbers of the invariants that a text cites: `Invariant 9`, `invariants 6 and 7`, `(invariant 10)`.
fn cited(text: &str) -> BTreeSet<u32> {
    let text = text.to_lowercase();
    let lists = text.split("invariant").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches('s').strip_prefix(' ')?;
        rest.split(|c: char| !c.is_ascii_digit() && !" ,and".contains(c)).next()
    });
    lists.flat_map(|list| list.split(|c: char| !c.is_ascii_digit())).filter_map(|number| number.parse().ok()).collect()
}

/// The files that an invariant's paragraph names as proofs.
fn proofs(text: &str) -> Vec<String> {
    let proven = text.split("**Proven by**").nth(1).and_then(|rest| rest.split("\n- **").next()).unwrap_or_default();
    let spans = proven.split('`').skip(1).step_by(2);
    spans.filter(|span| span.ends_with(".rs")).map(str::to_owned).collect()
}

#[test]
fn every_invariant_is_listed_and_the_enforced_ones_are_proven() {
    let all = invariants(&read(&root().join("doc/invariants.md")));
    assert_eq!(all.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=27).collect::<Vec<_>>());
    for (number, text) in all.iter().take(12) {
        let files = proofs(text);
        assert!(!files.is_empty(), "invariant {number} has no proof");
        for file in files {
            let source = read(&root().join(&file));
            assert!(source.contains("#[test]") || source.contains("::test"), "{file} has no test");
            assert!(cited(&source).contains(number), "{file} does not cite invariant {number}");
        }
    }
}

#[test]
fn every_invariant_that_code_or_a_page_cites_is_listed() {
    let listed: BTreeSet<u32> =
        invariants(&read(&root().join("doc/invariants.md"))).into_iter().map(|(number, _)| number).collect();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()) {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if file.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(file);
            } else if ["rs", "md", "yaml"].contains(&extension) {
                let unknown: Vec<u32> = cited(&read(&file)).difference(&listed).copied().collect();
                assert_eq!(unknown, [], "{} cites invariants that are not listed", file.display());
            }
        }
    }
}

#[test]
fn citations_are_found_in_every_form() {
    // Built at run time, because this file is read too.
    let text = ["Invariant 9, invariants 6 and 7; (invariant N) and INVARIANTS 10, M.", "The list: 5. An invariant"];
    let text = text.join("\n").replace(" N)", " 40)").replace(" M.", " 4128.");
    assert_eq!(cited(&text), BTreeSet::from([6, 7, 9, 10, 40, 4128]));
}
