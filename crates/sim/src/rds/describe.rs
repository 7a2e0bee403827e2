//! Describing snapshots: by identifier, by database, by type, and in pages.

use std::ops::Bound;

use serde::Deserialize;

use super::filters::{self, Filter, Property};
use super::identifiers::{Arn, ResourceType};
use super::kind::Kind;
use super::snapshots::{Origin, Snapshot};
use super::view::{ViewContext, Viewer, snapshot_type};
use super::{Family, RdsContext, paging, read_family, read_snapshot, view};
use crate::call::Error;
use crate::page;
use crate::questions::{Answers, AutomatedByIdentifier, FilteredOut, SharedByArn, SnapshotsOfMissingDatabase};
use crate::wire::xml::Xml;
use crate::world::State;

/// The account ID that stands for public snapshots in the attribute `restore`.
pub(super) const EVERYONE: &str = "all";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeRequest {
    #[serde(rename = "DBSnapshotIdentifier")]
    identifier: Option<String>,
    #[serde(rename = "DBInstanceIdentifier")]
    database: Option<String>,
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

pub(super) fn describe(state: &State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Xml, Error> {
    let scope = Scope::of(wanted)?;
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, filter_names(ctx.kind))?;
    // "This parameter can't be used in conjunction with the DBClusterIdentifier parameter" (`DescribeDBClusterSnapshots`).
    if let (Kind::Cluster, Some(_), Some(_)) = (ctx.kind, &wanted.identifier, &wanted.database) {
        let message = "DBClusterSnapshotIdentifier and DBClusterIdentifier cannot be used together.";
        return Err(Error::new("InvalidParameterCombination", message));
    }
    let list_name = format!("{}s", ctx.kind.spelling().snapshot);
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(&list_name, wanted.marker.as_ref())?);
    let (found, last) = match &wanted.identifier {
        Some(named) => (named_one(state, ctx, wanted, &scope, named)?.into_iter().collect(), None),
        None => list(state, ctx, wanted, &scope, (size, last.as_deref().and_then(Arn::parse).as_ref()))?,
    };
    let mut xml = Xml::default();
    xml.nested(&list_name, |xml| {
        for (snapshot, viewer) in found {
            view::write_snapshot(xml, snapshot, viewer, ViewContext::of(state));
        }
    });
    xml.optional("Marker", last.map(|arn| page::marker(&list_name, &arn)).as_deref());
    Ok(xml)
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
            // "The IncludeShared and IncludePublic parameters don't apply for SnapshotType values of manual or automated"
            // (`DescribeDBSnapshots`).
            Some("automated") => only("automated"),
            Some("manual") => only("manual"),
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
            Viewer::SharedAccount => self.shared,
            Viewer::Public => self.public,
        }
    }
}

/// The snapshot with this identifier, or the error that it was not found.
fn named_one<'s>(
    state: &'s State,
    ctx: &RdsContext,
    wanted: &DescribeRequest,
    scope: &Scope,
    named: &str,
) -> Result<Option<Found<'s>>, Error> {
    let arn = ctx.snapshot_arn(named)?;
    let found = if arn.region == ctx.region { read_snapshot(state, &arn) } else { None };
    let viewer = found.and_then(|snapshot| viewer(snapshot, &ctx.caller.account));
    let (Some(found), Some(viewer)) = (found, viewer) else { return Err(ctx.kind.snapshot_not_found(named)) };
    let Answers { automated_by_identifier, filtered_out, shared_by_arn, .. } = state.settings.answers;
    let in_scope = match (viewer, wanted.snapshot_type.is_none()) {
        (Viewer::Owner | Viewer::Deleter, true) => {
            found.origin != Origin::Automated || automated_by_identifier == AutomatedByIdentifier::Found
        }
        (Viewer::SharedAccount | Viewer::Public, true) if shared_by_arn == SharedByArn::Found => true,
        _ => scope.has(found, viewer),
    };
    match (in_scope, fits(state, wanted, found, viewer)?, filtered_out) {
        (true, true, _) => Ok(Some((found, viewer))),
        (true, false, FilteredOut::Empty) => Ok(None),
        _ => Err(ctx.kind.snapshot_not_found(named)),
    }
}

/// The relation of an account to a snapshot, or `None` if the account cannot see it.
pub(super) fn viewer(snapshot: &Snapshot, account: &str) -> Option<Viewer> {
    match snapshot {
        _ if snapshot.arn().account == account => Some(Viewer::Owner),
        _ if snapshot.shared_with.contains(account) => Some(Viewer::SharedAccount),
        _ if snapshot.shared_with.contains(EVERYONE) => Some(Viewer::Public),
        _ => None,
    }
}

/// A snapshot, and the caller's relation to it.
type Found<'s> = (&'s Snapshot, Viewer);

type Listed<'s> = (Vec<Found<'s>>, Option<String>);

