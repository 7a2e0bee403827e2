//! The stacks, the code of their functions, and whether copies are deleted.

use config::Config;
use protocol::{AccountId, Region};

use super::finding::{Finding, Id};
use crate::code::{Artifact, Local, Uploaded, shortened};
use crate::deployed::{Function, KEEPER, functions};
use crate::files::Files;
use crate::stack::{self, Stack, StackName};
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
    let name = StackName::of(account.role);
    let stack = match Stack::look(account, &name).await {
        Ok(stack) => stack,
        Err(error) => {
            examined.findings.push(Finding::failed(Id::CheckFailed, &error));
            return examined;
        }
    };
    examined.findings.extend(judge_stack(&name, &account.place.region, config, stack.as_ref()));
    let Some(stack) = stack else { return examined };
    examined.is_deployed = stack.is_ready() || stack.is_in_progress();
    let zips = Zips::look(account, config, &stack).await;
    for function in functions(account.role) {
        match Function::look(account, function).await {
            Ok(found) => {
                if *function == KEEPER {
                    examined.is_dry_run = found.as_ref().is_none_or(Function::is_dry_run);
                    examined.findings.extend(found.as_ref().map(|keeper| judge_deletion(account.role, keeper)));
                }
                examined.findings.push(match &zips {
                    Ok(zips) => judge_code(account.role, function, found.as_ref(), zips),
                    Err(error) => Finding::failed(Id::CheckFailed, error),
                });
            }
            Err(error) => examined.findings.push(Finding::failed(Id::CheckFailed, &error)),
        }
    }
    if account.role.keeps_copies() {
        examined.findings.extend(examine_sources(account, config).await);
    }
    examined
}

/// The stacks of the source accounts in DR.
async fn examine_sources(dr: &Account, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in StackName::all(dr.role, config).into_iter().skip(1) {
        match Stack::look(dr, &name).await {
            Ok(stack) => findings.extend(judge_stack(&name, &dr.place.region, config, stack.as_ref())),
            Err(error) => findings.push(Finding::failed(Id::CheckFailed, &error)),
        }
    }
    match Stack::sources(dr).await {
        Ok(sources) => {
            let removed = sources.iter().filter(|source| !config.source_accts.contains(source));
            findings.extend(removed.map(|source| judge_removed(dr.role, source)));
        }
        Err(error) => findings.push(Finding::failed(Id::CheckFailed, &error)),
    }
    findings
}

/// The hashes of the zips that a function could run.
#[derive(Default)]
struct Zips {
    /// Of the version that the stack was deployed with.
    deployed: Option<String>,
    /// Of the newest version in the bucket.
    uploaded: Option<String>,
    /// Of the one that was built on this machine.
    built: Option<String>,
}

impl Zips {
    async fn look(account: &Account, config: &Config, stack: &Stack) -> anyhow::Result<Self> {
        let zip = Artifact::Functions(config.architecture);
        let built = Local::read(zip, &Files::of_workspace()?)?.map(|local| local.hash);
        if config.code_bucket.is_none() {
            return Ok(Self { built, ..Self::default() });
        }
        let uploaded = Uploaded::look(account, config, zip).await?.and_then(|uploaded| uploaded.hash);
        let deployed = match (stack.parameters.get("CodeKey"), stack.parameters.get("CodeVersion")) {
            (Some(key), Some(version)) if *key == zip.key() && !version.is_empty() => {
                let uploaded = Uploaded::look_at(account, config, zip, Some(version.clone())).await?;
                uploaded.and_then(|uploaded| uploaded.hash)
            }
            _ => None,
        };
        Ok(Self { deployed, uploaded, built })
    }
}

fn judge_stack(name: &StackName, region: &Region, config: &Config, stack: Option<&Stack>) -> Vec<Finding> {
    let differing = stack.map(|stack| stack::differing(name, region, config, &stack.parameters));
    // A required key that is not set has a finding of its own.
    let differing = differing.and_then(Result::ok).and_then(|differing| judge_parameters(name, &differing));
    [judge(name, stack)].into_iter().chain(differing).collect()
}

