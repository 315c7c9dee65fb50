//! tollguard
fn main() {}
