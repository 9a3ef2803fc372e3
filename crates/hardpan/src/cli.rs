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
    Check(Box<CheckArgs>),
    /// Print the page of a rule or of a requirement
    Explain {
        /// Code or name of a rule, or id of a requirement [default: list all rules]
        id: Option<String>,
    },
    /// Make exist what services need: roles, databases, clusters, topics, buckets
    Provision(Box<ProvisionArgs>),
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
    /// Format of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    pub(crate) format: ReportFormat,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<std::path::PathBuf>,
    /// Judge by the house rules of the baseline documents too
    #[arg(long)]
    pub(crate) house: bool,
    /// Policy file [default: `hardpan.yml` in the project's directory or above]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<String>,
    /// Report only what this earlier JSON report does not have
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<std::path::PathBuf>,
    /// Judge by this rule only, by its code or name; give it several times for more
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Vec<String>,

    /// End with 1 from this severity up
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = SeverityName::Medium)]
    pub(crate) fail_on: SeverityName,
    /// Let what is unknown fail as well
    #[arg(long)]
    pub(crate) strict: bool,

    /// Print how every requirement stands instead of findings
    #[arg(long, conflicts_with = "rule")]
    pub(crate) requirements: bool,
    /// Show each service by itself where findings say the same of several, and count by service rather than by file
    #[arg(long)]
    pub(crate) per_service: bool,
    /// Show excerpts of what is unknown and waived, and all related places
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Show at most so many findings to a person; other formats have all
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) max: usize,

    /// Apply fixes, those that are safe or all, and report what is left
    #[arg(long, value_enum, value_name = "WHICH", num_args = 0..=1, require_equals = true,
          default_missing_value = "safe")]
    pub(crate) fix: Option<FixKind>,
    /// Print what the fixes would change instead, and change nothing; ends with 1 where there is something
    #[arg(long)]
    pub(crate) diff: bool,
}

/// `hardpan provision`.
#[derive(Args, Debug)]
#[command(after_help = crate::docs::provision_exit_codes())]
pub(crate) struct ProvisionArgs {
    /// The plan; `-` reads standard input
    #[arg(value_name = "PLAN")]
    pub(crate) plan: String,
    /// Look and say what would be done, but change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How long everything may take [default: what the plan says, else 120s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) timeout: Option<String>,
    /// See only to this target or object, by its id, and to what is below it; give it several times for more
    #[arg(long, value_name = "ID")]
    pub(crate) only: Vec<String>,
    /// The folder of secret files that the plan names without one
    #[arg(long, value_name = "DIR", default_value = hardpan_provision::plan::SECRETS_FOLDER)]
    pub(crate) secrets: String,
    /// Format of the steps on standard output, and of what is wrong with the plan on standard error
    #[arg(long, value_enum, default_value_t = StepFormat::Human)]
    pub(crate) format: StepFormat,
}

/// How steps are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StepFormat {
    /// One line for each step, for people
    Human,
    /// One JSON object a line for each step, for programs
    Json,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Findings with excerpts of the files, for people
    Human,
    /// One JSON document; docs/reference/report.schema.json describes it
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// JUnit XML, for test reports
    Junit,
    /// Workflow commands that GitHub shows beside the lines
    Github,
}

/// A severity, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeverityName {
    /// Worth knowing
    Info,
    /// A blemish
    Low,
    /// A weakness that needs something else to go wrong as well
    Medium,
    /// A defect that will hurt
    High,
    /// Stops the project, or hands over a machine or a credential
    Critical,
}

/// Which fixes are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FixKind {
    /// Those that cannot change behaviour that anybody relies on
    Safe,
    /// All
    Unsafe,
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
