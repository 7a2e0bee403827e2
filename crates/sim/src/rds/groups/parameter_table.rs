//! The parameters of engines that parameter groups have: one table. AWS has hundreds for each family. These are the ones
//! that decide whether a restored database behaves like the original: memory, TLS, replication, time zone, logs.

use super::super::engines::Product;

/// A parameter of some engines.
pub(in crate::rds) struct Parameter {
    engines: Engines,
    pub(in crate::rds) name: &'static str,
    pub(in crate::rds) data_type: &'static str,
    /// Ranges and values, separated by commas. Empty: any text.
    pub(in crate::rds) allowed: &'static str,
    pub(in crate::rds) apply: ApplyType,
    /// The value that RDS sets. `None`: the engine's own default, which responses do not have.
    default: Option<&'static str>,
    /// Whether only groups of clusters have it, if the engine is Aurora.
    is_of_cluster: bool,
}

/// When a change takes effect on running databases. `Fixed` parameters cannot be modified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rds) enum ApplyType {
    Dynamic,
    Static,
    Fixed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Engines {
    /// MySQL, and MariaDB, and Aurora MySQL.
    MySql,
    PostgreSql,
    /// Engines without a table of their own here.
    Others,
}

use ApplyType::{Dynamic, Fixed, Static};
use Engines::{MySql, Others, PostgreSql};

/// Memory is in bytes, `{DBInstanceClassMemory}` is a variable of RDS's formulas.
#[rustfmt::skip]
const TABLE: &[Parameter] = &[
    row(MySql, "binlog_format", "string", "ROW,STATEMENT,MIXED", Dynamic, Some("MIXED"), true),
    row(MySql, "character_set_server", "string", "ascii,latin1,utf8mb3,utf8mb4", Dynamic, None, true),
    row(MySql, "event_scheduler", "string", "ON,OFF", Dynamic, None, false),
    row(MySql, "general_log", "boolean", "0,1", Dynamic, None, false),
    row(MySql, "innodb_buffer_pool_size", "integer", "5242880-9223372036854775807", Dynamic, Some("{DBInstanceClassMemory*3/4}"), false),
    row(MySql, "innodb_flush_log_at_trx_commit", "integer", "0-2", Dynamic, Some("1"), false),
    row(MySql, "local_infile", "boolean", "0,1", Dynamic, Some("1"), false),
    row(MySql, "long_query_time", "float", "0-31536000", Dynamic, None, false),
    row(MySql, "lower_case_table_names", "integer", "0,1", Static, None, true),
    row(MySql, "max_allowed_packet", "integer", "1024-1073741824", Dynamic, None, false),
    row(MySql, "max_connections", "integer", "1-100000", Dynamic, Some("{DBInstanceClassMemory/12582880}"), false),
    row(MySql, "performance_schema", "boolean", "0,1", Static, Some("0"), false),
    row(MySql, "port", "integer", "1150-65535", Fixed, Some("{EndPointPort}"), false),
    row(MySql, "require_secure_transport", "boolean", "0,1", Dynamic, Some("0"), true),
    row(MySql, "slow_query_log", "boolean", "0,1", Dynamic, None, false),
    row(MySql, "time_zone", "string", "", Dynamic, None, true),
    row(MySql, "transaction_isolation", "string", "READ-UNCOMMITTED,READ-COMMITTED,REPEATABLE-READ,SERIALIZABLE", Dynamic, None, false),
    row(PostgreSql, "autovacuum", "boolean", "0,1", Dynamic, Some("1"), false),
    row(PostgreSql, "log_min_duration_statement", "integer", "-1-2147483647", Dynamic, None, false),
    row(PostgreSql, "log_statement", "string", "none,ddl,mod,all", Dynamic, None, false),
    row(PostgreSql, "max_connections", "integer", "6-8388607", Static, Some("LEAST({DBInstanceClassMemory/9531392},5000)"), false),
    row(PostgreSql, "port", "integer", "1150-65535", Fixed, Some("{EndPointPort}"), false),
    row(PostgreSql, "rds.force_ssl", "boolean", "0,1", Dynamic, Some("0"), true),
    row(PostgreSql, "rds.logical_replication", "boolean", "0,1", Static, Some("0"), true),
    row(PostgreSql, "session_replication_role", "string", "origin,replica,local", Dynamic, None, false),
    row(PostgreSql, "shared_buffers", "integer", "16-1073741823", Static, Some("{DBInstanceClassMemory/32768}"), false),
    row(PostgreSql, "shared_preload_libraries", "list", "auto_explain,orafce,pg_cron,pg_stat_statements,pgaudit,pglogical", Static, Some("pg_stat_statements"), false),
    row(PostgreSql, "statement_timeout", "integer", "0-2147483647", Dynamic, None, false),
    row(PostgreSql, "timezone", "string", "", Dynamic, Some("UTC"), true),
    row(PostgreSql, "wal_sender_timeout", "integer", "0-3600000", Dynamic, None, true),
    row(PostgreSql, "work_mem", "integer", "64-2147483647", Dynamic, None, false),
    row(Others, "port", "integer", "1150-65535", Fixed, Some("{EndPointPort}"), false),
];

