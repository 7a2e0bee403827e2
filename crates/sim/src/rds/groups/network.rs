//! Of EC2 only that VPCs, subnets and security groups exist. [`World::add_vpc`] adds them. Each region of an account has a
//! default VPC with a subnet in each zone and a default security group.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::RdsContext;
use super::super::rules::{ZONES, invalid};
use super::super::settings::Settings;
use super::subnets::{self, SubnetGroup};
use crate::call::Error;
use crate::world::{State, World};

/// A virtual private cloud.
#[derive(Clone)]
pub(super) struct Vpc {
    pub(super) id: String,
    /// The zone of each subnet.
    pub(super) subnets: BTreeMap<String, String>,
    security_groups: Vec<String>,
}

/// The VPCs of an account and region that were added.
pub(super) type Vpcs = BTreeMap<String, Vpc>;

impl World {
    /// Adds a VPC with subnets (`("subnet-1", "eu-west-1a")`) and security groups. It also has a default security group,
    /// whose identifier is returned.
    pub fn add_vpc(
        &self,
        account: &str,
        region: &str,
        id: &str,
        subnets: &[(&str, &str)],
        security_groups: &[&str],
    ) -> String {
        let default = default_security_group(id);
        let security_groups = security_groups.iter().map(|&group| group.to_owned());
        let vpc = Vpc {
            id: id.to_owned(),
            subnets: subnets.iter().map(|&(subnet, zone)| (subnet.to_owned(), zone.to_owned())).collect(),
            security_groups: std::iter::once(default.clone()).chain(security_groups).collect(),
        };
        self.change(|state| state.region_state(account, region).rds.groups.vpcs.insert(id.to_owned(), vpc));
        default
    }

    /// Removes a VPC with all that it contains. Subnet groups keep their subnets, as on AWS.
    pub fn remove_vpc(&self, account: &str, region: &str, id: &str) {
        self.change(|state| state.region_state(account, region).rds.groups.vpcs.remove(id));
    }

    /// The identifiers of the default VPC of a region and of its default security group.
    #[must_use]
    pub fn default_vpc(&self, account: &str, region: &str) -> (String, String) {
        let vpc = default_vpc(account, region);
        let group = default_security_group(&vpc.id);
        (vpc.id, group)
    }
}

/// Adds a VPC without subnets.
pub(crate) fn add_vpc(state: &mut State, account: &str, region: &str, id: &str) {
    let security_groups = vec![default_security_group(id)];
    let vpc = Vpc { id: id.to_owned(), subnets: BTreeMap::new(), security_groups };
    state.region_state(account, region).rds.groups.vpcs.insert(id.to_owned(), vpc);
}

/// Adds a subnet in a zone to a VPC that was added.
pub(crate) fn add_subnet(
    state: &mut State,
    of: (&str, &str),
    vpc: &str,
    (subnet, zone): (&str, &str),
) -> Result<(), String> {
    added(state, of, vpc)?.subnets.insert(subnet.to_owned(), zone.to_owned());
    Ok(())
}

/// Adds a security group to a VPC that was added.
pub(crate) fn add_security_group(state: &mut State, of: (&str, &str), vpc: &str, group: &str) -> Result<(), String> {
    added(state, of, vpc)?.security_groups.push(group.to_owned());
    Ok(())
}

fn added<'s>(state: &'s mut State, (account, region): (&str, &str), vpc: &str) -> Result<&'s mut Vpc, String> {
    let vpcs = &mut state.region_state(account, region).rds.groups.vpcs;
    vpcs.get_mut(vpc).ok_or_else(|| format!("there is no VPC {vpc}"))
}

/// The default VPC. It exists without being added.
pub(super) fn default_vpc(account: &str, region: &str) -> Vpc {
    let id =
        |prefix: &str, of: &str| format!("{prefix}-{:017x}", checksum(&format!("{prefix}/{account}/{region}/{of}")));
    let vpc = id("vpc", "default");
    let subnets = ZONES.map(|zone| (id("subnet", zone), format!("{region}{zone}")));
    Vpc { security_groups: vec![default_security_group(&vpc)], id: vpc, subnets: subnets.into() }
}

fn default_security_group(vpc: &str) -> String {
    format!("sg-{:017x}", checksum(vpc))
}

/// FNV-1a: identifiers of the network do not depend on the world's random numbers.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// All VPCs of the caller's account and region.
fn all(state: &mut State, ctx: &RdsContext) -> Vec<Vpc> {
    let default = default_vpc(&ctx.caller.account, &ctx.region);
    std::iter::once(default).chain(ctx.rds(state).groups.vpcs.values().cloned()).collect()
}

/// Whether a VPC of an account and region exists.
pub(in crate::rds) fn exists(state: &mut State, (account, region): (&str, &str), vpc: &str) -> bool {
    let added = &state.region_state(account, region).rds.groups.vpcs;
    added.contains_key(vpc) || default_vpc(account, region).id == vpc
}

pub(super) fn vpc_of_subnet(state: &mut State, ctx: &RdsContext, subnet: &str) -> Option<Vpc> {
    all(state, ctx).into_iter().find(|vpc| vpc.subnets.contains_key(subnet))
}

