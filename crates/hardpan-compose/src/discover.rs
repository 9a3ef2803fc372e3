//! From what the user typed to what is loaded: environment, env files, Compose files, project directory and name
//! (Docker Compose's `config` command and compose-go `cli`).

use hardpan_diag::{Code, Diagnostic};

use crate::env_file;
use crate::environment::Environment;
use crate::io::PathKind;
use crate::origin::VariableSource;
use crate::paths;
use crate::request::Request;
use crate::session::Session;
use crate::syntax::name::{is_valid_project_name, normalize_project_name};
use crate::syntax::path::join_paths;

/// What a load starts from.
pub(crate) struct Start {
    pub(crate) environment: Environment,
    /// Compose files, absolute, `-` for standard input.
    pub(crate) files: Vec<String>,
    pub(crate) working_dir: String,
    pub(crate) profiles: Vec<String>,
    pub(crate) name: ProjectName,
}

/// The project's name, as far as it is known before the files are read.
pub(crate) enum ProjectName {
    /// Given by the user, so nothing else counts.
    Given(String),
    /// Made of the directory's name, unless a file names the project.
    FromDirectory(String),
}

/// The names that are looked for, the first found wins.
const FILE_NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDE_NAMES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Works out where to start; `None` (with diagnostics) where that is impossible.
pub(crate) fn start(session: &mut Session<'_>, request: &Request) -> Option<Start> {
    let mut environment = Environment::new();
    for (name, value) in &request.environment {
        environment.set(name.as_str(), value.as_str(), VariableSource::Process);
    }
    environment.set_if_missing("PWD", session.current_dir.clone(), VariableSource::Process);
    let project_directory = request.project_directory.as_deref().map(|path| session.absolute(path));
    let given: Vec<String> = request.files.iter().map(|file| absolute(session, file)).collect();

    let directory = working_dir(session, project_directory.as_deref(), &given);
    let chosen = chosen_env_files(session, request, &environment);
    let mut environment = first_env_files(session, environment, &chosen, &directory)?;
    let files = match given.is_empty() {
        false => given,
        true => match from_environment(session, &environment)? {
            files if files.is_empty() => search(session, &directory),
            files => files,
        },
    };
    if files.is_empty() {
        session.diagnostics.push(
            Diagnostic::error(Code("compose::no-file"), "no configuration file provided: not found")
                .with_help("name a Compose file with `-f`, or run in a directory that has a compose.yaml"),
        );
        return None;
    }
    let working_dir = working_dir(session, project_directory.as_deref(), &files);
    if working_dir != directory {
        let env_files = env_files(session, &chosen, &environment, &working_dir)?;
        if !env_file::load_into(session, &mut environment, &env_files) {
            return None;
        }
    }
    let profiles = match request.profiles.is_empty() {
        false => request.profiles.clone(),
        true => environment
            .value("COMPOSE_PROFILES")
            .unwrap_or_default()
            .split(',')
            .map(|profile| profile.trim().to_owned())
            .collect(),
    };
    let name = project_name(session, request, &environment, &working_dir)?;
    Some(Start { environment, files, working_dir, profiles, name })
}

fn absolute(session: &Session<'_>, file: &str) -> String {
    if file == "-" { file.to_owned() } else { session.absolute(file) }
}

fn working_dir(session: &Session<'_>, project_directory: Option<&str>, files: &[String]) -> String {
    match (project_directory, files.iter().find(|file| *file != "-")) {
        (Some(directory), _) => directory.to_owned(),
        (None, Some(file)) => paths::parent(file),
        (None, None) => session.current_dir.clone(),
    }
}

/// The env files that the user chose: by flag, or by `COMPOSE_ENV_FILES`.
fn chosen_env_files(session: &Session<'_>, request: &Request, environment: &Environment) -> Vec<String> {
    let listed = environment.value("COMPOSE_ENV_FILES").unwrap_or_default();
    match request.env_files.is_empty() {
        false => request.env_files.iter().map(|file| session.absolute(file)).collect(),
        true => {
            listed.split(',').filter(|file| !file.is_empty()).map(|file| session.absolute(file)).collect()
        }
    }
}

/// Reads the env files of the directory that the search for Compose files starts in. The reference does it twice: first
/// for the `COMPOSE_` settings alone, which count as if the process had them, then for all variables. So an `.env` that
/// says COMPOSE_DISABLE_ENV_FILE leaves its settings and nothing else.
fn first_env_files(
    session: &mut Session<'_>,
    environment: Environment,
    chosen: &[String],
    directory: &str,
) -> Option<Environment> {
    let files = env_files(session, chosen, &environment, directory)?;
    let mut loaded = environment.clone();
    if !env_file::load_into(session, &mut loaded, &files) {
        return None;
    }
    if !chosen.is_empty() || !is_dotenv_disabled(session, &loaded)? {
        return Some(loaded);
    }
    let mut settings = environment;
    for (name, variable) in loaded.sorted() {
        if name.starts_with("COMPOSE_") {
            settings.set_if_missing(name, variable.value.clone(), variable.set.clone());
        }
    }
    Some(settings)
}

