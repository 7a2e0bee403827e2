//! Removes what a run created, also after a crash. Only what is in the run's journal and has the run's tag is touched.

use crate::actions::is_missing;
use crate::experiment::{Kind, Side};
use crate::journal::{Resource, What};
use crate::lab::{Lab, TAG, Wait, failure};
use crate::rds::{self, Response, refusal};
use crate::trace::Refusal;

/// A resource that could not be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The resource.
    pub resource: Resource,
    /// Why.
    pub reason: String,
}

impl Lab {
    /// Removes all that exists. Keys are scheduled for deletion, in the seven days that AWS demands at least.
    ///
    /// Returns what could not be removed.
    pub async fn remove_all(&mut self) -> Vec<Leftover> {
        // The run may have ended while the request for this one was on its way.
        let last = self.journal.existing().last().cloned();
        self.remove_after(0, last.as_ref()).await
    }

    /// Removes what was created after the first `kept` resources.
    pub(crate) async fn remove_from(&mut self, kept: usize) -> Vec<Leftover> {
        self.remove_after(kept, None).await
    }

    async fn remove_after(&mut self, kept: usize, last: Option<&Resource>) -> Vec<Leftover> {
        let (kept, rest) = self.journal.existing().split_at_checked(kept).unwrap_or_default();
        let mut resources: Vec<_> = rest.iter().filter(|resource| !kept.contains(resource)).cloned().collect();
        // Databases go after their snapshots, and keys last. Databases are deleted at the same time.
        resources.sort_by_key(|resource| resource.what);
        for resource in &resources {
            if let What::Database(kind) = resource.what {
                let _ = self.start_deletion(resource, kind).await;
            }
        }
        let mut leftovers = Vec::new();
        for resource in resources {
            let removed = match self.remove(&resource, last == Some(&resource)).await {
                Ok(()) => self.journal.removed(&resource).map_err(|error| format!("{error:#}")),
                Err(refused) => Err(refused.to_string()),
            };
            leftovers.extend(removed.err().map(|reason| Leftover { resource, reason }));
        }
        leftovers
    }

    /// Deletes a database of this run before its end.
    pub(crate) async fn remove_database(&mut self, side: Side, kind: Kind, id: &str) -> Response<()> {
        let resource = Resource { side, what: What::Database(kind), name: id.to_owned() };
        self.remove(&resource, false).await?;
        self.journal.removed(&resource).map_err(|error| failure(format!("{error:#}")))
    }

    /// Removes a resource, and waits until it is gone. A resource may still be in the making, and any call may fail.
    ///
    /// A database, and a resource that may be late, is looked for again for a while if it is missing: if the response to its
    /// creation was lost, it may appear after the first look.
    async fn remove(&self, resource: &Resource, may_be_late: bool) -> Response<()> {
        let mut wait = Wait::new(self.pace);
        let mut may_appear = may_be_late || matches!(resource.what, What::Database(_));
        loop {
            let result = match resource.what {
                What::Database(kind) => self.start_deletion(resource, kind).await,
                _ => self.remove_once(resource).await,
            };
            match result {
                Ok(Deletion::Done) => return Ok(()),
                Ok(Deletion::Missing) if may_appear && !wait.is_over(self.pace.late) => {
                    wait.pause("the resource").await?;
                }
                Ok(Deletion::Missing) => return Ok(()),
                Err(refused) if is_hopeless(&refused.code) => return Err(refused),
                Ok(Deletion::Started) => {
                    may_appear = false;
                    wait.pause("the deletion").await?;
                }
                Err(refused) => wait.pause(&refused.to_string()).await?,
            }
        }
    }

    async fn remove_once(&self, resource: &Resource) -> Response<Deletion> {
        match self.delete(resource).await {
            Err(refused) if is_missing(&refused.code) => Ok(Deletion::Missing),
            deletion => deletion,
        }
    }

