//! New databases: all that is decided before anything is created. Creating and restoring make such a plan, which [`begin`] carries
//! out.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::engines::Engine;
use super::super::events::{EventKind, record_event};
use super::super::groups::memberships::Memberships;
use super::super::identifiers::ResourceType;
use super::super::keys::{self, encryption_context};
use super::super::kind::Kind;
use super::super::managed_secret::{self, Secret};
use super::super::options::OptionGroup;
use super::super::rules::invalid_combination;
use super::super::settings::Settings;
use super::super::snapshots::SnapshotUid;
use super::super::tags::Tags;
use super::super::windows::DailyWindow;
use super::super::{RdsContext, backups, orderable, volumes};
use super::changes::{self, Step};
use super::members::{self, Members};
use super::pending::Pending;
use super::{Class, Database, DatabaseUid, Facts, Status, create};
use crate::call::Error;
use crate::durations::{Bounds, Durations};
use crate::kms::{self, EncryptionContext};
use crate::world::State;

/// A database that can be created: everything is checked, nothing has been done.
pub(in crate::rds) struct NewDatabase {
    /// Checked, in lower case, and not in use.
    pub(in crate::rds) id: String,
    /// From [`new_resource_id`]. The encryption context of the key has it.
    pub(in crate::rds) resource_id: String,
    pub(in crate::rds) engine: &'static Engine,
    /// Complete: with all defaults.
    pub(in crate::rds) settings: Settings,
    /// The size of its data and of its snapshots.
    pub(in crate::rds) gib: u32,
    /// The ARN of the encryption key, which the caller may use. From [`key`].
    pub(in crate::rds) key: Option<String>,
    pub(in crate::rds) tags: Tags,
    /// From [`managed_secret::new`].
    pub(in crate::rds) secret: Option<Secret>,
    pub(in crate::rds) option_group: Option<OptionGroup>,
    pub(in crate::rds) memberships: Memberships,
    pub(in crate::rds) clone_group: Option<String>,
    pub(in crate::rds) data: Data,
    pub(in crate::rds) course: Course,
}

/// Where the data of a new database comes from.
pub(in crate::rds) enum Data {
    /// An empty database with this password, unless RDS manages one.
    New { password: Option<String> },
    /// A snapshot.
    Snapshot(SnapshotUid),
    /// That of its cluster.
    OfCluster,
    /// Another database, as it was at a time.
    PointInTime { of: DatabaseUid, at: DateTime<Utc> },
}

/// What a new database goes through.
pub(in crate::rds) struct Course {
    /// How long it is `creating`.
    pub(in crate::rds) takes: fn(&Durations) -> Bounds,
    /// The status after that.
    pub(in crate::rds) ends: Ends,
    /// The event when it has become available.
    pub(in crate::rds) event: Origin,
}

/// The status of a new database when it is no longer `creating`: `Available`, or one of a failure.
pub(in crate::rds) type Ends = Box<dyn FnOnce(&mut State, &DatabaseUid) -> Status + Send>;

/// How a database came to be, as its event has it.
pub(in crate::rds) enum Origin {
    Created,
    FromSnapshot(String),
    ToTime { of: String, at: DateTime<Utc> },
}

impl Origin {
    fn event(&self) -> EventKind<'_> {
        match self {
            Self::Created => EventKind::DatabaseCreated,
            Self::FromSnapshot(snapshot) => EventKind::RestoredFromSnapshot(snapshot),
            Self::ToTime { of, at } => EventKind::RestoredToTime { of, at: *at },
        }
    }
}

impl Course {
    /// Of an empty database.
    pub(in crate::rds) fn creation() -> Self {
        // "inaccessible-encryption-credentials-recoverable: The KMS key used to encrypt or decrypt the DB instance can't be accessed"
        // (RDS User Guide, "Viewing DB instance status").
        let ends = Box::new(|state: &mut State, uid: &DatabaseUid| match keys::is_lost(state, uid) {
            true => Status::InaccessibleRecoverable,
            false => Status::Available,
        });
        Self { takes: |durations| durations.creation, ends, event: Origin::Created }
    }
}

/// Refuses an identifier that is in use.
pub(in crate::rds) fn check_free(state: &mut State, ctx: &RdsContext, id: &str) -> Result<(), Error> {
    if ctx.family(state).databases.contains(id) { Err(ctx.kind.database_already_exists()) } else { Ok(()) }
}

/// Refuses a class that cannot be ordered.
pub(in crate::rds) fn check_class(
    state: &State,
    ctx: &RdsContext,
    engine: &Engine,
    settings: &Settings,
) -> Result<(), Error> {
    let version = settings.text("EngineVersion").unwrap_or_default();
    let class = settings.text("DBInstanceClass").or_else(|| settings.text("DBClusterInstanceClass"));
    let license = settings.text("LicenseModel").unwrap_or(engine.license);
    class.map_or(Ok(()), |class| orderable::check(state, &ctx.region, (engine, version), class, license))
}

/// Creates the database, and schedules what becomes of it. Returns the response.
pub(in crate::rds) fn begin(state: &mut State, ctx: &RdsContext, new: NewDatabase) -> Result<Value, Error> {
    let (takes, engine) = (new.course.takes, new.engine);
    let (uid, course, data) = insert(state, ctx, new, None)?;
    let password = managed_secret::create(state, &uid);
    let failed = volumes::create(state, &uid, &data, password);
    backups::schedule(state, uid.clone());
    keys::watch(state, uid.clone());
    follow(state, &uid, course, failed);
    if ctx.kind == Kind::Cluster && engine.has_fixed_storage() {
        create::create_members(state, ctx, &uid, takes)?;
    }
    ctx.response(state, &uid)
}

