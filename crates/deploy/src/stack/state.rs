//! What a stack is like now, and what can be done with it.

use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types;

use chrono::{DateTime, Utc};

use super::difference::Values;
use super::parameters::NO_DRY_RUN;
use crate::Account;
use crate::aws_error::{Explain, error_code};

/// The stack of an account's role.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// Its ARN, by which it is known when it is gone, too.
    pub id: String,
    /// As CloudFormation calls it: `UPDATE_COMPLETE`.
    pub status: String,
    /// When it was last changed.
    pub updated: Option<DateTime<Utc>>,
    /// The parameters that it has.
    pub parameters: Values,
    /// What it tells of itself.
    pub outputs: Values,
    /// Whether it is protected against deletion.
    pub protected: bool,
}

/// What can be done with a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is none, or nothing but change sets that nobody has executed.
    Nothing,
    /// It stands, and can be updated.
    Stands,
    /// It was not made, or not deleted, whole. All that can be done with it is to delete it.
    Remains,
    /// An update failed, and so did going back. That can be tried again.
    Stuck,
    /// Something is being done with it.
    Busy,
}

impl Stack {
    /// Whether it stands, and nothing is left to be done about it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        Standing::of(Some(self)) == Standing::Stands
    }

    /// Whether somebody is at it.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        Standing::of(Some(self)) == Standing::Busy
    }

    /// Nothing, if there is none.
    ///
    /// # Errors
    ///
    /// If AWS refuses.
    pub async fn look(account: &Account) -> anyhow::Result<Option<Self>> {
        let name = account.role.stack();
        let answer = match account.cloudformation().describe_stacks().stack_name(name).send().await {
            // It has no error of its own for this.
            Err(error) if error_code(&error) == Some("ValidationError") && says_no_stack(error.message()) => {
                return Ok(None);
            }
            answer => answer.explain(account.credentials(), format_args!("looking at stack {name}"))?,
        };
        Ok(answer.stacks.and_then(|stacks| stacks.into_iter().next()).map(Self::of))
    }

    /// Whether it is a consumer that deletes what nothing holds.
    #[must_use]
    pub fn deletes(&self) -> bool {
        self.parameters.get(NO_DRY_RUN).is_some_and(|value| value == "true")
    }

    fn of(stack: types::Stack) -> Self {
        let pair = |name: Option<String>, value: Option<String>| Some((name?, value.unwrap_or_default()));
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        let updated = stack.last_updated_time.or(stack.creation_time);
        Self {
            id: stack.stack_id.unwrap_or_default(),
            updated: updated.and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos())),
            status: stack.stack_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            parameters: parameters.filter_map(|each| pair(each.parameter_key, each.parameter_value)).collect(),
            outputs: outputs.filter_map(|each| pair(each.output_key, each.output_value)).collect(),
            protected: stack.enable_termination_protection.unwrap_or_default(),
        }
    }
}

impl Standing {
    pub(super) fn of(stack: Option<&Stack>) -> Self {
        match stack.map_or("DELETE_COMPLETE", |stack| &stack.status) {
            "DELETE_COMPLETE" | "REVIEW_IN_PROGRESS" => Self::Nothing,
            "CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED" => Self::Remains,
            "UPDATE_ROLLBACK_FAILED" => Self::Stuck,
            status if status.ends_with("_IN_PROGRESS") => Self::Busy,
            _ => Self::Stands,
        }
    }
}

fn says_no_stack(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.contains("does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_one_of_five() {
        let standing = |status: &types::StackStatus| {
            let stack = types::Stack::builder().stack_status(status.clone()).build();
            Standing::of(Some(&Stack::of(stack)))
        };
        for status in types::StackStatus::values() {
            let expected = match *status {
                "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE" => Standing::Nothing,
                "CREATE_COMPLETE"
                | "UPDATE_COMPLETE"
                | "UPDATE_ROLLBACK_COMPLETE"
                | "UPDATE_FAILED"
                | "IMPORT_COMPLETE"
                | "IMPORT_ROLLBACK_COMPLETE"
                | "IMPORT_ROLLBACK_FAILED" => Standing::Stands,
                "UPDATE_ROLLBACK_FAILED" => Standing::Stuck,
                "CREATE_FAILED" | "DELETE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" => Standing::Remains,
                _ => Standing::Busy,
            };
            assert_eq!(standing(&(*status).into()), expected, "{status}");
        }
        assert_eq!(Standing::of(None), Standing::Nothing);
    }
}
