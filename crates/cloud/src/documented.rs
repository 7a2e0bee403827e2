//! `doc/operations.md` lists the steps, fields and metrics of log lines that the code writes, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::log::{FIELDS, METRICS, step};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The first code span of the given column of the tables under these headings.
fn listed(headings: &[&str], column: usize) -> BTreeSet<String> {
    let page = fs::read_to_string(root().join("doc/operations.md")).unwrap();
    let mut heading = "";
    let mut names = BTreeSet::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title;
        } else if headings.contains(&heading)
            && let Some(cell) = line.split('|').nth(column + 1)
            && let Some(name) = cell.trim().strip_prefix('`').and_then(|cell| cell.split('`').next())
        {
            names.insert(name.to_owned());
        }
    }
    names
}

/// The source files whose lines reach the log.
fn sources() -> Vec<(PathBuf, String)> {
    let folders = [
        "crates/cloud/src",
        "crates/cloud/src/log",
        "crates/cloud/src/rds",
        "producer/src",
        "consumer/src",
        "consumer/src/onward",
        "keeper/src",
        "verifier/src",
    ];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let is_code = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs");
    let paths = files.map(|file| file.unwrap().path()).filter(is_code);
    paths
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            // Tests log fields of their own.
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            (path, code)
        })
        .collect()
}

/// The arguments of every logging macro in this code, split at the top level.
fn logged(code: &str) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    for start in ["error!(", "warn!(", "info!(", "info_span!("] {
        for (at, _) in code.match_indices(start) {
            let (mut depth, mut in_text, mut arguments) = (0, false, vec![String::new()]);
            for c in code[at + start.len()..].chars() {
                match c {
                    '"' => in_text = !in_text,
                    _ if in_text => {}
                    '(' | '[' | '{' => depth += 1,
                    ')' if depth == 0 => break,
                    ')' | ']' | '}' => depth -= 1,
                    ',' if depth == 0 => {
                        arguments.push(String::new());
                        continue;
                    }
                    _ => {}
                }
                arguments.last_mut().unwrap().push(c);
            }
            calls.push(arguments.iter().map(|argument| argument.trim().to_owned()).collect());
        }
    }
    calls
}

/// The name of the field that an argument sets: `step = step::COPIED`, `%reason` or `subject`.
fn field(argument: &str) -> Option<&str> {
    let name = argument.split('=').next()?.trim().trim_start_matches(['%', '?']);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_name && !argument.starts_with('"')).then_some(name)
}

fn names<'n>(all: impl IntoIterator<Item = &'n str>) -> BTreeSet<String> {
    all.into_iter().map(str::to_owned).collect()
}

#[test]
fn every_step_is_documented_and_every_documented_step_exists() {
    assert_eq!(
        listed(&["Steps", "Errors"], 0).difference(&reasons()).cloned().collect::<BTreeSet<_>>(),
        names(step::ALL.iter().copied())
    );
}

/// The reasons of refusals, which are listed under the same heading.
fn reasons() -> BTreeSet<String> {
    names([
        "not-shared",
        "plaintext-cluster",
        "copy-failed",
        "not-as-announced",
        "name-taken",
        "taken-later",
        "too-many",
        "quota-exceeded",
        "key-refused",
        "transit-unavailable",
        "cannot-be-shared",
        "cannot-be-copied",
        "other",
    ])
}

#[test]
fn every_field_is_documented_and_every_documented_field_exists() {
    assert_eq!(listed(&["Fields"], 0), names(FIELDS));
    assert_eq!(listed(&["Metrics"], 0), names(METRICS.map(|(_, metric, _)| metric)));
    assert_eq!(listed(&["Metrics"], 1), names(METRICS.map(|(field, ..)| field)));
}

#[test]
fn the_code_logs_the_documented_fields_and_no_others() {
    let mut used = names(["time", "level", "function", "message"]);
    for (path, code) in sources() {
        for arguments in logged(&code) {
            for name in arguments.iter().filter_map(|argument| field(argument)) {
                let is_known = FIELDS.contains(&name) || METRICS.iter().any(|(field, ..)| *field == name);
                assert!(is_known, "{}: the field {name} is not in log::FIELDS", path.display());
                used.insert(name.to_owned());
            }
        }
    }
    assert_eq!(used, names(FIELDS.into_iter().chain(METRICS.map(|(field, ..)| field))), "every field is used");
}

#[test]
fn the_code_names_every_step_by_its_constant() {
    let mut used = BTreeSet::<&str>::new();
    for (path, code) in sources() {
        assert!(!code.contains("step = \""), "{}: a step without a constant", path.display());
        let is_list = path.ends_with("cloud/src/log/mod.rs");
        used.extend(step::ALL.iter().filter(|step| {
            let constant = format!("step::{}", step.to_uppercase());
            !is_list && code.contains(&constant) || is_list && code.contains(&format!("{constant},"))
        }));
    }
    assert_eq!(used.len(), step::ALL.len(), "every step is used: {used:?}");
}

/// The names of the alarms in a template, as the page writes them.
fn alarms(template: &str) -> Vec<String> {
    let names = template.lines().filter_map(|line| line.trim().strip_prefix("AlarmName: "));
    names.map(|name| name.trim_start_matches("!Sub ").replace("${SourceAccount}", "ACCOUNT")).collect()
}

#[test]
fn every_alarm_is_documented() {
    let page = fs::read_to_string(root().join("doc/operations.md")).unwrap();
    let templates = fs::read_dir(root().join("cfn")).unwrap().map(|file| file.unwrap().path());
    for path in templates.filter(|path| path.extension().is_some_and(|end| end == "yaml")) {
        for name in alarms(&fs::read_to_string(&path).unwrap()) {
            let of_several = ["draco-producer-", "draco-consumer-"].map(|prefix| name.replace(prefix, "…-"));
            let is_listed =
                [&name, &of_several[0], &of_several[1]].iter().any(|name| page.contains(&format!("`{name}`")));
            assert!(is_listed, "{}: the alarm {name} is not in doc/operations.md", path.display());
        }
    }
}
