//! A database that is restored has what its source had.

use proptest::prelude::*;
use sim::Settings;
use sim::questions::{Answers, RestoredStorageType};

use super::*;

/// The properties that come along with a snapshot and with a point in time.
#[derive(Clone, Debug, PartialEq)]
struct Inherited {
    engine: String,
    version: String,
    class: String,
    gib: i32,
    storage_type: String,
    iops: Option<i32>,
    port: i32,
    user: String,
    database: Option<String>,
    retention: i32,
    window: String,
    key: Option<String>,
}

fn inherited(found: &DbInstance) -> Inherited {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Inherited {
        engine: text(found.engine()),
        version: text(found.engine_version()),
        class: text(found.db_instance_class()),
        gib: found.allocated_storage().unwrap_or_default(),
        storage_type: text(found.storage_type()),
        iops: found.iops(),
        port: found.endpoint().and_then(|endpoint| endpoint.port()).unwrap_or_default(),
        user: text(found.master_username()),
        database: found.db_name().map(str::to_owned),
        retention: found.backup_retention_period().unwrap_or_default(),
        window: text(found.preferred_backup_window()),
        key: found.kms_key_id().map(str::to_owned),
    }
}

fn source() -> impl Strategy<Value = Inherited> {
    let engine = prop_oneof![Just(("postgres", "15.8")), Just(("postgres", "16.4")), Just(("mysql", "8.0.35"))];
    let storage = prop_oneof![Just(("gp2", None)), Just(("gp3", None)), Just(("io1", Some(1000)))];
    let class = prop_oneof![Just("db.t4g.small"), Just("db.m6g.large"), Just("db.r6i.large")];
    let database = prop_oneof![Just(None), Just(Some("shop".to_owned()))];
    (engine, storage, class, database, 100..300_i32, 2000..9000_i32, 1..30_i32, 0..22_u8, any::<bool>()).prop_map(
        |((engine, version), (storage_type, iops), class, database, gib, port, retention, hour, is_encrypted)| {
            Inherited {
                engine: engine.to_owned(),
                version: version.to_owned(),
                class: class.to_owned(),
                gib,
                storage_type: storage_type.to_owned(),
                iops,
                port,
                user: "owner".to_owned(),
                database,
                retention,
                window: format!("{hour:02}:15-{:02}:15", hour + 1),
                key: is_encrypted.then(String::new),
            }
        },
    )
}

async fn create(rds: &Rds, like: &Inherited) {
    let call = rds.client.create_db_instance().db_instance_identifier("source").engine(&like.engine);
    let call = call.engine_version(&like.version).db_instance_class(&like.class).allocated_storage(like.gib);
    let call = call.storage_type(&like.storage_type).set_iops(like.iops).port(like.port).master_username(&like.user);
    let call = call.master_user_password("simulated").set_db_name(like.database.clone());
    let call = call.backup_retention_period(like.retention).preferred_backup_window(&like.window);
    code(call.storage_encrypted(like.key.is_some()).send().await).expect("an instance");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_instance_has_what_the_source_had(like in source()) {
        let answers = Answers { restored_storage_type: RestoredStorageType::OfTheSource, ..Answers::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let (expected, from_snapshot, to_time) = runtime.expect("a runtime").block_on(async {
            let world = World::with_settings(Settings { answers, ..settings() });
            let rds = Rds::new(&world, PROD, REGION, Kind::Instance);
            create(&rds, &like).await;
            world.sleep(2 * DAY).await;
            let expected = inherited(&rds.instance("source").await);
            rds.create("source", "s").await.expect("a snapshot");
            world.sleep(40 * MINUTE).await;
            rds.restore("s", "copy").await.expect("a restore");
            let call = rds.client.restore_db_instance_to_point_in_time().source_db_instance_identifier("source");
            let call = call.target_db_instance_identifier("rewound").use_latest_restorable_time(true);
            code(call.send().await).expect("a restore");
            world.sleep(2 * RESTORED).await;
            (expected, inherited(&rds.instance("copy").await), inherited(&rds.instance("rewound").await))
        });
        // gp3 of this size has 3000 IOPS without a request.
        let iops = like.iops.or((like.storage_type == "gp3").then_some(3000));
        prop_assert_eq!(&Inherited { key: expected.key.clone(), iops, ..like }, &expected);
        prop_assert_eq!(&from_snapshot, &expected);
        prop_assert_eq!(&to_time, &expected);
    }
}
