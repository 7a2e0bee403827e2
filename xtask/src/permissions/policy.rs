//! From a template's roles and policies to Markdown.

use std::fmt::Write as _;

use anyhow::{Context, bail};

use super::yaml::{self, Node, Value};

/// A template, and how its parameters are called on the page.
pub(super) struct Template<'a> {
    lines: Vec<&'a str>,
    root: Node,
    names: &'a [(&'a str, &'a str)],
}

impl<'a> Template<'a> {
    pub(super) fn read(text: &'a str, names: &'a [(&'a str, &'a str)]) -> anyhow::Result<Self> {
        Ok(Self { lines: text.lines().collect(), root: yaml::read(text)?, names })
    }

    /// A section for each role and each policy of a resource, in the template's order.
    pub(super) fn markdown(&self) -> anyhow::Result<String> {
        let mut page = String::new();
        for (id, resource) in self.root.need("Resources")?.entries() {
            // The resource's own name is on the line before its first key.
            let why = self.comment_above(resource.line - 1);
            let Some(properties) = resource.get("Properties") else { continue };
            match resource.need("Type")?.text()? {
                "AWS::IAM::Role" => {
                    let name = self.words(properties.need("RoleName")?)?;
                    section(&mut page, &format!("Role {name}"), &why)?;
                    self.role(&mut page, properties)?;
                }
                "AWS::KMS::Key" => {
                    section(&mut page, &format!("Policy of the key `{id}`"), &why)?;
                    self.statements(&mut page, properties.need("KeyPolicy")?, true)?;
                }
                "AWS::SNS::TopicPolicy" => {
                    let topics = self.all(properties.need("Topics")?)?.join(", ");
                    section(&mut page, &format!("Policy of the topic {topics}"), &why)?;
                    self.statements(&mut page, properties.need("PolicyDocument")?, true)?;
                }
                "AWS::Lambda::Permission" => {
                    let part = |key| properties.need(key).and_then(|node| self.words(node));
                    section(&mut page, &format!("Permission on the function {}", part("FunctionName")?), &why)?;
                    let (who, what, source) = (part("Principal")?, part("Action")?, part("SourceArn")?);
                    writeln!(page, "\n{who} may call {what}, on behalf of {source}.")?;
                }
                _ => {}
            }
        }
        Ok(page)
    }

    fn role(&self, page: &mut String, properties: &Node) -> anyhow::Result<()> {
        for statement in properties.need("AssumeRolePolicyDocument")?.need("Statement")?.items() {
            let who = self.principal(statement)?;
            let conditions = self.conditions(statement)?;
            let only_if =
                if conditions.is_empty() { String::new() } else { format!(", if {}", conditions.join(" and ")) };
            writeln!(page, "\nUsed by {who}{only_if}.")?;
        }
        for policy in properties.need("Policies")?.items() {
            match (policy.tag.as_deref(), &policy.value) {
                (None, _) => self.statements(page, policy.need("PolicyDocument")?, false)?,
                (Some("If"), Value::List(parts)) => {
                    let [condition, policy, _] = parts.as_slice() else {
                        bail!("line {}: an unusual !If", policy.line)
                    };
                    // `- !If` is on the line before its first part.
                    let why = self.comment_above(condition.line - 1);
                    writeln!(page, "\n**Only if {}.** {why}", self.condition(condition.text()?)?)?;
                    self.statements(page, policy.need("PolicyDocument")?, false)?;
                }
                _ => bail!("line {}: an unusual policy", policy.line),
            }
        }
        Ok(())
    }

    /// A condition of the template in words: the comment above it, or the comparison if it is a simple one.
    fn condition(&self, name: &str) -> anyhow::Result<String> {
        let condition = self.root.need("Conditions")?.need(name)?;
        let begins = format!("  {name}:");
        let line = self.lines.iter().position(|line| line.starts_with(&begins)).unwrap_or_default();
        let words = self.comment_above(line + 1);
        if let Some((first, rest)) = words.trim_end_matches('.').split_at_checked(1)
            && !words.is_empty()
        {
            return Ok(first.to_lowercase() + rest);
        }
        match (condition.tag.as_deref(), &condition.value) {
            (Some("Equals"), Value::List(parts)) => match parts.as_slice() {
                [parameter, value] => Ok(format!("the parameter {} is {}", self.words(parameter)?, self.words(value)?)),
                _ => bail!("line {}: an unusual !Equals", condition.line),
            },
            _ => bail!("line {}: the condition needs a comment that says when it holds", condition.line),
        }
    }

