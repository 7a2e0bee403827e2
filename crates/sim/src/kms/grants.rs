//! Grants. A new grant counts at once: "there might be a brief delay, usually less than five minutes" on AWS, which a grant
//! token avoids (KMS developer guide).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{self, check_own_policies, may_retire};
use super::grant::{Constraint, EncryptionContext, Grant, Named, OPERATIONS, Terms, names};
use super::paging::Page;
use crate::arn::Arn;
use crate::call::Error;
use crate::context::CallContext;
use crate::iam::{self, RequiredPermission};
use crate::world::State;

/// The default quota for a customer managed key.
const MAX_GRANTS: usize = 50_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateGrant {
    key_id: String,
    grantee_principal: String,
    retiring_principal: Option<String>,
    operations: Vec<String>,
    #[serde(default)]
    constraints: Constraints,
    #[serde(default)]
    grant_tokens: Vec<String>,
    name: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Constraints {
    encryption_context_equals: Option<EncryptionContext>,
    encryption_context_subset: Option<EncryptionContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListGrants {
    key_id: String,
    grant_id: Option<String>,
    grantee_principal: Option<String>,
    limit: Option<i64>,
    marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRetirableGrants {
    retiring_principal: String,
    limit: Option<i64>,
    marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RevokeGrant {
    key_id: String,
    grant_id: String,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetireGrant {
    grant_token: Option<String>,
    key_id: Option<String>,
    grant_id: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn create(state: &mut State, ctx: &CallContext, input: CreateGrant) -> Result<Value, Error> {
    let CreateGrant { key_id, dry_run, grant_tokens, .. } = &input;
    let (key_id, dry_run) = (key_id.clone(), *dry_run);
    check_tokens(state, ctx, grant_tokens)?;
    let terms = input.terms()?;
    let key = access::find_key_for_grant(state, ctx, &key_id, &terms)?;
    key.check_enabled()?;
    let (account, id, arn) = (key.account.clone(), key.id.clone(), key.arn.clone());
    check_dry_run(dry_run)?;
    let (token, grant_id, now) = (new_id(state), new_id(state), state.now);
    let grants = state.region_state(&account, &ctx.region).kms.grants.entry(id).or_default();
    // "When this value is present, you can retry a CreateGrant request with identical parameters; if the grant already
    // exists, the original GrantId is returned without creating a new grant. Note that the returned grant token is unique
    // with every CreateGrant request" (API reference).
    let existing = grants.values_mut().find(|grant| terms.name.is_some() && grant.terms == terms);
    if let Some(grant) = existing {
        grant.tokens.insert(token.clone());
        return Ok(json!({ "GrantId": grant.id, "GrantToken": token }));
    }
    if grants.len() >= MAX_GRANTS {
        return Err(Error::new("LimitExceededException", format!("{arn} has {MAX_GRANTS} grants.")));
    }
    let (tokens, issuer) = (BTreeSet::from([token.clone()]), ctx.caller.account.clone());
    let grant = Grant { id: grant_id.clone(), tokens, created: now, issuer, key: arn, terms };
    grants.insert(grant_id.clone(), grant);
    Ok(json!({ "GrantId": grant_id, "GrantToken": token }))
}

pub(super) fn list(state: &mut State, ctx: &CallContext, input: ListGrants) -> Result<Value, Error> {
    let key = access::find_key(state, ctx, &input.key_id, "kms:ListGrants")?;
    let (account, id) = (key.account.clone(), key.id.clone());
    let none = BTreeMap::new();
    let grants = state.region_state(&account, &ctx.region).kms.grants.get(&id).unwrap_or(&none);
    let page = Page { limit: input.limit, marker: input.marker };
    page.list("Grants", 50, 100, grants, |_, grant| {
        let wanted = input.grant_id.as_ref().is_none_or(|id| grant.id == *id)
            && input.grantee_principal.as_ref().is_none_or(|grantee| grant.terms.grantee == *grantee);
        wanted.then(|| grant.view())
    })
}

/// The grants on keys of all accounts.
pub(super) fn list_retirable(state: &mut State, ctx: &CallContext, input: ListRetirableGrants) -> Result<Value, Error> {
    check_own_policies(state, ctx, &RequiredPermission::new("kms:ListRetirableGrants", "*"))?;
    let principal = &input.retiring_principal;
    // "You can specify any principal in your AWS account" (API reference).
    if Arn::parse(principal).is_none_or(|arn| arn.account != ctx.caller.account) {
        return Err(Error::new("InvalidArnException", format!("{principal} is not a principal of your account.")));
    }
    let all = state.accounts_in(&ctx.region).flat_map(|region| region.kms.grants.values()).flatten();
    let wanted: BTreeMap<_, _> = all
        .filter(|(_, grant)| grant.terms.retiring.as_ref() == Some(principal))
        .map(|(id, grant)| (id.clone(), grant.clone()))
        .collect();
    let page = Page { limit: input.limit, marker: input.marker };
    page.list("Grants", 50, 100, &wanted, |_, grant| Some(grant.view()))
}

pub(super) fn revoke(state: &mut State, ctx: &CallContext, input: &RevokeGrant) -> Result<(), Error> {
    let key = access::find_key(state, ctx, &input.key_id, "kms:RevokeGrant")?;
    let (account, id) = (key.account.clone(), key.id.clone());
    let grants = state.region_state(&account, &ctx.region).kms.grants.entry(id).or_default();
    if !grants.contains_key(&input.grant_id) {
        return Err(no_such_grant(&input.grant_id));
    }
    check_dry_run(input.dry_run)?;
    grants.remove(&input.grant_id);
    Ok(())
}

/// A grant can be retired by its retiring principal, by the grantee if it allows `RetireGrant`, and by the account that
/// created it or that owns the key (KMS developer guide, "Retiring and revoking grants").
pub(super) fn retire(state: &mut State, ctx: &CallContext, input: &RetireGrant) -> Result<(), Error> {
    let grant = input.find(state, ctx)?;
    let Terms { grantee, retiring, operations, .. } = &grant.terms;
    let by_grantee = Some(grantee).filter(|_| operations.contains("RetireGrant"));
    let named = [by_grantee, retiring.as_ref()].into_iter().flatten().map(|arn| names(arn, &ctx.caller)).max();
    let owner = Arn::parse(&grant.key).map_or("", |arn| arn.account);
    let by_account = [grant.issuer.as_str(), owner].contains(&ctx.caller.account.as_str());
    let named = named.max(by_account.then_some(Named::Account)).unwrap_or(Named::No);
    may_retire(state, &ctx.caller, &grant.key, named)?;
    check_dry_run(input.dry_run)?;
    remove(state, &grant.key, &grant.id);
    Ok(())
}

/// A grant on a key that a service got for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceGrant {
    key: String,
    id: String,
}

/// Creates a grant for a service (`rds.eu-west-1`), which acts for this account and has checked that it may create grants.
pub(crate) fn grant_to_service(
    state: &mut State,
    account: &str,
    key: &str,
    service: &str,
    context: &EncryptionContext,
) -> Option<ServiceGrant> {
    let arn = Arn::of("kms", key)?;
    let terms = Terms::of_service(format!("{service}.amazonaws.com"), context.clone());
    let (id, now) = (new_id(state), state.now);
    let grants = &mut state.region_state(arn.account, arn.region).kms.grants;
    let grants = grants.entry(arn.resource.strip_prefix("key/")?.to_owned()).or_default();
    let grant = Grant {
        id: id.clone(),
        tokens: BTreeSet::new(),
        created: now,
        issuer: account.to_owned(),
        key: key.to_owned(),
        terms,
    };
    grants.insert(id.clone(), grant);
    Some(ServiceGrant { key: key.to_owned(), id })
}

/// Whether a service still has a grant.
pub(crate) fn has_grant(state: &mut State, grant: &ServiceGrant) -> bool {
    grants_on(state, &grant.key).is_some_and(|grants| grants.contains_key(&grant.id))
}

/// Ends a grant that a service no longer needs: it "retires the grant as soon as its task is complete" (KMS developer
/// guide).
pub(crate) fn retire_of_service(state: &mut State, grant: &ServiceGrant) {
    remove(state, &grant.key, &grant.id);
}

impl CreateGrant {
    fn terms(self) -> Result<Terms, Error> {
        check_principal(&self.grantee_principal)?;
        self.retiring_principal.as_deref().map_or(Ok(()), check_principal)?;
        let unknown = self.operations.iter().find(|operation| !OPERATIONS.contains(&operation.as_str()));
        if self.operations.is_empty() || unknown.is_some() {
            let named = unknown.map_or("", String::as_str);
            let must = format!("satisfy enum value set: [{}]", OPERATIONS.join(", "));
            return Err(Error::invalid_member(named, "operations", &must));
        }
        if self.name.as_ref().is_some_and(|name| !is_grant_name(name)) {
            let must = "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$ and have length 1 to 256";
            return Err(Error::invalid_member(&self.name.unwrap_or_default(), "name", must));
        }
        let Constraints { encryption_context_equals, encryption_context_subset } = self.constraints;
        let constraint = match (encryption_context_equals, encryption_context_subset) {
            (Some(_), Some(_)) => return Err(Error::not_simulated("two constraints of one grant".to_owned())),
            (equals, subset) => equals.map(Constraint::Equals).or(subset.map(Constraint::Subset)),
        };
        // "Each grant constraint value can include up to 8 encryption context pairs. The encryption context value in each
        // grant constraint cannot exceed 384 characters" (KMS developer guide).
        let too_large = |context: &EncryptionContext| {
            context.len() > 8 || context.values().any(|value| value.chars().count() > 384)
        };
        if constraint.as_ref().is_some_and(|constraint| too_large(constraint.context())) {
            let message = "A grant constraint has at most 8 pairs, with values of at most 384 characters.";
            return Err(Error::new("ValidationException", message));
        }
        Ok(Terms {
            name: self.name,
            grantee: self.grantee_principal,
            retiring: self.retiring_principal,
            operations: self.operations.into_iter().collect(),
            constraint,
        })
    }
}

impl RetireGrant {
    fn find(&self, state: &mut State, ctx: &CallContext) -> Result<Grant, Error> {
        match (&self.grant_token, &self.key_id, &self.grant_id) {
            (Some(token), ..) => {
                let all = state.accounts_in(&ctx.region).flat_map(|region| region.kms.grants.values()).flatten();
                let found = all.map(|(_, grant)| grant).find(|grant| grant.tokens.contains(token)).cloned();
                found.ok_or_else(|| Error::new("InvalidGrantTokenException", "The grant token is not valid."))
            }
            (None, Some(key), Some(id)) => {
                if !key.starts_with("arn:") {
                    return Err(Error::new("InvalidArnException", format!("{key} is not a valid ARN")));
                }
                let found = grants_on(state, key).and_then(|grants| grants.get(id).cloned());
                found.ok_or_else(|| no_such_grant(id))
            }
            (None, ..) => {
                let message = "Either GrantToken, or KeyId and GrantId are required.";
                Err(Error::new("ValidationException", message))
            }
        }
    }
}

/// A grantee is an account, a role or a session. It "cannot be a service principal" (KMS developer guide).
fn check_principal(arn: &str) -> Result<(), Error> {
    if iam::is_principal_arn(arn) {
        return Ok(());
    }
    Err(Error::new("InvalidArnException", format!("{arn} is not the ARN of a principal")))
}

fn check_tokens(state: &State, ctx: &CallContext, tokens: &[String]) -> Result<(), Error> {
    let known = |token: &String| {
        let mut grants = state.accounts_in(&ctx.region).flat_map(|region| region.kms.grants.values()).flatten();
        grants.any(|(_, grant)| grant.tokens.contains(token))
    };
    if tokens.iter().all(known) {
        return Ok(());
    }
    Err(Error::new("InvalidGrantTokenException", "A grant token is not valid."))
}

fn check_dry_run(dry_run: bool) -> Result<(), Error> {
    if dry_run {
        let message = "The request would have succeeded, but the DryRun option is set.";
        return Err(Error::new("DryRunOperationException", message));
    }
    Ok(())
}

fn is_grant_name(name: &str) -> bool {
    (1..=256).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte))
}

/// 64 hexadecimal digits.
fn new_id(state: &mut State) -> String {
    format!("{:032x}{:032x}", state.random.u128(..), state.random.u128(..))
}

fn no_such_grant(id: &str) -> Error {
    Error::new("NotFoundException", format!("Grant ID {id} not found"))
}

fn grants_on<'s>(state: &'s mut State, key: &str) -> Option<&'s mut BTreeMap<String, Grant>> {
    let arn = Arn::of("kms", key)?;
    let id = arn.resource.strip_prefix("key/")?;
    state.region_state(arn.account, arn.region).kms.grants.get_mut(id)
}

fn remove(state: &mut State, key: &str, id: &str) {
    if let Some(grants) = grants_on(state, key) {
        grants.remove(id);
    }
}
