//! Finds the key that a request names and checks the caller's permission.

use super::grant::{EncryptionContext, Named, Terms, Use, names};
use super::{Key, KeyManager, KeyState};
use crate::arn::Arn;
use crate::call::{Caller, Error, Service};
use crate::context::CallContext;
use crate::iam::{self, AccessRequest, DenialReason, Principal, RequiredPermission};
use crate::world::State;

/// The location of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyLocation {
    account: String,
    region: String,
    id: String,
}

/// The actions that a key policy can allow to another account. For all others, KMS's table of permissions excludes
/// cross-account use, even if the policies allow it.
const CROSS_ACCOUNT_ACTIONS: [&str; 5] =
    ["kms:CreateGrant", "kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:RevokeGrant"];

/// Finds a key by its identifier or ARN, if the caller may perform the action on it.
pub(super) fn find_key<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    named: &str,
    action: &str,
) -> Result<&'s mut Key, Error> {
    find_key_with(state, ctx, named, &RequiredPermission::new(action, "*"))
}

/// The same, with further condition keys. The resource of the permission is the key.
pub(super) fn find_key_with<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    named: &str,
    permission: &RequiredPermission,
) -> Result<&'s mut Key, Error> {
    let location = parse_key_name(named, &ctx.caller, &ctx.region)?.key()?;
    authorize(state, ctx, &location, permission, None)
}

/// Finds a key by its identifier or ARN, if the caller may create this grant on it.
pub(super) fn find_key_for_grant<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    named: &str,
    terms: &Terms,
) -> Result<&'s mut Key, Error> {
    let location = parse_key_name(named, &ctx.caller, &ctx.region)?.key()?;
    let mut permission = RequiredPermission::new("kms:CreateGrant", "*");
    permission.context = grant_keys(terms);
    authorize(state, ctx, &location, &permission, Some(Use::CreateGrant(terms)))
}

/// Finds a key by its identifier, ARN, alias or alias ARN, if the caller may perform the action on it.
pub(super) fn find_key_or_alias<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    named: &str,
    action: &str,
) -> Result<&'s mut Key, Error> {
    let location = find(state, &ctx.caller, &ctx.region, named)?;
    let by_grant = (action == "kms:DescribeKey").then_some(Use::Describe);
    authorize(state, ctx, &location, &RequiredPermission::new(action, "*"), by_grant)
}

/// The identifier of a key of the caller's own account. Requires no permission on the key.
pub(super) fn own_key_id(state: &mut State, ctx: &CallContext, named: &str) -> Result<String, Error> {
    let location = parse_key_name(named, &ctx.caller, &ctx.region)?.key()?;
    let found = location.account == ctx.caller.account && key_at(state, &location).is_some();
    if found { Ok(location.id) } else { Err(no_such_key(&location)) }
}

fn authorize<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    location: &KeyLocation,
    permission: &RequiredPermission,
    by_grant: Option<Use<'_>>,
) -> Result<&'s mut Key, Error> {
    let action = permission.action.as_str();
    let key = key_at(state, location).cloned();
    let is_cross_account = location.account != ctx.caller.account;
    let Some(key) = key.filter(|_| !is_cross_account || CROSS_ACCOUNT_ACTIONS.contains(&action)) else {
        return Err(if is_cross_account { access_denied(&ctx.caller, action) } else { no_such_key(location) });
    };
    match check_permission(state, &ctx.caller, &key, action, &permission.context, by_grant) {
        Ok(()) => key_at(state, location).ok_or_else(|| no_such_key(location)),
        Err(DenialReason::DeniedByResource | DenialReason::NotAllowedByResource) if is_cross_account => {
            Err(access_denied(&ctx.caller, action))
        }
        Err(reason) => {
            Err(Error::access_denied(Service::Kms, iam::denial_message(reason, &ctx.caller, action, &key.arn)))
        }
    }
}

/// Checks the caller's own policies for an action that has no key as its resource.
pub(super) fn check_own_policies(
    state: &mut State,
    ctx: &CallContext,
    permission: &RequiredPermission,
) -> Result<(), Error> {
    iam::check_caller_policies(state, &ctx.caller, permission)
        .map_err(|reason| Error::access_denied(Service::Kms, reason))
}

