//! What a sample of a column's values looks like. No value is kept.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use checks::Sample;
use sql::Value;

/// Counts the values of one column.
#[derive(Debug)]
pub(crate) struct Counter {
    values: u64,
    /// The hashes of all values. A sample has at most some thousand.
    hashes: BTreeSet<u64>,
    /// How often each byte was seen.
    bytes: [u64; 256],
}

impl Default for Counter {
    fn default() -> Self {
        Self { values: 0, hashes: BTreeSet::new(), bytes: [0; 256] }
    }
}

impl Counter {
    pub(crate) fn add(&mut self, value: &Value) {
        let bytes = match value {
            Value::Text(text) => text.as_bytes(),
            Value::Bytes(bytes) => bytes,
            _ => return,
        };
        self.values += 1;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        self.hashes.insert(hasher.finish());
        for byte in bytes {
            self.bytes[usize::from(*byte)] += 1;
        }
    }

    pub(crate) fn sample(&self) -> Sample {
        let bytes = self.bytes.iter().sum();
        let entropy = entropy(&self.bytes, bytes);
        Sample { values: self.values, distinct: self.hashes.len() as u64, bytes, entropy }
    }
}

/// Shannon's entropy in bits per byte, to the thousandth.
#[allow(clippy::cast_precision_loss, reason = "counts of a sample are small")]
fn entropy(counts: &[u64; 256], total: u64) -> f64 {
    let share = |count: u64| count as f64 / total as f64;
    let bits: f64 = counts.iter().filter(|count| **count > 0).map(|count| -share(*count) * share(*count).log2()).sum();
    (bits.max(0.0) * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[Value]) -> Sample {
        let mut counter = Counter::default();
        values.iter().for_each(|value| counter.add(value));
        counter.sample()
    }

    #[test]
    fn a_sample_has_the_entropy_of_its_bytes() {
        let text = |text: &str| Value::Text(text.to_owned());
        let equal = sample(&[text("aaaa"), text("aaaa"), Value::Null]);
        assert_eq!(equal, Sample { values: 2, distinct: 1, bytes: 8, entropy: 0.0 });
        assert!((sample(&[text("abab")]).entropy - 1.0).abs() < 1e-9);
        let all: Vec<u8> = (0..=255).collect();
        assert!((sample(&[Value::Bytes(all)]).entropy - 8.0).abs() < 1e-9);
        assert_eq!(sample(&[]), Sample { values: 0, distinct: 0, bytes: 0, entropy: 0.0 });
    }
}
