//! What all stages of one load share: files read, the tree, diagnostics, and the way to the outside.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use hardpan_diag::{Code, Diagnostic, Diagnostics};
use hardpan_source::yaml::{self, Stream};
use hardpan_source::{FileId, FileTable, Span};

use crate::document::Resets;
use crate::extends::Step;
use crate::io::{COMPOSE_FILE_BYTES_MAX, Loader, NotText, ReadError, decode};
use crate::keys::Key;
use crate::tree::{NodeId, Tree, small};

/// Which stages run; the flags of `docker compose config`.
#[derive(Clone, Copy, Debug)]
pub struct Stages {
    /// Replace variables by their values.
    pub interpolate: bool,
    /// Add what is implied: names, networks, dependencies.
    pub normalize: bool,
    /// Make relative paths absolute.
    pub resolve_paths: bool,
    /// Check that the parts of the model fit together.
    pub check_consistency: bool,
    /// Read the env files of services.
    pub resolve_environment: bool,
    /// Refuse two services with one container name.
    pub check_container_names: bool,
    /// Leave out networks, volumes, secrets and configs that no service uses.
    pub drop_unused: bool,
    /// Read also the env files of services that only take part because they are named.
    pub resolve_named_environment: bool,
    /// Give values their types, select services and check the project. Without it the model stays as it was merged,
    /// which is what is printed where variables are left as they are written.
    pub decode: bool,
}

impl Default for Stages {
    fn default() -> Self {
        Self {
            interpolate: true,
            normalize: true,
            resolve_paths: true,
            check_consistency: true,
            resolve_environment: true,
            resolve_named_environment: true,
            check_container_names: true,
            drop_unused: true,
            decode: true,
        }
    }
}

/// A Compose file as it was read: its YAML documents.
pub(crate) struct ComposeFile {
    pub(crate) stream: Stream,
}

/// A template file in one way of seeing it: its path, the directory its paths are relative to, and the environment.
pub(crate) type TemplateKey = (String, String, usize);

/// The `services` of a template file and what the file resets.
pub(crate) type Template = (NodeId, Rc<Resets>);

/// How large the model may become, copies included. A file of 60 MB makes a model of about half of this; short texts
/// that repeat others can make one of any size.
const MODEL_BYTES_MAX: usize = 640 << 20;

/// Shared state of one load.
pub(crate) struct Session<'a> {
    pub(crate) loader: &'a dyn Loader,
    pub(crate) stages: Stages,
    /// The caller's current directory, absolute.
    pub(crate) current_dir: String,
    /// What `~` stands for.
    pub(crate) home: Option<String>,
    pub(crate) files: FileTable,
    pub(crate) tree: Tree,
    pub(crate) diagnostics: Diagnostics,
    /// Where each included or extended file was asked for first, for people who read origins.
    pub(crate) asked_for: HashMap<FileId, Span>,
    /// Services whose `extends` failed: what they lack is a consequence, not a second mistake.
    pub(crate) incomplete: HashSet<Key>,
    read: HashMap<String, Option<Rc<ComposeFile>>>,
    /// How many projects have been included so far.
    pub(crate) includes: usize,
    is_full: bool,
    /// Env and label files by path: their lines may hold secrets, so excerpts of them are masked.
    pub(crate) env_files: HashMap<String, FileId>,
    /// Template files as `extends` sees them, so that each is read and resolved once.
    pub(crate) templates: HashMap<TemplateKey, Option<Template>>,
    /// How services of templates came to be, once their `extends` is resolved.
    pub(crate) steps: HashMap<NodeId, Step>,
    /// How many of these steps have been retraced for another heir.
    pub(crate) retraced: usize,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        loader: &'a dyn Loader,
        stages: Stages,
        current_dir: String,
        home: Option<String>,
    ) -> Self {
        Self {
            loader,
            stages,
            current_dir,
            home,
            files: FileTable::new(),
            tree: Tree::default(),
            diagnostics: Diagnostics::new(),
            asked_for: HashMap::new(),
            incomplete: HashSet::new(),
            read: HashMap::new(),
            includes: 0,
            is_full: false,
            env_files: HashMap::new(),
            templates: HashMap::new(),
            steps: HashMap::new(),
            retraced: 0,
        }
    }

    /// Records an error at a place.
    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(Code(code), message).with_span(span));
    }

    /// False (with a diagnostic, the first time) where the model has become too large to let anything more be added.
    /// To be asked wherever a short text can make a large piece of model.
    pub(crate) fn may_grow(&mut self, at: Span) -> bool {
        if self.tree.bytes() <= MODEL_BYTES_MAX {
            return true;
        }
        if !self.is_full {
            self.is_full = true;
            let message = format!("the project becomes larger than {} MiB in memory", MODEL_BYTES_MAX >> 20);
            self.diagnostics.push(
                Diagnostic::error(Code("compose::budget"), message)
                    .with_label(at, "this is where it does")
                    .with_help("include or extend less; a value is copied to each place that uses it"),
            );
        }
        false
    }

    /// True once the model has become too large; what was loaded is of no use then.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Reads and parses a Compose file once; `None` (with diagnostics) where that is impossible. `asked_at` is the text
    /// that names the file, if a file does.
    pub(crate) fn compose_file(&mut self, path: &str, asked_at: Option<Span>) -> Option<Rc<ComposeFile>> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        let file = self.read_compose_file(path, asked_at).map(Rc::new);
        self.read.insert(path.to_owned(), file.clone());
        file
    }

    fn read_compose_file(&mut self, path: &str, asked_at: Option<Span>) -> Option<ComposeFile> {
        let bytes = match self.loader.read(path, COMPOSE_FILE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.diagnostics.push(unreadable(path, &error, asked_at));
                return None;
            }
        };
        let text = match decode(bytes) {
            Ok(text) => text,
            Err(NotText { text, at }) => {
                let id = self.files.add(path, text);
                let span = Span::new(id, small(at), small(at + char::REPLACEMENT_CHARACTER.len_utf8()));
                self.diagnostics.push(
                    Diagnostic::error(Code("yaml::encoding"), "yaml: invalid UTF-8")
                        .with_label(span, "this byte is not text")
                        .with_help("save the file as UTF-8"),
                );
                return None;
            }
        };
        let id = self.files.add(path, text);
        if let Some(span) = asked_at {
            self.asked_for.insert(id, span);
        }
        let stream = yaml::parse(self.files.get(id).text(), id);
        for error in &stream.errors {
            let mut diagnostic = Diagnostic::error(Code("yaml::syntax"), format!("yaml: {}", error.message))
                .with_span(error.span);
            diagnostic.help.clone_from(&error.help);
            self.diagnostics.push(diagnostic);
        }
        stream.errors.is_empty().then_some(ComposeFile { stream })
    }
}

/// The diagnostic for a Compose file that cannot be read.
pub(crate) fn unreadable(path: &str, error: &ReadError, asked_at: Option<Span>) -> Diagnostic {
    let diagnostic = match error {
        ReadError::IsDirectory => {
            Diagnostic::error(Code("file::unreadable"), format!("read {path}: {error}"))
                .with_help("name the Compose file inside the directory")
        }
        ReadError::TooLarge => Diagnostic::error(
            Code("file::too-large"),
            format!(
                "{path} is larger than {} MiB, which is the limit for a Compose file",
                COMPOSE_FILE_BYTES_MAX >> 20
            ),
        )
        .with_help("split the project into included files"),
        _ => Diagnostic::error(Code("file::unreadable"), format!("open {path}: {error}")),
    };
    match asked_at {
        Some(span) => diagnostic.with_label(span, "named here"),
        None => diagnostic,
    }
}
