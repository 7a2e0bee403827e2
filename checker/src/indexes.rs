//! Whether indexes agree with their tables.
//!
//! PostgreSQL: `bt_index_check` for each B-tree, with all rows of its table, and `verify_heapam` for each table. Both are
//! of the extension `amcheck`, which is installed into the restored database if it is not there. That is the only statement that writes, and the
//! database is deleted afterwards. MySQL: `CHECK TABLE`, which reads all indexes of
//! a table, and which the server runs in a read-only transaction too.

use std::time::Duration;

use checks::{Fault, ObjectName, Product};
use sql::{Error, Limits, Refusal, Row};
use tokio::time::Instant;

use crate::connect::{MOST_BYTES, MOST_ROWS};
use crate::run::{OVER_BUDGET, Run, Step, Stop, TOO_LONG};
use crate::structure::{PAGE, name};
use crate::{mysql, postgres, quote, values};

/// The time that the installation of the extension has.
const INSTALLATION: Duration = Duration::from_secs(30);

/// Something to check, and how.
struct Item {
    object: ObjectName,
    sql: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `bt_index_check`, whose error is the answer.
    Index,
    /// `verify_heapam`, which returns the number of errors.
    Heap,
    /// `CHECK TABLE`, which returns messages.
    Mysql,
}