fn key_at<'s>(state: &'s mut State, location: &KeyLocation) -> Option<&'s mut Key> {
    state.region_state(&location.account, &location.region).kms.keys.get_mut(&location.id)
}

/// Why a service may not use a key on behalf of its caller, in a text for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) String);

/// The ARN of a key in a region (given as identifier, ARN, alias or alias ARN) that the caller may use for all of these
/// operations (`kms:Decrypt`, …) through a service (`rds.eu-west-1`), which uses it with this encryption context. Otherwise returns
/// the reason.
pub(crate) fn usable_key(
    state: &mut State,
    caller: &Caller,
    region: &str,
    key: &str,
    operations: &[&str],
    (via, encryption_context): (&str, &EncryptionContext),
) -> Result<String, Refusal> {
    let not_found = || Refusal(format!("key {key} is not found in {region}"));
    let location = find(state, caller, region, key).map_err(|_| not_found())?;
    let key = key_at(state, &location).cloned().ok_or_else(not_found)?;
    if key.manager == KeyManager::Aws && key.account != caller.account {
        return Err(Refusal(format!("key {} is AWS managed and belongs to another account", key.arn)));
    }
    let service = format!("{via}.amazonaws.com");
    let terms = Terms::of_service(service.clone(), encryption_context.clone());
    let mut refused = Vec::new();
    for action in operations {
        let (context, by_grant) = through_service(&service, action, &terms, encryption_context);
        if let Err(reason) = check_permission(state, caller, &key, action, &context, Some(by_grant)) {
            refused.push((*action, reason));
        }
    }
    if let Some((_, reason)) = refused.first() {
        let alike: Vec<&str> = refused.iter().filter(|(_, other)| other == reason).map(|(action, _)| *action).collect();
        return Err(Refusal(refusal_text(*reason, caller, &key.arn, &alike.join(", "), &service)));
    }
    match key.state {
        KeyState::Enabled => Ok(key.arn),
        KeyState::Disabled => Err(Refusal(format!("key {} is disabled", key.arn))),
        KeyState::PendingDeletion(_) => Err(Refusal(format!("key {} is pending deletion", key.arn))),
    }
}

/// The condition keys of an operation that a service performs for its caller, and its meaning for grants.
fn through_service<'a>(
    service: &str,
    action: &'a str,
    terms: &'a Terms,
    encryption_context: &'a EncryptionContext,
) -> (Vec<(String, String)>, Use<'a>) {
    let own = [
        ("kms:ViaService", service),
        ("aws:ViaAWSService", "true"),
        // A condition on the caller's address "denies access if an AWS service makes calls on the principal's behalf" (IAM
        // user guide): the address is the service's.
        ("aws:SourceIp", service),
    ];
    let mut context: Vec<_> = own.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let by_grant = match action.strip_prefix("kms:").unwrap_or(action) {
        "DescribeKey" => Use::Describe,
        "CreateGrant" => {
            context.extend(grant_keys(terms));
            // A service creates grants only for the resources that it manages for the caller.
            context.push(("kms:GrantIsForAWSResource".to_owned(), "true".to_owned()));
            Use::CreateGrant(terms)
        }
        operation => {
            context.extend(encryption_context_keys(encryption_context));
            Use::Cryptographic(operation, encryption_context)
        }
    };
    (context, by_grant)
}

/// The condition keys of a request for a grant.
fn grant_keys(terms: &Terms) -> Vec<(String, String)> {
    let Terms { grantee, retiring, operations, constraint, .. } = terms;
    let mut keys = vec![("kms:GranteePrincipal".to_owned(), grantee.clone())];
    keys.extend(retiring.iter().map(|principal| ("kms:RetiringPrincipal".to_owned(), principal.clone())));
    keys.extend(operations.iter().map(|operation| ("kms:GrantOperations".to_owned(), operation.clone())));
    if let Some(constraint) = constraint {
        keys.push(("kms:GrantConstraintType".to_owned(), constraint.name().to_owned()));
        keys.extend(encryption_context_keys(constraint.context()));
    }
    keys
}

