//! The look: what has the new database's name, and before the restore, the data and what the request depends on.

use chrono::{DateTime, Utc};
use cloud::{Class, Cloud, Error};
use protocol::job::{Note, Source, notes};
use protocol::observed::Condition;
use protocol::spec::{Recorded, Setting, Spec, SpecError, Target, Value};
use protocol::{DatabaseArn, Job, Kind, Observed, Place, Snapshot, SnapshotArn, SnapshotRole, Status, tags};

use crate::Begin;
use crate::check::{self, Facts};
use crate::compare;
use crate::decide::{Deadline, Found, Seen, Source as SourceState, Start};
use crate::identity::{self, Identity};
use crate::plan::{self, Base, Origin, Plan};
use crate::settle;

/// The alias of the key under which Secrets Manager encrypts secrets for which no key is given.
const SECRETS_KEY: &str = "alias/aws/secretsmanager";

/// What the data are, when they can be restored.
struct Data {
    base: Base,
    facts: Facts,
    /// Why the recorded settings cannot be used, if there are some.
    unreadable: Option<String>,
}

/// What was found of the data.
enum Lookup {
    NotReady(String),
    Gone(String),
    Found(Box<Data>),
}

/// Looks at the new database of a job.
///
/// # Errors
/// If a call fails.
pub async fn look(cloud: &Cloud, job: &Job, begin: Begin, now: DateTime<Utc>) -> Result<Seen, Error> {
    let deadline = match (now < job.request().deadline, job.request().verb.is_temporary()) {
        (true, _) => Deadline::Ahead,
        (false, true) => Deadline::PassedForTemporary,
        (false, false) => Deadline::PassedForLasting,
    };
    let place = &job.request().target.place;
    if place != cloud.here() {
        let why = format!("the job is for the account {} and the region {}: run it there", place.account, place.region);
        return Ok(Seen { found: Found::Nothing(SourceState::Unfit(vec![why])), deadline });
    }
    let found = match cloud.observe(&job.new_database()).await? {
        Some(observed) => match identity::of(&observed, job, job.request().verb.role(), now) {
            Identity::Ours => Found::Ours(Box::new(compare::compare(job, observed, now))),
            Identity::Untagged => Found::Untagged(observed.arn),
            Identity::Foreign => Found::Foreign(observed.arn),
        },
        None => match begin {
            Begin::Allowed | Begin::Perhaps(_) if deadline == Deadline::Ahead => {
                Found::Nothing(source(cloud, job, now).await?)
            }
            Begin::Perhaps(since) | Begin::Begun(since) if now - since < identity::LATE => Found::NotVisible,
            // The step is refused. So the data are not described: a call that AWS denies would fail each time.
            Begin::Allowed | Begin::Perhaps(_) => {
                Found::Nothing(SourceState::NotReady("the deadline has passed".to_owned()))
            }
            Begin::Begun(_) => Found::Gone,
        },
    };
    Ok(Seen { found, deadline })
}

/// The data, and whether the request can work.
async fn source(cloud: &Cloud, job: &Job, now: DateTime<Utc>) -> Result<SourceState, Error> {
    let request = job.request();
    let lookup = match &request.source {
        Source::Snapshot(snapshot) => of_snapshot(cloud, snapshot).await?,
        Source::PointInTime { resource_id, .. } => of_database(cloud, request.target.kind, resource_id).await?,
        Source::Clone { resource_id } => of_database(cloud, request.target.kind, resource_id).await?,
    };
    let mut data = match lookup {
        Lookup::NotReady(why) => return Ok(SourceState::NotReady(why)),
        Lookup::Gone(why) => return Ok(SourceState::Gone(why)),
        Lookup::Found(data) => data,
    };
    // The settings of the database that is replaced are newer than those that were recorded with its copy.
    let replaced = match &request.replaces {
        Some(id) if live_source(&request.source) != Some(id.as_str()) => {
            cloud.observe_by_id(request.target.kind, id).await?
        }
        _ => None,
    };
    if let Some(replaced) = replaced {
        data.facts.vpc_of_security_groups = replaced.vpc.clone();
        data.base.recorded = Some(spec_of(&replaced));
        data.base.origin = Origin::Here;
        data.base.notes = Vec::new();
        data.unreadable = None;
    }
    let mut plan = plan::wanted(job, &data.base);
    without_default_key(cloud, job, &mut plan).await?;
    gather(cloud, job, &data.base, &plan.spec, &mut data.facts).await?;
    let plan = settle::settle(job, &data.base, plan, &data.facts);
    let mut problems = check::check(job, &plan.spec, &data.facts.of(&plan.spec), now);
    problems.extend(without_network(&plan.spec, &data.base));
    problems.extend(job.check_deadline(now).err().map(|invalid| invalid.to_string()));
    let is_temporary = request.verb.is_temporary();
    problems.extend(data.unreadable.clone().filter(|_| !is_temporary));
    Ok(match problems.is_empty() {
        true => SourceState::Ready(Box::new(Start { defaults: data.unreadable, ..plan::start(job, &plan, now) })),
        false => SourceState::Unfit(problems),
    })
}

