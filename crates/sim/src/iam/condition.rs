//! Conditions of a statement: `{"StringEquals": {"kms:ViaService": "rds.eu-west-1.amazonaws.com"}}`.

use super::pattern;

/// One key under one operator. All of a statement's must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    key: String,
    test: Test,
    /// Any of these will do; under a negated operator, none may match.
    wanted: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// Whether the key is absent.
    Null,
    Values {
        of: Values,
        compare: Compare,
        sense: Sense,
        if_exists: bool,
    },
}

/// Which of a key's values count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Values {
    /// It has one.
    TheOne,
    Any,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Equal,
    EqualInAnyCase,
    Like,
    Arn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Is,
    IsNot,
}

const OPERATORS: [(&str, Compare, Sense); 11] = [
    ("StringEquals", Compare::Equal, Sense::Is),
    ("StringNotEquals", Compare::Equal, Sense::IsNot),
    ("StringEqualsIgnoreCase", Compare::EqualInAnyCase, Sense::Is),
    ("StringNotEqualsIgnoreCase", Compare::EqualInAnyCase, Sense::IsNot),
    ("StringLike", Compare::Like, Sense::Is),
    ("StringNotLike", Compare::Like, Sense::IsNot),
    // "The ArnEquals and ArnLike condition operators behave identically" (IAM user guide).
    ("ArnEquals", Compare::Arn, Sense::Is),
    ("ArnLike", Compare::Arn, Sense::Is),
    ("ArnNotEquals", Compare::Arn, Sense::IsNot),
    ("ArnNotLike", Compare::Arn, Sense::IsNot),
    ("Bool", Compare::EqualInAnyCase, Sense::Is),
];

/// The keys that some service of this world, or the principal, gives a value. Any other would be absent from every
/// question, and a condition on it quietly wrong. One that ends in `/` goes on with the key of a tag.
const KEYS: [&str; 21] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalServiceName",
    "aws:PrincipalType",
    "aws:RequestTag/",
    "aws:ResourceAccount",
    "aws:ResourceTag/",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOwner",
    "aws:TagKeys",
    "iam:PassedToService",
    "kms:CallerAccount",
    "kms:GrantIsForAWSResource",
    "kms:ViaService",
    "rds:cluster-snapshot-tag/",
    "rds:cluster-tag/",
    "rds:db-tag/",
    "rds:req-tag/",
    "rds:snapshot-tag/",
];

impl Condition {
    pub(super) fn parse(operator: &str, key: &str, wanted: Vec<String>) -> Result<Self, String> {
        if !KEYS.iter().any(|known| is_key(known, key)) {
            return Err(format!("the condition key {key} is not simulated"));
        }
        if let Some(variable) = wanted.iter().find(|value| value.contains("${")) {
            return Err(format!("policy variables are not simulated: {variable}"));
        }
        let test = Test::parse(operator)?;
        if matches!(operator_name(operator), "Bool" | "Null") && wanted.iter().any(|value| !is_bool(value)) {
            return Err(format!("{operator} of {key} is true or false, not {}", wanted.join(", ")));
        }
        Ok(Self { key: key.to_owned(), test, wanted })
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it holds if the key has these values; none if it is absent.
    pub(super) fn holds(&self, values: &[String]) -> bool {
        let Test::Values { of, compare, sense, if_exists } = self.test else {
            return self.wanted.iter().any(|absent| absent.eq_ignore_ascii_case("true") == values.is_empty());
        };
        if if_exists && values.is_empty() {
            return true;
        }
        let matches = |value: &String| self.wanted.iter().any(|wanted| compare.matches(wanted, value));
        // An absent key: "If the policy condition requires that the key is not matched, and the right key is not
        // present, the condition is true" (IAM user guide); ForAllValues is true of no values, ForAnyValue is not.
        match (of, sense) {
            (Values::TheOne | Values::Any, Sense::Is) => values.iter().any(matches),
            (Values::TheOne, Sense::IsNot) => !values.iter().any(matches),
            (Values::Any, Sense::IsNot) => values.iter().any(|value| !matches(value)),
            (Values::All, Sense::Is) => values.iter().all(matches),
            (Values::All, Sense::IsNot) => values.iter().all(|value| !matches(value)),
        }
    }
}

impl Test {
    fn parse(operator: &str) -> Result<Self, String> {
        if operator == "Null" {
            return Ok(Self::Null);
        }
        let (of, bare) = match operator.split_once(':') {
            None => (Values::TheOne, operator),
            Some(("ForAnyValue", bare)) => (Values::Any, bare),
            Some(("ForAllValues", bare)) => (Values::All, bare),
            Some(_) => return Err(format!("the condition operator {operator} is not simulated")),
        };
        let if_exists = bare.ends_with("IfExists");
        let (_, compare, sense) = OPERATORS
            .into_iter()
            .find(|(name, ..)| *name == operator_name(bare))
            .ok_or_else(|| format!("the condition operator {operator} is not simulated"))?;
        Ok(Self::Values { of, compare, sense, if_exists })
    }
}

impl Compare {
    fn matches(self, wanted: &str, value: &str) -> bool {
        match self {
            Self::Equal => wanted == value,
            Self::EqualInAnyCase => wanted.eq_ignore_ascii_case(value),
            Self::Like => pattern::glob(wanted, value),
            Self::Arn => pattern::arn(wanted, value),
        }
    }
}

/// An operator without what stands before and after its name.
fn operator_name(operator: &str) -> &str {
    let bare = operator.rsplit(':').next().unwrap_or(operator);
    bare.strip_suffix("IfExists").unwrap_or(bare)
}

fn is_key(known: &str, key: &str) -> bool {
    let key = if known.ends_with('/') { key.get(..known.len()).unwrap_or_default() } else { key };
    known.eq_ignore_ascii_case(key)
}

fn is_bool(value: &str) -> bool {
    value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
}
