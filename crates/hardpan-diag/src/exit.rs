//! The exit-code table of the program.

/// How a run of hardpan ends. The numbers are public and documented in `docs/reference/exit-codes.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Nothing to complain about.
    Clean = 0,
    /// Findings, or a verification that failed.
    Findings = 1,
    /// Wrong usage, or input that cannot be loaded.
    Input = 2,
    /// The environment is at fault: engine, permission, network, disk.
    Environment = 3,
}

impl Exit {
    /// Every code with its number and meaning, for the generated reference page.
    pub const TABLE: [(Self, &'static str); 4] = [
        (Self::Clean, "nothing to complain about"),
        (Self::Findings, "findings, or a verification that failed"),
        (Self::Input, "wrong usage, or input that cannot be loaded"),
        (Self::Environment, "the environment is at fault: engine, permission, network, disk"),
    ];

    /// The number the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}
