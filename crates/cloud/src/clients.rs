//! The clients of each service in each region. Each is created by the first call that needs it: most invocations call only RDS in their
//! own region.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_sdk_rds::config::retry::{RetryConfig, RetryPartition};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{AccountId, Place, Region};

use crate::RDS_ATTEMPTS;
use crate::error::Failure;
use crate::rds::Rds;

/// The time limit of one call to another region, with all attempts. A region can be gone for days, and calls to it must leave a
/// function the time for the rest of its work.
const ELSEWHERE: TimeoutLimits = TimeoutLimits { connect: Duration::from_secs(3), operation: Duration::from_secs(45) };

/// Time limits of a call.
struct TimeoutLimits {
    connect: Duration,
    operation: Duration,
}

/// The clients of an account, by region.
#[derive(Debug)]
pub(crate) struct Regions {
    config: SdkConfig,
    here: Place,
    local: Arc<Clients>,
    others: Mutex<BTreeMap<Region, Arc<Clients>>>,
}

/// The clients of an account in one region.
#[derive(Debug)]
pub(crate) struct Clients {
    config: SdkConfig,
    here: Place,
    distance: Distance,
    rds: OnceLock<Rds>,
    kms: OnceLock<aws_sdk_kms::Client>,
    #[cfg(feature = "verify")]
    lambda: OnceLock<aws_sdk_lambda::Client>,
    #[cfg(feature = "verify")]
    s3: OnceLock<aws_sdk_s3::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    sfn: OnceLock<aws_sdk_sfn::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
}

/// Whether clients are those of the function's own region.
#[derive(Debug)]
enum Distance {
    Local,
    /// They are not. When the region could not be reached last.
    Elsewhere(Mutex<Option<DateTime<Utc>>>),
}

/// How long a region that could not be reached is not called again: each call takes almost a minute, and a sweep has many.
const GONE: TimeDelta = TimeDelta::minutes(1);

impl Regions {
    pub(crate) fn new(config: &SdkConfig, here: &Place) -> Self {
        let local = Arc::new(Clients::new(config.clone(), here.clone(), Distance::Local));
        Self { config: config.clone(), here: here.clone(), local, others: Mutex::default() }
    }

    /// The clients of this region.
    pub(crate) fn of(&self, region: &Region) -> Arc<Clients> {
        if *region == self.here.region {
            return Arc::clone(&self.local);
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = others.entry(region.clone()).or_insert_with(|| Arc::new(self.elsewhere(region)));
        Arc::clone(clients)
    }

    fn elsewhere(&self, region: &Region) -> Clients {
        let limits = TimeoutConfig::builder().connect_timeout(ELSEWHERE.connect);
        let mut limits = limits.operation_timeout(ELSEWHERE.operation);
        if let Some(attempt) = self.config.timeout_config().and_then(TimeoutConfig::operation_attempt_timeout) {
            limits = limits.operation_attempt_timeout(attempt);
        }
        let config = self.config.to_builder().region(aws_types::region::Region::new(region.to_string()));
        let here = Place { region: region.clone(), account: self.account().clone() };
        let distance = Distance::Elsewhere(Mutex::default());
        Clients::new(config.timeout_config(limits.build()).build(), here, distance)
    }

    fn account(&self) -> &AccountId {
        &self.here.account
    }
}

impl Clients {
    fn new(config: SdkConfig, here: Place, distance: Distance) -> Self {
        Self {
            config,
            here,
            distance,
            rds: OnceLock::new(),
            kms: OnceLock::new(),
            #[cfg(feature = "verify")]
            lambda: OnceLock::new(),
            #[cfg(feature = "verify")]
            s3: OnceLock::new(),
            sns: OnceLock::new(),
            sfn: OnceLock::new(),
            secrets: OnceLock::new(),
        }
    }

    /// Makes a call, unless its region is another one and could not be reached a moment ago.
    pub(crate) async fn call<T>(
        &self,
        clock: &SharedTimeSource,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Distance::Elsewhere(gone) = &self.distance else { return call.await };
        let now = || DateTime::<Utc>::from(clock.now());
        if let Some(since) = *gone.lock().unwrap_or_else(PoisonError::into_inner)
            && now() - since < GONE
        {
            return Err(Failure::without_connection(format!("{} could not be reached a moment ago", self.here.region)));
        }
        let result = call.await;
        let is_gone = result.as_ref().is_err_and(Failure::is_without_answer);
        *gone.lock().unwrap_or_else(PoisonError::into_inner) = is_gone.then(now);
        result
    }

    pub(crate) fn rds(&self) -> &Rds {
        self.rds.get_or_init(|| {
            let retries = RetryConfig::standard().with_max_attempts(RDS_ATTEMPTS);
            let config = aws_sdk_rds::config::Builder::from(&self.config).retry_partition(partition("rds"));
            let config = config.retry_config(retries).build();
            Rds::new(aws_sdk_rds::Client::from_conf(config), self.here.clone())
        })
    }

    pub(crate) fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| {
            let config = aws_sdk_kms::config::Builder::from(&self.config).retry_partition(partition("kms"));
            aws_sdk_kms::Client::from_conf(config.build())
        })
    }

    #[cfg(feature = "verify")]
    pub(crate) fn lambda(&self) -> &aws_sdk_lambda::Client {
        self.lambda.get_or_init(|| {
            let config = aws_sdk_lambda::config::Builder::from(&self.config).retry_partition(partition("lambda"));
            aws_sdk_lambda::Client::from_conf(config.build())
        })
    }

    #[cfg(feature = "verify")]
    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| {
            let config = aws_sdk_s3::config::Builder::from(&self.config).retry_partition(partition("s3"));
            aws_sdk_s3::Client::from_conf(config.build())
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

    pub(crate) fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.secrets.get_or_init(|| {
            let config = aws_sdk_secretsmanager::config::Builder::from(&self.config)
                .retry_partition(partition("secretsmanager"));
            aws_sdk_secretsmanager::Client::from_conf(config.build())
        })
    }
}

/// A retry budget for one client. The SDK stops retrying when too many calls of one process have failed. In the simulated AWS,
/// several functions share one process, and the failures of one must not stop the retries of another; nor may those of a region
/// that is gone stop the retries in another region.
fn partition(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service).build()
}