fn encryption_context_keys(context: &EncryptionContext) -> impl Iterator<Item = (String, String)> {
    context.iter().flat_map(|(key, value)| {
        let pair = (format!("kms:EncryptionContext:{key}"), value.clone());
        [pair, ("kms:EncryptionContextKeys".to_owned(), key.clone())]
    })
}

/// Whether a key can be used, apart from permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyCondition {
    Enabled,
    Disabled,
    PendingDeletion,
    Missing,
}

/// The condition of a key in a region, named by identifier, ARN, alias or alias ARN.
pub(crate) fn condition(state: &mut State, caller: &Caller, region: &str, named: &str) -> KeyCondition {
    let location = find(state, caller, region, named).ok();
    match location.and_then(|location| key_at(state, &location)).map(|key| key.state) {
        Some(KeyState::Enabled) => KeyCondition::Enabled,
        Some(KeyState::Disabled) => KeyCondition::Disabled,
        Some(KeyState::PendingDeletion(_)) => KeyCondition::PendingDeletion,
        None => KeyCondition::Missing,
    }
}

/// Whether a key, named by its ARN, exists and is enabled.
pub(crate) fn is_enabled(state: &mut State, key: &str) -> bool {
    let named = Arn::of("kms", key).and_then(|arn| Some((arn, arn.resource.strip_prefix("key/")?)));
    let key = named.and_then(|(arn, id)| state.region_state(arn.account, arn.region).kms.keys.get(id));
    key.is_some_and(|key| key.state == KeyState::Enabled)
}

fn refusal_text(reason: DenialReason, caller: &Caller, arn: &str, actions: &str, service: &str) -> String {
    let account = &caller.account;
    let who = caller.role.as_ref().map_or(account.clone(), |role| format!("role {} of {account}", role.name));
    match reason {
        DenialReason::NotAllowedByResource => {
            format!("the policy of key {arn} does not allow {who} {actions} through {service}")
        }
        DenialReason::DeniedByResource => format!("the policy of key {arn} denies {who} {actions} through {service}"),
        DenialReason::NotAllowedByCaller => {
            format!("no policy of {who} allows {actions} on key {arn} through {service}")
        }
        DenialReason::DeniedByCaller => format!("a policy of {who} denies {actions} on key {arn} through {service}"),
    }
}

