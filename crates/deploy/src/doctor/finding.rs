//! The findings of `doctor`, for people and for scripts.
//!
//! Scripts use the [`Id`]. `doc/json.md` lists all ids.

use protocol::Place;
use serde::Serialize;

use super::costs::Cost;
use super::quotas::Usage;
use crate::terminal::{BAD, CAUTION, FAINT, GOOD, TITLE};

/// Defines the ids. Only tests need the list, so that the compiler reports an id that is not used.
macro_rules! ids {
    ($($id:ident),+ $(,)?) => {
        /// What was found. Ids may be added, but are not renamed or removed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Id {
            $($id),+
        }

        #[cfg(test)]
        const IDS: &[Id] = &[$(Id::$id),+];
    };
}

ids! {
    ToolInstalled,
    ToolMissing,
    TargetInstalled,
    TargetMissing,
    AccountUnreachable,
    CheckFailed,
    CredentialsValid,
    RegionEnabled,
    RegionNotEnabled,
    SourceAccountNotChecked,
    CodeBucketNotSet,
    BucketMissing,
    BucketReady,
    BucketMisconfigured,
    StackMissing,
    StackReady,
    StackInProgress,
    StackFailed,
    StackParametersDiffer,
    SourceStackUnused,
    FunctionMissing,
    CodeCurrent,
    CodeOutdated,
    CodeNotBuiltHere,
    CodeChanged,
    DryRun,
    DeletionEnabled,
    TopicMissing,
    SubscriptionMissing,
    SubscriptionUnconfirmed,
    SubscriptionActive,
    EventSubscriptionMissing,
    EventSubscriptionActive,
    AlarmReceiverMissing,
    AlarmReceiverActive,
    AlarmReceiverUnconfirmed,
    AlarmTopicInSource,
    AlarmTopicMissing,
    AlarmEmailMissing,
    AlarmEmailUnconfirmed,
    KeyMissing,
    KeyDisabled,
    KeyPendingDeletion,
    KeyAccessMissing,
    KeyEnabled,
    KeyPerDatabase,
    KeyManagedByAws,
    DeadLettersEmpty,
    DeadLettersWaiting,
    DeadLetterQueueMissing,
    DatabaseMissing,
    DatabaseProtected,
    DatabaseWithoutLifecycle,
    LifecycleUnknown,
    TagsNotCopied,
    AutomatedBackupsDisabled,
    OptionGroupBinds,
    EngineMayNotCross,
    DatabaseOfJob,
    EngineVersionsOffered,
    EngineVersionMissing,
    QuotaInstanceSnapshots,
    QuotaClusterSnapshots,
    CostOfCrossing,
    QueueEmpty,
    QueueWaiting,
    QueueOld,
    VerifierRootsMissing,
    VerifierRootsPresent,
    VerifierObjectsDiffer,
    DatabasesVerified,
    DatabasesUnverified,
    DatabaseCopyBad,
}

/// How important a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Not there yet, as expected before the deployment.
    Pending,
    /// Works, but should be checked.
    Warning,
    /// Must be fixed.
    Error,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    id: Id,
    severity: Severity,
    /// The name, identifier or ARN of the resource that was checked.
    resource: Option<String>,
    description: String,
    /// How to fix it.
    next_step: Option<String>,
    quota: Option<Usage>,
    cost: Option<Cost>,
}

/// The area that a finding belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// The tools on this machine.
    Machine,
    /// The DR account.
    DrAccount,
    /// A source account.
    SourceAccount,
    /// The databases of the source account.
    Databases,
    /// The engine versions that a region of DR offers.
    Engines,
    /// The quotas of manual snapshots.
    Quotas,
    /// The costs of copies to another region.
    Costs,
    /// The verification of copies.
    Verification,
}

/// The findings of one area.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// The area.
    pub area: Area,
    /// The account and region, if they are known.
    pub place: Option<Place>,
    /// The heading.
    pub title: String,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// A finding in JSON.
#[derive(Serialize)]
struct Row<'a> {
    id: Id,
    severity: Severity,
    area: Area,
    account: Option<&'a str>,
    region: Option<&'a str>,
    resource: Option<&'a str>,
    message: String,
    quota: Option<&'a Usage>,
    cost: Option<&'a Cost>,
}

impl Finding {
    pub(crate) fn new(id: Id, severity: Severity, resource: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        Self {
            id,
            severity,
            resource: Some(resource.to_owned()),
            description,
            next_step: None,
            quota: None,
            cost: None,
        }
    }

    pub(crate) fn ok(id: Id, resource: &str, description: impl Into<String>) -> Self {
        Self::new(id, Severity::Ok, resource, description)
    }

    pub(crate) fn pending(id: Id, resource: &str, description: impl Into<String>) -> Self {
        Self::new(id, Severity::Pending, resource, description)
    }

    pub(crate) fn warning(id: Id, resource: &str, description: impl Into<String>) -> Self {
        Self::new(id, Severity::Warning, resource, description)
    }

    pub(crate) fn error(id: Id, resource: &str, description: impl Into<String>) -> Self {
        Self::new(id, Severity::Error, resource, description)
    }

    /// A check that could not be made. The error names the action and the next step.
    pub(crate) fn failed(id: Id, error: &anyhow::Error) -> Self {
        Self { resource: None, ..Self::error(id, "", format!("{error:#}")) }
    }

    pub(crate) fn without_resource(self) -> Self {
        Self { resource: None, ..self }
    }

    pub(crate) fn next(self, step: impl Into<String>) -> Self {
        Self { next_step: Some(step.into()), ..self }
    }

    pub(crate) fn with_quota(self, usage: Usage) -> Self {
        Self { quota: Some(usage), ..self }
    }

