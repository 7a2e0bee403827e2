//! The subscriptions: RDS events to the topic, the topic to the function, and alarms to their receiver.

use aws_sdk_sns::types::Subscription;
use config::Config;
use protocol::topic::{TopicArn, consumer_topic};
use protocol::{AccountId, Kind};

use super::finding::{Finding, Id};
use crate::aws_error::{Explain, error_code};
use crate::{Account, Role};

/// SNS returns this in place of an ARN until the subscription is confirmed.
const UNCONFIRMED: &str = "PendingConfirmation";

pub(super) async fn examine(account: &Account, config: &Config) -> Vec<Finding> {
    let failed = |error| Finding::failed(Id::CheckFailed, &error);
    let main = account.role.topic();
    let mut topics = vec![main.to_owned()];
    // The consumer in the first region announces copies to the second as a source account does.
    let announcing: Vec<&AccountId> = match account.role {
        Role::Producer | Role::Verifier => Vec::new(),
        Role::Consumer => config.source_accts.iter().collect(),
        Role::Second => config.dr_acct.iter().collect(),
    };
    topics.extend(announcing.into_iter().map(|source| consumer_topic(&account.place, source).name));
    let mut findings = Vec::new();
    for topic in &topics {
        findings.push(match subscriptions(account, &account.place.arn("sns", topic)).await {
            Ok(found) => judge_function(account, topic, found.as_deref()),
            Err(error) => failed(error),
        });
    }
    let topic = account.place.arn("sns", main);
    findings.push(match event_subscriptions(account, &topic).await {
        Ok(found) => judge_rds(account.role, &found),
        Err(error) => failed(error),
    });
    findings.push(alarms(account, config).await);
    findings
}

/// Whether alarms have a recipient.
pub(super) async fn alarms(account: &Account, config: &Config) -> Finding {
    let main = account.role.topic();
    let alarm_topic = config.alarm_topic_in(&account.place.region);
    let recipients = match (&alarm_topic, &config.alarm_email) {
        // Another account's topic cannot be read from here.
        (Some(topic), _) if topic_account(topic).as_ref() != Some(&account.place.account) => Ok(None),
        (Some(topic), _) => subscriptions(account, topic).await,
        (None, Some(_)) => subscriptions(account, &account.place.arn("sns", &format!("{main}Alarms"))).await,
        (None, None) => Ok(None),
    };
    match recipients {
        Ok(found) => judge_alarms(account, config, found.as_deref()),
        Err(error) => Finding::failed(Id::CheckFailed, &error),
    }
}

fn topic_account(arn: &str) -> Option<AccountId> {
    arn.parse().ok().map(|topic: TopicArn| topic.place.account)
}

/// The subscriptions of a topic. `None` if it does not exist.
async fn subscriptions(account: &Account, topic: &str) -> anyhow::Result<Option<Vec<Subscription>>> {
    let sns = aws_sdk_sns::Client::new(account.sdk());
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = match sns.list_subscriptions_by_topic().topic_arn(topic).set_next_token(next).send().await {
            Err(error) if matches!(error_code(&error), Some("NotFound" | "NotFoundException")) => return Ok(None),
            page => page.explain(account.credentials(), format_args!("listing the subscriptions of {topic}"))?,
        };
        all.extend(page.subscriptions.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(Some(all));
        }
    }
}

/// The kinds of snapshots whose events RDS publishes to this topic.
async fn event_subscriptions(account: &Account, topic: &str) -> anyhow::Result<Vec<Kind>> {
    let rds = aws_sdk_rds::Client::new(account.sdk());
    let mut pages = rds.describe_event_subscriptions().into_paginator().send();
    let mut kinds = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.explain(account.credentials(), "listing the event subscriptions of RDS")?;
        let ours = page.event_subscriptions_list().iter().filter(|one| one.sns_topic_arn() == Some(topic));
        let active = ours.filter(|one| one.enabled() == Some(true) && one.status() == Some("active"));
        let of = |source| Kind::ALL.into_iter().find(|kind| Some(kind.event_source()) == source);
        kinds.extend(active.filter_map(|one| of(one.source_type())));
    }
    Ok(kinds)
}

