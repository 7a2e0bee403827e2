//! The network from which an account calls AWS, and ranges of addresses.

use std::net::{IpAddr, Ipv4Addr};

/// The network from which calls come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// The internet, with a public address.
    Internet(IpAddr),
    /// A VPC endpoint.
    Endpoint {
        /// `vpce-1a2b3c4d`.
        endpoint: String,
        /// `vpc-11112222`.
        vpc: String,
        /// The address in the VPC.
        address: IpAddr,
    },
}

/// An address that is reserved for documentation (RFC 5737).
impl Default for Network {
    fn default() -> Self {
        Self::Internet(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)))
    }
}

impl Network {
    /// The condition keys of a direct request. "If the request comes from a host that uses an Amazon VPC endpoint, then
    /// the `aws:SourceIp` key is not available" (IAM user guide).
    pub(super) fn condition_keys(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Internet(address) => vec![("aws:SourceIp", address.to_string())],
            Self::Endpoint { endpoint, vpc, address } => vec![
                ("aws:SourceVpce", endpoint.clone()),
                ("aws:SourceVpc", vpc.clone()),
                ("aws:VpcSourceIp", address.to_string()),
            ],
        }
    }
}

/// A range of addresses: `203.0.113.0/24`. Without a prefix length, a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    network: IpAddr,
    prefix: u32,
}

impl Range {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("{text} is neither an IP address nor a range in CIDR notation");
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let network: IpAddr = address.parse().map_err(|_| invalid())?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), |prefix| prefix.parse().map_err(|_| invalid()))?;
        if prefix > longest { Err(invalid()) } else { Ok(Self { network, prefix }) }
    }

    /// Whether this is an address in the range. A text that is no address is in none.
    pub(super) fn contains(self, address: &str) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
            IpAddr::V6(address) => (address.to_bits(), false),
        };
        let Ok(address) = address.parse() else { return false };
        let ((network, is_v4), (address, of_same_version)) = (bits(self.network), bits(address));
        is_v4 == of_same_version && (network ^ address).leading_zeros() >= self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_contains_the_addresses_with_its_prefix() {
        let table = [
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7", "203.0.113.6", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "rds.amazonaws.com", false),
        ];
        for (range, address, expected) in table {
            assert_eq!(Range::parse(range).expect("a range").contains(address), expected, "{range} {address}");
        }
        for invalid in ["", "a", "203.0.113", "203.0.113.0/33", "203.0.113.0/", "2001:db8::/129"] {
            Range::parse(invalid).expect_err(invalid);
        }
    }
}