/// Why the database would have no network of its own: AWS would choose the default VPC and its default security group. Nothing of a
/// network elsewhere is used, and tags may have had no room for the one of this account.
#[must_use]
pub fn without_network(planned: &Spec, base: &Base) -> Option<String> {
    let has = |setting: &&Setting| match planned.settings.get(setting) {
        Some(Value::Names(names)) => !names.is_empty(),
        value => value.is_some(),
    };
    let missing: Vec<&str> = [Setting::SubnetGroup, Setting::SecurityGroups]
        .iter()
        .filter(|setting| !has(setting))
        .map(|setting| setting.row().parameter)
        .collect();
    let why = match (base.origin, &base.recorded) {
        (Origin::Elsewhere, _) => "the data are those of another account or region, whose network is not used",
        (Origin::Here, None) => "the network of the data's database is not known",
        (Origin::Here, Some(_)) => "the network of the data's database was not recorded completely",
    };
    (!missing.is_empty()).then(|| {
        format!(
            "{why}, and the job has no {}: give the subnet group and the security groups of the new database",
            missing.join(" and no ")
        )
    })
}

/// Removes the recorded key of the managed password if it is AWS's own: it is used if no key is given, and cannot be given. Without the
/// permission to see which one that is, the key is left out and reported.
async fn without_default_key(cloud: &Cloud, job: &Job, plan: &mut Plan) -> Result<(), Error> {
    let recorded = plan.spec.settings.get(&Setting::PasswordKey);
    let recorded = recorded.filter(|_| !job.request().overrides.contains_key(&Setting::PasswordKey));
    let Some(Value::Name(key)) = recorded.cloned() else { return Ok(()) };
    let is_left_out = match cloud.find_key(SECRETS_KEY).await {
        Ok(default) => default.is_some_and(|default| default.arn == key),
        Err(error) if matches!(error.class(), Class::Denied | Class::KeyRefused) => {
            plan.notes.push(Note::Refused(Setting::PasswordKey, key));
            true
        }
        Err(error) => return Err(error),
    };
    if is_left_out {
        plan.spec.settings.remove(&Setting::PasswordKey);
    }
    Ok(())
}

/// The database whose data are used as they are now or were.
fn live_source(source: &Source) -> Option<&str> {
    match source {
        Source::Snapshot(_) => None,
        Source::PointInTime { resource_id, .. } | Source::Clone { resource_id } => Some(resource_id),
    }
}

/// Where the settings in the tags of a snapshot were read. The tags of a copy are those of its source account, and a copy of that copy
/// which a person makes, or a snapshot of a database which a person restored from it, has them, too.
#[must_use]
pub fn origin_of(snapshot: &Snapshot, here: &Place) -> Origin {
    const OF_COPY: [&str; 3] = [tags::SOURCE, tags::SOURCE_SNAPSHOT, tags::TRANSIT];
    let is_of_here = match SnapshotRole::of(snapshot) {
        SnapshotRole::Copy(origin) | SnapshotRole::Transit(origin) => {
            origin.snapshot.place == *here && origin.database.place == *here
        }
        SnapshotRole::Source => OF_COPY.iter().all(|key| snapshot.tags.get(key).is_none()),
    };
    if is_of_here && snapshot.arn.place == *here { Origin::Here } else { Origin::Elsewhere }
}

