//! What each fuzz target does with one input. The targets include these files, and so does the replay test of the
//! ordinary workspace, so that an input means the same to both.
//!
//! A body panics where something is wrong and returns nothing otherwise; what the input says is never wrong. The bodies of
//! the exchange are not declared here, because hardpan links nothing of it: its own replay tests include them one by one.

pub mod interpolate;
pub mod loader;
pub mod yaml;