    /// A table with a row for each statement.
    fn statements(&self, page: &mut String, document: &Node, with_principal: bool) -> anyhow::Result<()> {
        let (title, rule) = if with_principal { ("| who ", "|---") } else { ("", "") };
        writeln!(page, "\n| statement {title}| actions | resources | conditions |\n|---{rule}|---|---|---|")?;
        for statement in document.need("Statement")?.items() {
            let effect = match statement.need("Effect")?.text()? {
                "Allow" => "",
                "Deny" => "**denies** ",
                other => bail!("line {}: the effect {other} is not supported", statement.line),
            };
            let mut cells = vec![format!("{effect}`{}`", statement.need("Sid")?.text()?)];
            let why = self.comment_above(statement.line);
            if !why.is_empty() {
                cells[0] += &format!("<br>{why}");
            }
            if with_principal {
                cells.push(self.principal(statement)?);
            }
            cells.push(self.all(statement.need("Action")?)?.join("<br>"));
            cells.push(self.all(statement.need("Resource")?)?.join("<br>"));
            cells.push(self.conditions(statement)?.join("<br>"));
            writeln!(page, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    fn principal(&self, statement: &Node) -> anyhow::Result<String> {
        let [(_, who)] = statement.need("Principal")?.entries() else {
            bail!("line {}: an unusual principal", statement.line)
        };
        self.words(who)
    }

    fn conditions(&self, statement: &Node) -> anyhow::Result<Vec<String>> {
        let mut all = Vec::new();
        let Some(conditions) = statement.get("Condition") else { return Ok(all) };
        for (operator, keys) in conditions.entries() {
            for (key, values) in keys.entries() {
                let one_of = if values.items().len() > 1 { "one of " } else { "" };
                let values = self.all(values)?.join(", ");
                all.push(match (operator.as_str(), values.as_str()) {
                    ("StringEquals" | "ArnEquals", _) => format!("`{key}` is {one_of}{values}"),
                    ("ArnLike", _) => format!("`{key}` matches {one_of}{values}"),
                    ("ArnNotEquals", _) => format!("`{key}` is not {one_of}{values}"),
                    ("ForAllValues:StringEquals", _) => format!("each of `{key}` is {one_of}{values}"),
                    ("Bool", "`true`") => format!("`{key}`"),
                    ("Null", "`false`") => format!("`{key}` is present"),
                    ("Null", "`true`") => format!("`{key}` is absent"),
                    _ => bail!("line {}: the condition {operator} {key} is not supported", keys.line),
                });
            }
        }
        Ok(all)
    }

    fn all(&self, node: &Node) -> anyhow::Result<Vec<String>> {
        node.items().into_iter().map(|item| self.words(item)).collect()
    }

    /// A value as code, with the page's names for parameters. One that depends on a condition is followed by the other.
    fn words(&self, node: &Node) -> anyhow::Result<String> {
        match (node.tag.as_deref(), &node.value) {
            (Some("If"), Value::List(parts)) => {
                let [condition, yes, no] = parts.as_slice() else { bail!("line {}: an unusual !If", node.line) };
                let (yes, no) = (self.all(yes)?.join(", "), self.all(no)?.join(", "));
                return Ok(format!("{no}; if {}: {yes}", self.condition(condition.text()?)?));
            }
            (Some("Split"), Value::List(parts)) => {
                let [separator, joined] = parts.as_slice() else { bail!("line {}: an unusual !Split", node.line) };
                return Ok(self.words(joined)?.replace(separator.text()?, "`, `"));
            }
            // Elements that are joined differ only in the parameter. They are shown once.
            (Some("Join"), Value::List(parts)) => {
                let [_, list] = parts.as_slice() else { bail!("line {}: an unusual !Join", node.line) };
                return self.words(list);
            }
            (Some("Sub"), Value::List(parts)) => {
                let [text, own] = parts.as_slice() else { bail!("line {}: an unusual !Sub", node.line) };
                let mut text = text.text()?.to_owned();
                for (name, value) in own.entries() {
                    let value = self.words(value)?;
                    text = text.replace(&format!("${{{name}}}"), value.trim_matches('`'));
                }
                return Ok(format!("`{}`", self.substituted(&text)?));
            }
            _ => {}
        }
        let text = node.text()?;
        let shown = match node.tag.as_deref() {
            None => text.to_owned(),
            Some("Sub") => self.substituted(text)?,
            Some("Ref") => self.name(text).unwrap_or(text).to_owned(),
            Some("GetAtt") => {
                text.strip_suffix(".Arn").with_context(|| format!("line {}: {text}", node.line))?.to_owned()
            }
            Some(other) => bail!("line {}: !{other} is not supported", node.line),
        };
        Ok(format!("`{shown}`"))
    }

    fn substituted(&self, text: &str) -> anyhow::Result<String> {
        let mut parts = text.split("${");
        let mut shown = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').with_context(|| format!("{text}: a brace is not closed"))?;
            shown += self.name(name).with_context(|| format!("{name} is not supported"))?;
            shown += rest;
        }
        Ok(shown)
    }

    fn name(&self, name: &str) -> Option<&str> {
        match name {
            "AWS::Partition" => Some("aws"),
            "AWS::Region" => Some("REGION"),
            _ => self.names.iter().find_map(|(theirs, ours)| (*theirs == name).then_some(*ours)),
        }
    }

    /// The comment whose last line is directly above a line.
    fn comment_above(&self, line: usize) -> String {
        let above = self.lines[..line - 1].iter().rev().map_while(|line| line.trim_start().strip_prefix("# "));
        let mut comment: Vec<&str> = above.collect();
        comment.reverse();
        comment.join(" ")
    }
}

fn section(page: &mut String, heading: &str, why: &str) -> anyhow::Result<()> {
    writeln!(page, "\n### {heading}")?;
    if !why.is_empty() {
        writeln!(page, "\n{why}")?;
    }
    Ok(())
}
