//! What the types of checks accept, and what results mean.
