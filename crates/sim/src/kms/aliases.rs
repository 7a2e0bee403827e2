//! Aliases: names of keys, unique in a region of an account. Creating an alias that exists fails, also if another
//! caller created it a moment before.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Alias;
use super::access::{check_own_policies, find_key, no_such_alias, own_key_id};
use super::effect;
use super::managed;
use super::paging::Page;
use crate::call::Error;
use crate::clock::seconds;
use crate::context::CallContext;
use crate::iam::RequiredPermission;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasRequest {
    alias_name: String,
    target_key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteAlias {
    alias_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAliases {
    key_id: Option<String>,
    limit: Option<i64>,
    marker: Option<String>,
}

/// All three operations require the permission twice: in the caller's own policies on the alias, and in the key's
/// policy on the key (KMS developer guide, "Controlling access to aliases").
pub(super) fn create(state: &mut State, ctx: &CallContext, input: AliasRequest) -> Result<(), Error> {
    let AliasRequest { alias_name, target_key_id } = input;
    check_name(&alias_name)?;
    if alias_name.starts_with("alias/aws/") {
        return Err(Error::new("InvalidAliasNameException", "Aliases that begin with alias/aws/ are reserved."));
    }
    let arn = ctx.arn("kms", &alias_name);
    check_own_policies(state, ctx, &RequiredPermission::new("kms:CreateAlias", &arn))?;
    let target = target(state, ctx, &target_key_id, "kms:CreateAlias")?;
    let now = state.now;
    if ctx.region_state(state).kms.aliases.contains_key(&alias_name) {
        let message = format!("An alias with the name {arn} already exists");
        return Err(Error::new("AlreadyExistsException", message));
    }
    check_count(state, ctx, &target)?;
    let aliases = &mut ctx.region_state(state).kms.aliases;
    aliases.insert(alias_name.clone(), Alias { arn, target, created: now, updated: now });
    effect::of_alias(state, ctx, &alias_name);
    Ok(())
}

pub(super) fn update(state: &mut State, ctx: &CallContext, input: AliasRequest) -> Result<(), Error> {
    let AliasRequest { alias_name, target_key_id } = input;
    check_may_change(state, ctx, &alias_name, "kms:UpdateAlias")?;
    let target = target(state, ctx, &target_key_id, "kms:UpdateAlias")?;
    if alias(state, ctx, &alias_name)?.target != target {
        check_count(state, ctx, &target)?;
    }
    let now = state.now;
    let alias = alias(state, ctx, &alias_name)?;
    (alias.target, alias.updated) = (target, now);
    effect::of_alias(state, ctx, &alias_name);
    Ok(())
}

pub(super) fn delete(state: &mut State, ctx: &CallContext, input: &DeleteAlias) -> Result<(), Error> {
    check_may_change(state, ctx, &input.alias_name, "kms:DeleteAlias")?;
    ctx.region_state(state).kms.aliases.remove(&input.alias_name);
    effect::of_alias(state, ctx, &input.alias_name);
    Ok(())
}

pub(super) fn list(state: &mut State, ctx: &CallContext, input: ListAliases) -> Result<Value, Error> {
    check_own_policies(state, ctx, &RequiredPermission::new("kms:ListAliases", "*"))?;
    let only = input.key_id.as_ref().map(|named| own_key_id(state, ctx, named)).transpose()?;
    let existing = &ctx.region_state(state).kms.aliases;
    let mut aliases: BTreeMap<_, _> = managed::predefined_aliases().map(|name| (name, None)).collect();
    aliases.extend(existing.iter().map(|(name, alias)| (name.clone(), Some(alias))));
    let page = Page { limit: input.limit, marker: input.marker };
    page.list("Aliases", 50, 100, &aliases, |name, alias| {
        let wanted = only.as_ref().is_none_or(|only| alias.is_some_and(|alias| alias.target == *only));
        wanted.then(|| match alias {
            None => json!({ "AliasName": name, "AliasArn": ctx.arn("kms", name) }),
            Some(alias) => json!({
                "AliasName": name,
                "AliasArn": alias.arn,
                "TargetKeyId": alias.target,
                "CreationDate": seconds(alias.created),
                "LastUpdatedDate": seconds(alias.updated),
            }),
        })
    })
}

/// The identifier of the key that an alias is to name.
fn target(state: &mut State, ctx: &CallContext, named: &str, action: &str) -> Result<String, Error> {
    if named.contains("alias/") {
        return Err(Error::new("ValidationException", "Aliases must refer to keys. Not aliases"));
    }
    let key = find_key(state, ctx, named, action)?;
    key.check_not_pending_deletion()?;
    Ok(key.id.clone())
}

/// "You can associate up to 50 aliases with each customer managed key" (KMS developer guide, "Resource quotas").
fn check_count(state: &mut State, ctx: &CallContext, target: &str) -> Result<(), Error> {
    let aliases = ctx.region_state(state).kms.aliases.values();
    if aliases.filter(|alias| alias.target == target).count() < 50 {
        return Ok(());
    }
    Err(Error::new("LimitExceededException", format!("Key {target} has 50 aliases.")))
}

fn check_may_change(state: &mut State, ctx: &CallContext, name: &str, action: &str) -> Result<(), Error> {
    check_name(name)?;
    check_own_policies(state, ctx, &RequiredPermission::new(action, ctx.arn("kms", name)))?;
    let target = alias(state, ctx, name)?.target.clone();
    find_key(state, ctx, &target, action)?;
    Ok(())
}

fn alias<'s>(state: &'s mut State, ctx: &CallContext, name: &str) -> Result<&'s mut Alias, Error> {
    let alias = ctx.region_state(state).kms.aliases.get_mut(name);
    alias.ok_or_else(|| no_such_alias(&ctx.region, &ctx.caller.account, name))
}

fn check_name(name: &str) -> Result<(), Error> {
    let is_of = |also: &[u8]| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte));
    if !(1..=256).contains(&name.len()) {
        return Err(Error::invalid_member(name, "aliasName", "have length less than or equal to 256"));
    }
    if !is_of(b":/_-") {
        return Err(Error::invalid_member(name, "aliasName", "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"));
    }
    match name.strip_prefix("alias/") {
        None => {
            let message = "Alias must start with the prefix \"alias/\". Please see \
                       https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
            Err(Error::new("ValidationException", message))
        }
        Some("") => Err(Error::new("InvalidAliasNameException", "The alias has no name after alias/.")),
        // The pattern in the API model allows a colon, but the service refuses it.
        Some(_) if !is_of(b"/_-") => {
            Err(Error::new("ValidationException", format!("{name} contains invalid characters for an alias")))
        }
        Some(_) => Ok(()),
    }
}
