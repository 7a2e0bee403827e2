//! Both tables of the decision.

use checks::{Conclusion, Marker, Product, Progress, Report, report};
use provision::{Begin, Outcome};
use verifier::record::{Concluded, Record};
use verifier::stage::{After, Next, Times, after, next, product};

use super::*;

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn record() -> Record {
    let database = DatabaseArn::new(Kind::Instance, place(SOURCE), "orders").unwrap();
    let snapshot = SnapshotArn::new(Kind::Instance, place(SOURCE), "nightly").unwrap();
    let origin = Origin { snapshot, database, taken: now() };
    Record::new(origin.copy(&place(DR)), origin, now())
}

fn concluded(part: &Part, announced: bool) -> Record {
    let report = Box::new(Report::of(part, report::Progress::Finished, 0, Vec::new()));
    Record { concluded: Some(Concluded { at: now(), report, announced }), ..record() }
}

#[test]
fn a_verdict_is_announced_before_its_database_is_torn_down() {
    let bad = Part { faults: [damage()].into(), ..good() };
    let conclusion = |part: &Part| Report::of(part, report::Progress::Finished, 0, Vec::new()).conclusion;
    assert_eq!((conclusion(&good()), conclusion(&bad)), (Conclusion::Verified, Conclusion::Failed));
    // A server that was not reached tells nothing of the copy.
    let unreached = Part { faults: [Fault::Credentials].into(), ..Part::default() };
    assert_eq!(conclusion(&unreached), Conclusion::NotVerified);
    let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
    for keep in [TimeDelta::zero(), day] {
        let times = Times { deadline: now() + day * 3, keep };
        for part in [&good(), &bad] {
            assert_eq!(next(&record(), times, times.deadline - keep - hour), Next::Provision);
            assert_eq!(next(&record(), times, times.deadline - keep), Next::Conclude);
            assert_eq!(next(&concluded(part, false), times, now()), Next::Announce);
            assert_eq!(next(&concluded(part, true), times, now() + day), Next::TearDown);
        }
        assert_eq!(next(&concluded(&good(), true), times, now()), Next::TearDown);
    }
    let times = |deadline| Times { deadline, keep: day };
    let failed = concluded(&bad, true);
    assert_eq!(next(&failed, Times { keep: TimeDelta::zero(), ..times(now() + day) }, now()), Next::TearDown);
    assert_eq!(next(&failed, times(now() + day * 2), now() + hour), Next::Keep(day - hour));
    // Not past the deadline.
    assert_eq!(next(&failed, times(now() + hour), now()), Next::Keep(hour));
    assert_eq!(next(&failed, times(now() + hour), now() + hour), Next::TearDown);
}

// A run may stop in the middle of a table.
#[test]
fn a_record_is_read_as_it_was_written() {
    let table = serde_json::from_value(json!({ "database": "shop", "schema": "public", "name": "orders" })).unwrap();
    let progress = Progress { table, next: 7, rows: 1, bytes: 2, milliseconds: 3 };
    let marker = Some(Marker { progress: Some(progress), ..Marker::default() });
    for record in [Record { marker, part: good(), ..record() }, concluded(&good(), true)] {
        let text = serde_json::to_vec(&record).unwrap();
        assert_eq!(serde_json::from_slice::<Record>(&text).unwrap(), record);
    }
}

#[test]
fn only_a_provisioned_database_with_an_address_and_a_secret_is_checked() {
    let reason = || "AWS has no machine".to_owned();
    for outcome in [
        Outcome::Failed { reason: reason() },
        Outcome::GivenUp { reason: reason() },
        Outcome::Refused { reason: reason() },
    ] {
        assert_eq!(after(outcome, now()), After::Conclude { why: reason() });
    }
    let again = Outcome::Again { after: TimeDelta::minutes(3), why: reason(), begin: Begin::Perhaps(now()) };
    let wait = After::Wait { after: TimeDelta::minutes(3), begin: Begin::Perhaps(now()) };
    assert_eq!(after(again, now()), wait);
}

#[test]
fn an_engine_without_checks_is_never_verified() {
    let known = ["postgres", "aurora-postgresql", "mysql", "mariadb", "aurora-mysql"];
    let products = known.map(|engine| product(engine).unwrap());
    assert_eq!(products, [Product::Postgres, Product::Postgres, Product::Mysql, Product::Mysql, Product::Mysql]);
    for engine in ["oracle-ee", "sqlserver-se", "db2-se", "docdb", "neptune", "custom-oracle-ee", ""] {
        assert_eq!(product(engine), None);
    }
}
