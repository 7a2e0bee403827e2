//! Only what the run created is removed.

use aws_sdk_kms::types::Tag as KeyTag;
use probe::experiment::{Kind, Side};
use probe::{Journal, Lab, Resource, TAG, What};
use sim::World;
use sim::fault::{Action, Fault, Plan, Point};
use sim::questions::Answers;

use crate::cleanup::{existing, some};
use crate::{DR, PREFIX, REGION, SOURCE, lab, path, world};

/// A lab whose journal has these resources of the source account.
fn lab_with(world: &World, journal: &str, resources: &[(What, &str)]) -> Lab {
    let mut opened = {
        let _ = lab(world, journal);
        Journal::open(&path(journal)).unwrap()
    };
    for (what, name) in resources {
        opened.creating(Resource { side: Side::Source, what: *what, name: format!("{PREFIX}-{name}") }).unwrap();
    }
    crate::lab_of(world, opened)
}

async fn create_instance(world: &World, id: &str, tags: &[(&str, &str)]) {
    let rds = aws_sdk_rds::Client::new(&world.sdk_config(SOURCE, REGION));
    let tag = |(key, value): &(&str, &str)| aws_sdk_rds::types::Tag::builder().key(*key).value(*value).build();
    let request = rds.create_db_instance().db_instance_identifier(id).engine("postgres");
    let request = request.db_instance_class("db.t4g.micro").allocated_storage(20).master_username("probe");
    let request = request.master_user_password("of-the-owner").set_tags(Some(tags.iter().map(tag).collect()));
    request.send().await.unwrap();
}

async fn await_instance(world: &World, id: &str) {
    let rds = aws_sdk_rds::Client::new(&world.sdk_config(SOURCE, REGION));
    loop {
        let found = rds.describe_db_instances().db_instance_identifier(id).send().await.unwrap();
        if found.db_instances()[0].db_instance_status() == Some("available") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_the_name_but_not_the_tag_of_the_run_is_not_removed() {
    let world = world(Answers::default());
    let sdk = world.sdk_config(SOURCE, REGION);
    let name = |name: &str| format!("{PREFIX}-{name}");
    let (rds, sns) = (aws_sdk_rds::Client::new(&sdk), aws_sdk_sns::Client::new(&sdk));
    create_instance(&world, "orders", &[]).await;
    await_instance(&world, "orders").await;
    let request = rds.create_db_snapshot().db_snapshot_identifier(name("base")).db_instance_identifier("orders");
    request.send().await.unwrap();
    // A tag of another run does not count.
    let other = KeyTag::builder().tag_key(TAG).tag_value("draco-probe-11111111").build().unwrap();
    let request = aws_sdk_kms::Client::new(&sdk).create_key().description(name("key")).tags(other);
    request.send().await.unwrap();
    aws_sdk_sqs::Client::new(&sdk).create_queue().queue_name(name("events")).send().await.unwrap();
    let topic = sns.create_topic().name(name("events")).send().await.unwrap();
    let request = rds.create_event_subscription().subscription_name(name("events"));
    request.sns_topic_arn(topic.topic_arn().unwrap()).send().await.unwrap();
    let before = existing(&world).await;

    let foreign = [
        (What::EventSubscription, "events"),
        (What::Topic, "events"),
        (What::Queue, "events"),
        (What::Snapshot(Kind::Instance), "base"),
        (What::Key, "key"),
    ];
    let leftovers = lab_with(&world, "untagged", &foreign).remove_all().await;
    assert_eq!(leftovers.iter().map(|leftover| leftover.resource.what).collect::<Vec<_>>(), foreign.map(|one| one.0));
    for leftover in leftovers {
        assert!(leftover.reason.contains("does not have the tag draco-probe of this run"), "{}", leftover.reason);
    }
    assert_eq!(existing(&world).await, before);
}

#[test]
fn a_journal_with_names_of_others_is_refused() {
    let path = path("names");
    let refused = |prefix: &str, name: &str| {
        let run =
            format!(r#"{{"event":"started","prefix":"{prefix}","source":"{SOURCE}","dr":"{DR}","region":"{REGION}"}}"#);
        let resource = format!(
            r#"{{"event":"creating","resource":{{"side":"source","what":{{"snapshot":"instance"}},"name":"{name}"}}}}"#
        );
        std::fs::write(&path, format!("{run}\n{resource}\n")).unwrap();
        Journal::open(&path).map(|_| ()).unwrap_err().to_string()
    };
    for prefix in ["draco-probe-1", "draco-probe-0000000G", "draco", "", "draco-probe-000000000"] {
        let why = refused(prefix, &format!("{prefix}-base"));
        assert!(why.contains("is not the prefix of a run"), "{prefix}: {why}");
    }
    for name in
        ["draco-111111111111-mine-20261126t172254", "draco-probe-000000001-base", PREFIX, "draco-probe-00000000-"]
    {
        let why = refused(PREFIX, name);
        assert!(why.contains(&format!("{name} is not a name of this run")), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_could_not_be_looked_at_is_looked_at_again() {
    let world = world(Answers::default());
    let mut lab = lab(&world, "keys");
    lab.run(&some(), |_| {}).await.unwrap();
    let fault =
        |nth| Fault { at: Point::Call("DescribeKey".to_owned()), nth, action: Action::Refuse("InvalidParameterValue") };
    world.plan_faults(Plan::List((1..=4).map(fault).collect()));
    assert_eq!(lab.remove_all().await, []);
    world.plan_faults(Plan::List(Vec::new()));
    assert_eq!(existing(&world).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_not_removed_if_no_key_may_be_described() {
    let world = world(Answers::default());
    let mut lab = lab(&world, "denied");
    lab.run(&some(), |_| {}).await.unwrap();
    let deny = Action::Refuse("AccessDeniedException");
    let fault = |nth| Fault { at: Point::Call("DescribeKey".to_owned()), nth, action: deny };
    world.plan_faults(Plan::List((1..=8).map(fault).collect()));
    let leftovers = lab.remove_all().await;
    assert_eq!(leftovers.iter().map(|leftover| leftover.resource.what).collect::<Vec<_>>(), [What::Key; 2]);
}

/// The run may have been interrupted while the request was on its way.
#[tokio::test(start_paused = true)]
async fn a_database_that_appears_late_is_removed() {
    let world = world(Answers::default());
    let mut lab = lab_with(&world, "late", &[(What::Database(Kind::Instance), "instance")]);
    let late = async {
        tokio::time::sleep(std::time::Duration::from_secs(20)).await;
        create_instance(&world, &format!("{PREFIX}-instance"), &[(TAG, PREFIX)]).await;
    };
    let (leftovers, ()) = tokio::join!(lab.remove_all(), late);
    assert_eq!(leftovers, []);
    assert_eq!(existing(&world).await, [""; 0]);
}
