//! Database engines and their default properties: all that `CreateDBInstance` and `CreateDBCluster` list, and DocumentDB
//! and Neptune, whose clusters have the same API.

use super::kind::Kind;
use crate::call::Error;

pub(super) struct Engine {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) port: u32,
    pub(super) license: &'static str,
    pub(super) product: Product,
    supported_kinds: SupportedKinds,
}

/// The product that an engine is an edition of. Limits are stated for products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    AuroraMySql,
    AuroraPostgreSql,
    CustomOracle,
    CustomSqlServer,
    Db2,
    DocumentDb,
    MariaDb,
    MySql,
    Neptune,
    Oracle,
    PostgreSql,
    SqlServer,
}

/// The kinds of databases that an engine supports.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SupportedKinds {
    Instances,
    /// Clusters whose storage grows automatically: Aurora, DocumentDB, Neptune.
    Clusters,
    /// Instances, and Multi-AZ clusters, with allocated storage. "Multi-AZ DB clusters aren't available with the
    /// following engines: RDS for Db2, RDS for MariaDB, RDS for Oracle, RDS for SQL Server" (RDS's guide).
    Both,
}

const LICENSE_INCLUDED: &str = "license-included";
const OWN_LICENSE: &str = "bring-your-own-license";
const ORACLE: &str = "19.0.0.0.ru-2024-07.rur-2024-07.r1";
const SQL_SERVER: &str = "15.00.4385.2.v1";
/// RDS Custom has no default version: a custom engine version must exist.
const CUSTOM: &str = "";

use Product::*;
use SupportedKinds::{Both, Clusters, Instances};

/// The licences are those of `LicenseModel` in the API reference. Oracle's Enterprise Edition has only the customer's.
const ENGINES: [Engine; 26] = [
    engine("aurora-mysql", "8.0.mysql_aurora.3.07.1", 3306, "general-public-license", AuroraMySql, Clusters),
    engine("aurora-postgresql", "16.4", 5432, "postgresql-license", AuroraPostgreSql, Clusters),
    engine("custom-oracle-ee", CUSTOM, 1521, OWN_LICENSE, CustomOracle, Instances),
    engine("custom-oracle-ee-cdb", CUSTOM, 1521, OWN_LICENSE, CustomOracle, Instances),
    engine("custom-oracle-se2", CUSTOM, 1521, OWN_LICENSE, CustomOracle, Instances),
    engine("custom-oracle-se2-cdb", CUSTOM, 1521, OWN_LICENSE, CustomOracle, Instances),
    engine("custom-sqlserver-dev", CUSTOM, 1433, OWN_LICENSE, CustomSqlServer, Instances),
    engine("custom-sqlserver-ee", SQL_SERVER, 1433, LICENSE_INCLUDED, CustomSqlServer, Instances),
    engine("custom-sqlserver-se", SQL_SERVER, 1433, LICENSE_INCLUDED, CustomSqlServer, Instances),
    engine("custom-sqlserver-web", SQL_SERVER, 1433, LICENSE_INCLUDED, CustomSqlServer, Instances),
    engine("db2-ae", "11.5.9.0.sb00000000.r1", 50000, OWN_LICENSE, Db2, Instances),
    engine("db2-se", "11.5.9.0.sb00000000.r1", 50000, OWN_LICENSE, Db2, Instances),
    engine("docdb", "5.0.0", 27017, "na", DocumentDb, Clusters),
    engine("mariadb", "10.11.9", 3306, "general-public-license", MariaDb, Instances),
    engine("mysql", "8.0.39", 3306, "general-public-license", MySql, Both),
    engine("neptune", "1.3.2.1", 8182, "amazon-license", Neptune, Clusters),
    engine("oracle-ee", ORACLE, 1521, OWN_LICENSE, Oracle, Instances),
    engine("oracle-ee-cdb", ORACLE, 1521, OWN_LICENSE, Oracle, Instances),
    engine("oracle-se2", ORACLE, 1521, LICENSE_INCLUDED, Oracle, Instances),
    engine("oracle-se2-cdb", ORACLE, 1521, LICENSE_INCLUDED, Oracle, Instances),
    engine("postgres", "16.4", 5432, "postgresql-license", PostgreSql, Both),
    engine("sqlserver-dev-ee", SQL_SERVER, 1433, OWN_LICENSE, SqlServer, Instances),
    engine("sqlserver-ee", SQL_SERVER, 1433, LICENSE_INCLUDED, SqlServer, Instances),
    engine("sqlserver-ex", SQL_SERVER, 1433, LICENSE_INCLUDED, SqlServer, Instances),
    engine("sqlserver-se", SQL_SERVER, 1433, LICENSE_INCLUDED, SqlServer, Instances),
    engine("sqlserver-web", SQL_SERVER, 1433, LICENSE_INCLUDED, SqlServer, Instances),
];

