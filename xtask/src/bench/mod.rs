//! `cargo xtask bench`: measurements, one JSON line each. `doc/performance.md` has the latest results.

mod start;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use xshell::{Shell, cmd};

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Benchmark {
    /// The crate retention: hourly snapshots under Standard
    Retention,
    /// The simulated AWS: calls per second, and a simulated year
    Sim,
    /// `draco plan`: a million snapshots from a file
    Plan,
    /// The program of the functions: start time, memory and size
    Start,
    /// The cost of a replicated snapshot in fleets of different sizes, and how long a backlog takes
    Replicate,
    /// What announcements of snapshots that do not exist cost DR: one, and 10,000 in ten minutes
    Flood,
    /// What it takes to provision a database and to tear it down: calls, looks, dollars, delays, rounds a minute
    Provision,
    /// What a verification takes, whether a fleet is verified in time, and how fast the checker reads
    Verify,
    #[value(hide = true)]
    PlanBuilt,
}

pub(crate) fn run(shell: &Shell, benchmark: Benchmark) -> anyhow::Result<()> {
    match benchmark {
        Benchmark::Retention => {
            Ok(cmd!(shell, "cargo bench --quiet --package retention --bench plan").quiet().run()?)
        }
        Benchmark::Sim => Ok(cmd!(shell, "cargo bench --quiet --package sim --bench calls").quiet().run()?),
        Benchmark::Plan => {
            cmd!(shell, "cargo build --quiet --release --package draco").quiet().run()?;
            // The measured memory is the maximum of all child processes, so the compiler must be the child of another process.
            let here = std::env::current_exe()?;
            Ok(cmd!(shell, "{here} bench plan-built").quiet().run()?)
        }
        Benchmark::PlanBuilt => plan(),
        Benchmark::Start => start::run(shell),
        Benchmark::Provision => {
            cmd!(shell, "cargo bench --quiet --package provision --bench provision").quiet().run()?;
            // With the servers of databases that contain data.
            Ok(cmd!(shell, "cargo bench --quiet --package engines --bench restore").quiet().run()?)
        }
        Benchmark::Flood => Ok(cmd!(shell, "cargo bench --quiet --package tests --bench flood").quiet().run()?),
        Benchmark::Verify => Ok(cmd!(shell, "cargo bench --quiet --package tests --bench verify").quiet().run()?),
        Benchmark::Replicate => {
            Ok(cmd!(shell, "cargo bench --quiet --package tests --bench replicate").quiet().run()?)
        }
    }
}

const SNAPSHOTS: usize = 1_000_000;
const SOURCES: usize = 100;

fn plan() -> anyhow::Result<()> {
    let target = crate::target()?;
    let list = target.join("a-million-snapshots.json");
    let bytes = write_list(&list)?;

    for (form, out) in [("--json", "json"), ("--reasons", "terminal")] {
        let since = Instant::now();
        let status = Command::new(target.join("release/draco"))
            .args(["plan", "--lifecycle", "Standard", form])
            .arg(&list)
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "draco plan failed");
        let seconds = since.elapsed().as_secs_f64();
        let mebibytes = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() / 1024;
        println!(
            r#"{{"bench":"plan","snapshots":{SNAPSHOTS},"sources":{SOURCES},"list_mib":{},"output":"{out}","seconds":{seconds:.2},"peak_mib":{mebibytes}}}"#,
            bytes >> 20,
        );
    }
    Ok(())
}

/// Hourly snapshots of many databases, a day at a time, as a plain list.
fn write_list(path: &Path) -> anyhow::Result<u64> {
    let file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
    let mut out = BufWriter::new(file);
    out.write_all(b"[")?;
    for n in 0..SNAPSHOTS {
        let (source, hour) = (n % SOURCES, n / SOURCES);
        let (year, month, day) = (2020 + hour / (24 * 28 * 12), hour / (24 * 28) % 12 + 1, hour / 24 % 28 + 1);
        let comma = if n == 0 { "" } else { "," };
        write!(
            out,
            r#"{comma}{{"id":"rds:database-{source:03}-{hour:06}","taken":"{year}-{month:02}-{day:02}T{:02}:05:17Z","database":"database-{source:03}"}}"#,
            hour % 24,
        )?;
    }
    out.write_all(b"]")?;
    out.flush()?;
    Ok(path.metadata()?.len())
}
