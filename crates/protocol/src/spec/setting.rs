//! The table of all settings: what AWS calls each, where it is given, how it is compared, and how it is written.

use std::fmt;

use super::value::Type;
use crate::{Engine, Kind};

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key in the text form. Never changed: copies of years ago have it.
    pub key: &'static str,
    /// AWS's parameter of the restore, of `Create…` for a member, or of `Modify…`. Where `Modify…` has another name, the comment says so.
    pub parameter: &'static str,
    /// The type of its value.
    pub value: Type,
    /// Where it is given for an instance that is restored.
    pub instance: Given,
    /// Where it is given for an Aurora cluster that is restored.
    pub aurora_cluster: Given,
    /// Where it is given for a Multi-AZ cluster that is restored.
    pub multi_az_cluster: Given,
    /// Where it is given for a member of an Aurora cluster.
    pub member: Given,
    /// When the value that is there counts as the one that is wanted.
    pub compared: Compared,
    /// Whether it can be used in another account or region.
    pub reach: Reach,
    /// Whether it is written before the members. The others follow after them, so that members never give way to them.
    pub is_essential: bool,
}

/// Where a setting is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    /// Nowhere: AWS does not have it for this target.
    No,
    /// In the request that restores the database. `Modify…` can change it later.
    Restore,
    /// In the request that restores the database. `Modify…` does not have it.
    RestoreOnly,
    /// In the request that creates the member.
    Create,
    /// By `Modify…` afterwards. The restore from a snapshot does not have it.
    Modify,
    /// By no request of Draco's: it is reported, and a person does it.
    Report,
}

/// What a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An instance that is not in a cluster.
    Instance,
    /// A cluster whose members are created one by one: of Aurora, DocumentDB or Neptune.
    AuroraCluster,
    /// A cluster of an engine of RDS, whose members RDS creates and deletes with it.
    MultiAzCluster,
    /// An instance in an Aurora cluster.
    Member,
}

impl Target {
    /// What a database of this kind and engine is.
    #[must_use]
    pub fn of(kind: Kind, engine: &str) -> Self {
        match (kind, Engine::parse(engine)) {
            (Kind::Instance, _) => Self::Instance,
            (Kind::Cluster, Engine::Rds) => Self::MultiAzCluster,
            (Kind::Cluster, Engine::Aurora | Engine::DocumentDb | Engine::Neptune) => Self::AuroraCluster,
        }
    }

    /// What has settings in such a database: itself, and its members.
    #[must_use]
    pub fn parts(self) -> &'static [Self] {
        match self {
            Self::Instance => &[Self::Instance],
            Self::AuroraCluster => &[Self::AuroraCluster, Self::Member],
            Self::MultiAzCluster => &[Self::MultiAzCluster],
            Self::Member => &[Self::Member],
        }
    }

    /// Whether a job can choose a setting of such a database or of its members.
    #[must_use]
    pub fn can_have(self, setting: Setting) -> bool {
        self.parts().iter().any(|part| !matches!(setting.row().given(*part), Given::No | Given::Report))
    }
}

/// For a person: "an Aurora cluster".
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instance => "an instance",
            Self::AuroraCluster => "an Aurora cluster",
            Self::MultiAzCluster => "a Multi-AZ cluster",
            Self::Member => "an instance in a cluster",
        })
    }
}

/// When the value that is there counts as the one that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// If both are equal.
    Equal,
    /// If it is as high at least: storage cannot shrink, and AWS may have enlarged it.
    AtLeast,
    /// Always: AWS chooses it again, or it is not given.
    Never,
}

/// Whether a value that was read in one account and region can be used in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It can: it is a number, a choice, or a name that is looked up there.
    Anywhere,
    /// It cannot: it is a resource of that account and region, or opens the database to its network. DR shows it, and never applies it.
    Home,
}

impl Row {
    /// Where it is given for this target.
    #[must_use]
    pub fn given(&self, target: Target) -> Given {
        match target {
            Target::Instance => self.instance,
            Target::AuroraCluster => self.aurora_cluster,
            Target::MultiAzCluster => self.multi_az_cluster,
            Target::Member => self.member,
        }
    }
}

