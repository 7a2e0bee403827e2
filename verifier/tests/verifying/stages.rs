//! Both tables of the decision.

use checks::{Conclusion, Product, Report, report};
use provision::{Begin, Outcome};
use verifier::record::{Record, State};
use verifier::stage::{After, Next, after, next, product};

use super::*;

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn record(state: State) -> Record {
    let database = DatabaseArn::new(Kind::Instance, place(SOURCE), "orders").unwrap();
    let snapshot = SnapshotArn::new(Kind::Instance, place(SOURCE), "nightly").unwrap();
    let origin = Origin { snapshot, database, taken: now() };
    Record { state, ..Record::new(origin.copy(&place(DR)), origin.clone(), now()) }
}

fn concluded(part: &Part, announced: bool) -> Record {
    let report = Report::of(part, report::Progress::Finished, 0, Vec::new());
    record(State::Concluded { at: now(), report: Box::new(report), announced })
}

#[test]
fn a_verdict_is_announced_before_its_database_is_torn_down() {
    let bad = Part { faults: [Fault::Credentials].into(), ..good() };
    let conclusion = |part: &Part| Report::of(part, report::Progress::Finished, 0, Vec::new()).conclusion;
    assert_eq!((conclusion(&good()), conclusion(&bad)), (Conclusion::Verified, Conclusion::Failed));
    let day = TimeDelta::days(1);
    let zero = TimeDelta::zero();
    let running = record(State::Running { marker: None });
    for keep in [zero, day] {
        for part in [&good(), &bad] {
            assert_eq!(next(&running, keep, now()), Next::Provision);
            assert_eq!(next(&concluded(part, false), keep, now()), Next::Announce);
            assert_eq!(next(&concluded(part, true), keep, now() + day), Next::TearDown);
        }
        assert_eq!(next(&concluded(&good(), true), keep, now()), Next::TearDown);
    }
    assert_eq!(next(&concluded(&bad, true), zero, now()), Next::TearDown);
    let hour = TimeDelta::hours(1);
    assert_eq!(next(&concluded(&bad, true), day, now() + hour), Next::Keep(day - hour));
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
