//! A stream that refuses messages of the server above a size.
//!
//! `tokio-postgres` buffers a message before anything sees it, and a message of PostgreSQL may have 1 GiB.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Whether a message was refused.
#[derive(Debug, Default)]
pub(super) struct Rejected(AtomicBool);

impl Rejected {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reads along: each message is its kind (one byte), its length without this byte (four bytes), and its contents.
#[derive(Debug)]
pub(super) struct SmallRows<S> {
    inner: S,
    limit: usize,
    rejected: Arc<Rejected>,
    /// What was read of the head of the next message.
    head: Vec<u8>,
    /// How much of the current message's contents is to come.
    rest: usize,
}

impl<S> SmallRows<S> {
    pub(super) fn new(inner: S, limit: usize, rejected: Arc<Rejected>) -> Self {
        Self { inner, limit, rejected, head: Vec::new(), rest: 0 }
    }

    /// Follows the bytes of messages.
    fn follow(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some((first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let skipped = self.rest.min(bytes.len());
                self.rest -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            self.head.push(*first);
            bytes = others;
            if let [_, a, b, c, d] = self.head[..] {
                self.head.clear();
                self.rest = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4);
                if self.rest > self.limit {
                    self.rejected.0.store(true, Ordering::Relaxed);
                    return Err(io::Error::other("a message is too large"));
                }
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for SmallRows<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, out))?;
        Poll::Ready(self.follow(&out.filled()[before..]))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for SmallRows<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(contents: usize) -> Vec<u8> {
        let length = u32::try_from(contents + 4).unwrap().to_be_bytes();
        [&[b'D'][..], &length, &vec![7; contents]].concat()
    }

    /// Whether messages pass, read in pieces of a size.
    fn passes(messages: &[u8], piece: usize) -> bool {
        let mut rows = SmallRows::new((), 100, Arc::default());
        let passed = messages.chunks(piece).all(|piece| rows.follow(piece).is_ok());
        assert_eq!(rows.rejected.is_set(), !passed);
        passed
    }

    #[test]
    fn messages_pass_up_to_the_limit() {
        for piece in [1, 2, 3, 5, 7, 50, 1000] {
            assert!(passes(&[message(0), message(100), message(1), message(99)].concat(), piece));
            assert!(!passes(&[message(0), message(5), message(101)].concat(), piece));
        }
    }
}
