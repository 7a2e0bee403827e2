//! The table of open questions. `doc/simulation.md` explains how to add one.

use super::{Answer, Question};

macro_rules! questions {
    ($(
        $field:ident: $type:ident = $name:literal
        unknown: $unknown:literal
        experiment: $experiment:literal
        worst: $worst:ident
        $($answer:ident = $answer_name:literal: $evidence:literal)+;
    )+) => {
        /// An answer to each question.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Answers {
            $(
                #[doc = $unknown]
                pub $field: $type,
            )+
        }

        impl Default for Answers {
            fn default() -> Self {
                Self { $($field: $type::ALL[0]),+ }
            }
        }

        /// All questions.
        pub static QUESTIONS: &[Question] = &[$(
            Question {
                name: $name,
                unknown: $unknown,
                experiment: $experiment,
                answers: &[$(Answer { name: $answer_name, evidence: $evidence }),+],
                worst: $type::$worst as usize,
                get: |answers| answers.$field as usize,
                set: |answers, nth| answers.$field = $type::ALL[nth],
            },
        )+];

        $(
            #[doc = $unknown]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $type {
                $(
                    #[doc = $evidence]
                    $answer,
                )+
            }

            impl $type {
                /// All answers. The first is the default.
                pub const ALL: &'static [Self] = &[$(Self::$answer),+];
            }
        )+
    };
}

