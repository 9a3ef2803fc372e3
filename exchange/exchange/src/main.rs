//! All services of the exchange in one program, and what one needs to try it: keys and tokens.
//!
//! Not responsible for what a service does. A newcomer needs to know one thing: nothing begins before the settings of every
//! service have been read and found right, and the order of the end is the way of an order: the gateway first, the log last.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tokens, tables and errors are for whoever typed the command"
)]

mod arguments;
mod home;
mod keys;
mod run;
mod target;
mod token;
mod variables;

use std::process::ExitCode;

use clap::Parser;
use exchange_service::service::Ending;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help is no error; where nobody reads, nobody is told.
            drop(error.print());
            return if error.use_stderr() { Ending::Usage } else { Ending::Done }.into();
        }
    };
    let ending = match &arguments.command {
        None => run::run(&arguments.target, arguments.home.as_deref()),
        Some(Command::Token(asked)) => say(token::mint(asked)),
        Some(Command::Keys(asked)) => say(keys::make(&asked.out).map_err(token::TokenError::from)),
        Some(Command::Variables) => say(Ok(variables::page())),
    };
    ending.into()
}

/// Prints what was asked for, or why there is none.
fn say(result: Result<String, token::TokenError>) -> Ending {
    match result {
        Ok(text) => {
            print!("{text}");
            Ending::Done
        }
        Err(error) => {
            eprintln!("error: {error}");
            error.ending()
        }
    }
}
