//! The class and storage of new databases: the smallest for temporary ones, and a similar class for one that is not offered.

use cloud::Offer;
use protocol::job::Note;
use protocol::spec::value::HalfUnits;
use protocol::spec::{Setting, Value};
use provision::check::{Facts, check};
use provision::rules;
use provision::smallest::{self, Needs, Purpose};

use super::checks::{facts, offer};
use super::plans::text;
use super::settled::{forged, number, offers, settled};
use super::*;

// A source account writes the spec, and must not be able to buy a large database in DR.
#[test]
fn a_temporary_database_has_the_smallest_class_and_storage_whatever_was_recorded() {
    use Setting::*;
    let all = offers(&[
        ("db.x2iedn.32xlarge", "io2"),
        ("db.t4g.small", "gp3"),
        ("db.t4g.micro", "io2"),
        ("db.t4g.micro", "gp3"),
    ]);
    let facts = Facts { gib: Some(100), of_version: Some(all), ..facts() };
    let content = [(StorageType, text("io2")), (AllocatedStorage, number(100)), (Iops, number(64_000))];
    for verb in [Verb::Verify, Verb::Rewind] {
        let plan = settled(verb, forged(), &content, &[], &facts);
        let expected: Settings = [
            (Class, text("db.t4g.micro")),
            (StorageType, text("gp3")),
            (BackupRetention, number(0)),
            (DeletionProtection, Value::Flag(false)),
            (MultiAz, Value::Flag(false)),
            (PubliclyAccessible, Value::Flag(false)),
        ]
        .into();
        assert_eq!((plan.spec.settings, plan.notes), (expected, vec![Note::Elsewhere]));
        // What the job chose is used.
        let overrides = [(Class, text("db.m7g.large")), (StorageType, text("io1")), (Iops, number(5000))];
        let of_class = Facts {
            offers: vec![("db.m7g.large".into(), offers(&[("db.m7g.large", "io1")]))],
            of_version: None,
            ..facts.clone()
        };
        let plan = settled(verb, forged(), &content, &overrides, &of_class);
        for (setting, value) in &overrides {
            assert_eq!(plan.spec.settings.get(setting), Some(value));
        }
    }
}

// One class for all databases is not offered for each of them.
#[test]
fn a_class_of_a_temporary_job_that_is_not_offered_gives_way_to_the_smallest() {
    use Setting::*;
    let all = offers(&[("db.t4g.small", "gp3"), ("db.t4g.micro", "gp3")]);
    let not_offered = vec![("db.x9.large".to_owned(), Vec::new())];
    let facts = Facts { gib: Some(100), offers: not_offered, of_version: Some(all), ..facts() };
    let overrides = [(Class, text("db.x9.large"))];
    let content = [(AllocatedStorage, number(100))];
    for verb in Verb::ALL {
        let plan = settled(verb, forged(), &content, &overrides, &facts);
        let (class, is_reported) = match verb.is_temporary() {
            true => ("db.t4g.micro", true),
            // A person has chosen it for a database that stays.
            false => ("db.x9.large", false),
        };
        assert_eq!(plan.spec.settings.get(&Class), Some(&text(class)), "{verb:?}");
        assert_eq!(plan.notes.contains(&Note::Refused(Class, "db.x9.large".into())), is_reported, "{verb:?}");
    }
}

