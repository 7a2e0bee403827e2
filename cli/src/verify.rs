//! `draco verify`. The crate `deploy` has the commands that call AWS.

use tokio::runtime::Builder;

use crate::Failure;

pub(crate) fn run(args: &deploy_args::Verify) -> Result<(), Failure> {
    args.check()?;
    let config = args.config.read()?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(anyhow::Error::from)?;
    runtime.block_on(deploy::verify::run(args, &config)).map_err(Failure::Failed)
}
