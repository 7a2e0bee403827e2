//! Parameters that are accepted without an effect. All other parameters that an operation does not read are refused.
//!
//! A parameter is in this table only if its effect is outside of the simulation: no response of a simulated operation would
//! differ.

use crate::call::{Error, Input, Service};
use crate::wire::params::Params;

/// Parameters of some operations of a service, with the reason why their effect cannot be observed.
struct WithoutEffect {
    service: Service,
    /// Empty for all operations of the service.
    operations: &'static [&'static str],
    parameters: &'static [(&'static str, Type)],
    /// For readers of this table.
    #[allow(dead_code, reason = "documentation")]
    reason: &'static str,
}

#[derive(Clone, Copy)]
enum Type {
    Flag,
    Text,
}

const TABLE: [WithoutEffect; 3] = [
    WithoutEffect {
        service: Service::Rds,
        operations: &["CopyDBSnapshot", "CopyDBClusterSnapshot"],
        parameters: &[("PreSignedUrl", Type::Text)],
        reason: "\"This setting applies only to Amazon Web Services GovCloud (US) Regions. It's ignored in other Amazon Web Services \
                 Regions.\" (API reference)",
    },
    WithoutEffect {
        service: Service::Rds,
        operations: &["ModifyDBInstance"],
        parameters: &[("CertificateRotationRestart", Type::Flag)],
        reason: "No response has whether an instance was restarted for its certificate.",
    },
    WithoutEffect {
        service: Service::Rds,
        operations: &["ModifyOptionGroup"],
        parameters: &[("ApplyImmediately", Type::Flag)],
        reason: "Options have no effect on the databases of this simulation.",
    },
];

/// Removes these parameters from a request. They must have their type nevertheless.
pub(crate) fn remove(service: Service, operation: &str, input: &mut Input) -> Result<(), Error> {
    let rows = TABLE
        .iter()
        .filter(|row| row.service == service && (row.operations.is_empty() || row.operations.contains(&operation)));
    for (name, of) in rows.flat_map(|row| row.parameters) {
        let Some(value) = input.take(name) else { continue };
        let is_valid = match (&value, of) {
            (Input::Params(Params::Text(_)), Type::Text) => true,
            (Input::Params(Params::Text(text)), Type::Flag) => text.parse::<bool>().is_ok(),
            (Input::Params(Params::Members(_)), _) => false,
            (Input::Json(json), Type::Text) => json.is_string(),
            (Input::Json(json), Type::Flag) => json.is_boolean(),
        };
        if !is_valid {
            return Err(Error::not_simulated(format!("this value of the parameter {name} of {service}:{operation}")));
        }
    }
    Ok(())
}
