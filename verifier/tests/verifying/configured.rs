//! What the user has configured: the class, the thresholds, and the part of DR's quotas that stays free.

use protocol::job::{Approval, Request, Source, Verb};
use protocol::{Job, Place};
use sim::Quotas;

use super::*;

/// The most databases of verifications at once, and the classes that they have.
async fn most(fixture: &Fixture, hours: u32) -> (usize, BTreeSet<String>) {
    let (mut most, mut classes) = (0, BTreeSet::new());
    for _ in 0..hours * 20 {
        fixture.world.sleep(Duration::from_secs(180)).await;
        let instances = fixture.rds.describe_db_instances().send().await.unwrap();
        let own = instances.db_instances().iter();
        let own: Vec<_> = own
            .filter(|it| it.db_instance_identifier().is_some_and(|name| name.starts_with("draco-verify-")))
            .collect();
        most = most.max(own.len());
        classes.extend(own.iter().filter_map(|it| it.db_instance_class().map(str::to_owned)));
    }
    (most, classes)
}

// It yields when DR's quotas are needed.
#[tokio::test(start_paused = true)]
async fn verifications_leave_a_part_of_drs_quotas_free() {
    // Two instances of the test are there, so there is room for one, or for three.
    for (free, expected) in [("50", 1), ("10", 2)] {
        let settings = Settings { quotas: Quotas { instances: 6, ..Quotas::default() }, ..settings() };
        let fixture = Fixture::with(settings, &[("VERIFY_FREE_PERCENT", free)], script(|_| done(good()))).await;
        // Without certificates nothing is restored, so both are due in one run.
        put(&fixture.cloud, "roots.pem", b"").await;
        let copies = [fixture.copy(Kind::Instance, "one").await, fixture.copy(Kind::Instance, "two").await];
        put(&fixture.cloud, "roots.pem", b"-----BEGIN CERTIFICATE-----").await;
        assert_eq!(most(&fixture, 8).await.0, expected, "{free}");
        for copy in &copies {
            assert_eq!(fixture.verdict(copy).await.as_deref(), Some("verified available read"), "{free}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_verified_while_a_database_is_brought_back() {
    let fixture = Fixture::new(&[], script(|_| done(good()))).await;
    let Place { region, account } = place(DR);
    let job = Job::new(Request {
        verb: Verb::Restore,
        source: Source::Snapshot(SnapshotArn::new(Kind::Instance, place(DR), "draco-ledger").unwrap()),
        target: DatabaseArn::new(Kind::Instance, Place { region, account }, "ledger").unwrap(),
        replaces: None,
        overrides: protocol::spec::Settings::new(),
        approval: Approval::Given,
        keep: TimeDelta::zero(),
        deadline: fixture.world.now() + TimeDelta::days(1),
    });
    let job = job.unwrap();
    let name = job.new_database().id().to_owned();
    let call = fixture.rds.create_db_instance().db_instance_identifier(&name).engine("postgres");
    let call = call.db_instance_class("db.m6g.xlarge").allocated_storage(100).master_username("draco");
    let tags = job.to_tags();
    let tags = tags.iter().map(|(key, value)| aws_sdk_rds::types::Tag::builder().key(key).value(value).build());
    call.master_user_password("not-a-secret").set_tags(Some(tags.collect())).send().await.unwrap();
    let copy = fixture.copy(Kind::Instance, "orders").await;
    assert_eq!(most(&fixture, 5).await.0, 0);
    assert_eq!(fixture.verdict(&copy).await, None);
    fixture.rds.delete_db_instance().db_instance_identifier(&name).skip_final_snapshot(true).send().await.unwrap();
    fixture.hours(5).await;
    assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"));
}

#[tokio::test(start_paused = true)]
async fn the_class_is_that_of_the_settings_where_it_is_offered() {
    for (class, has_it) in [("db.m6g.large", true), ("db.x9.large", false)] {
        let fixture = Fixture::new(&[("VERIFY_CLASS", class)], script(|_| done(good()))).await;
        let (copy, (_, classes)) = tokio::join!(fixture.copy(Kind::Instance, "orders"), most(&fixture, 6));
        assert_eq!(fixture.verdict(&copy).await.as_deref(), Some("verified available read"), "{class}");
        assert_eq!(classes.contains(class), has_it, "{classes:?}");
        assert_eq!(classes.len(), 1, "{classes:?}");
        let s3 = aws_sdk_s3::Client::new(&fixture.world.sdk_config(DR, REGION));
        let listed = s3.list_objects_v2().bucket(BUCKET).prefix("jobs/").send().await.unwrap();
        let key = listed.contents()[0].key().unwrap();
        let record = fixture.cloud.read_object(BUCKET, key).await.unwrap().unwrap().content;
        // The report names the class that was not offered.
        assert_eq!(String::from_utf8(record).unwrap().contains("db.x9.large"), !has_it);
    }
}

// A checker in whose second answer a tenth of the rows is missing.
async fn changes(thresholds: Option<&[u8]>) -> Value {
    let mut runs = 0;
    let checker = script(move |_| {
        runs += 1;
        let mut part = good();
        part.tables[0].rows -= if runs > 1 { 100 } else { 0 };
        done(part)
    });
    let fixture = Fixture::new(&[("VERIFY_EVERY_DAYS", "1")], checker).await;
    if let Some(thresholds) = thresholds {
        put(&fixture.cloud, "thresholds.json", thresholds).await;
    }
    fixture.copy(Kind::Instance, "orders").await;
    fixture.hours(30).await;
    fixture.messages().await.pop().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_change_is_as_large_as_the_thresholds_say() {
    assert_eq!(changes(None).await["changes_in_all"], 0);
    let message = changes(Some(br#"{ "rows_lost_percent": 5 }"#)).await;
    assert_eq!((&message["changes_in_all"], &message["conclusion"]), (&json!(1), &json!("verified")), "{message}");
    // Those that cannot be read are none: the usual ones hold.
    for invalid in [&br#"{ "rows_lost_percent": 500 }"#[..], br#"{ "rows": 5 }"#, b"{"] {
        let message = changes(Some(invalid)).await;
        assert_eq!((&message["changes_in_all"], &message["conclusion"]), (&json!(0), &json!("verified")), "{message}");
    }
}
