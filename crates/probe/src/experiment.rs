//! An experiment: a pure description of the calls, and of how their responses decide a question or a fact.

use serde::{Deserialize, Serialize};

use crate::trace::Trace;

/// An experiment.
#[derive(Debug)]
pub struct Experiment {
    /// The name of the question in [`sim::questions`], or of the fact.
    pub name: &'static str,
    /// What it decides.
    pub subject: Subject,
    /// What has to exist before it starts. Several experiments share it.
    pub needs: &'static [Need],
    /// The estimated duration in AWS, in minutes, without the needs.
    pub minutes: u32,
    /// The calls, in order. What they create is removed after the last one.
    pub steps: &'static [Step],
    /// What the responses say. The error is the reason for which they decide nothing.
    pub read: fn(&Trace) -> Result<Verdict, String>,
}

/// What an experiment decides.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// An open question of the simulation, which has its text and its answers.
    Question,
    /// A fact that Draco relies on.
    Fact {
        /// The fact.
        statement: &'static str,
        /// Where Draco relies on it.
        relied_on_by: &'static str,
    },
}

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// AWS gave this answer to the question.
    Answer {
        /// The name of the answer.
        answer: String,
        /// What was measured, for people, if the answer follows from times.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        measured: Option<String>,
    },
    /// The fact holds.
    Holds,
    /// The fact does not hold.
    Differs {
        /// What was observed.
        observed: String,
    },
    /// The experiment decided nothing.
    Undecided {
        /// Why.
        reason: String,
    },
}

impl Verdict {
    /// The answer of this name.
    #[must_use]
    pub fn answer(name: &str) -> Self {
        Self::Answer { answer: name.to_owned(), measured: None }
    }

    /// The answer of this name, which follows from what was measured.
    #[must_use]
    pub fn measured(name: &str, measured: String) -> Self {
        Self::Answer { answer: name.to_owned(), measured: Some(measured) }
    }

    /// The fact holds if there is no objection.
    #[must_use]
    pub fn unless(objection: Option<String>) -> Self {
        objection.map_or(Self::Holds, |observed| Self::Differs { observed })
    }
}

/// One of the two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A source account.
    Source,
    /// The DR account.
    Dr,
}

/// The two kinds of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An instance: the smallest one with PostgreSQL.
    Instance,
    /// An Aurora PostgreSQL cluster without instances.
    Cluster,
}

/// Something that has to exist before an experiment starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// An available database in the source account, encrypted under the AWS managed key.
    Database(Kind),
    /// A manual snapshot of it: [`Snapshot::base`].
    Base(Kind),
    /// A copy of that under the source account's key, shared with DR: [`Snapshot::transit`].
    Transit(Kind),
    /// A customer managed key of the account. DR may use that of the source account.
    Key(Side),
    /// An automated snapshot of the instance, which takes until its backup window.
    Automated,
    /// A queue in the source account that tells AWS's time.
    Clock,
    /// A queue that receives RDS's notifications about snapshots of the source account.
    Notifications,
    /// Two snapshots of an instance that exists already. They are only read.
    Existing,
}

impl Need {
    /// What has to exist before this.
    #[must_use]
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::Base(Kind::Instance) => &[Self::Database(Kind::Instance)],
            Self::Base(Kind::Cluster) => &[Self::Database(Kind::Cluster)],
            Self::Transit(Kind::Instance) => &[Self::Base(Kind::Instance), Self::Key(Side::Source)],
            Self::Transit(Kind::Cluster) => &[Self::Base(Kind::Cluster), Self::Key(Side::Source)],
            Self::Database(Kind::Instance) => &[Self::Clock],
            Self::Automated => &[Self::Database(Kind::Instance)],
            Self::Existing | Self::Notifications => &[Self::Clock],
            Self::Database(Kind::Cluster) | Self::Key(_) | Self::Clock => &[],
        }
    }
}

/// A snapshot of the run. Its identifier is the run's prefix and the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snapshot {
    /// The account that it is in.
    pub side: Side,
    /// Its kind.
    pub kind: Kind,
    /// Its name, unique in the run.
    pub name: &'static str,
}

impl Snapshot {
    /// A snapshot of an instance, in the source account.
    #[must_use]
    pub const fn source(name: &'static str) -> Self {
        Self { side: Side::Source, kind: Kind::Instance, name }
    }

    /// A snapshot of an instance, in DR.
    #[must_use]
    pub const fn dr(name: &'static str) -> Self {
        Self { side: Side::Dr, kind: Kind::Instance, name }
    }

    /// The same for clusters.
    #[must_use]
    pub const fn of_cluster(self) -> Self {
        Self { kind: Kind::Cluster, ..self }
    }

    /// The snapshot of [`Need::Base`].
    #[must_use]
    pub const fn base(kind: Kind) -> Self {
        Self { side: Side::Source, kind, name: "base" }
    }

    /// The snapshot of [`Need::Transit`].
    #[must_use]
    pub const fn transit(kind: Kind) -> Self {
        Self { side: Side::Source, kind, name: "transit" }
    }
}

/// A call or a wait, with the name by which [`Trace`] finds its outcome.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The name.
    pub name: &'static str,
    /// The call or wait.
    pub action: Action,
    /// What a refusal by AWS means.
    pub refusal: Refused,
}

/// What it means if AWS refuses a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The experiment cannot go on.
    Ends,
    /// It is an observation.
    Counts,
}

/// A step without which the experiment cannot go on.
#[must_use]
pub const fn must(name: &'static str, action: Action) -> Step {
    Step { name, action, refusal: Refused::Ends }
}

/// A step that AWS may refuse.
#[must_use]
pub const fn may(name: &'static str, action: Action) -> Step {
    Step { name, action, refusal: Refused::Counts }
}

