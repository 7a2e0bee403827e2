//! Roles: their policies, and which of their permissions were ever used.

use std::collections::BTreeMap;

use super::document::{self, PolicyType};
use super::{AccessRequest, Accounts, Effect, Grant, Patterns, Policy, Principal, Statement, Verdict, pattern};
use crate::arn::Arn;
use crate::call::{self, Caller};
use crate::world::{State, World};

/// The known roles of all accounts, by account and name. An unknown role may do everything that resource policies
/// allow.
#[derive(Default)]
pub(crate) struct Roles {
    known: BTreeMap<String, BTreeMap<String, Role>>,
    /// The callers of access keys that are not account IDs.
    access_keys: BTreeMap<String, Caller>,
}

struct Role {
    /// The statements of all its policies.
    statements: Vec<TrackedStatement>,
    /// The trust policy. A role without one can be assumed by every principal.
    trust: Option<Policy>,
}

struct TrackedStatement {
    statement: Statement,
    /// For each action pattern, whether it was needed. A `NotAction` counts as one pattern; a denial has none.
    actions: Vec<bool>,
    /// The same for the resource patterns.
    resources: Vec<bool>,
}

impl World {
    /// Sets the policies of a role, in place of earlier ones. A role without policies may do everything that resource
    /// policies allow.
    ///
    /// # Errors
    /// If a policy is invalid or uses an element that is not simulated.
    pub fn add_role(&self, account: &str, name: &str, policies: &[&str]) -> Result<(), String> {
        self.change(|state| add_role(state, account, name, policies, None))
    }

    /// Assigns an access key to a role. It takes precedence over the session token. Use it for keys made outside the
    /// simulation, whose STS does not issue any.
    pub fn add_access_key(&self, access_key: &str, account: &str, role: &str) {
        let role = call::Role { name: role.to_owned(), session: access_key.to_owned() };
        let caller = Caller { account: account.to_owned(), role: Some(role) };
        self.change(|state| state.roles.access_keys.insert(access_key.to_owned(), caller));
    }

    /// The permissions of a role, and whether each was needed since the role got its policies: every action pattern and
    /// resource pattern with the name of its statement, in the order of the policies (`ReadSnapshots:
    /// rds:DescribeDBSnapshots`, `ReadSnapshots: on *`). A statement without a `Sid` is named by its number.
    ///
    /// A pattern was needed if it allowed a request that no other pattern would have allowed. If two statements allow
    /// the same request, neither is counted: either could be removed.
    ///
    /// # Errors
    /// If the role has no policies.
    pub fn permissions(&self, account: &str, role: &str) -> Result<Vec<(String, bool)>, String> {
        self.change(|state| {
            let known = state.roles.known.get(account).and_then(|roles| roles.get(role));
            let known = known.ok_or_else(|| format!("the role {role} of {account} has no policies"))?;
            Ok(known.statements.iter().zip(1..).flat_map(|(tracked, number)| tracked.permissions(number)).collect())
        })
    }

    /// The permissions of a role that were never needed.
    ///
    /// # Errors
    /// If the role has no policies.
    pub fn unused_permissions(&self, account: &str, role: &str) -> Result<Vec<String>, String> {
        let all = self.permissions(account, role)?;
        Ok(all.into_iter().filter(|(_, used)| !used).map(|(permission, _)| permission).collect())
    }
}

/// Sets the policies and the trust policy of a role.
pub(crate) fn add_role(
    state: &mut State,
    account: &str,
    name: &str,
    policies: &[impl AsRef<str>],
    trust: Option<&str>,
) -> Result<(), String> {
    let read = |policy: &_| document::read(AsRef::as_ref(policy), PolicyType::Role);
    let policies: Vec<_> = policies.iter().map(read).collect::<Result<_, _>>()?;
    let trust = trust.map(|trust| document::read(trust, PolicyType::Trust)).transpose()?;
    let statements = policies.into_iter().flat_map(|policy| policy.statements).map(TrackedStatement::new).collect();
    let roles = state.roles.known.entry(account.to_owned()).or_default();
    roles.insert(name.to_owned(), Role { statements, trust });
    Ok(())
}

pub(crate) fn has_role(state: &State, account: &str, name: &str) -> bool {
    state.roles.known.get(account).is_some_and(|roles| roles.contains_key(name))
}

/// Whether a service may assume a role on behalf of one of its resources.
pub(crate) fn can_be_assumed(state: &State, role_arn: &str, service: &str, source_arn: &str) -> bool {
    let role = Arn::of("iam", role_arn)
        .and_then(|arn| state.roles.known.get(arn.account)?.get(arn.resource.strip_prefix("role/")?));
    let principal = Principal::Service { name: service, source_arn };
    let request = AccessRequest { principal, action: "sts:AssumeRole", resource: role_arn, context: &[] };
    let allows = |trust: &Policy| trust.evaluate(&request, &state.accounts) == Verdict::Allow;
    role.is_some_and(|role| role.trust.as_ref().is_none_or(allows))
}

