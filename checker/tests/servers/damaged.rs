//! Files with flipped bytes, and files that are missing.

use std::path::Path;

use checks::{Conclusion, Fault, Grade, Product};

use crate::support::{Server, report};

/// Flips bytes of a file, at these places.
fn flip(file: &Path, places: impl IntoIterator<Item = usize>) {
    let mut bytes = std::fs::read(file).expect("a file");
    places.into_iter().for_each(|at| bytes[at] ^= 0xff);
    std::fs::write(file, bytes).expect("a file");
}

/// The names of objects that are damaged: whether each is an index.
async fn damaged(server: &Server) -> Vec<(bool, String)> {
    let report = report(&server.task(&[])).await;
    assert_eq!(report.conclusion, Conclusion::Failed, "{report:?}");
    assert!(matches!(report.read, Grade::No { .. }), "{report:?}");
    // All others are read.
    assert!(report.totals.rows >= 20, "{report:?}");
    let mut found: Vec<_> = report
        .faults
        .iter()
        .map(|finding| match &finding.fault {
            Fault::DamagedTable { table, .. } => (false, table.name.clone()),
            Fault::DamagedIndex { index, .. } => (true, index.name.clone()),
            Fault::Lost { object } => (false, object.name.clone()),
            other => panic!("{other}"),
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn pair(is_index: bool, name: &str) -> (bool, String) {
    (is_index, name.to_owned())
}

#[tokio::test]
#[ignore = "it needs PostgreSQL"]
async fn damaged_tables_and_indexes_of_postgresql_are_found() {
    let server = Server::new(Product::Postgres);
    server.write(
        "create table sorted (id int, name text); insert into sorted select n, 'name ' || n from generate_series(1, 1000) n;
         create index sorted_name on sorted (name); create table lost as select * from items;",
    );
    let file = |name: &str| server.data().join(server.ask(&format!("select pg_relation_filepath('{name}')")));
    let [table, index, lost] = ["items", "sorted_name", "lost"].map(file);
    server.stop();
    // The head of the third page; keys in the first page of leaves.
    flip(&table, 2 * 8192 + 10..2 * 8192 + 18);
    flip(&index, (8192 + 7000..8192 + 7400).step_by(7));
    std::fs::remove_file(lost).unwrap();
    server.start();
    // The index of the damaged table is not at fault, and cannot be compared with it.
    let expected = [pair(false, "items"), pair(false, "lost"), pair(true, "items_pkey"), pair(true, "sorted_name")];
    assert_eq!(damaged(&server).await, expected);
}

/// The pages of leaves of each index of a table of InnoDB, the table itself first. See "fil0types.h" and "page0types.h".
fn leaves(file: &Path) -> Vec<Vec<usize>> {
    let bytes = std::fs::read(file).expect("a file");
    let mut indexes = std::collections::BTreeMap::<&[u8], Vec<usize>>::new();
    for (number, page) in bytes.chunks_exact(16_384).enumerate() {
        let (is_index, is_leaf) = (page[24..26] == 17_855_u16.to_be_bytes(), page[64..66] == [0, 0]);
        if is_index && is_leaf {
            indexes.entry(&page[66..74]).or_default().push(number);
        }
    }
    indexes.into_values().collect()
}

#[tokio::test]
#[ignore = "it needs MariaDB"]
async fn damaged_tables_and_indexes_of_mariadb_are_found() {
    let server = Server::new(Product::Mysql);
    for table in ["damaged", "sorted", "lost"] {
        server.write(&format!(
            "create table {table} (id int primary key, name varchar(300), key (name));
             insert into {table} select seq, concat(seq, repeat('x', 250)) from seq_1_to_2000;"
        ));
    }
    server.stop();
    for (name, index) in [("damaged", 0), ("sorted", 1)] {
        let file = server.data().join("shop").join(format!("{name}.ibd"));
        let pages = &leaves(&file)[index];
        let page = pages[pages.len() / 2];
        flip(&file, (page * 16_384 + 5000..page * 16_384 + 5100).step_by(7));
    }
    std::fs::remove_file(server.data().join("shop/lost.ibd")).unwrap();
    server.start();
    let found = damaged(&server).await;
    for name in ["damaged", "sorted", "lost"] {
        assert!(found.iter().any(|(_, found)| found == name), "{name}: {found:?}");
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL"]
async fn the_extension_that_checks_indexes_is_installed_where_the_user_may() {
    for may_install in [true, false] {
        let server = Server::without_amcheck(may_install);
        server.write(
            "create table sorted (id int, name text); insert into sorted select n, 'name ' || n from generate_series(1, 1000) n;
             create index sorted_name on sorted (name);",
        );
        let index = server.data().join(server.ask("select pg_relation_filepath('sorted_name')"));
        server.stop();
        flip(&index, (8192 + 7000..8192 + 7400).step_by(7));
        server.start();
        let report = report(&server.task(&[])).await;
        let faults: Vec<String> = report.faults.iter().map(|finding| finding.fault.to_string()).collect();
        let skipped: Vec<String> = report.not_checked.iter().map(|not| format!("{}: {}", not.what, not.why)).collect();
        if may_install {
            assert!(faults.iter().any(|fault| fault.contains("sorted_name")), "{faults:?} {skipped:?}");
        } else {
            assert_eq!(faults, [""; 0]);
            let expected = "indexes of database shop: the extension amcheck is not installed in this database, and cannot be installed: ";
            assert!(skipped.iter().any(|skipped| skipped.starts_with(expected)), "{skipped:?}");
        }
    }
}
