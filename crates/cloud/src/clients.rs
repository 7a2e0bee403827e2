//! The clients of KMS, SNS and Step Functions. Each is created by the first call that needs it: most invocations call only
//! RDS.

use std::sync::OnceLock;

use aws_sdk_rds::config::retry::RetryPartition;
use aws_types::SdkConfig;

#[derive(Debug)]
pub(crate) struct Clients {
    config: SdkConfig,
    kms: OnceLock<aws_sdk_kms::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    sfn: OnceLock<aws_sdk_sfn::Client>,
}

impl Clients {
    pub(crate) fn new(config: SdkConfig) -> Self {
        Self { config, kms: OnceLock::new(), sns: OnceLock::new(), sfn: OnceLock::new() }
    }

    pub(crate) fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| {
            let config = aws_sdk_kms::config::Builder::from(&self.config).retry_partition(partition("kms"));
            aws_sdk_kms::Client::from_conf(config.build())
        })
    }

    pub(crate) fn sns(&self) -> &aws_sdk_sns::Client {
        self.sns.get_or_init(|| {
            let config = aws_sdk_sns::config::Builder::from(&self.config).retry_partition(partition("sns"));
            aws_sdk_sns::Client::from_conf(config.build())
        })
    }

    pub(crate) fn sfn(&self) -> &aws_sdk_sfn::Client {
        self.sfn.get_or_init(|| {
            let config = aws_sdk_sfn::config::Builder::from(&self.config).retry_partition(partition("states"));
            aws_sdk_sfn::Client::from_conf(config.build())
        })
    }
}

/// A retry budget for one `Cloud`. The SDK stops retrying when too many calls of one process have failed. In the simulated AWS,
/// several functions share one process, and the failures of one must not stop the retries of another.
pub(crate) fn partition(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service).build()
}