/// The tags of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags {
    /// None, so that those of the database or of the source apply.
    Inherited,
    /// The run's tag and these.
    Own(&'static [(&'static str, &'static str)]),
}

/// The key of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The request has no key.
    Unset,
    /// The AWS managed key.
    Managed,
    /// The customer managed key of the account that copies.
    Customer,
    /// The customer managed key of DR, which the source account may not use.
    Forbidden,
}

/// The scope of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only the identifier or ARN.
    Plain,
    /// With `IncludeShared`.
    IncludeShared,
}

/// A copy to be made.
#[derive(Clone, Copy, Debug)]
pub struct Copy {
    /// The source. If it is in the other account, the request has its ARN.
    pub from: Snapshot,
    /// The copy.
    pub to: Snapshot,
    /// Its key.
    pub key: Key,
    /// The tags of the request.
    pub tags: Tags,
    /// Whether the request has `CopyTags`.
    pub carries_tags: bool,
}

impl Copy {
    /// A copy under the key of the account that copies, with the run's tag.
    #[must_use]
    pub const fn new(from: Snapshot, to: Snapshot) -> Self {
        Self { from, to, key: Key::Customer, tags: Tags::Own(&[]), carries_tags: false }
    }

    /// Under another key.
    #[must_use]
    pub const fn under(self, key: Key) -> Self {
        Self { key, ..self }
    }

    /// With these tags.
    #[must_use]
    pub const fn tagged(self, tags: Tags) -> Self {
        Self { tags, ..self }
    }

    /// With `CopyTags`.
    #[must_use]
    pub const fn carrying_tags(self) -> Self {
        Self { carries_tags: true, ..self }
    }
}

/// What a timed copy is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Original {
    /// The older of the two snapshots of [`Need::Existing`].
    Older,
    /// The newer one.
    Newer,
    /// A snapshot of the run.
    Made(Snapshot),
}

/// A call, or a wait for its effect.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Takes a snapshot of the database of [`Need::Database`].
    Take(Snapshot, Tags),
    /// Copies a snapshot.
    Copy(Copy),
    /// Copies a snapshot under the customer managed key of the account that copies, waits until the copy is available, and notes
    /// how long it took.
    Time(Original, Snapshot),
    /// The same, for a copy that is full in any case. It is refused if it is over too fast for a comparison.
    TimeFull(Original, Snapshot),
    /// Starts such a copy, without waiting.
    Start(Original, Snapshot),
    /// Tells AWS's time, in seconds since 1970.
    Now,
    /// Makes sure that in this account, since the run's first copy of the existing database, no other one was started. The next
    /// copy of the run would not be based on the run's first.
    Undisturbed(Side),
    /// Revokes all grants on the source account's customer managed key, which are those of the run's copies.
    RevokeGrants,
    /// Describes a snapshot as this account sees it: its own by identifier, the other account's by ARN.
    Describe(Side, Snapshot, Scope),
    /// Lists DR's snapshots of the instance of [`Need::Database`], which is in the source account only, by a filter.
    ListInDr,
    /// Shares a snapshot with DR.
    Share(Snapshot),
    /// Adds tags to a snapshot.
    Tag(Snapshot, &'static [(&'static str, &'static str)]),
    /// Deletes a snapshot.
    Delete(Snapshot),
    /// Waits until each snapshot is available, failed or gone, and notes each status on the way.
    Settle(&'static [Snapshot]),
    /// Waits until a snapshot of the source account is visible in DR.
    Appear(Snapshot),
    /// Waits for an automated snapshot of the instance of [`Need::Database`] until shortly before its backup window.
    FirstBackup,
    /// Describes the newest automated snapshot of the instance by its identifier alone.
    DescribeAutomated,
    /// Shares the newest automated snapshot of the instance with DR.
    ShareAutomated,
    /// Copies the newest automated snapshot of the instance with its tags.
    CopyAutomated(Snapshot),
    /// Creates an instance whose backup window begins soon, lets this account copy a snapshot of it without a pause until
    /// the window is over, and waits for an automated snapshot.
    BackUpDuringCopies(Side),
    /// Describes the instance of [`Need::Database`] by its identifier, with a filter that excludes it.
    DescribeFiltered,
    /// Describes it with a filter that has no values.
    DescribeWithoutValues,
    /// Creates an instance and a snapshot of it, deletes the instance, and lists its snapshots.
    ListOfDeleted,
    /// Creates a cluster that is not encrypted and a snapshot of it, and copies that under a key.
    CopyPlaintextCluster,
    /// Lets the topic of [`Need::Notifications`] receive notifications about snapshots of clusters, too.
    SubscribeToClusters,
    /// Creates a DocumentDB cluster without instances, and takes a snapshot of it.
    TakeOfDocumentDb(Snapshot),
    /// Changes whom the topic of [`Need::Notifications`] accepts.
    Accept(Publisher),
    /// Reads the notifications that arrived about a snapshot, for a quarter of an hour or until one has this number.
    Notified(Snapshot, u16),
    /// Lets DR use a key only if the key has a tag, tags it, and waits until DR may use it.
    TagKey,
}

impl Action {
    /// The database that it creates for its experiment alone.
    #[must_use]
    pub fn creates(self) -> Option<Kind> {
        match self {
            Self::BackUpDuringCopies(_) | Self::ListOfDeleted => Some(Kind::Instance),
            Self::CopyPlaintextCluster | Self::TakeOfDocumentDb(_) => Some(Kind::Cluster),
            _ => None,
        }
    }
}

/// A publisher of RDS's notifications, by the `aws:SourceArn` that a topic's policy requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// Any.
    Any,
    /// A snapshot.
    Snapshot,
    /// An event subscription.
    Subscription,
}
