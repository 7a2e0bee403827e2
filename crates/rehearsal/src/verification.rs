//! The files and records of the verifier, as DR's root user writes and reads them.

use chrono::TimeDelta;
use cloud::{Cloud, Version};

use crate::Rehearsal;

/// The record of a verification, with its report when it has come to its end.
pub type Verification = verifier::record::Record;

/// Answers in place of the checker: its answer to a task with this much time, and the simulated time that it takes.
pub type Scripted = fn(&checks::Task, TimeDelta) -> (checks::Answer, TimeDelta);

/// `roots.pem` for a simulation without servers: there is no certificate to compare it with.
pub const UNUSED_ROOTS: &str = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

impl Rehearsal {
    /// Writes an object for the verifier: `roots.pem` or `checks.json`.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn put_for_verifier(&self, key: &str, content: impl Into<Vec<u8>>) -> anyhow::Result<()> {
        self.cloud_of_dr().write_object(&self.reports(), key, content.into(), &Version::Any).await?;
        Ok(())
    }

    /// The records of all verifications.
    ///
    /// # Errors
    /// If a call fails, or a record cannot be read.
    pub async fn verifications(&self) -> anyhow::Result<Vec<Verification>> {
        let (bucket, cloud) = (self.reports(), self.cloud_of_dr());
        let s3 = aws_sdk_s3::Client::new(&self.owner_config(&self.setup.dr()));
        let mut pages = s3.list_objects_v2().bucket(&bucket).prefix("jobs/").into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            for key in page?.contents().iter().filter_map(|object| object.key()) {
                if let Some(object) = cloud.read_object(&bucket, key).await? {
                    all.push(serde_json::from_slice(&object.content)?);
                }
            }
        }
        Ok(all)
    }

    fn cloud_of_dr(&self) -> Cloud {
        let dr = self.setup.dr();
        Cloud::new(&self.owner_config(&dr), dr)
    }

    /// The bucket of the verifier's stack.
    fn reports(&self) -> String {
        let dr = self.setup.dr();
        format!("draco-verify-{}-{}", dr.account, dr.region)
    }
}
