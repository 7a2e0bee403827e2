//! Policies that ask about organizations, tags of roles and networks, and policies with `NotPrincipal`.

use sim::Network;

use super::*;

const ORGANIZATION: &str = "o-a1b2c3d4e5/r-ab12";

/// The root of the other account, or its role `worker`.
#[derive(Clone, Copy)]
enum Publisher {
    Root,
    Worker,
}

/// Whether the other account may publish to a topic whose policy has this statement.
async fn published(world: &World, publisher: Publisher, statement: Value) -> String {
    let owner = aws_sdk_sns::Client::new(&world.sdk_config(ACCOUNT, REGION));
    let topic = owner.create_topic().name("t").send().await.expect("a topic").topic_arn.expect("its ARN");
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let set = owner.set_topic_attributes().topic_arn(&topic).attribute_name("Policy").attribute_value(policy);
    set.send().await.expect("a policy");
    let config = match publisher {
        Publisher::Root => world.sdk_config(OTHER_ACCOUNT, REGION),
        Publisher::Worker => worker(world, OTHER_ACCOUNT),
    };
    code(outcome(aws_sdk_sns::Client::new(&config).publish().topic_arn(topic).message("m").send().await))
}

fn anyone_if(condition: Value) -> Value {
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:t");
    let mut statement = allow("sns:Publish", &topic);
    statement["Principal"] = json!("*");
    statement["Condition"] = condition;
    statement
}

#[tokio::test(start_paused = true)]
async fn a_topic_can_be_open_to_an_organization_or_a_part_of_it() {
    let (done, refused) = ("done", "AuthorizationError");
    let paths = |operator: &str, path: &str| json!({ operator: { "aws:PrincipalOrgPaths": path } });
    // For each condition: the result for an account in `ou-ab12-1`, one in its child `ou-ab12-2`, one in another
    // organization and one in none.
    let table = [
        (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), [done, done, refused, refused]),
        (json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }), [refused, refused, done, done]),
        (
            json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }),
            [refused, refused, done, done],
        ),
        (json!({ "Null": { "aws:PrincipalOrgID": "true" } }), [refused, refused, refused, done]),
        (paths("ForAnyValue:StringEquals", "o-a1b2c3d4e5/r-ab12/ou-ab12-1/"), [done, refused, refused, refused]),
        (paths("ForAnyValue:StringLike", "o-a1b2c3d4e5/r-ab12/ou-ab12-1/*"), [done, done, refused, refused]),
        (paths("ForAnyValue:StringLike", "o-a1b2c3d4e5/r-ab12/ou-ab12-1/ou-*"), [refused, done, refused, refused]),
        // An account without an organization has no path, so all its paths match.
        (paths("ForAllValues:StringLike", "o-a1b2c3d4e5/*"), [done, done, refused, done]),
        (json!({ "StringEquals": { "aws:ResourceOrgID": "o-a1b2c3d4e5" } }), [done; 4]),
    ];
    let members = [
        Some(format!("{ORGANIZATION}/ou-ab12-1")),
        Some(format!("{ORGANIZATION}/ou-ab12-1/ou-ab12-2/")),
        Some("o-z9y8x7w6v5/r-ab12/ou-ab12-1".to_owned()),
        None,
    ];
    for (condition, expected) in table {
        let mut results = Vec::new();
        for path in &members {
            let world = world();
            world.set_organization(ACCOUNT, ORGANIZATION).expect("a path");
            if let Some(path) = path {
                world.set_organization(OTHER_ACCOUNT, path).expect("a path");
            }
            results.push(published(&world, Publisher::Root, anyone_if(condition.clone())).await);
        }
        assert_eq!(results, expected, "{condition}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_can_be_open_to_roles_with_a_tag() {
    let condition = json!({ "StringEquals": { "aws:PrincipalTag/team": "shop" } });
    for (tags, expected) in [
        (&[("team", "shop"), ("a", "b")][..], "done"),
        (&[("Team", "shop")], "done"),
        (&[("team", "bank")], "AuthorizationError"),
        (&[], "AuthorizationError"),
    ] {
        let world = world();
        world.tag_role(OTHER_ACCOUNT, "worker", tags);
        world.tag_role(ACCOUNT, "worker", &[("team", "shop")]);
        let result = published(&world, Publisher::Worker, anyone_if(condition.clone())).await;
        assert_eq!(result, expected, "{tags:?}");
        let root = published(&world, Publisher::Root, anyone_if(condition.clone())).await;
        assert_eq!(root, "AuthorizationError", "the root user has no tags");
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_can_be_open_to_a_network() {
    let (done, refused) = ("done", "AuthorizationError");
    let endpoint =
        Network::Endpoint { endpoint: "vpce-1".to_owned(), vpc: "vpc-1".to_owned(), address: [10, 0, 0, 7].into() };
    let networks = [Network::Internet([203, 0, 113, 7].into()), Network::Internet([198, 51, 100, 7].into()), endpoint];
    let table = [
        (json!({ "IpAddress": { "aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"] } }), [done, refused, refused]),
        (json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } }), [refused, done, done]),
        (json!({ "IpAddressIfExists": { "aws:SourceIp": "203.0.113.0/24" } }), [done, refused, done]),
        (json!({ "IpAddress": { "aws:VpcSourceIp": "10.0.0.0/8" } }), [refused, refused, done]),
        (json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } }), [refused, refused, done]),
        (json!({ "StringEquals": { "aws:SourceVpc": "vpc-2" } }), [refused, refused, refused]),
    ];
    for (condition, expected) in table {
        let mut results = Vec::new();
        for network in &networks {
            let world = world();
            world.set_network(OTHER_ACCOUNT, network.clone());
            results.push(published(&world, Publisher::Root, anyone_if(condition.clone())).await);
        }
        assert_eq!(results, expected, "{condition}");
    }
}

