//! The permissions that each operation requires, found by adding the missing one until the call succeeds.

use super::*;

/// The permissions that a call required, with the common parts of ARNs left out.
async fn needed(world: &World, call: impl AsyncFn() -> Result<(), String>) -> Vec<String> {
    let mut given: Vec<(String, String)> = Vec::new();
    loop {
        let statements: Vec<_> = given.iter().map(|(action, resource)| allow(action, resource)).collect();
        let policies = (!statements.is_empty()).then(|| json!({ "Statement": statements }).to_string());
        let policies: Vec<_> = policies.iter().map(String::as_str).collect();
        world.add_role(ACCOUNT, "worker", &policies).expect("policies");
        let Some(missing) = call().await.err().and_then(|message| missing(&message)) else { break };
        assert!(!given.contains(&missing), "{missing:?} was given and did not help");
        given.push(missing);
    }
    // All of them were used.
    assert_eq!(world.unused_permissions(ACCOUNT, "worker"), Ok(Vec::new()));
    let short = |arn: &str| match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", "aws", _, REGION | "", ACCOUNT, resource] => resource.to_owned(),
        _ => arn.to_owned(),
    };
    given.into_iter().map(|(action, resource)| format!("{action} {}", short(&resource))).collect()
}

/// The action and the resource in an access denied message.
fn missing(message: &str) -> Option<(String, String)> {
    let (what, _) = message.split_once("perform: ")?.1.split_once(" because ")?;
    let (action, resource) = what.split_once(" on resource: ").unwrap_or((what, "*"));
    Some((action.to_owned(), resource.to_owned()))
}

#[tokio::test(start_paused = true)]
async fn rds_instances() {
    let world = world();
    snapshot(&world, ACCOUNT, &[]).await;
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    let tags = || Some(rds_tags(&[("team", "shop")]));
    macro_rules! needs {
        ($call:expr) => {
            needed(&world, async || outcome($call.send().await)).await
        };
    }
    let new = || rds.create_db_instance().db_instance_identifier("New").db_instance_class("c").engine("postgres");
    let groups = ["og:default:postgres-16", "pg:default.postgres16", "subgrp:default"];
    let groups = groups.map(|group| format!("rds:CreateDBInstance {group}"));
    let with_groups = |first: &[&str]| [first.iter().map(|&text| text.to_owned()).collect(), groups.to_vec()].concat();
    assert_eq!(needs!(new()), with_groups(&["rds:CreateDBInstance db:new"]));
    let tagged = with_groups(&["rds:CreateDBInstance db:new", "rds:AddTagsToResource db:new"]);
    assert_eq!(needs!(new().set_tags(tags())), tagged);
    assert_eq!(needs!(rds.describe_db_instances()), ["rds:DescribeDBInstances db:*"]);
    assert_eq!(needs!(rds.describe_db_instances().db_instance_identifier("d")), ["rds:DescribeDBInstances db:d"]);
    let all = || rds.describe_db_snapshots();
    assert_eq!(needs!(all()), ["rds:DescribeDBSnapshots snapshot:*"]);
    assert_eq!(needs!(all().db_snapshot_identifier("rds:s-1")), ["rds:DescribeDBSnapshots snapshot:rds:s-1"]);
    assert_eq!(needs!(all().db_instance_identifier("d")), ["rds:DescribeDBSnapshots db:d"]);
    let both = all().db_instance_identifier("d").db_snapshot_identifier("s");
    assert_eq!(needs!(both.clone()), ["rds:DescribeDBSnapshots db:d", "rds:DescribeDBSnapshots snapshot:s"]);
    let create = || rds.create_db_snapshot().db_instance_identifier("d").db_snapshot_identifier("s");
    assert_eq!(needs!(create()), ["rds:CreateDBSnapshot db:d", "rds:CreateDBSnapshot snapshot:s"]);
    let tagged = ["rds:CreateDBSnapshot db:d", "rds:CreateDBSnapshot snapshot:s", "rds:AddTagsToResource snapshot:s"];
    assert_eq!(needs!(create().set_tags(tags())), tagged);
    let copy = || rds.copy_db_snapshot().source_db_snapshot_identifier("s").target_db_snapshot_identifier("t");
    assert_eq!(needs!(copy()), ["rds:CopyDBSnapshot snapshot:s", "rds:CopyDBSnapshot snapshot:t"]);
    let tagged = [
        "rds:CopyDBSnapshot arn:aws:rds:eu-west-1:222222222222:snapshot:u",
        "rds:CopyDBSnapshot snapshot:v",
        "rds:AddTagsToResource snapshot:v",
    ];
    let from_shared = rds.copy_db_snapshot().target_db_snapshot_identifier("v").set_tags(tags());
    let shared = from_shared.source_db_snapshot_identifier("arn:aws:rds:eu-west-1:222222222222:snapshot:u");
    assert_eq!(needs!(shared.clone()), tagged);
    let share = rds.modify_db_snapshot_attribute().db_snapshot_identifier("s").attribute_name("restore");
    assert_eq!(needs!(share.clone()), ["rds:ModifyDBSnapshotAttribute snapshot:s"]);
    let shared = rds.describe_db_snapshot_attributes().db_snapshot_identifier("s");
    assert_eq!(needs!(shared.clone()), ["rds:DescribeDBSnapshotAttributes snapshot:s"]);
    assert_eq!(needs!(rds.delete_db_snapshot().db_snapshot_identifier("s")), ["rds:DeleteDBSnapshot snapshot:s"]);
}

