//! The roles of accounts, and the check that an account has the expected one.

use std::fmt;

use anyhow::bail;
use clap::ValueEnum;
use config::Config;
use protocol::{AccountId, Region};

/// The role of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// In a source account, which has the databases
    Producer,
    /// In the DR account, which keeps the copies
    Consumer,
    /// In the second region of the DR account, which keeps copies of the copies
    Second,
    /// In the DR account, in a region of copies: restores copies to prove that they are good
    Verifier,
}

impl Role {
    /// Those of the two accounts, in the order in which they handle a snapshot.
    pub const BOTH: [Self; 2] = [Self::Producer, Self::Consumer];

    /// `producer`, `consumer`, `second`, `verifier`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Second => "second",
            Self::Verifier => "verifier",
        }
    }

    /// The name of its stack, and of the function in it.
    #[must_use]
    pub fn stack(self) -> &'static str {
        match self {
            Self::Producer => "draco-producer",
            Self::Consumer | Self::Second => "draco-consumer",
            Self::Verifier => "draco-verifier",
        }
    }

    /// The name of the topic that receives RDS events and the messages of the other account, and the beginning of the name of the topic
    /// for alarms. The verifier has only that one.
    #[must_use]
    pub fn topic(self) -> &'static str {
        match self {
            Self::Producer => "DracoProducer",
            Self::Consumer | Self::Second => "DracoConsumer",
            Self::Verifier => "DracoVerifier",
        }
    }

    /// Its account, as part of a sentence: `a source account`.
    #[must_use]
    pub fn account(self) -> &'static str {
        match self {
            Self::Producer => "a source account",
            Self::Consumer | Self::Second | Self::Verifier => "the DR account",
        }
    }

    /// Whether its stack keeps copies: there are stacks of source accounts beside it.
    #[must_use]
    pub fn keeps_copies(self) -> bool {
        matches!(self, Self::Consumer | Self::Second)
    }

    /// The region of its stack; of a producer, `AWS_REGION`.
    ///
    /// # Errors
    ///
    /// If it is not configured.
    pub fn region(self, config: &Config) -> anyhow::Result<&Region> {
        match (self, config.copies_region()) {
            (Self::Consumer | Self::Verifier, Some(region)) => Ok(region),
            (Self::Producer | Self::Consumer | Self::Verifier, _) => config.need(&config.aws_region, "AWS_REGION"),
            (Self::Second, _) => config.need_second_region(),
        }
    }

    /// The region of its stack, or the region that was given for it: a producer has a stack in each region of databases.
    ///
    /// # Errors
    ///
    /// If it is not configured, or has no stack in the given region.
    pub fn region_or<'a>(self, config: &'a Config, given: Option<&'a Region>) -> anyhow::Result<&'a Region> {
        let Some(given) = given else { return self.region(config) };
        let (databases, copies) = (config.database_regions(), config.copies_region());
        let is_configured = match self {
            Self::Producer => databases.contains(given),
            Self::Consumer => copies == Some(given),
            Self::Second => self.region(config)? == given,
            Self::Verifier => copies == Some(given) || config.second_region.as_ref() == Some(given),
        };
        if is_configured {
            return Ok(given);
        }
        let databases: Vec<&str> = databases.iter().map(Region::as_str).collect();
        match self {
            Self::Producer => {
                bail!("{given} is no region of databases; add it to SOURCE_REGIONS, which has {}", databases.join(", "))
            }
            Self::Consumer | Self::Verifier => bail!(
                "the {self} has no stack in {given}; DR's copies are in {}",
                copies.map_or("no region", Region::as_str)
            ),
            Self::Second => {
                let second = self.region(config)?;
                match copies == Some(given) {
                    true => bail!("{given} is DR's first region; the second one is {second} (SECOND_REGION)"),
                    false => bail!("{given} is not SECOND_REGION ({second})"),
                }
            }
        }
    }

    /// As [`Role::region_or`], for a stack that is deleted: a second region may be left over after its key was removed from the
    /// configuration or was changed.
    ///
    /// # Errors
    ///
    /// As [`Role::region_or`].
    pub fn region_to_delete<'a>(self, config: &'a Config, given: Option<&'a Region>) -> anyhow::Result<&'a Region> {
        match (self, given) {
            (Self::Second, Some(given)) if config.copies_region() == Some(given) => {
                bail!("{given} is DR's first region; the second one is another (SECOND_REGION)")
            }
            (Self::Second, Some(given)) => Ok(given),
            _ => self.region_or(config, given),
        }
    }

    /// The configuration key for its AWS profile.
    #[must_use]
    pub fn profile_key(self) -> &'static str {
        match self {
            Self::Producer => "SOURCE_PROFILE",
            Self::Consumer | Self::Second | Self::Verifier => "DR_PROFILE",
        }
    }

    /// Its AWS profile, if one is configured.
    #[must_use]
    pub fn profile(self, config: &Config) -> Option<&str> {
        match self {
            Self::Producer => config.source_profile.as_deref(),
            Self::Consumer | Self::Second | Self::Verifier => config.dr_profile.as_deref(),
        }
    }

    /// Checks that this account has this role, by the configuration.
    ///
    /// # Errors
    ///
    /// If it has not, or the accounts are not configured.
    pub fn check_account(self, account: &AccountId, config: &Config) -> anyhow::Result<()> {
        let dr = config.need(&config.dr_acct, "DR_ACCT")?;
        let sources = config.need_sources()?;
        let fits = match self {
            Self::Producer => sources.contains(account) && account != dr,
            Self::Consumer | Self::Second | Self::Verifier => account == dr,
        };
        if fits {
            return Ok(());
        }
        let expected = match (self, sources) {
            (Self::Consumer | Self::Second | Self::Verifier, _) => format!("{dr} (DR_ACCT)"),
            (Self::Producer, [one]) => format!("{one} (SOURCE_ACCTS)"),
            (Self::Producer, many) => {
                let many: Vec<&str> = many.iter().map(AccountId::as_str).collect();
                format!("one of {} (SOURCE_ACCTS)", many.join(", "))
            }
        };
        let is = match self {
            _ if account == dr => ", the DR account",
            _ if sources.contains(account) => ", a source account",
            _ => "",
        };
        let fix = match self.profile(config) {
            Some(profile) => format!("profile {profile} ({}) is for another account", self.profile_key()),
            None => format!("set {} to a profile of that account, or change the credentials", self.profile_key()),
        };
        bail!("these credentials are for account {account}{is}; the {self} belongs to {expected}: {fix}")
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    const ONE: &str = "SOURCE_ACCTS: '111111111111'";
    const TWO: &str = "SOURCE_ACCTS: ['111111111111', '333333333333']";
    const SOURCE: &str = "111111111111";
    const DR: &str = "222222222222";

    fn config(text: &str) -> Config {
        let text = format!("DR_ACCT: '{DR}'\n{text}");
        Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap()
    }

    fn refusal(role: Role, account: &str, config: &Config) -> String {
        role.check_account(&account.parse().unwrap(), config).unwrap_err().to_string()
    }

    #[test]
    fn configured_accounts_are_accepted() {
        let config = config(TWO);
        for (role, account) in [(Role::Producer, SOURCE), (Role::Producer, "333333333333"), (Role::Consumer, DR)] {
            role.check_account(&account.parse().unwrap(), &config).unwrap();
        }
    }

    #[test]
    fn producer_is_refused_in_the_dr_account() {
        assert_eq!(
            refusal(Role::Producer, DR, &config(ONE)),
            "these credentials are for account 222222222222, the DR account; the producer belongs to 111111111111 \
             (SOURCE_ACCTS): set SOURCE_PROFILE to a profile of that account, or change the credentials"
        );
    }

    #[test]
    fn consumer_is_refused_in_a_source_account() {
        assert_eq!(
            refusal(Role::Consumer, SOURCE, &config(&format!("{ONE}\nDR_PROFILE: prod"))),
            "these credentials are for account 111111111111, a source account; the consumer belongs to 222222222222 \
             (DR_ACCT): profile prod (DR_PROFILE) is for another account"
        );
    }

    #[test]
    fn unknown_account_is_refused() {
        assert_eq!(
            refusal(Role::Producer, "999999999999", &config(TWO)),
            "these credentials are for account 999999999999; the producer belongs to one of 111111111111, 333333333333 \
             (SOURCE_ACCTS): set SOURCE_PROFILE to a profile of that account, or change the credentials"
        );
    }

    #[test]
    fn a_region_can_be_given_for_a_role_that_has_a_stack_there() {
        let config = config("AWS_REGION: eu-west-1\nSOURCE_REGIONS: [eu-west-1, eu-south-1]\nDR_REGION: eu-central-1");
        let region = |role: Role, given: &str| {
            let given = given.parse().ok();
            let region = role.region_or(&config, given.as_ref());
            region.map_or_else(|why| why.to_string(), ToString::to_string)
        };
        assert_eq!(region(Role::Producer, ""), "eu-west-1");
        assert_eq!(region(Role::Producer, "eu-south-1"), "eu-south-1");
        assert_eq!(
            region(Role::Producer, "eu-north-1"),
            "eu-north-1 is no region of databases; add it to SOURCE_REGIONS, which has eu-south-1, eu-west-1"
        );
        assert_eq!(region(Role::Consumer, ""), "eu-central-1");
        let elsewhere = "the consumer has no stack in eu-west-1; DR's copies are in eu-central-1";
        assert_eq!(region(Role::Consumer, "eu-west-1"), elsewhere);
    }

    #[test]
    fn a_former_second_region_can_be_given_only_to_delete_its_stack() {
        let regions = "AWS_REGION: eu-west-1\nDR_REGION: eu-central-1\n";
        let (without, with) = (config(regions), config(&format!("{regions}SECOND_REGION: eu-north-1")));
        let text = |region: anyhow::Result<&Region>| region.map_or_else(|why| why.to_string(), ToString::to_string);
        let region = |config: &Config, given: &str| text(Role::Second.region_or(config, given.parse().ok().as_ref()));
        for given in ["", "eu-north-1"] {
            assert!(region(&without, given).starts_with("SECOND_REGION is not set"), "{given}");
            assert_eq!(region(&with, given), "eu-north-1");
        }
        assert_eq!(region(&with, "eu-south-1"), "eu-south-1 is not SECOND_REGION (eu-north-1)");
        let first = "eu-central-1 is DR's first region; the second one is ";
        assert_eq!(region(&with, "eu-central-1"), format!("{first}eu-north-1 (SECOND_REGION)"));
        let former = |given: &str| text(Role::Second.region_to_delete(&without, given.parse().ok().as_ref()));
        assert_eq!(former("eu-south-1"), "eu-south-1");
        assert_eq!(former("eu-central-1"), format!("{first}another (SECOND_REGION)"));
        assert!(former("").starts_with("SECOND_REGION is not set"));
    }

    #[test]
    fn without_configured_accounts_every_account_is_refused() {
        let why = refusal(Role::Producer, SOURCE, &config(""));
        assert!(why.starts_with("SOURCE_ACCTS is not set"), "{why}");
    }
}
