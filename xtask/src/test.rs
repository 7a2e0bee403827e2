//! `cargo xtask test`: *the* test command. A step that fails does not hide what the next would say.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::bail;
use xshell::Shell;

use crate::build;
use crate::python::{CHECKOV, TOOLS};

/// One thing that has to hold.
struct Step {
    name: &'static str,
    program: Program,
    args: &'static [&'static str],
    set: &'static [(&'static str, &'static str)],
    /// Why `--quick` leaves it out, where it does.
    slow: Option<&'static str>,
}

const STEPS: [Step; 9] = [
    Step { name: "formatting", program: Program::Cargo, args: &["fmt", "--all", "--check"], set: &[], slow: None },
    Step {
        name: "clippy",
        program: Program::Cargo,
        args: &["clippy", "--workspace", "--all-features", "--all-targets", "--locked", "--", "-D", "warnings"],
        set: &[],
        slow: None,
    },
    Step {
        name: "functions",
        program: Program::Cargo,
        // The test that deploys them would build them too, and say nothing meanwhile.
        args: &["xtask", "build", "--arch", build::HERE.name()],
        set: &[],
        slow: Some("link-time optimisation takes minutes"),
    },
    Step {
        name: "tests",
        program: Program::Cargo,
        args: &["test", "--workspace", "--all-features", "--locked", "--lib", "--bins", "--tests", "--no-fail-fast"],
        set: &[("INSTA_UPDATE", "no")],
        slow: None,
    },
    Step {
        name: "doc tests",
        program: Program::Cargo,
        args: &["test", "--workspace", "--all-features", "--locked", "--doc"],
        set: &[],
        slow: Some("each builds a program of its own"),
    },
    Step {
        name: "AWS's models",
        program: Program::Tools,
        args: &["cli/tests/clients/models.py"],
        set: &[],
        slow: Some("the answers that sim gives are not written down"),
    },
    Step {
        name: "cfn-lint",
        program: Program::Tools,
        // The package cannot be run by its name.
        args: &[
            "-c",
            "import sys; from cfnlint.runner import main; sys.exit(main())",
            "cfn/producer.yaml",
            "cfn/consumer.yaml",
        ],
        set: &[],
        slow: Some("it needs Python"),
    },
    Step {
        name: "checkov",
        program: Program::Checkov,
        // It asks nobody: no policies, no descriptions of them, no account.
        args: &[
            "-m",
            "checkov.main",
            "--framework",
            "cloudformation",
            "--skip-download",
            "--quiet",
            "--compact",
            "--file",
            "cfn/producer.yaml",
            "cfn/consumer.yaml",
        ],
        set: &[],
        slow: Some("it needs Python, and looks for a while"),
    },
    Step {
        name: "rustdoc",
        program: Program::Cargo,
        args: &["doc", "--workspace", "--all-features", "--locked", "--no-deps", "--document-private-items"],
        set: &[("RUSTDOCFLAGS", "-D warnings")],
        slow: Some("it builds the documentation"),
    },
];

#[derive(Clone, Copy)]
enum Program {
    Cargo,
    /// Python, in [`TOOLS`].
    Tools,
    /// Python, in [`CHECKOV`].
    Checkov,
}

/// What `--quick` does to the step `tests`: fewer random cases, and no tests that are marked as slow.
const QUICK_CASES: (&str, &str) = ("PROPTEST_CASES", "64");

/// Where sim writes its answers down, for AWS's models to judge.
const ANSWERS: &str = "SIM_ANSWERS";

/// What a step came to.
struct Done {
    step: &'static Step,
    held: bool,
    took: Duration,
    tests: Tests,
}

#[derive(Clone, Copy, Default)]
struct Tests {
    passed: usize,
    failed: usize,
    ignored: usize,
}

