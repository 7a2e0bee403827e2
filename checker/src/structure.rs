//! What the catalog alone tells: unlogged tables, foreign tables, invalid indexes, sequences behind their keys.

use std::time::Duration;

use checks::{Fault, ObjectName, Product};
use sql::{Error, Limits, Row, Value};

use crate::run::{Run, Step};
use crate::{mysql, postgres, quote, values};

/// How many objects are listed at once.
pub(crate) const PAGE: usize = 200;

/// The most time for one sequence. An index has its largest key.
const ONE_SEQUENCE: Duration = Duration::from_secs(10);

/// The name of an object in the first two columns of a list.
pub(crate) fn name(product: Product, database: &str, row: &[Value]) -> ObjectName {
    let (schema, name) = (values::text(row, 0), values::text(row, 1));
    match product {
        Product::Postgres => ObjectName::in_schema(database, &schema, &name),
        Product::Mysql => ObjectName::in_database(database, &name),
    }
}

/// How many findings about the structure of a database are listed.
const MOST_FINDINGS: usize = 5000;

impl Run {
    pub(crate) async fn structure(&mut self, database: &str) -> Step<()> {
        if self.marker.after.is_none() {
            self.step()?;
            let findings = match self.product() {
                Product::Postgres => postgres::STRUCTURE.to_owned(),
                Product::Mysql => mysql::structure(database),
            };
            let sql = format!("{findings} limit {MOST_FINDINGS}");
            let found = self.ask(database, &sql, "the structure").await?.unwrap_or_default();
            found.iter().for_each(|row| self.found(database, row));
            if found.len() >= MOST_FINDINGS {
                self.not_checked(format!("the structure of database {}", database.escape_debug()), "too many findings");
            }
            // It comes before all sequences.
            self.marker.after = Some(ObjectName::in_schema(database, "", ""));
        }
        match self.product() {
            Product::Postgres => self.sequences(database).await,
            // The server takes the next value from the keys themselves.
            Product::Mysql => Ok(()),
        }
    }

    fn found(&mut self, database: &str, row: &[Value]) {
        let object = name(self.product(), database, row.get(1..).unwrap_or_default());
        match values::text(row, 0).as_str() {
            "unlogged" => self.fault(Fault::Unlogged { table: object }),
            "invalid" => self.fault(Fault::InvalidIndex { index: object }),
            "foreign" => self.not_checked(format!("table {object}"), "its rows are on another server"),
            _ => self.not_checked(format!("materialized view {object}"), "it was never filled"),
        }
    }

    async fn sequences(&mut self, database: &str) -> Step<()> {
        loop {
            let sql = postgres::sequences(self.marker.after.as_ref(), PAGE);
            let page = self.ask(database, &sql, "the sequences").await?.unwrap_or_default();
            for row in &page {
                self.step()?;
                self.sequence(database, row).await?;
                self.marker.after = Some(name(Product::Postgres, database, row));
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    async fn sequence(&mut self, database: &str, row: &Row) -> Step<()> {
        let sequence = name(Product::Postgres, database, row);
        let table = name(Product::Postgres, database, row.get(2..).unwrap_or_default());
        let quoted = |name: &ObjectName| quote::table(Product::Postgres, name);
        let column = self.quoted(&values::text(row, 4));
        let sql = postgres::is_behind(&quoted(&sequence), &quoted(&table), &column, values::number(row, 5));
        let time = ONE_SEQUENCE.min(self.left()).max(Duration::from_millis(500));
        match self.query(database, &sql, Limits::within(time)).await? {
            Ok(rows) if rows.rows.first().is_some_and(|row| values::is_true(row, 0)) => {
                self.fault(Fault::SequenceBehind { sequence });
            }
            Ok(_) => {}
            Err(Error::Refused { class: sql::Refusal::Damaged, code, .. }) => {
                self.fault(Fault::DamagedTable { table, code });
            }
            Err(error) => self.not_checked(format!("sequence {sequence}"), error.to_string()),
        }
        Ok(())
    }
}
