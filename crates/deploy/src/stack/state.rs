//! The current state of a stack, and which operations it permits.

use std::collections::BTreeSet;

use anyhow::bail;
use aws_sdk_cloudformation::types;
use chrono::{DateTime, Utc};
use protocol::{AccountId, Place};

use super::difference::Values;
use super::name::StackName;
use super::parameters::{FIRST_REGION, NO_DRY_RUN};
use crate::aws_error::{Explain, error_code};
use crate::{Account, Role};

/// A stack.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// Its ARN, which remains valid after the stack is deleted.
    pub id: String,
    /// CloudFormation's status: `UPDATE_COMPLETE`.
    pub status: String,
    /// When it was last changed.
    pub updated: Option<DateTime<Utc>>,
    /// Its parameters.
    pub parameters: Values,
    /// Its outputs.
    pub outputs: Values,
    /// Whether it has termination protection.
    pub protected: bool,
}

/// The state of a stack, by the operations that it permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no stack, or only an empty one with change sets that were not executed. It can be created.
    Missing,
    /// It can be updated.
    Ready,
    /// Its creation or deletion failed. It can only be deleted.
    Failed,
    /// An update and its rollback failed. The rollback can be continued.
    RollbackFailed,
    /// An operation is in progress.
    InProgress,
}

impl Stack {
    /// Whether its last operation has ended so that it can be updated.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        State::of(Some(self)) == State::Ready
    }

    /// Whether an operation is in progress.
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        State::of(Some(self)) == State::InProgress
    }

    /// `None` if there is no such stack.
    ///
    /// # Errors
    ///
    /// If the call fails.
    pub async fn look(account: &Account, name: &StackName) -> anyhow::Result<Option<Self>> {
        let answer = match account.cloudformation().describe_stacks().stack_name(name.to_string()).send().await {
            // "If the stack doesn't exist, a `ValidationError` is returned" (API reference of DescribeStacks). The request has no
            // parameter but the name, which is a valid one, so there is no other cause.
            Err(error) if error_code(&error) == Some("ValidationError") => return Ok(None),
            answer => answer.explain(account.credentials(), format_args!("looking at stack {name}"))?,
        };
        Ok(answer.stacks.and_then(|stacks| stacks.into_iter().next()).map(Self::of))
    }

    /// The source accounts that have a stack in this account, which is DR.
    ///
    /// # Errors
    ///
    /// If the call fails.
    pub async fn sources(dr: &Account) -> anyhow::Result<BTreeSet<AccountId>> {
        // Deleted stacks are listed for 90 days.
        let call = dr.cloudformation().list_stacks();
        let mut pages = call.into_paginator().items().send();
        let mut sources = BTreeSet::new();
        while let Some(stack) = pages.next().await {
            let stack = stack.explain(dr.credentials(), "listing the stacks")?;
            let is_deleted = stack.stack_status() == Some(&types::StackStatus::DeleteComplete);
            sources.extend(stack.stack_name().filter(|_| !is_deleted).and_then(StackName::source));
        }
        Ok(sources)
    }

    /// Whether it is a consumer whose keeper deletes expired copies.
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

impl State {
    pub(super) fn of(stack: Option<&Stack>) -> Self {
        match stack.map_or("DELETE_COMPLETE", |stack| &stack.status) {
            "DELETE_COMPLETE" | "REVIEW_IN_PROGRESS" => Self::Missing,
            "CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED" => Self::Failed,
            "UPDATE_ROLLBACK_FAILED" => Self::RollbackFailed,
            status if status.ends_with("_IN_PROGRESS") => Self::InProgress,
            _ => Self::Ready,
        }
    }
}

/// Checks that a consumer's stack was created for this role: only a second region has a first one. An update for the other role
/// would end what the stack does now.
///
/// # Errors
///
/// If it was created for the other role.
pub(super) fn check_role(role: Role, place: &Place, stack: &Stack) -> anyhow::Result<()> {
    let first = stack.parameters.get(FIRST_REGION).map(String::as_str).filter(|first| !first.is_empty());
    let (name, region) = (role.stack(), &place.region);
    match (role, first) {
        (Role::Second, None) => bail!(
            "{name} in {region} keeps the copies of databases, and is no second region; set SECOND_REGION to a region without \
             this stack"
        ),
        (Role::Consumer, Some(first)) => bail!(
            "{name} in {region} is the second region of {first}; set DR_REGION to a region without this stack, or run the \
             command for `second`"
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_does_not_become_a_second_region_nor_the_reverse() {
        let place = Place { account: "222222222222".parse().unwrap(), region: "eu-north-1".parse().unwrap() };
        let stack = |first: &str| Stack {
            parameters: [(FIRST_REGION.to_owned(), first.to_owned())].into(),
            ..Stack::default()
        };
        let check = |role, stack: &Stack| check_role(role, &place, stack).err().map(|why| why.to_string());
        // Also a stack of a template that had no such parameter.
        for consumer in [stack(""), Stack::default()] {
            assert_eq!(check(Role::Consumer, &consumer), None);
            assert_eq!(
                check(Role::Second, &consumer).unwrap(),
                "draco-consumer in eu-north-1 keeps the copies of databases, and is no second region; set SECOND_REGION to a \
                 region without this stack"
            );
        }
        assert_eq!(check(Role::Second, &stack("eu-west-1")), None);
        assert!(check(Role::Consumer, &stack("eu-west-1")).unwrap().contains("is the second region of eu-west-1"));
    }

    #[test]
    fn every_status_has_a_state() {
        let state = |status: &types::StackStatus| {
            let stack = types::Stack::builder().stack_status(status.clone()).build();
            State::of(Some(&Stack::of(stack)))
        };
        for status in types::StackStatus::values() {
            let expected = match *status {
                "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE" => State::Missing,
                "CREATE_COMPLETE"
                | "UPDATE_COMPLETE"
                | "UPDATE_ROLLBACK_COMPLETE"
                | "UPDATE_FAILED"
                | "IMPORT_COMPLETE"
                | "IMPORT_ROLLBACK_COMPLETE"
                | "IMPORT_ROLLBACK_FAILED" => State::Ready,
                "UPDATE_ROLLBACK_FAILED" => State::RollbackFailed,
                "CREATE_FAILED" | "DELETE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" => State::Failed,
                _ => State::InProgress,
            };
            assert_eq!(state(&(*status).into()), expected, "{status}");
        }
        assert_eq!(State::of(None), State::Missing);
    }
}
