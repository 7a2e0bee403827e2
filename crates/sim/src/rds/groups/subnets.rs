//! Subnet groups.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::filters::{self, Filter};
use super::super::identifiers::{Arn, ResourceType};
use super::super::rules::invalid;
use super::super::tags::{self, Tag, Tags};
use super::super::{Rds, RdsContext, paging, quotas};
use super::{MAX_NAME_LENGTH, network};
use crate::call::Error;
use crate::page;
use crate::world::State;

/// The subnets that the databases of a group may be in.
#[derive(Clone)]
pub(in crate::rds) struct SubnetGroup {
    pub(in crate::rds) arn: Arn,
    description: String,
    pub(in crate::rds) vpc: String,
    /// The zone of each subnet.
    subnets: BTreeMap<String, String>,
    pub(in crate::rds) tags: Tags,
}

pub(super) type SubnetGroups = BTreeMap<String, SubnetGroup>;

/// The group of the default VPC.
pub(in crate::rds) const DEFAULT: &str = "default";
/// "SubnetsPerDBSubnetGroup": 20 (*Quotas for Amazon RDS*).
pub(in crate::rds) const MAX_SUBNETS: usize = 20;

fn default_group(ctx: &RdsContext) -> SubnetGroup {
    let vpc = network::default_vpc(&ctx.caller.account, &ctx.region);
    let arn = ctx.arn(ResourceType::SubnetGroup, DEFAULT);
    SubnetGroup { arn, description: DEFAULT.to_owned(), vpc: vpc.id, subnets: vpc.subnets, tags: Tags::new() }
}

impl Rds {
    pub(in crate::rds) fn subnet_groups(&mut self) -> &mut BTreeMap<String, SubnetGroup> {
        &mut self.groups.subnets
    }

    /// The largest number of subnets in a group.
    pub(in crate::rds) fn most_subnets(&self) -> usize {
        self.groups.subnets.values().map(|group| group.subnets.len()).max().unwrap_or_default()
    }
}

pub(super) fn find(state: &mut State, ctx: &RdsContext, named: &str) -> Result<SubnetGroup, Error> {
    let name = ctx.arn_of(ResourceType::SubnetGroup, named).map(|arn| arn.id).unwrap_or_default();
    let found = ctx.rds(state).subnet_groups().get(&name).cloned();
    found.or_else(|| (name == DEFAULT).then(|| default_group(ctx))).ok_or_else(|| not_found(named))
}

fn not_found(named: &str) -> Error {
    Error::new("DBSubnetGroupNotFoundFault", format!("DB subnet group '{named}' does not exist.")).status(404)
}

impl SubnetGroup {
    pub(in crate::rds) fn view(&self) -> Value {
        let subnets = self.subnets.iter().map(|(subnet, zone)| {
            json!({
                "SubnetIdentifier": subnet,
                "SubnetAvailabilityZone": { "Name": zone },
                "SubnetStatus": "Active",
            })
        });
        json!({
            "DBSubnetGroupName": self.name(),
            "DBSubnetGroupDescription": self.description,
            "VpcId": self.vpc,
            "SubnetGroupStatus": "Complete",
            "Subnets": subnets.collect::<Vec<_>>(),
            "DBSubnetGroupArn": self.arn.to_string(),
            "SupportedNetworkTypes": ["IPV4"],
        })
    }

    pub(in crate::rds) fn name(&self) -> &str {
        &self.arn.id
    }

