//! Files beside the Compose files, read when a rule asks and kept: scripts, Dockerfiles, env files, configurations.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use hardpan_compose::{Loader, PathKind};
use hardpan_source::yaml::{self, Stream};
use hardpan_source::{FileId, FileTable, SourceFile, Span};

/// A file beside the Compose files.
#[derive(Debug)]
pub struct TextFile {
    /// Its name in the file table.
    pub id: FileId,
    file: Arc<SourceFile>,
    yaml: OnceCell<Stream>,
}

impl TextFile {
    /// The absolute path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.file.path()
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.file.text()
    }

    /// The span of a range of bytes.
    #[must_use]
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        let offset = |at: usize| u32::try_from(at.min(self.text().len())).unwrap_or(u32::MAX);
        Span::new(self.id, offset(range.start), offset(range.end))
    }

    /// The file as YAML.
    #[must_use]
    pub fn yaml(&self) -> &Stream {
        self.yaml.get_or_init(|| yaml::parse(self.text(), self.id))
    }
}

/// Reads files on demand, each once.
pub struct Files<'p> {
    loader: &'p dyn Loader,
    table: RefCell<FileTable>,
    read: RefCell<HashMap<String, Option<Rc<TextFile>>>>,
    kinds: RefCell<HashMap<String, Option<PathKind>>>,
    lists: RefCell<HashMap<String, Vec<(String, PathKind)>>>,
}

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Files").finish_non_exhaustive()
    }
}

/// Files above this size are not looked into: what people write by hand is far smaller.
const FILE_BYTES_MAX: u64 = 1 << 20;

impl<'p> Files<'p> {
    pub(crate) fn new(loader: &'p dyn Loader, table: FileTable) -> Self {
        Self {
            loader,
            table: RefCell::new(table),
            read: RefCell::default(),
            kinds: RefCell::default(),
            lists: RefCell::default(),
        }
    }

    /// The text file at an absolute path; none where there is none, or where it is too large or no text.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Rc<TextFile>> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let file = self.add(path);
        self.read.borrow_mut().insert(path.to_owned(), file.clone());
        file
    }

    fn add(&self, path: &str) -> Option<Rc<TextFile>> {
        let mut table = self.table.borrow_mut();
        // Compose and env files are in the table already.
        let known = table.iter().find(|(_, file)| file.path() == path).map(|(id, _)| id);
        let id = match known {
            Some(id) => id,
            None => {
                let bytes = self.loader.read(path, FILE_BYTES_MAX).ok()?;
                table.add(path, String::from_utf8(bytes).ok()?)
            }
        };
        Some(Rc::new(TextFile { id, file: table.share(id), yaml: OnceCell::new() }))
    }

    /// The bytes of a file that is no text, up to a limit; none where there is none or where it is larger. They are
    /// not kept.
    #[must_use]
    pub fn bytes(&self, path: &str, limit: u64) -> Option<Vec<u8>> {
        self.loader.read(path, limit).ok()
    }

    /// A file by its name in the table.
    #[must_use]
    pub fn file(&self, id: FileId) -> Arc<SourceFile> {
        self.table.borrow().share(id)
    }

    /// The text that a span covers.
    #[must_use]
    pub fn text(&self, span: Span) -> String {
        self.table.borrow().text(span).to_owned()
    }

    /// What stands at an absolute path.
    #[must_use]
    pub fn kind(&self, path: &str) -> Option<PathKind> {
        if let Some(&known) = self.kinds.borrow().get(path) {
            return known;
        }
        let kind = self.loader.kind(path);
        self.kinds.borrow_mut().insert(path.to_owned(), kind);
        kind
    }

    /// The names in a directory.
    #[must_use]
    pub fn list(&self, path: &str) -> Vec<(String, PathKind)> {
        if let Some(known) = self.lists.borrow().get(path) {
            return known.clone();
        }
        let names = self.loader.list(path);
        self.lists.borrow_mut().insert(path.to_owned(), names.clone());
        names
    }

    /// The table with everything that was read.
    pub(crate) fn into_table(self) -> FileTable {
        self.table.into_inner()
    }
}
