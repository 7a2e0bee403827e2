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

/// The longest name of a bucket.
const MAX_BUCKET: usize = 63;

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

    /// The topic for alarms in a region, because CloudWatch accepts only one of the same region. The key names the topic of one
    /// configured region; the others use the one with the same account and name.
    #[must_use]
    pub fn alarm_topic_in(&self, region: &Region) -> Option<String> {
        let topic = self.alarm_topic_arn.clone()?;
        let all = self.all_regions();
        let mut parts: Vec<&str> = topic.splitn(6, ':').collect();
        // CloudWatch refuses a topic of a region that is not configured, and says so.
        if let Some(part) = parts.get_mut(3).filter(|of| all.iter().any(|known| known.as_str() == **of)) {
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
            let default = if self.dr_region.is_none() { " (AWS_REGION, because DR_REGION is not set)" } else { "" };
            found.push(("SECOND_REGION", format!("{second} is the region of DR's copies{default}; use another one")));
        }
        if self.second_region.is_none() {
            let needless = [
                ("SECOND_LIFECYCLE", self.second_lifecycle.is_some()),
                ("SECOND_FLOOR", self.second_floor.is_some()),
                ("BACKFILL_GIB", self.backfill_gib > 0),
            ];
            let needless = needless.into_iter().filter(|(_, is_set)| *is_set);
            let message = "needs SECOND_REGION; remove this key, or set SECOND_REGION";
            found.extend(needless.map(|(key, _)| (key, message.to_owned())));
        }
        if let (Some(name), Some(_)) = (&self.second_lifecycle, &self.second_region) {
            let known: Vec<&str> = self.lifecycles.names().filter(|known| *known != "Ignore").collect();
            if !known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                let why = match name.eq_ignore_ascii_case("Ignore") {
                    true => "Ignore copies nothing; remove SECOND_REGION instead, or".to_owned(),
                    false => format!("{name:?} is no lifecycle;"),
                };
                found.push(("SECOND_LIFECYCLE", format!("{why} use one of {}", known.join(", "))));
            }
        }
        if let Some(main) = main {
            let others = self.all_regions().into_iter().filter(|other| partition(other) != partition(main));
            found.extend(others.map(|other| {
                let message = format!(
                    "{other} and {main} are separate parts of AWS; choose a region in the same part as AWS_REGION"
                );
                (self.region_key(&other), message)
            }));
        }
        found.extend(self.too_long_bucket().map(|message| ("CODE_BUCKET", message)));
        found
    }

    /// The key that names a region.
    #[must_use]
    pub fn region_key(&self, region: &Region) -> &'static str {
        match Some(region) {
            region if region == self.second_region.as_ref() => "SECOND_REGION",
            region if region == self.dr_region.as_ref() => "DR_REGION",
            region if region == self.aws_region.as_ref() => "AWS_REGION",
            _ => "SOURCE_REGIONS",
        }
    }

    /// Why the bucket's name has no space for the name of a region after it.
    fn too_long_bucket(&self) -> Option<String> {
        let bucket = self.code_bucket.as_ref()?;
        let all = self.all_regions().into_iter().filter_map(|region| Some((self.bucket_in(&region).ok()?, region)));
        let (longest, region) = all.max_by_key(|(name, _)| name.len()).filter(|(name, _)| name != bucket)?;
        let (length, most) = (longest.len(), MAX_BUCKET + bucket.len() - longest.len());
        (length > MAX_BUCKET).then(|| {
            format!(
                "in {region} the bucket would be {longest} ({length} characters, AWS allows {MAX_BUCKET}): choose a CODE_BUCKET \
                 of at most {most}, then run `cargo xtask setup-bucket` and `upload`, and update all stacks"
            )
        })
    }
}

/// The separate parts of AWS. An account belongs to one, and snapshots cannot be copied between them.
fn partition(region: &Region) -> &'static str {
    let prefixes = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso", "aws-iso"), ("eusc-", "aws-eusc")];
    let found = prefixes.into_iter().find(|(prefix, _)| region.as_str().starts_with(prefix));
    found.map_or("aws", |(_, partition)| partition)
}
