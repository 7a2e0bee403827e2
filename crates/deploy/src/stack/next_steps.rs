//! The next steps after the creation of a stack.

use config::Config;
use protocol::Place;

use crate::Role;

/// The next steps after the stack of this role was created in this account.
pub(super) fn after_create(role: Role, place: &Place, config: &Config) -> Vec<String> {
    let mut steps = Vec::new();
    // As in the templates: a topic takes precedence over an address.
    if let (Some(address), None) = (&config.alarm_email, &config.alarm_topic_arn) {
        steps.push(vec![format!(
            "Confirm the subscription e-mail that AWS has sent to {address}. Until then no alarm arrives."
        )]);
    }
    match role {
        Role::Verifier => {
            steps.push(vec![
                "See what is verified, when, and what it costs:".to_owned(),
                "cargo run --release -- verify --plan".to_owned(),
            ]);
        }
        Role::Second => steps.push(vec![
            "Let the consumer copy its copies to this region:".to_owned(),
            "cargo xtask update consumer".to_owned(),
        ]),
        Role::Consumer => {
            let accounts: Vec<&str> = config.source_accts.iter().map(protocol::AccountId::as_str).collect();
            let with_profile = if accounts.len() > 1 { "SOURCE_PROFILE=PROFILE " } else { "" };
            let mut step =
                vec![format!("Create the producer, with credentials of the source account ({}):", accounts.join(", "))];
            step.extend(config.database_regions().iter().map(|region| {
                let other = config.aws_region.as_ref() != Some(region);
                let of_region = if other { format!(" --region {region}") } else { String::new() };
                format!("{with_profile}cargo xtask create producer{of_region}")
            }));
            steps.push(step);
            if config.second_region.is_some() {
                steps.push(vec!["Create the second region:".to_owned(), "cargo xtask create second".to_owned()]);
            }
        }
        Role::Producer => {
            let arn = place.arn("rds", "db:NAME");
            let region = place.region.as_str();
            steps.push(vec![
                "Tag each database that Draco shall protect, and let RDS copy its tags to its snapshots:".to_owned(),
                format!(
                    "aws rds add-tags-to-resource --region {region} --resource-name {arn} \\\n       --tags \
                     Key=Draco_Lifecycle,Value=Standard"
                ),
                format!(
                    "aws rds modify-db-instance --region {region} --db-instance-identifier NAME \\\n       \
                     --copy-tags-to-snapshot --apply-immediately"
                ),
                "(for clusters: the ARN of the cluster, and modify-db-cluster --db-cluster-identifier)".to_owned(),
                "Its existing snapshots are copied, too (see doc/deploying.md on backfill).".to_owned(),
            ]);
        }
    }
    steps.push(vec!["Check the deployment:".to_owned(), "cargo xtask doctor".to_owned()]);
    let numbered = steps.into_iter().enumerate().flat_map(|(nth, step)| {
        step.into_iter().enumerate().map(move |(line, text)| match line {
            0 => format!("  {}. {text}", nth + 1),
            _ => format!("     {text}"),
        })
    });
    numbered.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn steps(role: Role, more: &str) -> String {
        let text = format!("AWS_REGION: eu-west-1\nSOURCE_ACCTS: ['111111111111']\nDR_ACCT: '222222222222'\n{more}");
        let config = Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        let account = match role {
            Role::Producer => "111111111111",
            Role::Consumer | Role::Second | Role::Verifier => "222222222222",
        };
        let place = Place { account: account.parse().unwrap(), region: "eu-west-1".parse().unwrap() };
        after_create(role, &place, &config).join("\n")
    }

    #[test]
    fn after_the_consumer_the_producer_is_created() {
        insta::assert_snapshot!(steps(Role::Consumer, "ALARM_EMAIL: dba@example.org"), @r"
          1. Confirm the subscription e-mail that AWS has sent to dba@example.org. Until then no alarm arrives.
          2. Create the producer, with credentials of the source account (111111111111):
             cargo xtask create producer
          3. Check the deployment:
             cargo xtask doctor
        ");
    }

    #[test]
    fn after_the_producer_databases_are_tagged() {
        insta::assert_snapshot!(steps(Role::Producer, ""), @r"
          1. Tag each database that Draco shall protect, and let RDS copy its tags to its snapshots:
             aws rds add-tags-to-resource --region eu-west-1 --resource-name arn:aws:rds:eu-west-1:111111111111:db:NAME \
               --tags Key=Draco_Lifecycle,Value=Standard
             aws rds modify-db-instance --region eu-west-1 --db-instance-identifier NAME \
               --copy-tags-to-snapshot --apply-immediately
             (for clusters: the ARN of the cluster, and modify-db-cluster --db-cluster-identifier)
             Its existing snapshots are copied, too (see doc/deploying.md on backfill).
          2. Check the deployment:
             cargo xtask doctor
        ");
    }

    #[test]
    fn after_the_verifier_its_plan_is_worth_a_look() {
        insta::assert_snapshot!(steps(Role::Verifier, ""), @"
        1. See what is verified, when, and what it costs:
           cargo run --release -- verify --plan
        2. Check the deployment:
           cargo xtask doctor
        ");
    }

    #[test]
    fn each_region_of_databases_has_a_producer_and_the_second_region_comes_before_the_update() {
        let regions = "SOURCE_REGIONS: [eu-west-1, eu-south-1]\nDR_REGION: eu-central-1\nSECOND_REGION: eu-north-1";
        insta::assert_snapshot!(steps(Role::Consumer, regions), @"
        1. Create the producer, with credentials of the source account (111111111111):
           cargo xtask create producer --region eu-south-1
           cargo xtask create producer
        2. Create the second region:
           cargo xtask create second
        3. Check the deployment:
           cargo xtask doctor
        ");
        insta::assert_snapshot!(steps(Role::Second, regions), @"
        1. Let the consumer copy its copies to this region:
           cargo xtask update consumer
        2. Check the deployment:
           cargo xtask doctor
        ");
    }

    #[test]
    fn own_alarm_topic_needs_no_confirmation() {
        let topic = "ALARM_TOPIC_ARN: arn:aws:sns:eu-west-1:222222222222:alarms";
        assert!(!steps(Role::Consumer, topic).contains("Confirm"));
    }

    #[test]
    fn several_source_accounts_need_a_profile_each() {
        let text = "AWS_REGION: eu-west-1\nSOURCE_ACCTS: ['111111111111', '333333333333']\nDR_ACCT: '222222222222'";
        let config = Config::of(Path::new("config.yaml"), text.as_bytes(), &BTreeMap::new()).unwrap();
        let place = Place { account: "222222222222".parse().unwrap(), region: "eu-west-1".parse().unwrap() };
        let steps = after_create(Role::Consumer, &place, &config).join("\n");
        assert!(steps.contains("source account (111111111111, 333333333333):"), "{steps}");
        assert!(steps.contains("SOURCE_PROFILE=PROFILE cargo xtask create producer"), "{steps}");
    }
}
