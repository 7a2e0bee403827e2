//! The templates as the test deploys them. Two things are not as in `cfn/`, and nothing else:
//!
//! - MiniStack has no `AWS::RDS::EventSubscription` ("Unrecognized resource types"), so they are left out. What they ask
//!   for, [`crate::behind`] does in their place.
//! - The functions get the endpoints of the simulation's RDS and KMS, and the verifier that of its Secrets Manager.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

const LEFT_OUT: &str = "    Type: AWS::RDS::EventSubscription";

/// What an event subscription that was left out asks RDS for.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) source_type: String,
    pub(crate) categories: Vec<String>,
}

/// The templates in a folder, whose names end with a version.
pub(crate) struct From {
    folder: &'static str,
    version: &'static str,
}

/// Those of this version.
pub(crate) const NOW: From = From { folder: "cfn", version: "" };
/// Those of the last version that had only one region.
pub(crate) const ONE_REGION: From = From { folder: "crates/deploy/src/stack/fixtures", version: "-ae44417" };

/// Copies templates into a folder, and says which subscriptions were left out: the producer's, and the consumer's.
pub(crate) fn copy(From { folder, version }: &From, to: &Path, behind: &str) -> anyhow::Result<[Vec<Subscription>; 2]> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = |name: &str| root.join(folder).join(format!("{name}{version}.yaml"));
    fs::create_dir_all(to)?;
    fs::copy(root.join("cfn/wait4copy.asl.json"), to.join("wait4copy.asl.json"))?;
    fs::copy(file("source"), to.join("source.yaml"))?;
    let [producer, consumer] = ["producer", "consumer"].map(|role| {
        let template = fs::read_to_string(file(role))?;
        let (template, subscriptions) = without_subscriptions(&template)?;
        let template = with_endpoints(&template, &["RDS", "KMS"], behind)
            .with_context(|| format!("in the template of the {role}"))?;
        fs::write(to.join(format!("{role}.yaml")), template)?;
        anyhow::Ok(subscriptions)
    });
    if *version == NOW.version {
        let template = fs::read_to_string(file("verifier"))?;
        let template = with_endpoints(&template, &["RDS", "KMS", "SECRETS_MANAGER"], behind);
        fs::write(to.join("verifier.yaml"), template.context("in the template of the verifier")?)?;
    }
    Ok([producer?, consumer?])
}

fn without_subscriptions(template: &str) -> anyhow::Result<(String, Vec<Subscription>)> {
    let (mut kept, mut subscriptions) = (String::new(), Vec::new());
    for resource in blocks(template) {
        if resource.lines().any(|line| line == LEFT_OUT) {
            subscriptions.push(subscription(&resource)?);
        } else {
            kept.push_str(&resource);
        }
    }
    ensure!(!subscriptions.is_empty(), "there is no event subscription to leave out");
    Ok((kept, subscriptions))
}

/// A template in pieces, each of which begins with the name of a resource.
fn blocks(template: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in template.split_inclusive('\n') {
        let begins = line.strip_prefix("  ").is_some_and(|rest| !rest.starts_with([' ', '\n']));
        if begins || !line.starts_with([' ', '\n']) {
            blocks.push(String::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
        }
    }
    blocks
}

fn subscription(resource: &str) -> anyhow::Result<Subscription> {
    let value = |key: &str| {
        let line = resource.lines().find_map(|line| line.trim_start().strip_prefix(key));
        line.map(str::trim).with_context(|| format!("no {key} in {resource}"))
    };
    let categories = value("EventCategories:")?.trim_matches(['[', ']']).split(',');
    Ok(Subscription {
        source_type: value("SourceType:")?.to_owned(),
        categories: categories.map(|category| category.trim().to_owned()).collect(),
    })
}

fn with_endpoints(template: &str, services: &[&str], behind: &str) -> anyhow::Result<String> {
    let variables = "        Variables:\n";
    ensure!(template.contains(variables), "the variables of the functions are not found");
    let endpoint = |service: &&str| format!("          AWS_ENDPOINT_URL_{service}: {behind}\n");
    let endpoints: String = services.iter().map(endpoint).collect();
    Ok(template.replace(variables, &format!("{variables}{endpoints}")))
}
