//! Puts Draco into two AWS accounts, and looks after it there.

fn main() {}