// A class for the data's size, licence and purpose.
#[test]
fn the_smallest_class_fits_the_data() {
    let needs = Needs {
        purpose: Purpose::Instance,
        gib: Some(100),
        is_encrypted: true,
        license: None,
        storage_type: None,
        is_storage_kept: false,
    };
    let chosen = |offers: &[Offer], needs: &Needs<'_>| {
        smallest::offer(offers, needs)
            .map(|offer| format!("{} {}", offer.class, offer.storage_type.as_deref().unwrap_or("-")))
    };
    let all =
        ["r6g.large", "m6g.large", "t3.medium", "t4g.medium", "serverless", "c6gd.medium", "m7g.large", "x2.nano.odd"];
    let mut all: Vec<Offer> = all.iter().map(|class| offer(&format!("db.{class}"), "gp3")).collect();
    let mut order = Vec::new();
    while let Some(class) = chosen(&all, &needs) {
        all.retain(|offer| !class.starts_with(&format!("{} ", offer.class)));
        order.push(class.replace(" gp3", "").replace("db.", ""));
    }
    assert_eq!(order, ["x2.nano.odd", "t4g.medium", "t3.medium", "c6gd.medium", "m7g.large", "m6g.large", "r6g.large"]);
    // The size.
    let small = Offer { max_gib: Some(99), ..offer("db.t4g.micro", "gp3") };
    let large = offer("db.m6g.large", "gp3");
    assert_eq!(chosen(&[small.clone(), large.clone()], &needs), Some("db.m6g.large gp3".into()));
    assert_eq!(chosen(&[small], &needs), None);
    // Encryption.
    let old = Offer { supports_encryption: false, ..offer("db.t2.micro", "gp3") };
    assert_eq!(chosen(&[old.clone(), large.clone()], &needs), Some("db.m6g.large gp3".into()));
    assert_eq!(chosen(&[old, large.clone()], &Needs { is_encrypted: false, ..needs }), Some("db.t2.micro gp3".into()));
    // The licence.
    let licensed = |of: &str, class| Offer { license: Some(of.into()), ..offer(class, "gp3") };
    let both = [licensed("license-included", "db.t3.small"), licensed("bring-your-own-license", "db.t3.medium")];
    let byol = Needs { license: Some("bring-your-own-license"), ..needs };
    assert_eq!(chosen(&both, &byol), Some("db.t3.medium gp3".into()));
    // The type of the data is kept if it is cheap: a change takes time.
    let types = ["io1", "gp3", "gp2"].map(|of| offer("db.t3.small", of));
    let of = |storage_type| chosen(&types, &Needs { storage_type, ..needs }).unwrap();
    assert_eq!([of(None), of(Some("gp2")), of(Some("io1"))], ["db.t3.small gp3", "db.t3.small gp2", "db.t3.small gp3"]);
    // Clusters.
    let pair = [offer("db.t4g.medium", "aurora"), offer("db.r6g.large", "aurora")];
    let member = |gib| chosen(&pair, &Needs { purpose: Purpose::Member, gib: Some(gib), ..needs }).unwrap();
    assert_eq!([member(40 * 1024), member(40 * 1024 + 1)], ["db.t4g.medium aurora", "db.r6g.large aurora"]);
    let disks = Offer { supports_clusters: true, ..offer("db.m6gd.large", "io1") };
    let multi_az = Needs { purpose: Purpose::MultiAzCluster, ..needs };
    assert_eq!(chosen(&[offer("db.t4g.micro", "gp3"), disks], &multi_az), Some("db.m6gd.large io1".into()));
}

#[test]
fn the_smallest_storage_has_the_baseline() {
    use Setting::*;
    let storage = |engine: &str, offer: &Offer, purpose, gib, data: &[(Setting, Value)]| -> Vec<(Setting, Value)> {
        let data = data.iter().cloned().collect();
        smallest::storage(offer, purpose, Some(gib), &Spec::new(Kind::Instance, engine, "16"), &data)
            .into_iter()
            .collect()
    };
    let [gp3, io1] = ["gp3", "io1"].map(|of| offer("db.t3.small", of));
    let instance = Purpose::Instance;
    assert_eq!(storage("postgres", &gp3, instance, 20, &[]), [(StorageType, text("gp3"))]);
    // Less than AWS allows: a snapshot of magnetic storage can have 5 GiB.
    let least = |engine| storage(engine, &gp3, instance, 19, &[]);
    assert_eq!(least("postgres"), [(StorageType, text("gp3")), (AllocatedStorage, number(20))]);
    // "This setting isn't valid for RDS for SQL Server", whose restore has the storage of the data.
    assert_eq!(least("sqlserver-ex"), []);
    // IOPS that are not given are those of the backup.
    let expensive = [(Iops, number(64_000)), (StorageThroughput, number(4000))];
    let gp3_with =
        |iops, mibps| vec![(StorageType, text("gp3")), (Iops, number(iops)), (StorageThroughput, number(mibps))];
    assert_eq!(storage("postgres", &gp3, instance, 400, &expensive), gp3_with(12_000, 500));
    assert_eq!(storage("sqlserver-ex", &gp3, instance, 100, &expensive), []);
    assert_eq!(storage("postgres", &gp3, instance, 400, &[(Iops, number(12_000))]), [(StorageType, text("gp3"))]);
    assert_eq!(storage("postgres", &io1, instance, 100, &[]), [(StorageType, text("io1")), (Iops, number(1000))]);
    assert_eq!(storage("postgres", &io1, instance, 4000, &[]), [(StorageType, text("io1")), (Iops, number(2000))]);
    assert_eq!(
        storage("postgres", &gp3, Purpose::MultiAzCluster, 100, &[]),
        [(StorageType, text("gp3")), (Iops, number(3000))]
    );
    assert_eq!(storage("aurora-mysql", &gp3, Purpose::Member, 100, &[]), []);
}

