//! A verdict is earned (invariant 27).

use std::collections::{BTreeMap, BTreeSet};

use checks::report::Progress::{Finished, Unfinished};
use checks::{
    CheckResult, Conclusion, Facts, Fault, Grade, NotChecked, ObjectName, Part, Report, Severity, Table, Verdict,
};

fn orders() -> ObjectName {
    ObjectName::in_schema("shop", "public", "orders")
}

fn table(unread: Option<&str>) -> Table {
    Table {
        name: orders(),
        partition_of: None,
        rows: 7,
        bytes: 70,
        milliseconds: 1,
        unread: unread.map(str::to_owned),
        columns: vec![],
    }
}

fn result(verdict: Verdict) -> BTreeMap<u32, CheckResult> {
    let (id, sql, database) = ("id".to_owned(), "select 1".to_owned(), "shop".to_owned());
    BTreeMap::from([(0, CheckResult { id, sql, database, verdict, value: None, milliseconds: 1 })])
}

fn passed() -> BTreeMap<u32, CheckResult> {
    result(Verdict::Passed { why: None })
}

/// A good copy with one check.
fn good() -> Part {
    Part {
        complete: true,
        facts: Some(Facts { version: "PostgreSQL 15".to_owned(), databases: vec!["shop".to_owned()] }),
        tables: vec![table(None)],
        checks: passed(),
        ..Part::default()
    }
}

fn report(part: &Part) -> Report {
    Report::of(part, Finished, 1, vec![])
}

fn no(why: &str) -> Grade {
    Grade::No { why: why.to_owned() }
}

fn not_done(why: &str) -> Grade {
    Grade::NotDone { why: why.to_owned() }
}

#[test]
fn a_good_copy_is_verified_with_all_three_grades() {
    let report = report(&good());
    assert_eq!(report.conclusion, Conclusion::Verified);
    assert_eq!([report.available, report.read, report.checked], [Grade::Yes, Grade::Yes, Grade::Yes]);
    assert!(report.not_checked.is_empty());
    assert_eq!((report.totals.tables, report.totals.rows), (1, 7));
}

#[test]
fn nothing_is_verified_without_a_query_that_ran() {
    assert_eq!(Report::of(&Part::default(), Finished, 0, vec![]).conclusion, Conclusion::NotVerified);
    let part = Part { tables: vec![], checks: BTreeMap::new(), ..good() };
    let report = Report::of(&part, Finished, 0, vec![]);
    assert_eq!((report.conclusion, report.read), (Conclusion::NotVerified, not_done("there is no table")));
    let unread = Table { rows: 0, ..table(Some("budget")) };
    let part = Part { tables: vec![unread], checks: BTreeMap::new(), ..good() };
    assert_eq!(Report::of(&part, Finished, 0, vec![]).conclusion, Conclusion::NotVerified);
}

#[test]
fn an_unfinished_verification_is_none() {
    let report = Report::of(&good(), Unfinished, 1, vec![]);
    assert_eq!(report.conclusion, Conclusion::NotVerified);
    assert_eq!(report.read, not_done("the verification did not come to its end"));
    // The server hung, so there is no next run either.
    let ended = self::report(&Part { complete: false, ..good() });
    assert_eq!((ended.conclusion, ended.read), (report.conclusion, report.read));
}

#[test]
fn what_was_not_checked_is_listed() {
    let why = "the extension amcheck is not installed".to_owned();
    let indexes = NotChecked { what: "indexes of shop".to_owned(), why };
    let part = Part {
        tables: vec![table(Some("budget"))],
        not_checked: BTreeSet::from([indexes.clone()]),
        checks: BTreeMap::new(),
        ..good()
    };
    let report = Report::of(&part, Finished, 0, vec![]);
    assert_eq!(report.conclusion, Conclusion::Verified);
    assert_eq!(report.read, not_done("1 of 1 tables were not read to their end"));
    let table = NotChecked { what: "table shop.public.orders".to_owned(), why: "budget".to_owned() };
    let contents =
        NotChecked { what: "the contents".to_owned(), why: "no checks are configured for this database".to_owned() };
    assert_eq!(report.not_checked, [indexes, table, contents]);
}

#[test]
fn bad_data_fail_and_a_broken_check_does_not_verify() {
    let failed = Verdict::Failed { expected: "at least 10".to_owned(), actual: "7".to_owned() };
    let report = report(&Part { checks: result(failed), ..good() });
    assert_eq!(report.conclusion, Conclusion::Failed);
    assert_eq!(report.checked, no("select 1: expected at least 10, found 7"));

    let broken = self::report(&Part { checks: result(Verdict::broken("syntax error")), ..good() });
    assert_eq!(broken.conclusion, Conclusion::NotVerified);
    assert_eq!(broken.checked, not_done("select 1: syntax error"));
    assert_eq!(broken.not_checked.len(), 1);

    let missing = Report::of(&good(), Finished, 3, vec![]);
    assert_eq!((missing.conclusion, missing.checked), (Conclusion::NotVerified, not_done("2 of 3 checks did not run")));
}

#[test]
fn a_fault_fails_the_grade_that_it_is_about() {
    let with = |fault: Fault| report(&Part { faults: BTreeSet::from([fault]), ..good() });
    let hangs = with(Fault::Hangs { during: "the login".to_owned() });
    assert_eq!(hangs.available, no("no answer of the server: the login"));
    assert_eq!((hangs.read, hangs.conclusion), (Grade::Yes, Conclusion::Failed));
    // A server that was not reached tells nothing of the copy: certificates, password or network may be wrong.
    let wrong = with(Fault::Credentials);
    assert_eq!(wrong.available, not_done("the server rejected the user name or the password"));
    assert_eq!((wrong.read, wrong.conclusion), (Grade::Yes, Conclusion::NotVerified));
    let damaged = with(Fault::DamagedTable { table: orders(), code: "SQLSTATE XX001".to_owned() });
    assert_eq!(damaged.read, no("table shop.public.orders: damaged (SQLSTATE XX001)"));
    assert_eq!((damaged.available, damaged.conclusion), (Grade::Yes, Conclusion::Failed));
    // A warning is listed, after what failed.
    let warned = with(Fault::Unlogged { table: orders() });
    assert_eq!((warned.conclusion, warned.faults[0].severity), (Conclusion::Verified, Severity::Warning));
}

#[test]
fn a_report_is_data() {
    let part = Part { faults: BTreeSet::from([Fault::Unlogged { table: orders() }]), ..good() };
    let json = serde_json::to_value(report(&part)).unwrap();
    assert_eq!(json["conclusion"], "verified");
    assert_eq!(json["read"]["grade"], "yes");
    assert_eq!(json["checks"][0]["verdict"], "passed");
    assert_eq!(json["faults"][0]["fault"], "unlogged");
    assert_eq!(json["faults"][0]["severity"], "warning");
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report(&part));
}
