//! `probe`: finds out how AWS behaves, with the experiments of the crate `probe`, in two real accounts.
//!
//! It shows the accounts, the time and the cost, and asks. Everything that it creates is removed at the end, also after Ctrl-C.
//! After a crash, the journal has what may exist, for `--cleanup`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail, ensure};
use config::Config;
use deploy_args::Probe;
use probe::experiment::Need;
use probe::experiments::{all, not_probed};
use probe::{Estimate, Existing, Experiment, Journal, Lab, MIN_FULL, Pace, Progress, Report, Run, Verdict};

use crate::terminal::{Answers, BAD, CAUTION, FAINT, GOOD, TITLE};
use crate::{Account, Role, Terminal};

/// Lists, runs or removes, by the arguments.
///
/// # Errors
///
/// If the credentials are not for two accounts, or something could not be removed.
pub async fn run(args: &Probe, config: &Config) -> anyhow::Result<()> {
    // With --json, standard output has only the report.
    let terminal = &mut match args.json {
        true => Terminal::with_output(Box::new(anstream::stderr()), Answers::new(args.yes)),
        false => Terminal::new(Answers::new(args.yes)),
    };
    if args.list {
        list(terminal);
        return Ok(());
    }
    let experiments = selected(args)?;
    let mut accounts = Accounts::connect(args, config).await?;
    if let Some(path) = &args.cleanup {
        let mut lab = accounts.lab(accounts.open(path)?);
        if lab.journal().existing().is_empty() {
            terminal.print("nothing is left of this run");
            return Ok(());
        }
        show_remains(lab.journal(), terminal);
        if args.plan || !terminal.ask("Remove them?")? {
            return Ok(());
        }
        return remove(&mut lab, path, terminal).await;
    }
    if let Some(database) = &args.database {
        accounts.existing = Some(accounts.find(database).await?);
    }
    let resumed = args.resume.as_deref().map(|path| accounts.open(path)).transpose()?;
    let experiments = remaining(experiments, resumed.as_ref());
    if let Some(journal) = resumed.as_ref().filter(|journal| !journal.existing().is_empty()) {
        show_remains(journal, terminal);
    }
    show_plan(&experiments, &accounts, terminal);
    if args.plan || !terminal.ask("Start?")? {
        return Ok(());
    }
    let (mut lab, path) = match (resumed, &args.resume) {
        (Some(journal), Some(path)) => {
            let mut lab = accounts.lab(journal);
            remove(&mut lab, path, terminal).await?;
            (lab, path.clone())
        }
        _ => accounts.start()?,
    };
    terminal.print(format_args!("journal: {}", path.display()));
    let ran = tokio::select! {
        ran = lab.run(&experiments, |news| show(news, terminal)) => ran,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted; `--resume {}` continues", path.display())),
    };
    terminal.print("removing everything that was created");
    let removed = tokio::select! {
        removed = remove(&mut lab, &path, terminal) => removed,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted; run `cargo xtask probe --cleanup {}`", path.display())),
    };
    let journal = lab.journal();
    let report = Report::new(&journal.run, accounts.endpoint().is_some(), SystemTime::now().into(), journal.findings());
    deliver(&report, args, terminal)?;
    ran.and(removed)
}

/// Full copies of a database of this size take long enough.
const CLEAR_GIB: u32 = 100;

/// The two accounts.
struct Accounts {
    source: Account,
    dr: Account,
    /// The instance whose snapshots are copied.
    existing: Option<Existing>,
}

impl Accounts {
    async fn connect(args: &Probe, config: &Config) -> anyhow::Result<Self> {
        let region = match &args.region {
            Some(region) => region.clone(),
            None => config.need(&config.aws_region, "AWS_REGION")?.clone(),
        };
        let endpoint = args.endpoint_url.as_deref();
        let source = args.source_profile.as_deref().or(config.source_profile.as_deref());
        let dr = args.dr_profile.as_deref().or(config.dr_profile.as_deref());
        let source = Account::identify(Role::Producer, &region, source, endpoint).await?;
        let dr = Account::identify(Role::Consumer, &region, dr, endpoint).await?;
        ensure!(
            source.place.account != dr.place.account,
            "both credentials are for account {}; probe needs two accounts: set --source-profile and --dr-profile",
            dr.place.account
        );
        Ok(Self { source, dr, existing: None })
    }

    async fn find(&self, database: &str) -> anyhow::Result<Existing> {
        let source = probe::Account::new(self.source.place.account.as_str(), self.source.sdk());
        Existing::find(&source, database).await.map_err(|why| anyhow::anyhow!("{why}"))
    }

