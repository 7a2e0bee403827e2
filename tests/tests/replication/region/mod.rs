//! Copies that cross regions: DR in another region, a second region of DR, and both.

mod attacks;
mod clocks;
mod crossing;
mod growth;
mod outages;
mod second;
mod stalled;
mod ways;

use rehearsal::Setup;
use tests::{DR, DR_REGION, REGION, SECOND_REGION, SOURCE};

/// Where DR's copies are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// In another region than the sources.
    Elsewhere,
    /// In the region of the sources, and in a second one.
    Second,
    /// In another region than the sources, and in a third one.
    Both,
}

impl Shape {
    const ALL: [Self; 3] = [Self::Elsewhere, Self::Second, Self::Both];

    fn setup(self) -> anyhow::Result<Setup> {
        let setup = Setup::new(SOURCE, DR, REGION)?;
        match self {
            Self::Elsewhere => setup.dr_region(DR_REGION),
            Self::Second => setup.second_region(SECOND_REGION),
            Self::Both => setup.dr_region(DR_REGION)?.second_region(SECOND_REGION),
        }
    }
}
