//! Which key is meant, and whether the caller may do this with it.

use super::{Condition, Keeper, Key};
use crate::arn::Arn;
use crate::call::{Caller, Error, Service};
use crate::context::CallContext;
use crate::iam::{self, Need, Principal, Question, Why};
use crate::world::State;

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    account: String,
    region: String,
    id: String,
}

/// Operations that an account's policy can open to another account. Of the rest, KMS's table of permissions says that
/// there is no cross-account use, whatever the policies say.
const ABROAD: [&str; 2] = ["kms:DescribeKey", "kms:GetKeyRotationStatus"];

/// The key of this identifier or ARN, if the caller may do this with it.
pub(super) fn key<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    named: &str,
    action: &str,
) -> Result<&'s mut Key, Error> {
    asked(state, ctx, named, &Need::new(action, "*"))
}

/// The same, if more is true of the request than that. The need's resource is the key.
pub(super) fn asked<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    named: &str,
    need: &Need,
) -> Result<&'s mut Key, Error> {
    let place = read(named, &ctx.caller, &ctx.region)?.key()?;
    at(state, ctx, &place, need)
}

/// The key of this identifier, ARN, alias or alias's ARN, if the caller may do this with it.
pub(super) fn key_or_alias<'s>(
    state: &'s mut State,
    ctx: &CallContext,
    named: &str,
    action: &str,
) -> Result<&'s mut Key, Error> {
    let place = find(state, &ctx.caller, &ctx.region, named)?;
    at(state, ctx, &place, &Need::new(action, "*"))
}

/// The identifier of a key of the caller's own account, which anybody there may know to exist.
pub(super) fn own_key(state: &mut State, ctx: &CallContext, named: &str) -> Result<String, Error> {
    let place = read(named, &ctx.caller, &ctx.region)?.key()?;
    let found = place.account == ctx.caller.account && key_at(state, &place).is_some();
    if found { Ok(place.id) } else { Err(no_such_key(&place)) }
}

fn at<'s>(state: &'s mut State, ctx: &CallContext, place: &Place, need: &Need) -> Result<&'s mut Key, Error> {
    let action = need.action.as_str();
    let key = key_at(state, place).cloned();
    let abroad = place.account != ctx.caller.account;
    let Some(key) = key.filter(|_| !abroad || ABROAD.contains(&action)) else {
        return Err(if abroad { hidden(&ctx.caller, action) } else { no_such_key(place) });
    };
    match permitted(state, &ctx.caller, &key, action, Way::Direct(&need.context)) {
        Ok(()) => key_at(state, place).ok_or_else(|| no_such_key(place)),
        Err(Why::DeniedByResource | Why::NotByResource) if abroad => Err(hidden(&ctx.caller, action)),
        Err(why) => Err(Error::denied(Service::Kms, iam::refusal(why, &ctx.caller, action, &key.arn))),
    }
}

/// Whether the caller's own policies let it do what is not done to a key.
pub(super) fn may(state: &mut State, ctx: &CallContext, need: &Need) -> Result<(), Error> {
    iam::may(state, &ctx.caller, need).map_err(|why| Error::denied(Service::Kms, why))
}

fn key_at<'s>(state: &'s mut State, place: &Place) -> Option<&'s mut Key> {
    state.region_state(&place.account, &place.region).kms.keys.get_mut(&place.id)
}

/// Why a service may not use a key for who called it, in words for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) String);

/// The ARN of a key (given as identifier, ARN, alias or alias's ARN) that the caller may use for all of these
/// operations (`kms:Decrypt`, …) through a service (`rds`); else, why not.
pub(crate) fn usable(
    state: &mut State,
    caller: &Caller,
    region: &str,
    key: &str,
    operations: &[&str],
    via: &str,
) -> Result<String, Refusal> {
    let not_found = || Refusal(format!("key {key} is not found in {region}"));
    let place = find(state, caller, region, key).map_err(|_| not_found())?;
    let key = key_at(state, &place).cloned().ok_or_else(not_found)?;
    if key.keeper == Keeper::Aws && key.account != caller.account {
        return Err(Refusal(format!("key {} is AWS managed and belongs to another account", key.arn)));
    }
    let service = format!("{via}.{region}.amazonaws.com");
    let refused: Vec<(&str, Why)> = operations
        .iter()
        .filter_map(|action| Some((*action, permitted(state, caller, &key, action, Way::Through(&service)).err()?)))
        .collect();
    if let Some((_, why)) = refused.first() {
        let alike: Vec<&str> = refused.iter().filter(|(_, other)| other == why).map(|(action, _)| *action).collect();
        return Err(Refusal(words(*why, caller, &key.arn, &alike.join(", "), &service)));
    }
    match key.condition {
        Condition::Enabled => Ok(key.arn),
        Condition::Disabled => Err(Refusal(format!("key {} is disabled", key.arn))),
        Condition::PendingDeletion(_) => Err(Refusal(format!("key {} is pending deletion", key.arn))),
    }
}

