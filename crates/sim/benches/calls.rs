//! The speed of a world: calls per second through the AWS SDK in process, in accounts with few and with many snapshots,
//! and a simulated year of 100 databases. Prints one JSON line for each measurement.

use std::future::Future;
use std::time::Instant;

use aws_sdk_rds::Client;
use sim::{Settings, World};

const SOURCE: &str = "111111111111";
const REGION: &str = "eu-west-1";
/// The number of measured calls of each kind.
const CALLS: usize = 5_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for snapshots in [10, 100_000] {
        runtime()?.block_on(calls(snapshots))?;
    }
    runtime()?.block_on(year())
}

/// A runtime with a paused clock, so that waiting takes no real time.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()
}

type Done = Result<(), Box<dyn std::error::Error>>;

async fn calls(snapshots: usize) -> Done {
    let epoch = "2026-11-21T00:00:00Z".parse()?;
    let world = World::with_settings(Settings { epoch, snapshot_quota: 1_000_000, ..Settings::default() });
    let rds = Client::new(&world.sdk_config(SOURCE, REGION));
    // 100 snapshots for each database.
    for database in 0..snapshots.div_ceil(100) {
        let name = format!("db-{database}");
        rds.create_db_instance()
            .db_instance_identifier(&name)
            .db_instance_class("db.t4g.micro")
            .engine("postgres")
            .allocated_storage(20)
            .master_username("draco")
            .master_user_password("simulated")
            .backup_retention_period(0)
            .send()
            .await?;
        world.sleep(std::time::Duration::from_secs(3600)).await;
        for snapshot in 0..snapshots.min(100) {
            rds.create_db_snapshot()
                .db_instance_identifier(&name)
                .db_snapshot_identifier(format!("{name}-{snapshot}"))
                .send()
                .await?;
        }
    }
    world.sleep(std::time::Duration::from_secs(24 * 3600)).await;

    let measure = async |what: &str, calls: usize, each: &dyn Fn(usize) -> Pending| -> Done {
        let since = Instant::now();
        for call in 0..calls {
            each(call).await?;
        }
        let seconds = since.elapsed().as_secs_f64();
        println!(
            r#"{{"bench":"sim","what":"{what}","snapshots":{snapshots},"calls":{calls},"calls_per_second":{:.0}}}"#,
            calls as f64 / seconds,
        );
        Ok(())
    };
    let databases = snapshots.div_ceil(100);
    let name = |n: usize| format!("db-{}-{}", n % databases, n % snapshots.min(100));
    measure("describe one", CALLS, &|n| {
        let call = rds.describe_db_snapshots().db_snapshot_identifier(name(n));
        Box::pin(async move { call.send().await.map(drop).map_err(Into::into) })
    })
    .await?;
    measure("describe a page", CALLS / 10, &|_| {
        let call = rds.describe_db_snapshots().max_records(100);
        Box::pin(async move { call.send().await.map(drop).map_err(Into::into) })
    })
    .await?;
    measure("copy", CALLS, &|n| {
        let call = rds
            .copy_db_snapshot()
            .source_db_snapshot_identifier(name(n))
            .target_db_snapshot_identifier(format!("copy-{n}"));
        Box::pin(async move { call.send().await.map(drop).map_err(Into::into) })
    })
    .await
}

type Pending = std::pin::Pin<Box<dyn Future<Output = Result<(), Box<dyn std::error::Error>>>>>;

/// 100 databases with a daily snapshot, kept for a week.
async fn year() -> Done {
    const DATABASES: usize = 100;
    let since = Instant::now();
    let world = World::new("2026-01-01T00:00:00Z".parse()?);
    let rds = Client::new(&world.sdk_config(SOURCE, REGION));
    for database in 0..DATABASES {
        rds.create_db_instance()
            .db_instance_identifier(format!("db-{database}"))
            .db_instance_class("db.t4g.micro")
            .engine("postgres")
            .allocated_storage(20)
            .master_username("draco")
            .master_user_password("simulated")
            .backup_retention_period(7)
            .send()
            .await?;
    }
    world.sleep(std::time::Duration::from_secs(365 * 24 * 3600)).await;
    let seconds = since.elapsed().as_secs_f64();
    // Only the snapshots of the last week remain.
    let (mut kept, mut marker) = (0, None);
    loop {
        let page = rds.describe_db_snapshots().set_marker(marker).send().await?;
        kept += page.db_snapshots().len();
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    println!(
        r#"{{"bench":"sim","what":"a year of {DATABASES} databases","snapshots_at_the_end":{kept},"seconds":{seconds:.2}}}"#
    );
    Ok(())
}
