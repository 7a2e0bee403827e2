//! The start of the functions: the program that `cargo xtask build` makes, with replacements for Lambda's Runtime API and for
//! AWS on loopback.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::json;
use xshell::Shell;

use crate::build::{self, Built};

/// The number of starts of each function.
const STARTS: usize = 31;

/// The time limit for the program's next request.
const LIMIT: Duration = Duration::from_secs(10);

/// A function, as its stack configures it.
struct Function {
    handler: &'static str,
    /// The settings that it cannot do without.
    settings: &'static [(&'static str, &'static str)],
    /// Its first event: that of its schedule, or a task of the checker for the server at this address.
    event: fn(SocketAddr) -> String,
    /// The start of its first call of AWS. The checker connects to a database instead.
    first_call: Option<&'static str>,
}

const FUNCTIONS: [Function; 5] = [
    Function {
        handler: "producer",
        settings: &[
            ("DR_ACCT", "222222222222"),
            ("TRANSIT_KEY_ARN", "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555"),
        ],
        event: |_| r#"{"sweep":{}}"#.to_owned(),
        first_call: RDS,
    },
    Function {
        handler: "consumer",
        settings: &[
            ("SOURCE_ACCTS", "222222222222"),
            ("DR_KEY_ARN", "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555"),
        ],
        event: |_| r#"{"sweep":{}}"#.to_owned(),
        first_call: RDS,
    },
    Function {
        handler: "keeper",
        settings: &[("SOURCE_ACCTS", "222222222222")],
        event: |_| r#"{"keep":{}}"#.to_owned(),
        first_call: RDS,
    },
    Function {
        handler: "verifier",
        settings: &[
            ("SOURCE_ACCTS", "222222222222"),
            ("CHECKER_ARN", "arn:aws:lambda:eu-west-1:111111111111:function:draco-checker"),
            ("REPORT_BUCKET", "draco-verify-111111111111-eu-west-1"),
            ("RESULT_TOPIC_ARN", "arn:aws:sns:eu-west-1:111111111111:DracoVerifications"),
            ("SUBNET_GROUP", "draco-verify"),
            ("SECURITY_GROUP", "sg-0123456789abcdef0"),
        ],
        event: |_| r#"{"verify":{}}"#.to_owned(),
        first_call: RDS,
    },
    Function { handler: "checker", settings: &[], event: task, first_call: None },
];

/// RDS, and Step Functions.
const RDS: Option<&str> = Some("POST / ");

/// A task for the database server at this address.
fn task(address: SocketAddr) -> String {
    let server = json!({
        "product": "postgres",
        "host": "orders.example.com",
        "port": address.port(),
        "address": address,
        "user": "draco",
        "password": "measured",
        "roots": include_str!("../../../crates/deploy/tests/aftercare/roots.pem"),
    });
    json!({ "server": server, "taken": "2026-11-21T03:05:00Z" }).to_string()
}

pub(super) fn run(shell: &Shell) -> anyhow::Result<()> {
    let Built { path, zip, .. } = build::build(shell, build::HOST)?;
    for function in FUNCTIONS {
        let starts = (0..STARTS).map(|_| start(&path, &function)).collect::<anyhow::Result<Vec<_>>>()?;
        let peak_kib = starts.iter().map(|start| start.peak_kib).max().unwrap_or_default();
        println!(
            r#"{{"bench":"start","function":"{}","starts":{STARTS},"ms_to_first_event":{:.1},"ms_to_first_call":{:.1},"peak_mib":{:.1},"zip_mib":{:.2}}}"#,
            function.handler,
            median(starts.iter().map(|start| start.to_event)),
            median(starts.iter().map(|start| start.to_call)),
            f64::from(peak_kib) / 1024.0,
            zip.len() as f64 / f64::from(1 << 20),
        );
    }
    Ok(())
}

/// The median, in milliseconds.
fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// The measurements of one start.
struct Start {
    /// From the start of the process until it requests the first event.
    to_event: Duration,
    /// From the start of the process until its first call of AWS, or its connection to a database. The event arrives at once.
    to_call: Duration,
    /// The maximum memory until then.
    peak_kib: u32,
}

fn start(program: &Path, function: &Function) -> anyhow::Result<Start> {
    let [api, aws] = [listener()?, listener()?];
    let started = Instant::now();
    let mut process = KillOnDrop(
        Command::new(program)
            .env_clear()
            .env("_HANDLER", function.handler)
            .env("AWS_LAMBDA_RUNTIME_API", api.local_addr()?.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_ACCESS_KEY_ID", "measured")
            .env("AWS_SECRET_ACCESS_KEY", "measured")
            .env("AWS_ENDPOINT_URL", format!("http://{}", aws.local_addr()?))
            .envs(function.settings.iter().copied())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?,
    );
    let mut runtime = accept(&api, &mut process.0)?.context("the program requests no event")?;
    let request = first_line(&mut runtime)?;
    let to_event = started.elapsed();
    ensure!(request.starts_with("GET /2018-06-01/runtime/invocation/next "), "an unexpected request: {request:?}");
    runtime.write_all(response(&(function.event)(aws.local_addr()?))?.as_bytes())?;
    let Some(mut call) = accept(&aws, &mut process.0)? else {
        bail!("the {} made no call; its answer: {}", function.handler, answer(&mut runtime))
    };
    if let Some(expected) = function.first_call {
        let request = first_line(&mut call)?;
        ensure!(request.starts_with(expected), "an unexpected call: {request:?}");
    }
    let to_call = started.elapsed();
    let status = read_to_string(format!("/proc/{}/status", process.0.id()))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak_kib = peak.context("no VmHWM in the process's status")?.parse()?;
    Ok(Start { to_event, to_call, peak_kib })
}

fn listener() -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Waits for a connection of the program. `None` after [`LIMIT`].
fn accept(listener: &TcpListener, process: &mut Child) -> anyhow::Result<Option<TcpStream>> {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        match listener.accept() {
            Ok((connection, _)) => {
                connection.set_nonblocking(false)?;
                return Ok(Some(connection));
            }
            Err(why) if why.kind() != ErrorKind::WouldBlock => return Err(why.into()),
            Err(_) => ensure!(process.try_wait()?.is_none(), "the program ended before its next request"),
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    Ok(None)
}

fn first_line(connection: &mut TcpStream) -> anyhow::Result<String> {
    connection.set_read_timeout(Some(LIMIT))?;
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line)?;
    Ok(line)
}

/// The Runtime API's response to the request for an event.
fn response(event: &str) -> anyhow::Result<String> {
    let deadline = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)? + Duration::from_secs(300);
    Ok(format!(
        "HTTP/1.1 200 OK\r\n\
         Content-Type: application/json\r\n\
         Content-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         Lambda-Runtime-Deadline-Ms: {}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:111111111111:function:measured\r\n\
         \r\n{event}",
        event.len(),
        deadline.as_millis(),
    ))
}

/// The start of the program's answer to an event, for an error message.
fn answer(runtime: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let length = runtime.set_read_timeout(Some(Duration::from_secs(1))).and_then(|()| runtime.read(&mut bytes));
    String::from_utf8_lossy(&bytes[..length.unwrap_or_default()]).into_owned()
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