/// Checks the policies, then the grants. A grant is an addition: a denial in a policy "takes precedence over all grants"
/// (KMS developer guide).
fn check_permission(
    state: &mut State,
    caller: &Caller,
    key: &Key,
    action: &str,
    more: &[(String, String)],
    by_grant: Option<Use<'_>>,
) -> Result<(), DenialReason> {
    let tags: Vec<_> =
        key.tags_in_effect.iter().map(|(name, value)| (format!("aws:ResourceTag/{name}"), value)).collect();
    let region = Arn::parse(&key.arn).map_or("", |arn| arn.region);
    let aliases = state.region_state(&key.account, region).kms.aliases_in_effect.iter();
    let aliases: Vec<String> = aliases.filter(|(_, target)| **target == key.id).map(|(name, _)| name.clone()).collect();
    let mut context = vec![
        ("kms:CallerAccount", caller.account.as_str()),
        // Only keys of this kind are simulated.
        ("kms:KeySpec", "SYMMETRIC_DEFAULT"),
        ("kms:KeyUsage", "ENCRYPT_DECRYPT"),
        ("kms:KeyOrigin", "AWS_KMS"),
    ];
    context.extend(tags.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    context.extend(aliases.iter().map(|name| ("kms:ResourceAliases", name.as_str())));
    context.extend(more.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let request = AccessRequest { principal: Principal::Caller(caller), action, resource: &key.arn, context: &context };
    let by_policies = iam::check_key_access(state, &request, &key.account, &key.policy);
    if let (Err(DenialReason::NotAllowedByCaller | DenialReason::NotAllowedByResource), Some(of)) =
        (by_policies, by_grant)
    {
        let grants = state.region_state(&key.account, region).kms.grants.get(&key.id);
        let allowing = grants.into_iter().flatten().map(|(_, grant)| grant).filter(|grant| grant.allows(of));
        let named = allowing.map(|grant| names(&grant.terms.grantee, caller)).max().unwrap_or(Named::No);
        if named == Named::Yes || named == Named::Account && iam::own_policies_allow(state, &request) {
            return Ok(());
        }
    }
    by_policies
}

/// Whether a principal that a grant names may retire it. The permission alone does not allow it, and a denial prevents it
/// ("Retiring and revoking grants", KMS developer guide).
pub(super) fn may_retire(state: &mut State, caller: &Caller, key: &str, named: Named) -> Result<(), Error> {
    let action = "kms:RetireGrant";
    let request = AccessRequest { principal: Principal::Caller(caller), action, resource: key, context: &[] };
    let is_allowed = match named {
        Named::No => false,
        Named::Account => iam::own_policies_allow(state, &request),
        Named::Yes => !iam::own_policies_deny(state, &request),
    };
    let denied = || iam::denial_message(DenialReason::NotAllowedByResource, caller, action, key);
    if is_allowed { Ok(()) } else { Err(Error::access_denied(Service::Kms, denied())) }
}

/// The location of the key named by identifier, ARN, alias or alias ARN. The key may not exist, but an alias must.
fn find(state: &mut State, caller: &Caller, region: &str, named: &str) -> Result<KeyLocation, Error> {
    match parse_key_name(named, caller, region)? {
        KeyName::Key(location) => Ok(location),
        KeyName::Alias { account, name } => {
            if account == caller.account {
                super::managed::create_if_predefined(state, &account, region, &name);
            }
            let alias = state.region_state(&account, region).kms.aliases.get(&name);
            let id = alias.map(|alias| alias.target.clone()).ok_or_else(|| no_such_alias(region, &account, &name))?;
            Ok(KeyLocation { account, region: region.to_owned(), id })
        }
    }
}

/// A key as a request names it.
enum KeyName {
    Key(KeyLocation),
    Alias { account: String, name: String },
}

impl KeyName {
    fn key(self) -> Result<KeyLocation, Error> {
        match self {
            Self::Key(location) => Ok(location),
            Self::Alias { name, .. } => Err(invalid_id(&name)),
        }
    }
}

fn parse_key_name(named: &str, caller: &Caller, region: &str) -> Result<KeyName, Error> {
    let (account, name) = match Arn::of("kms", named) {
        // Recorded by LocalStack's tests against AWS.
        Some(arn) if arn.region != region => {
            return Err(Error::new("NotFoundException", format!("Invalid arn {}", arn.region)));
        }
        Some(arn) => (arn.account, arn.resource.strip_prefix("key/").unwrap_or(arn.resource)),
        None if named.starts_with("arn:") => {
            return Err(Error::new("InvalidArnException", format!("{named} is not a valid ARN")));
        }
        None => (caller.account.as_str(), named),
    };
    let account = account.to_owned();
    match name {
        alias if alias.starts_with("alias/") => Ok(KeyName::Alias { account, name: alias.to_owned() }),
        id if is_id(id) => Ok(KeyName::Key(KeyLocation { account, region: region.to_owned(), id: id.to_owned() })),
        other => Err(invalid_id(other)),
    }
}

/// Whether it looks like `1234abcd-12ab-34cd-56ef-1234567890ab`.
fn is_id(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn invalid_id(id: &str) -> Error {
    Error::new("NotFoundException", format!("Invalid keyId '{id}'"))
}

fn no_such_key(KeyLocation { account, region, id }: &KeyLocation) -> Error {
    Error::new("NotFoundException", format!("Key 'arn:aws:kms:{region}:{account}:key/{id}' does not exist"))
}

pub(super) fn no_such_alias(region: &str, account: &str, name: &str) -> Error {
    Error::new("NotFoundException", format!("Alias arn:aws:kms:{region}:{account}:{name} is not found."))
}

/// Another account cannot find out whether the key exists.
fn access_denied(caller: &Caller, action: &str) -> Error {
    let message = format!(
        "User: {} is not authorized to perform: {action} on this resource because the resource does not exist in this \
         Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
        caller.arn()
    );
    Error::new("AccessDeniedException", message)
}
