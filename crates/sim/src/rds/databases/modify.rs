//! Modifying databases: the settings that AWS changes without an outage, at once.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::given::WithSettings;
use super::super::{RdsContext, rules};
use super::{Facts, Use, view};
use crate::call::Error;
use crate::world::State;

#[derive(Deserialize)]
pub(in crate::rds) struct ModifyRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
}

pub(in crate::rds) fn modify(
    state: &mut State,
    ctx: &RdsContext,
    WithSettings { request, given }: WithSettings<ModifyRequest>,
) -> Result<Value, Error> {
    let found = ctx.own_database(state, &request.identifier)?;
    found.check(Use::Modify)?;
    let mut settings = found.facts.settings.clone();
    settings.give(ctx.kind, given)?;
    rules::choose_windows(&mut settings, &mut state.random)?;
    let found = ctx.own_database(state, &request.identifier)?;
    found.facts = Arc::new(Facts { settings, ..Facts::clone(&found.facts) });
    Ok(json!({ ctx.kind.spelling().database: view::database(found) }))
}
