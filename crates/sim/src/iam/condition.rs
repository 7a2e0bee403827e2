//! Conditions of a statement: `{"StringEquals": {"kms:ViaService": "rds.eu-west-1.amazonaws.com"}}`.

use super::network::Range;
use super::pattern;

/// A condition operator applied to one condition key. All conditions of a statement must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    key: String,
    test: Test,
    /// The values to compare with. One match is enough; with a negated operator, no value may match.
    expected: Vec<Expected>,
}

/// A value to compare with. An address range is parsed once.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    Text(String),
    Range(Range),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// `Null`: whether the key is absent.
    Null,
    Values {
        quantifier: Quantifier,
        compare: Compare,
        sense: Sense,
        if_exists: bool,
    },
}

/// How the values of a multivalued key are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// The key has a single value.
    Single,
    ForAnyValue,
    ForAllValues,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Equal,
    EqualIgnoreCase,
    Like,
    Arn,
    IpAddress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Is,
    IsNot,
}

const OPERATORS: [(&str, Compare, Sense); 13] = [
    ("StringEquals", Compare::Equal, Sense::Is),
    ("StringNotEquals", Compare::Equal, Sense::IsNot),
    ("StringEqualsIgnoreCase", Compare::EqualIgnoreCase, Sense::Is),
    ("StringNotEqualsIgnoreCase", Compare::EqualIgnoreCase, Sense::IsNot),
    ("StringLike", Compare::Like, Sense::Is),
    ("StringNotLike", Compare::Like, Sense::IsNot),
    // "The ArnEquals and ArnLike condition operators behave identically" (IAM user guide).
    ("ArnEquals", Compare::Arn, Sense::Is),
    ("ArnLike", Compare::Arn, Sense::Is),
    ("ArnNotEquals", Compare::Arn, Sense::IsNot),
    ("ArnNotLike", Compare::Arn, Sense::IsNot),
    ("Bool", Compare::EqualIgnoreCase, Sense::Is),
    ("IpAddress", Compare::IpAddress, Sense::Is),
    ("NotIpAddress", Compare::IpAddress, Sense::IsNot),
];

/// The condition keys that a simulated service or the principal provides. A condition on any other key is refused: the
/// key would be absent from every request, and the condition would silently give the wrong result. A key that ends in
/// `/` or `:` is a prefix, followed by the key of a tag or of an encryption context.
const KEYS: [&str; 58] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalTag/",
    "aws:PrincipalType",
    "aws:RequestTag/",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:ResourceTag/",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "iam:PassedToService",
    "kms:CallerAccount",
    "kms:EncryptionContext:",
    "kms:EncryptionContextKeys",
    "kms:GrantConstraintType",
    "kms:GrantIsForAWSResource",
    "kms:GrantOperations",
    "kms:GranteePrincipal",
    "kms:KeyOrigin",
    "kms:KeySpec",
    "kms:KeyUsage",
    "kms:ResourceAliases",
    "kms:RetiringPrincipal",
    "kms:ViaService",
    "lambda:SourceFunctionArn",
    "rds:cluster-snapshot-tag/",
    "rds:cluster-tag/",
    "rds:db-tag/",
    "rds:req-tag/",
    "rds:snapshot-tag/",
    "s3:ResourceAccount",
    "s3:delimiter",
    "s3:if-match",
    "s3:if-none-match",
    "s3:max-keys",
    "s3:prefix",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "secretsmanager:Name",
    "secretsmanager:ResourceTag/",
    "secretsmanager:SecretId",
    "secretsmanager:VersionId",
    "secretsmanager:VersionStage",
];

