//! Every table is read to its end, and a sample of it is profiled.

use std::time::Duration;

use checks::{Column, Fault, ObjectName, Product, Progress, Table};
use sql::{Error, Excess, Limits, Refusal, Row, Total};
use tokio::time::Instant;

use crate::pieces::Pieces;
use crate::run::{OVER_BUDGET, Run, Step, Stop, TOO_LONG};
use crate::sample::Counter;
use crate::structure::{PAGE, name};
use crate::{mysql, postgres, quote, values};

/// The most time for the sample of a table.
const SAMPLE: Duration = Duration::from_secs(20);
/// How many columns of a table are sampled.
const SAMPLED_COLUMNS: usize = 32;
/// The bytes of a table and of a column in an answer, about.
const TABLE: usize = 300;
const COLUMN: usize = 160;
/// A table whose reading goes on in the next run.
const UNFINISHED: &str = "it was not read to its end yet";
/// A type of PostgreSQL without a binary form.
const NO_BINARY_FORM: &str = "SQLSTATE 42883";

/// A table in the list of a database.
struct Entry {
    name: ObjectName,
    partition_of: Option<ObjectName>,
    bytes: i128,
    /// The number of pages, where a range of pages can be read.
    pages: Option<i128>,
    hides_rows: bool,
}

impl Run {
    pub(crate) async fn tables(&mut self, database: &str) -> Step<()> {
        loop {
            let after = self.marker.after.as_ref();
            let sql = match self.product() {
                Product::Postgres => postgres::tables(after, PAGE),
                Product::Mysql => mysql::tables(database, after, PAGE),
            };
            let page = self.ask(database, &sql, "the tables").await?.unwrap_or_default();
            for row in &page {
                let entry = self.entry(database, row);
                self.table(&entry).await?;
                self.marker.after = Some(entry.name);
                self.marker.progress = None;
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    fn entry(&self, database: &str, row: &Row) -> Entry {
        let product = self.product();
        let is_postgres = product == Product::Postgres;
        let has_pages = is_postgres && self.has_page_ranges && values::is_true(row, 4);
        Entry {
            name: name(product, database, row),
            partition_of: values::optional(row, 7)
                .map(|root| ObjectName::in_schema(database, &values::text(row, 6), &root)),
            bytes: values::number(row, 2),
            pages: has_pages.then(|| values::number(row, 3)),
            hides_rows: is_postgres && values::is_true(row, 5),
        }
    }

    async fn table(&mut self, entry: &Entry) -> Step<()> {
        let progress = self.marker.progress.clone().filter(|progress| progress.table == entry.name);
        let empty = Progress { table: entry.name.clone(), next: 0, rows: 0, bytes: 0, milliseconds: 0 };
        self.step()?;
        if progress.is_none() && self.budget().is_some() {
            let since = Instant::now();
            let columns = self.columns(entry).await?;
            self.bytes += TABLE + columns.len() * COLUMN;
            self.spend(since, 0);
            self.record(entry, &empty, Some(UNFINISHED), columns);
        }
        let pieces = self.pieces(entry).await?;
        let first = pieces.as_ref().map_or(0, |pieces| pieces.first);
        // MySQL estimates the size of a table anew. Without pieces, it is read from its beginning.
        let progress = progress.filter(|_| pieces.is_some());
        let mut done = progress.unwrap_or(Progress { next: first, ..empty });
        loop {
            let (condition, next) = pieces.as_ref().map_or_else(Default::default, |pieces| pieces.piece(done.next));
            let total = match self.piece(entry, &condition).await? {
                Ok((total, milliseconds)) => {
                    done.milliseconds += milliseconds;
                    total
                }
                Err(why) => {
                    self.record(entry, &done, Some(&why), vec![]);
                    return Ok(());
                }
            };
            done.rows += total.rows;
            done.bytes += total.bytes;
            let Some(next) = next else {
                let hidden = entry.hides_rows.then_some("row security hides rows from the user");
                self.record(entry, &done, hidden, vec![]);
                return Ok(());
            };
            done.next = next;
            self.record(entry, &done, Some(UNFINISHED), vec![]);
            self.marker.progress = Some(done.clone());
            self.step()?;
        }
    }

    /// The figures of a table up to now, which replace the earlier ones. The columns are known from the first time on.
    fn record(&mut self, entry: &Entry, done: &Progress, unread: Option<&str>, columns: Vec<Column>) {
        let table = Table {
            name: entry.name.clone(),
            partition_of: entry.partition_of.clone(),
            rows: done.rows,
            bytes: done.bytes,
            milliseconds: done.milliseconds,
            unread: unread.map(str::to_owned),
            columns,
        };
        match self.part.tables.last_mut().filter(|last| last.name == table.name) {
            Some(last) => *last = Table { columns: std::mem::take(&mut last.columns), ..table },
            None => self.part.tables.push(table),
        }
    }

    async fn pieces(&mut self, entry: &Entry) -> Step<Option<Pieces>> {
        let piece_bytes = self.task.limits.piece_bytes;
        match self.product() {
            Product::Postgres => Ok(entry.pages.and_then(|pages| Pieces::of_pages(pages, entry.bytes, piece_bytes))),
            Product::Mysql if entry.bytes > i128::from(piece_bytes) && self.budget().is_some() => {
                self.keys(entry, piece_bytes).await
            }
            Product::Mysql => Ok(None),
        }
    }

    /// The pieces of a table of MySQL whose primary key is a whole number.
    async fn keys(&mut self, entry: &Entry, piece_bytes: u64) -> Step<Option<Pieces>> {
        let database = entry.name.database.clone();
        let key = self.ask(&database, &mysql::primary_key(&entry.name), "the primary keys").await?.unwrap_or_default();
        let [column] = &key[..] else { return Ok(None) };
        if !mysql::is_whole(&values::text(column, 1)) {
            return Ok(None);
        }
        let column = self.quoted(&values::text(column, 0));
        let sql = format!("select min({column}), max({column}) from {}", quote::table(Product::Mysql, &entry.name));
        let Some(connection) = self.connection(&database).await? else { return Ok(None) };
        // An error comes again when the table is read.
        let ends = connection.query(&sql, Limits::within(SAMPLE)).await.map(|rows| rows.rows).unwrap_or_default();
        let Some([sql::Value::Int(first), sql::Value::Int(last)]) = ends.first().map(Vec::as_slice) else {
            return Ok(None);
        };
        Ok(Pieces::of_keys(column, (*first, *last), entry.bytes, piece_bytes))
    }

    /// Reads a piece of a table to its end, or finds out why that is not possible.
    async fn piece(&mut self, entry: &Entry, condition: &str) -> Step<Result<(Total, u64), String>> {
        let table = quote::table(self.product(), &entry.name);
        let only = if self.product() == Product::Postgres { "only " } else { "" };
        let sql = format!("select * from {only}{table}{condition}");
        match self.measure(entry, &sql).await? {
            Err(Error::Refused { code, .. }) if self.product() == Product::Postgres && code == NO_BINARY_FORM => {
                let sql = format!("select (\"a row\".*)::text from only {table} as \"a row\"{condition}");
                let result = self.measure(entry, &sql).await?;
                match result {
                    Ok(total) => Ok(Ok(total)),
                    Err(error) => self.unread(entry, error).await.map(Err),
                }
            }
            Ok(total) => Ok(Ok(total)),
            Err(error) => self.unread(entry, error).await.map(Err),
        }
    }

    async fn measure(&mut self, entry: &Entry, sql: &str) -> Step<Result<(Total, u64), Error>> {
        let Some((budget, bytes)) = self.budget() else {
            return Ok(Err(Error::TimedOut(Duration::ZERO)));
        };
        let time = self.left().min(budget).max(Duration::from_millis(100));
        // Once more if the connection ended: the server may have been restarted.
        for _ in 0..2 {
            let Some(connection) = self.connection(&entry.name.database).await? else { break };
            let since = Instant::now();
            let result = connection.measure(sql, Limits { time, rows: u64::MAX, bytes }).await;
            let read = match &result {
                Ok(total) => total.bytes,
                Err(Error::TooMuch(Excess::Bytes(_))) => bytes,
                Err(_) => 0,
            };
            let milliseconds = self.spend(since, read);
            if !matches!(result, Err(Error::Lost)) {
                return Ok(result.map(|total| (total, milliseconds)));
            }
        }
        Ok(Err(Error::Lost))
    }

    /// Why a table was not read to its end. What it means for the copy is a fault.
    async fn unread(&mut self, entry: &Entry, error: Error) -> Step<String> {
        let table = entry.name.clone();
        match error {
            Error::TimedOut(_) | Error::TooMuch(Excess::Bytes(_)) if self.budget().is_none() => {
                Ok(OVER_BUDGET.to_owned())
            }
            Error::TimedOut(_) if self.hangs(&table.database).await => {
                self.fault(Fault::Hangs { during: format!("reading table {table}") });
                Err(Stop::End)
            }
            Error::TimedOut(_) if self.is_first_step() => Ok(TOO_LONG.to_owned()),
            Error::TimedOut(_) => Err(Stop::Pause),
            Error::Lost => {
                self.fault(Fault::Lost { object: table });
                Ok(error.to_string())
            }
            Error::Refused { class, ref code, .. } if is_damage(class, code) => {
                self.fault(Fault::DamagedTable { table, code: code.clone() });
                Ok(error.to_string())
            }
            error => Ok(error.to_string()),
        }
    }

    /// The columns, with samples. A table that cannot be sampled cannot be read either, which is found then.
    async fn columns(&mut self, entry: &Entry) -> Step<Vec<Column>> {
        let product = self.product();
        let sql = match product {
            Product::Postgres => postgres::columns(&entry.name),
            Product::Mysql => mysql::columns(&entry.name),
        };
        let rows = self.ask(&entry.name.database, &sql, "the columns").await?.unwrap_or_default();
        let column = |row: &Row| Column { name: values::text(row, 0), kind: values::text(row, 1), sample: None };
        let mut columns: Vec<Column> = rows.iter().map(column).collect();
        let sampled = rows.iter().enumerate().filter_map(|(at, row)| Some((at, values::optional(row, 2)?)));
        let sampled: Vec<_> = sampled.take(SAMPLED_COLUMNS).collect();
        let beginnings = sampled.iter().map(|(at, how)| {
            let column = quote::identifier(product, &columns[*at].name);
            match product {
                Product::Postgres => postgres::beginning(&column, how),
                Product::Mysql => mysql::beginning(&column),
            }
        });
        let beginnings = beginnings.collect::<Vec<_>>().join(", ");
        if !sampled.is_empty() && self.task.limits.sample_rows > 0 {
            let counters = self.sample(entry, &beginnings, sampled.len()).await?;
            for ((at, _), counter) in sampled.iter().zip(counters) {
                columns[*at].sample = Some(counter.sample());
            }
        }
        Ok(columns)
    }

    /// The first rows of a table. They are the same ones in every verification, so two samples can be compared.
    async fn sample(&mut self, entry: &Entry, columns: &str, count: usize) -> Step<Vec<Counter>> {
        let only = if self.product() == Product::Postgres { "only " } else { "" };
        let table = quote::table(self.product(), &entry.name);
        let sql = format!("select {columns} from {only}{table} limit {}", self.task.limits.sample_rows);
        let time = SAMPLE.min(self.left()).max(Duration::from_millis(500));
        let Some(connection) = self.connection(&entry.name.database).await? else { return Ok(vec![]) };
        let mut counters: Vec<Counter> = (0..count).map(|_| Counter::default()).collect();
        let Ok(mut rows) = connection.stream(&sql, Limits::within(time)).await else { return Ok(vec![]) };
        while let Ok(Some(row)) = rows.next().await {
            row.iter().zip(&mut counters).for_each(|(value, counter)| counter.add(value));
        }
        Ok(counters)
    }
}

/// Whether an error means that the files of the server are damaged. A statement that reads a whole table has no other
/// reason to fail than privileges and the resources of the server.
fn is_damage(class: Refusal, code: &str) -> bool {
    // Insufficient resources, limits of the program, states of objects; MySQL: memory, a full disk, locks.
    let is_resource = ["SQLSTATE 53", "SQLSTATE 54", "SQLSTATE 55"].iter().any(|prefix| code.starts_with(prefix))
        || ["error 1037", "error 1038", "error 1041", "error 1114", "error 1205", "error 1021"].contains(&code);
    match class {
        Refusal::Privilege => false,
        Refusal::Damaged => true,
        _ => !is_resource,
    }
}
