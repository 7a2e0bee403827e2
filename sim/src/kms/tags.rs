//! Tags of keys.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::Page;
use super::{Request, done, invalid};
use crate::call::Error;
use crate::iam::Need;

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    tag_key: String,
    tag_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    key_id: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    key_id: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListResourceTags {
    key_id: String,
    #[serde(flatten)]
    page: Page,
}

impl Request<'_> {
    pub(super) fn tag_resource(&mut self, wish: TagResource) -> Result<Value, Error> {
        let new = checked(wish.tags)?;
        let key = self.key_asked(&wish.key_id, &Need::new("kms:TagResource", "*").tagging(&new))?;
        key.must_not_go()?;
        let mut tags = key.tags.clone();
        tags.extend(new);
        key.tags = not_too_many(tags)?;
        Ok(done())
    }

    pub(super) fn untag_resource(&mut self, wish: UntagResource) -> Result<Value, Error> {
        let mut need = Need::new("kms:UntagResource", "*");
        need.context.extend(wish.tag_keys.iter().map(|key| ("aws:TagKeys".to_owned(), key.clone())));
        let key = self.key_asked(&wish.key_id, &need)?;
        key.must_not_go()?;
        key.tags.retain(|name, _| !wish.tag_keys.contains(name));
        Ok(done())
    }

    pub(super) fn list_resource_tags(&mut self, wish: ListResourceTags) -> Result<Value, Error> {
        let tags = &self.key(&wish.key_id, "kms:ListResourceTags")?.tags;
        let items = tags.range(wish.page.range()?);
        wish.page.cut("Tags", 50, items.map(|(key, value)| (key, json!({ "TagKey": key, "TagValue": value }))))
    }
}

/// Tags that AWS would take. The messages are as LocalStack's tests recorded them from AWS.
pub(super) fn checked(given: Vec<Tag>) -> Result<BTreeMap<String, String>, Error> {
    let mut tags = BTreeMap::new();
    for (Tag { tag_key, tag_value }, nth) in given.into_iter().zip(1..) {
        if !(1..=128).contains(&tag_key.chars().count()) {
            let must = if tag_key.is_empty() { "greater than or equal to 1" } else { "less than or equal to 128" };
            return Err(invalid(&tag_key, &format!("tags.{nth}.member.tagKey"), &format!("have length {must}")));
        }
        if tag_value.chars().count() > 256 {
            let member = format!("tags.{nth}.member.tagValue");
            return Err(invalid(&tag_value, &member, "have length less than or equal to 256"));
        }
        if tag_key.starts_with("aws:") {
            return Err(Error::new("TagException", "Tags beginning with aws: are reserved"));
        }
        if tags.insert(tag_key, tag_value).is_some() {
            return Err(Error::new("TagException", "Duplicate tag keys"));
        }
    }
    not_too_many(tags)
}

fn not_too_many(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    if tags.len() > 50 { Err(Error::new("TagException", "Too many tags")) } else { Ok(tags) }
}
