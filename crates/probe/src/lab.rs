//! The two accounts, and what exists in them for a run.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::config::retry::RetryConfig;
use aws_sdk_rds::types::Tag;
use aws_types::SdkConfig;
use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};

use crate::backups::Window;
use crate::existing::{self, Existing};
use crate::experiment::{Kind, Need, Side, Snapshot, Tags};
use crate::journal::{Journal, Resource, What};
use crate::rds::{NO_RESPONSE, Response, refusal};
use crate::trace::Refusal;

/// The key of the tag of everything that a run creates. Its value is the run's prefix.
pub const TAG: &str = "draco-probe";

/// An account, with clients for it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its 12 digits.
    pub id: String,
    pub(crate) rds: aws_sdk_rds::Client,
    pub(crate) kms: aws_sdk_kms::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
}

impl Account {
    /// The account of these credentials.
    #[must_use]
    pub fn new(id: &str, sdk: &SdkConfig) -> Self {
        // RDS limits the calls of an account per second. The account may have other users.
        let attempts = sdk.retry_config().cloned().unwrap_or_else(|| RetryConfig::standard().with_max_attempts(8));
        let rds = aws_sdk_rds::config::Builder::from(sdk).retry_config(attempts).build();
        Self {
            id: id.to_owned(),
            rds: aws_sdk_rds::Client::from_conf(rds),
            kms: aws_sdk_kms::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
        }
    }
}

/// How often to look, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The pause after the first look. It doubles after each look.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The pause where each look counts.
    pub steady: Duration,
    /// When to give up.
    pub limit: Duration,
    /// How long after a request a resource may appear, if the response was lost.
    pub late: Duration,
}

impl Pace {
    /// For AWS. A database takes ten minutes, a first copy between accounts up to half an hour.
    pub const AWS: Self = Self {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(15),
        steady: Duration::from_secs(5),
        limit: Duration::from_secs(90 * 60),
        late: Duration::from_secs(60),
    };

    /// For a simulation on this machine, where time passes faster.
    pub const LOOPBACK: Self = Self {
        first: Duration::from_millis(25),
        longest: Duration::from_millis(200),
        steady: Duration::from_millis(10),
        limit: Duration::from_secs(10 * 60),
        late: Duration::from_secs(1),
    };
}

/// The accounts and the resources of a run.
#[derive(Debug)]
pub struct Lab {
    pub(crate) source: Account,
    pub(crate) dr: Account,
    pub(crate) pace: Pace,
    pub(crate) journal: Journal,
    /// The needs that were created, or the reason why they could not be.
    pub(crate) needs: BTreeMap<Need, Result<(), String>>,
    /// The ARNs of the customer managed keys.
    pub(crate) keys: BTreeMap<Side, String>,
    /// The URLs of the queues, by their names.
    pub(crate) queues: BTreeMap<&'static str, String>,
    /// The ARN of the topic with RDS's notifications.
    pub(crate) topic: Option<String>,
    /// The backup window of the shared instance.
    pub(crate) window: Option<Window>,
    /// The existing database of [`Need::Existing`].
    pub(crate) existing: Option<Existing>,
    /// The ARNs of snapshots, from the responses that created them.
    pub(crate) arns: BTreeMap<Snapshot, String>,
}

impl Lab {
    /// A run with this journal.
    #[must_use]
    pub fn new(source: Account, dr: Account, journal: Journal, pace: Pace) -> Self {
        let (needs, keys, queues, arns) = Default::default();
        Self { source, dr, pace, journal, needs, keys, queues, topic: None, window: None, existing: None, arns }
    }

    /// The same, with an existing database. Its copies may take a day.
    #[must_use]
    pub fn with_existing(mut self, existing: Existing) -> Self {
        self.pace.limit = self.pace.limit.max(existing::LIMIT);
        self.existing = Some(existing);
        self
    }

    /// The journal of the run.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn account(&self, side: Side) -> &Account {
        match side {
            Side::Source => &self.source,
            Side::Dr => &self.dr,
        }
    }

    /// The full name of something of this run.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.journal.run.prefix)
    }

    /// The identifier of the database of [`Need::Database`].
    pub(crate) fn database(&self, kind: Kind) -> String {
        self.name(match kind {
            Kind::Instance => "instance",
            Kind::Cluster => "cluster",
        })
    }

    /// Notes a resource in the journal. It must be called before the resource is created.
    pub(crate) fn announce(&mut self, side: Side, what: What, name: &str) -> Response<()> {
        let resource = Resource { side, what, name: self.name(name) };
        self.journal.creating(resource).map_err(|error| failure(format!("{error:#}")))
    }

    /// The tag of this run.
    pub(crate) fn tag(&self) -> (String, String) {
        (TAG.to_owned(), self.journal.run.prefix.clone())
    }

    /// The tags of a request to RDS.
    pub(crate) fn tags(&self, tags: Tags) -> Option<Vec<Tag>> {
        match tags {
            Tags::Inherited => None,
            Tags::Own(tags) => {
                let (key, value) = self.tag();
                let own = std::iter::once((key.as_str(), value.as_str())).chain(tags.iter().copied());
                Some(own.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect())
            }
        }
    }

    /// The time of AWS, which is not that of this machine in a simulation: when a queue received a message.
    pub(crate) async fn time(&self) -> Response<DateTime<Utc>> {
        use aws_sdk_sqs::types::MessageSystemAttributeName::SentTimestamp;
        let url = self.queues.get(CLOCK).ok_or_else(|| failure("there is no clock".to_owned()))?;
        let sqs = &self.source.sqs;
        sqs.send_message().queue_url(url).message_body("time").send().await.map_err(refusal)?;
        let mut wait = Wait::new(self.pace);
        loop {
            let request = sqs.receive_message().queue_url(url).max_number_of_messages(10);
            let received = request.message_system_attribute_names(SentTimestamp).send().await.map_err(refusal)?;
            let mut latest = None;
            for message in received.messages() {
                let sent = message.attributes().and_then(|attributes| attributes.get(&SentTimestamp));
                let sent = sent.and_then(|sent| DateTime::from_timestamp_millis(sent.parse().ok()?));
                latest = latest.max(sent);
                let handle = message.receipt_handle().unwrap_or_default();
                sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.map_err(refusal)?;
            }
            match latest {
                Some(latest) => return Ok(latest),
                // A queue does not return each message at once.
                None => wait.pause("a message from the queue").await?,
            }
        }
    }
}

/// The name of the queue that tells the time.
pub(crate) const CLOCK: &str = "clock";

/// A refusal that does not come from AWS.
pub(crate) fn failure(message: String) -> Refusal {
    Refusal { code: NO_RESPONSE.to_owned(), message }
}

/// Repeated looks at something that takes time.
pub(crate) struct Wait {
    pace: Pace,
    pause: Duration,
    began: Instant,
}

impl Wait {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, pause: pace.first, began: Instant::now() }
    }

    /// The seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        let milliseconds = self.began.elapsed().as_millis();
        milliseconds as f64 / 1000.0
    }

    /// Whether the wait has lasted so long.
    pub(crate) fn is_over(&self, limit: Duration) -> bool {
        self.began.elapsed() >= limit
    }

    /// Pauses before the next look. Fails if it took too long.
    pub(crate) async fn pause(&mut self, awaited: &str) -> Response<()> {
        if self.is_over(self.pace.limit) {
            let minutes = self.pace.limit.as_secs() / 60;
            return Err(failure(format!("gave up after {minutes} minutes of waiting for {awaited}")));
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(self.pace.longest);
        Ok(())
    }
}
