//! Access control: policies and the roles that have them.
//!
//! A [`Policy`] evaluates an [`AccessRequest`]. [`is_allowed`] and [`check_key_access`] combine the policy of the
//! resource with the caller's own policies, as AWS does. This module knows no service: the service that calls it
//! provides the condition keys of the request.
//!
//! Each call passes [`authorize`] with its [`RequiredPermission`]s before its service handles it. Keys, topics and
//! functions have policies of their own; their services check again, or check instead, once they have found the
//! resource. All checks end in `decide`, which records in [`roles`] which permissions were used.

mod accounts;
mod condition;
mod document;
mod network;
mod pattern;
mod permission;
mod roles;
#[cfg(test)]
mod tests;

use crate::arn::{Arn, is_account};
use crate::call::Caller;
use crate::world::State;
pub(crate) use accounts::Accounts;
use accounts::Side;
use condition::Condition;
use document::PolicyType;
pub(crate) use document::is_principal_arn;
pub use network::Network;
pub(crate) use permission::{RequiredPermission, authorize, check_caller_policies};
pub(crate) use roles::{Roles, add_role, can_be_assumed, has_role};

/// A parsed policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    sid: Option<String>,
    effect: Effect,
    principals: Principals,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// `Principal`, or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Principals {
    /// A role's policy names none: it applies to the role.
    Own,
    AnyOf(Vec<PolicyPrincipal>),
    AllExcept(Vec<PolicyPrincipal>),
}

/// A principal as a policy names it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PolicyPrincipal {
    Everyone,
    /// By its account ID or the ARN of its root: the account as a whole, whose own policies then decide.
    Account(String),
    /// The ARN of a role or of a session.
    Arn(String),
    Service(String),
}

/// `Action` and `Resource`, or `NotAction` and `NotResource`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Patterns {
    AnyOf(Vec<String>),
    AllExcept(Vec<String>),
}

/// Who makes an access request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Principal<'a> {
    /// A principal in an account.
    Caller(&'a Caller),
    /// An AWS service that acts for a resource: `events.rds.amazonaws.com` for the snapshot of an event.
    Service { name: &'a str, source_arn: &'a str },
}

/// A request for access, to be evaluated against policies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessRequest<'a> {
    pub(crate) principal: Principal<'a>,
    /// `kms:Decrypt`.
    pub(crate) action: &'a str,
    /// The ARN of the resource.
    pub(crate) resource: &'a str,
    /// Condition keys that the service provides besides those of the principal: `("kms:CallerAccount",
    /// "111111111111")`. A multivalued key is repeated.
    pub(crate) context: &'a [(&'a str, &'a str)],
}

/// The result of evaluating one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allow,
    Deny,
    /// No statement matches.
    NotApplicable,
}

/// The access that a policy grants to the principal. The greatest grant of all statements counts, so their order does
/// not matter and a denial always wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grant {
    NoMatch,
    /// The policy names the principal's account, whose own policies decide.
    ToAccount,
    ToPrincipal,
    Denied,
}

impl Policy {
    /// Parses the policy of a resource. Elements that are not simulated are refused, never ignored.
    pub(crate) fn parse(document: &str) -> Result<Self, String> {
        document::read(document, PolicyType::Resource)
    }

    /// The same, for the policy of a KMS key.
    pub(crate) fn parse_key_policy(document: &str) -> Result<Self, String> {
        document::read(document, PolicyType::Key)
    }

    pub(crate) fn evaluate(&self, request: &AccessRequest<'_>, accounts: &Accounts) -> Verdict {
        match self.grant(request, accounts) {
            Grant::NoMatch => Verdict::NotApplicable,
            Grant::ToAccount | Grant::ToPrincipal => Verdict::Allow,
            Grant::Denied => Verdict::Deny,
        }
    }

    fn grant(&self, request: &AccessRequest<'_>, accounts: &Accounts) -> Grant {
        self.statements.iter().map(|statement| statement.grant(request, accounts)).max().unwrap_or(Grant::NoMatch)
    }
}

impl Statement {
    fn grant(&self, request: &AccessRequest<'_>, accounts: &Accounts) -> Grant {
        let to = self.principals.grant(request.principal);
        let applies = to != Grant::NoMatch
            && self.actions.matches(|pattern| pattern::action(pattern, request.action))
            && self.resources.matches(|pattern| pattern::arn(pattern, request.resource))
            && self.conditions.iter().all(|condition| condition.holds(&request.values(condition.key(), accounts)));
        match (applies, self.effect) {
            (false, _) => Grant::NoMatch,
            (true, Effect::Allow) => to,
            (true, Effect::Deny) => Grant::Denied,
        }
    }
}

