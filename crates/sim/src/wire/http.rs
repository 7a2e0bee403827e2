//! The HTTP server.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Request, RequestError, Response};
use crate::call::Error;
use crate::regions::Unreachable;
use crate::world::World;

/// The maximum size of a request body. The largest bodies that AWS accepts for the simulated operations are messages of
/// SQS and SNS of 1 MiB, which escaping in JSON can make six times as long.
const MAX_BODY_BYTES: usize = 8 << 20;

impl World {
    /// Serves HTTP requests. All connections are closed when the future is dropped.
    ///
    /// Real clients use real time: do not pause tokio's clock; set [`speed`](crate::Settings::speed) instead.
    pub async fn serve(&self, listener: TcpListener) -> ! {
        let mut connections = JoinSet::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(connections.spawn(serve_connection_requests(self.clone(), stream))),
                // The client has disconnected, or too many connections are open. Try again.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// Serves the requests of one connection.
async fn serve_connection_requests(world: World, stream: TcpStream) {
    // Without this, a small response may wait until the client acknowledges the previous one.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| respond(world.clone(), request));
    // An error here means that the client closed the connection.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Why a connection is closed without a response.
#[derive(Debug, thiserror::Error)]
enum Closed {
    #[error("the region cannot be reached")]
    Unreachable,
    #[error(transparent)]
    Response(hyper::http::Error),
}

async fn respond(world: World, request: hyper::Request<Incoming>) -> Result<hyper::Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    let call = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => {
            let header = |name: &str| Some(head.headers.get(name)?.to_str().ok()?.to_owned());
            let header_names = || head.headers.iter().map(|(name, _)| name.to_string()).collect();
            super::read(
                &world,
                &Request {
                    method: head.method.as_str(),
                    host: &header("host").unwrap_or_default(),
                    path: head.uri.path(),
                    query: head.uri.query(),
                    header: &header,
                    header_names: &header_names,
                    body: &body.to_bytes(),
                },
            )
        }
        Err(error) => {
            Err(RequestError::from(Error::new("RequestEntityTooLarge", format!("The body: {error}.")).status(413)))
        }
    };
    let (Response { status, headers, body }, id) =
        world.respond(call).await.map_err(|Unreachable| Closed::Unreachable)?;
    let mut response = hyper::Response::builder().status(status).header("x-amzn-requestid", id);
    for (name, value) in headers {
        response = response.header(&*name, value);
    }
    response.body(Full::from(body)).map_err(Closed::Response)
}
