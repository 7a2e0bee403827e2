//! `draco sim`: a simulated AWS for any client.
//!
//! Everything that is simulated is in the crate `sim`. Here it is put on an address and a clock, Draco is deployed into it
//! if that is wanted, and [`witness`] tells what happens in it.

mod witness;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::time::SystemTime;

use anyhow::Context;
use chrono::{DateTime, SubsecRound, Utc};
use clap::Args;
use protocol::Region;
use rehearsal::{Line, Rehearsal};
use sim::{Settings, World};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::witness::Witness;
use crate::Failure;
use crate::accounts::{self, REGION};

/// Run a simulated AWS that the AWS command line and every SDK can talk to
///
/// It has as much of RDS, KMS, SNS, SQS, Step Functions and STS as keeping snapshots in a second account needs. Nothing
/// there is real or costs anything, and all of it is gone at the end. Everything that happens is a line; Ctrl-C ends it.
#[derive(Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Sim {
    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4599", value_parser = address)]
    listen: SocketAddr,

    /// How many seconds pass there in one here
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    speed: u32,

    /// What time it is there at first [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    epoch: Option<DateTime<Utc>>,

    /// How many manual snapshots of each kind an account may have in a region
    #[arg(long, value_name = "N", default_value_t = 100)]
    quota: usize,

    /// Write everything that happens into this file too, as JSON lines
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,

    /// Deploy Draco: 111111111111 is the source account, 222222222222 is DR
    #[arg(long)]
    functions: bool,

    /// Where Draco is deployed
    #[arg(long, value_name = "REGION", default_value = REGION, requires = "functions")]
    region: Region,

    /// Let Draco's lifecycles delete copies, and not only say which they would delete
    #[arg(long, requires = "functions")]
    no_dry_run: bool,
}

const HELP: &str = r#"Every access key of 12 digits is an account, with any secret: signatures are read and not
verified. A session token is the name of a role. The region is the one that the client
is set to.

Example:

    draco sim &
    export AWS_ENDPOINT_URL=http://127.0.0.1:4599 AWS_DEFAULT_REGION=eu-west-1
    export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=any
    aws sts get-caller-identity

With --functions, Draco is there too: what is snapshotted in 111111111111 is soon copied
to 222222222222, if its database has the tag Draco_Lifecycle and copies its tags to
snapshots. The functions' own words are among the lines.

Exit codes: 0 ended, 2 the question was wrong, 1 a line could not be written."#;

impl Sim {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting")?;
        runtime.block_on(self.simulate())
    }

    async fn simulate(self) -> Result<(), Failure> {
        let bound = TcpListener::bind(self.listen).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.with_context(|| format!("listening on {}", self.listen))?;
        let mut end = End::new().context("waiting for signals")?;
        let mut witness = Witness::new(self.journal.as_deref())?;
        let epoch = self.epoch.unwrap_or_else(|| DateTime::<Utc>::from(SystemTime::now()).trunc_subsecs(0));
        let (speed, snapshot_quota) = (self.speed, self.quota);
        // The witness sees everything, so that a simulation that runs for weeks need not remember it.
        let max_journal_entries = Some(0);
        let world =
            World::with_settings(Settings { epoch, speed, snapshot_quota, max_journal_entries, ..Settings::default() });

        if !address.ip().is_loopback() {
            eprintln!("warning: other machines can reach {address}, and nobody is asked who they are");
        }
        let draco = self.deploy(&world)?;
        witness.begin(address, epoch, speed)?;
        let mut journal = world.follow_journal();
        let mut serving = pin!(world.serve(listener));
        loop {
            tokio::select! {
                new = journal.next() => witness.see(&new, &said(draco.as_ref()))?,
                () = end.wait() => break,
                never = &mut serving => never,
            }
        }
        witness.see(&journal.drain(), &said(draco.as_ref()))?;
        witness.end(&world)?;
        Ok(())
    }

    fn deploy(&self, world: &World) -> anyhow::Result<Option<Rehearsal>> {
        if !self.functions {
            return Ok(None);
        }
        let setup = accounts::setup(self.region.as_str(), self.no_dry_run)?;
        Rehearsal::deploy(world.clone(), setup).map(Some).context("deploying Draco")
    }
}

/// What the functions have logged since this was asked last.
fn said(draco: Option<&Rehearsal>) -> Vec<Line> {
    draco.map(|draco| draco.logs().drain()).unwrap_or_default()
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "expected an address and a port, like 127.0.0.1:4599")
}

fn time(text: &str) -> Result<DateTime<Utc>, &'static str> {
    text.parse().map_err(|_| "expected a time like 2026-11-21T03:06:39Z")
}

/// Ctrl-C, or `kill`.
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
