//! What policies can ask about accounts and roles besides their names: organizations, tags of principals, networks.

use std::collections::BTreeMap;

use super::Network;
use crate::call::Caller;
use crate::world::World;

/// The attributes of all accounts. An account without an organization belongs to none.
#[derive(Default)]
pub(crate) struct Accounts {
    organizations: BTreeMap<String, Organization>,
    networks: BTreeMap<String, Network>,
    /// By account and role.
    tags: BTreeMap<(String, String), BTreeMap<String, String>>,
}

struct Organization {
    id: String,
    /// `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`.
    path: String,
}

/// Whose organization a condition key compares: the principal's, the resource's or the source's.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Principal,
    Resource,
    Source,
}

impl World {
    /// Puts an account into an organization, directly below the entity with this path: `o-a1b2c3d4e5/r-ab12` for the
    /// root, `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111` for an organizational unit.
    ///
    /// # Errors
    /// If the path does not begin with the identifiers of an organization and of a root.
    pub fn set_organization(&self, account: &str, path: &str) -> Result<(), String> {
        let path = path.trim_end_matches('/');
        let mut parts = path.split('/');
        let id = parts.next().filter(|id| id.starts_with("o-"));
        let (Some(id), Some("r-")) = (id, parts.next().and_then(|root| root.get(..2))) else {
            return Err(format!("{path} is not a path in an organization, like o-a1b2c3d4e5/r-ab12"));
        };
        let organization = Organization { id: id.to_owned(), path: format!("{path}/") };
        self.change(|state| state.accounts.organizations.insert(account.to_owned(), organization));
        Ok(())
    }

    /// Sets the network from which all principals of an account call AWS. Otherwise they call from the internet, with
    /// the address 192.0.2.1.
    pub fn set_network(&self, account: &str, network: Network) {
        self.change(|state| state.accounts.networks.insert(account.to_owned(), network));
    }

    /// Sets the tags of a role, in place of earlier ones.
    pub fn tag_role(&self, account: &str, role: &str, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.change(|state| state.accounts.tags.insert((account.to_owned(), role.to_owned()), tags));
    }
}

impl Accounts {
    /// The condition keys that compare an account's organization. "This key is included in the request context only if
    /// the principal is a member of an organization" (IAM user guide).
    pub(super) fn organization(&self, side: Side, account: &str) -> Vec<(&'static str, String)> {
        let Some(organization) = self.organizations.get(account) else { return Vec::new() };
        let (id, paths) = match side {
            Side::Principal => ("aws:PrincipalOrgID", "aws:PrincipalOrgPaths"),
            Side::Resource => ("aws:ResourceOrgID", "aws:ResourceOrgPaths"),
            Side::Source => ("aws:SourceOrgID", "aws:SourceOrgPaths"),
        };
        vec![(id, organization.id.clone()), (paths, organization.path.clone())]
    }

    pub(super) fn network(&self, account: &str) -> Vec<(&'static str, String)> {
        self.networks.get(account).cloned().unwrap_or_default().condition_keys()
    }

    /// The tags of the caller's role.
    pub(super) fn tags(&self, caller: &Caller) -> impl Iterator<Item = (String, &str)> {
        let role = caller.role.as_ref().map(|role| (caller.account.clone(), role.name.clone()));
        let tags = role.and_then(|role| self.tags.get(&role)).into_iter().flatten();
        tags.map(|(key, value)| (format!("aws:PrincipalTag/{key}"), value.as_str()))
    }
}