/// The spec in the tags of a snapshot, if it can be that of its database.
fn recorded_with(snapshot: &Snapshot) -> Result<Option<Recorded>, SpecError> {
    let recorded = Recorded::from_tags(&snapshot.tags)?;
    recorded.iter().try_for_each(|recorded| recorded.check(snapshot.arn.kind, snapshot.engine))?;
    Ok(recorded)
}

async fn of_snapshot(cloud: &Cloud, arn: &SnapshotArn) -> Result<Lookup, Error> {
    let Some(content) = cloud.snapshot_content(arn).await? else {
        return Ok(Lookup::Gone(format!("there is no snapshot {arn}: choose another one")));
    };
    match content.snapshot.status {
        Status::Creating | Status::Copying => return Ok(Lookup::NotReady(format!("{arn} is not complete yet"))),
        Status::Failed | Status::Deleting => {
            return Ok(Lookup::Gone(format!("{arn} has failed or is being deleted: choose another one")));
        }
        Status::Available => {}
    }
    let (mut recorded, mut notes, unreadable) = match recorded_with(&content.snapshot) {
        Ok(Some(Recorded { spec, missing, .. })) => (Some(spec), notes::of_missing(&missing), None),
        Ok(None) => (None, vec![Note::NothingRecorded], None),
        Err(error) => {
            let why =
                format!("the settings in the tags of {arn} cannot be read ({error}): remove its tags Draco_Spec…");
            (None, vec![Note::Unreadable], Some(why))
        }
    };
    let origin = origin_of(&content.snapshot, cloud.here());
    if let Some(spec) = recorded.as_mut().filter(|_| origin == Origin::Here)
        && SnapshotRole::of(&content.snapshot) != SnapshotRole::Source
    {
        spec.tags = spec.tags.at_origin();
    }
    // A snapshot inherits the tags of a database that Draco restored, whose settings may have changed since.
    if recorded.is_some() && content.snapshot.tags.get(tags::JOB).is_some() {
        notes.insert(0, Note::OfJob);
    }
    let gib = is_allocated(&content.spec).then_some(content.snapshot.gib);
    let vpc_of_security_groups = content.vpc.filter(|_| origin == Origin::Here);
    let facts = Facts { snapshot: Some(content.snapshot), gib, vpc_of_security_groups, ..Facts::none() };
    Ok(Lookup::Found(Box::new(Data {
        base: Base { content: content.spec, recorded, origin, notes },
        facts,
        unreadable,
    })))
}

/// A database that exists, or whose automated backups were retained.
async fn of_database(cloud: &Cloud, kind: Kind, resource_id: &str) -> Result<Lookup, Error> {
    let live = cloud.observe_by_id(kind, resource_id).await?;
    let backups = cloud.backups(kind, resource_id).await?;
    let content = match (&live, &backups) {
        (Some(live), _) if live.condition == Condition::Deleting => {
            return Ok(Lookup::NotReady(format!("{} is being deleted", live.arn)));
        }
        (Some(live), _) => Spec::new(kind, &live.spec.engine, &live.spec.version),
        (None, Some(backups)) => Spec::new(kind, &backups.engine, &backups.version),
        (None, None) => {
            return Ok(Lookup::Gone(format!(
                "there is neither a database with the resource ID {resource_id} nor a backup of it: restore a snapshot"
            )));
        }
    };
    let gib = match (&live, &backups) {
        (Some(live), _) => match live.spec.settings.get(&Setting::AllocatedStorage) {
            Some(Value::Number(gib)) => Some(*gib),
            _ => None,
        },
        (None, backups) => backups.as_ref().map(|backups| backups.gib),
    };
    let facts = Facts {
        backups,
        gib: gib.filter(|_| is_allocated(&content)),
        vpc_of_security_groups: live.as_ref().and_then(|live| live.vpc.clone()),
        ..Facts::none()
    };
    let recorded = live.as_ref().map(spec_of);
    let notes = recorded.is_none().then_some(Note::NothingRecorded).into_iter().collect();
    let base = Base { content, recorded, origin: Origin::Here, notes };
    Ok(Lookup::Found(Box::new(Data { base, facts, unreadable: None })))
}

