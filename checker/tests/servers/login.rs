//! Servers that cannot be used are faults, and no errors.

use std::time::{Duration, Instant};

use checks::{Conclusion, Limits, Product, Secret, Task};
use nix::sys::signal::{Signal, kill};

use crate::support::{PRODUCTS, Server, report, server, with_argument};

/// The only fault, with this conclusion: a server that is not reached tells nothing about the copy.
async fn fault(task: &Task, conclusion: Conclusion) -> String {
    let report = report(task).await;
    assert_eq!(report.conclusion, conclusion, "{report:?}");
    let [finding] = &report.faults[..] else { panic!("{:?}", report.faults) };
    finding.fault.to_string()
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_wrong_password_is_found() {
    for product in PRODUCTS {
        let mut task = server(product).task(&[]);
        task.server.password = Secret::new("wrong");
        assert_eq!(fault(&task, Conclusion::NotVerified).await, "the server rejected the user name or the password");
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_certificate_that_is_not_trusted_is_found() {
    for product in PRODUCTS {
        let other = server(if product == Product::Mysql { Product::Postgres } else { Product::Mysql });
        let mut task = server(product).task(&[]);
        task.server.roots = other.task(&[]).server.roots;
        let untrusted = "TLS: the certificate of the server is not signed by a trusted root";
        assert_eq!(fault(&task, Conclusion::NotVerified).await, untrusted);
        task.server.roots = "none".to_owned();
        assert_eq!(
            fault(&task, Conclusion::NotVerified).await,
            "invalid root certificates: the text contains no certificate"
        );
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_server_that_hangs_or_does_not_run_is_found() {
    for product in PRODUCTS {
        let server = Server::new(product);
        let task = server.task(&[]);
        let soon = Task { limits: Limits { connect_seconds: 1, ..task.limits }, ..task.clone() };
        let ip = server.address.ip();
        let process = with_argument(&server.either(&format!("listen_addresses={ip}"), &format!("--bind-address={ip}")));
        kill(process, Signal::SIGSTOP).unwrap();
        let since = Instant::now();
        assert_eq!(fault(&soon, Conclusion::Failed).await, "no answer of the server: the login");
        assert!(since.elapsed() < Duration::from_secs(30));
        kill(process, Signal::SIGCONT).unwrap();
        assert_eq!(report(&task).await.conclusion, Conclusion::Verified);
        server.stop();
        assert_eq!(fault(&soon, Conclusion::NotVerified).await, "the server cannot be reached: connection refused");
    }
}

#[tokio::test]
#[ignore = "it needs PostgreSQL and MariaDB"]
async fn a_missing_database_is_found_and_the_others_are_read() {
    for product in PRODUCTS {
        let mut task = server(product).task(&[]);
        task.database = Some("missing".to_owned());
        let report = report(&task).await;
        assert_eq!(report.conclusion, Conclusion::Failed);
        let first = report.faults[0].fault.to_string();
        assert_eq!(first, "database missing: it does not exist, or the user has no access");
        assert!(report.totals.rows > 1000);
    }
}
