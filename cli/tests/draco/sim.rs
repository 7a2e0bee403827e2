//! `draco sim`. The tests with real AWS clients are in `tests/clients`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use insta::assert_snapshot;

use crate::{Ran, draco, file, run};

#[test]
fn open_questions_are_listed_with_their_answers() {
    let Ran { out, err, code } = run(&["sim", "--questions"]);
    assert_eq!((err.as_str(), code), ("", Some(0)));
    assert!(out.contains("\ncopy-status\n  Which status does a copy have before it is available?\n"), "{out}");
    assert!(out.contains("    creating (default)\n"), "{out}");
}

#[test]
fn an_unknown_answer_is_refused_with_the_known_ones() {
    let Ran { err, code, .. } = run(&["sim", "--answers", "copy-status=gone"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("gone is not an answer to copy-status; the answers are creating, pending, copying"), "{err}");
}

/// A running simulation on a free port.
struct Sim {
    child: Child,
    out: BufReader<ChildStdout>,
    first: String,
}

impl Sim {
    fn new(args: &[&str]) -> Self {
        Self::at("127.0.0.1:0", args)
    }

    fn at(listen: &str, args: &[&str]) -> Self {
        let all = [&["sim", "--listen", listen, "--epoch", "2026-11-21T03:00:00Z"], args].concat();
        let mut child = draco(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("draco runs");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut first = String::new();
        out.read_line(&mut first).expect("a line");
        Self { child, out, first }
    }

    /// The address in the first line.
    fn address(&self) -> &str {
        self.first.split(['/', ';']).nth(2).expect("an address")
    }

    /// Calls an operation of STS.
    fn call(&self, operation: &str) {
        let mut server = TcpStream::connect(self.address()).expect("a connection");
        let body = format!("Action={operation}&Version=2011-06-15");
        write!(
            server,
            "POST / HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: {}\r\nauthorization: \
             AWS4-HMAC-SHA256 Credential=111111111111/20261121/eu-west-1/sts/aws4_request\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        server.read_to_string(&mut String::new()).expect("a response");
    }

    /// Sends a signal, and returns the rest of the standard output, the standard error and the exit code.
    fn end(mut self, signal: &str) -> (String, String, Option<i32>) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().expect("kill runs").success());
        let mut texts = [String::new(), String::new()];
        self.out.read_to_string(&mut texts[0]).expect("UTF-8");
        self.child.stderr.take().expect("its errors").read_to_string(&mut texts[1]).expect("UTF-8");
        let [out, err] = texts;
        (out, err, self.child.wait().expect("it ends").code())
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Replaces the times, which depend on the speed of the machine.
fn timeless(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(' ').zip(line.get(19..)) {
        Some((("2026-11-21", _), rest)) => format!("TIME{rest}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn each_call_is_printed_and_ctrl_c_ends_the_simulation() {
    let journal = file("sim-journal.jsonl", "");
    let sim = Sim::new(&["--journal", &journal, "--speed", "1"]);
    let address = sim.address().to_owned();
    assert_eq!(sim.first, format!("Simulated AWS at http://{address}; Ctrl-C ends it.\n"));
    sim.call("GetCallerIdentity");
    sim.call("AssumeRole");
    let (out, err, code) = sim.end("-INT");
    assert_eq!((err.as_str(), code), ("", Some(0)));
    let [time, lines, end, bill, prices] = out.split("\n\n").collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert_eq!(time, "It is 2026-11-21 03:00:00 UTC, with 1 simulated second per real second.");
    assert_snapshot!(timeless(lines), @r"
    TIME  111111111111  eu-west-1  sts GetCallerIdentity  ok
    TIME  111111111111  eu-west-1  sts AssumeRole  NotSimulated
    ");
    assert!(end.ends_with(" UTC after 2 calls. Cost on AWS:"), "{end}");
    assert_snapshot!("bill", bill);
    assert_eq!(prices, "Prices in us-east-1 on 2026-11-21, without free tiers.\n");

    let journal = std::fs::read_to_string(journal).expect("a journal");
    let entries = journal.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let called: Vec<_> = entries.map(|entry| (entry["operation"].clone(), entry["error"].clone())).collect();
    assert_eq!(
        called,
        [("GetCallerIdentity".into(), None::<&str>.into()), ("AssumeRole".into(), "NotSimulated".into())]
    );
}

#[test]
fn only_the_selected_events_are_printed() {
    let calls = |only: &str| {
        let sim = Sim::new(&["--functions", "--only", only]);
        sim.call("GetCallerIdentity");
        sim.call("AssumeRole");
        let (out, err, code) = sim.end("-INT");
        assert_eq!((err.as_str(), code), ("", Some(0)));
        // The functions make no calls to STS.
        let lines = out.lines().filter(|line| line.contains("  sts ")).map(|line| format!("{line}\n"));
        timeless(&lines.collect::<String>())
    };
    let succeeded = "TIME  111111111111  eu-west-1  sts GetCallerIdentity  ok\n";
    let failed = "TIME  111111111111  eu-west-1  sts AssumeRole  NotSimulated\n";
    for (only, lines) in [
        ("all", [succeeded, failed].concat()),
        ("calls", [succeeded, failed].concat()),
        ("errors", failed.to_owned()),
        ("draco", String::new()),
    ] {
        assert_eq!(calls(only), lines, "--only {only}");
    }
}

#[test]
fn only_draco_prints_the_log_lines_of_its_functions() {
    let mut sim = Sim::new(&["--functions", "--only", "draco", "--speed", "600"]);
    let mut text = String::new();
    // The second line of the start, an empty line, the first sweep of each function, the first audit, and the first run of the keeper.
    for _ in 0..6 {
        sim.out.read_line(&mut text).expect("a line");
    }
    let mut lines: Vec<_> = text.lines().skip(2).filter_map(|line| line.get(19..)).collect();
    lines.sort_unstable();
    let sweep = "sweep_completed  looked at every snapshot";
    let producer = format!("  111111111111/draco-producer  {sweep}");
    let consumer = format!("  222222222222/draco-consumer  {sweep}");
    let audit = "  111111111111/draco-producer  audit_sent  asked DR which copies are missing".to_owned();
    assert_eq!(
        lines,
        [audit, producer, consumer, "  222222222222/draco-keeper  kept  looked at all copies".to_owned()]
    );
}

#[test]
fn a_host_name_is_resolved() {
    let sim = Sim::at("localhost:0", &[]);
    assert!(sim.address().starts_with("localhost:"), "{}", sim.first);
    sim.call("GetCallerIdentity");
    assert_eq!(sim.end("-INT").1, "");
}

#[test]
fn an_ipv6_address_is_in_brackets() {
    if TcpListener::bind("[::1]:0").is_err() {
        // This machine has no IPv6.
        return;
    }
    let sim = Sim::at("[::1]:0", &[]);
    assert!(sim.address().starts_with("[::1]:"), "{}", sim.first);
    sim.call("GetCallerIdentity");
    assert_eq!(sim.end("-INT").1, "");
}

#[test]
fn a_speed_at_which_functions_may_time_out_is_warned_of() {
    let warning = "warning: at --speed 3600, functions time out after 83 ms of real time and may not finish; use --speed \
                   600 or less\n";
    assert_eq!(Sim::new(&["--functions", "--speed", "3600"]).end("-INT").1, warning);
    assert_eq!(Sim::new(&["--speed", "3600"]).end("-INT").1, "");
}

#[test]
fn kill_ends_the_simulation() {
    assert_eq!(Sim::new(&[]).end("-TERM").2, Some(0));
}

#[test]
fn control_characters_from_clients_are_not_printed() {
    let sim = Sim::new(&[]);
    sim.call("%1b[2J");
    let (out, ..) = sim.end("-INT");
    assert!(out.contains("sts \u{fffd}[2J  NotSimulated") && !out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn an_address_that_other_machines_can_reach_is_warned_of() {
    let sim = Sim::at("0.0.0.0:0", &[]);
    let warning = format!("warning: other machines can reach {}, and requests are not authenticated\n", sim.address());
    assert_eq!(sim.end("-INT").1, warning);
}

/// Checks the first line of the error. For an invalid argument, clap adds a line about `--help`.
#[track_caller]
fn refused(args: &[&str], why: &str) {
    let ran = run(&[&["sim"], args].concat());
    assert_eq!((ran.err.lines().next(), ran.out.as_str(), ran.code), (Some(why), "", Some(2)));
}

#[test]
fn invalid_arguments_exit_with_2() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().map(|address| (address.to_string(), taken)).expect("an address");
    refused(&["--listen", &taken.0], &format!("error: listening on {}: Address already in use (os error 98)", taken.0));
    refused(
        &["--listen", "4599"],
        "error: invalid value '4599' for '--listen <HOST:PORT>': expected a host and a port, like localhost:4599 or \
         [::1]:4599",
    );
    refused(
        &["--epoch", "yesterday"],
        "error: invalid value 'yesterday' for '--epoch <TIME>': expected a time like 2026-11-21T03:06:39Z",
    );
    refused(&["--speed", "0"], "error: invalid value '0' for '--speed <N>': 0 is not in 1..=4294967295");
    refused(
        &["--functions", "--region", "Ireland"],
        "error: invalid value 'Ireland' for '--region <REGION>': \"Ireland\" is not a region: expected a code like \
         eu-west-1",
    );
    refused(&["--only", "draco"], "error: the following required arguments were not provided:");
    refused(&["--no-dry-run"], "error: the following required arguments were not provided:");
    refused(
        &["--listen", "127.0.0.1:0", "--journal", "nosuch/journal"],
        "error: writing the journal nosuch/journal: No such file or directory (os error 2)",
    );
}

#[test]
fn help_of_sim() {
    assert_snapshot!(run(&["sim", "--help"]).out);
}

#[test]
#[ignore = "it needs PostgreSQL and MariaDB"]
fn with_engines_clients_are_told_where_databases_are_until_the_end() {
    let folder = std::path::absolute(file("sim-engines", "")).expect("a path");
    std::fs::remove_file(&folder).expect("free");
    let folder = folder.display().to_string();
    let sim = Sim::new(&[&format!("--engines={folder}")]);
    sim.call("GetCallerIdentity");
    assert_eq!(std::fs::read_to_string(format!("{folder}/pg_service.conf")).expect("services"), "");
    let (out, err, code) = sim.end("-INT");
    assert_eq!((err.as_str(), code), ("", Some(0)));
    assert!(out.contains(&format!("\nClients of databases: export PGSERVICEFILE={folder}/pg_service.conf\n")), "{out}");
    assert!(!std::path::Path::new(&folder).exists());
}

#[test]
fn a_folder_for_clients_that_exists_is_refused() {
    let folder = file("sim-engines-exists", "");
    let Ran { err, code, .. } = run(&["sim", "--listen", "127.0.0.1:0", &format!("--engines={folder}")]);
    assert_eq!(code, Some(2));
    assert!(
        err.contains("for clients of databases exists, perhaps of another simulation that runs here; use --engines="),
        "{err}"
    );
}
