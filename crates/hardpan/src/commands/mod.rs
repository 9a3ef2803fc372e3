//! One file per command.

mod check;
mod config;
mod explain;
mod provision;

use anyhow::Context as _;
use hardpan_compose::Request;
use hardpan_diag::Exit;

use crate::cli::{Cli, Command, ProjectArgs};

/// The project that the flags name, in the world this process sees.
fn request(project: &ProjectArgs) -> anyhow::Result<Request> {
    let current_dir = std::env::current_dir().context("cannot tell the current directory")?;
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Ok(Request {
        current_dir: current_dir.to_string_lossy().into_owned(),
        home: std::env::var("HOME").ok().filter(|home| !home.is_empty()),
        environment,
        files: project.file.clone(),
        env_files: project.env_file.clone(),
        profiles: project.profile.clone(),
        project_directory: project.project_directory.clone(),
        project_name: project.project_name.clone(),
        ..Request::default()
    })
}

/// Runs the command that was typed.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Check(args) => check::run(&cli.project, &args),
        Command::Config(args) => config::run(&cli.project, &args),
        Command::Explain { id } => explain::run(id.as_deref()),
        Command::Provision(args) => provision::run(&cli.project, &args),
        Command::Completions { shell } => {
            crate::print::to_stdout(&crate::docs::completions(shell))?;
            Ok(Exit::Clean)
        }
        Command::InternalDocs { directory } => {
            crate::docs::write(&directory)?;
            Ok(Exit::Clean)
        }
    }
}