// AWS would take the class of the source.
#[test]
fn without_a_class_that_fits_a_temporary_database_is_refused() {
    let facts = Facts {
        gib: Some(100),
        of_version: Some(vec![Offer { max_gib: Some(50), ..offer("db.t3.small", "gp3") }]),
        ..facts()
    };
    let plan = settled(Verb::Verify, forged(), &[], &[], &facts);
    assert_eq!(
        check(&job(Kind::Instance, Verb::Verify), &plan.spec, &facts.of(&plan.spec), now()),
        [
            "no class that is offered for postgres 16.3 in eu-west-1 fits the data, their licence and their size: choose a class and storage"
        ]
    );
}

#[test]
fn members_without_a_recorded_class_get_the_smallest() {
    let cluster = Spec::new(Kind::Cluster, "aurora-postgresql", "16.3");
    let all = offers(&[("db.r6g.large", "aurora"), ("db.t4g.medium", "aurora"), ("db.serverless", "aurora")]);
    let facts = Facts { of_version: Some(all), ..facts() };
    let plan = settled(Verb::Restore, cluster, &[], &[], &facts);
    let classes: Vec<_> = plan.spec.members.iter().map(|member| member.settings.get(&Setting::Class)).collect();
    assert_eq!((classes, plan.notes), (vec![Some(&text("db.t4g.medium"))], vec![Note::Elsewhere, Note::DefaultClass]));
}

#[test]
fn a_recorded_class_that_is_not_offered_gives_way_to_a_similar_one() {
    let recorded = |class: &str| Spec {
        settings: [(Setting::Class, text(class))].into(),
        ..Spec::new(Kind::Instance, "postgres", "16.3")
    };
    let all =
        offers(&[("db.r6g.large", "gp3"), ("db.r7g.large", "gp3"), ("db.r7g.xlarge", "gp3"), ("db.m7g.large", "gp3")]);
    let class = |class: &str, overrides: &[(Setting, Value)]| {
        let facts = Facts { offers: vec![(class.to_owned(), vec![])], of_version: Some(all.clone()), ..facts() };
        let plan = settled(Verb::Restore, recorded(class), &[], overrides, &facts);
        let problems = check(&job(Kind::Instance, Verb::Restore), &plan.spec, &facts.of(&plan.spec), now());
        assert_eq!(problems.is_empty(), plan.spec.settings.get(&Setting::Class) == Some(&text("db.r7g.large")));
        (plan.spec.settings.get(&Setting::Class).cloned().unwrap(), plan.notes.len() - 1)
    };
    assert_eq!(class("db.r4.large", &[]), (text("db.r7g.large"), 1));
    // Nothing of that size: a person chooses.
    assert_eq!(class("db.x2iedn.32xlarge", &[]), (text("db.x2iedn.32xlarge"), 0));
    assert_eq!(class("db.r4.large", &[(Setting::Class, text("db.r4.large"))]), (text("db.r4.large"), 0));
}

// A cluster of serverless members without capacity cannot be created.
#[test]
fn the_highest_capacity_of_a_serverless_cluster_is_one_unit_at_least() {
    let cluster = Spec::new(Kind::Cluster, "aurora-postgresql", "16.3");
    let valid = |setting| {
        [0, 1, 2, 512, 513].map(|units| rules::is_valid(setting, &Value::Capacity(HalfUnits(units)), &cluster))
    };
    assert_eq!(valid(Setting::ServerlessMin), [true, true, true, true, false]);
    assert_eq!(valid(Setting::ServerlessMax), [false, false, true, true, false]);
}