pub(crate) fn run(shell: &Shell, quick: bool) -> anyhow::Result<()> {
    let (now, left_out): (Vec<_>, Vec<_>) = STEPS.iter().partition(|step| !quick || step.slow.is_none());
    if !quick {
        let _ = fs::remove_file(answers()?);
        // Without them the steps that need them fail, and nothing else has to.
        for environment in [TOOLS, CHECKOV] {
            if let Err(why) = environment.make(shell) {
                println!("error: {why:#}");
            }
        }
    }
    let done: Vec<Done> = now.into_iter().map(|step| run_step(shell, step, quick)).collect::<Result<_, _>>()?;

    println!("\nran:");
    for Done { step, held, took, tests } in &done {
        let verdict = if *held { "ok" } else { "FAILED" };
        let counted = match tests {
            Tests { passed: 0, failed: 0, ignored: 0 } => String::new(),
            Tests { passed, failed, ignored: 0 } => format!("  {passed} passed, {failed} failed"),
            Tests { passed, failed, ignored } => format!("  {passed} passed, {failed} failed, {ignored} left out"),
        };
        println!("  {verdict:6}  {:12}  {:5.1} s{counted}", step.name, took.as_secs_f64());
    }
    if quick {
        println!("left out (--quick):");
        println!("  tests that are marked as slow, and all but {} random cases of each property", QUICK_CASES.1);
        println!("  the AWS command line, boto3, moto and MiniStack against `draco sim`");
        println!("  a deployment into MiniStack, with all commands");
        for step in left_out {
            println!("  {}: {}", step.name, step.slow.unwrap_or_default());
        }
    }
    let sum = |count: fn(&Tests) -> usize| done.iter().map(|done| count(&done.tests)).sum::<usize>();
    println!("{} passed, {} failed", sum(|tests| tests.passed), sum(|tests| tests.failed));

    let failed: Vec<&str> = done.iter().filter(|done| !done.held).map(|done| done.step.name).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn run_step(shell: &Shell, step: &'static Step, quick: bool) -> anyhow::Result<Done> {
    let program = match step.program {
        Program::Cargo => PathBuf::from("cargo"),
        Program::Tools => TOOLS.program()?,
        Program::Checkov => CHECKOV.program()?,
    };
    let mut command = Command::new(&program);
    for name in crate::set_for_xtask() {
        command.env_remove(name);
    }
    command.args(step.args).envs(step.set.iter().copied()).current_dir(shell.current_dir()).stdout(Stdio::piped());
    if step.name == "tests" {
        if quick {
            command.env(QUICK_CASES.0, QUICK_CASES.1);
        } else {
            command.args(["--", "--include-ignored"]);
        }
    }
    if !quick {
        command.env(ANSWERS, answers()?);
    }
    println!("\n$ {} {}", program.display(), step.args.join(" "));
    let since = Instant::now();
    let mut tests = Tests::default();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => {
            println!("error: {} does not start: {why}", program.display());
            return Ok(Done { step, held: false, took: since.elapsed(), tests });
        }
    };
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line?;
        println!("{line}");
        tests.count(&line);
    }
    let held = child.wait()?.success();
    Ok(Done { step, held, took: since.elapsed(), tests })
}

fn answers() -> anyhow::Result<PathBuf> {
    Ok(crate::target()?.join("answers.jsonl"))
}

impl Tests {
    /// Adds what a closing line of a test program says: `test result: ok. 7 passed; 0 failed; 1 ignored; …`.
    fn count(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|result| result.split_once(". ")) else {
            return;
        };
        for count in counts.split("; ") {
            match count.split_once(' ').map(|(number, of)| (number.parse::<usize>(), of)) {
                Some((Ok(number), "passed")) => self.passed += number,
                Some((Ok(number), "failed")) => self.failed += number,
                Some((Ok(number), "ignored")) => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tests;

    #[test]
    fn closing_lines_are_counted_and_no_others() {
        let mut tests = Tests::default();
        tests.count("test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.03s");
        tests.count("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out");
        tests.count("test a_result ... ok");
        assert_eq!((tests.passed, tests.failed, tests.ignored), (9, 3, 1));
    }
}