/// Where a database is in the network.
#[derive(Clone)]
pub(in crate::rds) struct Placement {
    pub(in crate::rds) subnet_group: SubnetGroup,
    pub(in crate::rds) security_groups: Vec<String>,
    /// The security groups that are being added and removed, with their status.
    changing: BTreeMap<String, &'static str>,
}

/// The place that a request for a new database names: a subnet group (else that of the default VPC) and security groups of its
/// VPC. "Default: The default EC2 VPC security group for the DB subnet group's VPC" (`VpcSecurityGroupIds`).
pub(in crate::rds) fn place(
    state: &mut State,
    ctx: &RdsContext,
    subnet_group: Option<&str>,
    security_groups: &[String],
) -> Result<Placement, Error> {
    let group = subnets::find(state, ctx, subnet_group.unwrap_or(subnets::DEFAULT))?;
    check_exists(state, ctx, &group)?;
    let place = Placement { subnet_group: group, security_groups: Vec::new(), changing: BTreeMap::new() };
    place.with_security_groups(state, ctx, security_groups)
}

/// "The DB subnet group doesn't cover all Availability Zones after it's created because of users' change"
/// (`InvalidVPCNetworkStateFault`).
fn check_exists(state: &mut State, ctx: &RdsContext, group: &SubnetGroup) -> Result<(), Error> {
    if all(state, ctx).iter().any(|vpc| vpc.id == group.vpc) {
        return Ok(());
    }
    let message = format!("The VPC {} of the DB subnet group {} does not exist.", group.vpc, group.name());
    Err(Error::new("InvalidVPCNetworkStateFault", message))
}

impl Placement {
    /// The same place with these security groups, or with the default one if there are none.
    pub(in crate::rds) fn with_security_groups(
        self,
        state: &mut State,
        ctx: &RdsContext,
        wanted: &[String],
    ) -> Result<Self, Error> {
        let found = all(state, ctx).into_iter().find(|vpc| vpc.id == self.subnet_group.vpc);
        let known = found.map(|vpc| vpc.security_groups).unwrap_or_default();
        // Users report both messages.
        if let Some(other) = wanted.iter().find(|wanted| !known.contains(*wanted)) {
            let vpc = all(state, ctx).into_iter().find(|vpc| vpc.security_groups.contains(other));
            return Err(match vpc {
                None => invalid(format!("Invalid security group , groupId= {other}, groupName=.")),
                Some(vpc) => Error::new(
                    "InvalidVPCNetworkStateFault",
                    format!(
                        "The DB instance and EC2 security group are in different VPCs. The DB instance is in {} and the EC2 \
                         security group is in {}",
                        self.subnet_group.vpc, vpc.id
                    ),
                ),
            });
        }
        let security_groups = match wanted {
            [] => vec![default_security_group(&self.subnet_group.vpc)],
            wanted => wanted.to_vec(),
        };
        Ok(Self { security_groups, ..self })
    }

    /// "The network type is determined by the DBSubnetGroup … A DBSubnetGroup can support only the IPv4 protocol or the IPv4 and the
    /// IPv6 protocols" (`NetworkType`). All simulated groups have IPv4 only.
    pub(in crate::rds) fn check_network_type(&self, settings: &Settings) -> Result<(), Error> {
        if settings.text("NetworkType") != Some("DUAL") {
            return Ok(());
        }
        let message =
            format!("The DB subnet group {} does not support the network type DUAL.", self.subnet_group.name());
        Err(Error::new("NetworkTypeNotSupported", message))
    }

    /// Chooses a zone of the subnet group, unless the request gave one. A zone without a subnet is refused; the code is the
    /// only one of the operations that fits.
    pub(in crate::rds) fn choose_zone(&self, settings: &mut Settings, is_given: bool) -> Result<(), Error> {
        let zones = self.subnet_group.zones();
        let Some(zone) = settings.text("AvailabilityZone").map(str::to_owned) else { return Ok(()) };
        match zones.first() {
            _ if zones.contains(zone.as_str()) => {}
            Some(first) if !is_given => settings.set("AvailabilityZone", *first),
            _ => {
                let message = format!("The DB subnet group {} has no subnet in {zone}.", self.subnet_group.name());
                return Err(Error::new("DBSubnetGroupDoesNotCoverEnoughAZs", message));
            }
        }
        Ok(())
    }

    /// `VpcSecurityGroups`.
    pub(in crate::rds) fn security_groups_view(&self) -> Value {
        let stay = self.security_groups.iter().map(|group| (group, "active"));
        let groups: BTreeMap<_, _> = stay.chain(self.changing.iter().map(|(group, status)| (group, *status))).collect();
        groups.into_iter().map(|(group, status)| json!({ "VpcSecurityGroupId": group, "Status": status })).collect()
    }

    /// Other security groups, which are `adding` until [`Self::security_groups_are_active`]; those of before are `removing`.
    pub(in crate::rds) fn replace_security_groups(&mut self, wanted: Vec<String>) {
        let added =
            wanted.iter().filter(|group| !self.security_groups.contains(group)).map(|group| (group.clone(), "adding"));
        let removed = self
            .security_groups
            .iter()
            .filter(|group| !wanted.contains(group))
            .map(|group| (group.clone(), "removing"));
        self.changing = added.chain(removed).collect();
        self.security_groups = wanted;
    }

    pub(in crate::rds) fn security_groups_are_active(&mut self) {
        self.changing.clear();
    }
}
