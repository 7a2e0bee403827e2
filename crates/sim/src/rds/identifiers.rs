//! Identifiers and ARNs, parsed where they enter, so that none is invalid inside.

use std::fmt;

use super::kind::Kind;
use crate::arn;
use crate::call::{Call, Error};

/// What distinguishes an ARN from an identifier.
pub(super) const PREFIX: &str = "arn:";

/// The ARN of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arn {
    pub(super) kind: Kind,
    pub(super) resource_type: ResourceType,
    pub(super) account: String,
    pub(super) region: String,
    /// In lower case.
    pub(super) id: String,
}

/// The type of the resource that an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ResourceType {
    Database,
    Snapshot,
    ParameterGroup,
    /// Instances and clusters share option groups and subnet groups: the kind in their ARNs is `Instance`.
    OptionGroup,
    SubnetGroup,
    AutomatedBackup,
}

impl Arn {
    /// Parses `arn:aws:rds:eu-west-1:111111111111:snapshot:rds:orders-2026-11-21-03-05`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let arn::Arn { region, account, resource, .. } = arn::Arn::of("rds", text)?;
        let (resource, id) = resource.split_once(':')?;
        let (kind, resource_type) = Kind::ALL
            .into_iter()
            .flat_map(|kind| ResourceType::ALL.map(|resource_type| (kind, resource_type)))
            .find(|(kind, resource_type)| resource_type.arn_segment(*kind) == resource)?;
        Some(Self {
            kind,
            resource_type,
            account: account.to_owned(),
            region: region.to_owned(),
            id: id.to_ascii_lowercase(),
        })
    }

    /// Whether a text that is an identifier or an ARN names this resource. An ARN must be the same in every part.
    pub(super) fn is_named(&self, named: &str) -> bool {
        if named.starts_with(PREFIX) {
            Self::parse(named).is_some_and(|arn| arn == *self)
        } else {
            named.eq_ignore_ascii_case(&self.id)
        }
    }

    /// Whether this is its identifier or its ARN, in the same case: that of a filter's value counts.
    pub(super) fn is(&self, value: &str) -> bool {
        value == self.id || value == self.to_string()
    }

    /// The same as `parse`, with the error of a parameter that must be an ARN.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        Self::parse(text).ok_or_else(|| Error::new("InvalidParameterValue", format!("Invalid resource name: {text}")))
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, resource_type, account, region, id } = self;
        write!(f, "arn:aws:rds:{region}:{account}:{}:{id}", resource_type.arn_segment(*kind))
    }
}

impl ResourceType {
    const ALL: [Self; 6] = [
        Self::Database,
        Self::Snapshot,
        Self::ParameterGroup,
        Self::OptionGroup,
        Self::SubnetGroup,
        Self::AutomatedBackup,
    ];

    pub(super) fn arn_segment(self, kind: Kind) -> &'static str {
        match self {
            Self::Database => kind.spelling().database_arn,
            Self::Snapshot => kind.spelling().snapshot_arn,
            Self::ParameterGroup => kind.spelling().parameter_group_arn,
            Self::OptionGroup => "og",
            Self::SubnetGroup => "subgrp",
            Self::AutomatedBackup => kind.spelling().automated_backup_arn,
        }
    }

    /// The kind in the ARN of a resource that a request for databases of this kind names.
    pub(super) fn kind_in_arn(self, kind: Kind) -> Kind {
        match self {
            Self::OptionGroup | Self::SubnetGroup => Kind::Instance,
            Self::Database | Self::Snapshot | Self::ParameterGroup | Self::AutomatedBackup => kind,
        }
    }
}

/// The operations that name what they change by its identifier: no text mentions an ARN of the caller's own, as that of
/// `DescribeDBInstances` and `CopyDBSnapshot` does.
const BY_IDENTIFIER: [&str; 6] = ["Delete", "Failover", "Modify", "Reboot", "Start", "Stop"];

/// Refuses own ARNs in place of identifiers where no text decides whether AWS accepts them.
pub(super) fn refuse_arns(call: &Call, is_own: impl Fn(&Arn) -> bool) -> Result<(), Error> {
    let operation = call.operation.as_str();
    let parameters: &[&str] = match operation {
        "CreateDBSnapshot" | "CreateDBClusterSnapshot" => &["DBInstanceIdentifier"],
        "DescribeDBSnapshotAttributes" | "DescribeDBClusterSnapshotAttributes" => &["DBSnapshotIdentifier"],
        _ if BY_IDENTIFIER.iter().any(|verb| operation.starts_with(verb)) => {
            &["DBInstanceIdentifier", "DBSnapshotIdentifier"]
        }
        _ => return Ok(()),
    };
    let named = parameters.iter().filter_map(|parameter| {
        let of_type =
            if parameter.ends_with("SnapshotIdentifier") { ResourceType::Snapshot } else { ResourceType::Database };
        Arn::parse(call.input.text(parameter)?).filter(|arn| arn.resource_type == of_type)
    });
    match { named }.find(is_own) {
        None => Ok(()),
        Some(arn) => Err(Error::not_simulated(format!("the ARN {arn} as an identifier in rds:{operation}"))),
    }
}

/// The maximum length of a database identifier.
pub(super) const MAX_DATABASE_ID_LENGTH: usize = 63;

/// Checks the identifier of a new resource (`DBSnapshotIdentifier`) and converts it to lower case, as AWS does.
pub(super) fn check_identifier(identifier: &str, parameter: &str, longest: usize) -> Result<String, Error> {
    let fits = identifier.starts_with(|first: char| first.is_ascii_alphabetic())
        && identifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !identifier.ends_with('-')
        && !identifier.contains("--");
    if !fits {
        let message = format!(
            "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain \
             only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        );
        return Err(Error::new("InvalidParameterValue", message));
    }
    if identifier.len() > longest {
        let message = format!("The parameter {parameter} must not be longer than {longest} characters.");
        return Err(Error::new("InvalidParameterValue", message));
    }
    Ok(identifier.to_ascii_lowercase())
}
