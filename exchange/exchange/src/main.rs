//! All services of the exchange in one program.

fn main() {}
