//! The program `deploy` as a user runs it, with the simulated AWS. The simulation has no buckets and no stacks, so these tests
//! cover the steps before: arguments, configuration, credentials, account. The deployment itself is tested with MiniStack.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod probe;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sim::{Settings, World};
use tokio::net::TcpListener;

const SOURCE: &str = "111111111111";
const DR: &str = "222222222222";

/// The simulated AWS on its own port, and a folder with a configuration.
struct Stage {
    world: World,
    address: String,
    folder: PathBuf,
}

impl Stage {
    async fn new(name: &str) -> Self {
        Self::of(name, World::with_settings(Settings { speed: 600, ..Settings::default() })).await
    }

    async fn of(name: &str, world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = world.clone();
        tokio::spawn(async move { served.serve(listener).await });
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let config = format!("{{AWS_REGION: eu-west-1, SOURCE_ACCTS: '{SOURCE}', DR_ACCT: '{DR}', CODE_BUCKET: code}}");
        fs::write(folder.join("config.yaml"), config).unwrap();
        fs::write(folder.join("profiles"), PROFILES).unwrap();
        Self { world, address, folder }
    }

    /// Runs the program with only these environment variables.
    async fn run(&self, args: &[&str], set: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploy"));
        command.args(args).current_dir(&self.folder).env_clear().env("AWS_ENDPOINT_URL", &self.address);
        command.env("AWS_CONFIG_FILE", self.folder.join("profiles")).env("HOME", &self.folder);
        // There is no EC2 instance metadata service.
        command.env("AWS_EC2_METADATA_DISABLED", "true").envs(set.iter().copied());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// The error message, which must be one line.
    async fn error(&self, args: &[&str], set: &[(&str, &str)]) -> String {
        let output = self.run(args, set).await;
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
        why.trim_end().to_owned()
    }

    fn calls(&self) -> Vec<String> {
        self.world.journal(|journal| journal.calls().map(|(_, _, call)| call.to_owned()).collect())
    }
}

const PROFILES: &str = "
[profile source]
aws_access_key_id = 111111111111
aws_secret_access_key = of no account
[profile dr]
aws_access_key_id = 222222222222
aws_secret_access_key = of no account
[profile signed-out]
sso_session = house
sso_account_id = 222222222222
sso_role_name = Deployer
[sso-session house]
sso_region = eu-west-1
sso_start_url = https://example.awsapps.com/start
";

/// In the simulated AWS, an access key of 12 digits is the account.
fn keys(account: &str) -> [(&str, &str); 2] {
    [("AWS_ACCESS_KEY_ID", account), ("AWS_SECRET_ACCESS_KEY", "of no account")]
}

#[tokio::test]
async fn wrong_account_receives_no_further_calls() {
    let stage = Stage::new("wrong-account").await;
    for (task, account) in [
        (&["create", "producer", "--yes"][..], DR),
        (&["update", "consumer", "--yes"], SOURCE),
        (&["delete", "consumer", "--yes"], SOURCE),
        (&["delete", "producer", "--yes"], DR),
        (&["setup-bucket", "--yes"], SOURCE),
    ] {
        let why = stage.error(task, &keys(account)).await;
        assert!(why.starts_with(&format!("error: these credentials are for account {account}")), "{why}");
    }
    assert_eq!(stage.calls(), ["GetCallerIdentity"; 5]);
}

#[tokio::test]
async fn configured_profile_takes_precedence_over_the_environment() {
    let stage = Stage::new("profile").await;
    let why = stage.error(&["setup-bucket"], &[&keys(SOURCE)[..], &[("DR_PROFILE", "dr")]].concat()).await;
    // The check of the account has passed, and the bucket was looked for.
    assert_eq!(why, "error: Make these changes? not a terminal; re-run with --yes");
    assert_eq!(stage.calls(), ["GetCallerIdentity", "HeadBucket"]);
}

#[tokio::test]
async fn missing_credentials_are_reported_with_their_sources() {
    let stage = Stage::new("no-credentials").await;
    assert_eq!(
        stage.error(&["setup-bucket"], &[]).await,
        "error: no AWS credentials for the DR account: set DR_PROFILE in config.yaml to an AWS profile, or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    );
    assert_eq!(
        stage.error(&["setup-bucket"], &[("DR_PROFILE", "signed-out")]).await,
        "error: no AWS credentials for the DR account: profile signed-out (DR_PROFILE): failed to load the cached SSO token; \
         run `aws sso login --profile signed-out`"
    );
    let why = stage.error(&["setup-bucket"], &[("DR_PROFILE", "nobody")]).await;
    assert!(why.contains("profile nobody (DR_PROFILE): profile `nobody` was not defined"), "{why}");
}

#[tokio::test]
async fn missing_network_is_reported_with_advice() {
    let stage = Stage::new("no-network").await;
    // No server listens on this port.
    let nowhere = [&keys(DR)[..], &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_MAX_ATTEMPTS", "1")]].concat();
    let why = stage.error(&["setup-bucket"], &nowhere).await;
    assert!(why.contains("no connection to AWS in eu-west-1 (AWS_REGION): Connection refused"), "{why}");
}

#[tokio::test]
async fn missing_configuration_is_reported_before_any_call() {
    let stage = Stage::new("not-configured").await;
    fs::write(stage.folder.join("empty.yaml"), "").unwrap();
    let without_bucket = "AWS_REGION: eu-west-1\nSOURCE_ACCTS: [\"111111111111\"]\nDR_ACCT: \"222222222222\"\n";
    fs::write(stage.folder.join("no-bucket.yaml"), without_bucket).unwrap();
    for (args, key) in [
        (&["setup-bucket", "--config", "empty.yaml"][..], "AWS_REGION"),
        (&["setup-bucket", "--config", "no-bucket.yaml"], "CODE_BUCKET"),
        (&["upload", "--config", "no-bucket.yaml"], "CODE_BUCKET"),
        (&["create", "consumer", "--config", "empty.yaml"], "AWS_REGION"),
        (&["create", "producer", "--config", "no-bucket.yaml"], "CODE_BUCKET"),
    ] {
        let why = stage.error(args, &keys(DR)).await;
        assert!(why.starts_with(&format!("error: {key} is not set")), "{why}");
    }
    let why = stage.error(&["delete", "consumer", "--config", "none.yaml"], &keys(DR)).await;
    assert!(why.contains("none.yaml"), "{why}");
    assert!(stage.calls().is_empty());
}

#[tokio::test]
async fn invalid_arguments_exit_with_2() {
    let stage = Stage::new("usage").await;
    for args in [
        &["create"][..],
        &["create", "nobody"],
        &["create", "consumer", "--no-dry-run"],
        &["update", "consumer", "--dry-run", "--no-dry-run"],
        &["upload", "everything"],
        &["create", "consumer", "--confirm", "draco-consumer"],
    ] {
        assert_eq!(stage.run(args, &[]).await.status.code(), Some(2), "{args:?}");
    }
    let why = stage.error(&["update", "producer", "--no-dry-run"], &[]).await;
    assert!(why.contains("the producer deletes no copies"), "{why}");
}

#[tokio::test]
async fn help_shows_the_command_as_it_is_typed() {
    let stage = Stage::new("help").await;
    let output = stage.run(&["update", "--help"], &[]).await;
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && help.contains("Usage: cargo xtask update [OPTIONS] <ROLE>"), "{help}");
}
