//! What can be typed: the flags as clap sees them.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An infrastructure baseline that proves itself.
#[derive(Debug, Parser)]
#[command(name = "hardpan", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which project; the same flags as Docker Compose, before or after the command.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProjectArgs {
    /// Compose file; give it several times to merge files, `-` reads standard input
    #[arg(short, long = "file", value_name = "FILE", global = true)]
    pub(crate) file: Vec<String>,
    /// Env file with the project's variables; give it several times, later files win
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) env_file: Vec<String>,
    /// Profile to activate; `*` activates all
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) profile: Vec<String>,
    /// Directory that relative paths start at [default: the directory of the first Compose file]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) project_directory: Option<String>,
    /// Project name
    #[arg(short, long, value_name = "NAME", global = true)]
    pub(crate) project_name: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the project as Docker Compose sees it, or everything that is wrong with it
    Config(Box<ConfigArgs>),
    /// Judge the project by the baseline and point at what breaks it
    Check(CheckArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the generated reference pages, completions and the man page into a directory
    #[command(hide = true)]
    InternalDocs {
        /// The directory
        directory: std::path::PathBuf,
    },
}

/// `hardpan config`.
#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    /// Services to print, with what they depend on [default: all]
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    /// Format of the output
    #[arg(long, value_enum, default_value_t = ModelFormat::Yaml)]
    pub(crate) format: ModelFormat,
    /// Only check the project, print nothing
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<std::path::PathBuf>,
    /// Format of the diagnostics on standard error [default: json with `--format json`, else human]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) diagnostics: Option<DiagnosticFormat>,

    /// Print where every value comes from: place, then the way it travelled
    #[arg(long, group = "what")]
    pub(crate) origins: bool,
    /// Print the names of the services
    #[arg(long = "services", group = "what")]
    pub(crate) list_services: bool,
    /// Print the names of the networks
    #[arg(long, group = "what")]
    pub(crate) networks: bool,
    /// Print the names of the volumes
    #[arg(long, group = "what")]
    pub(crate) volumes: bool,
    /// Print the models
    #[arg(long, group = "what")]
    pub(crate) models: bool,
    /// Print the profiles that services have
    #[arg(long, group = "what")]
    pub(crate) profiles: bool,
    /// Print the images
    #[arg(long, group = "what")]
    pub(crate) images: bool,
    /// Print the variables that the files use, with their defaults
    #[arg(long, group = "what")]
    pub(crate) variables: bool,
    /// Print the environment that interpolation sees
    #[arg(long, group = "what")]
    pub(crate) environment: bool,
    /// Print the hash of services, `*` for all, or names separated by commas
    #[arg(long, value_name = "SERVICE", group = "what")]
    pub(crate) hash: Option<String>,

    /// Leave variables as they are written
    #[arg(long)]
    pub(crate) no_interpolate: bool,
    /// Leave out what is only implied: names, networks, dependencies
    #[arg(long)]
    pub(crate) no_normalize: bool,
    /// Leave relative paths relative
    #[arg(long)]
    pub(crate) no_path_resolution: bool,
    /// Do not check that the parts of the project fit together
    #[arg(long)]
    pub(crate) no_consistency: bool,
    /// Do not read the env files of services that take part only because they are named (nothing more, as in Docker
    /// Compose 2.40.3)
    #[arg(long)]
    pub(crate) no_env_resolution: bool,
}

/// `hardpan check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Judge by the house rules of the baseline documents too
    #[arg(long)]
    pub(crate) house: bool,
    /// Policy file [default: `hardpan.yml` in the project's directory or above]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<String>,
}

/// How a model is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelFormat {
    /// YAML
    Yaml,
    /// JSON
    Json,
}

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiagnosticFormat {
    /// Excerpts of the files, for people
    Human,
    /// One JSON document, for programs
    Json,
}
