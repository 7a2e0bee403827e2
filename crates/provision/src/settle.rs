//! What of a planned spec gives way to what this account and region has, before the request is checked: recorded values that AWS does
//! not take, recorded groups that do not exist, and classes that are chosen here. Nothing that the job itself chose gives way, but for the
//! class of a temporary database.

use protocol::job::Note;
use protocol::spec::{Setting, Settings, Spec, Target, Value};
use protocol::{Job, Kind};

use crate::check::{self, Facts};
use crate::contradictions;
use crate::plan::{self, Base, Origin, Plan, SERVERLESS, STORAGE};
use crate::rules;
use crate::smallest::{self, Needs, Purpose};

/// Settles a plan. The problems that remain are those of [`check::check`].
#[must_use]
pub fn settle(job: &Job, base: &Base, plan: Plan, facts: &Facts) -> Plan {
    let mut settled = Settled { job, base, facts, plan };
    settled.leave_out_invalid_values();
    settled.turn_off_autoscaling();
    settled.move_backup_window();
    settled.leave_out_contradictions();
    settled.replace_classes();
    settled.leave_out_groups();
    settled.leave_out_class_of_temporary();
    settled.choose_the_smallest();
    settled.plan
}

struct Settled<'s> {
    job: &'s Job,
    base: &'s Base,
    facts: &'s Facts,
    plan: Plan,
}

