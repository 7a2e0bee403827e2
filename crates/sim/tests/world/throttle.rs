//! Throttling.

use std::time::Duration;

use aws_sdk_rds::config::retry::RetryConfig;
use sim::{Settings, World};

#[tokio::test(start_paused = true)]
async fn calls_over_the_rate_limit_are_throttled_until_the_bucket_refills() {
    let world =
        World::with_settings(Settings { calls_per_second: Some(5), latency: Duration::ZERO, ..Settings::default() });
    let rds = |account| {
        let config = world.sdk_config(account, "eu-west-1");
        let config = aws_sdk_rds::config::Builder::from(&config).retry_config(RetryConfig::disabled());
        aws_sdk_rds::Client::from_conf(config.build())
    };
    let (one, other) = (rds("111111111111"), rds("222222222222"));
    let refused = async |rds: &aws_sdk_rds::Client, calls: usize| {
        let mut refused = 0;
        for _ in 0..calls {
            let answer = rds.describe_db_instances().send().await;
            refused +=
                usize::from(answer.is_err_and(|why| why.into_service_error().meta().code() == Some("Throttling")));
        }
        refused
    };
    assert_eq!(refused(&one, 15).await, 5, "a burst of two seconds is let through");
    assert_eq!(refused(&other, 10).await, 0, "another account has its own limit");
    world.sleep(Duration::from_secs(1)).await;
    assert_eq!(refused(&one, 7).await, 2, "five more after a second");
}