#[tokio::test(start_paused = true)]
async fn rds_clusters() {
    let world = world();
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    macro_rules! needs {
        ($call:expr) => {
            needed(&world, async || outcome($call.send().await)).await
        };
    }
    let new = rds.create_db_cluster().db_cluster_identifier("d").engine("aurora-mysql");
    let groups = ["cluster:d", "og:default:aurora-mysql-8-0", "cluster-pg:default.aurora-mysql8.0", "subgrp:default"];
    assert_eq!(needs!(new.clone()), groups.map(|group| format!("rds:CreateDBCluster {group}")));
    assert_eq!(needs!(rds.describe_db_clusters()), ["rds:DescribeDBClusters cluster:*"]);
    assert_eq!(needs!(rds.describe_db_cluster_snapshots()), ["rds:DescribeDBClusterSnapshots cluster-snapshot:*"]);
    let create = rds.create_db_cluster_snapshot().db_cluster_identifier("d").db_cluster_snapshot_identifier("s");
    let taken = ["rds:CreateDBClusterSnapshot cluster:d", "rds:CreateDBClusterSnapshot cluster-snapshot:s"];
    assert_eq!(needs!(create.clone()), taken);
    let copy = rds.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier("s");
    let copy = copy.target_db_cluster_snapshot_identifier("t").set_tags(Some(rds_tags(&[("team", "shop")])));
    let copied = [
        "rds:CopyDBClusterSnapshot cluster-snapshot:s",
        "rds:CopyDBClusterSnapshot cluster-snapshot:t",
        "rds:AddTagsToResource cluster-snapshot:t",
    ];
    assert_eq!(needs!(copy.clone()), copied);
    let share = rds.modify_db_cluster_snapshot_attribute().db_cluster_snapshot_identifier("s");
    let share = share.attribute_name("restore");
    assert_eq!(needs!(share.clone()), ["rds:ModifyDBClusterSnapshotAttribute cluster-snapshot:s"]);
    let shared = rds.describe_db_cluster_snapshot_attributes().db_cluster_snapshot_identifier("s");
    assert_eq!(needs!(shared.clone()), ["rds:DescribeDBClusterSnapshotAttributes cluster-snapshot:s"]);
    let delete = rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("s");
    assert_eq!(needs!(delete.clone()), ["rds:DeleteDBClusterSnapshot cluster-snapshot:s"]);
    assert_eq!(
        needs!(rds.delete_db_cluster().db_cluster_identifier("d").final_db_snapshot_identifier("last")),
        [
            "rds:DeleteDBCluster cluster:d",
            "rds:CreateDBClusterSnapshot cluster:d",
            "rds:CreateDBClusterSnapshot cluster-snapshot:last",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn rds_tags_events_and_subscriptions() {
    let world = world();
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    macro_rules! needs {
        ($call:expr) => {
            needed(&world, async || outcome($call.send().await)).await
        };
    }
    let arn = "arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:s";
    let tags = rds.add_tags_to_resource().resource_name(arn).set_tags(Some(rds_tags(&[("team", "shop")])));
    assert_eq!(needs!(tags.clone()), ["rds:AddTagsToResource cluster-snapshot:s"]);
    let untag = rds.remove_tags_from_resource().resource_name(arn).tag_keys("team");
    assert_eq!(needs!(untag.clone()), ["rds:RemoveTagsFromResource cluster-snapshot:s"]);
    assert_eq!(needs!(rds.list_tags_for_resource().resource_name(arn)), ["rds:ListTagsForResource cluster-snapshot:s"]);
    assert_eq!(needs!(rds.describe_events()), ["rds:DescribeEvents *"]);
    assert_eq!(needs!(rds.describe_account_attributes()), ["rds:DescribeAccountAttributes *"]);
    let subscribe = rds.create_event_subscription().subscription_name("n").sns_topic_arn("t");
    assert_eq!(needs!(subscribe.clone()), ["rds:CreateEventSubscription es:n"]);
    assert_eq!(needs!(rds.describe_event_subscriptions()), ["rds:DescribeEventSubscriptions es:*"]);
    let named = rds.describe_event_subscriptions().subscription_name("n");
    assert_eq!(needs!(named.clone()), ["rds:DescribeEventSubscriptions es:n"]);
    let modify = rds.modify_event_subscription().subscription_name("n");
    assert_eq!(needs!(modify.clone()), ["rds:ModifyEventSubscription es:n"]);
    let delete = rds.delete_event_subscription().subscription_name("n");
    assert_eq!(needs!(delete.clone()), ["rds:DeleteEventSubscription es:n"]);
}

#[tokio::test(start_paused = true)]
async fn a_tagged_final_snapshot_requires_create_and_tag_permissions() {
    let world = world();
    let root = aws_sdk_rds::Client::new(&world.sdk_config(ACCOUNT, REGION));
    let made =
        root.create_db_instance().db_instance_identifier("d").db_instance_class("db.t4g.micro").engine("postgres");
    let made = made
        .allocated_storage(20)
        .master_username("draco")
        .master_user_password("simulated")
        .set_tags(Some(rds_tags(&[("team", "shop")])))
        .copy_tags_to_snapshot(true);
    made.send().await.expect("a database");
    world.sleep(Duration::from_secs(3600)).await;
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    let delete = || rds.delete_db_instance().db_instance_identifier("d").final_db_snapshot_identifier("last");
    let expected = [
        "rds:DeleteDBInstance db:d",
        "rds:CreateDBSnapshot db:d",
        "rds:CreateDBSnapshot snapshot:last",
        "rds:AddTagsToResource snapshot:last",
    ];
    assert_eq!(needed(&world, async || outcome(delete().send().await)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn step_functions() {
    let world = world();
    let states = aws_sdk_sfn::Client::new(&worker(&world, ACCOUNT));
    macro_rules! needs {
        ($call:expr) => {
            needed(&world, async || outcome($call.send().await)).await
        };
    }
    let machine = "arn:aws:states:eu-west-1:111111111111:stateMachine:m";
    let execution = "arn:aws:states:eu-west-1:111111111111:execution:m:e";
    let role = "arn:aws:iam::111111111111:role/timer";
    let create = || states.create_state_machine().name("m").definition("{}").role_arn(role);
    assert_eq!(needs!(create()), ["states:CreateStateMachine stateMachine:m", "iam:PassRole role/timer"]);
    let describe = states.describe_state_machine().state_machine_arn(machine);
    assert_eq!(needs!(describe.clone()), ["states:DescribeStateMachine stateMachine:m"]);
    let update = states.update_state_machine().state_machine_arn(machine);
    assert_eq!(needs!(update.clone()), ["states:UpdateStateMachine stateMachine:m"]);
    let update = update.role_arn(role);
    assert_eq!(needs!(update.clone()), ["states:UpdateStateMachine stateMachine:m", "iam:PassRole role/timer"]);
    let delete = states.delete_state_machine().state_machine_arn(machine);
    assert_eq!(needs!(delete.clone()), ["states:DeleteStateMachine stateMachine:m"]);
    assert_eq!(needs!(states.list_state_machines()), ["states:ListStateMachines *"]);
    let start = states.start_execution().state_machine_arn(machine);
    assert_eq!(needs!(start.clone()), ["states:StartExecution stateMachine:m"]);
    let list = states.list_executions().state_machine_arn(machine);
    assert_eq!(needs!(list.clone()), ["states:ListExecutions stateMachine:m"]);
    let describe = states.describe_execution().execution_arn(execution);
    assert_eq!(needs!(describe.clone()), ["states:DescribeExecution execution:m:e"]);
    let stop = states.stop_execution().execution_arn(execution);
    assert_eq!(needs!(stop.clone()), ["states:StopExecution execution:m:e"]);
    let history = states.get_execution_history().execution_arn(execution);
    assert_eq!(needs!(history.clone()), ["states:GetExecutionHistory execution:m:e"]);
    let tag = || aws_sdk_sfn::types::Tag::builder().key("a").value("b").build();
    let tagged = states.tag_resource().resource_arn(machine).tags(tag());
    assert_eq!(needs!(tagged.clone()), ["states:TagResource stateMachine:m"]);
}

#[tokio::test(start_paused = true)]
async fn queues_topics_and_keys() {
    let world = world();
    let config = worker(&world, ACCOUNT);
    macro_rules! needs {
        ($call:expr) => {
            needed(&world, async || outcome($call.send().await)).await
        };
    }
    let sqs = aws_sdk_sqs::Client::new(&config);
    let url = "https://sqs.eu-west-1.amazonaws.com/111111111111/q";
    assert_eq!(needs!(sqs.create_queue().queue_name("q")), ["sqs:CreateQueue q"]);
    assert_eq!(needs!(sqs.get_queue_url().queue_name("q")), ["sqs:GetQueueUrl q"]);
    assert_eq!(needs!(sqs.get_queue_attributes().queue_url(url)), ["sqs:GetQueueAttributes q"]);
    assert_eq!(needs!(sqs.send_message().queue_url(url).message_body("a")), ["sqs:SendMessage q"]);
    assert_eq!(needs!(sqs.receive_message().queue_url(url)), ["sqs:ReceiveMessage q"]);
    let foreign = sqs.receive_message().queue_url(url.replace(ACCOUNT, OTHER_ACCOUNT));
    assert_eq!(needs!(foreign.clone()), ["sqs:ReceiveMessage arn:aws:sqs:eu-west-1:222222222222:q"]);
    assert_eq!(needs!(sqs.delete_queue().queue_url(url)), ["sqs:DeleteQueue q"]);
    assert_eq!(needs!(sqs.delete_message().queue_url(url).receipt_handle("1-a")), ["sqs:DeleteMessage q"]);
    // A batch needs the permission for one message.
    let entry = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder().id("a").message_body("a").build();
    let batch = sqs.send_message_batch().queue_url(url).entries(entry.expect("an entry"));
    assert_eq!(needs!(batch.clone()), ["sqs:SendMessage q"]);
    assert_eq!(needs!(sqs.list_queues()), ["sqs:ListQueues *"]);
    assert_eq!(needs!(sqs.tag_queue().queue_url(url).tags("a", "b")), ["sqs:TagQueue q"]);
    let tagged = sqs.create_queue().queue_name("tagged").tags("a", "b");
    assert_eq!(needs!(tagged.clone()), ["sqs:CreateQueue tagged", "sqs:TagQueue tagged"]);

    let sns = aws_sdk_sns::Client::new(&config);
    let topic = "arn:aws:sns:eu-west-1:111111111111:t";
    let subscription = "arn:aws:sns:eu-west-1:111111111111:t:1";
    assert_eq!(needs!(sns.create_topic().name("t")), ["sns:CreateTopic t"]);
    assert_eq!(needs!(sns.list_topics()), ["sns:ListTopics *"]);
    let tag = || aws_sdk_sns::types::Tag::builder().key("a").value("b").build().expect("a tag");
    let tagged = sns.create_topic().name("tagged").tags(tag());
    assert_eq!(needs!(tagged.clone()), ["sns:CreateTopic tagged", "sns:TagResource tagged"]);
    assert_eq!(needs!(sns.tag_resource().resource_arn(topic).tags(tag())), ["sns:TagResource t"]);
    assert_eq!(needs!(sns.list_tags_for_resource().resource_arn(topic)), ["sns:ListTagsForResource t"]);
    assert_eq!(needs!(sns.list_subscriptions()), ["sns:ListSubscriptions *"]);
    assert_eq!(needs!(sns.unsubscribe().subscription_arn(subscription)), ["sns:Unsubscribe *"]);
    let get = sns.get_subscription_attributes().subscription_arn(subscription);
    assert_eq!(needs!(get.clone()), ["sns:GetSubscriptionAttributes *"]);
    let set = sns.set_subscription_attributes().subscription_arn(subscription).attribute_name("a");
    assert_eq!(needs!(set.clone()), ["sns:SetSubscriptionAttributes *"]);
    assert_eq!(needs!(sns.publish().topic_arn(topic).message("a")), ["SNS:Publish t"]);
    let entry = aws_sdk_sns::types::PublishBatchRequestEntry::builder().id("a").message("a").build();
    let batch = sns.publish_batch().topic_arn(topic).publish_batch_request_entries(entry.expect("an entry"));
    assert_eq!(needs!(batch.clone()), ["SNS:Publish t"]);
    assert_eq!(needs!(sns.get_topic_attributes().topic_arn(topic)), ["SNS:GetTopicAttributes t"]);

    let kms = aws_sdk_kms::Client::new(&config);
    let tag = aws_sdk_kms::types::Tag::builder().tag_key("team").tag_value("shop").build().expect("a tag");
    assert_eq!(needs!(kms.create_key()), ["kms:CreateKey *"]);
    assert_eq!(needs!(kms.create_key().tags(tag.clone())), ["kms:CreateKey *", "kms:TagResource *"]);
    assert_eq!(needs!(kms.list_keys()), ["kms:ListKeys *"]);
    assert_eq!(needs!(kms.list_aliases()), ["kms:ListAliases *"]);
}

#[tokio::test(start_paused = true)]
async fn rds_restores_and_automated_backups() {
    let world = world();
    snapshot(&world, ACCOUNT, &[]).await;
    let rds = aws_sdk_rds::Client::new(&worker(&world, ACCOUNT));
    macro_rules! needs {
        ($call:expr) => {
            needed(&world, async || outcome($call.send().await)).await
        };
    }
    let restore = rds.restore_db_instance_from_db_snapshot().db_instance_identifier("new").db_snapshot_identifier("s");
    let restore = restore.db_parameter_group_name("mine").set_tags(Some(rds_tags(&[("team", "shop")])));
    let on = |operation: &str, resource: &str| format!("rds:{operation} {resource}");
    let resources = ["og:default:postgres-16", "pg:mine", "subgrp:default", "snapshot:s"];
    let expected = |operation: &str, new: &str, resources: &[&str]| {
        let first = [on(operation, new), on("AddTagsToResource", new)];
        [&first[..], &resources.iter().map(|resource| on(operation, resource)).collect::<Vec<_>>()].concat()
    };
    let restored = expected("RestoreDBInstanceFromDBSnapshot", "db:new", &resources);
    assert_eq!(needs!(restore.clone()), restored);
    let rewind = rds.restore_db_instance_to_point_in_time().source_db_instance_identifier("orders");
    let rewind = rewind.target_db_instance_identifier("new").set_tags(Some(rds_tags(&[("team", "shop")])));
    let resources = ["og:default:postgres-16", "pg:default.postgres16", "subgrp:default", "db:orders"];
    let rewound = expected("RestoreDBInstanceToPointInTime", "db:new", &resources);
    assert_eq!(needs!(rewind.clone()), rewound);
    let cluster = rds.restore_db_cluster_from_snapshot().db_cluster_identifier("new").snapshot_identifier("s");
    let cluster = cluster.engine("aurora-mysql").set_tags(Some(rds_tags(&[("team", "shop")])));
    let resources =
        ["og:default:aurora-mysql-8-0", "cluster-pg:default.aurora-mysql8.0", "subgrp:default", "cluster-snapshot:s"];
    assert_eq!(needs!(cluster.clone()), expected("RestoreDBClusterFromSnapshot", "cluster:new", &resources));
    let backup = rds.delete_db_instance_automated_backup().dbi_resource_id("db-ABC");
    assert_eq!(needs!(backup.clone()), ["rds:DeleteDBInstanceAutomatedBackup auto-backup:ab-abc"]);
    let all = rds.describe_db_cluster_automated_backups();
    assert_eq!(needs!(all.clone()), ["rds:DescribeDBClusterAutomatedBackups cluster-auto-backup:*"]);
    assert_eq!(needs!(rds.describe_db_subnet_groups()), ["rds:DescribeDBSubnetGroups subgrp:*"]);
    let parameters = rds.describe_db_parameters().db_parameter_group_name("Mine");
    assert_eq!(needs!(parameters.clone()), ["rds:DescribeDBParameters pg:mine"]);
}