fn judge(name: &StackName, stack: Option<&Stack>) -> Finding {
    let (resource, role) = (name.to_string(), name.role());
    match stack {
        None => {
            let is_source = matches!(name, StackName::Source(_) | StackName::SecondSource(_));
            let command = if is_source { "update" } else { "create" };
            Finding::pending(Id::StackMissing, &resource, "the stack does not exist")
                .next(format!("run `cargo xtask {command} {role}`"))
        }
        Some(stack) if stack.is_ready() => {
            Finding::ok(Id::StackReady, &resource, format!("the stack is {}", stack.status))
        }
        Some(stack) if stack.is_in_progress() => {
            Finding::warning(Id::StackInProgress, &resource, format!("the stack is {}", stack.status))
                .next("run `cargo xtask doctor` again when the operation has ended")
        }
        Some(stack) => Finding::error(Id::StackFailed, &resource, format!("the stack is {}", stack.status)).next(
            "run `cargo xtask create` or `update`, which continue from there; `aws cloudformation describe-stack-events` \
             shows the cause",
        ),
    }
}

fn judge_parameters(name: &StackName, differing: &[&str]) -> Option<Finding> {
    let description = format!("the parameters {} of the stack differ from the configuration", differing.join(", "));
    let next = format!("run `cargo xtask update {}`, which shows the differences and applies them", name.role());
    (!differing.is_empty())
        .then(|| Finding::warning(Id::StackParametersDiffer, &name.to_string(), description).next(next))
}

fn judge_removed(role: Role, source: &AccountId) -> Finding {
    let name = StackName::source_of(role, source.clone()).to_string();
    Finding::warning(Id::SourceStackUnused, &name, format!("{source} is no longer in SOURCE_ACCTS"))
        .next(format!("run `cargo xtask update {role}`, which offers to delete the stack; the copies stay"))
}

/// | runs the deployed version | runs the newest upload | runs what was built here | finding |
/// |---|---|---|---|
/// | no | any | any | error `code_changed` |
/// | yes | no | any | warning `code_outdated` |
/// | yes | yes | no | warning `code_not_built_here` |
/// | yes | yes | yes | ok `code_current` |
///
/// An unknown hash counts as equal.
fn judge_code(role: Role, name: &str, function: Option<&Function>, zips: &Zips) -> Finding {
    let update = format!("run `cargo xtask update {role}`");
    let Some(function) = function else {
        return Finding::error(Id::FunctionMissing, name, "the function does not exist").next(update);
    };
    let differs = |zip: &Option<String>| zip.as_ref().filter(|hash| **hash != function.sha256).cloned();
    let running = shortened(&function.sha256);
    if let Some(deployed) = differs(&zips.deployed) {
        let description = format!(
            "the function runs sha256 {running}, but the stack deployed {}: the code was changed outside the stack",
            shortened(&deployed)
        );
        let next = "look up who called lambda:UpdateFunctionCode in CloudTrail, then deploy the code again";
        return Finding::error(Id::CodeChanged, name, description).next(next);
    }
    if let Some(uploaded) = differs(&zips.uploaded) {
        let description =
            format!("the function runs sha256 {running}; sha256 {} was uploaded later", shortened(&uploaded));
        return Finding::warning(Id::CodeOutdated, name, description).next(update);
    }
    if let Some(built) = differs(&zips.built) {
        let description =
            format!("the function runs sha256 {running}; the zip that was built here is {}", shortened(&built));
        let next =
            "build the revision that is deployed to compare them, or run `cargo xtask upload` and update the stack";
        return Finding::warning(Id::CodeNotBuiltHere, name, description).next(next);
    }
    let description = match (&zips.built, &zips.uploaded) {
        (Some(_), _) => format!("the function runs the code that was built here (sha256 {running})"),
        (None, Some(_)) => format!("the function runs the code that was uploaded last (sha256 {running})"),
        (None, None) => format!("the function runs sha256 {running}, which was not compared: no zip is known"),
    };
    Finding::ok(Id::CodeCurrent, name, description)
}

