//! Starting databases.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::RdsContext;
use super::super::events::EventKind;
use super::super::keys::has_usable_key;
use super::super::kind::Kind;
use super::changes::{self, Step};
use super::plan::became_available;
use super::{Status, Use, view};
use crate::call::Error;
use crate::world::State;

#[derive(Deserialize)]
pub(in crate::rds) struct StartRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
}

/// Recovers a database: "enable the KMS key and restart this DB instance".
pub(in crate::rds) fn start(state: &mut State, ctx: &RdsContext, wanted: &StartRequest) -> Result<Value, Error> {
    let found = ctx.own_database(state, &wanted.identifier)?;
    let (arn, uid, key) = (found.arn.clone(), found.uid(), found.key.clone());
    if !found.status.allows(Use::Start) {
        let (id, status) = (&arn.id, found.status.name());
        // As users of RDS reported.
        return Err(ctx.kind.invalid_database_state(match ctx.kind {
            Kind::Instance => format!(
                "Instance {id} cannot be started as it is not in one of the following statuses: 'stopped, \
                 inaccessible-encryption-credentials-recoverable, incompatible-network (only valid for non-SqlServer \
                 instances)'."
            ),
            Kind::Cluster => format!(
                "DbCluster {id} is in {status} state but expected it to be one of stopped, \
                 inaccessible-encryption-credentials-recoverable."
            ),
        }));
    }
    if !has_usable_key(state, &arn) {
        let message = format!("The KMS key [{}] of {arn} is not enabled.", key.unwrap_or_default());
        return Err(Error::new("KMSKeyNotAccessibleFault", message));
    }
    if let Some(found) = uid.find(state) {
        found.key_lost = None;
    }
    let steps = vec![
        Step::lasting(Status::Starting, |durations| durations.start),
        Step::resting(Status::Available).with(|state, uid| became_available(state, uid, EventKind::DatabaseStarted)),
    ];
    changes::start(state, &uid, steps);
    let found = ctx.own_database(state, &wanted.identifier)?;
    Ok(json!({ ctx.kind.spelling().database: view::database(found) }))
}
