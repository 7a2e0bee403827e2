//! `draco verify` as a program. The steps of a verification are tests of the crate `deploy`.

use insta::assert_snapshot;
use sim::{Settings, World};
use tokio::net::TcpListener;

use crate::{Ran, draco, file, run};

const CONFIG: &str = "{AWS_REGION: eu-west-1, SOURCE_ACCTS: '111111111111', DR_ACCT: '222222222222'}";

/// Runs the program with the simulated AWS, and the credentials of this account.
async fn verify(args: &[&str], account: &str) -> Ran {
    let world = World::with_settings(Settings::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { world.serve(listener).await });
    let config = file("verify.yaml", CONFIG);
    let mut command = draco(&["verify", "--config", &config]);
    // In the simulated AWS, an access key of 12 digits is the account.
    command.args(args).env("AWS_ENDPOINT_URL", address).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", account).env("AWS_SECRET_ACCESS_KEY", "of no account");
    tokio::task::spawn_blocking(move || command.output().expect("draco runs").into()).await.expect("an end")
}

#[test]
fn help_of_verify() {
    assert_snapshot!(run(&["verify", "--help"]).out);
}

#[test]
fn arguments_that_contradict_each_other_exit_with_2() {
    let ran = run(&["verify", "orders", "--json"]);
    let expected = "error: --json cannot ask; add --yes, --once, --plan or --report\n";
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), expected));
    for args in [&["--plan", "--once"][..], &["--report", "--yes"], &["--copy", "draco-1"], &["--plan", "--report"]] {
        let ran = run(&[&["verify"], args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}: {}", ran.err);
    }
}

#[tokio::test]
async fn without_the_stack_the_command_to_create_it_is_named() {
    let ran = verify(&["orders", "--yes"], "222222222222").await;
    let expected = "error: the DR account 222222222222 in eu-west-1 has no function draco-verifier; run `cargo xtask create \
                    verifier`\n";
    assert_eq!((ran.code, ran.err.as_str(), ran.out.as_str()), (Some(1), expected, ""));
}

#[tokio::test]
async fn a_source_account_is_refused() {
    let ran = verify(&["--plan"], "111111111111").await;
    let expected = "error: these credentials are for account 111111111111, a source account; the verifier belongs to \
                    222222222222 (DR_ACCT)";
    assert!(ran.err.starts_with(expected), "{}", ran.err);
    assert_eq!(ran.code, Some(1));
}
