//! Describing secrets, without their values.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::find::find;
use super::{Secret, invalid_parameter, tags};
use crate::call::Error;
use crate::clock::seconds;
use crate::context::CallContext;
use crate::page;
use crate::world::State;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeSecret {
    secret_id: String,
}

pub(super) fn describe(state: &mut State, ctx: &CallContext, wanted: &DescribeSecret) -> Result<Value, Error> {
    let secret = find(state, ctx, &wanted.secret_id, "secretsmanager:DescribeSecret")?;
    let mut view = secret.view();
    view["VersionIdsToStages"] = secret.stages();
    Ok(view)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSecrets {
    #[serde(default)]
    include_planned_deletion: bool,
    max_results: Option<i64>,
    next_token: Option<String>,
}

const LIST: &str = "SecretList";

/// "Lists the secrets …, not including secrets that are marked for deletion." "If not specified, secrets are listed by
/// CreatedDate."
pub(super) fn list(state: &mut State, ctx: &CallContext, wanted: &ListSecrets) -> Result<Value, Error> {
    let size = match wanted.max_results.unwrap_or(100) {
        size @ 1..=100 => usize::try_from(size).unwrap_or(100),
        size => return Err(invalid_parameter(format!("MaxResults must be between 1 and 100, not {size}."))),
    };
    let invalid = || Error::new("InvalidNextTokenException", "The NextToken value is invalid.");
    let last = wanted.next_token.as_deref().map(|token| page::read_marker(LIST, token).ok_or_else(invalid));
    let last = last.transpose()?;
    let all = ctx.region_state(state).secrets.secrets.values();
    let listed = all.filter(|secret| wanted.include_planned_deletion || secret.deletion.is_none());
    let by_date: BTreeMap<String, &Secret> =
        listed.map(|secret| (format!("{:020} {}", secret.created.timestamp_millis(), secret.name), secret)).collect();
    let views = page::after(last.as_ref(), &by_date).map(|(place, secret)| {
        let mut view = secret.view();
        view["SecretVersionsToStages"] = secret.stages();
        (place, view)
    });
    let (found, next) = page::cut(views, size);
    Ok(json!({ LIST: found, "NextToken": next.map(|place| page::marker(LIST, place)) }))
}

impl Secret {
    /// "Secrets Manager only returns fields that have a value in the response."
    fn view(&self) -> Value {
        let date = |date: Option<DateTime<Utc>>| date.map(seconds);
        let managed = self.managed.as_ref();
        json!({
            "ARN": self.arn,
            "Name": self.name,
            "Description": self.description,
            // "If the secret is encrypted with the Amazon Web Services managed key aws/secretsmanager, this field is omitted."
            "KmsKeyId": self.key,
            // "If the secret has never been configured for rotation, Secrets Manager returns null."
            "RotationEnabled": managed.map(|_| true),
            "RotationRules": managed.map(|managed| json!({ "AutomaticallyAfterDays": managed.rotates_after_days })),
            "LastRotatedDate": date(managed.and_then(|managed| managed.rotated)),
            "NextRotationDate": date(managed.and_then(|managed| managed.next_rotation)),
            "LastChangedDate": seconds(self.changed),
            // "The date that the secret was last accessed": without the time.
            "LastAccessedDate": date(self.accessed.and_then(|at| Some(at.date_naive().and_hms_opt(0, 0, 0)?.and_utc()))),
            "DeletedDate": date(self.deletion),
            "Tags": if self.tags.is_empty() { None } else { Some(tags::view(&self.tags)) },
            "OwningService": managed.map(|managed| managed.owner),
            "CreatedDate": seconds(self.created),
        })
    }

    /// "A list of the versions of the secret that have staging labels attached."
    fn stages(&self) -> Value {
        let staged = self.versions.iter().filter(|(_, version)| !version.stages.is_empty());
        let staged: BTreeMap<_, _> = staged.map(|(id, version)| (id, &version.stages)).collect();
        if staged.is_empty() { Value::Null } else { json!(staged) }
    }
}
