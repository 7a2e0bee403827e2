//! The stack, the code of its function, and whether copies are deleted.

use config::Config;

use super::finding::{Finding, Id};
use crate::code::{Artifact, Uploaded, shortened};
use crate::deployed::Function;
use crate::stack::{self, Stack};
use crate::{Account, Role};

/// The findings, and whether the resources of the stack exist.
pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    pub(super) is_deployed: bool,
    /// In DR, whether copies are not deleted. Without a function, none are.
    pub(super) is_dry_run: bool,
}

pub(super) async fn examine(account: &Account, config: &Config) -> Examined {
    let mut examined = Examined { findings: Vec::new(), is_deployed: false, is_dry_run: true };
    let stack = match Stack::look(account).await {
        Ok(stack) => stack,
        Err(error) => {
            examined.findings.push(Finding::failed(Id::CheckFailed, &error));
            return examined;
        }
    };
    examined.findings.push(judge(account.role, stack.as_ref()));
    let Some(stack) = stack else { return examined };
    examined.is_deployed = stack.is_ready() || stack.is_in_progress();
    examined.findings.extend(match stack::differing(account.role, config, &stack.parameters) {
        Ok(differing) => judge_parameters(account.role, &differing),
        // A required key that is not set has a finding of its own.
        Err(_) => None,
    });
    match Function::look(account).await {
        Ok(function) => {
            examined.is_dry_run = function.as_ref().is_none_or(Function::is_dry_run);
            examined.findings.extend(examine_function(account, config, function.as_ref()).await);
        }
        Err(error) => examined.findings.push(Finding::failed(Id::CheckFailed, &error)),
    }
    examined
}

async fn examine_function(account: &Account, config: &Config, function: Option<&Function>) -> Vec<Finding> {
    let uploaded = match config.code_bucket {
        None => Ok(None),
        Some(_) => Uploaded::look(account, config, Artifact::Functions(config.architecture)).await,
    };
    let code = match uploaded {
        Ok(uploaded) => judge_code(account.role, function, uploaded.as_ref()),
        Err(error) => Some(Finding::failed(Id::CheckFailed, &error)),
    };
    let deletion = function.filter(|_| account.role == Role::Consumer).map(judge_deletion);
    code.into_iter().chain(deletion).collect()
}

fn judge(role: Role, stack: Option<&Stack>) -> Finding {
    let name = role.stack();
    match stack {
        None => Finding::pending(Id::StackMissing, name, "the stack does not exist")
            .next(format!("run `cargo xtask create {role}`")),
        Some(stack) if stack.is_ready() => {
            Finding::ok(Id::StackReady, name, format!("the stack is {}", stack.status))
        }
        Some(stack) if stack.is_in_progress() => {
            Finding::warning(Id::StackInProgress, name, format!("the stack is {}", stack.status))
                .next("run `cargo xtask doctor` again when the operation has ended")
        }
        Some(stack) => Finding::error(Id::StackFailed, name, format!("the stack is {}", stack.status)).next(
            "run `cargo xtask create` or `update`, which continue from there; `aws cloudformation describe-stack-events` \
             shows the cause",
        ),
    }
}

fn judge_parameters(role: Role, differing: &[&str]) -> Option<Finding> {
    let description = format!("the parameters {} of the stack differ from the configuration", differing.join(", "));
    let next = format!("run `cargo xtask update {role}`, which shows the differences and applies them");
    (!differing.is_empty()).then(|| Finding::warning(Id::StackParametersDiffer, role.stack(), description).next(next))
}

fn judge_code(role: Role, function: Option<&Function>, uploaded: Option<&Uploaded>) -> Option<Finding> {
    let (name, update) = (role.stack(), format!("run `cargo xtask update {role}`"));
    let Some(function) = function else {
        return Some(Finding::error(Id::FunctionMissing, name, "the function does not exist").next(update));
    };
    let uploaded = uploaded?.hash.as_deref()?;
    let running = shortened(&function.sha256);
    Some(if uploaded == function.sha256 {
        let description = format!("the function runs the code that was uploaded last (sha256 {running})");
        Finding::ok(Id::CodeCurrent, name, description)
    } else {
        let description =
            format!("the function runs sha256 {running}; sha256 {} was uploaded later", shortened(uploaded));
        Finding::warning(Id::CodeOutdated, name, description).next(update)
    })
}

fn judge_deletion(consumer: &Function) -> Finding {
    let name = Role::Consumer.stack();
    if consumer.is_dry_run() {
        Finding::warning(Id::DryRun, name, "dry run: no copy is deleted, and every snapshot adds one").next(
            "when the would_delete lines of the log are as intended, run `cargo xtask update consumer --no-dry-run`",
        )
    } else {
        Finding::ok(Id::DeletionEnabled, name, "expired copies are deleted")
    }
}

pub(super) fn judge_letters(role: Role, letters: Option<u32>) -> Finding {
    let queue = format!("{}-dead-letters", role.stack());
    match letters {
        Some(0) => Finding::ok(Id::DeadLettersEmpty, &queue, "no failed events"),
        Some(count) => {
            let description = format!("{count} failed {}", if count == 1 { "event" } else { "events" });
            let next = "see doc/operations.md; each has the reason for the failure";
            Finding::error(Id::DeadLettersWaiting, &queue, description).next(next)
        }
        None => Finding::error(Id::DeadLetterQueueMissing, &queue, "the queue does not exist")
            .next(format!("run `cargo xtask update {role}`")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::finding::{Area, Section, lines};
    use super::*;

    fn stack(status: &str) -> Stack {
        Stack {
            id: String::new(),
            status: status.to_owned(),
            updated: None,
            parameters: Default::default(),
            outputs: Default::default(),
            protected: true,
        }
    }

    fn function(no_dry_run: &str) -> Function {
        let environment = BTreeMap::from([("NO_DRY_RUN".to_owned(), no_dry_run.to_owned())]);
        Function { sha256: "0123456789abcdef".to_owned(), updated: None, environment }
    }

    fn uploaded(hash: &str) -> Uploaded {
        Uploaded { version: "v1".to_owned(), hash: Some(hash.to_owned()) }
    }

    #[test]
    fn every_state_of_a_stack_has_a_next_step() {
        let consumer = Role::Consumer;
        let findings = [
            Some(judge(consumer, None)),
            Some(judge(consumer, Some(&stack("UPDATE_COMPLETE")))),
            Some(judge(consumer, Some(&stack("UPDATE_IN_PROGRESS")))),
            Some(judge(consumer, Some(&stack("ROLLBACK_COMPLETE")))),
            judge_parameters(consumer, &[]),
            judge_parameters(consumer, &["Floor", "Lifecycles"]),
            judge_code(consumer, None, None),
            judge_code(consumer, Some(&function("false")), Some(&uploaded("0123456789abcdef"))),
            judge_code(consumer, Some(&function("false")), Some(&uploaded("fedcba9876543210"))),
            Some(judge_deletion(&function("false"))),
            Some(judge_deletion(&function("true"))),
            Some(judge_letters(consumer, Some(0))),
            Some(judge_letters(consumer, Some(1))),
            Some(judge_letters(consumer, None)),
        ];
        let findings = findings.into_iter().flatten().collect();
        let section = Section { area: Area::DrAccount, account: None, title: "the DR account".to_owned(), findings };
        insta::assert_snapshot!(anstream::adapter::strip_str(&lines(&[section]).join("\n")));
    }
}
