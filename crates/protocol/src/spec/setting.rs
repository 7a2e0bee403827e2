//! The table of all settings: what AWS calls each, where it is given, how it is compared, and how it is written.

use super::value::Type;

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
    /// Where it is given for a cluster that is restored.
    pub cluster: Given,
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
    /// A cluster.
    Cluster,
    /// An instance in an Aurora cluster.
    Member,
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
            Target::Cluster => self.cluster,
            Target::Member => self.member,
        }
    }
}

/// Defines the settings and their rows in one place, so that neither can be without the other.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident $key:literal $parameter:literal $type:ident
        $instance:ident $cluster:ident $member:ident $compared:ident $reach:ident $essential:literal;)*) => {
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
                        cluster: Given::$cluster,
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

// setting key parameter type | instance cluster member | compared reach essential
settings! {
    /// The class of an instance.
    Class "class" "DBInstanceClass" Name                                Restore     No          Create Equal   Anywhere true;
    /// The class of the instances of a Multi-AZ cluster.
    ClusterClass "cclass" "DBClusterInstanceClass" Name                 No          Restore     No     Equal   Anywhere true;
    /// The lowest capacity of serverless members, in ACUs. A part of `ServerlessV2ScalingConfiguration`.
    ServerlessMin "acumin" "MinCapacity" Capacity                       No          Restore     No     Equal   Anywhere true;
    /// The highest capacity of serverless members.
    ServerlessMax "acumax" "MaxCapacity" Capacity                       No          Restore     No     Equal   Anywhere true;
    /// After how many idle seconds serverless members pause.
    ServerlessPause "acupause" "SecondsUntilAutoPause" Number           No          Restore     No     Equal   Anywhere true;
    /// The type of the storage: `gp3`, `io2`, `aurora-iopt1`.
    StorageType "type" "StorageType" Name                               Restore     Restore     No     Equal   Anywhere true;
    /// The storage in GiB. That of a Multi-AZ cluster comes with the snapshot.
    AllocatedStorage "gib" "AllocatedStorage" Number                    Restore     Modify      No     AtLeast Anywhere true;
    /// The I/O operations per second.
    Iops "iops" "Iops" Number                                           Restore     Restore     No     Equal   Anywhere true;
    /// The throughput of the storage in MiB/s.
    StorageThroughput "mibps" "StorageThroughput" Number                Restore     No          No     Equal   Anywhere true;
    /// To how many GiB AWS may enlarge the storage. A restore to a point in time has it, a restore from a snapshot does not.
    MaxAllocatedStorage "maxgib" "MaxAllocatedStorage" Number           Modify      No          No     Equal   Anywhere true;
    /// Whether the transaction log has a volume of its own.
    DedicatedLogVolume "logvol" "DedicatedLogVolume" Flag               Restore     No          No     Equal   Anywhere true;
    /// Whether there is a standby in another zone.
    MultiAz "maz" "MultiAZ" Flag                                        Restore     No          No     Equal   Anywhere true;
    /// The port. `ModifyDBInstance` calls it `DBPortNumber`.
    Port "port" "Port" Number                                           Restore     Restore     No     Equal   Anywhere true;
    /// The parameter group for instances.
    ParameterGroup "pg" "DBParameterGroupName" Name                     Restore     No          Create Equal   Anywhere true;
    /// The parameter group for clusters.
    ClusterParameterGroup "cpg" "DBClusterParameterGroupName" Name      No          Restore     No     Equal   Anywhere true;
    /// The option group.
    OptionGroup "og" "OptionGroupName" Name                             Restore     Restore     No     Equal   Anywhere true;
    /// Whether IAM users can log in.
    IamAuthentication "iam" "EnableIAMDatabaseAuthentication" Flag      Restore     Restore     No     Equal   Anywhere true;
    /// Whether RDS keeps the master user's password in Secrets Manager.
    ManagedPassword "mpw" "ManageMasterUserPassword" Flag               Modify      Modify      No     Equal   Anywhere true;
    /// Whether it is protected from deletion.
    DeletionProtection "protect" "DeletionProtection" Flag              Restore     Restore     No     Equal   Anywhere true;
    /// For how many days automated backups are kept. 0: there are none.
    BackupRetention "keep" "BackupRetentionPeriod" Number               Restore     Restore     No     Equal   Anywhere true;
    /// The priority of a member when the writer fails.
    PromotionTier "tier" "PromotionTier" Number                         No          No          Create Equal   Anywhere true;
    /// The licence: `license-included`, `bring-your-own-license`.
    LicenseModel "lic" "LicenseModel" Name                              Restore     No          No     Equal   Anywhere true;
    /// Cores and threads: `coreCount`, `threadsPerCore`.
    ProcessorFeatures "cpu" "ProcessorFeatures" Pairs                   Restore     No          No     Equal   Anywhere true;
    /// The mode of an Aurora engine: `provisioned`.
    EngineMode "mode" "EngineMode" Name                                 No          RestoreOnly No     Equal   Anywhere true;
    /// For how many seconds Aurora MySQL can be rewound in place.
    BacktrackWindow "back" "BacktrackWindow" Number                     No          Restore     No     Equal   Anywhere false;
    /// The logs that are exported to CloudWatch. `Modify…` calls it `CloudwatchLogsExportConfiguration`.
    LogExports "logs" "EnableCloudwatchLogsExports" Names               Restore     Restore     No     Equal   Anywhere false;
    /// Whether snapshots get the tags of the database.
    CopyTagsToSnapshot "ctags" "CopyTagsToSnapshot" Flag                Restore     Restore     No     Equal   Anywhere false;
    /// When the automated backup is taken: `03:05-03:35`.
    BackupWindow "bwin" "PreferredBackupWindow" Name                    Restore     Restore     No     Equal   Anywhere false;
    /// When maintenance may take place: `sun:05:00-sun:05:30`.
    MaintenanceWindow "mwin" "PreferredMaintenanceWindow" Name          Modify      Modify      Create Equal   Anywhere false;
    /// Whether AWS upgrades to new minor versions.
    AutoMinorUpgrade "minor" "AutoMinorVersionUpgrade" Flag             Restore     Modify      Create Equal   Anywhere false;
    /// Whether paid extended support is used: `open-source-rds-extended-support-disabled`.
    LifecycleSupport "els" "EngineLifecycleSupport" Name                Restore     Restore     No     Equal   Anywhere false;
    /// The certificate authority: `rds-ca-rsa2048-g1`.
    CertificateAuthority "ca" "CACertificateIdentifier" Name            Restore     Modify      Create Equal   Anywhere false;
    /// `IPV4` or `DUAL`. `DUAL` needs subnets that have both.
    NetworkType "net" "NetworkType" Name                                Restore     Restore     No     Equal   Home     false;
    /// Whether readers forward writes to the writer.
    LocalWriteForwarding "lwf" "EnableLocalWriteForwarding" Flag        No          Modify      No     Equal   Anywhere false;
    /// `standard` or `advanced`.
    InsightsMode "dbi" "DatabaseInsightsMode" Name                      Modify      Modify      No     Equal   Anywhere false;
    /// Whether Performance Insights is on.
    PerformanceInsights "pi" "EnablePerformanceInsights" Flag           Modify      Restore     Create Equal   Anywhere false;
    /// For how many days Performance Insights keeps its data.
    InsightsRetention "pidays" "PerformanceInsightsRetentionPeriod" Number Modify   Restore     Create Equal   Anywhere false;
    /// The key of Performance Insights. It cannot be changed.
    InsightsKey "pikey" "PerformanceInsightsKMSKeyId" Name              Modify      RestoreOnly Create Never   Home     false;
    /// The seconds between the samples of Enhanced Monitoring. 0: it is off.
    MonitoringInterval "mon" "MonitoringInterval" Number                Modify      Restore     Create Equal   Home     false;
    /// The role of Enhanced Monitoring. Above 0, the interval needs it.
    MonitoringRole "monrole" "MonitoringRoleArn" Name                   Modify      Restore     Create Equal   Home     false;
    /// Whether it has a public address.
    PubliclyAccessible "public" "PubliclyAccessible" Flag               Restore     RestoreOnly Create Equal   Home     false;
    /// The zone of an instance that has no standby.
    AvailabilityZone "az" "AvailabilityZone" Name                       RestoreOnly No          Create Never   Home     false;
    /// The zones of a cluster's storage. A restore to a point in time does not have it.
    AvailabilityZones "azs" "AvailabilityZones" Names                   No          RestoreOnly No     Never   Home     false;
    /// The subnet group.
    SubnetGroup "subnets" "DBSubnetGroupName" Name                      Restore     RestoreOnly No     Equal   Home     false;
    /// The security groups.
    SecurityGroups "sg" "VpcSecurityGroupIds" Names                     Restore     Restore     No     Equal   Home     false;
    /// The key of the managed password's secret. It cannot be changed.
    PasswordKey "mpwkey" "MasterUserSecretKmsKeyId" Name                Modify      Modify      No     Never   Home     false;
    /// The directory of AWS, in which users are.
    Domain "dom" "Domain" Name                                          Restore     Restore     No     Equal   Home     false;
    /// The role for calls to that directory.
    DomainRole "domrole" "DomainIAMRoleName" Name                       Restore     Restore     No     Equal   Home     false;
    /// The name of a directory of the user's own.
    DomainFqdn "domfqdn" "DomainFqdn" Name                              Restore     No          No     Equal   Home     false;
    /// The organisational unit in it.
    DomainUnit "domou" "DomainOu" Name                                  Restore     No          No     Equal   Home     false;
    /// The secret of a user who may join it.
    DomainSecret "domsec" "DomainAuthSecretArn" Name                    Restore     No          No     Equal   Home     false;
    /// The addresses of its domain controllers.
    DomainDnsIps "domdns" "DomainDnsIps" Names                          Restore     No          No     Equal   Home     false;
    /// Where backups are stored: `region`, `outposts`, `local`.
    BackupTarget "btarget" "BackupTarget" Name                          RestoreOnly No          No     Equal   Home     false;
    /// Whether an instance on an outpost has an address of the customer's.
    CustomerOwnedIp "coip" "EnableCustomerOwnedIp" Flag                 Restore     No          No     Equal   Home     false;
    /// The additional storage volumes of Oracle and SQL Server, each with its type and size. Those of the source come with its snapshot.
    AdditionalVolumes "vols" "AdditionalStorageVolumes" Pairs           Report      No          No     Never   Anywhere false;
    /// Whether the Data API is on. For other clusters than Serverless v1, the operation `EnableHttpEndpoint` is needed.
    HttpEndpoint "http" "EnableHttpEndpoint" Flag                       No          Report      No     Never   Anywhere false;
    /// The roles that the engine uses, each with its feature. `AddRoleToDBInstance` and `AddRoleToDBCluster` add them.
    Roles "roles" "AssociatedRoles" Pairs                               Report      Report      Report Never   Home     false;
}
