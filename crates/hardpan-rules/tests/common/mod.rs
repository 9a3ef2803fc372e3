//! A project in memory, at `/p`.

use std::collections::BTreeMap;

use hardpan_compose::{Loader, PathKind, ReadError, Request, Stages};

/// Files by path.
pub(crate) struct Memory(BTreeMap<String, String>);

impl Memory {
    /// Files below `/p`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (format!("/p/{path}"), (*text).to_owned())).collect())
    }
}

impl Loader for Memory {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, ReadError> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or(ReadError::NotFound)
    }

    fn kind(&self, path: &str) -> Option<PathKind> {
        if self.0.contains_key(path) {
            return Some(PathKind::File);
        }
        let folder = format!("{path}/");
        self.0.keys().any(|file| file.starts_with(&folder)).then_some(PathKind::Directory)
    }

    fn real_path(&self, path: &str) -> Option<String> {
        self.kind(path).map(|_| path.to_owned())
    }
}

/// The whole project, as a check wants it.
pub(crate) fn request() -> Request {
    Request {
        current_dir: "/p".to_owned(),
        profiles: vec!["*".to_owned()],
        stages: Stages { drop_unused: false, ..Stages::default() },
        ..Request::default()
    }
}