fn judge_deletion(role: Role, keeper: &Function) -> Finding {
    if keeper.is_dry_run() {
        Finding::warning(Id::DryRun, KEEPER, "dry run: no copy is deleted, and every snapshot adds one").next(format!(
            "when the would_delete lines of the log are as intended, run `cargo xtask update {role} --no-dry-run`"
        ))
    } else {
        Finding::ok(Id::DeletionEnabled, KEEPER, "expired copies are deleted")
    }
}

pub(super) fn judge_letters(role: Role, function: &str, letters: Option<u32>) -> Finding {
    let queue = format!("{function}-dead-letters");
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
        Function { sha256: RUNNING.to_owned(), updated: None, environment }
    }

    const RUNNING: &str = "0123456789abcdef";
    const OTHER: &str = "fedcba9876543210";

    fn code(deployed: &str, uploaded: &str, built: &str) -> Finding {
        let hash = |hash: &str| (!hash.is_empty()).then(|| hash.to_owned());
        let zips = Zips { deployed: hash(deployed), uploaded: hash(uploaded), built: hash(built) };
        judge_code(Role::Consumer, "draco-consumer", Some(&function("false")), &zips)
    }

    #[test]
    fn stacks_of_the_second_region_are_mended_with_commands_for_it() {
        let source: AccountId = "111111111111".parse().unwrap();
        for role in [Role::Consumer, Role::Second] {
            let findings = vec![
                judge(&StackName::source_of(role, source.clone()), None),
                judge_removed(role, &source),
                judge_deletion(role, &function("false")),
            ];
            let section = Section { area: Area::DrAccount, place: None, title: String::new(), findings };
            let commands = lines(&[section]).join("\n").matches(&format!("`cargo xtask update {role}")).count();
            assert_eq!(commands, 3, "{role}");
        }
    }

    #[test]
    fn every_state_of_a_stack_has_a_next_step() {
        let consumer = StackName::Consumer;
        let source: AccountId = "111111111111".parse().unwrap();
        let letters = |letters| judge_letters(Role::Consumer, "draco-consumer", letters);
        let findings = [
            Some(judge(&consumer, None)),
            Some(judge(&consumer, Some(&stack("UPDATE_COMPLETE")))),
            Some(judge(&consumer, Some(&stack("UPDATE_IN_PROGRESS")))),
            Some(judge(&consumer, Some(&stack("ROLLBACK_COMPLETE")))),
            Some(judge(&StackName::Source(source.clone()), None)),
            Some(judge_removed(Role::Consumer, &source)),
            judge_parameters(&consumer, &[]),
            judge_parameters(&consumer, &["Floor", "Lifecycles"]),
            Some(judge_code(Role::Consumer, "draco-consumer", None, &Zips::default())),
            Some(code("", "", "")),
            Some(code(RUNNING, RUNNING, "")),
            Some(code(RUNNING, RUNNING, RUNNING)),
            Some(code(RUNNING, RUNNING, OTHER)),
            Some(code(RUNNING, OTHER, OTHER)),
            Some(code(OTHER, RUNNING, RUNNING)),
            Some(judge_deletion(Role::Consumer, &function("false"))),
            Some(judge_deletion(Role::Consumer, &function("true"))),
            Some(letters(Some(0))),
            Some(letters(Some(1))),
            Some(letters(None)),
        ];
        let findings = findings.into_iter().flatten().collect();
        let section = Section { area: Area::DrAccount, place: None, title: "the DR account".to_owned(), findings };
        insta::assert_snapshot!(anstream::adapter::strip_str(&lines(&[section]).join("\n")));
    }
}