fn judge_function(account: &Account, topic: &str, found: Option<&[Subscription]>) -> Finding {
    let (role, name) = (account.role, account.role.stack());
    let update = format!("run `cargo xtask update {role}`");
    let Some(found) = found else {
        return Finding::error(Id::TopicMissing, topic, "the topic does not exist").next(update);
    };
    let function = account.place.arn("lambda", &format!("function:{name}"));
    match find(found, &function) {
        None => Finding::error(Id::SubscriptionMissing, topic, format!("{name} is not subscribed to the topic"))
            .next(update),
        Some(Some(UNCONFIRMED)) => {
            let description = format!("the subscription of {name} to the topic is not confirmed");
            Finding::error(Id::SubscriptionUnconfirmed, topic, description).next(update)
        }
        Some(_) => Finding::ok(Id::SubscriptionActive, topic, format!("{name} is subscribed to the topic")),
    }
}

/// The ARN of the subscription of an endpoint, or [`UNCONFIRMED`].
fn find<'a>(found: &'a [Subscription], endpoint: &str) -> Option<Option<&'a str>> {
    let subscription = found.iter().find(|subscription| subscription.endpoint() == Some(endpoint))?;
    Some(subscription.subscription_arn())
}

/// Without RDS events the sweep finds every snapshot, but later.
fn judge_rds(role: Role, found: &[Kind]) -> Finding {
    let missing: Vec<&str> =
        Kind::ALL.iter().filter(|kind| !found.contains(kind)).map(|kind| kind.event_source()).collect();
    if missing.is_empty() {
        let description = "RDS publishes the events of instance and cluster snapshots to the topic";
        Finding::ok(Id::EventSubscriptionActive, role.topic(), description)
    } else {
        let missing = missing.join(" and ");
        let description = format!("no RDS event subscription for {missing}; the hourly sweep still finds them");
        Finding::warning(Id::EventSubscriptionMissing, role.topic(), description)
            .next(format!("run `cargo xtask update {role}`"))
    }
}

fn judge_alarms(account: &Account, config: &Config, found: Option<&[Subscription]>) -> Finding {
    let role = account.role;
    let update = format!("run `cargo xtask update {role}`");
    let email = match (&config.alarm_topic_in(&account.place.region), &config.alarm_email) {
        (Some(topic), _) => return judge_alarm_topic(account, config, topic, found),
        (None, None) => {
            return Finding::warning(Id::AlarmReceiverMissing, "", "alarms are not sent to anyone")
                .without_resource()
                .next(format!("set ALARM_EMAIL or ALARM_TOPIC_ARN, then {update}"));
        }
        (None, Some(email)) => email,
    };
    match find(found.unwrap_or_default(), email) {
        None => Finding::error(Id::AlarmEmailMissing, email, "alarms are not sent to this address").next(update),
        Some(Some(UNCONFIRMED)) => {
            Finding::error(Id::AlarmEmailUnconfirmed, email, "alarms are not sent to this address yet")
                .next("confirm the subscription e-mail")
        }
        Some(_) => Finding::ok(Id::AlarmReceiverActive, email, "alarms are sent here"),
    }
}

/// The user's own topic. Alarms must arrive outside production (invariant 16).
fn judge_alarm_topic(account: &Account, config: &Config, topic: &str, found: Option<&[Subscription]>) -> Finding {
    let owner = topic_account(topic);
    if account.role.keeps_copies() && owner.as_ref().is_some_and(|owner| config.source_accts.contains(owner)) {
        let description = "the topic for alarms is in a source account, from which an attacker can silence them";
        return Finding::error(Id::AlarmTopicInSource, topic, description)
            .next("set ALARM_TOPIC_ARN to a topic in another account, then run `cargo xtask update consumer`");
    }
    let subscribe = "subscribe a recipient to it and confirm the subscription";
    match found {
        None if owner.as_ref() == Some(&account.place.account) => {
            Finding::error(Id::AlarmTopicMissing, topic, "the topic for alarms does not exist")
                .next("create it, or set ALARM_TOPIC_ARN to another one")
        }
        None => {
            let description =
                "alarms are sent here; its subscriptions were not checked, because it is in another account";
            Finding::ok(Id::AlarmReceiverActive, topic, description)
        }
        Some([]) => Finding::error(Id::AlarmReceiverMissing, topic, "the topic has no subscription").next(subscribe),
        Some(all) if all.iter().all(|one| one.subscription_arn() == Some(UNCONFIRMED)) => {
            Finding::error(Id::AlarmReceiverUnconfirmed, topic, "no subscription of the topic is confirmed")
                .next(subscribe)
        }
        Some(_) => Finding::ok(Id::AlarmReceiverActive, topic, "alarms are sent here, to a confirmed subscription"),
    }
}
