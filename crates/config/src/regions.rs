//! The regions of the databases and of their copies, and what differs between them.
//!
//! | region           | keys                                                    | stacks                                |
//! |------------------|---------------------------------------------------------|---------------------------------------|
//! | of databases     | `SOURCE_REGIONS`, by default `AWS_REGION`               | `draco-producer` in each source account |
//! | of the copies    | `DR_REGION`, by default `AWS_REGION`                    | `draco-consumer` in DR                |
//! | a second region  | `SECOND_REGION`; without it, there is none              | `draco-consumer` in DR                |

use anyhow::bail;
use protocol::Region;

use crate::{Config, missing};

impl Config {
    /// The region of DR's copies.
    #[must_use]
    pub fn copies_region(&self) -> Option<&Region> {
        self.dr_region.as_ref().or(self.aws_region.as_ref())
    }

    /// The regions whose snapshots are copied, in the order of their names.
    #[must_use]
    pub fn database_regions(&self) -> Vec<Region> {
        match &self.source_regions[..] {
            [] => self.aws_region.iter().cloned().collect(),
            regions => regions.to_vec(),
        }
    }

    /// All regions with a stack, in the order in which a snapshot comes to them, each once.
    #[must_use]
    pub fn all_regions(&self) -> Vec<Region> {
        let mut all = self.database_regions();
        for region in self.copies_region().into_iter().chain(&self.second_region) {
            if !all.contains(region) {
                all.push(region.clone());
            }
        }
        all
    }

    /// This configuration as it applies to the copies in the second region.
    #[must_use]
    pub fn of_second_region(&self) -> Self {
        Self { floor: self.second_floor.clone().unwrap_or_else(|| self.floor.clone()), ..self.clone() }
    }

    /// Whether snapshots stay in their region on the way to DR.
    #[must_use]
    pub fn is_one_region(&self) -> bool {
        self.database_regions().iter().eq(self.copies_region())
    }

    /// The second region.
    ///
    /// # Errors
    /// If it is not set.
    pub fn need_second_region(&self) -> anyhow::Result<&Region> {
        self.second_region.as_ref().ok_or_else(|| missing("SECOND_REGION"))
    }

    /// The bucket with the code in a region. Lambda requires that it is in the region of the function.
    ///
    /// # Errors
    /// If no bucket is configured.
    pub fn bucket_in(&self, region: &Region) -> anyhow::Result<String> {
        let bucket = self.need(&self.code_bucket, "CODE_BUCKET")?;
        let is_main = self.aws_region.as_ref().is_none_or(|main| main == region);
        Ok(if is_main { bucket.clone() } else { format!("{bucket}-{region}") })
    }

    /// The topic for alarms in a region, because CloudWatch accepts only one of the same region: in other regions than
    /// `AWS_REGION`, the topic with the same account and name.
    #[must_use]
    pub fn alarm_topic_in(&self, region: &Region) -> Option<String> {
        let topic = self.alarm_topic_arn.clone()?;
        if self.aws_region.as_ref().is_none_or(|main| main == region) {
            return Some(topic);
        }
        let mut parts: Vec<&str> = topic.splitn(6, ':').collect();
        if let Some(part) = parts.get_mut(3) {
            *part = region.as_str();
        }
        Some(parts.join(":"))
    }

    /// The code signing configuration for a region. Lambda accepts only one of the same region.
    ///
    /// # Errors
    /// If it is of another region: without it, the functions would run any code.
    pub fn code_signing_in(&self, region: &Region) -> anyhow::Result<Option<String>> {
        let Some(signing) = &self.code_signing else { return Ok(None) };
        match signing.split(':').nth(3) {
            Some(of) if of == region.as_str() => Ok(Some(signing.clone())),
            of => bail!(
                "CODE_SIGNING is of {}, and Lambda accepts only one of {region}: set it in the environment of this command",
                of.unwrap_or("no region")
            ),
        }
    }

    /// Errors of the keys for regions together.
    pub(crate) fn contradicting_regions(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let main = self.aws_region.as_ref();
        if let Some(main) = main.filter(|main| !self.source_regions.is_empty() && !self.source_regions.contains(main)) {
            found.push(("SOURCE_REGIONS", format!("AWS_REGION ({main}) is missing; it must be one of them")));
        }
        if let Some(second) = self.second_region.as_ref().filter(|second| self.copies_region() == Some(second)) {
            found.push(("SECOND_REGION", format!("{second} is the region of DR's copies; use another one")));
        }
        if self.second_region.is_none() {
            let needless = [
                ("SECOND_LIFECYCLE", self.second_lifecycle.is_some()),
                ("SECOND_FLOOR", self.second_floor.is_some()),
                ("BACKFILL_GIB", self.backfill_gib > 0),
            ];
            let needless = needless.into_iter().filter(|(_, is_set)| *is_set);
            found.extend(needless.map(|(key, _)| (key, "SECOND_REGION is not set".to_owned())));
        }
        if let (Some(name), Some(_)) = (&self.second_lifecycle, &self.second_region) {
            let known: Vec<&str> = self.lifecycles.names().filter(|known| *known != "Ignore").collect();
            if !known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                found.push(("SECOND_LIFECYCLE", format!("{name:?} is no lifecycle; use one of {}", known.join(", "))));
            }
        }
        let key = |region: &Region| match () {
            () if self.second_region.as_ref() == Some(region) => "SECOND_REGION",
            () if self.dr_region.as_ref() == Some(region) => "DR_REGION",
            () => "SOURCE_REGIONS",
        };
        if let Some(main) = main {
            let others = self.all_regions().into_iter().filter(|other| partition(other) != partition(main));
            found.extend(others.map(|other| (key(&other), format!("{other} and {main} are separate parts of AWS"))));
        }
        if let Some(bucket) = &self.code_bucket {
            let longest =
                self.all_regions().iter().filter_map(|region| self.bucket_in(region).ok()).max_by_key(String::len);
            if let Some(longest) = longest.filter(|longest| longest != bucket && longest.len() > 63) {
                let message =
                    format!("{longest} is the bucket of another region, and a bucket name has at most 63 characters");
                found.push(("CODE_BUCKET", message));
            }
        }
        found
    }
}

/// The separate parts of AWS. An account belongs to one, and snapshots cannot be copied between them.
fn partition(region: &Region) -> &'static str {
    let prefixes = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso", "aws-iso"), ("eusc-", "aws-eusc")];
    let found = prefixes.into_iter().find(|(prefix, _)| region.as_str().starts_with(prefix));
    found.map_or("aws", |(_, partition)| partition)
}
