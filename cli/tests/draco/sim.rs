//! `draco sim`. What real clients make of it is in `tests/clients`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use insta::assert_snapshot;

use crate::{draco, file, run};

/// A simulation that runs, on a port of its own.
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

    /// Where it says that it listens.
    fn address(&self) -> &str {
        self.first.split(['/', ';']).nth(2).expect("an address")
    }

    /// Calls STS.
    fn call(&self, operation: &str) {
        let mut server = TcpStream::connect(self.address()).expect("a connection");
        let body = format!("Action={operation}&RoleArn=nobody");
        write!(
            server,
            "POST / HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: {}\r\nauthorization: \
             AWS4-HMAC-SHA256 Credential=111111111111/20261121/eu-west-1/sts/aws4_request\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        server.read_to_string(&mut String::new()).expect("an answer");
    }

    /// Sends it a signal, and reads the rest of what it says: standard output, standard error, exit code.
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

/// Without the times, which depend on how fast the machine is.
fn timeless(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(' ').zip(line.get(19..)) {
        Some((("2026-11-21", _), rest)) => format!("TIME{rest}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn every_call_is_a_line_and_ctrl_c_ends_it() {
    let journal = file("sim-journal.jsonl", "");
    let sim = Sim::new(&["--journal", &journal, "--speed", "1"]);
    let address = sim.address().to_owned();
    assert_eq!(
        sim.first,
        format!(
            "This is a simulation of AWS. It listens on http://{address}; it is 2026-11-21 03:00:00 there, and 1 s there \
             are 1 s here.\n"
        )
    );
    sim.call("GetCallerIdentity");
    sim.call("AssumeRole");
    let (out, err, code) = sim.end("-INT");
    assert_eq!((err.as_str(), code), ("", Some(0)));
    let (lines, count) = out.split_once("\n\n").expect("a count at the end");
    assert_snapshot!(timeless(lines), @r"
    TIME  111111111111  eu-west-1  sts GetCallerIdentity  ok
    TIME  111111111111  eu-west-1  sts AssumeRole  InvalidAction
    ");
    assert!(count.contains("after 2 calls"), "{count}");

    let journal = std::fs::read_to_string(journal).expect("a journal");
    let entries = journal.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let called: Vec<_> = entries.map(|entry| (entry["operation"].clone(), entry["error"].clone())).collect();
    assert_eq!(
        called,
        [("GetCallerIdentity".into(), None::<&str>.into()), ("AssumeRole".into(), "InvalidAction".into())]
    );
}

#[test]
fn kill_ends_it_as_well() {
    assert_eq!(Sim::new(&[]).end("-TERM").2, Some(0));
}

#[test]
fn a_terminal_is_not_told_to_do_anything_by_clients() {
    let sim = Sim::new(&[]);
    sim.call("%1b[2J");
    let (out, ..) = sim.end("-INT");
    assert!(out.contains("sts \u{fffd}[2J  InvalidAction") && !out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn who_lets_other_machines_in_is_warned() {
    let sim = Sim::at("0.0.0.0:0", &[]);
    let warning = format!("warning: other machines can reach {}, and nobody is asked who they are\n", sim.address());
    assert_eq!(sim.end("-INT").1, warning);
}

/// The first line says what is wrong; of a wrong argument, clap says in another where to read on.
#[track_caller]
fn refused(args: &[&str], why: &str) {
    let ran = run(&[&["sim"], args].concat());
    assert_eq!((ran.err.lines().next(), ran.out.as_str(), ran.code), (Some(why), "", Some(2)));
}

#[test]
fn questions_that_are_wrong() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().map(|address| (address.to_string(), taken)).expect("an address");
    refused(&["--listen", &taken.0], &format!("error: listening on {}: Address already in use (os error 98)", taken.0));
    refused(
        &["--listen", "4599"],
        "error: invalid value '4599' for '--listen <ADDRESS>': expected an address and a port, like 127.0.0.1:4599",
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
    refused(&["--no-dry-run"], "error: the following required arguments were not provided:");
    refused(
        &["--listen", "127.0.0.1:0", "--journal", "nosuch/journal"],
        "error: writing the journal nosuch/journal: No such file or directory (os error 2)",
    );
}

#[test]
fn help_says_how_to_point_a_client_at_it() {
    assert_snapshot!(run(&["sim", "--help"]).out);
}
