//! The bill at the end of a simulation, as a table that fits into 80 columns.

use std::io::{self, Write};

use sim::bill::{Bill, Line};

pub(super) fn write(out: &mut impl Write, bill: &Bill) -> io::Result<()> {
    writeln!(out, "{:<21}{:>14} {:<11}{:>14}{:>14}", "", "quantity", "", "price in $", "cost in $")?;
    for Line { item, quantity, unit, price, per, dollars } in &bill.lines {
        writeln!(out, "{item:<21}{quantity:>14.3} {unit:<11}{:>14}{dollars:>14.6}", price_per(*price, *per))?;
    }
    writeln!(out, "{:<21}{:>54.6}", "total", bill.total)?;
    writeln!(out, "\nPrices in {} on {}, without free tiers.", bill.region, bill.as_of)
}

/// `0.2 per 1M`
fn price_per(price: f64, units: f64) -> String {
    match units {
        1.0 => price.to_string(),
        1_000_000.0 => format!("{price} per 1M"),
        _ => format!("{price} per {units}"),
    }
}
