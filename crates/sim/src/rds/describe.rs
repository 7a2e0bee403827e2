//! Describing snapshots: by identifier, by database, by type, and in pages.

use std::ops::Bound;

use serde::Deserialize;
use serde_json::{Value, json};

use super::identifiers::{Arn, ResourceType};
use super::snapshots::Snapshot;
use super::view::{Viewer, snapshot_type};
use super::{RdsContext, find_snapshot, paging, view};
use crate::call::Error;
use crate::page;
use crate::world::State;

/// The account ID that stands for public snapshots in the attribute `restore`.
pub(super) const EVERYONE: &str = "all";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    #[serde(rename = "DBSnapshotIdentifier", alias = "DBClusterSnapshotIdentifier")]
    identifier: Option<String>,
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    database: Option<String>,
    #[serde(alias = "DbClusterResourceId")]
    dbi_resource_id: Option<String>,
    snapshot_type: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    include_shared: bool,
    #[serde(default)]
    include_public: bool,
    max_records: Option<i64>,
    marker: Option<String>,
}

/// A filter of a request: the property must have one of the values.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    name: String,
    values: Vec<String>,
}

pub(super) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let scope = Scope::of(wanted)?;
    let (found, marker) = match &wanted.identifier {
        Some(named) => (vec![named_one(state, ctx, wanted, &scope, named)?], None),
        None => list(state, ctx, wanted, &scope)?,
    };
    Ok(json!({ format!("{}s", ctx.kind.spelling().snapshot): found, "Marker": marker }))
}