    /// The zones that databases of the group may be in.
    pub(in crate::rds) fn zones(&self) -> BTreeSet<&str> {
        self.subnets.values().map(String::as_str).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct CreateRequest {
    #[serde(rename = "DBSubnetGroupName")]
    name: String,
    #[serde(rename = "DBSubnetGroupDescription")]
    description: String,
    subnet_ids: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(in crate::rds) fn create(state: &mut State, ctx: &RdsContext, wanted: CreateRequest) -> Result<Value, Error> {
    let name = check_name(&wanted.name)?;
    let tags = tags::with(Tags::new(), wanted.tags)?;
    if ctx.rds(state).subnet_groups().contains_key(&name) {
        return Err(Error::new("DBSubnetGroupAlreadyExists", format!("The DB subnet group '{name}' already exists.")));
    }
    quotas::check_subnet_groups(state, ctx)?;
    let (vpc, subnets) = read_subnets(state, ctx, &wanted.subnet_ids)?;
    let arn = ctx.arn(ResourceType::SubnetGroup, &name);
    let group = SubnetGroup { arn, description: wanted.description, vpc, subnets, tags };
    let view = group.view();
    ctx.rds(state).subnet_groups().insert(name, group);
    Ok(json!({ "DBSubnetGroup": view }))
}

/// "This value is stored as a lowercase string. … Must contain no more than 255 letters, numbers, periods, underscores, spaces, or
/// hyphens. Must not be default. First character must be a letter" (`DBSubnetGroupName`).
fn check_name(name: &str) -> Result<String, Error> {
    let lower = name.to_ascii_lowercase();
    let fits = lower.len() <= MAX_NAME_LENGTH
        && lower.starts_with(|first: char| first.is_ascii_alphabetic())
        && lower.chars().all(|c| c.is_ascii_alphanumeric() || "._ -".contains(c));
    match (fits, lower.as_str()) {
        (true, DEFAULT) => Err(invalid(format!("The DB subnet group name cannot be {DEFAULT}."))),
        (true, _) => Ok(lower),
        (false, _) => Err(invalid(
            "The parameter DBSubnetGroupName must begin with a letter and contain at most 255 letters, numbers, periods, \
             underscores, spaces, or hyphens.",
        )),
    }
}

/// The VPC and the zones of subnets. They must be in one VPC: "The requested subnet is invalid, or multiple subnets were requested
/// that are not all in a common VPC" (`InvalidSubnet`). "DB subnet groups must contain at least one subnet in at least two AZs"
/// (`CreateDBSubnetGroup`).
fn read_subnets(
    state: &mut State,
    ctx: &RdsContext,
    wanted: &[String],
) -> Result<(String, BTreeMap<String, String>), Error> {
    let mut vpcs = BTreeSet::new();
    let mut subnets = BTreeMap::new();
    for id in wanted {
        let found = network::vpc_of_subnet(state, ctx, id);
        let zone = found.as_ref().and_then(|vpc| vpc.subnets.get(id));
        let (Some(vpc), Some(zone)) = (&found, zone) else {
            let message = format!("Some input subnets in :[{id}] are invalid.");
            return Err(Error::new("InvalidSubnet", message));
        };
        vpcs.insert(vpc.id.clone());
        subnets.insert(id.clone(), zone.clone());
    }
    if vpcs.len() > 1 {
        return Err(Error::new("InvalidSubnet", "Provided subnets are in more than one VPC."));
    }
    if subnets.len() > MAX_SUBNETS {
        let message = format!("A DB subnet group cannot have more than {MAX_SUBNETS} subnets.");
        return Err(Error::new("DBSubnetQuotaExceededFault", message));
    }
    if subnets.values().collect::<BTreeSet<_>>().len() < 2 {
        let message = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Add subnets to cover \
                       at least 2 AZs.";
        return Err(Error::new("DBSubnetGroupDoesNotCoverEnoughAZs", message));
    }
    Ok((vpcs.pop_first().unwrap_or_default(), subnets))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct ModifyRequest {
    #[serde(rename = "DBSubnetGroupName")]
    name: String,
    #[serde(rename = "DBSubnetGroupDescription")]
    description: Option<String>,
    subnet_ids: Vec<String>,
}

pub(in crate::rds) fn modify(state: &mut State, ctx: &RdsContext, wanted: ModifyRequest) -> Result<Value, Error> {
    let mut group = find_own(state, ctx, &wanted.name)?;
    let (vpc, subnets) = read_subnets(state, ctx, &wanted.subnet_ids)?;
    let used = super::zones_in_use(state, ctx, group.name());
    // Not in the reference. The answer is reported of a group in use (hashicorp/terraform-provider-aws, issue 27459).
    if vpc != group.vpc {
        if used.is_empty() {
            return Err(Error::not_simulated("moving a DB subnet group without databases to another VPC".to_owned()));
        }
        let message = "The new Subnets are not in the same Vpc as the existing subnet group";
        return Err(Error::new("InvalidParameterValue", message));
    }
    // "The DB subnet is already in use in the Availability Zone" (`SubnetAlreadyInUse`).
    if let Some(zone) = used.iter().find(|zone| !subnets.values().any(|other| other == *zone)) {
        let message = format!("Some of the subnets to be deleted are currently in use in {zone}.");
        return Err(Error::new("SubnetAlreadyInUse", message));
    }
    group.subnets = subnets;
    group.description = wanted.description.unwrap_or(group.description);
    let view = group.view();
    super::subnet_group_changed(state, ctx, &group);
    ctx.rds(state).subnet_groups().insert(group.name().to_owned(), group);
    Ok(json!({ "DBSubnetGroup": view }))
}

/// "You can't modify the default subnet group" (`ModifyDBSubnetGroup`).
fn find_own(state: &mut State, ctx: &RdsContext, named: &str) -> Result<SubnetGroup, Error> {
    let group = find(state, ctx, named)?;
    if group.name() == DEFAULT {
        return Err(invalid("The default DB subnet group cannot be modified or deleted."));
    }
    Ok(group)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct DescribeRequest {
    #[serde(rename = "DBSubnetGroupName")]
    name: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

const LIST: &str = "DBSubnetGroups";

pub(in crate::rds) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(LIST, wanted.marker.as_ref())?);
    // "This parameter isn't currently supported."
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, &[])?;
    if let Some(named) = &wanted.name {
        let group = find(state, ctx, named)?;
        return Ok(json!({ LIST: [group.view()] }));
    }
    let mut all = SubnetGroups::from([(DEFAULT.to_owned(), default_group(ctx))]);
    all.extend(ctx.rds(state).subnet_groups().clone());
    let (groups, last) = page::cut(page::after(last.as_ref(), &all), size);
    let groups: Vec<_> = groups.into_iter().map(|group| group.view()).collect();
    Ok(json!({ LIST: groups, "Marker": last.map(|last| page::marker(LIST, last)) }))
}

#[derive(Deserialize)]
pub(in crate::rds) struct DeleteRequest {
    #[serde(rename = "DBSubnetGroupName")]
    name: String,
}

/// "The specified database subnet group must not be associated with any DB instances" (`DeleteDBSubnetGroup`).
pub(in crate::rds) fn delete(state: &mut State, ctx: &RdsContext, wanted: &DeleteRequest) -> Result<(), Error> {
    let group = find_own(state, ctx, &wanted.name)?;
    if super::is_subnet_group_used(state, ctx, group.name()) {
        let message = format!(
            "Cannot delete the subnet group '{}' because at least one database is still using it.",
            group.name()
        );
        return Err(Error::new("InvalidDBSubnetGroupStateFault", message));
    }
    ctx.rds(state).subnet_groups().remove(group.name());
    Ok(())
}
