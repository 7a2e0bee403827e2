//! The host names of databases.
//!
//! "The endpoint is unique for each DB instance": `orders.c1qz3a8wxyz0.eu-west-1.rds.amazonaws.com`. The second part is the same for all
//! databases of an account in a region.

use super::super::identifiers::Arn;

/// The host of an instance, also in a cluster.
pub(in crate::rds) fn of_instance(seed: u64, instance: &Arn) -> String {
    host(seed, instance, "")
}

/// The hosts of a cluster for its writer, and for its readers.
pub(in crate::rds) fn of_cluster(seed: u64, cluster: &Arn) -> [String; 2] {
    [host(seed, cluster, "cluster-"), host(seed, cluster, "cluster-ro-")]
}

fn host(seed: u64, Arn { account, region, id, .. }: &Arn, prefix: &str) -> String {
    let bytes = account.bytes().chain(region.bytes());
    let number =
        bytes.fold(seed ^ 0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut random = fastrand::Rng::with_seed(number);
    let unique: String = std::iter::repeat_with(|| random.alphanumeric().to_ascii_lowercase()).take(11).collect();
    format!("{id}.{prefix}c{unique}.{region}.rds.amazonaws.com")
}
