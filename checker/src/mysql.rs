//! What is asked of MySQL and MariaDB.
//!
//! Lists are in the order of the name, by bytes. The system's databases are left out.

use checks::{ObjectName, Product};

use crate::quote;

/// The version; no ranges of pages; the databases.
pub(crate) const FACTS: &str = "\
select concat(if(version() like '%MariaDB%', '', 'MySQL '), version()), 0, s.schema_name
from (select 1 as one) o left join information_schema.schemata s
on s.schema_name not in ('mysql', 'sys', 'information_schema', 'performance_schema')";

/// Tables whose rows are on another server.
const ELSEWHERE: &str = "'FEDERATED', 'CONNECT', 'SPIDER', 'S3'";

fn literal(text: &str) -> String {
    quote::literal(Product::Mysql, text)
}

/// The kind of finding, no schema, and the table.
pub(crate) fn structure(database: &str) -> String {
    format!(
        "select if(engine = 'MEMORY', 'unlogged', 'foreign'), '', table_name from information_schema.tables
         where table_schema = {} and engine in ('MEMORY', {ELSEWHERE}) order by 1, 3",
        literal(database)
    )
}

/// Tables with contents of their own: no schema, name, bytes. Views, sequences and tables of other servers have none.
/// A table whose files are missing has no engine.
pub(crate) fn tables(database: &str, after: Option<&ObjectName>, most: usize) -> String {
    format!(
        "select '', table_name, coalesce(data_length, 0) from information_schema.tables
         where table_schema = {} and table_type in ('BASE TABLE', 'SYSTEM VERSIONED')
         and coalesce(engine, '') not in ({ELSEWHERE}, 'MRG_MyISAM', 'BLACKHOLE')
         and cast(table_name as binary) > cast({} as binary) order by cast(table_name as binary) limit {most}",
        literal(database),
        literal(after.map_or("", |after| &after.name))
    )
}

/// The columns of the primary key: name, type.
pub(crate) fn primary_key(table: &ObjectName) -> String {
    format!(
        "select column_name, data_type from information_schema.columns
         where table_schema = {} and table_name = {} and column_key = 'PRI'",
        literal(&table.database),
        literal(&table.name)
    )
}

/// Whether a type is of whole numbers.
pub(crate) fn is_whole(data_type: &str) -> bool {
    ["tinyint", "smallint", "mediumint", "int", "bigint"].contains(&data_type.to_ascii_lowercase().as_str())
}

/// Name, type, and how it is sampled.
pub(crate) fn columns(table: &ObjectName) -> String {
    format!(
        "select column_name, column_type,
                case when data_type in ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'json',
                     'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob') then 'text' end
         from information_schema.columns where table_schema = {} and table_name = {} order by ordinal_position",
        literal(&table.database),
        literal(&table.name)
    )
}

/// The beginning of a value.
pub(crate) fn beginning(column: &str) -> String {
    format!("left({column}, 256)")
}
