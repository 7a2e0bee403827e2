//! Grants.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kms::types::{GrantConstraints, GrantListEntry, GrantOperation};

use super::*;

const BACKUP: &str = "arn:aws:iam::222222222222:role/backup";
const ROOT: &str = "arn:aws:iam::111111111111:root";

/// A client with the credentials of a role.
fn role(world: &World, account: &str, name: &str) -> Client {
    let credentials = Credentials::builder()
        .access_key_id(account)
        .secret_access_key("simulated")
        .session_token(format!("{name}/night"))
        .provider_name("test")
        .build();
    let config = world.sdk_config(account, REGION).into_builder();
    Client::new(&config.credentials_provider(SharedCredentialsProvider::new(credentials)).build())
}

fn subset(key: &str, value: &str) -> GrantConstraints {
    GrantConstraints::builder().encryption_context_subset(key, value).build()
}

async fn grants(kms: &Client, key: &str) -> Vec<GrantListEntry> {
    kms.list_grants().key_id(key).send().await.expect("grants").grants.unwrap_or_default()
}

/// `done`, or the code of the error.
fn code<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> String {
    answer.map_or_else(|refused| refused.code().unwrap_or_default().to_owned(), |_| "done".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_grant_allows_its_operations_until_it_is_revoked() {
    let world = world();
    let kms = client(&world, OWNER);
    let key = arn(&key(&kms).await);
    let backup = role(&world, OTHER, "backup");
    assert_eq!(code(backup.describe_key().key_id(&key).send().await), "AccessDeniedException");
    let create = kms.create_grant().key_id(&key).grantee_principal(BACKUP).retiring_principal(ROOT);
    let create = create.operations(GrantOperation::Decrypt).operations(GrantOperation::DescribeKey);
    let made = create.constraints(subset("team", "shop")).send().await.expect("a grant");
    let id = made.grant_id().expect("an identifier");
    assert_eq!(code(backup.describe_key().key_id(&key).send().await), "done");
    assert_eq!(code(role(&world, OTHER, "other").describe_key().key_id(&key).send().await), "AccessDeniedException");

    let listed = grants(&kms, &key).await;
    let grant = listed.first().expect("the grant");
    assert_eq!((listed.len(), grant.grant_id(), grant.key_id()), (1, Some(id), Some(key.as_str())));
    assert_eq!((grant.grantee_principal(), grant.retiring_principal()), (Some(BACKUP), Some(ROOT)));
    assert_eq!((grant.issuing_account(), grant.name()), (Some(ROOT), Some("")));
    assert_eq!(grant.operations(), [GrantOperation::Decrypt, GrantOperation::DescribeKey]);
    assert_eq!(grant.constraints(), Some(&subset("team", "shop")));

    kms.revoke_grant().key_id(&key).grant_id(id).send().await.expect("revoked");
    assert_eq!(code(backup.describe_key().key_id(&key).send().await), "AccessDeniedException");
    assert_eq!(code(kms.revoke_grant().key_id(&key).grant_id(id).send().await), "NotFoundException");
    assert_eq!(grants(&kms, &key).await, []);
}

/// "The `Deny` … takes precedence over all grants for this KMS key and its principals" (KMS developer guide).
#[tokio::test(start_paused = true)]
async fn a_denial_takes_precedence_over_grants() {
    let world = world();
    let kms = client(&world, OWNER);
    let mut deny = opening(OTHER, "kms:DescribeKey");
    deny["Effect"] = json!("Deny");
    for (statements, own, expected) in [
        (vec![opening(OWNER, "kms:*")], None, "done"),
        (vec![opening(OWNER, "kms:*"), deny], None, "AccessDeniedException"),
        (vec![opening(OWNER, "kms:*")], Some("Deny"), "AccessDeniedException"),
        // A grant that names the role needs no policy of the role.
        (vec![opening(OWNER, "kms:*")], Some("Allow"), "done"),
    ] {
        let key = kms.create_key().policy(policy(&statements)).send().await.expect("a key").key_metadata;
        let key = key.and_then(|key| key.arn).expect("an ARN");
        let own = own.map(|effect| {
            let action = if effect == "Deny" { "kms:DescribeKey" } else { "kms:ListKeys" };
            policy(&[json!({ "Effect": effect, "Action": action, "Resource": "*" })])
        });
        let own: Vec<_> = own.iter().map(String::as_str).collect();
        world.add_role(OTHER, "worker", &own).expect("policies");
        let create = kms.create_grant().key_id(&key).grantee_principal(BACKUP.replace("backup", "worker"));
        create.operations(GrantOperation::DescribeKey).send().await.expect("a grant");
        assert_eq!(code(role(&world, OTHER, "worker").describe_key().key_id(&key).send().await), expected, "{own:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_to_an_account_lets_the_policies_of_the_account_decide() {
    let world = world();
    let kms = client(&world, OWNER);
    let key = arn(&key(&kms).await);
    let create = kms.create_grant().key_id(&key).grantee_principal(format!("arn:aws:iam::{OTHER}:root"));
    create.operations(GrantOperation::DescribeKey).send().await.expect("a grant");
    for (action, expected) in [("kms:DescribeKey", "done"), ("kms:ListKeys", "AccessDeniedException")] {
        let own = policy(&[json!({ "Effect": "Allow", "Action": action, "Resource": "*" })]);
        world.add_role(OTHER, "backup", &[&own]).expect("a policy");
        assert_eq!(code(role(&world, OTHER, "backup").describe_key().key_id(&key).send().await), expected);
    }
    assert_eq!(code(client(&world, OTHER).describe_key().key_id(&key).send().await), "done");
}

/// "When this value is present, you can retry a `CreateGrant` request with identical parameters; if the grant already
/// exists, the original `GrantId` is returned without creating a new grant" (API reference).
#[tokio::test(start_paused = true)]
async fn a_named_grant_is_created_once() {
    let kms = client(&world(), OWNER);
    let key = key(&kms).await;
    let create = async |name: Option<&str>, operation: GrantOperation| {
        let create = kms.create_grant().key_id(&key).grantee_principal(BACKUP).operations(operation);
        let made = create.set_name(name.map(str::to_owned)).send().await.expect("a grant");
        (made.grant_id.expect("an identifier"), made.grant_token.expect("a token"))
    };
    let first = create(Some("a"), GrantOperation::Decrypt).await;
    let again = create(Some("a"), GrantOperation::Decrypt).await;
    assert_eq!(first.0, again.0);
    assert_ne!(first.1, again.1);
    for (name, operation) in
        [(Some("a"), GrantOperation::Encrypt), (Some("b"), GrantOperation::Decrypt), (None, GrantOperation::Decrypt)]
    {
        create(name, operation).await;
    }
    create(None, GrantOperation::Decrypt).await;
    assert_eq!(grants(&kms, &key).await.len(), 5);
    let page = kms.list_grants().key_id(&key).limit(3).send().await.expect("grants");
    assert_eq!((page.grants().len(), page.truncated()), (3, true));
    let page = kms.list_grants().key_id(&key).set_marker(page.next_marker).send().await.expect("grants");
    assert_eq!((page.grants().len(), page.truncated()), (2, false));
    assert_eq!(code(kms.list_grants().key_id(&key).limit(101).send().await), "ValidationException");
}

/// "A grant can be retired by an optional retiring principal specified in the grant. The grantee principal can also retire
/// the grant, but only if … the grant includes the `RetireGrant` operation. As a backup, the AWS account in which the grant
/// was created can retire the grant" (KMS developer guide).
#[tokio::test(start_paused = true)]
async fn a_grant_determines_who_can_retire_it() {
    let world = world();
    let kms = client(&world, OWNER);
    let key = arn(&key(&kms).await);
    let retiring = "arn:aws:iam::222222222222:role/cleaner";
    let by = |name: &str| role(&world, OTHER, name);
    for (operation, who, expected) in [
        (GrantOperation::Decrypt, by("backup"), "AccessDeniedException"),
        (GrantOperation::RetireGrant, by("backup"), "done"),
        (GrantOperation::Decrypt, by("cleaner"), "done"),
        (GrantOperation::Decrypt, by("other"), "AccessDeniedException"),
        (GrantOperation::Decrypt, client(&world, OTHER), "AccessDeniedException"),
        (GrantOperation::Decrypt, client(&world, OWNER), "done"),
    ] {
        let create = || {
            let create = kms.create_grant().key_id(&key).grantee_principal(BACKUP).retiring_principal(retiring);
            create.operations(operation.clone()).send()
        };
        let (one, other) = (create().await.expect("a grant"), create().await.expect("a grant"));
        let retired = [
            code(who.retire_grant().key_id(&key).set_grant_id(one.grant_id.clone()).send().await),
            code(who.retire_grant().set_grant_token(other.grant_token).send().await),
        ];
        assert_eq!(retired, [expected; 2]);
        let left = grants(&kms, &key).await;
        assert_eq!(left.len(), if expected == "done" { 0 } else { 2 });
        for grant in left {
            kms.revoke_grant().key_id(&key).set_grant_id(grant.grant_id).send().await.expect("revoked");
        }
    }
    assert_eq!(code(kms.retire_grant().grant_token("none").send().await), "InvalidGrantTokenException");
    assert_eq!(code(kms.retire_grant().key_id(&key).send().await), "ValidationException");
}

/// "The grantee principal can only create grants that allow some or all of the operations in the parent grant. The grant
/// constraints in the grants they create must be at least as strict" (KMS developer guide).
#[tokio::test(start_paused = true)]
async fn a_grant_can_be_passed_on_in_part() {
    let world = world();
    let kms = client(&world, OWNER);
    let key = arn(&key(&kms).await);
    let create = kms.create_grant().key_id(&key).grantee_principal(BACKUP).operations(GrantOperation::CreateGrant);
    let create = create.operations(GrantOperation::Decrypt).constraints(subset("team", "shop"));
    create.send().await.expect("a grant");
    let equals = GrantConstraints::builder().encryption_context_equals("team", "shop").build();
    let stricter = GrantConstraints::builder()
        .encryption_context_subset("team", "shop")
        .encryption_context_subset("a", "b")
        .build();
    let backup = role(&world, OTHER, "backup");
    for (operation, constraints, expected) in [
        (GrantOperation::Decrypt, Some(subset("team", "shop")), "done"),
        (GrantOperation::Decrypt, Some(stricter), "done"),
        (GrantOperation::Decrypt, Some(equals), "done"),
        (GrantOperation::Decrypt, Some(subset("team", "bank")), "AccessDeniedException"),
        (GrantOperation::Decrypt, None, "AccessDeniedException"),
        (GrantOperation::Encrypt, Some(subset("team", "shop")), "AccessDeniedException"),
    ] {
        let create = backup.create_grant().key_id(&key).grantee_principal("arn:aws:iam::222222222222:role/other");
        let made = create.operations(operation).set_constraints(constraints.clone()).send().await;
        assert_eq!(code(made), expected, "{constraints:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_limit_grants() {
    let world = world();
    let kms = client(&world, OWNER);
    let to_backup = json!({ "StringEquals": { "kms:GranteePrincipal": BACKUP } });
    let decrypt = json!({ "ForAllValues:StringEquals": { "kms:GrantOperations": ["Decrypt", "DescribeKey"] } });
    let by_owner = json!({ "StringEquals": { "kms:RetiringPrincipal": ROOT } });
    let exact = json!({ "StringEquals": { "kms:GrantConstraintType": "EncryptionContextEquals" } });
    let of_shop = json!({ "StringEquals": { "kms:EncryptionContext:team": "shop" } });
    let only_team = json!({ "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": "team" } });
    let for_services = json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } });
    for (condition, allowed) in [
        (to_backup, true),
        (decrypt, true),
        (by_owner, false),
        (exact, false),
        (of_shop, true),
        (only_team, true),
        (for_services, false),
    ] {
        let mut statement = opening(OTHER, "kms:CreateGrant");
        statement["Condition"] = condition.clone();
        let key = kms.create_key().policy(policy(&[opening(OWNER, "kms:*"), statement])).send().await.expect("a key");
        let key = key.key_metadata.and_then(|key| key.arn).expect("an ARN");
        let create = client(&world, OTHER).create_grant().key_id(&key).grantee_principal(BACKUP);
        let create = create.operations(GrantOperation::Decrypt).constraints(subset("team", "shop"));
        let expected = if allowed { "done" } else { "AccessDeniedException" };
        assert_eq!(code(create.send().await), expected, "{condition}");
    }
}

#[tokio::test(start_paused = true)]
async fn retirable_grants_are_listed_for_all_keys() {
    let world = world();
    let (kms, other) = (client(&world, OWNER), client(&world, OTHER));
    let (one, two) = (key(&kms).await, key(&kms).await);
    let retiring = "arn:aws:iam::222222222222:role/cleaner";
    for (key, principal) in [(&one, retiring), (&two, retiring), (&two, BACKUP)] {
        let create = kms.create_grant().key_id(key).grantee_principal(BACKUP).retiring_principal(principal);
        create.operations(GrantOperation::Decrypt).send().await.expect("a grant");
    }
    let listed = other.list_retirable_grants().retiring_principal(retiring).send().await.expect("grants");
    let mut keys: Vec<_> = listed.grants().iter().filter_map(|grant| grant.key_id()).map(str::to_owned).collect();
    keys.sort_unstable();
    let mut expected = [arn(&one), arn(&two)];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(code(kms.list_retirable_grants().retiring_principal(retiring).send().await), "InvalidArnException");
}

#[tokio::test(start_paused = true)]
async fn invalid_grants_are_refused() {
    let kms = client(&world(), OWNER);
    let key = key(&kms).await;
    let create = || kms.create_grant().key_id(&key).grantee_principal(BACKUP).operations(GrantOperation::Decrypt);
    assert_eq!(code(create().grantee_principal("rds.amazonaws.com").send().await), "InvalidArnException");
    assert_eq!(code(create().retiring_principal("backup").send().await), "InvalidArnException");
    assert_eq!(code(create().operations(GrantOperation::Sign).send().await), "ValidationException");
    assert_eq!(code(create().name("a b").send().await), "ValidationException");
    assert_eq!(code(create().constraints(subset("a", &"b".repeat(385))).send().await), "ValidationException");
    assert_eq!(code(create().grant_tokens("none").send().await), "InvalidGrantTokenException");
    assert_eq!(code(create().dry_run(true).send().await), "DryRunOperationException");
    assert_eq!(grants(&kms, &key).await, []);
    kms.disable_key().key_id(&key).send().await.expect("disabled");
    assert_eq!(code(create().send().await), "DisabledException");
}
