//! The policy engine alone: single policies, combinations of policies, and properties that always hold.

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::call::Role;
use crate::world::World;

const ACCOUNT: &str = "111111111111";
const OTHER_ACCOUNT: &str = "222222222222";
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1";
const BACKUP: &str = "arn:aws:iam::222222222222:role/backup";

fn root(account: &str) -> Caller {
    Caller { account: account.to_owned(), role: None }
}

fn role(account: &str, name: &str) -> Caller {
    let role = Role { name: name.to_owned(), session: "night".to_owned() };
    Caller { account: account.to_owned(), role: Some(role) }
}

fn read(statements: &str) -> Policy {
    Policy::parse(&document(statements)).expect("a policy")
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Id": "a", "Statement": [{statements}]}}"#)
}

/// A statement that allows these principals this action.
fn allow(principal: &str, action: &str) -> String {
    format!(r#"{{"Sid": "a", "Effect": "Allow", "Principal": {principal}, "Action": {action}, "Resource": "*"}}"#)
}

fn deny(principal: &str, action: &str) -> String {
    allow(principal, action).replace("Allow", "Deny")
}

fn to(name: &str) -> String {
    format!(r#"{{"AWS": "{name}"}}"#)
}

/// The result of a policy with this statement for `kms:Decrypt` by the role `backup` of the other account.
fn verdict(statement: &str) -> Verdict {
    evaluate(&read(statement), &role(OTHER_ACCOUNT, "backup"), &[])
}

fn evaluate(policy: &Policy, caller: &Caller, context: &[(&str, &str)]) -> Verdict {
    let principal = Principal::Caller(caller);
    policy.evaluate(&AccessRequest { principal, action: "kms:Decrypt", resource: KEY, context }, &Accounts::default())
}

/// Whether a condition holds for these keys.
fn holds(condition: &str, context: &[(&str, &str)]) -> bool {
    let statement = allow(r#""*""#, r#""*""#).replace("{\"Sid\"", &format!("{{\"Condition\": {condition}, \"Sid\""));
    evaluate(&read(&statement), &role(OTHER_ACCOUNT, "backup"), context) == Verdict::Allow
}

fn refused(statement: &str) -> String {
    Policy::parse(&document(statement)).expect_err("no policy")
}

#[test]
fn principals_are_named_in_all_ways_that_aws_accepts() {
    let star = r#""kms:*""#;
    let names = [OTHER_ACCOUNT, "arn:aws:iam::222222222222:root", BACKUP, "*"];
    let session = "arn:aws:sts::222222222222:assumed-role/backup/night";
    for name in names.into_iter().chain([session]) {
        assert_eq!(verdict(&allow(&to(name), star)), Verdict::Allow, "{name}");
    }
    let several = format!(r#"{{"Service": "rds.amazonaws.com", "AWS": ["{ACCOUNT}", "{BACKUP}"]}}"#);
    assert_eq!(verdict(&allow(&several, star)), Verdict::Allow);
    let strangers = [ACCOUNT, "arn:aws:iam::222222222222:role/other", "arn:aws:iam::111111111111:role/backup"];
    let other_session = "arn:aws:sts::222222222222:assumed-role/backup/day";
    for name in strangers.into_iter().chain([other_session]) {
        assert_eq!(verdict(&allow(&to(name), star)), Verdict::NotApplicable, "{name}");
    }
}

#[test]
fn service_principals_do_not_match_callers() {
    let policy = read(&allow(r#"{"Service": "events.rds.amazonaws.com"}"#, r#""sns:Publish""#));
    let service = |name| Principal::Service { name, source_arn: "arn:aws:rds:eu-west-1:111111111111:snapshot:s" };
    let asked = |principal| {
        let resource = "arn:aws:sns:eu-west-1:1:t";
        let request = AccessRequest { principal, action: "sns:Publish", resource, context: &[] };
        policy.evaluate(&request, &Accounts::default())
    };
    assert_eq!(asked(service("events.rds.amazonaws.com")), Verdict::Allow);
    assert_eq!(asked(service("s3.amazonaws.com")), Verdict::NotApplicable);
    assert_eq!(asked(Principal::Caller(&root(ACCOUNT))), Verdict::NotApplicable);
}

#[test]
fn actions_match_wildcards_regardless_of_case() {
    let all = to("*");
    for action in [r#""*""#, r#""kms:*""#, r#""KMS:decrypt""#, r#""kms:De??ypt""#, r#"["kms:Encrypt", "kms:D*"]"#] {
        assert_eq!(verdict(&allow(&all, action)), Verdict::Allow, "{action}");
    }
    for action in [r#""kms:Encrypt""#, r#""kms:Decrypt?""#, r#""sns:*""#] {
        assert_eq!(verdict(&allow(&all, action)), Verdict::NotApplicable, "{action}");
    }
    let but = |action: &str| verdict(&allow(&all, action).replace("Action", "NotAction"));
    assert_eq!([but(r#""kms:Encrypt""#), but(r#""kms:D*""#)], [Verdict::Allow, Verdict::NotApplicable]);
}

#[test]
fn resource_wildcards_do_not_extend_over_arn_parts() {
    let of = |resource: &str| verdict(&allow(&to("*"), r#""*""#).replace(r#""Resource": "*""#, resource));
    for resource in ["arn:aws:kms:*:111111111111:key/*", "arn:aws:kms:eu-west-?:*:*", "arn:aws:kms*", "arn:aws:kms"] {
        assert_eq!(of(&format!(r#""Resource": "{resource}""#)), Verdict::Allow, "{resource}");
    }
    for resource in ["arn:aws:kms:*:222222222222:*", "arn:aws:kms:*key/1", "arn:aws:kms:eu-west-1:111111111111:key/1?"]
    {
        assert_eq!(of(&format!(r#""Resource": "{resource}""#)), Verdict::NotApplicable, "{resource}");
    }
    assert_eq!(of(r#""NotResource": "arn:aws:kms:*:*:key/2""#), Verdict::Allow);
    assert_eq!(of(&format!(r#""NotResource": ["arn:aws:sns:*", "{KEY}"]"#)), Verdict::NotApplicable);
}

#[test]
fn a_question_mark_matches_one_unicode_character() {
    for (pattern, text) in [("?", "ü"), ("a?c", "a€c"), ("*?", "€"), ("?*", "€"), ("??", "aü"), ("*??c", "€üc")]
    {
        assert!(pattern::glob(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("??", "ü"), ("*??", "€"), ("a??c", "aüc"), ("?", ""), ("a?", "?a")] {
        assert!(!pattern::glob(pattern, text), "{pattern} {text}");
    }
    assert!(pattern::action("KMS:de??ypt", "kms:Decrypt") && !pattern::glob("KMS:*", "kms:Decrypt"));
}

#[test]
fn condition_operators_work_as_aws_documents() {
    let through = |service| [("kms:ViaService", service)];
    let (rds, s3) = (through("rds.eu-west-1.amazonaws.com"), through("s3.eu-west-1.amazonaws.com"));
    // For each condition: whether it holds for RDS, for S3, and if the key is absent.
    let table = [
        (r#"{"StringEquals": {"kms:ViaService": "rds.eu-west-1.amazonaws.com"}}"#, [true, false, false]),
        (r#"{"StringEquals": {"KMS:viaservice": ["rds.eu-west-1.amazonaws.com", "a"]}}"#, [true, false, false]),
        (r#"{"StringEquals": {"kms:ViaService": "RDS.eu-west-1.amazonaws.com"}}"#, [false, false, false]),
        (r#"{"StringEquals": {"kms:ViaService": "rds.*"}}"#, [false, false, false]),
        (r#"{"StringEqualsIgnoreCase": {"kms:ViaService": "RDS.eu-west-1.amazonaws.com"}}"#, [true, false, false]),
        (r#"{"StringNotEqualsIgnoreCase": {"kms:ViaService": "RDS.eu-west-1.amazonaws.com"}}"#, [false, true, true]),
        (r#"{"StringEqualsIfExists": {"kms:ViaService": "rds.eu-west-1.amazonaws.com"}}"#, [true, false, true]),
        (r#"{"StringNotEquals": {"kms:ViaService": ["rds.eu-west-1.amazonaws.com", "a"]}}"#, [false, true, true]),
        (r#"{"StringLike": {"kms:ViaService": "rds.*.amazonaws.com"}}"#, [true, false, false]),
        (r#"{"StringNotLike": {"kms:ViaService": "rds.*"}}"#, [false, true, true]),
        (r#"{"Null": {"kms:ViaService": "true"}}"#, [false, false, true]),
        (r#"{"Null": {"kms:ViaService": false}}"#, [true, true, false]),
        (r#"{"StringLike": {"kms:ViaService": "rds.*"}, "Null": {"aws:SourceArn": true}}"#, [true, false, false]),
        (r#"{"StringLike": {"kms:ViaService": "rds.*", "aws:SourceArn": "*"}}"#, [false, false, false]),
        (r#"{"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/backup"}}"#, [true, true, true]),
        (r#"{"StringEquals": {"aws:PrincipalAccount": "222222222222"}}"#, [true, true, true]),
        (r#"{"StringEquals": {"aws:ResourceAccount": "111111111111"}}"#, [true, true, true]),
        (r#"{"StringEquals": {"aws:ResourceAccount": "222222222222"}}"#, [false, false, false]),
        // The region of the key, because the service states no other.
        (r#"{"StringEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}}"#, [true, true, true]),
        (r#"{"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}"#, [false, false, false]),
        (r#"{"Bool": {"aws:PrincipalIsAWSService": "false"}}"#, [true, true, true]),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/back*"}}"#, [true, true, true]),
        (r#"{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/backup"}}"#, [true, true, true]),
        (r#"{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/back*"}}"#, [false, false, false]),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*/backup"}}"#, [false, false, false]),
    ];
    for (condition, expected) in table {
        let held = [holds(condition, &rds), holds(condition, &s3), holds(condition, &[])];
        assert_eq!(held, expected, "{condition}");
    }
}

#[test]
fn multivalued_keys_follow_for_any_value_and_for_all_values() {
    let of = |operator: &str, values: &[&str]| {
        let context: Vec<_> = values.iter().map(|value| ("aws:SourceArn", *value)).collect();
        holds(&format!(r#"{{"{operator}": {{"aws:SourceArn": ["a", "b"]}}}}"#), &context)
    };
    let table = [
        ("ForAnyValue:StringEquals", [true, true, false, false]),
        ("ForAllValues:StringEquals", [true, false, false, true]),
        ("ForAnyValue:StringNotEquals", [false, true, true, false]),
        ("ForAllValues:StringNotEquals", [false, false, true, true]),
        ("ForAnyValue:StringEqualsIfExists", [true, true, false, true]),
    ];
    for (operator, expected) in table {
        let held = [of(operator, &["a", "b"]), of(operator, &["a", "c"]), of(operator, &["c"]), of(operator, &[])];
        assert_eq!(held, expected, "{operator}");
    }
}

#[test]
fn elements_that_are_not_simulated_are_refused() {
    let with = |element: &str| refused(&allow(r#""*""#, r#""*""#).replace("\"Sid\": \"a\"", element));
    assert!(with(r#""Whatever": 1"#).contains("Whatever"));
    for condition in [
        r#""IpAddress": {"aws:SourceArn": "a"}"#,
        r#""NumericEquals": {"aws:SourceArn": 1}"#,
        r#""ForSomeValues:StringEquals": {"aws:SourceArn": "a"}"#,
        r#""NullIfExists": {"aws:SourceArn": "true"}"#,
        r#""ForAnyValue:Null": {"aws:SourceArn": "true"}"#,
        r#""Bool": {"aws:SourceArn": "yes"}"#,
        r#""IpAddress": {"aws:SourceIp": "203.0.113.0/33"}"#,
        r#""StringEquals": {"aws:userid": "a"}"#,
        r#""StringEquals": {"aws:SourceArn": "${aws:PrincipalArn}"}"#,
        r#""StringEquals": {"aws:SourceArn": {}}"#,
        r#""StringEquals": "a""#,
    ] {
        with(&format!(r#""Condition": {{{condition}}}"#));
    }
}

#[test]
fn invalid_policies_are_refused() {
    for principal in [
        "\"a\"",
        "{}",
        r#"{"AWS": 1}"#,
        r#"{"AWS": "12345"}"#,
        r#"{"AWS": "arn:aws:iam::111111111111:user/anna"}"#,
        r#"{"AWS": "arn:aws:iam::111111111111:role/*"}"#,
        r#"{"AWS": "arn:aws:iam::*:root"}"#,
        r#"{"Service": "*"}"#,
        r#"{"Federated": "*"}"#,
    ] {
        refused(&allow(principal, r#""*""#));
    }
    let whole = allow(r#""*""#, r#""*""#);
    for (from, to) in [
        (r#""Allow""#, r#""Permit""#),
        (r#""Principal": "*","#, ""),
        (r#""Action": "*","#, ""),
        (r#""Action": "*""#, r#""Action": []"#),
        (r#""Action": "*""#, r#""Action": "Decrypt""#),
        (r#""Action": "*""#, r#""Action": "*", "NotAction": "*""#),
        (r#", "Resource": "*""#, ""),
        (r#""Resource": "*""#, r#""Resource": "key/1""#),
        (r#""Resource": "*""#, r#""Resource": "arn:aws:kms:*:${aws:PrincipalAccount}:*""#),
    ] {
        assert_ne!(whole.replace(from, to), whole);
        refused(&whole.replace(from, to));
    }
    for document in ["", "[]", "{}", r#"{"Statement": []}"#, r#"{"Version": "2026-01-01", "Statement": []}"#] {
        Policy::parse(document).expect_err(document);
    }
    Policy::parse(&format!(r#"{{"Statement": {whole}, "Other": 1}}"#)).expect_err("an element that does not exist");
    Policy::parse(&format!(r#"{{"Statement": {whole}}}"#)).expect("one statement needs no list, and no version");
}

/// Whether a role with this policy (`None`: the role is unknown) may access a resource with this policy.
async fn decided(
    caller: &Caller,
    own: Option<&str>,
    resource: Option<&Policy>,
    default: SameAccountDefault,
) -> Result<(), DenialReason> {
    let world = World::new(chrono::DateTime::UNIX_EPOCH);
    if let Some(own) = own {
        world.add_role(&caller.account, "backup", &[own]).expect("a policy");
    }
    let request =
        AccessRequest { principal: Principal::Caller(caller), action: "kms:Decrypt", resource: KEY, context: &[] };
    world.change(|state| decide(state, &request, ACCOUNT, resource, default))
}

#[tokio::test(start_paused = true)]
async fn resource_and_caller_policies_are_combined_as_aws_does() {
    use SameAccountDefault::{CallerPolicies, Deny};
    let by_role =
        |effect: &str| document(&format!(r#"{{"Effect": "{effect}", "Action": "kms:Decrypt", "Resource": "*"}}"#));
    let (may, may_not, other) = (by_role("Allow"), by_role("Deny"), by_role("Allow").replace("Decrypt", "Encrypt"));
    let to_account = |account: &str| read(&allow(&to(account), r#""kms:*""#));
    let to_role = |account: &str| read(&allow(&to(&format!("arn:aws:iam::{account}:role/backup")), r#""kms:*""#));
    let never = read(&deny(&to("*"), r#""kms:*""#));
    let (same_account, other_account) = (role(ACCOUNT, "backup"), role(OTHER_ACCOUNT, "backup"));
    let (ok, not_by_caller, not_by_resource) =
        (Ok(()), Err(DenialReason::NotAllowedByCaller), Err(DenialReason::NotAllowedByResource));
    let table = [
        // Within the account either policy is enough, but a key is closed to principals that its policy does not name.
        (&same_account, Some(&may), None, CallerPolicies, ok),
        (&same_account, Some(&other), None, CallerPolicies, not_by_caller),
        (&same_account, None, None, CallerPolicies, ok),
        (&same_account, Some(&may), Some(to_role(OTHER_ACCOUNT)), Deny, not_by_resource),
        (&same_account, Some(&other), Some(to_role(ACCOUNT)), Deny, ok),
        (&same_account, Some(&other), Some(to_role(ACCOUNT)), CallerPolicies, ok),
        // If a key policy names the account, the policies of its roles decide.
        (&same_account, Some(&other), Some(to_account(ACCOUNT)), Deny, not_by_caller),
        (&same_account, Some(&may), Some(to_account(ACCOUNT)), Deny, ok),
        // From another account both policies must allow it.
        (&other_account, Some(&may), None, CallerPolicies, not_by_resource),
        (&other_account, Some(&may), Some(to_account(ACCOUNT)), Deny, not_by_resource),
        (&other_account, Some(&may), Some(to_account(OTHER_ACCOUNT)), Deny, ok),
        (&other_account, Some(&other), Some(to_account(OTHER_ACCOUNT)), Deny, not_by_caller),
        (&other_account, Some(&other), Some(to_role(OTHER_ACCOUNT)), Deny, not_by_caller),
        (&other_account, Some(&may), Some(to_role(OTHER_ACCOUNT)), CallerPolicies, ok),
        (&other_account, None, Some(to_role(OTHER_ACCOUNT)), Deny, ok),
        // A denial wins.
        (&same_account, Some(&may), Some(never.clone()), Deny, Err(DenialReason::DeniedByResource)),
        (&same_account, Some(&may_not), Some(to_role(ACCOUNT)), Deny, Err(DenialReason::DeniedByCaller)),
        (&other_account, Some(&may_not), Some(to_role(OTHER_ACCOUNT)), Deny, Err(DenialReason::DeniedByCaller)),
    ];
    for (nth, (caller, own, resource, default, expected)) in table.into_iter().enumerate() {
        let own = own.map(String::as_str);
        assert_eq!(decided(caller, own, resource.as_ref(), default).await, expected, "row {nth}");
    }
    // The root of an account has no policies of its own, but a key is closed to it unless the key policy names its
    // account.
    assert_eq!(decided(&root(ACCOUNT), None, Some(&to_role(ACCOUNT)), Deny).await, not_by_resource);
    assert_eq!(decided(&root(ACCOUNT), None, Some(&to_account(ACCOUNT)), Deny).await, ok);
}

#[tokio::test(start_paused = true)]
async fn a_service_requires_only_the_resource_policy() {
    let world = World::new(chrono::DateTime::UNIX_EPOCH);
    let named = read(&allow(r#"{"Service": "events.rds.amazonaws.com"}"#, r#""sns:Publish""#));
    let allowed = |policy: Option<&Policy>| {
        let source_arn = "arn:aws:rds:eu-west-1:111111111111:snapshot:s";
        let principal = Principal::Service { name: "events.rds.amazonaws.com", source_arn };
        let request = AccessRequest { principal, action: "sns:Publish", resource: "arn:aws:sns:a:1:t", context: &[] };
        world.change(|state| is_allowed(state, &request, ACCOUNT, policy))
    };
    assert!(allowed(Some(&named)));
    assert!(!allowed(Some(&read(&allow(&to(ACCOUNT), r#""*""#)))));
    assert!(!allowed(None));
}

#[tokio::test(start_paused = true)]
async fn a_role_policy_must_not_have_a_principal() {
    let world = World::new(chrono::DateTime::UNIX_EPOCH);
    world.add_role(ACCOUNT, "backup", &["not JSON"]).expect_err("no policy");
    world.add_role(ACCOUNT, "backup", &[&document(&allow(r#""*""#, r#""*""#))]).expect_err("it names a principal");
}

/// Random statements, some of which match the request of [`verdict`].
fn statements() -> impl Strategy<Value = Vec<String>> {
    let pieces = (
        prop::sample::select(vec!["Allow", "Deny"]),
        prop::sample::select(vec![OTHER_ACCOUNT, BACKUP, ACCOUNT, "*"]),
        prop::sample::select(vec!["kms:*", "kms:Decrypt", "kms:Encrypt", "*", "sns:*"]),
        prop::sample::select(vec!["Action", "NotAction"]),
    );
    let statement = pieces.prop_map(|(effect, name, action, element)| {
        allow(&to(name), &format!(r#""{action}""#)).replace("Allow", effect).replace("Action", element)
    });
    prop::collection::vec(statement, 1..6)
}

proptest! {
    #[test]
    fn a_denial_always_wins(statements in statements()) {
        let with = [statements, vec![deny(&to("*"), r#""*""#)]].concat();
        prop_assert_eq!(verdict(&with.join(",")), Verdict::Deny);
    }

    #[test]
    fn adding_allow_statements_never_removes_access(statements in statements(), more in statements()) {
        let before = verdict(&statements.join(","));
        let more: Vec<_> = more.into_iter().filter(|statement| statement.contains("Allow")).collect();
        let after = verdict(&[statements, more].concat().join(","));
        prop_assert!(after == before || (before, after) == (Verdict::NotApplicable, Verdict::Allow));
    }

    #[test]
    fn the_order_of_statements_does_not_matter(statements in statements(), turn in 0..6_usize) {
        let mut turned = statements.clone();
        turned.rotate_left(turn % statements.len());
        prop_assert_eq!(verdict(&turned.join(",")), verdict(&statements.join(",")));
        turned.reverse();
        prop_assert_eq!(verdict(&turned.join(",")), verdict(&statements.join(",")));
    }

    #[test]
    fn a_star_matches_everything(text in ".*") {
        prop_assert!(pattern::glob("*", &text) && pattern::arn("*", &text) && pattern::action("*", &text));
    }

    #[test]
    fn replacing_characters_by_stars_still_matches(
        text in "[a-c]{0,12}",
        kept in subsequence((0..12_usize).collect::<Vec<_>>(), 0..12),
    ) {
        let stars = |(at, letter): (usize, char)| if kept.contains(&at) { letter } else { '*' };
        prop_assert!(pattern::glob(&text.chars().enumerate().map(stars).collect::<String>(), &text));
    }

    #[test]
    fn a_pattern_without_wildcards_matches_only_itself(one in "[ab]{0,3}", other in "[ab]{0,3}") {
        prop_assert_eq!(pattern::glob(&one, &other), one == other);
        prop_assert_eq!(pattern::glob(&"?".repeat(one.len()), &other), one.len() == other.len());
    }
}