    fn lab(&self, journal: Journal) -> Lab {
        let account = |account: &Account| probe::Account::new(account.place.account.as_str(), account.sdk());
        let is_local = self
            .endpoint()
            .is_some_and(|url| ["//127.", "//localhost", "//[::1]"].iter().any(|host| url.contains(host)));
        let pace = if is_local { Pace::LOOPBACK } else { Pace::AWS };
        let lab = Lab::new(account(&self.source), account(&self.dr), journal, pace);
        match &self.existing {
            Some(existing) => lab.with_existing(existing.clone()),
            None => lab,
        }
    }

    /// The endpoint, unless it is AWS's.
    fn endpoint(&self) -> Option<&str> {
        self.source.sdk().endpoint_url()
    }

    /// A new run, with its journal in the current folder.
    fn start(&self) -> anyhow::Result<(Lab, PathBuf)> {
        let run = self.run(format!("draco-probe-{:08x}", fastrand::u32(..)));
        let path = PathBuf::from(format!("{}.jsonl", run.prefix));
        Ok((self.lab(Journal::create(&path, run)?), path))
    }

    /// The journal of an earlier run in these accounts.
    fn open(&self, path: &Path) -> anyhow::Result<Journal> {
        let journal = Journal::open(path)?;
        let expected = self.run(journal.run.prefix.clone());
        ensure!(
            journal.run == expected,
            "{} is of a run in the accounts {} and {}, region {}; these credentials are for {} and {}, region {}",
            path.display(),
            journal.run.source,
            journal.run.dr,
            journal.run.region,
            expected.source,
            expected.dr,
            expected.region
        );
        Ok(journal)
    }

    fn run(&self, prefix: String) -> Run {
        let Self { source, dr, .. } = self;
        let (source, dr, region) = (&source.place.account, &dr.place.account, &source.place.region);
        Run { prefix, source: source.to_string(), dr: dr.to_string(), region: region.to_string() }
    }
}

/// The experiments that the arguments select.
fn selected(args: &Probe) -> anyhow::Result<Vec<&'static Experiment>> {
    for name in &args.only {
        if let Some(other) = not_probed().find(|other| other.question.name == name) {
            bail!("{name} is not probed: {}; by hand: {}", other.reason, other.question.experiment);
        }
        ensure!(all().any(|experiment| experiment.name == name), "there is no experiment {name}; --list shows all");
    }
    let selected: Vec<_> = all()
        .filter(|experiment| match args.only.as_slice() {
            [] if args.database.is_some() => experiment.needs_existing(),
            [] => (args.clusters || !experiment.needs_cluster()) && !experiment.needs_existing(),
            only => only.iter().any(|name| name == experiment.name),
        })
        .collect();
    if let (Some(one), None) = (selected.iter().find(|one| one.needs_existing()), &args.database) {
        bail!("{} compares copies of an existing instance of the source account; name it with --database", one.name);
    }
    Ok(selected)
}