questions! {
    copy_tags: CopyTags = "copy-tags"
    unknown: "Does a copy that is started with both `Tags` and `CopyTags` also get the tags of its source?"
    experiment: "Copy a snapshot that has a tag with `CopyTags` and another tag, and list the copy's tags."
    worst: Replace
    Replace = "replace": "The authors of moto report it, for copies of cluster snapshots verified against AWS on 2025-02-12."
    Merge = "merge": "The API reference of CopyDBSnapshot: `Specifies whether to copy all tags from the source DB snapshot`.";

    copy_status: CopyStatus = "copy-status"
    unknown: "Which status does a copy have before it is available?"
    experiment: "Copy a snapshot, and describe the copy each second until it is available."
    worst: Pending
    Creating = "creating": "The example response of `aws rds copy-db-snapshot` in the command line's reference has it."
    Pending = "pending": "Reported for copies of instance snapshots (github.com/hashicorp/terraform-provider-aws/issues/29399)."
    Copying = "copying": "The API reference of CopyDBClusterSnapshot: delete the target `while that DB cluster snapshot is in copying status`. The example of `aws docdb copy-db-cluster-snapshot` in the guide of DocumentDB has it.";

    cluster_copies: ClusterCopies = "cluster-copies"
    unknown: "Does a copy of a cluster snapshot within its account and region take time?"
    experiment: "Copy a snapshot of an Aurora cluster within the account, and read the status in the response."
    worst: TakeTime
    TakeTime = "take-time": "The example of `aws docdb copy-db-cluster-snapshot` in the guide of DocumentDB has the status `copying` at 0 percent."
    AtOnce = "at-once": "The example response of `aws rds copy-db-cluster-snapshot` in the command line's reference has the status `available` at 100 percent.";

    cluster_copy_time: ClusterCopyTime = "cluster-copy-time"
    unknown: "Is `SnapshotCreateTime` of a copied cluster snapshot the time of the copy or of the original?"
    experiment: "Copy a cluster snapshot that is some minutes old, and compare both times."
    worst: OfTheOriginal
    OfTheCopy = "of-the-copy": "The API reference states it for instance snapshots: `Changes for the copy when the snapshot is copied`."
    OfTheOriginal = "of-the-original": "The example response of `aws rds copy-db-cluster-snapshot` has the minute that is in the identifier of its automated source.";

    copies_of_one_database: CopiesOfOneDatabase = "copies-of-one-database"
    unknown: "Do several copies of snapshots of one database run at the same time?"
    experiment: "Start two copies of the same snapshot, and describe both each minute."
    worst: Queued
    Parallel = "parallel": "No text names a limit for copies within a region."
    Queued = "queued": "The user guides of 2023: copies of `the same source DB instance` are `queued internally. The copies requested later won't start until the previous snapshot copies are completed`. Today's guides do not have the sentence.";

    source_deleted: SourceDeleted = "source-deleted"
    unknown: "What happens to a copy whose source is deleted?"
    experiment: "Start a copy of a large snapshot, delete the source, and describe the copy until it has ended."
    worst: CopyDisappears
    CopyFails = "copy-fails": "The API reference of DeleteDBSnapshot: `If the snapshot is being copied, the copy operation is terminated`."
    CopyDisappears = "copy-disappears": "A copy whose target is deleted disappears, and the same sentence describes it."
    CopyGoesOn = "copy-goes-on": "The sentence may only mean the deletion of the target.";

    backup_during_copy: BackupDuringCopy = "backup-during-copy"
    unknown: "What becomes of the automated backup of a database whose snapshot is being copied in its account and region?"
    experiment: "Start a copy of a large snapshot before the backup window of its database, and list the automated snapshots during the copy, and on the next day."
    worst: Skipped
    Postponed = "postponed": "The user guide: `Automated backups don't occur while a DB snapshot copy is running in the same AWS Region for the same database`. It does not state that the backup is lost."
    Skipped = "skipped": "The same sentence. The guide also states that a skipped backup `is still attempted during the next backup window`."
    Taken = "taken": "The Aurora User Guide does not have the sentence.";

    backup_during_shared_copy: BackupDuringSharedCopy = "backup-during-shared-copy"
    unknown: "Does a copy that another account makes of a shared snapshot, in the same region, count as a copy of the same database?"
    experiment: "The same as for `backup-during-copy`, with a copy that the second account makes."
    worst: Counts
    DoesNotCount = "does-not-count": "The copy is a resource of the other account."
    Counts = "counts": "The user guide names the Region and the database, but not the account.";

    filtered_out: FilteredOut = "filtered-out"
    unknown: "What is the response if a request names a database or a snapshot that its filters exclude?"
    experiment: "Describe an instance by its identifier, with a filter for another engine."
    worst: NotFound
    NotFound = "not-found": "The authors of moto report `DBInstanceNotFound` and `DBSnapshotNotFound`."
    Empty = "empty": "The API reference: `If supplied, must match the identifier of an existing DB instance`. It does, and nothing passes the filter.";

    first_backup: FirstBackup = "first-backup"
    unknown: "When is the first automated snapshot of a database created?"
    experiment: "Create a database outside of its backup window, and list its snapshots when it is available."
    worst: AtCreation
    InTheWindow = "in-the-window": "The user guide: `Automated backups occur daily during the preferred backup window`."
    AtCreation = "at-creation": "Published responses have automated snapshots 12 minutes younger than their database (github.com/mlevit/aws-auto-cleanup/issues/111).";

    shared_by_arn: SharedByArn = "shared-by-arn"
    unknown: "Does describing a shared snapshot by its ARN require `IncludeShared`?"
    experiment: "Share a snapshot, and describe it by its ARN in the other account without `IncludeShared`."
    worst: NeedsIncludeShared
    NeedsIncludeShared = "needs-include-shared": "The API reference: shared snapshots `are not included in the returned results by default`."
    Found = "found": "An ARN names one snapshot, so there is nothing to include.";

    shared_identifier: SharedIdentifier = "shared-identifier"
    unknown: "Which identifier does a shared snapshot have in responses to the other account?"
    experiment: "List the snapshots of the type `shared` in the second account."
    worst: Bare
    Arn = "arn": "Responses with the ARN as the identifier have been published."
    Bare = "bare": "The API reference has a member of its own for the ARN.";

    automated_by_identifier: AutomatedByIdentifier = "automated-by-identifier"
    unknown: "Is an automated snapshot found by its identifier without `SnapshotType`?"
    experiment: "Describe an automated snapshot by its identifier alone."
    worst: NeedsType
    NeedsType = "needs-type": "The API reference: `If this identifier is for an automated snapshot, the SnapshotType parameter must also be specified`. The only error that the operation lists is DBSnapshotNotFound."
    Found = "found": "The API reference: without a type, `both automated and manual snapshots are returned`.";

    snapshots_of_missing_database: SnapshotsOfMissingDatabase = "snapshots-of-missing-database"
    unknown: "What does describing the snapshots of a database return if the database does not exist?"
    experiment: "Delete a database that has a manual snapshot, and list its snapshots by `DBInstanceIdentifier`."
    worst: NotFound
    NotFound = "not-found": "The API reference: `If supplied, must match the identifier of an existing DBInstance`."
    Listed = "listed": "The operation does not list an error for it.";

    source_of_local_copy: SourceOfLocalCopy = "source-of-local-copy"
    unknown: "Does an instance snapshot that was copied within its account and region report its source?"
    experiment: "Copy a snapshot within the account, and read `SourceDBSnapshotIdentifier` of the copy."
    worst: NotReported
    NotReported = "not-reported": "The API reference: `It only has a value in the case of a cross-account or cross-Region copy`."
    Reported = "reported": "The example response of `aws rds copy-db-snapshot` in the command line's reference has it.";

    multi_az_cluster_copies: MultiAzClusterCopies = "multi-az-cluster-copies"
    unknown: "Can snapshots of Multi-AZ DB clusters be copied?"
    experiment: "Create a Multi-AZ DB cluster and a snapshot of it, and copy the snapshot."
    worst: Refused
    Refused = "refused": "The user guide, `Limitations of Multi-AZ DB clusters`: they do not support `Copying a snapshot of a Multi-AZ DB cluster`. The code of the error is not documented."
    Copied = "copied": "The API reference of CopyDBClusterSnapshot refers to the guide about Multi-AZ DB clusters.";

    shared_copy_without_key: SharedCopyWithoutKey = "shared-copy-without-key"
    unknown: "Which error has a copy of a shared encrypted snapshot without `KmsKeyId`?"
    experiment: "Copy a shared encrypted snapshot in the second account without `KmsKeyId`."
    worst: InvalidParameterValue
    InvalidParameterValue = "InvalidParameterValue": "The error of a copy from another region without a key: `Must specify new KMS key for cross region encrypted snapshot copy.`"
    KmsKeyNotAccessibleFault = "KMSKeyNotAccessibleFault": "Without `KmsKeyId`, the key is that of the source, which the other account may not use for its own snapshots.";

    cluster_copy_key: ClusterCopyKey = "cluster-copy-key"
    unknown: "Which error has a copy of an unencrypted cluster snapshot with `KmsKeyId`?"
    experiment: "Copy an unencrypted snapshot of an Aurora cluster with `KmsKeyId`."
    worst: InvalidParameterCombination
    InvalidParameterCombination = "InvalidParameterCombination": "The code for parameters that must not be used together (common errors)."
    InvalidParameterValue = "InvalidParameterValue": "The API reference only states that an error is returned.";

    incremental: Incremental = "incremental"
    unknown: "Which copies of instance snapshots are incremental, if the latest earlier copy of the same database exists at the destination under the same key?"
    experiment: "Take a snapshot of an instance of 100 GiB that is full of random data, copy it under a customer managed key, share the copy, and copy it in a second account. Change 1 GiB, and do the same again while all earlier snapshots exist. A second copy that takes a small part of the time of the first is incremental: note it for both copies. The storage of snapshots in both accounts' cost reports confirms it a day later."
    worst: Never
    NotOfCopies = "not-of-copies": "The user guide of 2023, `Incremental snapshot copying`: copies under one key are incremental of each other, but `when you copy a source snapshot that is a snapshot copy itself, the new copy isn't incremental`."
    AlsoOfCopies = "also-of-copies": "AWS's database blog, `Accelerate cross-account Amazon RDS refreshes with incremental snapshots`: an automated snapshot is copied, the copy is shared, and `copy the snapshot to Account B using the KMS key in Account B. The copy is incremental if a recent encrypted copy (using the same KMS key) is already available`."
    Never = "never": "The guide of EBS, on which instance snapshots are built: `If you copy a snapshot and encrypt it to a new KMS key, a complete (non-incremental) copy is created`.";

    key_tag_delay: KeyTagDelay = "key-tag-delay"
    unknown: "How long does it take until the tags of a key, and its aliases, count in policies?"
    experiment: "Create a key with a tag. Copy a snapshot under it at once, as a role whose policy requires this tag, and then once a minute until AWS accepts the copy."
    worst: FiveMinutes
    AtOnce = "at-once": "No text excludes it: the guide gives only a limit."
    FiveMinutes = "five-minutes": "The KMS developer guide: \"It might take up to five minutes for tag and alias changes to affect KMS key authorization.\"";

    source_arn: SourceArn = "source-arn"
    unknown: "What is `aws:SourceArn` when RDS publishes an event to a topic?"
    experiment: "Subscribe a topic to events of snapshots. Let its policy require the ARN of the event's resource, then that of the subscription, and see which notifications arrive."
    worst: Subscription
    Resource = "resource": "The RDS user guide: \"`SourceARN` - Your RDS resource ARN\". Its example has the ARN of an instance. It does not mention snapshots, nor the first message of a subscription."
    Subscription = "subscription": "An event subscription is a resource of RDS, too, and it is the one that publishes.";

    copied_tags_permission: CopiedTagsPermission = "copied-tags-permission"
    unknown: "Does a copy with `CopyTags` require the permission `rds:AddTagsToResource` for the tags that it takes from its source?"
    experiment: "Copy a tagged snapshot with `CopyTags` as a role that has only `rds:CopyDBSnapshot`."
    worst: Required
    NotRequired = "not-required": "The Service Authorization Reference does not list a dependent action of CopyDBSnapshot."
    Required = "required": "AWS announced in January 2025 that a final snapshot requires it if `CopyTagsToSnapshot` is on.";

    revoked_grant: RevokedGrant = "revoked-grant"
    unknown: "Does a copy in progress fail if the grant is revoked that RDS created for itself on one of its keys?"
    experiment: "Start a copy of a large encrypted snapshot. List the grants on both keys, revoke those whose grantee is RDS, and wait until the copy ends."
    worst: Fails
    Fails = "fails": "The KMS developer guide: \"You revoke a grant to actively deny the permissions that the grant allows.\""
    GoesOn = "goes-on": "RDS has the data key in memory after it has used the grant. The guide describes the effect of revoked permissions for databases only.";

    unnamed_errors: UnnamedErrors = "unnamed-errors"
    unknown: "Which error has a request that a text refuses without naming the error: a filter without values, an account that is both added to and removed from an attribute of a snapshot, a number in a message attribute that is not a number, a restore into less storage than the source has, a restore of a snapshot that is both shared and encrypted?"
    experiment: "Describe an instance with a filter that has no values, and read the code of the error. The other calls are made by hand."
    worst: Common
    AsMoto = "as-moto": "The authors of moto report `InvalidParameterCombination` for both calls of RDS, and `ParameterValueInvalid` for that of SNS."
    Common = "common": "`InvalidParameterValue` is the common error of RDS for `an invalid or out-of-range value`, and `InvalidParameter` that of SNS for a parameter that `does not comply with the associated constraints`.";

    kms_via_region: KmsViaRegion = "kms-via-region"
    unknown: "Through RDS of which region does a copy from another region use the key of its source: what is `kms:ViaService`?"
    experiment: "Let the policy of the key allow the role only through RDS of the source's region, copy the snapshot to another region, and do the same with the destination's region. CloudTrail of the source's region also has the calls to KMS."
    worst: Destination
    Source = "source": "The API reference of CopyDBSnapshot: the pre-signed URL is `a valid request for the operation that can run in the source Amazon Web Services Region`, so RDS of that region opens the source."
    Destination = "destination": "The pre-signed URL is `ignored` outside of GovCloud, and the caller only calls RDS of the destination's region.";

    cross_region_limit: CrossRegionLimit = "cross-region-limit"
    unknown: "Which copies count towards the limit of copies from other regions in progress, 20 of instance and 5 of cluster snapshots?"
    experiment: "Start copies of small instance and cluster snapshots from two regions to a third, until AWS refuses each."
    worst: Together
    ToARegion = "to-a-region": "The user guides of 2023: `You can have up to 20 snapshot copy requests in progress to a single destination Region per account`. The guides of DocumentDB and Neptune still have the sentence, for five."
    BetweenTwoRegions = "between-two-regions": "The user guides: `you can copy up to 20 DB snapshots at a time from one AWS Region to another`; the Aurora guide has the same sentence for five."
    Together = "together": "The error does not name a kind: `Cannot copy more than 20 snapshots across regions`.";

    lost_source_region: LostSourceRegion = "lost-source-region"
    unknown: "What becomes of a copy in progress from another region that can no longer be reached?"
    experiment: "None: it needs a region that fails."
    worst: Stalls
    Fails = "fails": "The user guides: `If you delete a source snapshot before the target snapshot becomes available, the snapshot copy might fail`."
    Stalls = "stalls": "Cross-Region copies `can take hours to complete`, and AWS may put them into a queue. No text states a time after which one fails.";

    documentdb_cross_region: DocumentDbCrossRegion = "documentdb-cross-region"
    unknown: "Can a shared snapshot of a DocumentDB cluster be copied to another region?"
    experiment: "Share a snapshot of a DocumentDB cluster, and copy it in the second account in another region."
    worst: Refused
    Copied = "copied": "The developer guide: `You can also copy shared snapshots to your account in the same AWS Region or in a different AWS Region`."
    Refused = "refused": "The API reference of DocumentDB's CopyDBClusterSnapshot: `You can only copy a shared DB cluster snapshot, whether encrypted or not, in the same AWS Region`. The code of the error is not documented.";

    other_engines_events: OtherEnginesEvents = "other-engines-events"
    unknown: "Do event subscriptions of RDS report events of DocumentDB and Neptune clusters and of their snapshots?"
    experiment: "Create a subscription of RDS to the source type `db-cluster-snapshot`, take a snapshot of a DocumentDB cluster, and wait for the notification."
    worst: NotReported
    Reported = "reported": "The guides of DocumentDB and Neptune: they use `existing Amazon RDS event definitions and IDs`. The operations of the three services have one endpoint."
    NotReported = "not-reported": "The API reference of RDS's CreateEventSubscription: without identifiers, `you receive notice of the events for that source type for all your RDS sources`.";

    renamed_snapshots: RenamedSnapshots = "renamed-snapshots"
    unknown: "Which identifier of their database do snapshots state that were taken before the database was renamed?"
    experiment: "Take a snapshot of an instance, rename the instance, and describe the snapshot."
    worst: GetTheNew
    KeepTheOld = "keep-the-old": "The user guide, `Renaming a DB instance`: `DB snapshots are retained for a renamed DB instance`. The snapshot is a resource of its own, with its own description."
    GetTheNew = "get-the-new": "The same sentence. `DBInstanceIdentifier` of a snapshot is the identifier of `the DB instance this DB snapshot was created from`, which has the new one.";

    restored_storage_type: RestoredStorageType = "restored-storage-type"
    unknown: "Which storage type does a restored instance have if the request names none?"
    experiment: "Restore a snapshot of an instance with `io1` or `gp2` without `StorageType`, and describe the new instance."
    worst: Default
    OfTheSource = "of-the-source": "The API reference of RestoreDBInstanceFromDBSnapshot: `If this parameter isn't specified, the IOPS value is taken from the backup`, and the new instance has `most of the source's original configuration`."
    Default = "default": "The same page, `StorageType`: `Default: io1 if the Iops parameter is specified, otherwise gp3`.";

    restored_tags: RestoredTags = "restored-tags"
    unknown: "Which tags does a database have that is restored from a snapshot without `Tags`?"
    experiment: "Tag a snapshot and its database differently, restore the snapshot without tags, and list the tags of the new database. Do the same with a copy in another account."
    worst: OfTheSnapshot
    OfTheDatabase = "of-the-database": "The API reference of RestoreDBInstanceFromDBSnapshot: `If there are no new tags, RDS looks for the tags from the source DB instance for the DB snapshot, and then adds those tags to the restored DB instance`."
    OfTheSnapshot = "of-the-snapshot": "The source instance may be gone, or in another account: only the tags of the snapshot are there.";

    restored_parameter_group: RestoredParameterGroup = "restored-parameter-group"
    unknown: "Does a restored database use the parameter group that the request names before it is rebooted?"
    experiment: "Restore a snapshot with `DBParameterGroupName`, and read `ParameterApplyStatus` when the instance is available."
    worst: PendingReboot
    PendingReboot = "pending-reboot": "AWS's CloudFormation handler for instances reboots a restored instance whose parameter group is `pending-reboot` (github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds)."
    InSync = "in-sync": "The API reference: `The name of the DB parameter group to associate with this DB instance`. It does not mention a reboot.";

    restore_source_deleted: RestoreSourceDeleted = "restore-source-deleted"
    unknown: "What becomes of a restore whose snapshot is deleted or expires before the database is available?"
    experiment: "Restore a large snapshot, delete the snapshot, and describe the new database until its status no longer changes."
    worst: Fails
    GoesOn = "goes-on": "The guide of EBS, on which instance snapshots are built: `Deleting a snapshot has no effect on the volume`."
    Fails = "fails": "The data is loaded from the snapshot while the instance is created, and the API reference of DeleteDBSnapshot has `If the snapshot is being copied, the copy operation is terminated`.";

    restore_key_lost: RestoreKeyLost = "restore-key-lost"
    unknown: "Which status has a restored database whose key was disabled while it was created?"
    experiment: "Restore a large encrypted snapshot, disable its key, and describe the new database until its status no longer changes."
    worst: Failed
    Inaccessible = "inaccessible": "The user guide: `the encrypted DB instance goes into inaccessible-encryption-credentials-recoverable state` when RDS loses access to the key."
    Failed = "failed": "The instance never started, so there is nothing to recover.";

    throttled_events: ThrottledEvents = "throttled-events"
    unknown: "Does Lambda retry asynchronous events at the same moments if it throttled them at the same moment?"
    experiment: "Give a function that runs for a second a reserved concurrency of 1, and invoke it asynchronously 200 times at once. Its log has the times at which the events succeed: with common moments, there is one event at each."
    worst: Together
    Apart = "apart": "Lambda's developer guide: `If the queue contains many entries, Lambda increases the retry interval and reduces the rate at which it reads events from the queue`. So it does not read all events of a long queue at one moment."
    Together = "together": "The same page: `The retry interval increases exponentially from 1 second after the first attempt to a maximum of 5 minutes`. It mentions no random part.";
}