/// "The `NotPrincipal` element uses "Effect":"Deny" to deny access to all principals except the principal specified"
/// (IAM user guide).
#[tokio::test(start_paused = true)]
async fn not_principal_denies_all_other_principals() {
    let world = world();
    let root = format!("arn:aws:iam::{OTHER_ACCOUNT}:root");
    let role = |name: &str| format!("arn:aws:iam::{OTHER_ACCOUNT}:role/{name}");
    let kms = aws_sdk_kms::Client::new(&world.sdk_config(ACCOUNT, REGION));
    let key_with = |but: Value| {
        let open = json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" });
        let mut deny = json!({ "Effect": "Deny", "Action": "kms:DescribeKey", "Resource": "*" });
        deny["NotPrincipal"] = json!({ "AWS": but });
        kms.create_key().policy(json!({ "Statement": [open, deny] }).to_string()).send()
    };
    for (but, expected) in [
        (json!([root]), ["done", "AccessDeniedException"]),
        (json!([root, role("worker")]), ["done", "done"]),
        (json!([root, role("other")]), ["done", "AccessDeniedException"]),
        (json!([ACCOUNT]), ["AccessDeniedException", "AccessDeniedException"]),
    ] {
        let key = key_with(but.clone()).await.expect("a key").key_metadata.expect("a key").arn.expect("its ARN");
        let mut results = Vec::new();
        for config in [world.sdk_config(OTHER_ACCOUNT, REGION), worker(&world, OTHER_ACCOUNT)] {
            results.push(code(outcome(aws_sdk_kms::Client::new(&config).describe_key().key_id(&key).send().await)));
        }
        assert_eq!(results, expected, "{but}");
    }
    // AWS does not document what happens if the account of a role is not named.
    let session = format!("arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/worker/night");
    for but in [json!([role("worker")]), json!([session, root]), json!("*")] {
        assert_eq!(code(outcome(key_with(but).await)), "MalformedPolicyDocumentException");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_in_an_organization_has_an_organization_and_a_root() {
    let world = world();
    for path in ["", "o-a1b2c3d4e5", "r-ab12", "o-a1b2c3d4e5/ou-ab12-1"] {
        let error = world.set_organization(ACCOUNT, path).expect_err("no path");
        assert_eq!(error, format!("{path} is not a path in an organization, like o-a1b2c3d4e5/r-ab12"));
    }
}
