//! Quotas: of those that RDS tells an account, the ones that are kept to here.

use serde_json::{Value, json};

use super::RdsContext;
use super::kind::Kind;
use crate::call::Error;
use crate::world::State;

/// By the names that the API reference has for them (`AccountQuota`).
const NAMES: [(&str, Kind); 2] = [("ManualClusterSnapshots", Kind::Cluster), ("ManualSnapshots", Kind::Instance)];

pub(super) fn describe(state: &mut State, ctx: &RdsContext) -> Result<Value, Error> {
    let most = state.settings.snapshot_quota;
    let rds = ctx.rds(state);
    let quotas = NAMES.map(|(name, kind)| {
        let used = rds.family(kind).snapshots.manual_count();
        json!({ "AccountQuotaName": name, "Used": used, "Max": most })
    });
    Ok(json!({ "AccountQuotas": quotas }))
}