const fn row(
    engines: Engines,
    name: &'static str,
    data_type: &'static str,
    allowed: &'static str,
    apply: ApplyType,
    default: Option<&'static str>,
    is_of_cluster: bool,
) -> Parameter {
    Parameter { engines, name, data_type, allowed, apply, default, is_of_cluster }
}

/// The parameters of a group, in order. Groups of Aurora's instances do not have those of the cluster.
pub(super) fn of(product: Product, is_of_cluster: bool) -> impl Iterator<Item = &'static Parameter> {
    let is_aurora = matches!(product, Product::AuroraMySql | Product::AuroraPostgreSql);
    let engines = match product {
        Product::AuroraMySql | Product::MariaDb | Product::MySql => MySql,
        Product::AuroraPostgreSql | Product::PostgreSql => PostgreSql,
        _ => Others,
    };
    let has = move |parameter: &&Parameter| {
        parameter.engines == engines && (is_of_cluster || !is_aurora || !parameter.is_of_cluster)
    };
    TABLE.iter().filter(has)
}

impl Parameter {
    /// "the default value of the rds.force_ssl parameter is 1 (on) for RDS for PostgreSQL version 15 and later" (RDS User
    /// Guide, "Requiring an SSL connection"); "version 17 and later" for Aurora PostgreSQL.
    pub(super) fn default(&self, family: &str) -> Option<&'static str> {
        let number = family.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
        let first_with_tls = if family.starts_with("aurora") { 17 } else { 15 };
        match self.name {
            "rds.force_ssl" if number >= first_with_tls => Some("1"),
            _ => self.default,
        }
    }

    /// Whether a value is allowed. Numbers may be formulas: `{DBInstanceClassMemory/32768}`.
    pub(super) fn allows(&self, value: &str) -> bool {
        let is_number = matches!(self.data_type, "integer" | "float");
        match self.data_type {
            _ if self.allowed.is_empty() || (is_number && value.contains('{')) => true,
            "list" => value.split(',').all(|part| self.has(part.trim())),
            _ => self.has(value),
        }
    }

    fn has(&self, value: &str) -> bool {
        self.allowed.split(',').any(|allowed| {
            let range = range(allowed).filter(|_| matches!(self.data_type, "integer" | "float"));
            match (range, value.parse::<f64>()) {
                (Some((least, most)), Ok(number)) => (least..=most).contains(&number),
                _ => allowed == value,
            }
        })
    }
}

/// `-1-2147483647`: from -1 to 2147483647.
fn range(text: &str) -> Option<(f64, f64)> {
    let dash = text.get(1..)?.find('-')? + 1;
    Some((text[..dash].parse().ok()?, text[dash + 1..].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_by_the_text_that_responses_have() {
        let parameter = |name: &str| TABLE.iter().rfind(|row| row.name == name).expect("a parameter");
        for (name, value, is_allowed) in [
            ("log_min_duration_statement", "-1", true),
            ("log_min_duration_statement", "-2", false),
            ("work_mem", "64", true),
            ("work_mem", "63", false),
            ("work_mem", "much", false),
            ("shared_buffers", "{DBInstanceClassMemory/16384}", true),
            ("autovacuum", "2", false),
            ("timezone", "Europe/Berlin", true),
            ("shared_preload_libraries", "pgaudit,pg_cron", true),
            ("shared_preload_libraries", "pgaudit,unknown", false),
            ("transaction_isolation", "READ-COMMITTED", true),
            ("long_query_time", "0.5", true),
        ] {
            assert_eq!(parameter(name).allows(value), is_allowed, "{name}={value}");
        }
    }

    #[test]
    fn tls_is_required_by_default_from_postgresql_15() {
        let force = TABLE.iter().find(|row| row.name == "rds.force_ssl").expect("it");
        let defaults = ["postgres14", "postgres15", "postgres17", "aurora-postgresql16", "aurora-postgresql17"];
        let values = defaults.map(|family| force.default(family).expect("a default"));
        assert_eq!(values, ["0", "1", "1", "0", "1"]);
    }
}