impl Settled<'_> {
    fn is_recorded(&self, setting: Setting) -> bool {
        !self.job.request().overrides.contains_key(&setting)
    }

    /// Replaces the recorded values of which this is true by those that come with the data, or leaves them out.
    fn leave_out(&mut self, is_refused: impl Fn(Setting, &Value, &Spec) -> bool) {
        let overrides = &self.job.request().overrides;
        let of_data = &self.base.content.settings;
        let Plan { spec, notes } = &mut self.plan;
        let frame = Spec { tags: protocol::Tags::default(), ..spec.clone() };
        for settings in all_settings(spec) {
            let is_refused = |setting: &Setting, value: &Value| {
                !overrides.contains_key(setting) && is_refused(*setting, value, &frame)
            };
            let refused: Settings = settings
                .iter()
                .filter(|(setting, value)| is_refused(setting, value))
                .map(|(s, v)| (*s, v.clone()))
                .collect();
            for (setting, value) in refused {
                let note = Note::Refused(setting, value.to_string());
                if !notes.contains(&note) {
                    notes.push(note);
                }
                settings.remove(&setting);
                if let Some(value) = of_data.get(&setting).filter(|value| !is_refused(&setting, value)) {
                    settings.insert(setting, value.clone());
                }
            }
        }
    }

    fn leave_out_invalid_values(&mut self) {
        self.leave_out(|setting, value, spec| !rules::is_valid(setting, value, spec));
    }

    /// The job turns storage autoscaling off by a highest size of 0 or of the size itself, as in Terraform. `ModifyDBInstance` has no value for it,
    /// and a restore begins without it.
    fn turn_off_autoscaling(&mut self) {
        let size = contradictions::size(&self.plan.spec, self.facts);
        let most = check::number(&self.job.request().overrides, Setting::MaxAllocatedStorage);
        if most.is_some_and(|most| most == 0 || Some(most) == size) {
            self.plan.spec.settings.remove(&Setting::MaxAllocatedStorage);
        }
    }

    /// A recorded backup window that overlaps the maintenance window of the job moves behind that. AWS would choose one at random, which could
    /// overlap as well, and then refuse the maintenance window.
    fn move_backup_window(&mut self) {
        let is_of_job = !self.is_recorded(Setting::MaintenanceWindow) && self.is_recorded(Setting::BackupWindow);
        let Plan { spec, notes } = &mut self.plan;
        let name = |setting| check::name(&spec.settings, setting).map(str::to_owned);
        let (Some(backup), Some(maintenance), true) =
            (name(Setting::BackupWindow), name(Setting::MaintenanceWindow), is_of_job)
        else {
            return;
        };
        if !rules::windows_overlap(&backup, &maintenance) {
            return;
        }
        match rules::behind(&backup, &maintenance) {
            Some(window) => drop(spec.settings.insert(Setting::BackupWindow, Value::Name(window))),
            None => drop(spec.settings.remove(&Setting::BackupWindow)),
        }
        notes.push(Note::Refused(Setting::BackupWindow, backup));
    }

    /// Recorded values that contradict the data, or each other.
    fn leave_out_contradictions(&mut self) {
        let facts = self.facts;
        self.leave_out(|setting, value, _| {
            setting == Setting::AllocatedStorage && matches!(value, Value::Number(least) if Some(*least) < facts.gib)
        });
        // "Max storage size must be greater than storage size" (an error that users report).
        self.leave_out(|setting, value, spec| {
            let gib = contradictions::size(spec, facts);
            setting == Setting::MaxAllocatedStorage && matches!(value, Value::Number(most) if Some(*most) <= gib)
        });
        self.leave_out(|setting, _, spec| {
            let of = |setting| spec.settings.get(&setting);
            [Setting::ServerlessMin, Setting::ServerlessMax].contains(&setting)
                && of(Setting::ServerlessMin) > of(Setting::ServerlessMax)
        });
        self.leave_out(|setting, value, spec| {
            let is_advanced = matches!(value, Value::Name(mode) if mode == contradictions::ADVANCED);
            setting == Setting::InsightsMode && is_advanced && !contradictions::can_be_advanced(spec)
        });
        self.leave_out(|setting, value, spec| {
            setting == Setting::MaintenanceWindow
                && matches!((spec.settings.get(&Setting::BackupWindow), value), (Some(Value::Name(backup)), Value::Name(window)) if rules::windows_overlap(backup, window))
        });
        self.leave_out(|setting, value, spec| {
            let is_serverless = matches!(value, Value::Name(class) if class == SERVERLESS);
            let is_meaningless = setting == Setting::Class && is_serverless || setting == Setting::ServerlessPause;
            is_meaningless && !spec.settings.contains_key(&Setting::ServerlessMax)
        });
    }

    /// A recorded class that is not offered here gives way to a similar one, a type of storage or a size to that of the data.
    fn replace_classes(&mut self) {
        let facts = self.facts;
        let not_offered: Vec<&str> =
            facts.offers.iter().filter(|(_, offers)| offers.is_empty()).map(|(class, _)| class.as_str()).collect();
        for setting in [Setting::Class, Setting::ClusterClass] {
            if !self.is_recorded(setting) {
                continue;
            }
            let Plan { spec, notes } = &mut self.plan;
            for settings in all_settings(spec) {
                let Some(Value::Name(class)) = settings.get(&setting) else { continue };
                if !not_offered.contains(&class.as_str()) {
                    continue;
                }
                if let Some(similar) = smallest::similar(facts.of_version.as_deref().unwrap_or_default(), class) {
                    let note = Note::Refused(setting, class.clone());
                    if !notes.contains(&note) {
                        notes.push(note);
                    }
                    settings.insert(setting, Value::Name(similar.to_owned()));
                }
            }
        }
        let of_class = |spec: &Spec| {
            let class = spec.settings.get(&Setting::Class).or(spec.settings.get(&Setting::ClusterClass)).cloned();
            let offers = facts.offers.iter().find(|(name, _)| class == Some(Value::Name(name.clone())));
            offers.map(|(_, offers)| offers.as_slice()).unwrap_or_default()
        };
        self.leave_out(|setting, _, spec| {
            STORAGE.contains(&setting)
                && !of_class(spec).is_empty()
                && check::storage_of_class("", spec, of_class(spec)).is_some()
        });
    }

    /// A recorded group that does not exist here, or is for other versions. The groups of a source account are not created: their parameters
    /// are not trusted.
    fn leave_out_groups(&mut self) {
        if self.base.origin == Origin::Here && !self.job.request().verb.is_temporary() {
            // The person who asks has the groups, and decides.
            return;
        }
        let facts = self.facts;
        let unfit = facts
            .parameter_groups
            .iter()
            .filter(|(group, found)| check::family(&self.plan.spec, group, found.as_ref()).is_some());
        let mut unfit: Vec<(Setting, String)> =
            unfit.map(|(group, _)| (setting_of(group.kind), group.name.clone())).collect();
        let options = facts.option_group.iter().filter(|_| check::option_group(&self.plan.spec, facts).is_some());
        unfit.extend(options.map(|(name, _)| (Setting::OptionGroup, name.clone())));
        for (setting, name) in unfit {
            if !self.is_recorded(setting) {
                continue;
            }
            let value = Value::Name(name.clone());
            for settings in all_settings(&mut self.plan.spec) {
                settings.retain(|of, is| *of != setting || *is != value);
            }
            let recorded = self.base.recorded.iter().flat_map(|spec| &spec.groups);
            let parameters = recorded
                .filter(|(group, _)| setting_of(group.kind) == setting && group.name == name)
                .map(|(_, parameters)| parameters.clone())
                .next()
                .unwrap_or_default();
            let total = u32::try_from(parameters.len()).unwrap_or(u32::MAX);
            self.plan.notes.push(Note::Group { setting, name, total, parameters });
        }
    }

    /// A temporary database is not there for its class. One that the job chose, and that is not offered for the data, gives way to the smallest.
    fn leave_out_class_of_temporary(&mut self) {
        if !self.job.request().verb.is_temporary() {
            return;
        }
        let offers = &self.facts.offers;
        let is_not_offered = |class: &str| offers.iter().any(|(of, offers)| of == class && offers.is_empty());
        let Plan { spec, notes } = &mut self.plan;
        for settings in all_settings(spec) {
            for setting in [Setting::Class, Setting::ClusterClass] {
                let Some(class) = check::name(settings, setting).filter(|class| is_not_offered(class)) else {
                    continue;
                };
                let note = Note::Refused(setting, class.to_owned());
                settings.remove(&setting);
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
    }

    /// The class of a temporary database and of members without one, and the storage of a temporary instance.
    fn choose_the_smallest(&mut self) {
        let Self { job, base, facts, plan } = self;
        let spec = &mut plan.spec;
        let is_temporary = job.request().verb.is_temporary();
        let purpose = match spec.target() {
            Target::Instance => Purpose::Instance,
            Target::AuroraCluster | Target::Member => Purpose::Member,
            Target::MultiAzCluster => Purpose::MultiAzCluster,
        };
        let of_data = base.of_data();
        let name = |setting| match of_data.get(&setting) {
            Some(Value::Name(name)) => Some(name.as_str()),
            _ => None,
        };
        let (license, storage_type) = (name(Setting::LicenseModel), name(Setting::StorageType));
        let of_snapshot = facts.snapshot.as_ref().map(|snapshot| snapshot.gib);
        // Of a Multi-AZ cluster that exists, its description has the size.
        let of_cluster = check::number(&of_data, Setting::AllocatedStorage);
        let gib = facts.gib.or(of_snapshot).or(of_cluster.filter(|_| purpose == Purpose::MultiAzCluster));
        let is_encrypted = facts.snapshot.as_ref().is_none_or(|snapshot| snapshot.is_encrypted);
        let is_storage_kept = plan::is_late_storage(Setting::StorageType, &spec.engine);
        let needs = Needs { purpose, gib, is_encrypted, license, storage_type, is_storage_kept };
        // A class of the job is looked up by itself.
        let overridden = facts.offers.first().map(|(_, offers)| offers.as_slice());
        let has_class = has_class_of_job(job, spec) && !check::classes_of(spec).is_empty();
        let offers = facts.of_version.as_deref().filter(|_| !has_class).or(overridden).unwrap_or_default();
        let Some(offer) = smallest::offer(offers, &needs) else { return };
        let class = || Value::Name(offer.class.clone());
        for member in &mut spec.members {
            if let std::collections::btree_map::Entry::Vacant(entry) = member.settings.entry(Setting::Class) {
                entry.insert(class());
                let note = Note::DefaultClass;
                if !is_temporary && !plan.notes.contains(&note) {
                    plan.notes.push(note);
                }
            }
        }
        if !is_temporary {
            return;
        }
        match purpose {
            Purpose::Instance => drop(spec.settings.entry(Setting::Class).or_insert_with(class)),
            Purpose::MultiAzCluster => drop(spec.settings.entry(Setting::ClusterClass).or_insert_with(class)),
            Purpose::Member => {}
        }
        // If the job chose some of it, it chose all.
        if !STORAGE.iter().any(|setting| job.request().overrides.contains_key(setting)) {
            spec.settings.extend(smallest::storage(offer, purpose, needs.gib, spec, &of_data));
        }
    }
}

/// Whether the job chose the class of such a database.
#[must_use]
pub fn has_class_of_job(job: &Job, spec: &Spec) -> bool {
    let is_chosen = |setting: &Setting| job.request().overrides.contains_key(setting);
    [Setting::Class, Setting::ClusterClass].iter().any(|setting| is_chosen(setting) && spec.target().can_have(*setting))
}

fn setting_of(kind: Kind) -> Setting {
    match kind {
        Kind::Instance => Setting::ParameterGroup,
        Kind::Cluster => Setting::ClusterParameterGroup,
    }
}

/// The settings of the database, and of its members.
fn all_settings(spec: &mut Spec) -> impl Iterator<Item = &mut Settings> {
    [&mut spec.settings].into_iter().chain(spec.members.iter_mut().map(|member| &mut member.settings))
}
