//! The stacks: one for each role, and in DR one for each source account.

use std::fmt;

use config::Config;
use protocol::AccountId;

use crate::Role;

/// One of Draco's stacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StackName {
    /// `draco-producer`, in a source account.
    Producer,
    /// `draco-consumer`, in DR.
    Consumer,
    /// `draco-source-111111111111`, in DR: the topic and the alarms of that source account.
    Source(AccountId),
    /// `draco-consumer`, in the second region of DR.
    Second,
    /// `draco-source-111111111111`, in the second region of DR: the alarms of that source account.
    SecondSource(AccountId),
    /// `draco-verifier`, in a region of DR.
    Verifier,
}

/// The start of the names of source stacks.
const SOURCE: &str = "draco-source-";

impl StackName {
    /// The main stack of a role.
    #[must_use]
    pub fn of(role: Role) -> Self {
        match role {
            Role::Producer => Self::Producer,
            Role::Consumer => Self::Consumer,
            Role::Second => Self::Second,
            Role::Verifier => Self::Verifier,
        }
    }

    /// The stacks that a role needs, in the order in which they are created.
    #[must_use]
    pub fn all(role: Role, config: &Config) -> Vec<Self> {
        match role {
            Role::Producer => vec![Self::Producer],
            Role::Verifier => vec![Self::Verifier],
            Role::Consumer => {
                let sources = config.source_accts.iter().cloned().map(Self::Source);
                [Self::Consumer].into_iter().chain(sources).collect()
            }
            Role::Second => {
                let sources = config.source_accts.iter().cloned().map(Self::SecondSource);
                [Self::Second].into_iter().chain(sources).collect()
            }
        }
    }

    /// The source account of a stack with this name, if it is a source stack.
    #[must_use]
    pub fn source(name: &str) -> Option<AccountId> {
        name.strip_prefix(SOURCE)?.parse().ok()
    }

    /// The stack of a source account in a region of DR.
    #[must_use]
    pub fn source_of(role: Role, account: AccountId) -> Self {
        if role == Role::Second { Self::SecondSource(account) } else { Self::Source(account) }
    }

    /// The role of the account that it is in.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Producer => Role::Producer,
            Self::Consumer | Self::Source(_) => Role::Consumer,
            Self::Second | Self::SecondSource(_) => Role::Second,
            Self::Verifier => Role::Verifier,
        }
    }

    /// The file of its template, in `cfn/`.
    #[must_use]
    pub fn template(&self) -> &'static str {
        match self {
            Self::Producer => "producer.yaml",
            Self::Consumer | Self::Second => "consumer.yaml",
            Self::Source(_) | Self::SecondSource(_) => "source.yaml",
            Self::Verifier => "verifier.yaml",
        }
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Producer | Self::Consumer | Self::Second | Self::Verifier => f.write_str(self.role().stack()),
            Self::Source(account) | Self::SecondSource(account) => write!(f, "{SOURCE}{account}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_stacks_are_known_by_their_name() {
        let account: AccountId = "111111111111".parse().unwrap();
        assert_eq!(StackName::source(&StackName::Source(account.clone()).to_string()), Some(account));
        for other in ["draco-consumer", "draco-source-", "draco-source-orders", "my-draco-source-111111111111"] {
            assert_eq!(StackName::source(other), None, "{other}");
        }
    }

    #[test]
    fn the_consumer_has_a_stack_for_each_source_account() {
        let accounts = ["111111111111", "333333333333"].map(|account| account.parse().unwrap());
        let config = Config { source_accts: accounts.to_vec(), ..Config::default() };
        let names = |role| StackName::all(role, &config).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(Role::Producer), ["draco-producer"]);
        let expected = ["draco-consumer", "draco-source-111111111111", "draco-source-333333333333"];
        assert_eq!(names(Role::Consumer), expected);
        assert_eq!(names(Role::Second), expected);
    }
}