const fn engine(
    name: &'static str,
    version: &'static str,
    port: u32,
    license: &'static str,
    product: Product,
    supported_kinds: SupportedKinds,
) -> Engine {
    Engine { name, version, port, license, product, supported_kinds }
}

impl Engine {
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        ENGINES.iter()
    }

    /// Whether databases of this kind can have parameter groups of this engine. Instances of Aurora have them besides
    /// those of their cluster. "This setting doesn't apply to RDS Custom" (`DBParameterGroupName`).
    pub(super) fn has_parameter_groups(&self, kind: Kind) -> bool {
        !self.product.is_custom() && (kind == Kind::Instance || self.supports(Kind::Cluster))
    }

    pub(super) fn find(name: &str, kind: Kind) -> Result<&'static Self, Error> {
        let engine = ENGINES.iter().find(|engine| engine.name == name);
        engine.filter(|engine| engine.supports(kind)).ok_or_else(|| {
            Error::new("InvalidParameterValue", format!("Invalid DB engine: {name} for a {}", kind.spelling().database))
        })
    }

    /// The major version: of PostgreSQL `16`, of MySQL `8.0`, of Aurora MySQL `8.0`. An upgrade to another one must be allowed.
    pub(super) fn major_version<'v>(&self, version: &'v str) -> &'v str {
        let parts = match self.product {
            Product::AuroraPostgreSql | Product::PostgreSql | Product::Oracle | Product::CustomOracle => 1,
            _ => 2,
        };
        version.match_indices('.').nth(parts - 1).map_or(version, |(end, _)| version.get(..end).unwrap_or(version))
    }

    /// Whether databases of this engine have allocated storage.
    pub(super) fn has_fixed_storage(&self) -> bool {
        self.supported_kinds != SupportedKinds::Clusters
    }

    /// The engine of this name, for databases of any kind.
    pub(super) fn named(name: &str) -> Result<&'static Self, Error> {
        let engine = ENGINES.iter().find(|engine| engine.name == name);
        engine.ok_or_else(|| Error::new("InvalidParameterValue", format!("Invalid DB engine: {name}")))
    }

    pub(super) fn supports(&self, kind: Kind) -> bool {
        match self.supported_kinds {
            SupportedKinds::Instances => kind == Kind::Instance,
            SupportedKinds::Clusters => kind == Kind::Cluster,
            SupportedKinds::Both => true,
        }
    }
}

impl Product {
    /// The log types that can be exported: `EnableCloudwatchLogsExports` in the API reference. "This setting doesn't
    /// apply to … RDS Custom". The guides of DocumentDB and Neptune list theirs.
    pub(super) fn logs(self, kind: Kind) -> &'static [&'static str] {
        match (self, kind) {
            (Self::AuroraMySql, _) => &["audit", "error", "general", "instance", "slowquery", "iam-db-auth-error"],
            (Self::AuroraPostgreSql, _) => &["instance", "postgresql", "iam-db-auth-error"],
            (Self::CustomOracle | Self::CustomSqlServer, _) => &[],
            (Self::Db2, _) => &["diag.log", "notify.log", "iam-db-auth-error"],
            (Self::DocumentDb, _) => &["audit", "profiler"],
            (Self::MySql, Kind::Cluster) => &["error", "general", "slowquery", "iam-db-auth-error"],
            (Self::MariaDb | Self::MySql, _) => &["audit", "error", "general", "slowquery", "iam-db-auth-error"],
            (Self::Neptune, _) => &["audit", "slowquery"],
            (Self::Oracle, _) => &["alert", "audit", "listener", "trace", "oemagent"],
            (Self::PostgreSql, _) => &["postgresql", "upgrade", "iam-db-auth-error"],
            (Self::SqlServer, _) => &["agent", "error"],
        }
    }

    /// The longest master password: `MasterUserPassword` in the API references of RDS and DocumentDB.
    pub(super) fn longest_password(self, kind: Kind) -> usize {
        match (self, kind) {
            (Self::DocumentDb, _) => 100,
            (_, Kind::Cluster) | (Self::MariaDb | Self::MySql, _) => 41,
            (Self::Db2, _) => 255,
            (Self::Oracle | Self::CustomOracle, _) => 30,
            _ => 128,
        }
    }

    /// "IAM database authentication works with MariaDB, MySQL, and PostgreSQL" (RDS's guide), with Aurora, and with
    /// Neptune.
    pub(super) fn has_iam_authentication(self) -> bool {
        use Product::{AuroraMySql, AuroraPostgreSql, MariaDb, MySql, Neptune, PostgreSql};
        matches!(self, AuroraMySql | AuroraPostgreSql | MariaDb | MySql | Neptune | PostgreSql)
    }

    pub(super) fn is_custom(self) -> bool {
        matches!(self, Self::CustomOracle | Self::CustomSqlServer)
    }
}
