//! `cargo xtask build`: the zip for Lambda, with the one program that is every function.
//!
//! cargo-lambda builds it, and zig links it against Lambda's version of glibc, independently of this machine's. The same
//! source and tools give the same bytes, in any folder. So the hash of the zip shows whether it must be uploaded.

mod glibc;
mod package;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use config::Architecture;
use deploy_args::ConfigFile;
use sha2::{Digest, Sha256};
use xshell::{Shell, cmd};

use package::Effort;
use tools::Tools;

/// The package, its program, and the start of the zip's name.
const FUNCTIONS: &str = "functions";

/// The version in Amazon Linux 2023, and so in `provided.al2023`. A program that requires newer symbols does not start there.
/// <https://docs.aws.amazon.com/linux/al2023/ug/glibc-gcc-and-binutils.html>
const GLIBC: glibc::Version = glibc::Version(2, 34);

/// Build the functions for AWS Lambda, as one program in one zip, in target/draco
#[derive(clap::Args)]
pub(crate) struct Build {
    /// The processor, in place of ARCHITECTURE in the configuration
    #[arg(long, value_name = "ARCHITECTURE", value_parser = architectures())]
    arch: Option<Architecture>,
    /// Package the debug build in place of the deployed one, for the deployment test: into the folder in DRACO_BUILT
    #[arg(long, hide = true)]
    dev: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// The processor of this machine.
pub(crate) const HOST: Architecture =
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };

fn architectures() -> impl TypedValueParser<Value = Architecture> {
    PossibleValuesParser::new(Architecture::ALL.map(Architecture::name)).try_map(|given| {
        let known = Architecture::ALL.into_iter().find(|known| known.name() == given);
        known.ok_or("Lambda does not support this processor")
    })
}

impl Build {
    pub(crate) fn run(self, shell: &Shell) -> anyhow::Result<()> {
        let architecture = match self.arch {
            Some(architecture) => architecture,
            None => self.config.read()?.architecture,
        };
        if self.dev {
            return package_debug_build(shell, architecture);
        }
        run(shell, architecture)
    }
}

fn run(shell: &Shell, architecture: Architecture) -> anyhow::Result<()> {
    let Built { zip, glibc, .. } = build(shell, architecture)?;
    let path = crate::target()?.join(format!("draco/{FUNCTIONS}-{architecture}.zip"));
    write(&path, &zip)?;
    println!(
        "{}  {:.2} MiB  requires {glibc}  sha256 {}",
        shown(&path, shell),
        zip.len() as f64 / f64::from(1 << 20),
        Sha256::digest(&zip).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    );
    Ok(())
}

/// The program as the tests build it, for this machine alone. It is never where `upload` looks for the program that is deployed.
fn package_debug_build(shell: &Shell, architecture: Architecture) -> anyhow::Result<()> {
    let folder = std::env::var_os("DRACO_BUILT").context("--dev needs DRACO_BUILT: the folder for the zip")?;
    ensure!(architecture == HOST, "a debug build is for this machine, which is no {architecture}");
    let mut build = cmd!(shell, "cargo build --quiet --workspace --all-features --locked --bin functions").quiet();
    for name in crate::variables_of_this_program() {
        build = build.env_remove(name);
    }
    build.run().context("building the functions")?;
    fs::create_dir_all(&folder)?;
    let zip = package::zip(&fs::read(crate::target()?.join("debug").join(FUNCTIONS))?, Effort::Least)?;
    write(&Path::new(&folder).join(format!("{FUNCTIONS}-{architecture}.zip")), &zip)
}

/// The program that was built.
pub(crate) struct Built {
    /// The path of the program.
    pub(crate) path: PathBuf,
    /// The zip for Lambda.
    pub(crate) zip: Vec<u8>,
    /// The version of glibc that it requires.
    glibc: glibc::Version,
}

/// Builds the program, and checks that it can start on Lambda.
pub(crate) fn build(shell: &Shell, architecture: Architecture) -> anyhow::Result<Built> {
    let triple = architecture.triple();
    let Tools { cargo_lambda, zig } = tools::find(shell, triple)?;
    let target = format!("{triple}.{}.{}", GLIBC.0, GLIBC.1);
    let programs = crate::target()?.join("draco").join(triple);
    if !programs.exists() {
        crate::announce("building the functions with link-time optimisation, the first time", "4 minutes", "1 GB");
    }
    println!("$ cargo lambda build --profile lambda --target {target}");
    // Without this flag, it would install a missing target with rustup, without asking.
    let mut build = cmd!(
        shell,
        "{cargo_lambda} lambda build --quiet --locked --profile lambda --target {target} --skip-target-check"
    )
    .args(["--package", FUNCTIONS, "--features", "functions/lambda"])
    .arg("--lambda-dir")
    .arg(&programs)
    .env("CARGO_ZIGBUILD_ZIG_PATH", zig)
    .env("CARGO_ENCODED_RUSTFLAGS", without_folders(shell)?)
    .quiet();
    for name in crate::variables_of_this_program() {
        build = build.env_remove(name);
    }
    build.run().context("building the functions")?;
    checked(programs.join(FUNCTIONS).join("bootstrap"))
}

fn checked(path: PathBuf) -> anyhow::Result<Built> {
    let program = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let glibc = glibc::required(&program).with_context(|| format!("reading the symbols of {}", path.display()))?;
    ensure!(glibc <= GLIBC, "the program requires {glibc}, but Lambda's provided.al2023 has {GLIBC}");
    Ok(Built { zip: package::zip(&program, Effort::Most)?, path, glibc })
}

/// Compiler flags that keep folders of this machine out of the program, where panic messages would contain them.
///
/// The flags differ between folders, but the program does not: Cargo leaves flags that remap paths out of the hashes in
/// symbols.
fn without_folders(shell: &Shell) -> anyhow::Result<String> {
    let cargo = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir().context("neither HOME nor CARGO_HOME is set")?.join(".cargo"),
    };
    // The last matching flag is used, and the target folder is usually in the source folder.
    let folders = [(cargo, "/cargo"), (shell.current_dir(), "/draco"), (crate::target()?, "/draco/target")];
    let mut flags = Vec::new();
    for (folder, name) in folders {
        let resolved = folder.canonicalize().with_context(|| format!("resolving {}", folder.display()))?;
        // A folder behind a symbolic link has two paths.
        for folder in [folder, resolved] {
            flags.push(format!(
                "--remap-path-prefix={}={name}",
                folder.to_str().context("the name of a folder is not UTF-8")?
            ));
        }
    }
    Ok(flags.join("\x1f"))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// A path relative to the root of the sources.
fn shown(path: &Path, shell: &Shell) -> String {
    let root = shell.current_dir().canonicalize().unwrap_or_default();
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
