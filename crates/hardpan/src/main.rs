//! The `hardpan` program: parses arguments, calls the library, chooses the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(hardpan::run(std::env::args_os()).code())
}
