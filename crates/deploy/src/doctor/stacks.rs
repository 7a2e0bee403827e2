//! The stack, the code that it runs, and whether copies are deleted.

use config::Config;

use super::finding::Finding;
use crate::code::{Artifact, Uploaded, shortened};
use crate::deployed::Function;
use crate::stack::{self, Stack};
use crate::{Account, Role};

/// What is found, and whether there is a stack at all.
pub(super) async fn examine(account: &Account, config: &Config) -> (Vec<Finding>, bool) {
    let stack = match Stack::look(account).await {
        Ok(stack) => stack,
        Err(why) => return (vec![Finding::unseen(&why)], false),
    };
    let mut findings = vec![judge(account.role, stack.as_ref())];
    let Some(stack) = stack else { return (findings, false) };
    findings.extend(match stack::differing(account.role, config, &stack.parameters) {
        Ok(differing) => judge_parameters(account.role, &differing),
        // What is missing from the configuration stands in a line of its own.
        Err(_) => None,
    });
    match Function::look(account).await {
        Ok(function) => {
            let uploaded = match config.code_bucket {
                None => Ok(None),
                Some(_) => Uploaded::look(account, config, Artifact::Zip(account.role, config.architecture)).await,
            };
            match uploaded {
                Ok(uploaded) => findings.extend(judge_code(account.role, function.as_ref(), uploaded.as_ref())),
                Err(why) => findings.push(Finding::unseen(&why)),
            }
            if account.role == Role::Consumer {
                findings.extend(function.as_ref().map(judge_deletion));
            }
        }
        Err(why) => findings.push(Finding::unseen(&why)),
    }
    let is_there = stack.is_ready() || stack.is_in_progress();
    (findings, is_there)
}

fn judge(role: Role, stack: Option<&Stack>) -> Finding {
    let name = role.stack();
    match stack {
        None => Finding::not_yet(format!("stack {name} is not there yet"), format!("`cargo xtask create {role}`")),
        Some(stack) if stack.is_ready() => Finding::good(format!("stack {name} is {}", stack.status)),
        Some(stack) if stack.is_in_progress() => Finding::caution(
            format!("stack {name} is {}", stack.status),
            "somebody is at it; look again when that is done",
        ),
        Some(stack) => {
            let mend = "`cargo xtask create` or `update` goes on from there; `aws cloudformation describe-stack-events` says why";
            Finding::wrong(format!("stack {name} is {}", stack.status), mend)
        }
    }
}

fn judge_parameters(role: Role, differing: &[&str]) -> Option<Finding> {
    let what = format!("stack {} does not have what the configuration says of {}", role.stack(), differing.join(", "));
    let mend = format!("`cargo xtask update {role}` shows the difference, and takes it over");
    (!differing.is_empty()).then(|| Finding::caution(what, mend))
}

fn judge_code(role: Role, function: Option<&Function>, uploaded: Option<&Uploaded>) -> Option<Finding> {
    let name = role.stack();
    let Some(function) = function else {
        return Some(Finding::wrong(format!("function {name} is not there"), format!("`cargo xtask update {role}`")));
    };
    let uploaded = uploaded?.hash.as_deref()?;
    let runs = shortened(&function.sha256);
    Some(if uploaded == function.sha256 {
        Finding::good(format!("function {name} runs the code that was uploaded last (sha256 {runs})"))
    } else {
        let newer = shortened(uploaded);
        Finding::caution(
            format!("function {name} runs {runs}, and {newer} was uploaded since"),
            format!("`cargo xtask update {role}`"),
        )
    })
}

fn judge_deletion(consumer: &Function) -> Finding {
    if consumer.is_dry() {
        Finding::caution(
            "dry run: nothing is deleted, and copies become more with every snapshot",
            "once the log's would_delete lines are what you mean, `cargo xtask update consumer --no-dry-run`",
        )
    } else {
        Finding::good("copies that nothing holds are deleted")
    }
}

pub(super) fn judge_letters(role: Role, letters: Option<u32>) -> Finding {
    let queue = format!("{}-dead-letters", role.stack());
    match letters {
        Some(0) => Finding::good(format!("no event waits in {queue}")),
        Some(count) => Finding::wrong(
            format!("{count} {} in {queue}", if count == 1 { "event waits" } else { "events wait" }),
            "each says why it failed; doc/operations.md says what to do",
        ),
        None => Finding::wrong(format!("queue {queue} is not there"), format!("`cargo xtask update {role}`")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::finding::{Section, told};
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
    fn whatever_a_stack_is_the_line_says_what_to_do() {
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
        let section =
            Section { title: "the DR account".to_owned(), findings: findings.into_iter().flatten().collect() };
        insta::assert_snapshot!(anstream::adapter::strip_str(&told(&[section]).join("\n")));
    }
}
