//! `cargo xtask worlds`: the whole-system tests under every answer to the open questions about AWS.
//!
//! The questions are a table of the simulated AWS. Each answer is tried alone, then the worst answers together, then the others.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde_json::Value;
use xshell::{Shell, cmd};

/// Run the whole-system tests under every answer to the open questions about AWS
#[derive(Args)]
pub(crate) struct Worlds {
    /// Run every case of the exhaustive tests. Otherwise, they take a sample in each world but the default one
    #[arg(long)]
    every_case: bool,
    /// Only these worlds: `default`, `worst`, `others`, or QUESTION=ANSWER
    #[arg(value_name = "WORLD")]
    only: Vec<String>,
}

/// The variable in which the tests read the answers.
const WORLD: &str = "SIM_WORLD";
/// The variable with which tests take no sample.
const EVERY_CASE: &str = "EVERY_CASE";

impl Worlds {
    pub(crate) fn run(self, shell: &Shell) -> anyhow::Result<()> {
        let (draco, tests) = build(shell)?;
        let worlds = if self.only.is_empty() { worlds(&draco)? } else { self.only };
        let since = Instant::now();
        let mut failed = Vec::new();
        for world in &worlds {
            let started = Instant::now();
            let output = Command::new(&tests)
                // They visit all worlds by themselves.
                .args(["--skip", "worlds::"])
                .current_dir(shell.current_dir().join("tests"))
                .env(WORLD, world)
                .env("RUST_BACKTRACE", "0")
                .envs(self.every_case.then_some((EVERY_CASE, "1")))
                .stderr(Stdio::null())
                .output()?;
            let out = String::from_utf8_lossy(&output.stdout);
            let result = out.lines().find_map(|line| line.strip_prefix("test result: ")).unwrap_or("did not run");
            println!("{world:48} {:5.1} s  {}", started.elapsed().as_secs_f64(), counts(result));
            out.lines().filter(|line| line.ends_with("... FAILED")).for_each(|line| println!("    {line}"));
            if !output.status.success() {
                failed.push(world.as_str());
            }
        }
        println!("{} worlds, {} failed, {:.0} s", worlds.len(), failed.len(), since.elapsed().as_secs_f64());
        ensure!(failed.is_empty(), "tests failed in: {}", failed.join(", "));
        Ok(())
    }
}

/// `113 passed; 0 failed` of `ok. 113 passed; 0 failed; 0 ignored; …`.
fn counts(result: &str) -> &str {
    let counts = result.split_once(". ").map_or(result, |(_, counts)| counts);
    counts.match_indices("; ").nth(1).map_or(counts, |(end, _)| &counts[..end])
}

/// Builds `draco` and the test program; returns their paths.
fn build(shell: &Shell) -> anyhow::Result<(PathBuf, PathBuf)> {
    let built = cmd!(
        shell,
        "cargo test --workspace --all-features --locked --bin draco --test replication --no-run --message-format=json"
    );
    let messages = built.quiet().read()?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let tests = messages
        .filter(|message| message["target"]["name"] == "replication")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    cmd!(shell, "cargo build --quiet --workspace --all-features --locked --bin draco").quiet().run()?;
    Ok((crate::target()?.join("debug/draco"), tests.context("cargo built no test program")?))
}

/// The default answers, each other answer alone, the worst answers together, and the others together.
fn worlds(draco: &PathBuf) -> anyhow::Result<Vec<String>> {
    let output = Command::new(draco).args(["sim", "--questions", "--json"]).output()?;
    let Value::Array(questions) = serde_json::from_slice(&output.stdout)? else { bail!("draco lists no questions") };
    let mut worlds = vec!["default".to_owned()];
    for question in &questions {
        let answers = question["answers"].as_array().into_iter().flatten();
        let others = answers.filter(|answer| answer["default"] == false);
        worlds.extend(
            others.filter_map(|answer| {
                Some(format!("{}={}", question["question"].as_str()?, answer["answer"].as_str()?))
            }),
        );
    }
    worlds.extend(["worst", "others"].map(str::to_owned));
    Ok(worlds)
}
