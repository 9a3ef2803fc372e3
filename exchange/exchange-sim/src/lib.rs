//! All state machines of the exchange in one thread, from a seed: with slow and broken links, crashes, a disk that loses what was
//! not synced, and checks of everything that the exchange promises.
//!
//! It is for development and tests only, and it is not a benchmark. It runs the real log on a simulated disk, the real risk,
//! matching, engine and feed; only processes, network, clock and disk are its own. A newcomer needs to know one thing: a seed
//! names a run down to the last byte, so a run that has found something can be run again, and `--verbose` tells it step by step.
//!
//! | module | what is in it |
//! |---|---|
//! | `random` | the one source of chance |
//! | `plan` | what a seed decides before the first command |
//! | `generator` | the commands |
//! | `kernel` | virtual time, links, lives of processes, the trace |
//! | `disk` | the simulated disk and its faults |
//! | `process` | the processes: clients, sequencer, risk, matching, feeds, subscribers, the snapshot follower |
//! | `fold` | the fold of the log, joined and in two parts |
//! | `check` | what must hold |
//! | `mutation` | mistakes made on purpose, to prove that they would be found |
//! | `simulation` | one run |
//! | `soak` | many runs |

pub mod check;
pub mod disk;
pub mod fold;
pub mod generator;
pub mod kernel;
pub mod message;
pub mod mutation;
pub mod plan;
pub mod process;
pub mod random;
pub mod simulation;
pub mod soak;

pub use mutation::Mutation;
pub use simulation::{Failure, Options, Report, run};
