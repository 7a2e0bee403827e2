//! MiniStack, as a process of its own, and the AWS command line that talks to it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::behind::SPEED;
use crate::{DR, Place, REGION};

/// With the access key that is the account's number, MiniStack lets its root do everything; its secret is this.
pub(crate) const SECRET: &str = "test";

/// It runs until this is dropped.
pub(crate) struct MiniStack {
    pub(crate) aws: CommandLine,
    pub(crate) log: PathBuf,
    process: Child,
}

/// The AWS command line.
#[derive(Clone)]
pub(crate) struct CommandLine {
    pub(crate) url: String,
    /// The folder of the programs that `cargo xtask test` installs.
    programs: PathBuf,
}

impl MiniStack {
    /// Starts it in a folder of its own.
    pub(crate) fn start(folder: &Path, programs: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (url, log) = (format!("http://127.0.0.1:{port}"), folder.join("log"));
        let launcher = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deployment/launch.py");
        let output = File::create(&log)?;
        let process = Command::new(programs.join("python"))
            // Bytecode would lie among the sources.
            .arg("-B")
            .arg(launcher)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_ACCOUNT_ID", DR.account)
            .env("MINISTACK_REGION", REGION)
            // Signatures are verified, and roles may do what their policies say.
            .env("AUTH", "true")
            // Functions get this for every service that they have no endpoint of their own for.
            .env("AWS_ENDPOINT_URL", &url)
            // Timers sleep as fast as time passes behind the functions, and events are tried again without delay.
            .env("SFN_WAIT_SCALE", (1.0 / f64::from(SPEED)).to_string())
            .env("LAMBDA_ASYNC_RETRY_BASE_SECONDS", "0.1")
            // It would have a port for devices on every address.
            .env("IOT_MTLS_ENABLED", "0")
            .env("DOCKER_HOST", format!("unix://{}/none", folder.display()))
            .env("LOG_LEVEL", "INFO")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("MiniStack does not start; `cargo xtask test` installs it")?;
        let mut started = Self { aws: CommandLine { url, programs }, log, process };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            ensure!(begun.elapsed() < Duration::from_secs(60), "MiniStack takes too long to start");
            if let Some(status) = started.process.try_wait()? {
                bail!("MiniStack ended with {status}: {}", fs::read_to_string(&started.log)?);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(started)
    }
}

impl CommandLine {
    /// What it prints to the root of an account, in a region: `run(DR, &["sns", "list-topics"])`.
    pub(crate) async fn run(&self, place: Place, args: &[&str]) -> anyhow::Result<Value> {
        let Place { account, region } = place;
        let mut command = Command::new(self.programs.join("python"));
        command
            .arg("-B")
            .arg(self.programs.join("aws"))
            .args(args)
            // A variable would do for all services but SQS, for which it has an address of its own.
            .args(["--endpoint-url", &self.url])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_DEFAULT_REGION", region)
            .env("AWS_ACCESS_KEY_ID", account)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "aws {} in {place}: {}", args.join(" "), told.trim());
        if output.stdout.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout).context("the AWS command line's answer")
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        // It ends with its standard input, and all that it has started with it.
        drop(self.process.stdin.take());
        for _ in 0..100 {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
