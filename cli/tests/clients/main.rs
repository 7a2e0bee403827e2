//! Independent checks of `draco sim`: boto3 and the AWS command line as clients, AWS's service models, and other
//! emulators of AWS. They are Python programs in a virtual environment that `cargo xtask test` creates.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may stop")]

mod judges;