/// Whether an item passes all filters. `property` returns the item's value for the name of a filter.
pub(super) fn filtered<'a>(filters: &[Filter], property: impl Fn(&str) -> Option<&'a str>) -> Result<bool, Error> {
    for Filter { name, values } in filters {
        let Some(is) = property(name) else {
            return Err(Error::new("InvalidParameterValue", format!("Unrecognized filter name: {name}")));
        };
        // A filter value may be the ARN of a database.
        if !values.iter().any(|value| Arn::id_of(value).eq_ignore_ascii_case(is)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The snapshot types that a request includes.
struct Scope {
    /// The caller's own snapshots: all, those of one type, or none.
    own: Option<Own>,
    shared: bool,
    public: bool,
}

enum Own {
    All,
    Only(&'static str),
}

impl Scope {
    fn of(wanted: &DescribeRequest) -> Result<Self, Error> {
        let only = |own| Ok(Self { own: Some(Own::Only(own)), shared: false, public: false });
        match wanted.snapshot_type.as_deref() {
            None => Ok(Self { own: Some(Own::All), shared: wanted.include_shared, public: wanted.include_public }),
            Some("automated") => Ok(Self { public: wanted.include_public, ..only("automated")? }),
            Some("manual") => Ok(Self { public: wanted.include_public, ..only("manual")? }),
            Some("awsbackup") => only("awsbackup"),
            Some("shared") => Ok(Self { own: None, shared: true, public: false }),
            Some("public") => Ok(Self { own: None, shared: false, public: true }),
            Some(other) => Err(Error::new("InvalidParameterValue", format!("Unrecognized snapshot type: {other}"))),
        }
    }

    fn has(&self, snapshot: &Snapshot, viewer: Viewer) -> bool {
        match viewer {
            Viewer::Owner | Viewer::Deleter => match self.own {
                Some(Own::All) => true,
                Some(Own::Only(own)) => snapshot_type(snapshot, viewer) == own,
                None => false,
            },
            Viewer::Guest => self.shared,
            Viewer::Public => self.public,
        }
    }
}

/// The snapshot with this identifier, or the error that it was not found.
fn named_one(
    state: &mut State,
    ctx: &RdsContext,
    wanted: &DescribeRequest,
    scope: &Scope,
    named: &str,
) -> Result<Value, Error> {
    let now = state.now;
    let arn = ctx.snapshot_arn(named)?;
    let found = if arn.region == ctx.region { find_snapshot(state, &arn) } else { None };
    let viewer = found.as_ref().and_then(|snapshot| viewer(snapshot, &ctx.caller.account));
    let (Some(found), Some(viewer)) = (found, viewer) else { return Err(ctx.kind.snapshot_not_found(named)) };
    // Another account's shared snapshot is found by its full ARN, unless the request has a type.
    let in_scope = scope.has(found, viewer) || (viewer != Viewer::Owner && wanted.snapshot_type.is_none());
    if !in_scope || !fits(ctx, wanted, found, viewer)? {
        return Err(ctx.kind.snapshot_not_found(named));
    }
    Ok(view::snapshot(ctx.kind, found, viewer, now))
}

/// The relation of an account to a snapshot, or `None` if the account cannot see it.
pub(super) fn viewer(snapshot: &Snapshot, account: &str) -> Option<Viewer> {
    match snapshot {
        _ if snapshot.arn().account == account => Some(Viewer::Owner),
        _ if snapshot.shared_with.contains(account) => Some(Viewer::Guest),
        _ if snapshot.shared_with.contains(EVERYONE) => Some(Viewer::Public),
        _ => None,
    }
}

type Listed = (Vec<Value>, Option<String>);

/// A page of the matching snapshots, in the order of their ARNs.
fn list(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest, scope: &Scope) -> Result<Listed, Error> {
    let size = paging::size(wanted.max_records)?;
    let marker = wanted.marker.as_deref().map(|text| Arn::parse(text).ok_or_else(|| paging::invalid_marker(text)));
    let marker = marker.transpose()?;
    let mut found = own(state, ctx, wanted, scope, marker.as_ref(), size)?;
    for (is_wanted, account, viewer) in
        [(scope.shared, ctx.caller.account.as_str(), Viewer::Guest), (scope.public, EVERYONE, Viewer::Public)]
    {
        if is_wanted {
            found.extend(others(state, ctx, wanted, account, viewer, marker.as_ref(), size)?);
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found.dedup_by(|(one, _), (other, _)| one == other);
    let (found, marker) = page::cut(found, size);
    Ok((found, marker.map(|arn| arn.to_string())))
}

type Found = Vec<(Arn, Value)>;

/// The caller's own snapshots after the marker: one page and one more.
fn own(
    state: &mut State,
    ctx: &RdsContext,
    wanted: &DescribeRequest,
    scope: &Scope,
    marker: Option<&Arn>,
    size: usize,
) -> Result<Found, Error> {
    let now = state.now;
    let start = ctx.arn(ResourceType::Snapshot, "");
    let after = match marker {
        Some(marker) if (&marker.account, &marker.region) == (&start.account, &start.region) => {
            Bound::Excluded(marker.id.as_str())
        }
        Some(marker) if *marker > start => return Ok(Vec::new()),
        _ => Bound::Unbounded,
    };
    let database = wanted.database(ctx);
    let snapshots = &ctx.family(state).snapshots;
    let candidates: Box<dyn Iterator<Item = &Snapshot>> = match &database {
        Some(database) => Box::new(snapshots.of_database_after(database, after)),
        None => Box::new(snapshots.after(after)),
    };
    let found = candidates.filter(|snapshot| scope.has(snapshot, Viewer::Owner)).map(|snapshot| {
        let fits = fits(ctx, wanted, snapshot, Viewer::Owner)?;
        Ok(fits.then(|| (snapshot.arn().clone(), view::snapshot(ctx.kind, snapshot, Viewer::Owner, now))))
    });
    found.filter_map(Result::transpose).take(size + 1).collect()
}

/// The same for snapshots of other accounts that are shared with this account, or public.
fn others(
    state: &mut State,
    ctx: &RdsContext,
    wanted: &DescribeRequest,
    account: &str,
    viewer: Viewer,
    marker: Option<&Arn>,
    size: usize,
) -> Result<Found, Error> {
    let now = state.now;
    let shared = &state.region_state(account, &ctx.region).rds.family(ctx.kind).shared;
    let arns: Vec<Arn> =
        shared.range((marker.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)).cloned().collect();
    let found = arns.into_iter().filter(|arn| arn.account != ctx.caller.account).map(|arn| {
        let Some(snapshot) = find_snapshot(state, &arn) else { return Ok(None) };
        let fits = fits(ctx, wanted, snapshot, viewer)?;
        Ok(fits.then(|| (arn, view::snapshot(ctx.kind, snapshot, viewer, now))))
    });
    found.filter_map(Result::transpose).take(size + 1).collect()
}

impl DescribeRequest {
    /// The database that the request is limited to, if it is exactly one.
    fn database(&self, ctx: &RdsContext) -> Option<String> {
        let filter = self.filters.iter().find(|filter| filter.name == ctx.kind.spelling().filter_database);
        let filtered = filter.and_then(|filter| match filter.values.as_slice() {
            [one] => Some(one),
            _ => None,
        });
        let named = self.database.as_ref().or(filtered)?;
        Some(Arn::id_of(named))
    }
}

/// Whether a snapshot matches the request in everything but its type.
fn fits(ctx: &RdsContext, wanted: &DescribeRequest, snapshot: &Snapshot, viewer: Viewer) -> Result<bool, Error> {
    let spelling = ctx.kind.spelling();
    let of = &snapshot.of;
    let passes = filtered(&wanted.filters, |filter| match filter {
        _ if filter == spelling.filter_database => Some(&of.id),
        _ if filter == spelling.filter_snapshot => Some(&snapshot.arn().id),
        "dbi-resource-id" | "db-cluster-resource-id" => Some(&of.resource_id),
        "snapshot-type" => Some(snapshot_type(snapshot, viewer)),
        "engine" => Some(of.engine.name),
        _ => None,
    })?;
    Ok(passes
        && wanted.database.as_ref().is_none_or(|named| Arn::id_of(named) == of.id)
        && wanted.dbi_resource_id.as_ref().is_none_or(|id| *id == of.resource_id))
}
