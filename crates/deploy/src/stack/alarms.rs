//! The recipient of DR's alarms. They must arrive outside production (invariant 16).

use anyhow::bail;
use config::Config;
use protocol::topic::TopicArn;

use crate::{Role, Terminal};

/// Checks the recipient before DR's stack is created or updated.
///
/// # Errors
///
/// If the topic is in a source account, or there is no recipient and `required`.
pub(super) fn check(role: Role, config: &Config, required: bool, terminal: &mut Terminal) -> anyhow::Result<()> {
    if role == Role::Producer {
        return Ok(());
    }
    match (&config.alarm_topic_arn, &config.alarm_email) {
        (Some(topic), _) => {
            let owner = topic.parse().map(|topic: TopicArn| topic.place.account)?;
            if config.source_accts.contains(&owner) {
                bail!(
                    "{topic} (ALARM_TOPIC_ARN) is in source account {owner}: who controls that account could silence DR's \
                     alarms; use a topic in the DR account or in a third one"
                );
            }
        }
        (None, Some(_)) => {}
        (None, None) if required => {
            bail!("alarms have no recipient; set ALARM_EMAIL or ALARM_TOPIC_ARN, or re-run with --no-alarms")
        }
        (None, None) => terminal
            .warn("alarms have no recipient: they are visible only in CloudWatch; set ALARM_EMAIL or ALARM_TOPIC_ARN"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::terminal::Answers;

    fn refused(more: &str, required: bool) -> Option<String> {
        let text = format!("SOURCE_ACCTS: '111111111111'\nDR_ACCT: '222222222222'\n{more}");
        let config = Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        let mut terminal = Terminal::with_output(Box::new(std::io::sink()), Answers::default());
        check(Role::Consumer, &config, required, &mut terminal).err().map(|why| why.to_string())
    }

    #[test]
    fn alarms_need_a_recipient_unless_they_are_declined() {
        let why = refused("", true).unwrap();
        assert_eq!(why, "alarms have no recipient; set ALARM_EMAIL or ALARM_TOPIC_ARN, or re-run with --no-alarms");
        assert_eq!(refused("", false), None);
        assert_eq!(refused("ALARM_EMAIL: dr-team@example.com", true), None);
    }

    #[test]
    fn a_topic_in_a_source_account_is_refused() {
        let topic = |account| format!("ALARM_TOPIC_ARN: arn:aws:sns:eu-west-1:{account}:alarms");
        assert!(refused(&topic("111111111111"), false).unwrap().contains("is in source account 111111111111"));
        assert_eq!(refused(&topic("222222222222"), true), None);
        assert_eq!(refused(&topic("999999999999"), true), None);
    }
}