    /// Deletes a resource that is not a database, if it has the tag of this run.
    async fn delete(&self, Resource { side, what, name }: &Resource) -> Response<Deletion> {
        let account = self.account(*side);
        match what {
            What::EventSubscription => {
                let request = account.rds.describe_event_subscriptions().subscription_name(name);
                let found = request.send().await.map_err(refusal)?;
                let found = found.event_subscriptions_list().first().and_then(|found| found.event_subscription_arn());
                let Some(arn) = found else { return Ok(Deletion::Missing) };
                let tags = account.rds.list_tags_for_resource().resource_name(arn).send().await.map_err(refusal)?;
                self.check_tag(tags.tag_list().iter().map(|tag| (tag.key(), tag.value())))?;
                let request = account.rds.delete_event_subscription().subscription_name(name);
                request.send().await.map_err(refusal)?;
            }
            What::Topic => {
                let Some(arn) = self.topic_named(*side, name).await? else { return Ok(Deletion::Missing) };
                let tags = account.sns.list_tags_for_resource().resource_arn(&arn).send().await.map_err(refusal)?;
                self.check_tag(tags.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))))?;
                account.sns.delete_topic().topic_arn(arn).send().await.map_err(refusal)?;
            }
            What::Queue => {
                let url = account.sqs.get_queue_url().queue_name(name).send().await.map_err(refusal)?;
                let url = url.queue_url().unwrap_or_default();
                let tags = account.sqs.list_queue_tags().queue_url(url).send().await.map_err(refusal)?;
                let tags = tags.tags().into_iter().flatten();
                self.check_tag(tags.map(|(key, value)| (Some(key.as_str()), Some(value.as_str()))))?;
                account.sqs.delete_queue().queue_url(url).send().await.map_err(refusal)?;
            }
            What::Snapshot(kind) => {
                let found = rds::origin(&account.rds, *kind, name).await?;
                let Some((tags, database)) = found else { return Ok(Deletion::Missing) };
                // A copy that takes the tags of its source may lack the tag, if AWS does not copy it.
                if !database.starts_with(&self.name("")) {
                    self.check_tag(tags.iter().map(|tag| (tag.key(), tag.value())))?;
                }
                rds::delete(&account.rds, *kind, name).await?;
            }
            What::Key => {
                let keys = self.keys_named(*side, name).await?;
                if keys.is_empty() {
                    return Ok(Deletion::Missing);
                }
                for id in keys {
                    let tags = account.kms.list_resource_tags().key_id(&id).send().await.map_err(refusal)?;
                    self.check_tag(tags.tags().iter().map(|tag| (Some(tag.tag_key()), Some(tag.tag_value()))))?;
                    let request = account.kms.schedule_key_deletion().key_id(id).pending_window_in_days(7);
                    request.send().await.map_err(refusal)?;
                }
            }
            What::Database(_) => {}
        }
        Ok(Deletion::Done)
    }

    /// Starts the deletion of a database, if it has the tag of this run.
    async fn start_deletion(&self, Resource { side, name, .. }: &Resource, kind: Kind) -> Response<Deletion> {
        let rds = &self.account(*side).rds;
        let found = match rds::describe_database(rds, kind, name).await {
            Err(refused) if is_missing(&refused.code) => None,
            found => found?,
        };
        let Some(found) = found else { return Ok(Deletion::Missing) };
        self.check_tag(found.tags.iter().map(|tag| (tag.key(), tag.value())))?;
        if found.status != "deleting" {
            rds::delete_database(rds, kind, name).await?;
        }
        Ok(Deletion::Started)
    }

    /// Refuses the deletion of a resource without the tag of this run.
    fn check_tag<'t>(&self, tags: impl IntoIterator<Item = (Option<&'t str>, Option<&'t str>)>) -> Response<()> {
        let prefix = self.journal.run.prefix.as_str();
        if tags.into_iter().any(|tag| tag == (Some(TAG), Some(prefix))) {
            return Ok(());
        }
        let message = format!("it does not have the tag {TAG} of this run; if the run created it, delete it by hand");
        Err(Refusal { code: NOT_OURS.to_owned(), message })
    }

    /// The ARN of the topic with this name.
    async fn topic_named(&self, side: Side, name: &str) -> Response<Option<String>> {
        let mut token = None;
        loop {
            let page = self.account(side).sns.list_topics().set_next_token(token).send().await.map_err(refusal)?;
            let mut arns = page.topics().iter().filter_map(|topic| topic.topic_arn());
            let found = arns.find(|arn| arn.rsplit(':').next() == Some(name));
            if let Some(arn) = found {
                return Ok(Some(arn.to_owned()));
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(None);
            }
        }
    }

    /// The keys with this description that are not yet scheduled for deletion.
    async fn keys_named(&self, side: Side, name: &str) -> Response<Vec<String>> {
        let kms = &self.account(side).kms;
        // A response that was lost may have left a key whose ID is not known. So all keys are looked at.
        let (mut ids, mut marker) = (Vec::new(), None);
        loop {
            let page = kms.list_keys().set_marker(marker).send().await.map_err(refusal)?;
            ids.extend(page.keys().iter().filter_map(|key| key.key_id().map(str::to_owned)));
            marker = page.next_marker().map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        let (mut named, mut denied) = (Vec::new(), Vec::new());
        let count = ids.len();
        for id in ids {
            let described = match kms.describe_key().key_id(&id).send().await.map_err(refusal) {
                Ok(described) => described,
                // Keys of others may deny this, and may be deleted meanwhile. The key of a run allows it to its account.
                Err(refused) if refused.code.contains("AccessDenied") => {
                    denied.push(refused);
                    continue;
                }
                Err(refused) if is_missing(&refused.code) => continue,
                Err(refused) => return Err(refused),
            };
            let Some(key) = described.key_metadata() else { continue };
            if key.description() == Some(name) && key.deletion_date().is_none() {
                named.push(id);
            }
        }
        match denied.pop() {
            // The caller may not describe any key.
            Some(refused) if denied.len() + 1 == count => Err(refused),
            _ => Ok(named),
        }
    }
}

/// The result of a call that deletes.
enum Deletion {
    /// The resource is gone.
    Done,
    /// The deletion takes time.
    Started,
    /// There is no such resource.
    Missing,
}

/// The code of the refusal to delete a resource without the run's tag.
const NOT_OURS: &str = "NotOfThisRun";

/// Another attempt would have the same result.
fn is_hopeless(code: &str) -> bool {
    code == NOT_OURS || ["AccessDenied", "ExpiredToken", "InvalidClientTokenId"].iter().any(|part| code.contains(part))
}
