//! The `cytotrial` command.

fn main() {}