impl Run {
    pub(crate) async fn indexes(&mut self, database: &str) -> Step<()> {
        let amcheck = match self.product() {
            Product::Postgres => match self.amcheck(database).await? {
                Some(schema) => schema,
                None => return Ok(()),
            },
            Product::Mysql => String::new(),
        };
        loop {
            let after = self.marker.after.as_ref();
            let sql = match self.product() {
                Product::Postgres => postgres::checkable(after, PAGE),
                Product::Mysql => mysql::tables(database, after, PAGE),
            };
            let page = self.ask(database, &sql, "the indexes").await?.unwrap_or_default();
            for row in &page {
                if self.budget_of_indexes().is_none() {
                    self.not_checked(all_indexes(database), OVER_BUDGET);
                    return Ok(());
                }
                self.step()?;
                let item = self.item(database, &amcheck, row);
                self.index(database, &item).await?;
                self.marker.after = Some(item.object);
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// The quoted schema of the extension, if it is installed or can be.
    async fn amcheck(&mut self, database: &str) -> Step<Option<String>> {
        if let Some(schema) = self.schema_of_amcheck(database).await? {
            return Ok(Some(schema));
        }
        // An installation that was not finished says nothing about the next one.
        let is_first = !self.has_begun();
        if !is_first && self.left() < INSTALLATION {
            return Err(Stop::Pause);
        }
        let installed = self.install_amcheck(database).await;
        if !is_first && matches!(installed, Err(Error::Lost | Error::TimedOut(_))) {
            return Err(Stop::Pause);
        }
        if let Some(schema) = self.schema_of_amcheck(database).await? {
            return Ok(Some(schema));
        }
        let why = installed.err().map(|error| format!(", and cannot be installed: {error}")).unwrap_or_default();
        let why = format!("the extension amcheck is not installed in this database{why}");
        self.not_checked(all_indexes(database), why);
        Ok(None)
    }

    async fn schema_of_amcheck(&mut self, database: &str) -> Step<Option<String>> {
        let rows = self.ask(database, postgres::AMCHECK, "the extensions").await?.unwrap_or_default();
        Ok(rows.first().map(|row| self.quoted(&values::text(row, 0))))
    }

    /// On RDS, the master user may install it ("Supported PostgreSQL extension versions", Amazon RDS for PostgreSQL Release Notes). Users may have an
    /// object of the same name in the schema in which it would be; then it is not installed.
    async fn install_amcheck(&mut self, database: &str) -> Result<(), Error> {
        let time = self.left().min(INSTALLATION);
        let mut connection = self.login(database, time).await?;
        connection.execute("create extension if not exists amcheck", time).await
    }

    fn item(&self, database: &str, amcheck: &str, row: &Row) -> Item {
        let object = name(self.product(), database, row);
        let oid = values::number(row, 2);
        let (kind, sql) = match self.product() {
            Product::Postgres if values::is_true(row, 3) => (Kind::Index, postgres::check_index(amcheck, oid)),
            Product::Postgres => (Kind::Heap, postgres::check_table(amcheck, oid)),
            Product::Mysql => (Kind::Mysql, format!("check table {}", quote::table(Product::Mysql, &object))),
        };
        Item { object, sql, kind }
    }

    async fn index(&mut self, database: &str, item: &Item) -> Step<()> {
        let budget = self.budget_of_indexes().unwrap_or_default();
        let time = self.left().min(budget).max(Duration::from_millis(500));
        let since = Instant::now();
        let result = self.query(database, &item.sql, Limits { time, rows: MOST_ROWS, bytes: MOST_BYTES }).await?;
        self.spend(since, 0);
        let result = match result {
            // MariaDB reports a check that it ended at its limit of time as damage.
            Ok(rows) if item.kind == Kind::Mysql && is_damage(&rows.rows) && since.elapsed() >= time => {
                Err(Error::TimedOut(time))
            }
            result => result,
        };
        match result {
            Ok(rows) => match item.kind {
                Kind::Index => self.intact(database),
                Kind::Heap if rows.rows.first().is_some_and(|row| values::number(row, 0) > 0) => {
                    let (table, code) = (item.object.clone(), "verify_heapam".to_owned());
                    self.fault(Fault::DamagedTable { table, code });
                }
                Kind::Heap => {}
                Kind::Mysql => self.messages(database, item, &rows.rows),
            },
            Err(Error::TimedOut(_)) if self.budget_of_indexes().is_none() => self.skip(item, OVER_BUDGET),
            // MySQL does not limit the time of CHECK TABLE itself, so a late answer is no sign that it hangs.
            Err(Error::TimedOut(_)) if self.is_first_step() => self.skip(item, TOO_LONG),
            Err(Error::TimedOut(_)) => return Err(Stop::Pause),
            Err(Error::Lost) => self.fault(Fault::Lost { object: item.object.clone() }),
            Err(Error::Refused { class: Refusal::Damaged, code, .. }) => self.damaged(item, code),
            // "Internal error" of PostgreSQL; an error of MySQL's storage engine.
            Err(Error::Refused { class: Refusal::Other, code, .. })
                if code.ends_with("XX000") || code.ends_with(" 1030") =>
            {
                self.damaged(item, code);
            }
            Err(error) => self.skip(item, &error.to_string()),
        }
        Ok(())
    }

    fn intact(&mut self, database: &str) {
        self.marker.indexes += 1;
        self.part.indexes.insert(database.to_owned(), self.marker.indexes);
    }

    fn damaged(&mut self, item: &Item, code: String) {
        let object = item.object.clone();
        self.fault(match item.kind {
            Kind::Heap => Fault::DamagedTable { table: object, code },
            Kind::Index | Kind::Mysql => Fault::DamagedIndex { index: object, code },
        });
    }

    fn skip(&mut self, item: &Item, why: &str) {
        let what = match item.kind {
            Kind::Index => format!("index {}", item.object),
            Kind::Heap => format!("the structure of table {}", item.object),
            Kind::Mysql => format!("indexes of table {}", item.object),
        };
        self.not_checked(what, why);
    }

    fn messages(&mut self, database: &str, item: &Item, rows: &[Row]) {
        if is_damage(rows) {
            self.damaged(item, "CHECK TABLE".to_owned());
        } else if rows.iter().any(|row| is_of_type(row, "status")) {
            self.intact(database);
        } else {
            self.skip(item, "the storage engine cannot check it");
        }
    }
}

/// Whether a message of `CHECK TABLE` has a type. The columns: table, operation, type of message, message.
fn is_of_type(row: &Row, kind: &str) -> bool {
    values::text(row, 2).eq_ignore_ascii_case(kind)
}

/// Whether the messages of `CHECK TABLE` report damage.
fn is_damage(rows: &[Row]) -> bool {
    let is_good = |row: &Row| ["OK", "Table is already up to date"].contains(&values::text(row, 3).as_str());
    rows.iter().any(|row| is_of_type(row, "error") || is_of_type(row, "status") && !is_good(row))
}

fn all_indexes(database: &str) -> String {
    format!("indexes of database {}", database.escape_debug())
}
