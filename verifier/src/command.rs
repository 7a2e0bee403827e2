//! What `draco verify` needs to know. The steps themselves are made by the function.

use chrono::{DateTime, Utc};
use cloud::Quotas;
use protocol::DatabaseArn;
use protocol::event::Verifying;
use protocol::job::Role;
use provision::sweep::Due as Remains;

use crate::Verifier;
use crate::job::is_timer_of;
use crate::plan::{Database, Due, Plan, Policy, plan};
use crate::record::{INDEX, Index, Record, key};
use crate::run::{mark_running, returning};

/// The databases with copies, and what is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The databases.
    pub databases: Vec<Database>,
    /// What is due.
    pub plan: Plan,
    /// How many verifications run as timers.
    pub running: usize,
    /// The quotas of DR.
    pub quotas: Quotas,
    /// The database that is being brought back, if one is: no verification begins meanwhile.
    pub returning: Option<DatabaseArn>,
}

impl Verifier {
    /// How often and how much is verified.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    /// The bucket with the reports.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.settings.bucket
    }

    /// Looks at all copies. Changes nothing.
    ///
    /// # Errors
    /// If a list cannot be read.
    pub async fn survey(&self, deadline: DateTime<Utc>) -> anyhow::Result<Survey> {
        let timers = self.running().await?;
        let (index, _) = self.read_or(INDEX, Index::default()).await?;
        let mut databases = self.databases(&index, deadline).await?;
        mark_running(&mut databases, &timers);
        let now = self.cloud.now();
        let plan = plan(&self.settings.policy, &databases, now);
        let returning = returning(&provision::sweep::sweep(&self.cloud, now).await?, now);
        let quotas = self.cloud.quotas().await?;
        Ok(Survey { databases, plan, running: timers.len(), quotas, returning })
    }

    /// The verification of a copy. `None` if the copy is gone.
    ///
    /// # Errors
    /// If the copy cannot be read.
    pub async fn verifying(&self, due: &Due) -> anyhow::Result<Option<Verifying>> {
        let requested = self.request(&due.copy, &due.database).await?;
        Ok(requested.map(|(job, origin)| Verifying { job: job.to_tags(), origin }))
    }

    /// The verifications whose database is there.
    ///
    /// # Errors
    /// If a list or a record cannot be read.
    pub async fn unfinished(&self) -> anyhow::Result<Vec<Verifying>> {
        let mut all = Vec::new();
        for found in provision::sweep::sweep(&self.cloud, self.cloud.now()).await? {
            let (Remains::Continue(job, Role::Verify) | Remains::TearDown(job, Role::Verify)) = found.due else {
                continue;
            };
            all.extend(self.origin_of(&job).await?.map(|origin| Verifying { job: job.to_tags(), origin }));
        }
        Ok(all)
    }

    /// Whether a timer takes a verification of this database from step to step.
    ///
    /// # Errors
    /// If the list cannot be read.
    pub async fn has_timer(&self, database: &DatabaseArn) -> anyhow::Result<bool> {
        Ok(self.running().await?.iter().any(|name| is_timer_of(name, database)))
    }

    /// The record of the verification with this job ID. `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn record(&self, job: &str) -> anyhow::Result<Option<Record>> {
        Ok(self.read_or::<Option<Record>>(&key(job), None).await?.0)
    }
}