impl Principals {
    fn grant(&self, principal: Principal<'_>) -> Grant {
        let greatest = |named: &[PolicyPrincipal]| named.iter().map(|named| named.grant(principal)).max();
        match self {
            Self::Own => Grant::ToPrincipal,
            Self::AnyOf(named) => greatest(named).unwrap_or(Grant::NoMatch),
            // An account stands for its root user only. A role must be named itself, besides its account.
            Self::AllExcept(named) => match (greatest(named), principal) {
                (Some(Grant::ToPrincipal), _) => Grant::NoMatch,
                (Some(Grant::ToAccount), Principal::Caller(caller)) if caller.role.is_none() => Grant::NoMatch,
                _ => Grant::ToPrincipal,
            },
        }
    }
}

impl PolicyPrincipal {
    fn grant(&self, principal: Principal<'_>) -> Grant {
        let to = match (self, principal) {
            (Self::Everyone, _) => Some(Grant::ToPrincipal),
            (Self::Account(account), Principal::Caller(caller)) => {
                (*account == caller.account).then_some(Grant::ToAccount)
            }
            (Self::Arn(arn), Principal::Caller(caller)) => {
                (*arn == caller.principal() || *arn == caller.arn()).then_some(Grant::ToPrincipal)
            }
            (Self::Service(service), Principal::Service { name, .. }) => {
                (service == name).then_some(Grant::ToPrincipal)
            }
            (Self::Account(_) | Self::Arn(_), Principal::Service { .. }) | (Self::Service(_), Principal::Caller(_)) => {
                None
            }
        };
        to.unwrap_or(Grant::NoMatch)
    }
}

impl Patterns {
    fn matches(&self, is_match: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::AnyOf(patterns) => patterns.iter().any(|pattern| is_match(pattern)),
            Self::AllExcept(patterns) => !patterns.iter().any(|pattern| is_match(pattern)),
        }
    }
}

impl AccessRequest<'_> {
    /// The values of a condition key. Keys are compared without regard to case, including the key of a tag:
    /// `aws:ResourceTag/TagKey1` "matches a resource tag key named either TagKey1 or tagkey1" (IAM user guide). The
    /// values that the service provides take precedence.
    fn values(&self, key: &str, accounts: &Accounts) -> Vec<String> {
        let provided = self.context.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let provided: Vec<_> = provided.map(|(_, value)| (*value).to_owned()).collect();
        if !provided.is_empty() {
            return provided;
        }
        let mut all = match self.principal {
            Principal::Caller(caller) => {
                if let Some((_, value)) = accounts.tags(caller).find(|(name, _)| name.eq_ignore_ascii_case(key)) {
                    return vec![value.to_owned()];
                }
                let mut all = vec![
                    ("aws:PrincipalArn", caller.principal()),
                    ("aws:PrincipalAccount", caller.account.clone()),
                    ("aws:PrincipalType", if caller.role.is_some() { "AssumedRole" } else { "Account" }.to_owned()),
                    ("aws:PrincipalIsAWSService", "false".to_owned()),
                    ("aws:ViaAWSService", "false".to_owned()),
                ];
                all.extend(accounts.organization(Side::Principal, &caller.account));
                all.extend(accounts.network(&caller.account));
                all
            }
            Principal::Service { name, source_arn } => {
                let source = Arn::parse(source_arn).map_or("", |arn| arn.account);
                let mut all = vec![
                    ("aws:PrincipalServiceName", name.to_owned()),
                    ("aws:PrincipalIsAWSService", "true".to_owned()),
                    ("aws:ViaAWSService", "false".to_owned()),
                    ("aws:SourceArn", source_arn.to_owned()),
                    ("aws:SourceAccount", source.to_owned()),
                ];
                all.extend(accounts.organization(Side::Source, source));
                all
            }
        };
        // Unless the service provides it: services act on resources of the region of the request.
        if let Some(region) = Arn::parse(self.resource).map(|arn| arn.region).filter(|region| !region.is_empty()) {
            all.push(("aws:RequestedRegion", region.to_owned()));
        }
        // A request on no particular resource (`*`) has no resource account.
        let owner = Arn::parse(self.resource).map(|arn| arn.account).filter(|account| is_account(account));
        if let Some(account) = owner {
            all.push(("aws:ResourceAccount", account.to_owned()));
            all.extend(accounts.organization(Side::Resource, account));
        }
        all.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value).collect()
    }
}

