//! What is to be loaded, as the user asked for it.

use crate::session::Stages;

/// A request to load a project: the flags of `docker compose config`, and the world they are seen in. Relative paths
/// start at [`Request::current_dir`].
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The caller's current directory, absolute.
    pub current_dir: String,
    /// The home directory, which `~` stands for.
    pub home: Option<String>,
    /// The variables of the process, which win over every file.
    pub environment: Vec<(String, String)>,
    /// `-f`, in order; `-` is standard input. Empty: `COMPOSE_FILE`, else the usual names.
    pub files: Vec<String>,
    /// `--env-file`, in order. Empty: `COMPOSE_ENV_FILES`, else `.env`.
    pub env_files: Vec<String>,
    /// `--profile`. Empty: `COMPOSE_PROFILES`.
    pub profiles: Vec<String>,
    /// `--project-directory`.
    pub project_directory: Option<String>,
    /// `-p`.
    pub project_name: Option<String>,
    /// Services to narrow the project to, with what they depend on. Empty: all.
    pub services: Vec<String>,
    /// Which stages run.
    pub stages: Stages,
}
