//! Parameter groups, option groups, subnet groups, and what can be ordered.

mod facts;
mod networks;
mod options;
mod parameters;

use sim::World;

use super::support::*;
