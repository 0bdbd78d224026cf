//! The program `iftop`.
fn main() {}