fn words(why: Why, caller: &Caller, arn: &str, actions: &str, service: &str) -> String {
    let account = &caller.account;
    let who = caller.role.as_ref().map_or(account.clone(), |role| format!("role {} of {account}", role.name));
    match why {
        Why::NotByResource => format!("the policy of key {arn} does not allow {who} {actions} through {service}"),
        Why::DeniedByResource => format!("the policy of key {arn} denies {who} {actions} through {service}"),
        Why::NotByCaller => format!("no policy of {who} allows {actions} on key {arn} through {service}"),
        Why::DeniedByCaller => format!("a policy of {who} denies {actions} on key {arn} through {service}"),
    }
}

/// How a request reaches a key.
#[derive(Clone, Copy)]
enum Way<'a> {
    /// As a call, of which this is true.
    Direct(&'a [(String, String)]),
    /// Through a service that acts for the caller: `rds.eu-west-1.amazonaws.com`.
    Through(&'a str),
}

fn permitted(state: &mut State, caller: &Caller, key: &Key, action: &str, way: Way<'_>) -> Result<(), Why> {
    let tags: Vec<_> = key.tags.iter().map(|(name, value)| (format!("aws:ResourceTag/{name}"), value)).collect();
    let mut context = vec![("kms:CallerAccount", caller.account.as_str())];
    context.extend(tags.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    match way {
        Way::Direct(more) => context.extend(more.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
        Way::Through(service) => {
            context.push(("kms:ViaService", service));
            // A service makes grants for what it keeps for the caller, and for nobody else.
            if action == "kms:CreateGrant" {
                context.push(("kms:GrantIsForAWSResource", "true"));
            }
        }
    }
    let question = Question { principal: Principal::Caller(caller), action, resource: &key.arn, context: &context };
    iam::key_allows(state, &question, &key.account, &key.policy)
}

/// Where the key is that somebody calls by identifier, ARN, alias or alias's ARN. It may not exist; an alias must.
fn find(state: &mut State, caller: &Caller, region: &str, named: &str) -> Result<Place, Error> {
    match read(named, caller, region)? {
        Named::Key(place) => Ok(place),
        Named::Alias { account, name } => {
            if account == caller.account {
                super::managed::make_if_predefined(state, &account, region, &name);
            }
            let alias = state.region_state(&account, region).kms.aliases.get(&name);
            let id = alias.map(|alias| alias.target.clone()).ok_or_else(|| no_such_alias(region, &account, &name))?;
            Ok(Place { account, region: region.to_owned(), id })
        }
    }
}

/// What somebody calls a key by.
enum Named {
    Key(Place),
    Alias { account: String, name: String },
}

impl Named {
    fn key(self) -> Result<Place, Error> {
        match self {
            Self::Key(place) => Ok(place),
            Self::Alias { name, .. } => Err(invalid_id(&name)),
        }
    }
}

fn read(named: &str, caller: &Caller, region: &str) -> Result<Named, Error> {
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
        alias if alias.starts_with("alias/") => Ok(Named::Alias { account, name: alias.to_owned() }),
        id if is_id(id) => Ok(Named::Key(Place { account, region: region.to_owned(), id: id.to_owned() })),
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

fn no_such_key(Place { account, region, id }: &Place) -> Error {
    Error::new("NotFoundException", format!("Key 'arn:aws:kms:{region}:{account}:key/{id}' does not exist"))
}

pub(super) fn no_such_alias(region: &str, account: &str, name: &str) -> Error {
    Error::new("NotFoundException", format!("Alias arn:aws:kms:{region}:{account}:{name} is not found."))
}

/// A stranger is not told whether there is such a key.
fn hidden(caller: &Caller, action: &str) -> Error {
    let why = format!(
        "User: {} is not authorized to perform: {action} on this resource because the resource does not exist in this \
         Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
        caller.arn()
    );
    Error::new("AccessDeniedException", why)
}
