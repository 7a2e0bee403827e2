//! `draco sim`: the simulated AWS for any AWS client.
//!
//! The crate `sim` is the simulation. This module serves it on an address ([`listen`]), deploys Draco into it on request, and
//! prints its events ([`output`]).

mod bill;
mod line;
mod listen;
mod output;
mod questions;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use chrono::{DateTime, SubsecRound, Utc};
use clap::{Args, ValueEnum};
use engines::{Engines, Pace};
use protocol::Region;
use rehearsal::{Line, Rehearsal};
use sim::questions::Answers;
use sim::servers::{NoServers, Servers};
use sim::{Settings, World};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::listen::Listen;
use self::output::Output;
use crate::accounts::{self, REGION};
use crate::{Failure, print_line};

/// Run a simulated AWS for the AWS command line and every SDK
///
/// It has the operations of RDS, KMS, SNS, SQS, Step Functions, STS, Secrets Manager and S3 that are needed to keep snapshots in a second
/// account. It makes no calls to AWS, costs nothing, and keeps no data after its end. It prints each event; Ctrl-C ends it.
#[derive(Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Sim {
    /// The address to listen on; port 0 selects a free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4599", value_parser = Listen::parse)]
    listen: Listen,

    /// The number of simulated seconds per real second
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    speed: u32,

    /// The simulated time at the start [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    epoch: Option<DateTime<Utc>>,

    /// The maximum number of manual snapshots of each kind in an account and region
    #[arg(long, value_name = "N", default_value_t = 100)]
    quota: usize,

    /// Answers to open questions about AWS: QUESTION=ANSWER, separated by commas; `worst` or `others`
    #[arg(long, value_name = "ANSWERS", default_value_t)]
    answers: Answers,

    /// List the open questions about AWS with their answers, and exit
    #[arg(long)]
    questions: bool,

    /// Print the list of --questions as JSON
    #[arg(long, requires = "questions")]
    json: bool,

    /// The events to print
    #[arg(long, value_name = "EVENTS", value_enum, default_value_t = Only::All, requires_if("draco", "functions"))]
    only: Only,

    /// Also write all events to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,

    /// Run PostgreSQL and MariaDB behind the databases; clients find them by the files in DIR, a new folder
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "draco-engines")]
    engines: Option<PathBuf>,

    /// Deploy Draco: 111111111111 and 333333333333 are source accounts, 222222222222 is DR
    #[arg(long)]
    functions: bool,

    /// The region of Draco
    #[arg(long, value_name = "REGION", default_value = REGION, requires = "functions")]
    region: Region,

    /// The region of DR's copies, if it is another one
    #[arg(long, value_name = "REGION", requires = "functions")]
    dr_region: Option<Region>,

    /// Lose this region for good when the process gets the signal USR1: no call reaches it any more
    #[arg(long, value_name = "REGION")]
    lose: Option<Region>,

    /// Let Draco's lifecycles delete copies, instead of only reporting which copies they would delete
    #[arg(long, requires = "functions")]
    no_dry_run: bool,
}

/// The events to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// All events
    All,
    /// The log lines of Draco's functions
    Draco,
    /// The calls of all clients, including Draco
    Calls,
    /// Failed calls, invocations and deliveries, and the warnings and errors of Draco
    Errors,
}

/// The real time between two notes of the time, with servers.
const TICK: Duration = Duration::from_millis(50);

const HELP: &str = r#"The access key of a client is the account: 12 digits, with any secret. Signatures are not
verified. A session token is the name of a role. The region is that of the client.

Example:

    draco sim &
    export AWS_ENDPOINT_URL=http://127.0.0.1:4599 AWS_DEFAULT_REGION=eu-west-1
    export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=any
    aws sts get-caller-identity

With --functions, Draco copies the snapshots of 111111111111 and 333333333333 to
222222222222, if the snapshot or its database has the tag Draco_Lifecycle.
--only draco prints only the log lines of its functions.

With --engines, databases contain data. The folder has pg_service.conf for psql (a service for
each host name), hosts in the format of /etc/hosts, and ca.pem.

Exit codes: 0 ended by Ctrl-C or kill, 1 the output could not be written, 2 invalid
arguments."#;

impl Sim {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.questions {
            return if self.json { questions::print_json() } else { questions::print() };
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting tokio")?;
        runtime.block_on(self.simulate())
    }