/// Whether storage is allocated, and so can be too small. That of Aurora grows.
fn is_allocated(content: &Spec) -> bool {
    matches!(content.target(), Target::Instance | Target::MultiAzCluster)
}

/// The spec of a database that exists, with its members.
fn spec_of(observed: &Observed) -> Spec {
    let mut spec = observed.spec.clone();
    spec.members = observed
        .members
        .iter()
        .map(|member| protocol::spec::Member {
            name: member.arn.id().to_owned(),
            is_writer: member.is_writer,
            settings: member.settings.clone(),
        })
        .collect();
    spec
}

/// What the request depends on.
async fn gather(cloud: &Cloud, job: &Job, base: &Base, wanted: &Spec, facts: &mut Facts) -> Result<(), Error> {
    let overrides = &job.request().overrides;
    // A class is chosen of those that the version has: for a temporary database, and for members of which none is known.
    let lacks_class = wanted.members.iter().any(|member| !member.settings.contains_key(&Setting::Class));
    if lacks_class || job.request().verb.is_temporary() {
        facts.of_version = Some(unless_invalid(cloud.offers(&wanted.engine, &wanted.version, None).await)?);
    }
    for class in check::classes_of(wanted) {
        let offers = unless_invalid(cloud.offers(&wanted.engine, &wanted.version, Some(&class)).await)?;
        if offers.is_empty() && facts.of_version.is_none() {
            facts.of_version = Some(unless_invalid(cloud.offers(&wanted.engine, &wanted.version, None).await)?);
        }
        facts.offers.push((class, offers));
    }
    if let Some(Value::Name(name)) = wanted.settings.get(&Setting::SubnetGroup) {
        facts.subnet_group = Some((name.clone(), unless_invalid(cloud.subnet_group(name).await)?));
        // The recorded security groups are in the VPC of the recorded subnet group. A cluster's description has no VPC.
        let recorded = base.recorded.as_ref().filter(|_| base.origin == Origin::Here);
        let recorded = recorded.and_then(|spec| spec.settings.get(&Setting::SubnetGroup));
        if let Some(Value::Name(old)) = recorded
            && facts.vpc_of_security_groups.is_none()
            && !overrides.contains_key(&Setting::SecurityGroups)
            && old != name
        {
            let old = unless_invalid(cloud.subnet_group(old).await)?;
            facts.vpc_of_security_groups = old.map(|old| old.vpc);
        }
    }
    if overrides.contains_key(&Setting::SecurityGroups) {
        // RDS does not describe the VPC of a security group, so AWS compares them itself.
        facts.vpc_of_security_groups = None;
    }
    for group in wanted.named_groups() {
        let found = unless_invalid(cloud.parameter_group(group.kind, &group.name).await)?;
        facts.parameter_groups.push((group, found));
    }
    if let Some(Value::Name(name)) = wanted.settings.get(&Setting::OptionGroup) {
        facts.option_group = Some((name.clone(), unless_invalid(cloud.option_group(name).await)?));
    }
    let members = compare::member_names(job, job.request().verb.role(), wanted);
    if !members.is_empty() {
        let existing = cloud.existing_instances(&members).await?;
        facts.taken = existing.into_iter().collect::<Vec<DatabaseArn>>();
    }
    Ok(())
}

/// Nothing has a name that AWS refuses. Such a name can be in the tags of a copy, and must not keep the job from being refused.
fn unless_invalid<T: Default>(found: Result<T, Error>) -> Result<T, Error> {
    match found {
        Err(error) if error.class() == Class::Invalid => Ok(T::default()),
        found => found,
    }
}

impl Facts {
    /// Nothing is known yet.
    fn none() -> Self {
        Self {
            snapshot: None,
            backups: None,
            gib: None,
            offers: Vec::new(),
            of_version: None,
            subnet_group: None,
            vpc_of_security_groups: None,
            parameter_groups: Vec::new(),
            option_group: None,
            taken: Vec::new(),
        }
    }
}
