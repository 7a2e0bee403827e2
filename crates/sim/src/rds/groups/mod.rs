//! Groups that databases refer to by name: parameter groups (`parameters`, `parameter_values`, `parameter_table`), option groups
//! (`options`), and subnet groups (`subnets`) of the VPCs that exist (`network`).

pub(super) mod memberships;
pub(super) mod network;
pub(super) mod options;
mod parameter_table;
pub(super) mod parameter_values;
pub(super) mod parameters;
pub(super) mod subnets;

use std::collections::BTreeMap;

use super::Rds;
use super::identifiers::{Arn, ResourceType};
use super::kind::Kind;
use super::tags::Tags;
use crate::world::State;
use memberships::{
    is_option_group_used, is_parameter_group_used, is_subnet_group_used, option_group_changed, parameters_changed,
    subnet_group_changed, zones_in_use,
};
use network::Vpcs;
use options::OptionGroups;
use parameters::ParameterGroups;
use subnets::SubnetGroups;

/// The groups and the network of an account and region.
#[derive(Default)]
pub(super) struct Groups {
    parameters: BTreeMap<Kind, ParameterGroups>,
    options: OptionGroups,
    subnets: SubnetGroups,
    vpcs: Vpcs,
}

/// The prefix of the default parameter groups: `default.postgres16`.
const DEFAULT_PREFIX: &str = "default.";
/// "Must be 1 to 255 letters, numbers, or hyphens" (`DBParameterGroupName`, `OptionGroupName`).
const MAX_NAME_LENGTH: usize = 255;

/// The tags of a group. Default groups exist without being created, also to be tagged.
pub(super) fn tags_of<'s>(state: &'s mut State, arn: &Arn) -> Option<&'s mut Tags> {
    let rds: &mut Rds = &mut state.region_state(&arn.account, &arn.region).rds;
    match arn.resource_type {
        ResourceType::ParameterGroup => rds.parameter_group_mut(arn.kind, &arn.id).map(|group| &mut group.tags),
        ResourceType::OptionGroup => rds.option_groups().get_mut(&arn.id).map(|group| &mut group.tags),
        ResourceType::SubnetGroup => rds.subnet_groups().get_mut(&arn.id).map(|group| &mut group.tags),
        ResourceType::Database | ResourceType::Snapshot | ResourceType::AutomatedBackup => None,
    }
}
