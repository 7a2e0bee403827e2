//! Instances of clusters follow their cluster: who connects to an instance finds the new one under the same name.
//!
//! The old cluster's instances move aside first, so that the names are free. Their own names are in their tags, for the undo. The new ones
//! get the names that were recorded with the data. Instances that people have added to the new cluster keep theirs (invariant 21).

use std::collections::BTreeSet;

use protocol::job::{Role, names};
use protocol::observed::{Condition, ObservedMember};
use protocol::spec::{Member, Recorded};
use protocol::{DatabaseArn, Job, Kind, Observed, Tags, tags};

/// An instance that is to get another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The instance, under the name that it has.
    pub member: DatabaseArn,
    /// The new name.
    pub to: DatabaseArn,
    /// Whether it is the writer.
    pub is_writer: bool,
    /// Whether AWS is changing it. A rename that was accepted is not requested again.
    pub is_busy: bool,
    /// The tags that it gets before.
    pub tags: Tags,
}

/// The moves of the old cluster's instances out of the way.
#[must_use]
pub fn aside(job: &Job, old: &Observed) -> Vec<Move> {
    let mut free = free_names(job, Role::Old, old);
    let to_move = present(old).filter(|member| !has_name_of(job, Role::Old, member));
    to_move
        .filter_map(|member| {
            let own = [(tags::JOB, job.id().as_str()), (tags::JOB_NAME, member.arn.id())];
            Some(Move {
                member: member.arn.clone(),
                to: free.next()?,
                is_writer: member.is_writer,
                is_busy: is_busy(member),
                tags: own.into_iter().collect(),
            })
        })
        .collect()
}

/// Their moves back to their own names.
#[must_use]
pub fn back(job: &Job, old: &Observed) -> Vec<Move> {
    let moved = present(old).filter(|member| has_name_of(job, Role::Old, member));
    moved.filter_map(|member| without_tags(member, named(member, member.tags.get(tags::JOB_NAME)?)?)).collect()
}

/// The moves of the new cluster's instances to the recorded names.
#[must_use]
pub fn take(job: &Job, new: &Observed) -> Vec<Move> {
    let planned = planned(new);
    let moves = present(new).filter(|member| is_of(job, member)).filter_map(|member| {
        let nth = (1..=u8::MAX).zip(&planned).find(|(nth, _)| job.member(Role::New, *nth) == member.arn)?;
        // A recorded name may be one of an earlier job's.
        let to = named(member, &nth.1.name).filter(|to| names::parse(to.id()).is_none())?;
        without_tags(member, to)
    });
    moves.collect()
}

/// Their moves back: only instances with such names are torn down.
#[must_use]
pub fn give(job: &Job, new: &Observed) -> Vec<Move> {
    let mut free = free_names(job, Role::New, new);
    let moved = present(new).filter(|member| is_of(job, member) && !has_name_of(job, Role::New, member));
    moved.filter_map(|member| without_tags(member, free.next()?)).collect()
}

/// The recorded instances that the new cluster lacks, by any name.
#[must_use]
pub fn missing(job: &Job, new: &Observed) -> Vec<String> {
    let has = |arn: &DatabaseArn| present(new).any(|member| member.arn == *arn && is_of(job, member));
    let planned = planned(new);
    let lacking = (1..=u8::MAX).zip(&planned).filter(|(nth, planned)| {
        let taken = DatabaseArn::new(Kind::Instance, new.arn.place.clone(), &planned.name.to_lowercase());
        !has(&job.member(Role::New, *nth)) && !taken.is_ok_and(|arn| has(&arn))
    });
    lacking.map(|(nth, _)| job.member(Role::New, nth).id().to_owned()).collect()
}

/// The tags of the job on the old cluster's instances, which an undo removes.
#[must_use]
pub fn tagged(job: &Job, old: &Observed) -> Vec<DatabaseArn> {
    present(old).filter(|member| is_of(job, member)).map(|member| member.arn.clone()).collect()
}

fn present(cluster: &Observed) -> impl Iterator<Item = &ObservedMember> {
    cluster.members.iter().filter(|member| member.condition != Condition::Deleting)
}

fn is_of(job: &Job, member: &ObservedMember) -> bool {
    member.tags.get(tags::JOB) == Some(job.id().as_str())
}

fn has_name_of(job: &Job, role: Role, member: &ObservedMember) -> bool {
    names::parse(member.arn.id()) == Some((role, job.id().clone()))
}

/// The names of a role that no instance of the cluster has.
fn free_names(job: &Job, role: Role, cluster: &Observed) -> impl Iterator<Item = DatabaseArn> {
    let used: BTreeSet<String> = cluster.members.iter().map(|member| member.arn.id().to_owned()).collect();
    let job = job.clone();
    (1..=u8::MAX).map(move |nth| job.member(role, nth)).filter(move |arn| !used.contains(arn.id()))
}

fn planned(new: &Observed) -> Vec<Member> {
    let recorded = Recorded::from_tags(&new.tags).ok().flatten();
    recorded.map(|recorded| recorded.spec.members).unwrap_or_default()
}

/// The instance under this name, if it is one that AWS accepts. RDS stores names in lower case.
fn named(member: &ObservedMember, name: &str) -> Option<DatabaseArn> {
    names::check(name).ok()?;
    DatabaseArn::new(Kind::Instance, member.arn.place.clone(), &name.to_lowercase()).ok()
}

fn without_tags(member: &ObservedMember, to: DatabaseArn) -> Option<Move> {
    let ObservedMember { arn, is_writer, .. } = member;
    let (is_writer, is_busy) = (*is_writer, is_busy(member));
    (to != *arn).then(|| Move { member: arn.clone(), to, is_writer, is_busy, tags: Tags::default() })
}

fn is_busy(member: &ObservedMember) -> bool {
    matches!(member.condition, Condition::InProgress(_))
}
