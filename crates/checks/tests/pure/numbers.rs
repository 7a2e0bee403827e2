//! Numbers of 38 digits.

use std::cmp::Ordering;

use checks::{Decimal, InvalidDecimal};
use proptest::prelude::*;

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn a_number_is_read_and_written() {
    for (text, written) in [
        ("0", "0"),
        ("-0.00", "0"),
        ("1.50", "1.5"),
        ("-0.05", "-0.05"),
        ("+7", "7"),
        ("007", "7"),
        ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
        ("0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"),
    ] {
        assert_eq!(number(text).to_string(), written);
    }
    for text in ["", "-", ".", "1.", ".5", "1e3", "NaN", "0x1", "1 000", "--1", "1.2.3"] {
        assert_eq!(text.parse::<Decimal>(), Err(InvalidDecimal::NotANumber), "{text}");
    }
    for text in ["100000000000000000000000000000000000000", "1.00000000000000000000000000000000000001"] {
        assert_eq!(text.parse::<Decimal>(), Err(InvalidDecimal::TooLong), "{text}");
    }
}

#[test]
fn the_largest_and_the_smallest_numbers_are_compared() {
    let (large, small) = (number(&"9".repeat(38)), number(&format!("0.{}1", "0".repeat(37))));
    assert!(large > small && number(&format!("-{}", "9".repeat(38))) < small && small > Decimal::ZERO);
    assert_eq!(large.minus(small), None);
    assert_eq!(large.times(large), None);
}

proptest! {
    #[test]
    fn order_and_arithmetic_are_those_of_whole_numbers(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
        // The same numbers, divided by 1000.
        let thousandth = |number: i64| {
            let sign = if number < 0 { "-" } else { "" };
            let whole = number.unsigned_abs();
            format!("{sign}{}.{:03}", whole / 1000, whole % 1000).parse::<Decimal>().unwrap()
        };
        prop_assert_eq!(thousandth(a).cmp(&thousandth(b)), a.cmp(&b));
        prop_assert_eq!(thousandth(a).minus(thousandth(b)), Some(thousandth(a - b)));
        prop_assert_eq!(thousandth(a).times(1000.into()), Some(a.into()));
        prop_assert_eq!(thousandth(a).abs(), thousandth(a.abs()));
        prop_assert_eq!(thousandth(a).to_string().parse::<Decimal>(), Ok(thousandth(a)));
    }

    #[test]
    fn a_number_travels_as_json(digits in any::<i64>(), places in 0_usize..19) {
        let text = format!("{}{:019}", if digits < 0 { "-" } else { "" }, digits.unsigned_abs());
        let (whole, rest) = text.split_at(text.len() - places);
        let number: Decimal = if places == 0 { text.parse() } else { format!("{whole}.{rest}").parse() }.unwrap_or(Decimal::ZERO);
        let json = serde_json::to_string(&number).unwrap();
        prop_assert_eq!(serde_json::from_str::<Decimal>(&json).unwrap().cmp(&number), Ordering::Equal);
    }
}
