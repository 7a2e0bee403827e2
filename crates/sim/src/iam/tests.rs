//! The policy engine alone: what one policy says, what several say together, and its laws.

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::call::Role;
use crate::world::World;

const HOME: &str = "111111111111";
const ABROAD: &str = "222222222222";
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

/// A statement that lets these principals do this.
fn allow(principal: &str, action: &str) -> String {
    format!(r#"{{"Sid": "a", "Effect": "Allow", "Principal": {principal}, "Action": {action}, "Resource": "*"}}"#)
}

fn deny(principal: &str, action: &str) -> String {
    allow(principal, action).replace("Allow", "Deny")
}

fn to(name: &str) -> String {
    format!(r#"{{"AWS": "{name}"}}"#)
}

/// What a policy with this one statement says to `kms:Decrypt` by the role `backup` of the other account.
fn verdict(statement: &str) -> Verdict {
    evaluate(&read(statement), &role(ABROAD, "backup"), &[])
}

fn evaluate(policy: &Policy, caller: &Caller, context: &[(&str, &str)]) -> Verdict {
    let principal = Principal::Caller(caller);
    policy.evaluate(&AccessRequest { principal, action: "kms:Decrypt", resource: KEY, context })
}

/// Whether a condition holds of these keys.
fn holds(condition: &str, context: &[(&str, &str)]) -> bool {
    let statement = allow(r#""*""#, r#""*""#).replace("{\"Sid\"", &format!("{{\"Condition\": {condition}, \"Sid\""));
    evaluate(&read(&statement), &role(ABROAD, "backup"), context) == Verdict::Allow
}

fn refused(statement: &str) -> String {
    Policy::parse(&document(statement)).expect_err("no policy")
}

#[test]
fn a_principal_is_named_in_each_way_that_aws_has() {
    let star = r#""kms:*""#;
    let names = [ABROAD, "arn:aws:iam::222222222222:root", BACKUP, "*"];
    let session = "arn:aws:sts::222222222222:assumed-role/backup/night";
    for name in names.into_iter().chain([session]) {
        assert_eq!(verdict(&allow(&to(name), star)), Verdict::Allow, "{name}");
    }
    let several = format!(r#"{{"Service": "rds.amazonaws.com", "AWS": ["{HOME}", "{BACKUP}"]}}"#);
    assert_eq!(verdict(&allow(&several, star)), Verdict::Allow);
    let strangers = [HOME, "arn:aws:iam::222222222222:role/other", "arn:aws:iam::111111111111:role/backup"];
    let other_session = "arn:aws:sts::222222222222:assumed-role/backup/day";
    for name in strangers.into_iter().chain([other_session]) {
        assert_eq!(verdict(&allow(&to(name), star)), Verdict::NotApplicable, "{name}");
    }
}

#[test]
fn a_service_is_named_apart_from_callers() {
    let policy = read(&allow(r#"{"Service": "events.rds.amazonaws.com"}"#, r#""sns:Publish""#));
    let service = |name| Principal::Service { name, source_arn: "arn:aws:rds:eu-west-1:111111111111:snapshot:s" };
    let asked = |principal| {
        policy.evaluate(&AccessRequest {
            principal,
            action: "sns:Publish",
            resource: "arn:aws:sns:eu-west-1:1:t",
            context: &[],
        })
    };
    assert_eq!(asked(service("events.rds.amazonaws.com")), Verdict::Allow);
    assert_eq!(asked(service("s3.amazonaws.com")), Verdict::NotApplicable);
    assert_eq!(asked(Principal::Caller(&root(HOME))), Verdict::NotApplicable);
}

#[test]
fn actions_have_wildcards_and_no_case() {
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
fn resources_have_wildcards_within_each_part() {
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
fn a_question_mark_is_one_character_however_many_bytes_it_has() {
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
fn every_condition_operator_does_as_aws_says() {
    let through = |service| [("kms:ViaService", service)];
    let (rds, s3) = (through("rds.eu-west-1.amazonaws.com"), through("s3.eu-west-1.amazonaws.com"));
    // Of each condition: whether it holds of RDS, of S3, and if the key is absent.
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
fn a_condition_on_a_key_with_several_values_says_which_count() {
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
fn what_is_not_simulated_is_refused() {
    let with = |element: &str| refused(&allow(r#""*""#, r#""*""#).replace("\"Sid\": \"a\"", element));
    assert!(with(r#""NotPrincipal": "*""#).contains("NotPrincipal"));
    assert!(with(r#""Whatever": 1"#).contains("Whatever"));
    for condition in [
        r#""IpAddress": {"aws:SourceArn": "a"}"#,
        r#""NumericEquals": {"aws:SourceArn": 1}"#,
        r#""ForSomeValues:StringEquals": {"aws:SourceArn": "a"}"#,
        r#""NullIfExists": {"aws:SourceArn": "true"}"#,
        r#""ForAnyValue:Null": {"aws:SourceArn": "true"}"#,
        r#""Bool": {"aws:SourceArn": "yes"}"#,
        r#""StringEquals": {"aws:SourceIp": "a"}"#,
        r#""StringEquals": {"aws:SourceArn": "${aws:PrincipalArn}"}"#,
        r#""StringEquals": {"aws:SourceArn": {}}"#,
        r#""StringEquals": "a""#,
    ] {
        with(&format!(r#""Condition": {{{condition}}}"#));
    }
}

#[test]
fn what_is_no_policy_is_refused() {
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

/// What a role with this policy (none if it is not known) may do with a resource that has this one.
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
    world.change(|state| decide(state, &request, HOME, resource, default))
}

#[tokio::test(start_paused = true)]
async fn policies_of_resource_and_caller_are_combined_as_aws_does() {
    use SameAccountDefault::{CallerPolicies, Deny};
    let by_role =
        |effect: &str| document(&format!(r#"{{"Effect": "{effect}", "Action": "kms:Decrypt", "Resource": "*"}}"#));
    let (may, may_not, other) = (by_role("Allow"), by_role("Deny"), by_role("Allow").replace("Decrypt", "Encrypt"));
    let to_account = |account: &str| read(&allow(&to(account), r#""kms:*""#));
    let to_role = |account: &str| read(&allow(&to(&format!("arn:aws:iam::{account}:role/backup")), r#""kms:*""#));
    let never = read(&deny(&to("*"), r#""kms:*""#));
    let (near, far) = (role(HOME, "backup"), role(ABROAD, "backup"));
    let (ok, not_own, not_there) =
        (Ok(()), Err(DenialReason::NotAllowedByCaller), Err(DenialReason::NotAllowedByResource));
    let table = [
        // Within the account either suffices; but a key that names nobody is open to nobody.
        (&near, Some(&may), None, CallerPolicies, ok),
        (&near, Some(&other), None, CallerPolicies, not_own),
        (&near, None, None, CallerPolicies, ok),
        (&near, Some(&may), Some(to_role(ABROAD)), Deny, not_there),
        (&near, Some(&other), Some(to_role(HOME)), Deny, ok),
        (&near, Some(&other), Some(to_role(HOME)), CallerPolicies, ok),
        // To name the account is to leave it to its roles' own policies.
        (&near, Some(&other), Some(to_account(HOME)), Deny, not_own),
        (&near, Some(&may), Some(to_account(HOME)), Deny, ok),
        // From another account both must allow it.
        (&far, Some(&may), None, CallerPolicies, not_there),
        (&far, Some(&may), Some(to_account(HOME)), Deny, not_there),
        (&far, Some(&may), Some(to_account(ABROAD)), Deny, ok),
        (&far, Some(&other), Some(to_account(ABROAD)), Deny, not_own),
        (&far, Some(&other), Some(to_role(ABROAD)), Deny, not_own),
        (&far, Some(&may), Some(to_role(ABROAD)), CallerPolicies, ok),
        (&far, None, Some(to_role(ABROAD)), Deny, ok),
        // A denial wins.
        (&near, Some(&may), Some(never.clone()), Deny, Err(DenialReason::DeniedByResource)),
        (&near, Some(&may_not), Some(to_role(HOME)), Deny, Err(DenialReason::DeniedByCaller)),
        (&far, Some(&may_not), Some(to_role(ABROAD)), Deny, Err(DenialReason::DeniedByCaller)),
    ];
    for (nth, (caller, own, resource, default, expected)) in table.into_iter().enumerate() {
        let own = own.map(String::as_str);
        assert_eq!(decided(caller, own, resource.as_ref(), default).await, expected, "row {nth}");
    }
    // The root of an account has no policies of its own, but no key is open to it that does not name its account.
    assert_eq!(decided(&root(HOME), None, Some(&to_role(HOME)), Deny).await, not_there);
    assert_eq!(decided(&root(HOME), None, Some(&to_account(HOME)), Deny).await, ok);
}

#[tokio::test(start_paused = true)]
async fn a_service_is_let_in_by_the_resource_alone() {
    let world = World::new(chrono::DateTime::UNIX_EPOCH);
    let named = read(&allow(r#"{"Service": "events.rds.amazonaws.com"}"#, r#""sns:Publish""#));
    let allowed = |policy: Option<&Policy>| {
        let source_arn = "arn:aws:rds:eu-west-1:111111111111:snapshot:s";
        let principal = Principal::Service { name: "events.rds.amazonaws.com", source_arn };
        let request = AccessRequest { principal, action: "sns:Publish", resource: "arn:aws:sns:a:1:t", context: &[] };
        world.change(|state| is_allowed(state, &request, HOME, policy))
    };
    assert!(allowed(Some(&named)));
    assert!(!allowed(Some(&read(&allow(&to(HOME), r#""*""#)))));
    assert!(!allowed(None));
}

#[tokio::test(start_paused = true)]
async fn a_role_gets_only_policies_of_roles() {
    let world = World::new(chrono::DateTime::UNIX_EPOCH);
    world.add_role(HOME, "backup", &["not JSON"]).expect_err("no policy");
    world.add_role(HOME, "backup", &[&document(&allow(r#""*""#, r#""*""#))]).expect_err("it names a principal");
}

/// Statements of all kinds, some of which apply to what [`verdict`] asks.
fn statements() -> impl Strategy<Value = Vec<String>> {
    let pieces = (
        prop::sample::select(vec!["Allow", "Deny"]),
        prop::sample::select(vec![ABROAD, BACKUP, HOME, "*"]),
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
    fn to_allow_more_never_takes_anything_away(statements in statements(), more in statements()) {
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
    fn a_text_with_parts_left_out_for_stars_matches(
        text in "[a-c]{0,12}",
        kept in subsequence((0..12_usize).collect::<Vec<_>>(), 0..12),
    ) {
        let stars = |(at, letter): (usize, char)| if kept.contains(&at) { letter } else { '*' };
        prop_assert!(pattern::glob(&text.chars().enumerate().map(stars).collect::<String>(), &text));
    }

    #[test]
    fn without_wildcards_only_the_text_itself_matches(one in "[ab]{0,3}", other in "[ab]{0,3}") {
        prop_assert_eq!(pattern::glob(&one, &other), one == other);
        prop_assert_eq!(pattern::glob(&"?".repeat(one.len()), &other), one.len() == other.len());
    }
}
