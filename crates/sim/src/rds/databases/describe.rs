//! Describing databases.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::filters::{self, Filter, Property};
use super::super::identifiers::Arn;
use super::super::kind::Kind;
use super::super::{Family, RdsContext, automated_backups, paging, read_family};
use super::{Database, view};
use crate::call::Error;
use crate::page;
use crate::questions::FilteredOut;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::rds) struct DescribeRequest {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    max_records: Option<i64>,
    marker: Option<String>,
}

pub(in crate::rds) fn describe(state: &mut State, ctx: &RdsContext, wanted: &DescribeRequest) -> Result<Value, Error> {
    let spelling = ctx.kind.spelling();
    let list = format!("{}s", spelling.database);
    let (size, last) = (paging::size(wanted.max_records)?, paging::last(&list, wanted.marker.as_ref())?);
    filters::check(state.settings.answers.unnamed_errors, &wanted.filters, filter_names(ctx.kind))?;
    if let Some(named) = &wanted.identifier {
        let answer = state.settings.answers.filtered_out;
        let uid = ctx.own_database(state, named)?.uid();
        let found = read(state, ctx).and_then(|family| family.databases.with_resource_id(&uid.resource_id));
        let found = found.ok_or_else(|| ctx.kind.database_not_found(named))?;
        let found = match (found.passes(state, &wanted.filters)?, answer) {
            (true, _) => {
                let mut view = view::database(state, found);
                automated_backups::add_to_view(state, &uid, &mut view);
                vec![view]
            }
            (false, FilteredOut::Empty) => Vec::new(),
            (false, FilteredOut::NotFound) => return Err(ctx.kind.database_not_found(named)),
        };
        return Ok(json!({ list: found }));
    }
    let candidates = read(state, ctx).map(|family| page::after(last.as_ref(), family.databases.by_id()));
    let found = candidates.into_iter().flatten().map(|(id, database)| {
        let passes = database.passes(state, &wanted.filters)?;
        Ok(passes.then(|| (id.clone(), (database.uid(), view::database(state, database)))))
    });
    let (mut found, marker) = paging::cut(found, size)?;
    for (uid, view) in &mut found {
        automated_backups::add_to_view(state, uid, view);
    }
    let found: Vec<_> = found.into_iter().map(|(_, view)| view).collect();
    let marker = marker.map(|id| page::marker(&list, &id));
    Ok(json!({ list: found, "Marker": marker }))
}

/// The filters that the API reference lists for each operation.
fn filter_names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Instance => &["db-cluster-id", "db-instance-id", "dbi-resource-id", "domain", "engine"],
        Kind::Cluster => &["clone-group-id", "db-cluster-id", "db-cluster-resource-id", "domain", "engine"],
    }
}

impl Database {
    fn passes(&self, state: &State, filters: &[Filter]) -> Result<bool, Error> {
        filters::passes(filters, |filter| {
            Some(match (filter, self.arn.kind) {
                ("db-instance-id", _) | ("db-cluster-id", Kind::Cluster) => Property::Resource(self.arn.clone()),
                ("dbi-resource-id" | "db-cluster-resource-id", _) => Property::text(&self.facts.resource_id),
                ("engine", _) => Property::text(self.facts.engine.name),
                ("db-cluster-id", Kind::Instance) => {
                    self.arn_of_cluster(state).map_or(Property::None, Property::Resource)
                }
                ("clone-group-id", _) => self.clone_group.as_deref().map_or(Property::None, Property::text),
                // No database is in a domain.
                ("domain", _) => Property::None,
                _ => return None,
            })
        })
    }

    fn arn_of_cluster(&self, state: &State) -> Option<Arn> {
        let uid = self.cluster.as_ref()?;
        let clusters = read_family(state, &uid.account, &uid.region, Kind::Cluster)?;
        clusters.databases.with_resource_id(&uid.resource_id).map(|cluster| cluster.arn.clone())
    }
}

/// The databases of the caller.
fn read<'s>(state: &'s State, ctx: &RdsContext) -> Option<&'s Family> {
    read_family(state, &ctx.caller.account, &ctx.region, ctx.kind)
}
