//! Removes what a run created, also after a crash. Only what is in the run's journal is touched.

use crate::actions::is_missing;
use crate::experiment::{Kind, Side};
use crate::journal::{Resource, What};
use crate::lab::{Lab, TAG, Wait};
use crate::rds::{self, Response, refusal};

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
        self.remove_from(0).await
    }

    /// Removes what was created after the first `kept` resources.
    pub(crate) async fn remove_from(&mut self, kept: usize) -> Vec<Leftover> {
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
            let removed = match self.remove(&resource).await {
                Ok(()) => self.journal.removed(&resource).map_err(|error| format!("{error:#}")),
                Err(refused) => Err(refused.to_string()),
            };
            leftovers.extend(removed.err().map(|reason| Leftover { resource, reason }));
        }
        leftovers
    }

    /// Deletes a database of this run before its end.
    pub(crate) async fn remove_database(&self, side: Side, kind: Kind, id: &str) -> Response<()> {
        self.remove(&Resource { side, what: What::Database(kind), name: id.to_owned() }).await
    }

    /// Removes a resource, and waits until it is gone. A resource may still be in the making, and any call may fail.
    async fn remove(&self, resource: &Resource) -> Response<()> {
        let mut wait = Wait::new(self.pace);
        loop {
            let result = match resource.what {
                What::Database(kind) => self.start_deletion(resource, kind).await,
                _ => self.remove_once(resource).await,
            };
            match result {
                Ok(Gone::Yes) => return Ok(()),
                Err(refused) if is_missing(&refused.code) => return Ok(()),
                Err(refused) if is_hopeless(&refused.code) => return Err(refused),
                Ok(Gone::NotYet) => wait.pause("the deletion").await?,
                Err(refused) => wait.pause(&refused.to_string()).await?,
            }
        }
    }

    async fn remove_once(&self, Resource { side, what, name }: &Resource) -> Response<Gone> {
        let account = self.account(*side);
        match what {
            What::EventSubscription => {
                let request = account.rds.delete_event_subscription().subscription_name(name);
                request.send().await.map_err(refusal)?;
            }
            What::Topic => {
                // Creating a topic that exists returns its ARN.
                let topic = account.sns.create_topic().name(name).send().await.map_err(refusal)?;
                let arn = topic.topic_arn().unwrap_or_default();
                account.sns.delete_topic().topic_arn(arn).send().await.map_err(refusal)?;
            }
            What::Queue => {
                let url = account.sqs.get_queue_url().queue_name(name).send().await.map_err(refusal)?;
                let url = url.queue_url().unwrap_or_default();
                account.sqs.delete_queue().queue_url(url).send().await.map_err(refusal)?;
            }
            What::Snapshot(kind) => rds::delete(&account.rds, *kind, name).await?,
            What::Key => {
                for id in self.keys_named(*side, name).await? {
                    let request = account.kms.schedule_key_deletion().key_id(id).pending_window_in_days(7);
                    request.send().await.map_err(refusal)?;
                }
            }
            What::Database(_) => {}
        }
        Ok(Gone::Yes)
    }

    /// Starts the deletion of a database, if it has the tag of this run.
    async fn start_deletion(&self, Resource { side, name, .. }: &Resource, kind: Kind) -> Response<Gone> {
        let rds = &self.account(*side).rds;
        let Some(found) = rds::describe_database(rds, kind, name).await? else { return Ok(Gone::Yes) };
        let prefix = Some(self.journal.run.prefix.as_str());
        if !found.tags.iter().any(|tag| tag.key() == Some(TAG) && tag.value() == prefix) {
            return Err(crate::trace::Refusal {
                code: NOT_OURS.to_owned(),
                message: format!("the database does not have the tag {TAG} of this run"),
            });
        }
        if found.status != "deleting" {
            rds::delete_database(rds, kind, name).await?;
        }
        Ok(Gone::NotYet)
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
        let mut named = Vec::new();
        for id in ids {
            let Ok(described) = kms.describe_key().key_id(&id).send().await else { continue };
            let Some(key) = described.key_metadata() else { continue };
            if key.description() == Some(name) && key.deletion_date().is_none() {
                named.push(id);
            }
        }
        Ok(named)
    }
}

/// Whether a resource is gone after a call.
enum Gone {
    Yes,
    NotYet,
}

/// The code of the refusal to delete a database without the run's tag.
const NOT_OURS: &str = "NotOfThisRun";

/// Another attempt would have the same result.
fn is_hopeless(code: &str) -> bool {
    code == NOT_OURS || ["AccessDenied", "ExpiredToken", "InvalidClientTokenId"].iter().any(|part| code.contains(part))
}
