//! On a paused clock, no simulated time passes while a server is waited for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sim::servers::Servers;
use sim::{Settings, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Fixture, host};

/// Asks PostgreSQL whether it uses TLS ("SSLRequest", PostgreSQL's documentation of its protocol). `S`: it does.
async fn ask(address: SocketAddr) -> std::io::Result<u8> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await?;
    stream.read_u8().await
}

#[tokio::test(start_paused = true)]
#[ignore = "it needs PostgreSQL"]
async fn no_timeout_is_reached_because_a_server_is_waited_for() {
    let Fixture { engines, clients, .. } = {
        let fixture = Fixture::new(5432);
        fixture.create("orders", "postgres");
        fixture
    };
    let engines = Arc::new(engines);
    let world =
        World::with_settings(Settings { servers: Arc::clone(&engines) as Arc<dyn Servers>, ..Settings::default() });
    let address = world.resolve(&host("orders")).expect("an address");
    let before = world.now();
    for _ in 0..20 {
        let answer = world.hold_clock(timeout(Duration::from_millis(1), ask(address))).await;
        assert_eq!(answer.expect("no timeout").expect("an answer"), b'S');
    }
    assert_eq!(world.now(), before);
    // Afterwards, time passes again.
    world.sleep(Duration::from_secs(3600)).await;
    assert_eq!((world.now() - before).num_seconds(), 3600);
    drop((world, engines));
    assert!(!clients.exists());
}