impl Condition {
    pub(super) fn parse(operator: &str, key: &str, expected: Vec<String>) -> Result<Self, String> {
        if !KEYS.iter().any(|known| is_key(known, key)) {
            return Err(format!("the condition key {key} is not simulated"));
        }
        if let Some(variable) = expected.iter().find(|value| value.contains("${")) {
            return Err(format!("policy variables are not simulated: {variable}"));
        }
        let test = Test::parse(operator)?;
        if matches!(operator_name(operator), "Bool" | "Null") && expected.iter().any(|value| !is_bool(value)) {
            return Err(format!("{operator} on {key} must be true or false, not {}", expected.join(", ")));
        }
        let is_range = matches!(test, Test::Values { compare: Compare::IpAddress, .. });
        let read =
            |text: String| if is_range { Range::parse(&text).map(Expected::Range) } else { Ok(Expected::Text(text)) };
        let expected = expected.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { key: key.to_owned(), test, expected })
    }

    /// The prefix of a single-valued key that KMS refuses together with `ForAllValues`, because such a condition also
    /// holds for a request without the key (KMS developer guide, "Using set operators with condition keys").
    pub(super) fn overly_permissive_in_key_policy(&self) -> Option<&'static str> {
        let is_for_all = matches!(self.test, Test::Values { quantifier: Quantifier::ForAllValues, .. });
        let prefixes = ["kms:EncryptionContext:", "aws:RequestTag/"];
        prefixes.into_iter().find(|prefix| is_for_all && is_key(prefix, &self.key))
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the condition holds for these values of the key. An absent key has no values.
    pub(super) fn holds(&self, values: &[String]) -> bool {
        let Test::Values { quantifier, compare, sense, if_exists } = self.test else {
            let is_true =
                |absent: &Expected| matches!(absent, Expected::Text(text) if text.eq_ignore_ascii_case("true"));
            return self.expected.iter().any(|absent| is_true(absent) == values.is_empty());
        };
        if if_exists && values.is_empty() {
            return true;
        }
        let matches = |value: &String| self.expected.iter().any(|expected| compare.matches(expected, value));
        // An absent key: "If the policy condition requires that the key is not matched, and the right key is not
        // present, the condition is true" (IAM user guide). With no values, ForAllValues is true and ForAnyValue is
        // false.
        match (quantifier, sense) {
            (Quantifier::Single | Quantifier::ForAnyValue, Sense::Is) => values.iter().any(matches),
            (Quantifier::Single, Sense::IsNot) => !values.iter().any(matches),
            (Quantifier::ForAnyValue, Sense::IsNot) => values.iter().any(|value| !matches(value)),
            (Quantifier::ForAllValues, Sense::Is) => values.iter().all(matches),
            (Quantifier::ForAllValues, Sense::IsNot) => values.iter().all(|value| !matches(value)),
        }
    }
}

impl Test {
    fn parse(operator: &str) -> Result<Self, String> {
        if operator == "Null" {
            return Ok(Self::Null);
        }
        let (quantifier, bare) = match operator.split_once(':') {
            None => (Quantifier::Single, operator),
            Some(("ForAnyValue", bare)) => (Quantifier::ForAnyValue, bare),
            Some(("ForAllValues", bare)) => (Quantifier::ForAllValues, bare),
            Some(_) => return Err(format!("the condition operator {operator} is not simulated")),
        };
        let if_exists = bare.ends_with("IfExists");
        let (_, compare, sense) = OPERATORS
            .into_iter()
            .find(|(name, ..)| *name == operator_name(bare))
            .ok_or_else(|| format!("the condition operator {operator} is not simulated"))?;
        Ok(Self::Values { quantifier, compare, sense, if_exists })
    }
}

impl Compare {
    fn matches(self, expected: &Expected, value: &str) -> bool {
        let expected = match expected {
            Expected::Text(text) => text,
            Expected::Range(range) => return range.contains(value),
        };
        match self {
            Self::Equal => expected == value,
            Self::EqualIgnoreCase => expected.eq_ignore_ascii_case(value),
            Self::Like => pattern::glob(expected, value),
            Self::Arn => pattern::arn(expected, value),
            // Its values are ranges.
            Self::IpAddress => false,
        }
    }
}

/// The name of an operator, without the `ForAnyValue:` prefix and the `IfExists` suffix.
fn operator_name(operator: &str) -> &str {
    let bare = operator.rsplit(':').next().unwrap_or(operator);
    bare.strip_suffix("IfExists").unwrap_or(bare)
}

fn is_key(known: &str, key: &str) -> bool {
    let key = if known.ends_with(['/', ':']) { key.get(..known.len()).unwrap_or_default() } else { key };
    known.eq_ignore_ascii_case(key)
}

fn is_bool(value: &str) -> bool {
    value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
}
