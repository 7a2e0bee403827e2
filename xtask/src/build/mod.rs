//! `cargo xtask build`: the two functions as Lambda gets them, one zip each.
//!
//! They are built by cargo-lambda, which has zig link them against the glibc that it is told of, whatever this machine's
//! own may be. The same source and the same tools give the same bytes, in whatever folder: so a zip's hash says whether
//! there is anything to upload.

mod glibc;
mod package;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use config::{Architecture, Config};
use sha2::{Digest, Sha256};
use xshell::{Shell, cmd};

use tools::Tools;

pub(crate) const FUNCTIONS: [&str; 2] = ["producer", "consumer"];

/// What Amazon Linux 2023 has, and so `provided.al2023`. A program that asks for newer symbols does not start there.
/// <https://docs.aws.amazon.com/linux/al2023/ug/glibc-gcc-and-binutils.html>
const GLIBC: glibc::Version = glibc::Version(2, 34);

/// Build both functions for AWS Lambda, one zip each, in target/draco
#[derive(clap::Args)]
pub(crate) struct Build {
    /// The processor to build for, in place of ARCHITECTURE in the configuration
    #[arg(long, value_name = "ARCHITECTURE", value_parser = architectures())]
    arch: Option<Architecture>,
    /// The configuration, in place of config.yaml; environment variables win over either
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// That of the machine that this runs on.
pub(crate) const HERE: Architecture =
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };

fn architectures() -> impl TypedValueParser<Value = Architecture> {
    PossibleValuesParser::new(Architecture::ALL.map(Architecture::name)).try_map(|given| {
        let known = Architecture::ALL.into_iter().find(|known| known.name() == given);
        known.ok_or("Lambda has no such processor")
    })
}

impl Build {
    pub(crate) fn run(self, shell: &Shell) -> anyhow::Result<()> {
        let architecture = match self.arch {
            Some(architecture) => architecture,
            None => Config::read(self.config.as_deref(), &config::environment())?.architecture,
        };
        run(shell, architecture)
    }
}

fn run(shell: &Shell, architecture: Architecture) -> anyhow::Result<()> {
    for Built { function, zip, glibc, .. } in build(shell, architecture)? {
        let path = crate::target()?.join(format!("draco/{function}-{architecture}.zip"));
        write(&path, &zip)?;
        println!(
            "{}  {:.2} MiB  asks for {glibc}  sha256 {}",
            shown(&path, shell),
            zip.len() as f64 / f64::from(1 << 20),
            Sha256::digest(&zip).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        );
    }
    Ok(())
}

/// A function, built.
pub(crate) struct Built {
    pub(crate) function: &'static str,
    /// Where the program stands.
    pub(crate) path: PathBuf,
    /// What Lambda gets.
    pub(crate) zip: Vec<u8>,
    /// The newest version of glibc that it asks for.
    glibc: glibc::Version,
}

/// Builds both functions, and makes sure that they start on Lambda.
pub(crate) fn build(shell: &Shell, architecture: Architecture) -> anyhow::Result<[Built; 2]> {
    let triple = architecture.triple();
    let Tools { cargo_lambda, zig } = tools::find(shell, triple)?;
    let target = format!("{triple}.{}.{}", GLIBC.0, GLIBC.1);
    let programs = crate::target()?.join("draco").join(triple);
    println!("$ cargo lambda build --profile lambda --target {target}");
    // It would have rustup install what is missing, without a word: so it need not check.
    let mut build = cmd!(
        shell,
        "{cargo_lambda} lambda build --quiet --locked --profile lambda --target {target} --skip-target-check"
    )
    .args(["--package", "producer", "--package", "consumer", "--features", "producer/lambda,consumer/lambda"])
    .arg("--lambda-dir")
    .arg(&programs)
    .env("CARGO_ZIGBUILD_ZIG_PATH", zig)
    .env("CARGO_ENCODED_RUSTFLAGS", without_folders(shell)?)
    .quiet();
    for name in crate::set_for_xtask() {
        build = build.env_remove(name);
    }
    build.run().context("the functions cannot be built")?;

    let [producer, consumer] = FUNCTIONS.map(|function| checked(function, programs.join(function).join("bootstrap")));
    Ok([producer?, consumer?])
}

fn checked(function: &'static str, path: PathBuf) -> anyhow::Result<Built> {
    let program = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let glibc = glibc::asked_for(&program).with_context(|| format!("looking into {}", path.display()))?;
    ensure!(glibc <= GLIBC, "the {function} asks for {glibc}, but Lambda's provided.al2023 has {GLIBC}");
    Ok(Built { function, zip: package::zip(&program)?, path, glibc })
}

/// Flags by which no folder of this machine gets into a program: they would in the places of panics.
///
/// They differ from folder to folder and yet leave the rest of the program as it is, because Cargo keeps flags that
/// remap paths out of the hashes that go into symbols.
fn without_folders(shell: &Shell) -> anyhow::Result<String> {
    let cargo = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir().context("neither HOME nor CARGO_HOME is set")?.join(".cargo"),
    };
    // The last that fits is taken, and the folder that is built into usually lies in the sources'.
    let folders = [(cargo, "/cargo"), (shell.current_dir(), "/draco"), (crate::target()?, "/draco/target")];
    let mut flags = Vec::new();
    for (folder, name) in folders {
        let resolved = folder.canonicalize().with_context(|| format!("looking for {}", folder.display()))?;
        // Whoever keeps it behind a link has it under either name.
        for folder in [folder, resolved] {
            flags
                .push(format!("--remap-path-prefix={}={name}", folder.to_str().context("a folder's name is no text")?));
        }
    }
    Ok(flags.join("\x1f"))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// A path as it is typed at the root of the sources.
fn shown(path: &Path, shell: &Shell) -> String {
    let root = shell.current_dir().canonicalize().unwrap_or_default();
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