    pub(crate) fn with_cost(self, cost: Cost) -> Self {
        Self { cost: Some(cost), ..self }
    }

    /// Sorts equal descriptions together.
    pub(crate) fn sort_key(&self) -> (String, Option<String>) {
        (self.description.clone(), self.resource.clone())
    }

    fn message(&self, resources: &[&str]) -> String {
        let resources = if resources.is_empty() { String::new() } else { format!("{}: ", resources.join(", ")) };
        let next = self.next_step.as_ref().map(|next| format!("; {next}")).unwrap_or_default();
        format!("{resources}{}{next}", self.description)
    }

    /// Whether both can be one line.
    fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.message(&[]) == other.message(&[])
    }
}

/// One JSON array with an object for each finding.
///
/// # Errors
///
/// If it cannot be written as JSON.
pub fn json(sections: &[Section]) -> anyhow::Result<String> {
    let rows = sections.iter().flat_map(|Section { area, place, findings, .. }| {
        findings.iter().map(|finding| Row {
            id: finding.id,
            severity: finding.severity,
            area: *area,
            account: place.as_ref().map(|place| place.account.as_str()),
            region: place.as_ref().map(|place| place.region.as_str()),
            resource: finding.resource.as_deref(),
            message: finding.message(finding.resource.as_deref().as_slice()),
            quota: finding.quota.as_ref(),
            cost: finding.cost.as_ref(),
        })
    });
    Ok(serde_json::to_string_pretty(&rows.collect::<Vec<_>>())?)
}

/// The lines for people.
#[must_use]
pub fn lines(sections: &[Section]) -> Vec<String> {
    let mut lines = Vec::new();
    for Section { title, findings, .. } in sections {
        lines.push(format!("{TITLE}{title}{TITLE:#}"));
        for same in findings.chunk_by(Finding::is_same) {
            let Some(finding) = same.first() else { continue };
            let (style, mark) = match finding.severity {
                Severity::Ok => (GOOD, "✓"),
                Severity::Pending => (FAINT, "·"),
                Severity::Warning => (CAUTION, "!"),
                Severity::Error => (BAD, "✗"),
            };
            let resources: Vec<&str> = same.iter().filter_map(|finding| finding.resource.as_deref()).collect();
            lines.push(format!("  {style}{mark}{style:#} {}", finding.message(&resources)));
        }
    }
    lines.push(sum(sections));
    lines
}

fn sum(sections: &[Section]) -> String {
    let of = |severity, text: &str| {
        let count = count(sections, severity);
        (count > 0).then(|| format!("{count} {text}{}", if count == 1 { "" } else { "s" }))
    };
    let pending = count(sections, Severity::Pending);
    let pending = (pending > 0).then(|| format!("{pending} not there yet"));
    let all = [of(Severity::Error, "error"), of(Severity::Warning, "warning"), pending];
    let all: Vec<String> = all.into_iter().flatten().collect();
    if all.is_empty() { "No problems found.".to_owned() } else { all.join(", ") }
}

/// How many findings have this severity.
#[must_use]
pub fn count(sections: &[Section], severity: Severity) -> usize {
    sections.iter().flat_map(|section| &section.findings).filter(|finding| finding.severity == severity).count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The first cells of the table under this heading of `doc/json.md`.
    fn documented(heading: &str) -> BTreeSet<String> {
        let page = include_str!("../../../../doc/json.md");
        let (_, section) = page.split_once(&format!("{heading}\n")).unwrap();
        let section = section.split("\n#").next().unwrap();
        let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        cells.map(|(cell, _)| cell.to_owned()).collect()
    }

    #[test]
    fn documented_ids_are_those_of_the_code() {
        let ids = IDS.iter().map(|id| serde_json::to_value(id).unwrap().as_str().unwrap().to_owned());
        assert_eq!(ids.collect::<BTreeSet<_>>(), documented("### Ids of `doctor`"));
    }

    #[test]
    fn documented_keys_are_those_of_the_json() {
        let usage = Usage {
            kind: protocol::Kind::Instance,
            used: 4,
            limit: 100,
            copies: Some(4),
            copies_per_day: Some(4.0),
            days_left: Some(24),
            steady_state: Some(108),
            fits: Some(false),
        };
        let cost = Cost {
            transfer_gib_per_day: 1.0,
            transfer_dollars_per_month: 0.6,
            stored_gib: 10,
            storage_dollars_per_month: 1.0,
            assumed_sizes: 0,
        };
        let finding = Finding::warning(Id::QuotaInstanceSnapshots, "Manual", "4 of 100 used");
        let finding = finding.with_quota(usage).with_cost(cost);
        let section = Section { area: Area::Quotas, place: None, title: String::new(), findings: vec![finding] };
        let rows: Value = serde_json::from_str(&json(&[section]).unwrap()).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&rows[0]), documented("## `cargo xtask doctor --json`"));
        assert_eq!(keys(&rows[0]["quota"]), documented("### `quota`"));
        assert_eq!(keys(&rows[0]["cost"]), documented("### `cost`"));
    }

    #[test]
    fn findings_that_differ_in_the_resource_are_one_line() {
        let finding = |database: &str| Finding::ok(Id::DatabaseProtected, database, "Standard");
        let findings = vec![finding("orders"), finding("customers"), Finding::ok(Id::DatabaseProtected, "a", "Test")];
        let section = Section { area: Area::Databases, place: None, title: "databases".to_owned(), findings };
        let text = anstream::adapter::strip_str(&lines(&[section]).join("\n")).to_string();
        assert_eq!(text, "databases\n  ✓ orders, customers: Standard\n  ✓ a: Test\nNo problems found.");
    }
}