impl Roles {
    /// The caller that an access key was assigned to.
    pub(crate) fn owner_of(&self, access_key: &str) -> Option<Caller> {
        self.access_keys.get(access_key).cloned()
    }

    /// Whether the caller has policies of its own. The root of an account has none.
    pub(crate) fn has_policies(&self, caller: &Caller) -> bool {
        self.of(caller).is_some()
    }

    /// Evaluates the caller's own policies. A caller without policies may do everything.
    pub(super) fn evaluate(&self, caller: &Caller, request: &AccessRequest<'_>, accounts: &Accounts) -> Verdict {
        let Some(role) = self.of(caller) else { return Verdict::Allow };
        match role.statements.iter().map(|tracked| tracked.statement.grant(request, accounts)).max() {
            None | Some(Grant::NoMatch) => Verdict::NotApplicable,
            Some(Grant::ToAccount | Grant::ToPrincipal) => Verdict::Allow,
            Some(Grant::Denied) => Verdict::Deny,
        }
    }

    /// Records which of the caller's permissions were needed to allow this request.
    pub(super) fn mark_used(&mut self, caller: &Caller, request: &AccessRequest<'_>, accounts: &Accounts) {
        let role = caller.role.as_ref().and_then(|role| self.known.get_mut(&caller.account)?.get_mut(&role.name));
        // Matching is expensive, and a role whose permissions were all used needs no further recording.
        let Some(role) = role.filter(|role| !role.statements.iter().all(TrackedStatement::is_fully_used)) else {
            return;
        };
        let allows = |tracked: &&mut TrackedStatement| tracked.statement.grant(request, accounts) == Grant::ToPrincipal;
        let mut allowing = role.statements.iter_mut().filter(allows);
        if let (Some(tracked), None) = (allowing.next(), allowing.next()) {
            tracked.mark_used(request);
        }
    }

    fn of(&self, caller: &Caller) -> Option<&Role> {
        self.known.get(&caller.account)?.get(&caller.role.as_ref()?.name)
    }
}

impl TrackedStatement {
    fn new(statement: Statement) -> Self {
        let patterns = |choice: &Patterns| match (statement.effect, choice) {
            (Effect::Deny, _) => 0,
            (Effect::Allow, Patterns::AnyOf(patterns)) => patterns.len(),
            (Effect::Allow, Patterns::AllExcept(_)) => 1,
        };
        let [actions, resources] =
            [&statement.actions, &statement.resources].map(|choice| vec![false; patterns(choice)]);
        Self { statement, actions, resources }
    }

    fn is_fully_used(&self) -> bool {
        self.actions.iter().chain(&self.resources).all(|needed| *needed)
    }

    /// Records a request that only this statement allowed.
    fn mark_used(&mut self, request: &AccessRequest<'_>) {
        let Self { statement, actions, resources } = self;
        mark(actions, &statement.actions, |written| pattern::action(written, request.action));
        mark(resources, &statement.resources, |written| pattern::arn(written, request.resource));
    }

    fn permissions(&self, number: usize) -> impl Iterator<Item = (String, bool)> {
        let name = self.statement.sid.clone().unwrap_or_else(|| format!("statement {number}"));
        let actions = named(&self.statement.actions).zip(self.actions.clone());
        let resources = named(&self.statement.resources).zip(self.resources.clone());
        let resources = resources.map(|(written, needed)| (format!("on {written}"), needed));
        let all: Vec<_> = actions.chain(resources).collect();
        all.into_iter().map(move |(written, needed)| (format!("{name}: {written}"), needed))
    }
}

/// If exactly one pattern matches, it was needed. If several match, each of them could be removed.
fn mark(needed: &mut [bool], choice: &Patterns, matches: impl Fn(&str) -> bool) {
    let Patterns::AnyOf(patterns) = choice else { return needed.fill(true) };
    let mut matching = patterns.iter().zip(needed).filter(|(pattern, _)| matches(pattern));
    if let (Some((_, needed)), None) = (matching.next(), matching.next()) {
        *needed = true;
    }
}

fn named(choice: &Patterns) -> impl Iterator<Item = String> {
    match choice {
        Patterns::AnyOf(patterns) => patterns.clone(),
        Patterns::AllExcept(patterns) => vec![format!("all but {}", patterns.join(", "))],
    }
    .into_iter()
}