/// The env files that apply: those chosen, or `.env` in the project directory.
fn env_files(
    session: &mut Session<'_>,
    chosen: &[String],
    environment: &Environment,
    directory: &str,
) -> Option<Vec<(String, Option<hardpan_source::Span>)>> {
    if !chosen.is_empty() {
        return Some(chosen.iter().map(|file| (file.clone(), None)).collect());
    }
    if is_dotenv_disabled(session, environment)? {
        return Some(Vec::new());
    }
    let default = join_paths(directory, ".env");
    if session.loader.kind(directory) == Some(PathKind::File) {
        session.diagnostics.push(
            Diagnostic::error(Code("file::unreadable"), format!("stat {default}: not a directory"))
                .with_help("give `--project-directory` a directory"),
        );
        return None;
    }
    let there = session.loader.kind(&default) == Some(PathKind::File);
    Some(if there { vec![(default, None)] } else { Vec::new() })
}

/// What `COMPOSE_DISABLE_ENV_FILE` says; `None` (with diagnostics) where it says neither yes nor no.
fn is_dotenv_disabled(session: &mut Session<'_>, environment: &Environment) -> Option<bool> {
    match environment.value("COMPOSE_DISABLE_ENV_FILE") {
        None | Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Some(false),
        Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Some(true),
        Some(text) => {
            let message = format!("strconv.ParseBool: parsing {text:?}: invalid syntax");
            session.diagnostics.push(
                Diagnostic::error(Code("compose::invalid-setting"), message)
                    .with_help("set COMPOSE_DISABLE_ENV_FILE to true or false"),
            );
            None
        }
    }
}

/// The files that `COMPOSE_FILE` names.
fn from_environment(session: &mut Session<'_>, environment: &Environment) -> Option<Vec<String>> {
    let Some(list) = environment.value("COMPOSE_FILE") else { return Some(Vec::new()) };
    let separator =
        environment.value("COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty()).unwrap_or(":");
    let mut files = Vec::new();
    for file in list.split(separator) {
        let file = absolute(session, file);
        if file != "-" && session.loader.kind(&file).is_none() {
            session.diagnostics.push(
                Diagnostic::error(
                    Code("file::unreadable"),
                    format!("stat {file}: no such file or directory"),
                )
                .with_note("named by COMPOSE_FILE"),
            );
            return None;
        }
        files.push(file);
    }
    Some(files)
}

/// Looks for a Compose file in the directory and its parents, with the override file next to it.
fn search(session: &mut Session<'_>, directory: &str) -> Vec<String> {
    let mut at = directory.to_owned();
    loop {
        let found = find(session, &at, &FILE_NAMES, "config");
        if let Some(file) = found {
            let mut files = vec![file];
            files.extend(find(session, &at, &OVERRIDE_NAMES, "override"));
            return files;
        }
        let parent = paths::parent(&at);
        if parent == at {
            return Vec::new();
        }
        at = parent;
    }
}

fn find(session: &mut Session<'_>, directory: &str, names: &[&str], what: &str) -> Option<String> {
    let found: Vec<String> = names
        .iter()
        .map(|name| join_paths(directory, name))
        .filter(|path| session.loader.kind(path).is_some())
        .collect();
    if found.len() > 1 {
        let list = found.join(", ");
        let message = format!("Found multiple {what} files with supported names: {list}");
        session.diagnostics.push(
            Diagnostic::warning(Code("compose::several-files"), message)
                .with_note(format!("using {}", found[0])),
        );
    }
    found.into_iter().next()
}

fn project_name(
    session: &mut Session<'_>,
    request: &Request,
    environment: &Environment,
    working_dir: &str,
) -> Option<ProjectName> {
    let given = request.project_name.as_deref().filter(|name| !name.is_empty());
    let name = given.or_else(|| environment.value("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()));
    let Some(name) = name else {
        return Some(ProjectName::FromDirectory(normalize_project_name(paths::base_name(working_dir))));
    };
    if !is_valid_project_name(name) {
        let message = format!(
            "invalid project name {name:?}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number"
        );
        session.diagnostics.push(
            Diagnostic::error(Code("compose::project-name"), message)
                .with_help(format!("`{}` would do", normalize_project_name(name))),
        );
        return None;
    }
    Some(ProjectName::Given(name.to_owned()))
}