/// A page of the matching snapshots, in the order of their ARNs. The ARN is that of the last one, if more follow.
fn list<'s>(
    state: &'s State,
    ctx: &RdsContext,
    wanted: &DescribeRequest,
    scope: &Scope,
    (size, marker): (usize, Option<&Arn>),
) -> Result<Listed<'s>, Error> {
    if let (Some(named), SnapshotsOfMissingDatabase::NotFound) =
        (&wanted.database, state.settings.answers.snapshots_of_missing_database)
    {
        check_database_exists(state, ctx, named)?;
    }
    let mut found = own(state, ctx, wanted, scope, marker, size)?;
    for (is_wanted, account, viewer) in
        [(scope.shared, ctx.caller.account.as_str(), Viewer::SharedAccount), (scope.public, EVERYONE, Viewer::Public)]
    {
        if is_wanted {
            found.extend(others(state, ctx, wanted, account, viewer, marker, size)?);
        }
    }
    found.sort_by_key(|(snapshot, _)| snapshot.arn());
    found.dedup_by_key(|(snapshot, _)| snapshot.arn());
    let (found, last) = page::cut(found.into_iter().map(|found| (found.0.arn(), found)), size);
    Ok((found, last.map(Arn::to_string)))
}

/// The error is the only one that the API reference lists for this operation.
fn check_database_exists(state: &State, ctx: &RdsContext, named: &str) -> Result<(), Error> {
    let arn = ctx.arn_of(ResourceType::Database, named).filter(|arn| ctx.is_own(arn));
    let family = read_family(state, &ctx.caller.account, &ctx.region, ctx.kind);
    let found = arn.zip(family).is_some_and(|(arn, family)| family.databases.contains(&arn.id));
    if found { Ok(()) } else { Err(ctx.kind.snapshot_not_found(named)) }
}

/// The caller's own snapshots after the marker: one page and one more.
fn own<'s>(
    state: &'s State,
    ctx: &RdsContext,
    wanted: &DescribeRequest,
    scope: &Scope,
    marker: Option<&Arn>,
    size: usize,
) -> Result<Vec<Found<'s>>, Error> {
    let start = ctx.arn(ResourceType::Snapshot, "");
    let after = match marker {
        Some(marker) if (&marker.account, &marker.region) == (&start.account, &start.region) => {
            Bound::Excluded(marker.id.as_str())
        }
        Some(marker) if *marker > start => return Ok(Vec::new()),
        _ => Bound::Unbounded,
    };
    let database = wanted.database(ctx);
    let Some(Family { snapshots, .. }) = read_family(state, &ctx.caller.account, &ctx.region, ctx.kind) else {
        return Ok(Vec::new());
    };
    let candidates: Box<dyn Iterator<Item = &Snapshot>> = match &database {
        Some(database) => Box::new(snapshots.of_database_after(database, after)),
        None => Box::new(snapshots.after(after)),
    };
    let found = candidates.filter(|snapshot| scope.has(snapshot, Viewer::Owner)).map(|snapshot| {
        let fits = fits(state, wanted, snapshot, Viewer::Owner)?;
        Ok(fits.then_some((snapshot, Viewer::Owner)))
    });
    found.filter_map(Result::transpose).take(size + 1).collect()
}

/// The same for snapshots of other accounts that are shared with this account, or public.
fn others<'s>(
    state: &'s State,
    ctx: &RdsContext,
    wanted: &DescribeRequest,
    account: &str,
    viewer: Viewer,
    marker: Option<&Arn>,
    size: usize,
) -> Result<Vec<Found<'s>>, Error> {
    let Some(Family { shared, .. }) = read_family(state, account, &ctx.region, ctx.kind) else {
        return Ok(Vec::new());
    };
    let arns = shared.range((marker.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
    let found = arns.filter(|arn| arn.account != ctx.caller.account).map(|arn| {
        let Some(snapshot) = read_snapshot(state, arn) else { return Ok(None) };
        let fits = fits(state, wanted, snapshot, viewer)?;
        Ok(fits.then_some((snapshot, viewer)))
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
        Some(ctx.arn_of(ResourceType::Database, named)?.id)
    }
}

/// The filters that the API reference lists for each kind.
fn filter_names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Instance => &["db-instance-id", "db-snapshot-id", "dbi-resource-id", "snapshot-type", "engine"],
        Kind::Cluster => &["db-cluster-id", "db-cluster-snapshot-id", "snapshot-type", "engine"],
    }
}

/// Whether a snapshot matches the request in everything but its type.
fn fits(state: &State, wanted: &DescribeRequest, snapshot: &Snapshot, viewer: Viewer) -> Result<bool, Error> {
    let database = &snapshot.database;
    let passes = filters::passes(&wanted.filters, |filter| {
        Some(match filter {
            "db-instance-id" | "db-cluster-id" => Property::Resource(snapshot.database_arn()),
            "db-snapshot-id" | "db-cluster-snapshot-id" => {
                Property::text(view::identifier(snapshot, viewer, ViewContext::of(state)))
            }
            "dbi-resource-id" => Property::text(&database.resource_id),
            "snapshot-type" => Property::text(snapshot_type(snapshot, viewer)),
            "engine" => Property::text(database.engine.name),
            _ => return None,
        })
    })?;
    Ok(passes
        && wanted.database.as_ref().is_none_or(|named| snapshot.database_arn().is_named(named))
        && wanted.dbi_resource_id.as_ref().is_none_or(|id| *id == database.resource_id))
}