/// Those that an earlier run has not decided.
fn remaining(experiments: Vec<&'static Experiment>, journal: Option<&Journal>) -> Vec<&'static Experiment> {
    let findings = journal.map(Journal::findings).unwrap_or_default();
    let is_decided = |experiment: &&Experiment| {
        findings.iter().any(|finding| {
            finding.experiment == experiment.name && !matches!(finding.verdict, Verdict::Undecided { .. })
        })
    };
    experiments.into_iter().filter(|experiment| !is_decided(experiment)).collect()
}

fn list(terminal: &mut Terminal) {
    for (title, questions) in [("open questions", true), ("facts on which Draco relies", false)] {
        terminal.print(format_args!("{TITLE}{title}{TITLE:#}"));
        for experiment in all().filter(|experiment| experiment.is_question() == questions) {
            let option = match () {
                () if experiment.needs_cluster() => " (--clusters)",
                () if experiment.needs_existing() => " (--database)",
                () => "",
            };
            terminal.print(format_args!("  {}{option}\n      {}", experiment.name, experiment.text()));
        }
    }
    terminal.print(format_args!("{TITLE}not probed{TITLE:#}"));
    for other in not_probed() {
        let question = other.question;
        terminal.print(format_args!("  {}: {}\n      {}", question.name, other.reason, question.unknown));
        terminal.print(format_args!("      by hand: {}", question.experiment));
    }
}

fn show_plan(experiments: &[&'static Experiment], accounts: &Accounts, terminal: &mut Terminal) {
    let Accounts { source, dr, existing } = accounts;
    let estimate = Estimate::of(experiments, existing.as_ref());
    terminal.print(format_args!("source   {} in {}, as {}", source.place.account, source.place.region, source.caller));
    terminal.print(format_args!("dr       {} in {}, as {}", dr.place.account, dr.place.region, dr.caller));
    terminal.print(format_args!("endpoint {}", accounts.endpoint().unwrap_or("AWS")));
    if let Some(existing) = existing {
        show_existing(existing, terminal);
    }
    terminal.print(format_args!("{TITLE}experiments{TITLE:#}"));
    for experiment in experiments {
        terminal.print(format_args!("  {:<28}{FAINT}{:>4} min{FAINT:#}", experiment.name, experiment.minutes));
    }
    terminal.print(format_args!("{TITLE}created for them, and removed at the end{TITLE:#}"));
    for need in &estimate.needs {
        terminal.print(format_args!("  {}", need.name()));
    }
    for (experiment, kind) in &estimate.databases {
        terminal.print(format_args!("  {}, only for {experiment}", Need::Database(*kind).name()));
    }
    terminal.print("  further snapshots and copies of 20 GiB, a few at a time");
    terminal.print(format_args!(
        "about {} h {:02} min, about {:.2} dollars at the prices of us-east-1; keys are deleted after 7 days, without cost",
        estimate.minutes / 60,
        estimate.minutes % 60,
        estimate.dollars
    ));
}

fn show_existing(existing: &Existing, terminal: &mut Terminal) {
    let Existing { database, gib, older, newer } = existing;
    terminal.print(format_args!(
        "database {database}, {gib} GiB: {} of {}, then {} of {}; both stay as they are",
        older.0, older.1, newer.0, newer.1
    ));
    terminal.print(format_args!(
        "         {CAUTION}RDS may postpone automated backups of {database} while its snapshots are copied{CAUTION:#}"
    ));
    if *gib < CLEAR_GIB {
        let minutes = MIN_FULL.num_minutes();
        terminal.print(format_args!(
            "         {CAUTION}it is small: nothing is decided if a full copy takes less than {minutes} minutes{CAUTION:#}"
        ));
    }
}

fn show(news: Progress<'_>, terminal: &mut Terminal) {
    match news {
        Progress::Starts(experiment) => terminal.print(format_args!("{TITLE}{}{TITLE:#}", experiment.name)),
        Progress::Step(step) => terminal.print(format_args!("  {FAINT}{step}{FAINT:#}")),
        Progress::Ended(finding) => match &finding.verdict {
            Verdict::Answer { answer, measured } => {
                let measured = measured.as_ref().map(|measured| format!(": {measured}")).unwrap_or_default();
                terminal.print(format_args!("  {GOOD}{answer}{GOOD:#}{measured}"));
            }
            Verdict::Holds => terminal.print(format_args!("  {GOOD}holds{GOOD:#}")),
            Verdict::Differs { observed } => terminal.print(format_args!("  {BAD}does not hold{BAD:#}: {observed}")),
            Verdict::Undecided { reason } => terminal.print(format_args!("  {CAUTION}undecided{CAUTION:#}: {reason}")),
        },
    }
}

/// Shows what the journal has, which is removed next.
fn show_remains(journal: &Journal, terminal: &mut Terminal) {
    let Run { prefix, region, .. } = &journal.run;
    terminal
        .print(format_args!("{TITLE}what may be left of {prefix}, and is removed if it has the run's tag{TITLE:#}"));
    for resource in journal.existing() {
        let (what, account) = (resource.what.text(), journal.run.account(resource.side));
        terminal.print(format_args!("  {what:<24}{}  in {account}, {region}", resource.name));
    }
}

/// Removes what the journal has.
async fn remove(lab: &mut Lab, path: &Path, terminal: &mut Terminal) -> anyhow::Result<()> {
    let count = lab.journal().existing().len();
    let leftovers = lab.remove_all().await;
    for leftover in &leftovers {
        let resource = &leftover.resource;
        terminal.warn(format_args!(
            "not removed: {} {} in {}: {}",
            resource.what.text(),
            resource.name,
            lab.journal().run.account(resource.side),
            leftover.reason
        ));
    }
    terminal.print(format_args!("removed {} of {count}", count - leftovers.len()));
    ensure!(leftovers.is_empty(), "some resources remain; run `cargo xtask probe --cleanup {}`", path.display());
    Ok(())
}

/// Prints the report, and writes it to the file.
fn deliver(report: &Report, args: &Probe, terminal: &mut Terminal) -> anyhow::Result<()> {
    terminal.print(format_args!("{TITLE}{:<28}{:<32}the simulation{TITLE:#}", "", "observed"));
    for result in &report.results {
        let style = match result.agrees {
            Some(true) => GOOD,
            Some(false) => BAD,
            None => CAUTION,
        };
        let (name, observed, simulated) = (result.experiment, result.observed(), result.comparison());
        terminal.print(format_args!("{name:<28}{style}{observed:<32}{style:#}{simulated}"));
    }
    if !report.answers.is_empty() {
        terminal.print(format_args!("`draco sim --answers {}` answers as observed", report.answers));
    }
    if let Some(path) = &args.report {
        fs::write(path, report.markdown()).with_context(|| format!("writing the report {}", path.display()))?;
        terminal.print(format_args!("report: {}", path.display()));
    }
    if args.json {
        Terminal::new(Answers::new(false)).print(serde_json::to_string_pretty(report)?);
    }
    Ok(())
}
