//! Who hears what: RDS through the topic to the function, and alarms to a person.

use aws_sdk_sns::types::Subscription;
use config::Config;
use protocol::Kind;

use super::finding::Finding;
use crate::aws_error::{Explain, error_code};
use crate::{Account, Role};

/// What AWS gives in place of an ARN until somebody has followed the link.
const UNCONFIRMED: &str = "PendingConfirmation";

pub(super) async fn examine(account: &Account, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let topic = account.place.arn("sns", account.role.topic());
    match subscriptions(account, &topic).await {
        Ok(seen) => findings.push(judge_function(account, seen.as_deref())),
        Err(why) => findings.push(Finding::unseen(&why)),
    }
    match notified(account, &topic).await {
        Ok(seen) => findings.push(judge_rds(account.role, &seen)),
        Err(why) => findings.push(Finding::unseen(&why)),
    }
    let alarms = format!("{}Alarms", account.role.topic());
    let heard = match (&config.alarm_topic_arn, &config.alarm_email) {
        (None, Some(_)) => subscriptions(account, &account.place.arn("sns", &alarms)).await,
        _ => Ok(None),
    };
    findings.push(match heard {
        Ok(heard) => judge_alarms(account.role, config, heard.as_deref()),
        Err(why) => Finding::unseen(&why),
    });
    findings
}

/// Who has subscribed to a topic; nothing, if it is not there.
async fn subscriptions(account: &Account, topic: &str) -> anyhow::Result<Option<Vec<Subscription>>> {
    let sns = aws_sdk_sns::Client::new(account.sdk());
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = match sns.list_subscriptions_by_topic().topic_arn(topic).set_next_token(next).send().await {
            Err(error) if error_code(&error).is_some_and(|code| code.starts_with("NotFound")) => return Ok(None),
            page => page.explain(account.credentials(), format_args!("looking who hears {topic}"))?,
        };
        all.extend(page.subscriptions.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(Some(all));
        }
    }
}

/// Of which kinds of snapshots RDS tells this topic.
async fn notified(account: &Account, topic: &str) -> anyhow::Result<Vec<Kind>> {
    let rds = aws_sdk_rds::Client::new(account.sdk());
    let mut pages = rds.describe_event_subscriptions().into_paginator().send();
    let mut kinds = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.explain(account.credentials(), "looking at the event subscriptions of RDS")?;
        let ours = page.event_subscriptions_list().iter().filter(|one| one.sns_topic_arn() == Some(topic));
        let active = ours.filter(|one| one.enabled() == Some(true) && one.status() == Some("active"));
        let of = |source| Kind::ALL.into_iter().find(|kind| Some(kind.event_source()) == source);
        kinds.extend(active.filter_map(|one| of(one.source_type())));
    }
    Ok(kinds)
}

fn judge_function(account: &Account, seen: Option<&[Subscription]>) -> Finding {
    let (role, topic) = (account.role, account.role.topic());
    let update = format!("`cargo xtask update {role}`");
    let Some(seen) = seen else { return Finding::wrong(format!("topic {topic} is not there"), update) };
    let function = account.place.arn("lambda", &format!("function:{}", role.stack()));
    match seen.iter().find(|one| one.endpoint() == Some(&function)).map(|one| one.subscription_arn()) {
        None => Finding::wrong(format!("{} does not hear topic {topic}", role.stack()), update),
        Some(Some(UNCONFIRMED)) => {
            Finding::wrong(format!("the subscription of {} to topic {topic} is not confirmed", role.stack()), update)
        }
        Some(_) => Finding::good(format!("{} hears topic {topic}", role.stack())),
    }
}

/// Without notifications the sweep finds everything, only later.
fn judge_rds(role: Role, seen: &[Kind]) -> Finding {
    let missing: Vec<&str> =
        Kind::ALL.iter().filter(|kind| !seen.contains(kind)).map(|kind| kind.event_source()).collect();
    if missing.is_empty() {
        Finding::good(format!("RDS tells topic {} of snapshots of both kinds", role.topic()))
    } else {
        Finding::caution(
            format!("RDS does not tell topic {} of {}: only the sweep finds them", role.topic(), missing.join(" and ")),
            format!("`cargo xtask update {role}`"),
        )
    }
}

fn judge_alarms(role: Role, config: &Config, heard: Option<&[Subscription]>) -> Finding {
    let update = format!("`cargo xtask update {role}`");
    let email = match (&config.alarm_topic_arn, &config.alarm_email) {
        (Some(topic), _) => return Finding::good(format!("alarms go to {topic}")),
        (None, None) => {
            let mend = format!("set ALARM_EMAIL or ALARM_TOPIC_ARN, then {update}");
            return Finding::caution("nobody hears of alarms", mend);
        }
        (None, Some(email)) => email,
    };
    match heard.unwrap_or_default().iter().find(|one| one.endpoint() == Some(email)).map(|one| one.subscription_arn()) {
        None => Finding::wrong(format!("alarms do not go to {email}"), update),
        Some(Some(UNCONFIRMED)) => Finding::wrong(
            format!("alarms do not go to {email} yet"),
            "AWS has sent it a link, which has to be followed",
        ),
        Some(_) => Finding::good(format!("alarms go to {email}")),
    }
}
