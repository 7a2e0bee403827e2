//! Database engines and their default properties.

use crate::call::Error;

use super::kind::Kind;

pub(super) struct Engine {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) port: u32,
    pub(super) license: &'static str,
    supported_kinds: SupportedKinds,
}

/// The kinds of databases that an engine supports.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SupportedKinds {
    Instances,
    /// Clusters whose storage grows automatically: Aurora, DocumentDB, Neptune.
    Clusters,
    /// Instances, and Multi-AZ clusters, with allocated storage.
    Both,
}

const ENGINES: [Engine; 11] = [
    engine("postgres", "16.4", 5432, "postgresql-license", SupportedKinds::Both),
    engine("mysql", "8.0.39", 3306, "general-public-license", SupportedKinds::Both),
    engine("mariadb", "10.11.9", 3306, "general-public-license", SupportedKinds::Instances),
    engine(
        "oracle-ee",
        "19.0.0.0.ru-2024-07.rur-2024-07.r1",
        1521,
        "bring-your-own-license",
        SupportedKinds::Instances,
    ),
    engine("oracle-se2", "19.0.0.0.ru-2024-07.rur-2024-07.r1", 1521, "license-included", SupportedKinds::Instances),
    engine("sqlserver-ex", "15.00.4385.2.v1", 1433, "license-included", SupportedKinds::Instances),
    engine("sqlserver-se", "15.00.4385.2.v1", 1433, "license-included", SupportedKinds::Instances),
    engine("aurora-postgresql", "16.4", 5432, "postgresql-license", SupportedKinds::Clusters),
    engine("aurora-mysql", "8.0.mysql_aurora.3.07.1", 3306, "general-public-license", SupportedKinds::Clusters),
    engine("docdb", "5.0.0", 27017, "na", SupportedKinds::Clusters),
    engine("neptune", "1.3.2.1", 8182, "amazon-license", SupportedKinds::Clusters),
];

const fn engine(
    name: &'static str,
    version: &'static str,
    port: u32,
    license: &'static str,
    supported_kinds: SupportedKinds,
) -> Engine {
    Engine { name, version, port, license, supported_kinds }
}

impl Engine {
    pub(super) fn find(name: &str, kind: Kind) -> Result<&'static Self, Error> {
        let engine = ENGINES.iter().find(|engine| engine.name == name);
        engine.filter(|engine| engine.supports(kind)).ok_or_else(|| {
            Error::new("InvalidParameterValue", format!("Invalid DB engine: {name} for a {}", kind.spelling().database))
        })
    }

    /// Whether databases of this engine have allocated storage.
    pub(super) fn has_fixed_storage(&self) -> bool {
        self.supported_kinds != SupportedKinds::Clusters
    }

    fn supports(&self, kind: Kind) -> bool {
        match self.supported_kinds {
            SupportedKinds::Instances => kind == Kind::Instance,
            SupportedKinds::Clusters => kind == Kind::Cluster,
            SupportedKinds::Both => true,
        }
    }
}
