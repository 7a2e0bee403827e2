//! Aliases: names of keys, unique in a region of an account. What creates one is told if another has been quicker.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::no_such_alias;
use super::paging::Page;
use super::{Alias, Request, done, epoch_seconds, invalid};
use crate::call::Error;
use crate::iam::Need;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasOfKey {
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
    #[serde(flatten)]
    page: Page,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed<'a> {
    alias_name: &'a str,
    alias_arn: &'a str,
    target_key_id: &'a str,
    #[serde(serialize_with = "epoch_seconds")]
    creation_date: chrono::DateTime<chrono::Utc>,
    #[serde(serialize_with = "epoch_seconds")]
    last_updated_date: chrono::DateTime<chrono::Utc>,
}

/// All three need the permission twice: the caller's own policies must allow it on the alias, and the key's policy on
/// the key (KMS developer guide, "Controlling access to aliases").
impl Request<'_> {
    pub(super) fn create_alias(
        &mut self,
        AliasOfKey { alias_name, target_key_id }: AliasOfKey,
    ) -> Result<Value, Error> {
        check_name(&alias_name)?;
        if alias_name.starts_with("alias/aws/") {
            return Err(Error::new("InvalidAliasNameException", "Aliases that begin with alias/aws/ are reserved."));
        }
        let arn = self.alias_arn(&alias_name);
        self.may(&Need::new("kms:CreateAlias", &arn))?;
        let target = self.target(&target_key_id, "kms:CreateAlias")?;
        let now = self.state.now;
        let aliases = &mut self.state.place(&self.caller.account, self.region).kms.aliases;
        if aliases.contains_key(&alias_name) {
            let why = format!("An alias with the name {arn} already exists");
            return Err(Error::new("AlreadyExistsException", why));
        }
        aliases.insert(alias_name, Alias { arn, target, created: now, updated: now });
        Ok(done())
    }

    pub(super) fn update_alias(
        &mut self,
        AliasOfKey { alias_name, target_key_id }: AliasOfKey,
    ) -> Result<Value, Error> {
        self.may_change(&alias_name, "kms:UpdateAlias")?;
        let target = self.target(&target_key_id, "kms:UpdateAlias")?;
        let now = self.state.now;
        let alias = self.alias(&alias_name)?;
        (alias.target, alias.updated) = (target, now);
        Ok(done())
    }

    pub(super) fn delete_alias(&mut self, DeleteAlias { alias_name }: DeleteAlias) -> Result<Value, Error> {
        self.may_change(&alias_name, "kms:DeleteAlias")?;
        self.state.place(&self.caller.account, self.region).kms.aliases.remove(&alias_name);
        Ok(done())
    }

    pub(super) fn list_aliases(&mut self, wish: ListAliases) -> Result<Value, Error> {
        self.may(&Need::new("kms:ListAliases", "*"))?;
        let only = wish.key_id.map(|named| self.own_key(&named)).transpose()?;
        let aliases = &self.state.place(&self.caller.account, self.region).kms.aliases;
        let items = aliases
            .range(wish.page.range()?)
            .filter(|(_, alias)| only.as_ref().is_none_or(|only| alias.target == *only))
            .map(|(name, alias)| (name, alias.listed(name)));
        wish.page.cut("Aliases", 50, items)
    }

    /// The identifier of the key that an alias is to stand for.
    fn target(&mut self, named: &str, action: &str) -> Result<String, Error> {
        if named.contains("alias/") {
            return Err(Error::new("ValidationException", "Aliases must refer to keys. Not aliases"));
        }
        let key = self.key(named, action)?;
        key.must_not_go()?;
        Ok(key.id.clone())
    }

    fn may_change(&mut self, name: &str, action: &str) -> Result<(), Error> {
        check_name(name)?;
        self.may(&Need::new(action, self.alias_arn(name)))?;
        let target = self.alias(name)?.target.clone();
        self.key(&target, action)?;
        Ok(())
    }

    fn alias(&mut self, name: &str) -> Result<&mut Alias, Error> {
        let (account, region) = (&self.caller.account, self.region);
        let alias = self.state.place(account, region).kms.aliases.get_mut(name);
        alias.ok_or_else(|| no_such_alias(region, account, name))
    }

    fn alias_arn(&self, name: &str) -> String {
        format!("arn:aws:kms:{}:{}:{name}", self.region, self.caller.account)
    }
}

impl Alias {
    fn listed(&self, name: &str) -> Value {
        let listed = Listed {
            alias_name: name,
            alias_arn: &self.arn,
            target_key_id: &self.target,
            creation_date: self.created,
            last_updated_date: self.updated,
        };
        json!(listed)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let is_of = |also: &[u8]| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte));
    if !(1..=256).contains(&name.len()) {
        return Err(invalid(name, "aliasName", "have length less than or equal to 256"));
    }
    if !is_of(b":/_-") {
        return Err(invalid(name, "aliasName", "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"));
    }
    match name.strip_prefix("alias/") {
        None => {
            let why = "Alias must start with the prefix \"alias/\". Please see \
                       https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
            Err(Error::new("ValidationException", why))
        }
        Some("") => Err(Error::new("InvalidAliasNameException", "The alias has no name after alias/.")),
        // The model's pattern has a colon, the service refuses it.
        Some(_) if !is_of(b"/_-") => {
            Err(Error::new("ValidationException", format!("{name} contains invalid characters for an alias")))
        }
        Some(_) => Ok(()),
    }
}
