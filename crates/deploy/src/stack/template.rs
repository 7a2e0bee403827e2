//! The templates, as they are sent to CloudFormation.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

/// The maximum size of a template in a call to CloudFormation.
const MAX_BYTES: usize = 51_200;

/// Reads a template. Its comments are not sent, because CloudFormation limits the size.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let template = fs::read_to_string(path).with_context(|| format!("reading the template {}", path.display()))?;
    let template = without_comments(&template);
    let length = template.len();
    ensure!(
        length <= MAX_BYTES,
        "{} has {length} bytes without comments, and CloudFormation accepts {MAX_BYTES}",
        path.display()
    );
    Ok(template)
}

/// A template without the lines that are empty or only a comment.
fn without_comments(template: &str) -> String {
    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    template.split_inclusive('\n').filter(is_content).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use sim::stack::Template;

    use super::*;

    const NAMES: [&str; 3] = ["consumer.yaml", "producer.yaml", "source.yaml"];

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
    fn comments_are_all_that_is_left_out() {
        for name in NAMES {
            let (written, sent) = (fs::read_to_string(path(name)).unwrap(), read(&path(name)).unwrap());
            assert!(sent.len() < written.len(), "{name}");
            let parsed = |template: &str| format!("{:?}", Template::parse(name, template).unwrap());
            assert!(parsed(&sent) == parsed(&written), "{name}: the template without comments differs");
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
}
