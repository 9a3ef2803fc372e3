//! The commands of a run: mostly such as a reasonable client would send, some that are wrong in one field, some that are noise.
//!
//! It does not know what became of a command beyond what a client is told. A newcomer needs to know one thing: what a client
//! asks depends on its own random numbers and on the answers it has got, never on the state of the venue.

mod administrator;
mod malformed;
mod market;
mod mix;
mod requests;
mod trader;

pub use administrator::Administrator;
pub use market::{Account, Market};
pub use mix::{Mix, TraderOperation};
pub use trader::Trader;

/// Mixes the bits of a number so that none of it can be guessed from its neighbours: a bijection (splitmix64's finaliser).
fn opaque(number: u64) -> u64 {
    let mut mixed = number;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
