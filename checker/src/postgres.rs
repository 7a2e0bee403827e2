//! What is asked of PostgreSQL.
//!
//! Lists are in the order of schema and name, by bytes: the type `name` sorts so. The system's schemas are left out.

use checks::{ObjectName, Product};

use crate::quote;

/// The version; whether a range of pages is read without the pages before it (version 14 and later); the databases.
/// `rdsadmin` is RDS's own.
pub(crate) const FACTS: &str = "\
select 'PostgreSQL ' || current_setting('server_version'), current_setting('server_version_num')::int >= 140000, \
       d.datname::text
from (select 1) one left join pg_database d on d.datallowconn and not d.datistemplate and d.datname <> 'rdsadmin'";

/// The schema of the extension `amcheck`, if it is installed.
pub(crate) const AMCHECK: &str = "\
select n.nspname::text, e.extversion::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace \
where e.extname = 'amcheck'";

/// The kind of finding, and the schema and name of its object.
pub(crate) const STRUCTURE: &str = "\
select f.kind, n.nspname::text, c.relname::text
from (select 'unlogged' as kind, oid from pg_class where relpersistence = 'u' and relkind in ('r', 'm')
      union all
      select 'foreign', oid from pg_class where relkind = 'f'
      union all
      select 'unpopulated', oid from pg_class where relkind = 'm' and not relispopulated
      union all
      select 'invalid', i.indexrelid from pg_index i join pg_class x on x.oid = i.indexrelid
      where x.relkind = 'i' and not (i.indisvalid and i.indisready and i.indislive)) f
join pg_class c on c.oid = f.oid join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1, n.nspname, c.relname";

/// What comes after an object in a list, and how many.
fn page(after: Option<&ObjectName>, most: usize) -> String {
    let place = |text: Option<&str>| quote::literal(Product::Postgres, text.unwrap_or_default());
    let schema = place(after.and_then(|after| after.schema.as_deref()));
    let name = place(after.map(|after| after.name.as_str()));
    format!(
        "and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
         and (n.nspname, c.relname) > ({schema}::name, {name}::name) order by n.nspname, c.relname limit {most}"
    )
}

/// Sequences of columns that an index begins with, so that their largest value is found at once: schema, name, schema
/// and name of the table, column, increment.
pub(crate) fn sequences(after: Option<&ObjectName>, most: usize) -> String {
    format!(
        "select n.nspname::text, c.relname::text, tn.nspname::text, t.relname::text, a.attname::text, q.seqincrement
         from pg_sequence q join pg_class c on c.oid = q.seqrelid join pg_namespace n on n.oid = c.relnamespace
         join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
                         and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
         join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
         join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
         where q.seqincrement > 0 and not q.seqcycle and c.relpersistence <> 't'
         and exists (select 1 from pg_index i where i.indrelid = t.oid and i.indkey[0] = a.attnum and i.indisvalid
                     and i.indpred is null) {}",
        page(after, most)
    )
}

/// Whether the next value of a sequence is not above the largest key.
pub(crate) fn is_behind(sequence: &str, table: &str, column: &str, increment: i128) -> String {
    format!(
        "select (select max({column}) from {table})::numeric >= \
         s.last_value::numeric + case when s.is_called then {increment} else 0 end from {sequence} s"
    )
}

/// What `amcheck` can check: B-trees, and tables. Schema, name, oid, and whether it is an index.
pub(crate) fn checkable(after: Option<&ObjectName>, most: usize) -> String {
    format!(
        "select n.nspname::text, c.relname::text, c.oid, c.relkind = 'i'
         from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_am m on m.oid = c.relam
         left join pg_index i on i.indexrelid = c.oid
         where c.relpersistence = 'p' and (c.relkind in ('r', 'm') and m.amname = 'heap'
             or c.relkind = 'i' and m.amname = 'btree' and i.indisvalid and i.indisready and i.indislive) {}",
        page(after, most)
    )
}

/// Whether an index agrees with its table, and its table with it. The error is the answer.
pub(crate) fn check_index(amcheck: &str, oid: i128) -> String {
    format!("select 1 from (select {amcheck}.bt_index_check({oid}::oid::regclass, true)) c")
}

/// Rows for what is damaged in a table.
pub(crate) fn check_table(amcheck: &str, oid: i128) -> String {
    format!("select count(*) from {amcheck}.verify_heapam({oid}::oid::regclass)")
}

/// Tables with contents of their own: no parents of partitions, and no foreign tables, whose rows are elsewhere. Schema,
/// name, bytes with those of long values, pages, whether it has pages, whether rows are hidden, schema and name of the root.
pub(crate) fn tables(after: Option<&ObjectName>, most: usize) -> String {
    format!(
        "select n.nspname::text, c.relname::text, pg_table_size(c.oid),
                pg_relation_size(c.oid) / current_setting('block_size')::bigint,
                coalesce(m.amname = 'heap', false), row_security_active(c.oid), rn.nspname::text, r.relname::text
         from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_am m on m.oid = c.relam
         left join pg_class r on c.relispartition and r.oid = pg_partition_root(c.oid)
         left join pg_namespace rn on rn.oid = r.relnamespace
         where c.relkind in ('r', 'm') and (c.relkind = 'r' or c.relispopulated) and c.relpersistence <> 't' {}",
        page(after, most)
    )
}

/// Name, type, and how it is sampled: `text`, `bytes`, or not at all.
pub(crate) fn columns(table: &ObjectName) -> String {
    let literal = |text: &str| quote::literal(Product::Postgres, text);
    format!(
        "select a.attname::text, format_type(a.atttypid, a.atttypmod),
                case when b.typname in ('text', 'varchar', 'bpchar', 'citext', 'json', 'jsonb', 'xml') then 'text'
                     when b.typname = 'bytea' then 'bytes' end
         from pg_attribute a join pg_type t on t.oid = a.atttypid
         join pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
         join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = {} and c.relname = {} and a.attnum > 0 and not a.attisdropped order by a.attnum",
        literal(table.schema.as_deref().unwrap_or_default()),
        literal(&table.name)
    )
}

/// The beginning of a value.
pub(crate) fn beginning(column: &str, how: &str) -> String {
    match how {
        "bytes" => format!("substring({column} from 1 for 256)"),
        _ => format!("left({column}::text, 256)"),
    }
}
