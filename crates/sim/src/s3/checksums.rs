//! Checksums of objects: the algorithms that the SDKs use by default, and those that need no cryptographic library.

use aws_smithy_types::base64;
use md5::{Digest, Md5};
use serde::Deserialize;

use super::error;
use crate::call::Error;

/// An algorithm: a cyclic redundancy check of this width, with the reflected polynomial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Algorithm {
    name: &'static str,
    header: &'static str,
    width: u32,
    polynomial: u64,
}

const CRC32: Algorithm =
    Algorithm { name: "CRC32", header: "x-amz-checksum-crc32", width: 32, polynomial: 0xedb8_8320 };
const CRC32C: Algorithm =
    Algorithm { name: "CRC32C", header: "x-amz-checksum-crc32c", width: 32, polynomial: 0x82f6_3b78 };
/// "If you upload an object without specifying a checksum algorithm, Amazon S3 uses CRC64NVME" (user guide, "Checking object
/// integrity").
const CRC64NVME: Algorithm =
    Algorithm { name: "CRC64NVME", header: "x-amz-checksum-crc64nvme", width: 64, polynomial: 0x9a6c_9329_ac4b_c9b5 };

impl Algorithm {
    /// The checksum in base64, in big-endian order.
    fn of(self, body: &[u8]) -> String {
        let all_ones = u64::MAX >> (64 - self.width);
        let sum = body.iter().fold(all_ones, |sum, byte| {
            (0..8).fold(sum ^ u64::from(*byte), |sum, _| (sum >> 1) ^ if sum & 1 == 1 { self.polynomial } else { 0 })
        });
        let bytes = (sum ^ all_ones).to_be_bytes();
        base64::encode(&bytes[8 - self.width as usize / 8..])
    }
}

/// The checksum of an object.
#[derive(Clone)]
pub(super) struct Checksum {
    algorithm: Algorithm,
    value: String,
}

/// The checksums of a request.
#[derive(Deserialize)]
pub(super) struct Given {
    pub(super) crc32: Option<String>,
    pub(super) crc32c: Option<String>,
    pub(super) crc64nvme: Option<String>,
    pub(super) md5: Option<String>,
}

impl Checksum {
    /// The checksum of a new object, after a comparison with those of the request.
    pub(super) fn of(body: &[u8], given: Given) -> Result<Self, Error> {
        if let Some(given) = given.md5 {
            let digest = base64::decode(&given).ok().filter(|digest| digest.len() == 16);
            let digest =
                digest.ok_or_else(|| error(400, "InvalidDigest", "The Content-MD5 you specified was invalid."))?;
            if digest[..] != Md5::digest(body)[..] {
                let message = "The Content-MD5 you specified did not match what we received.";
                return Err(error(400, "BadDigest", message));
            }
        }
        let given = [(CRC32, given.crc32), (CRC32C, given.crc32c), (CRC64NVME, given.crc64nvme)];
        let given: Vec<_> = given.into_iter().filter_map(|(algorithm, value)| Some((algorithm, value?))).collect();
        let (algorithm, given) = match given[..] {
            [] => (CRC64NVME, None),
            [(algorithm, ref value)] => (algorithm, Some(value)),
            _ => {
                let message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
                return Err(error(400, "InvalidRequest", message));
            }
        };
        let value = algorithm.of(body);
        if given.is_some_and(|given| *given != value) {
            let message = format!("The {} you specified did not match the calculated checksum.", algorithm.name);
            return Err(error(400, "BadDigest", message));
        }
        Ok(Self { algorithm, value })
    }

    pub(super) fn name(&self) -> &'static str {
        self.algorithm.name
    }

    /// The headers of a response. An object that was stored in one request has a checksum of all of it.
    pub(super) fn headers(&self) -> [(&'static str, String); 2] {
        [(self.algorithm.header, self.value.clone()), ("x-amz-checksum-type", "FULL_OBJECT".to_owned())]
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, CRC32, CRC32C, CRC64NVME, base64};

    /// The check values of the catalogue of parametrised CRC algorithms, for the text `123456789`.
    #[test]
    fn the_algorithms_give_their_check_values() {
        let of = |algorithm: Algorithm| base64::decode(algorithm.of(b"123456789")).expect("base64");
        assert_eq!(of(CRC32), 0xcbf4_3926_u32.to_be_bytes());
        assert_eq!(of(CRC32C), 0xe306_9283_u32.to_be_bytes());
        assert_eq!(of(CRC64NVME), 0xae8b_1486_0a79_9888_u64.to_be_bytes());
    }
}
