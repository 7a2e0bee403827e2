//! Option groups, as far as they bind a snapshot to a region or an account. They are not created by calls:
//! [`World::add_option_group`] adds them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::RdsContext;
use super::kind::Kind;
use super::snapshots::Snapshot;
use crate::call::Error;
use crate::world::{State, World};

/// An option group of an account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OptionGroup {
    pub(super) name: String,
    engine: String,
    options: Vec<String>,
}

/// The persistent options, and whether they are also permanent (RDS User Guide, "Sharing a DB snapshot": of Oracle `Timezone` and
/// `OLS`, of Oracle and SQL Server `TDE`).
const PERSISTENT: [(&str, bool); 3] = [("OLS", true), ("TDE", false), ("Timezone", true)];
/// "You cannot share a DB snapshot that uses an option group with permanent or persistent options, except for Oracle DB
/// instances that have the `Timezone` or `OLS` option (or both)" (the same).
const SHAREABLE: [&str; 2] = ["OLS", "Timezone"];

impl World {
    /// Adds an option group for instances of an engine (`oracle-ee`), with these options (`TDE`).
    pub fn add_option_group(&self, account: &str, region: &str, name: &str, engine: &str, options: &[&str]) {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let group = OptionGroup { name: name.to_owned(), engine: engine.to_owned(), options };
        self.change(|state| state.region_state(account, region).rds.option_groups.insert(name.to_owned(), group));
    }
}

impl OptionGroup {
    fn persistent(&self) -> impl Iterator<Item = &str> {
        let is_persistent = |option: &&str| PERSISTENT.iter().any(|(name, _)| name == option);
        self.options.iter().map(String::as_str).filter(is_persistent)
    }

    fn view(&self, ctx: &RdsContext) -> Value {
        let options = self.options.iter().map(|option| {
            let found = PERSISTENT.iter().find(|(name, _)| name == option);
            json!({
                "OptionName": option,
                "Persistent": found.is_some(),
                "Permanent": found.is_some_and(|(_, is_permanent)| *is_permanent),
            })
        });
        json!({
            "OptionGroupName": self.name,
            "EngineName": self.engine,
            "OptionGroupArn": format!("arn:aws:rds:{}:{}:og:{}", ctx.region, ctx.caller.account, self.name),
            "Options": options.collect::<Vec<_>>(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    option_group_name: Option<String>,
}

pub(super) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let groups = match &wanted.option_group_name {
        Some(name) => vec![find(state, ctx, name)?],
        None => ctx.rds(state).option_groups.values().cloned().collect(),
    };
    let groups: Vec<_> = groups.iter().map(|group| group.view(ctx)).collect();
    Ok(json!({ "OptionGroupsList": groups }))
}

/// The option group of a request, in the caller's account and region.
pub(super) fn find(state: &mut State, ctx: &RdsContext, name: &str) -> Result<OptionGroup, Error> {
    ctx.rds(state).option_groups.get(name).cloned().ok_or_else(|| {
        Error::new("OptionGroupNotFoundFault", format!("Specified OptionGroupName: {name} not found.")).status(404)
    })
}

/// Whether a snapshot can be shared. The code is the only one of the operation's errors that fits.
pub(super) fn check_shareable(snapshot: &Snapshot) -> Result<(), Error> {
    let mut options = snapshot.option_group.iter().flat_map(OptionGroup::persistent);
    match options.find(|option| !SHAREABLE.contains(option)) {
        None => Ok(()),
        Some(option) => Err(snapshot.arn().kind.invalid_snapshot_state(format!(
            "The snapshot {} uses an option group with the permanent or persistent option {option}.",
            snapshot.arn().id
        ))),
    }
}

/// The option group that a request for a copy names.
pub(super) struct OptionsOfCopy {
    pub(super) name: Option<String>,
    pub(super) copies_group: bool,
}

/// The option group of a copy. A copy in the same account and region has that of its source, others have none unless the
/// request names it.
pub(super) fn of_copy(
    state: &mut State,
    ctx: &RdsContext,
    source: &Snapshot,
    wanted: &OptionsOfCopy,
) -> Result<Option<OptionGroup>, Error> {
    let is_cross_account = source.arn().account != ctx.caller.account;
    let is_cross_region = source.arn().region != ctx.region;
    if ctx.kind == Kind::Cluster && (wanted.name.is_some() || wanted.copies_group) {
        return Err(Error::not_simulated("option groups of clusters".to_owned()));
    }
    let refuse = |message: &str| Err(Error::new("InvalidParameterCombination", message));
    if wanted.copies_group {
        // "The associated option group can be copied only with cross-account snapshot copy calls."
        if !is_cross_account {
            return refuse("CopyOptionGroup is only for copies from another account.");
        }
        if let Some(group) = &source.option_group {
            ctx.rds(state).option_groups.insert(group.name.clone(), group.clone());
        }
        return Ok(source.option_group.clone());
    }
    let needed: Vec<&str> = source.option_group.iter().flat_map(OptionGroup::persistent).collect();
    match &wanted.name {
        Some(name) => {
            let group = find(state, ctx, name)?;
            match needed.iter().find(|option| !group.options.iter().any(|own| own == *option)) {
                Some(option) => refuse(&format!("The option group {name} does not have the option {option}.")),
                None => Ok(Some(group)),
            }
        }
        None if !is_cross_account && !is_cross_region => Ok(source.option_group.clone()),
        // "If your source DB instance uses Transparent Data Encryption for Oracle or Microsoft SQL Server, you must specify this
        // option when copying across Amazon Web Services Regions" (`CopyDBSnapshot`).
        None if is_cross_region && needed.contains(&"TDE") => {
            refuse("OptionGroupName is required: the source uses TDE.")
        }
        // "For Oracle DB instances, you can copy shared DB snapshots that have the `Timezone` or `OLS` option (or both). To do
        // so, specify a target option group that includes these options" (RDS User Guide, "Sharing a DB snapshot").
        None if is_cross_account && !needed.is_empty() => {
            refuse(&format!("OptionGroupName is required: the source has the option {}.", needed.join(", ")))
        }
        None => Ok(None),
    }
}
