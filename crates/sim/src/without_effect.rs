//! Parameters that are accepted without an effect. All other parameters that an operation does not read are refused.
//!
//! A parameter is in this table only if its effect is outside of the simulation: no response of a simulated operation would
//! differ.

use crate::call::Service;

/// Parameters of some operations of a service, with the reason why their effect cannot be observed.
struct WithoutEffect {
    service: Service,
    /// Empty for all operations of the service.
    operations: &'static [&'static str],
    parameters: &'static [&'static str],
    /// For readers of this table.
    #[allow(dead_code, reason = "documentation")]
    reason: &'static str,
}

const TABLE: [WithoutEffect; 2] = [
    WithoutEffect {
        service: Service::Rds,
        operations: &["CopyDBSnapshot", "CopyDBClusterSnapshot"],
        parameters: &["PreSignedUrl"],
        reason: "\"This setting applies only to Amazon Web Services GovCloud (US) Regions. It's ignored in other Amazon Web Services \
                 Regions.\" (API reference)",
    },
    WithoutEffect {
        service: Service::Rds,
        operations: &["ModifyDBInstance", "ModifyDBCluster"],
        parameters: &["ApplyImmediately"],
        reason: "AWS applies all modifications that are simulated as soon as possible, with or without it.",
    },
];

pub(crate) fn is_listed(service: Service, operation: &str, parameter: &str) -> bool {
    TABLE.iter().any(|row| {
        row.service == service
            && (row.operations.is_empty() || row.operations.contains(&operation))
            && row.parameters.contains(&parameter)
    })
}
