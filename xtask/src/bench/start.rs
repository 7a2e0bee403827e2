//! The start of the functions: the programs that `cargo xtask build` makes, with a replacement for Lambda's Runtime API on
//! loopback.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use xshell::Shell;

use crate::build::{self, Built};

/// The number of starts of each program.
const STARTS: usize = 31;

pub(super) fn run(shell: &Shell) -> anyhow::Result<()> {
    for Built { function, path, zip, .. } in build::build(shell, build::HOST)? {
        let mut starts = (0..STARTS).map(|_| start(&path)).collect::<anyhow::Result<Vec<_>>>()?;
        starts.sort_by_key(|start| start.until_next);
        let Start { until_next, .. } = starts[STARTS / 2];
        let peak_kib = starts.iter().map(|start| start.peak_kib).max().unwrap_or_default();
        println!(
            r#"{{"bench":"start","function":"{function}","starts":{STARTS},"milliseconds":{:.1},"peak_mib":{:.1},"zip_mib":{:.2}}}"#,
            until_next.as_secs_f64() * 1000.0,
            f64::from(peak_kib) / 1024.0,
            zip.len() as f64 / f64::from(1 << 20),
        );
    }
    Ok(())
}

/// The measurements of one start.
struct Start {
    /// From the start of the process until it requests the first event.
    until_next: Duration,
    /// The maximum memory until then.
    peak_kib: u32,
}

fn start(program: &Path) -> anyhow::Result<Start> {
    let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let started = Instant::now();
    let mut process = KillOnDrop(
        Command::new(program)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.local_addr()?.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?,
    );
    let (mut connection, _) = accept(&api, &mut process.0)?;
    let mut request = String::new();
    BufReader::new(&mut connection).read_line(&mut request)?;
    let until_next = started.elapsed();
    ensure!(request.starts_with("GET /2018-06-01/runtime/invocation/next "), "an unexpected request: {request:?}");
    let status = read_to_string(format!("/proc/{}/status", process.0.id()))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    Ok(Start { until_next, peak_kib: peak.context("no VmHWM in the process's status")?.parse()? })
}

/// Waits for the first request of the program, or its end.
fn accept(api: &TcpListener, process: &mut Child) -> anyhow::Result<(std::net::TcpStream, std::net::SocketAddr)> {
    api.set_nonblocking(true)?;
    loop {
        match api.accept() {
            Ok((connection, from)) => {
                connection.set_nonblocking(false)?;
                return Ok((connection, from));
            }
            Err(why) if why.kind() != std::io::ErrorKind::WouldBlock => return Err(why.into()),
            Err(_) => ensure!(process.try_wait()?.is_none(), "the program ended before it requested an event"),
        }
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// A process that is killed when this is dropped.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