/// Defines the settings and their rows in one place, so that neither can be without the other.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident $key:literal $parameter:literal $type:ident
        $instance:ident $aurora_cluster:ident $multi_az_cluster:ident $member:ident $compared:ident $reach:ident $essential:literal;)*) => {
        /// A setting of a database, of a cluster, or of a member of a cluster. Ordered by importance.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Setting {
            $($(#[$doc])* $name,)*
        }

        impl Setting {
            /// The one with this key.
            #[must_use]
            pub fn with_key(key: &str) -> Option<Self> {
                Self::ALL.iter().find(|setting| setting.row().key == key).copied()
            }

            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its row.
            #[must_use]
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        key: $key,
                        parameter: $parameter,
                        value: Type::$type,
                        instance: Given::$instance,
                        aurora_cluster: Given::$aurora_cluster,
                        multi_az_cluster: Given::$multi_az_cluster,
                        member: Given::$member,
                        compared: Compared::$compared,
                        reach: Reach::$reach,
                        is_essential: $essential,
                    },)*
                }
            }
        }
    };
}

// "Valid for: Aurora DB clusters only" or "Multi-AZ DB clusters only" in AWS's reference decides between the two columns of clusters. Of
// Aurora, what AWS describes of the members only is theirs: `AutoMinorVersionUpgrade`, `PubliclyAccessible`.
//
// setting key parameter type | instance, Aurora cluster, Multi-AZ cluster, member | compared reach essential
settings! {
    /// The class of an instance.
    Class "class" "DBInstanceClass" Name                                 Restore     No          No          Create Equal   Anywhere true;
    /// The class of the instances of a Multi-AZ cluster.
    ClusterClass "cclass" "DBClusterInstanceClass" Name                  No          No          Restore     No     Equal   Anywhere true;
    /// The lowest capacity of serverless members, in ACUs. A part of `ServerlessV2ScalingConfiguration`.
    ServerlessMin "acumin" "MinCapacity" Capacity                        No          Restore     No          No     Equal   Anywhere true;
    /// The highest capacity of serverless members.
    ServerlessMax "acumax" "MaxCapacity" Capacity                        No          Restore     No          No     Equal   Anywhere true;
    /// After how many idle seconds serverless members pause.
    ServerlessPause "acupause" "SecondsUntilAutoPause" Number            No          Restore     No          No     Equal   Anywhere true;
    /// The type of the storage: `gp3`, `io2`, `aurora-iopt1`.
    StorageType "type" "StorageType" Name                                Restore     Restore     Restore     No     Equal   Anywhere true;
    /// The storage in GiB. That of a Multi-AZ cluster comes with the snapshot.
    AllocatedStorage "gib" "AllocatedStorage" Number                     Restore     No          Modify      No     AtLeast Anywhere true;
    /// The I/O operations per second.
    Iops "iops" "Iops" Number                                            Restore     No          Restore     No     Equal   Anywhere true;
    /// The throughput of the storage in MiB/s.
    StorageThroughput "mibps" "StorageThroughput" Number                 Restore     No          No          No     Equal   Anywhere true;
    /// To how many GiB AWS may enlarge the storage. A restore to a point in time has it, a restore from a snapshot does not.
    MaxAllocatedStorage "maxgib" "MaxAllocatedStorage" Number            Modify      No          No          No     Equal   Anywhere true;
    /// Whether the transaction log has a volume of its own.
    DedicatedLogVolume "logvol" "DedicatedLogVolume" Flag                Restore     No          No          No     Equal   Anywhere true;
    /// Whether there is a standby in another zone.
    MultiAz "maz" "MultiAZ" Flag                                         Restore     No          No          No     Equal   Anywhere true;
    /// The port. `ModifyDBInstance` calls it `DBPortNumber`.
    Port "port" "Port" Number                                            Restore     Restore     RestoreOnly No     Equal   Anywhere true;
    /// The parameter group for instances.
    ParameterGroup "pg" "DBParameterGroupName" Name                      Restore     No          No          Create Equal   Anywhere true;
    /// The parameter group for clusters.
    ClusterParameterGroup "cpg" "DBClusterParameterGroupName" Name       No          Restore     Restore     No     Equal   Anywhere true;
    /// The option group.
    OptionGroup "og" "OptionGroupName" Name                              Restore     Restore     Restore     No     Equal   Anywhere true;
    /// Whether IAM users can log in.
    IamAuthentication "iam" "EnableIAMDatabaseAuthentication" Flag       Restore     Restore     Restore     No     Equal   Anywhere true;
    /// Whether RDS keeps the master user's password in Secrets Manager.
    ManagedPassword "mpw" "ManageMasterUserPassword" Flag                Modify      Modify      Modify      No     Equal   Anywhere true;
    /// Whether it is protected from deletion.
    DeletionProtection "protect" "DeletionProtection" Flag               Restore     Restore     Restore     No     Equal   Anywhere true;
    /// For how many days automated backups are kept. 0: there are none.
    BackupRetention "keep" "BackupRetentionPeriod" Number                Restore     Restore     Restore     No     Equal   Anywhere true;
    /// The priority of a member when the writer fails.
    PromotionTier "tier" "PromotionTier" Number                          No          No          No          Create Equal   Anywhere true;
    /// The licence: `license-included`, `bring-your-own-license`.
    LicenseModel "lic" "LicenseModel" Name                               Restore     No          No          No     Equal   Anywhere true;
    /// Cores and threads: `coreCount`, `threadsPerCore`.
    ProcessorFeatures "cpu" "ProcessorFeatures" Pairs                    Restore     No          No          No     Equal   Anywhere true;
    /// The mode of an Aurora engine: `provisioned`.
    EngineMode "mode" "EngineMode" Name                                  No          RestoreOnly No          No     Equal   Anywhere true;
    /// For how many seconds Aurora MySQL can be rewound in place.
    BacktrackWindow "back" "BacktrackWindow" Number                      No          Restore     No          No     Equal   Anywhere false;
    /// The logs that are exported to CloudWatch. `Modify…` calls it `CloudwatchLogsExportConfiguration`.
    LogExports "logs" "EnableCloudwatchLogsExports" Names                Restore     Restore     Restore     No     Equal   Anywhere false;
    /// Whether snapshots get the tags of the database.
    CopyTagsToSnapshot "ctags" "CopyTagsToSnapshot" Flag                 Restore     Restore     Restore     No     Equal   Anywhere false;
    /// When the automated backup is taken: `03:05-03:35`.
    BackupWindow "bwin" "PreferredBackupWindow" Name                     Restore     Restore     Restore     No     Equal   Anywhere false;
    /// When maintenance may take place: `sun:05:00-sun:05:30`.
    MaintenanceWindow "mwin" "PreferredMaintenanceWindow" Name           Modify      Modify      Modify      Create Equal   Anywhere false;
    /// Whether AWS upgrades to new minor versions.
    AutoMinorUpgrade "minor" "AutoMinorVersionUpgrade" Flag              Restore     No          Modify      Create Equal   Anywhere false;
    /// Whether paid extended support is used: `open-source-rds-extended-support-disabled`.
    LifecycleSupport "els" "EngineLifecycleSupport" Name                 Restore     Restore     Restore     No     Equal   Anywhere false;
    /// The certificate authority: `rds-ca-rsa2048-g1`.
    CertificateAuthority "ca" "CACertificateIdentifier" Name             Restore     No          Modify      Create Equal   Anywhere false;
    /// `IPV4` or `DUAL`. `DUAL` needs subnets that have both.
    NetworkType "net" "NetworkType" Name                                 Restore     Restore     No          No     Equal   Home     false;
    /// Whether readers forward writes to the writer.
    LocalWriteForwarding "lwf" "EnableLocalWriteForwarding" Flag         No          Modify      No          No     Equal   Anywhere false;
    /// `standard` or `advanced`.
    InsightsMode "dbi" "DatabaseInsightsMode" Name                       Modify      Modify      Modify      No     Equal   Anywhere false;
    // The restores of clusters have parameters for these five. Users report that AWS refuses them, whatever their values, "only when restoring
    // from a source Aurora Limitless DB cluster" (github.com/boto/boto3/issues/4634). Monitoring is "Valid for Cluster Type: Multi-AZ DB clusters
    // only" in `ModifyDBCluster`; of Aurora, the members have it.
    /// Whether Performance Insights is on.
    PerformanceInsights "pi" "EnablePerformanceInsights" Flag            Modify      Modify      Modify      Create Equal   Anywhere false;
    /// For how many days Performance Insights keeps its data.
    InsightsRetention "pidays" "PerformanceInsightsRetentionPeriod" Number Modify      Modify      Modify      Create Equal   Anywhere false;
    /// The key of Performance Insights. It cannot be changed.
    InsightsKey "pikey" "PerformanceInsightsKMSKeyId" Name               Modify      Modify      Modify      Create Never   Home     false;
    /// The seconds between the samples of Enhanced Monitoring. 0: it is off.
    MonitoringInterval "mon" "MonitoringInterval" Number                 Modify      Report      Modify      Create Equal   Home     false;
    /// The role of Enhanced Monitoring. Above 0, the interval needs it.
    MonitoringRole "monrole" "MonitoringRoleArn" Name                    Modify      Report      Modify      Create Equal   Home     false;
    /// Whether it has a public address.
    PubliclyAccessible "public" "PubliclyAccessible" Flag                Restore     No          RestoreOnly Create Equal   Home     false;
    /// The zone of an instance that has no standby.
    AvailabilityZone "az" "AvailabilityZone" Name                        RestoreOnly No          No          Create Never   Home     false;
    /// The zones of a cluster's storage. A restore to a point in time does not have it.
    AvailabilityZones "azs" "AvailabilityZones" Names                    No          RestoreOnly No          No     Never   Home     false;
    /// The subnet group.
    SubnetGroup "subnets" "DBSubnetGroupName" Name                       Restore     RestoreOnly RestoreOnly No     Equal   Home     false;
    /// The security groups.
    SecurityGroups "sg" "VpcSecurityGroupIds" Names                      Restore     Restore     Restore     No     Equal   Home     false;
    /// The key of the managed password's secret. It cannot be changed.
    PasswordKey "mpwkey" "MasterUserSecretKmsKeyId" Name                 Modify      Modify      Modify      No     Never   Home     false;
    /// The directory of AWS, in which users are.
    Domain "dom" "Domain" Name                                           Restore     Restore     No          No     Equal   Home     false;
    /// The role for calls to that directory.
    DomainRole "domrole" "DomainIAMRoleName" Name                        Restore     Restore     No          No     Equal   Home     false;
    /// The name of a directory of the user's own.
    DomainFqdn "domfqdn" "DomainFqdn" Name                               Restore     No          No          No     Equal   Home     false;
    /// The organisational unit in it.
    DomainUnit "domou" "DomainOu" Name                                   Restore     No          No          No     Equal   Home     false;
    /// The secret of a user who may join it.
    DomainSecret "domsec" "DomainAuthSecretArn" Name                     Restore     No          No          No     Equal   Home     false;
    /// The addresses of its domain controllers.
    DomainDnsIps "domdns" "DomainDnsIps" Names                           Restore     No          No          No     Equal   Home     false;
    /// Where backups are stored: `region`, `outposts`, `local`.
    BackupTarget "btarget" "BackupTarget" Name                           RestoreOnly No          No          No     Equal   Home     false;
    /// Whether an instance on an outpost has an address of the customer's.
    CustomerOwnedIp "coip" "EnableCustomerOwnedIp" Flag                  Restore     No          No          No     Equal   Home     false;
    /// The additional storage volumes of Oracle and SQL Server, each with its type and size. Those of the source come with its snapshot.
    AdditionalVolumes "vols" "AdditionalStorageVolumes" Pairs            Report      No          No          No     Never   Anywhere false;
    /// Whether the Data API is on. For other clusters than Serverless v1, the operation `EnableHttpEndpoint` is needed.
    HttpEndpoint "http" "EnableHttpEndpoint" Flag                        No          Report      No          No     Never   Anywhere false;
    /// The roles that the engine uses, each with its feature. `AddRoleToDBInstance` and `AddRoleToDBCluster` add them.
    Roles "roles" "AssociatedRoles" Pairs                                Report      Report      Report      Report Never   Home     false;
}
