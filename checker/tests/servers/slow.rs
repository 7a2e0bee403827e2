//! Tables that take longer than a run.

use std::process::{Command, Stdio};
use std::time::Duration;

use checks::{Part, Product};

use crate::support::{Server, verify_within};

#[tokio::test]
#[ignore = "it needs MariaDB"]
async fn a_table_that_takes_longer_than_a_run_is_left_out_and_the_others_are_read() {
    let server = Server::new(Product::Mysql);
    // Reading it waits for the end of this session.
    let mut lock: Command = server.client("lock tables items write; select sleep(600)");
    let mut lock = lock.stdout(Stdio::null()).spawn().unwrap();
    let is_locked = "select count(*) from information_schema.processlist where state = 'User sleep'";
    while server.ask(is_locked) == "0" {}
    // A second of it is for the work.
    let (part, runs) = verify_within(&server.task(&[]), Duration::from_secs(9)).await;
    lock.kill().unwrap();
    lock.wait().unwrap();
    let Part { tables, not_checked, faults, .. } = part;
    let figures: Vec<_> = tables.iter().map(|table| (table.rows, table.unread.as_deref())).collect();
    assert_eq!(figures, [(0, Some("one run is too short for it")), (20, None)], "{faults:?}");
    let skipped: Vec<_> = not_checked.iter().map(|not| (not.what.as_str(), not.why.as_str())).collect();
    assert!(faults.is_empty(), "{faults:?} {skipped:?}");
    assert_eq!(skipped, [("indexes of table shop.items", "one run is too short for it")]);
    assert!(faults.is_empty() && runs >= 3, "{runs} runs: {faults:?}");
}
