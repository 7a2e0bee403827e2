//! What the types of checks accept, and what results mean.

mod check;
mod judge;
mod numbers;
mod parts;
mod profile;
mod report;
