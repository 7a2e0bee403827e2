//! Addresses in 127.0.0.0/8, all of which Linux answers on loopback. Each database has its own, with the real port.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, TcpListener};

use sim::servers::Failure;

use crate::programs::{failure, random};

/// The port on which a network is claimed. It is the port of no engine.
const CLAIM_PORT: u16 = 4598;
/// The host of a network that is bound to claim it.
const CLAIM_HOST: u8 = 255;

/// The networks of one set of servers, each 127.X.Y.0/24.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    networks: Vec<Network>,
    /// The address that was freed last comes last, so that a client of a database that is gone reaches no other one for long.
    free: VecDeque<Ipv4Addr>,
}

#[derive(Debug)]
struct Network {
    /// Another process cannot bind this address, so it takes another network. The claim ends with the process.
    _claim: TcpListener,
}

impl Addresses {
    /// An address that no other database on this machine has.
    pub(crate) fn take(&mut self) -> Result<Ipv4Addr, Failure> {
        if let Some(address) = self.free.pop_front() {
            return Ok(address);
        }
        let mut random = random();
        for _ in 0..1000 {
            let (x, y) = (random.u8(1..=254), random.u8(..));
            if let Ok(claim) = TcpListener::bind((Ipv4Addr::new(127, x, y, CLAIM_HOST), CLAIM_PORT)) {
                self.networks.push(Network { _claim: claim });
                self.free = (1..CLAIM_HOST).map(|host| Ipv4Addr::new(127, x, y, host)).collect();
                return self.take();
            }
        }
        Err(failure("no network in 127.0.0.0/8 is free; this needs Linux, where all of its addresses are local"))
    }

    /// Gives an address back.
    pub(crate) fn free(&mut self, address: Ipv4Addr) {
        self.free.push_back(address);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn addresses_are_unique_in_one_set_and_between_two() {
        let (mut one, mut other) = (Addresses::default(), Addresses::default());
        let taken: BTreeSet<_> = (0..300).flat_map(|_| [one.take().unwrap(), other.take().unwrap()]).collect();
        assert_eq!(taken.len(), 600);
        let address = one.take().unwrap();
        one.free(address);
        assert_ne!(one.take().unwrap(), address, "others are free");
    }
}
