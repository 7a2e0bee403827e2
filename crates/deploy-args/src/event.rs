//! The arguments of `cargo xtask event`.

use anyhow::bail;
use clap::{Args, Subcommand};
use protocol::Region;
use protocol::message::RefusalReason;
use serde_json::Value;

use crate::{ConfigFile, Role};

/// The arguments of `event`.
#[derive(Args, Debug)]
#[command(
    after_help = "SNAPSHOT is the identifier or ARN of a source snapshot, of its transit copy, or of its copy in DR.\nThe \
    exit code is 1 if the function fails."
)]
pub struct Event {
    /// The event.
    #[command(subcommand)]
    pub kind: EventKind,
    /// The region of the source snapshot or its producer, of SOURCE_REGIONS [default: AWS_REGION]
    // Global, so that it may follow the name of an event.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<Region>,
    /// In place of DR's region, the second region: for look-copy, check-copy, keep and verify
    #[arg(long, global = true)]
    pub second: bool,
    #[command(flatten)]
    pub(super) config: ConfigFile,
}

impl Event {
    /// Checks that the regions that are given have an effect: the function of another region would run otherwise.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let (name, regions) = self.kind.regions();
        if self.second && regions != Regions::OfCopies {
            let other = match self.kind {
                EventKind::Sweep { .. } => "use `event sweep second`",
                _ => "it is for look-copy, check-copy, keep and verify",
            };
            bail!("--second has no effect on `event {name}`; {other}");
        }
        if let EventKind::Sweep { role: Role::Verifier } = self.kind {
            bail!("the verifier has no sweep: `event verify` starts the verifications that are due");
        }
        if self.region.is_some() && regions != Regions::OfDatabases {
            bail!("--region has no effect on `event {name}`: its region is DR_REGION, or SECOND_REGION");
        }
        Ok(())
    }
}

/// The regions in which an event has a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Regions {
    /// Those of databases: `--region`.
    OfDatabases,
    /// Those of copies: `--second`.
    OfCopies,
    /// One.
    One,
}

/// An event that invokes a function.
#[derive(Debug, Subcommand)]
pub enum EventKind {
    /// Producer: an RDS event for a snapshot; the producer looks at it now
    Look(OfSnapshot),
    /// Consumer: an RDS event for a copy; the consumer looks at it now
    LookCopy(OfSnapshot),
    /// Producer, consumer or second: the schedule of sweeps; the function looks at all snapshots
    Sweep {
        /// Which function
        role: Role,
    },
    /// Producer: the daily audit; DR answers which copies are missing, and these snapshots are copied again
    Audit,
    /// Keeper: the daily schedule; it reports silent databases and deletes expired copies
    Keep {
        /// Delete up to so many copies, also of one database, in place of the configured limits
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Verifier: the schedule; it starts the verifications that are due, and continues those that were interrupted
    Verify,
    /// Consumer: the producer's message that a transit copy is shared (snapshot-copy-shared)
    Announce(OfSnapshot),
    /// Producer: the consumer's message that the copy is completed (snapshot-copy-completed)
    Completed(OfSnapshot),
    /// Producer: the consumer's message that there is no copy (snapshot-no-copy); the producer tries again later
    NoCopy {
        /// The snapshot.
        #[command(flatten)]
        of: OfSnapshot,
        /// The reason; it decides when the producer tries again: after an hour, a day or 30 days
        #[arg(long, default_value = "copy-failed", value_parser = refusal_reason)]
        reason: RefusalReason,
    },
    /// Producer: the timer checks the transit copy
    CheckTransit(OfSnapshot),
    /// Consumer: the timer checks the copy
    CheckCopy(OfSnapshot),
    /// Consumer: the timer checks whether an announced transit copy is visible yet
    CheckShared(OfSnapshot),
}

impl EventKind {
    /// Its name on the command line, and its regions.
    fn regions(&self) -> (&'static str, Regions) {
        match self {
            Self::Look(_) => ("look", Regions::OfDatabases),
            Self::LookCopy(_) => ("look-copy", Regions::OfCopies),
            Self::Sweep { role: Role::Producer } => ("sweep producer", Regions::OfDatabases),
            Self::Sweep { role: Role::Consumer } => ("sweep consumer", Regions::One),
            Self::Sweep { role: Role::Second } => ("sweep second", Regions::One),
            Self::Sweep { role: Role::Verifier } => ("sweep verifier", Regions::One),
            Self::Verify => ("verify", Regions::OfCopies),
            Self::Audit => ("audit", Regions::OfDatabases),
            Self::Keep { .. } => ("keep", Regions::OfCopies),
            Self::Announce(_) => ("announce", Regions::OfDatabases),
            Self::Completed(_) => ("completed", Regions::OfDatabases),
            Self::NoCopy { .. } => ("no-copy", Regions::OfDatabases),
            Self::CheckTransit(_) => ("check-transit", Regions::OfDatabases),
            Self::CheckCopy(_) => ("check-copy", Regions::OfCopies),
            Self::CheckShared(_) => ("check-shared", Regions::OfDatabases),
        }
    }
}

/// The snapshot that an event is about.
#[derive(Args, Debug)]
pub struct OfSnapshot {
    /// The source snapshot, its transit copy, or its copy in DR
    pub snapshot: String,
}

const REFUSAL_REASONS: [&str; 12] = [
    "not-shared",
    "plaintext-cluster",
    "taken-later",
    "name-taken",
    "copy-failed",
    "too-many",
    "quota-exceeded",
    "key-refused",
    "transit-unavailable",
    "cannot-be-shared",
    "cannot-be-copied",
    "not-as-announced",
];

fn refusal_reason(text: &str) -> Result<RefusalReason, String> {
    match serde_json::from_value(Value::from(text)) {
        Ok(RefusalReason::Other) | Err(_) => Err(format!("expected {}", REFUSAL_REASONS.join(", "))),
        Ok(reason) => Ok(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_a_refusal_can_be_given() {
        for reason in REFUSAL_REASONS {
            assert_eq!(refusal_reason(reason).map(|reason| reason.to_string()), Ok(reason.to_owned()));
        }
        assert!(refusal_reason("other").unwrap_err().starts_with("expected not-shared, plaintext-cluster"));
    }
}
