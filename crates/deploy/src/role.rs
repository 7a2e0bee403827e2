//! The two roles that an account can have, and which account may have which.

use std::fmt;

use anyhow::bail;
use clap::ValueEnum;
use config::Config;
use protocol::AccountId;

/// What an account does for Draco.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The source account: it has the databases
    Producer,
    /// The DR account: it keeps the copies
    Consumer,
}

impl Role {
    /// Both, in the order in which a snapshot comes by.
    pub const BOTH: [Self; 2] = [Self::Producer, Self::Consumer];

    /// `producer`, `consumer`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    /// How its stack is called, and the function in it.
    #[must_use]
    pub fn stack(self) -> &'static str {
        match self {
            Self::Producer => "draco-producer",
            Self::Consumer => "draco-consumer",
        }
    }

    /// How the topic is called over which its function hears RDS and the other account.
    #[must_use]
    pub fn topic(self) -> &'static str {
        match self {
            Self::Producer => "DracoProducer",
            Self::Consumer => "DracoConsumer",
        }
    }

    /// Its account, in a sentence: `a source account`.
    #[must_use]
    pub fn account(self) -> &'static str {
        match self {
            Self::Producer => "a source account",
            Self::Consumer => "the DR account",
        }
    }

    /// The key in the configuration that names a profile for it.
    #[must_use]
    pub fn profile_key(self) -> &'static str {
        match self {
            Self::Producer => "SOURCE_PROFILE",
            Self::Consumer => "DR_PROFILE",
        }
    }

    /// The profile that the configuration names for it.
    #[must_use]
    pub fn profile(self, config: &Config) -> Option<&str> {
        match self {
            Self::Producer => config.source_profile.as_deref(),
            Self::Consumer => config.dr_profile.as_deref(),
        }
    }

    /// Whether this account is one for this role.
    ///
    /// # Errors
    ///
    /// If it is not, or the configuration does not say: what it is, what was expected, and how to mend it.
    pub fn admits(self, account: &AccountId, config: &Config) -> anyhow::Result<()> {
        let dr = config.need(&config.dr_acct, "DR_ACCT")?;
        let sources = config.need_sources()?;
        let fits = match self {
            Self::Producer => sources.contains(account) && account != dr,
            Self::Consumer => account == dr,
        };
        if fits {
            return Ok(());
        }
        let expected = match (self, sources) {
            (Self::Consumer, _) => format!("{dr} (DR_ACCT)"),
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
        let mend = match self.profile(config) {
            Some(profile) => format!("profile {profile} ({}) is for another account", self.profile_key()),
            None => format!("set {} to a profile of that account, or change the credentials", self.profile_key()),
        };
        bail!("these credentials are for account {account}{is}; the {self} belongs to {expected}: {mend}")
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

    fn refused(role: Role, account: &str, config: &Config) -> String {
        role.admits(&account.parse().unwrap(), config).unwrap_err().to_string()
    }

    #[test]
    fn each_role_has_its_account() {
        let config = config(TWO);
        for (role, account) in [(Role::Producer, SOURCE), (Role::Producer, "333333333333"), (Role::Consumer, DR)] {
            role.admits(&account.parse().unwrap(), &config).unwrap();
        }
    }

    #[test]
    fn nobody_deploys_the_producer_into_dr_by_mistake() {
        assert_eq!(
            refused(Role::Producer, DR, &config(ONE)),
            "these credentials are for account 222222222222, the DR account; the producer belongs to 111111111111 \
             (SOURCE_ACCTS): set SOURCE_PROFILE to a profile of that account, or change the credentials"
        );
    }

    #[test]
    fn nobody_deploys_the_consumer_into_production_by_mistake() {
        assert_eq!(
            refused(Role::Consumer, SOURCE, &config(&format!("{ONE}\nDR_PROFILE: prod"))),
            "these credentials are for account 111111111111, a source account; the consumer belongs to 222222222222 \
             (DR_ACCT): profile prod (DR_PROFILE) is for another account"
        );
    }

    #[test]
    fn an_account_that_nobody_knows_gets_nothing() {
        assert_eq!(
            refused(Role::Producer, "999999999999", &config(TWO)),
            "these credentials are for account 999999999999; the producer belongs to one of 111111111111, 333333333333 \
             (SOURCE_ACCTS): set SOURCE_PROFILE to a profile of that account, or change the credentials"
        );
    }

    #[test]
    fn without_accounts_in_the_configuration_nobody_is_right() {
        let why = refused(Role::Producer, SOURCE, &config(""));
        assert!(why.starts_with("SOURCE_ACCTS is not set"), "{why}");
    }
}