    async fn simulate(self) -> Result<(), Failure> {
        let (url, listeners) = self.listen.bind().await?;
        let mut end = End::new().context("waiting for signals")?;
        let mut loss = Loss::of(self.lose.as_ref()).context("waiting for the signal USR1")?;
        let mut output = Output::new(self.only, self.journal.as_deref())?;
        let epoch = self.epoch.unwrap_or_else(|| DateTime::<Utc>::from(SystemTime::now()).trunc_subsecs(0));
        let (speed, snapshot_quota, answers) = (self.speed, self.quota, self.answers);
        // The output follows the journal, so the world need not keep entries for the weeks that it may run.
        let max_journal_entries = Some(0);
        let servers: Arc<dyn Servers> = match &self.engines {
            None => Arc::new(NoServers),
            Some(folder) => {
                Arc::new(Engines::new(Pace::Running(speed), Some(folder)).context("preparing database servers")?)
            }
        };
        let world = World::with_settings(Settings {
            epoch,
            speed,
            snapshot_quota,
            answers,
            max_journal_entries,
            servers,
            ..Settings::default()
        });

        let missing = self.engines.as_ref().and_then(|_| engines::missing());
        for warning in
            listen::warnings(&listeners).chain(missing).chain(self.functions.then(|| speed_warning(speed)).flatten())
        {
            print_line(format_args!("warning: {warning}"));
        }
        let draco = self.deploy(&world)?;
        output.write_start(&url, epoch, speed, self.engines.as_deref())?;
        let mut journal = world.follow_journal();
        for listener in listeners {
            let world = world.clone();
            tokio::spawn(async move { world.serve(listener).await });
        }
        // Positions in MariaDB's log are noted as time passes.
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                _ = ticks.tick(), if self.engines.is_some() => world.note_time(),
                entries = journal.next() => output.write_events(&entries, &log_lines(draco.as_ref()))?,
                region = loss.wait() => {
                    world.cut_region(region.as_str());
                    print_line(format_args!("{region} is lost"));
                }
                () = end.wait() => break,
            }
        }
        output.write_events(&journal.drain(), &log_lines(draco.as_ref()))?;
        output.write_end(&world)?;
        Ok(())
    }

    fn deploy(&self, world: &World) -> anyhow::Result<Option<Rehearsal>> {
        if !self.functions {
            return Ok(None);
        }
        let mut setup = accounts::setup(self.region.as_str(), self.no_dry_run)?;
        if let Some(region) = &self.dr_region {
            setup = setup.dr_region(region.as_str())?;
        }
        Rehearsal::deploy(world.clone(), setup).map(Some).context("deploying Draco")
    }
}

/// The new log lines of the functions.
fn log_lines(draco: Option<&Rehearsal>) -> Vec<Line> {
    draco.map(|draco| draco.logs().drain()).unwrap_or_default()
}

/// The shortest timeout of a function in simulated seconds, as in the templates.
const FUNCTION_TIMEOUT_SECONDS: u32 = 300;
/// The real time that an invocation needs at most: some tens of calls, in a debug build on a busy machine.
const INVOCATION_MILLISECONDS: u32 = 500;

/// The warning if an invocation may need more real time than its timeout leaves at this speed.
fn speed_warning(speed: u32) -> Option<String> {
    let fastest = FUNCTION_TIMEOUT_SECONDS * 1000 / INVOCATION_MILLISECONDS;
    let timeout = f64::from(FUNCTION_TIMEOUT_SECONDS) * 1000.0 / f64::from(speed);
    (speed > fastest).then(|| {
        format!(
            "at --speed {speed}, functions time out after {timeout:.0} ms of real time and may not finish; \
             use --speed {fastest} or less"
        )
    })
}

fn time(text: &str) -> Result<DateTime<Utc>, &'static str> {
    text.parse().map_err(|_| "expected a time like 2026-11-21T03:06:39Z")
}

/// The signals that end the simulation: Ctrl-C and `kill`.
struct End {
    interrupt: Signal,
    terminate: Signal,
}

impl End {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The region to lose, and the signal for it.
struct Loss<'r>(Option<(&'r Region, Signal)>);

impl<'r> Loss<'r> {
    /// Without a region, the signal ends the process, as it does by default.
    fn of(region: Option<&'r Region>) -> io::Result<Self> {
        let signal = |region| Ok((region, signal(SignalKind::user_defined1())?));
        region.map(signal).transpose().map(Self)
    }

    async fn wait(&mut self) -> &'r Region {
        match &mut self.0 {
            Some((region, signal)) => {
                signal.recv().await;
                region
            }
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_is_the_shortest_of_the_templates() {
        for template in [include_str!("../../../cfn/producer.yaml"), include_str!("../../../cfn/consumer.yaml")] {
            let timeouts = template.lines().filter_map(|line| line.trim().strip_prefix("Timeout: "));
            // A number, or one for each branch of a condition.
            let seconds = timeouts.flat_map(|timeout| timeout.split(|c: char| !c.is_ascii_digit()));
            let shortest = seconds.filter_map(|number| number.parse::<u32>().ok()).min();
            assert_eq!(shortest, Some(FUNCTION_TIMEOUT_SECONDS));
        }
    }

    #[test]
    fn a_speed_that_leaves_functions_too_little_real_time_is_warned_of() {
        assert_eq!(speed_warning(600), None);
        let warning = "at --speed 3600, functions time out after 83 ms of real time and may not finish; use --speed 600 \
                       or less";
        assert_eq!(speed_warning(3600).as_deref(), Some(warning));
        assert!(speed_warning(u32::MAX).is_some());
    }
}
