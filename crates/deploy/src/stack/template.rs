//! The templates, as they are sent to CloudFormation.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use super::compact::compact;

/// The maximum size of a template in a call to CloudFormation.
const MAX_BYTES: usize = 51_200;

/// Reads a template, in as few bytes as possible, because CloudFormation limits the size.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let template = fs::read_to_string(path).with_context(|| format!("reading the template {}", path.display()))?;
    let template = compact(&template);
    let length = template.len();
    ensure!(
        length <= MAX_BYTES,
        "{} has {length} bytes without comments, and CloudFormation accepts {MAX_BYTES}",
        path.display()
    );
    Ok(template)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use serde_json::Value;
    use sim::stack::Template;

    use super::*;

    const NAMES: [&str; 4] = ["consumer.yaml", "producer.yaml", "source.yaml", "verifier.yaml"];

    fn path(name: &str) -> PathBuf {
        Path::new("../../cfn").join(name)
    }

    #[test]
    fn every_template_fits_into_a_call_to_cloudformation() {
        for name in NAMES {
            read(&path(name)).unwrap();
        }
    }

    #[test]
    fn comments_indentation_and_labels_are_all_that_is_left_out() {
        for name in NAMES {
            let (written, sent) = (fs::read_to_string(path(name)).unwrap(), read(&path(name)).unwrap());
            assert!(sent.len() < written.len(), "{name}");
            // The simulation reads no section `Metadata`.
            let parsed = |template: &str| format!("{:?}", Template::parse(name, template).unwrap());
            assert!(parsed(&sent) == parsed(&written), "{name}: the template that is sent differs");
        }
    }

    /// The resources of a template: the type and the name of each, by logical id.
    fn resources(template: &str) -> BTreeMap<&str, (&str, &str)> {
        let (_, template) = template.split_once("\nResources:\n").unwrap();
        let (template, _) = template.split_once("\nOutputs:\n").unwrap();
        let (mut resources, mut id) = (BTreeMap::new(), "");
        for line in template.lines() {
            let indent = line.len() - line.trim_start().len();
            let Some((key, value)) = line.trim().split_once(':') else { continue };
            match (indent, key, value.trim()) {
                (2, key, "") => id = key,
                (4, "Type", kind) => drop(resources.insert(id, (kind, "-"))),
                (6, key, name) if key.ends_with("Name") && !name.starts_with("!Ref") => {
                    resources.entry(id).and_modify(|(_, found)| *found = name);
                }
                _ => {}
            }
        }
        resources
    }

    /// CloudFormation creates a resource with a new logical id before it deletes the old one. With the name of the old one,
    /// the update fails, or the deletion takes both.
    #[test]
    fn stacks_of_the_first_deployed_state_can_be_updated_and_keep_all_but_alarms() {
        for (name, before) in [
            ("consumer.yaml", include_str!("fixtures/consumer-6754a83.txt")),
            ("producer.yaml", include_str!("fixtures/producer-6754a83.txt")),
        ] {
            let template = fs::read_to_string(path(name)).unwrap();
            let resources = resources(&template);
            for line in before.lines() {
                let [id, kind, named] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
                if kind != "AWS::CloudWatch::Alarm" {
                    assert_eq!(resources.get(id), Some(&(kind, named)), "{name}: {id}");
                }
                let others = resources.iter().filter(|(other, found)| **other != id && **found == (kind, named));
                assert!(named == "-" || others.count() == 0, "{name}: the name of {id} belongs to another resource");
            }
        }
    }

    /// The resources of a stack in one region.
    fn one_region(name: &str, template: &str) -> BTreeMap<String, (String, Value)> {
        let parameters: &[(&str, &str)] = match name {
            "consumer.yaml" => &[("SourceAccounts", "111111111111"), ("CodeBucket", "draco-code")],
            "producer.yaml" => &[("DrAccount", "222222222222"), ("CodeBucket", "draco-code")],
            _ => &[("SourceAccount", "111111111111")],
        };
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let template = Template::parse(name, template).unwrap();
        template.resources("222222222222", "eu-west-1", &parameters).unwrap()
    }

    #[test]
    fn stacks_in_one_region_have_only_new_variables_and_texts_since_regions_were_added() {
        for (name, before) in [
            ("consumer.yaml", include_str!("fixtures/consumer-ae44417.yaml")),
            ("producer.yaml", include_str!("fixtures/producer-ae44417.yaml")),
            ("source.yaml", include_str!("fixtures/source-ae44417.yaml")),
        ] {
            let mut now = one_region(name, &fs::read_to_string(path(name)).unwrap());
            let mut new_variables = Vec::new();
            for (id, (_, function)) in now.iter_mut().filter(|(_, (kind, _))| kind == "AWS::Lambda::Function") {
                let variables = function.pointer_mut("/Environment/Variables").and_then(Value::as_object_mut).unwrap();
                for key in ["DR_REGION", "SOURCE_REGIONS", "SECOND_REGION", "FIRST_REGION", "SECOND_LIFECYCLE", "SINCE"]
                {
                    new_variables.extend(variables.remove(key).map(|value| format!("{id} {key}={value}")));
                }
                new_variables
                    .extend(variables.remove("BACKFILL_GIB").map(|value| format!("{id} BACKFILL_GIB={value}")));
                // The keeper needs it for copies from another region only.
                if id == "Keeper" {
                    assert_eq!(variables.remove("WAIT_LIMIT_HOURS"), Some("24".into()));
                }
            }
            // The producer also reads the parameter groups that it records with a copy.
            if let Some(statements) = now
                .get_mut("FunctionRole")
                .and_then(|(_, role)| role.pointer_mut("/Policies/0/PolicyDocument/Statement"))
                .and_then(Value::as_array_mut)
            {
                statements.retain(|statement| statement["Sid"] != "DescribeParameterGroups");
            }
            let mut before = one_region(name, before);
            for (_, resource) in now.values_mut().chain(before.values_mut()) {
                resource.as_object_mut().unwrap().remove("AlarmDescription");
            }
            assert_eq!(now.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{name}");
            for (id, resource) in &before {
                assert_eq!(&now[id], resource, "{name}: {id}");
            }
            // An empty variable counts as not set.
            assert!(
                new_variables.iter().all(|new| new.ends_with("=\"\"") || new.ends_with("=\"0\"")),
                "{new_variables:?}"
            );
        }
    }
}
