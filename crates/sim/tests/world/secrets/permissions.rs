//! What a role may do with secrets.

use serde_json::{Value, json};

use super::*;

fn allow(world: &World, actions: &[&str], resource: &str, condition: Value) {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    world.add_role(PROD, "app", &[&policy]).expect("a policy");
}

#[tokio::test(start_paused = true)]
async fn a_policy_names_the_secret_with_its_random_characters() {
    let world = world();
    secret(&client(&world, PROD), "login", "value").await;
    let app = Client::new(&world.sdk_config_for_role(PROD, REGION, "app"));
    let denied = Err("AccessDeniedException".to_owned());
    for (resource, expected) in [
        ("login-??????", Ok("value".to_owned())),
        ("login*", Ok("value".to_owned())),
        ("login", denied.clone()),
        ("other-??????", denied),
    ] {
        let arn = format!("arn:aws:secretsmanager:{REGION}:{PROD}:secret:{resource}");
        allow(&world, &["secretsmanager:GetSecretValue"], &arn, json!({}));
        assert_eq!(value(&app, "login", None, None).await, expected, "{resource}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_condition_asks_for_a_tag_of_the_secret_or_of_the_request() {
    let world = world();
    let owner = client(&world, PROD);
    for (name, team) in [("shop", "shop"), ("till", "till")] {
        let tag = Tag::builder().key("team").value(team).build();
        owner.create_secret().name(name).secret_string(name).tags(tag).send().await.expect("a secret");
    }
    let app = Client::new(&world.sdk_config_for_role(PROD, REGION, "app"));
    for key in ["secretsmanager:ResourceTag/team", "aws:ResourceTag/team"] {
        allow(&world, &["secretsmanager:GetSecretValue"], "*", json!({ "StringEquals": { key: "shop" } }));
        assert_eq!(value(&app, "shop", None, None).await, Ok("shop".to_owned()), "{key}");
        assert_eq!(value(&app, "till", None, None).await, Err("AccessDeniedException".to_owned()), "{key}");
    }

    let create = async |name: &str, team: Option<&str>| {
        let tag = team.map(|team| vec![Tag::builder().key("team").value(team).build()]);
        code(app.create_secret().name(name).set_tags(tag).send().await).err()
    };
    let both = ["secretsmanager:CreateSecret", "secretsmanager:TagResource"];
    allow(&world, &both, "*", json!({ "StringEquals": { "aws:RequestTag/team": "shop" } }));
    assert_eq!(create("new-1", Some("shop")).await, None);
    assert_eq!(create("new-2", Some("till")).await, Some("AccessDeniedException".to_owned()));
    assert_eq!(create("new-3", None).await, Some("AccessDeniedException".to_owned()));
    allow(&world, &both[..1], "*", json!({}));
    assert_eq!(create("new-4", Some("shop")).await, Some("AccessDeniedException".to_owned()), "without TagResource");
    assert_eq!(create("new-4", None).await, None);
}
