//! The bill.

use std::time::Duration;

use serde_json::json;
use sim::World;

use crate::support::epoch;

#[tokio::test(start_paused = true)]
async fn each_transition_and_publish_is_billed_once() {
    let world = World::new(epoch());
    let client = aws_sdk_sfn::Client::new(&world.sdk_config("111111111111", "us-east-1"));
    let definition = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Wait", "Seconds": 60, "Next": "B" },
        "B": {
            "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true,
            "Parameters": { "TopicArn": "arn:aws:sns:us-east-1:111111111111:alarms", "Message": "late" },
        },
    }});
    let create = client.create_state_machine().name("timer").role_arn("arn:aws:iam::111111111111:role/timer");
    let arn = create.definition(definition.to_string()).send().await.expect("a machine").state_machine_arn;
    let sns = aws_sdk_sns::Client::new(&world.sdk_config("111111111111", "us-east-1"));
    sns.create_topic().name("alarms").send().await.expect("a topic");
    for _ in 0..1000 {
        client.start_execution().state_machine_arn(&arn).send().await.expect("an execution");
    }
    world.sleep(Duration::from_secs(61)).await;
    let bill = world.bill();
    let line = |what| bill.lines.iter().find(|line| line.item == what).expect("a line");
    let lines = [line("Step Functions"), line("SNS publishes")].map(|line| (line.quantity, line.dollars));
    assert_eq!(lines, [(2000.0, 0.05), (1000.0, 0.0005)]);
    assert_eq!(bill.total, 0.0505);
}

#[tokio::test(start_paused = true)]
async fn an_unused_world_costs_nothing_and_the_bill_has_its_prices() {
    let world = World::new(epoch());
    let bill = world.bill();
    assert_eq!(bill.total, 0.0);
    let prices: Vec<_> = bill.lines.iter().map(|line| (line.item, line.price, line.per)).collect();
    let published = [
        ("Lambda arm64", 0.000_013_333_4, 1.0),
        ("Lambda requests", 0.20, 1e6),
        ("Step Functions", 25.0, 1e6),
        ("SNS publishes", 0.50, 1e6),
        ("SQS requests", 0.40, 1e6),
        ("KMS keys", 1.00, 1.0),
        ("KMS requests", 0.03, 1e4),
        ("Secrets", 0.40, 1.0),
        ("Secrets requests", 0.05, 1e4),
        ("S3 writes and lists", 5.0, 1e6),
        ("S3 reads", 0.40, 1e6),
        ("RDS snapshot storage", 0.095, 1.0),
        ("RDS snapshot transfer", 0.02, 1.0),
    ];
    assert_eq!(prices, published);
    let text = bill.to_string();
    assert!(text.ends_with("Prices of 2026-11-21 in us-east-1, without free tiers."), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 86), "{text}");
    println!("{text}");
    assert_eq!(serde_json::to_value(&bill).expect("JSON")["region"], "us-east-1");
}

#[tokio::test(start_paused = true)]
async fn a_key_is_billed_monthly_until_its_deletion_is_scheduled() {
    const MONTH: Duration = Duration::from_secs(730 * 60 * 60);
    let world = World::new(epoch());
    let kms = aws_sdk_kms::Client::new(&world.sdk_config("111111111111", "us-east-1"));
    let created = kms.create_key().send().await.expect("a key");
    let id = created.key_metadata.expect("its data").key_id;
    let months = || world.bill().lines.iter().find(|line| line.item == "KMS keys").map(|line| line.quantity.round());
    world.sleep(MONTH).await;
    assert_eq!(months(), Some(1.0));
    kms.schedule_key_deletion().key_id(&id).send().await.expect("an answer");
    world.sleep(MONTH / 2).await;
    kms.cancel_key_deletion().key_id(&id).send().await.expect("an answer");
    assert_eq!(months(), Some(1.0));
    world.sleep(2 * MONTH).await;
    assert_eq!(months(), Some(3.0));
}

#[tokio::test(start_paused = true)]
async fn a_function_is_billed_by_milliseconds_and_memory() {
    let world = World::new(epoch());
    let code = |_| async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        Ok(serde_json::Value::Null)
    };
    let function = sim::lambda::Function::new("function", code).memory(512);
    let arn = world.add_function("111111111111", "us-east-1", "look", function);
    for _ in 0..4 {
        world.invoke_function_and_wait(&arn, json!({})).await.expect("an answer");
    }
    let lines: Vec<_> = world.bill().lines.into_iter().map(|line| (line.item, line.quantity)).take(2).collect();
    assert_eq!(lines, [("Lambda arm64", 5.0), ("Lambda requests", 4.0)]);
}