impl Caller {
    /// The ARN that `GetCallerIdentity` and error messages report: the session, not the role.
    pub(crate) fn arn(&self) -> String {
        match &self.role {
            Some(role) => format!("arn:aws:sts::{}:assumed-role/{}/{}", self.account, role.name, role.session),
            None => self.principal(),
        }
    }
}

/// Why access is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DenialReason {
    DeniedByResource,
    DeniedByCaller,
    /// The resource's policy does not allow it.
    NotAllowedByResource,
    /// The caller's own policies do not allow it.
    NotAllowedByCaller,
}

/// Whether the resource's policy and the caller's own policies together allow the request. Within an account either is
/// enough; from another account both must allow it. A denial always wins.
pub(crate) fn is_allowed(
    state: &mut State,
    request: &AccessRequest<'_>,
    resource_account: &str,
    resource_policy: Option<&Policy>,
) -> bool {
    decide(state, request, resource_account, resource_policy, SameAccountDefault::CallerPolicies).is_ok()
}

/// Checks access to a KMS key. Unlike other resources, a key is closed to every principal that its policy does not
/// name: "Without permission from the key policy, IAM policies that allow permissions have no effect" (KMS developer
/// guide).
pub(crate) fn check_key_access(
    state: &mut State,
    request: &AccessRequest<'_>,
    account: &str,
    policy: &Policy,
) -> Result<(), DenialReason> {
    decide(state, request, account, Some(policy), SameAccountDefault::Deny)
}

/// Whether the caller's own policies allow the request. A caller without policies may do everything.
pub(crate) fn own_policies_allow(state: &State, request: &AccessRequest<'_>) -> bool {
    own_verdict(state, request) == Verdict::Allow
}

/// Whether the caller's own policies deny the request.
pub(crate) fn own_policies_deny(state: &State, request: &AccessRequest<'_>) -> bool {
    own_verdict(state, request) == Verdict::Deny
}

fn own_verdict(state: &State, request: &AccessRequest<'_>) -> Verdict {
    match request.principal {
        Principal::Caller(caller) => state.roles.evaluate(caller, request, &state.accounts),
        Principal::Service { .. } => Verdict::NotApplicable,
    }
}

/// The result for callers of the same account if the resource's policy does not name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SameAccountDefault {
    /// Their own policies decide.
    CallerPolicies,
    Deny,
}

fn decide(
    state: &mut State,
    request: &AccessRequest<'_>,
    account: &str,
    policy: Option<&Policy>,
    default: SameAccountDefault,
) -> Result<(), DenialReason> {
    let State { roles, accounts, .. } = state;
    let grant = policy.map_or(Grant::NoMatch, |policy| policy.grant(request, accounts));
    if grant == Grant::Denied {
        return Err(DenialReason::DeniedByResource);
    }
    let Principal::Caller(caller) = request.principal else {
        return if grant == Grant::NoMatch { Err(DenialReason::NotAllowedByResource) } else { Ok(()) };
    };
    let own = roles.evaluate(caller, request, accounts);
    let same_account = caller.account == account;
    match grant {
        _ if own == Verdict::Deny => return Err(DenialReason::DeniedByCaller),
        Grant::ToPrincipal if same_account => {}
        Grant::NoMatch if !same_account || default == SameAccountDefault::Deny => {
            return Err(DenialReason::NotAllowedByResource);
        }
        _ if own == Verdict::Allow => {}
        _ => return Err(DenialReason::NotAllowedByCaller),
    }
    roles.mark_used(caller, request, accounts);
    Ok(())
}

/// The error message for the caller, in AWS's wording. `resource` is `*` for actions without a resource.
pub(crate) fn denial_message(reason: DenialReason, caller: &Caller, action: &str, resource: &str) -> String {
    let who = caller.arn();
    let what = if resource == "*" { action.to_owned() } else { format!("{action} on resource: {resource}") };
    let because = match reason {
        DenialReason::DeniedByResource => "with an explicit deny in a resource-based policy".to_owned(),
        DenialReason::DeniedByCaller => "with an explicit deny in an identity-based policy".to_owned(),
        DenialReason::NotAllowedByResource => format!("because no resource-based policy allows the {action} action"),
        DenialReason::NotAllowedByCaller => format!("because no identity-based policy allows the {action} action"),
    };
    format!("User: {who} is not authorized to perform: {what} {because}")
}