/// The same for an instance in a cluster, which has the key, the master user and the backups of the cluster.
pub(super) fn begin_in_cluster(
    state: &mut State,
    ctx: &RdsContext,
    new: NewDatabase,
    cluster: DatabaseUid,
) -> Result<DatabaseUid, Error> {
    let (uid, course, _) = insert(state, ctx, new, Some(cluster))?;
    members::join(state, &uid);
    follow(state, &uid, course, None);
    Ok(uid)
}

fn insert(
    state: &mut State,
    ctx: &RdsContext,
    new: NewDatabase,
    cluster: Option<DatabaseUid>,
) -> Result<(DatabaseUid, Course, Data), Error> {
    let arn = ctx.arn(ResourceType::Database, &new.id);
    let context = encryption_context(ctx.kind, &new.resource_id);
    let service = format!("rds.{}", ctx.region);
    let own_key = new.key.as_ref().filter(|_| cluster.is_none());
    let grant = own_key.and_then(|key| kms::grant_to_service(state, &ctx.caller.account, key, &service, &context));
    let database = Database {
        arn: arn.clone(),
        facts: Arc::new(Facts {
            id: new.id,
            resource_id: new.resource_id,
            engine: new.engine,
            created: state.now,
            gib: new.gib,
            window: DailyWindow::read(new.settings.text("PreferredBackupWindow").unwrap_or_default())?,
            retention_days: new.settings.number("BackupRetentionPeriod").unwrap_or_default(),
            settings: new.settings,
        }),
        status: Status::Creating,
        key: new.key,
        grant,
        key_lost: None,
        tags: new.tags,
        secret: new.secret,
        option_group: new.option_group,
        memberships: new.memberships,
        cluster,
        members: Members::default(),
        clone_group: new.clone_group,
        restarts: None,
        is_backup_due: false,
        pending: Pending::default(),
        former_ids: Vec::new(),
        change: 0,
        rests: false,
        draws: 0,
    };
    let uid = database.uid();
    ctx.family(state).databases.insert(database);
    Ok((uid, new.course, new.data))
}

/// Lets a new database go through its statuses. `failed`: the status that its server gives it in the end.
fn follow(state: &mut State, uid: &DatabaseUid, Course { takes, ends, event }: Course, failed: Option<Status>) {
    let steps = vec![
        Step::lasting(Status::Creating, takes),
        Step::end().with(move |state, uid| {
            let status = failed.unwrap_or_else(|| ends(state, uid));
            changes::start(state, uid, vec![Step::resting(status)]);
            if status == Status::InaccessibleRecoverable {
                keys::note_loss(state, uid);
            }
            // A fault may have given it another status.
            if status == Status::Available && uid.find(state).is_some_and(|found| found.status.class() != Class::Halted)
            {
                managed_secret::activate(state, uid);
                became_available(state, uid, event.event());
                first_backup(state, uid, &event);
            }
        }),
    ];
    changes::start(state, uid, steps);
}

/// Takes the first backup. After a restore of an instance with backups, RDS takes a complete one at once. Users report that large
/// instances have the status `backing-up` for hours.
fn first_backup(state: &mut State, uid: &DatabaseUid, origin: &Origin) {
    let is_restored = !matches!(origin, Origin::Created);
    match uid.kind {
        Kind::Instance if is_restored => complete_backup(state, uid),
        Kind::Instance | Kind::Cluster => backups::start(state, uid),
    }
}

/// Takes a backup of all data of an instance now, if it has backups.
pub(super) fn complete_backup(state: &mut State, uid: &DatabaseUid) {
    if let Some(takes) = backups::take_baseline(state, uid) {
        let steps = vec![Step::lasting_exactly(Status::BackingUp, takes), Step::resting(Status::Available)];
        changes::start(state, uid, steps);
    }
}

/// Records the event of a database that has become available.
pub(super) fn became_available(state: &mut State, uid: &DatabaseUid, event: EventKind<'_>) {
    if let Some(arn) = uid.arn(state) {
        record_event(state, &arn, event);
    }
}

/// The operations that a database requires on its key.
pub(in crate::rds) const KEY_OPERATIONS: [&str; 4] =
    ["kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"];

/// The key of a new database: the AWS managed key for RDS, unless the request names another.
pub(in crate::rds) fn key(
    state: &mut State,
    ctx: &RdsContext,
    encrypted: bool,
    wanted: Option<&str>,
    context: &EncryptionContext,
) -> Result<Option<String>, Error> {
    match (encrypted, wanted) {
        (false, None) => Ok(None),
        (false, Some(_)) => Err(invalid_combination("A KMS key can only be specified when StorageEncrypted is true.")),
        (true, None) => Ok(Some(kms::managed_key(state, &ctx.caller.account, &ctx.region, "rds"))),
        (true, Some(key)) => keys::usable_key(state, ctx, key, (&KEY_OPERATIONS, context), "Specified").map(Some),
    }
}

/// `db-4ZC7Q2J5Y3W6K8M1N9P0RSTUVW`.
pub(in crate::rds) fn new_resource_id(state: &mut State, kind: Kind) -> String {
    let random: String = std::iter::repeat_with(|| state.random.alphanumeric().to_ascii_uppercase()).take(26).collect();
    format!("{}{random}", kind.spelling().resource_prefix)
}
