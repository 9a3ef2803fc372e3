//! The whole way from files to output, over files that only exist in the input.
//!
//! An input is a list of files. A line `=== name` begins the file of that name, which lies in `/p` unless the name is
//! absolute; what stands before the first such line is `compose.yaml`. A second `-f` is given where the input has a
//! file `override.yaml`.

use std::collections::BTreeMap;

use hardpan_compose::{Loaded, Loader, NodeRef, PathKind, Project, ReadError, Request, Stages, load};
use hardpan_diag::{Diagnostic, Label};
use hardpan_source::{FileTable, Span};

/// Loads the project in the way a user would, and in the ways that leave stages out, and prints it in every form.
pub fn run(bytes: &[u8]) {
    let disk = Memory::new(bytes);
    hardpan_compose::with_deep_stack(|| {
        let loaded = load(&request(&disk, Stages::default()), &disk);
        check(&loaded);
        let raw = Stages { interpolate: false, decode: false, ..Stages::default() };
        check(&load(&request(&disk, raw), &disk));
        let bare = Stages {
            normalize: false,
            resolve_paths: false,
            check_consistency: false,
            resolve_environment: false,
            ..Stages::default()
        };
        check(&load(&request(&disk, bare), &disk));
    });
}

fn request(disk: &Memory, stages: Stages) -> Request {
    let mut files = vec!["compose.yaml".to_owned()];
    if disk.files.contains_key("/p/override.yaml") {
        files.push("override.yaml".to_owned());
    }
    Request {
        current_dir: "/p".to_owned(),
        home: Some("/home/fuzz".to_owned()),
        environment: [("A", "one"), ("B", ""), ("PORT", "8080"), ("TRUE", "true")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        files,
        profiles: vec!["on".to_owned()],
        stages,
        ..Request::default()
    }
}

fn check(loaded: &Loaded) {
    for diagnostic in loaded.diagnostics.as_slice() {
        check_diagnostic(&loaded.files, diagnostic);
    }
    let _ = hardpan::diagnostics_text(loaded);
    let Some(project) = &loaded.project else {
        assert!(loaded.diagnostics.has_errors(), "what cannot be loaded has an error that says why");
        return;
    };
    check_origins(&loaded.files, project);
    // A project with errors is incomplete, but its prints must not panic either.
    let json = project.to_json();
    let yaml = project.to_yaml();
    let raw_json = project.to_raw_json();
    let _ = project.to_raw_yaml();
    for (_, service) in project.services().chain(project.disabled_services()) {
        assert_eq!(project.service_hash(service).len(), 64, "a hash is SHA-256");
    }
    let _ = project.unprintable_ssh_key();
    if loaded.diagnostics.has_errors() {
        return;
    }
    let mut files = FileTable::new();
    // JSON is YAML but for the nesting of brackets, which go-yaml limits to what the loader accepts anyway.
    for text in [json, yaml, raw_json] {
        let file = files.add("printed", text);
        let stream = hardpan_source::yaml::parse(files.get(file).text(), file);
        assert!(stream.errors.is_empty(), "what is printed can be read: {:?}", stream.errors);
        assert_eq!(stream.documents.len(), 1, "what is printed is one document");
    }
}

fn check_diagnostic(files: &FileTable, diagnostic: &Diagnostic) {
    assert!(!diagnostic.message.is_empty(), "a diagnostic says something");
    for Label { span, .. } in diagnostic.primary.iter().chain(&diagnostic.related) {
        check_span(files, *span);
    }
}

/// Every value of the project comes from bytes that exist.
fn check_origins(files: &FileTable, project: &Project) {
    let mut open: Vec<NodeRef<'_>> = vec![project.root()];
    while let Some(node) = open.pop() {
        check_span(files, node.origin().span);
        let _ = node.hops().count();
        open.extend(node.entries().map(|(_, value)| value));
        open.extend(node.items());
    }
}

fn check_span(files: &FileTable, span: Span) {
    let file = files.get(span.file);
    assert!(
        file.text().get(span.start as usize..span.end as usize).is_some(),
        "a span is a piece of {}: {span:?} of {} bytes",
        file.path(),
        file.text().len()
    );
    let _ = file.line_column(span.start);
}

/// The files of one input.
struct Memory {
    files: BTreeMap<String, Vec<u8>>,
}

/// More files than this test nothing new.
const FILES_MAX: usize = 16;

impl Memory {
    fn new(bytes: &[u8]) -> Self {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut name = "/p/compose.yaml".to_owned();
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if let Some(next) = line.strip_prefix(b"=== ")
                && let Ok(next) = std::str::from_utf8(next)
                && files.len() < FILES_MAX
            {
                let next = next.trim();
                name = if next.starts_with('/') { next.to_owned() } else { format!("/p/{next}") };
                files.insert(name.clone(), Vec::new());
                continue;
            }
            files.entry(name.clone()).or_default().extend_from_slice(line);
        }
        Self { files }
    }
}

impl Loader for Memory {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.files.get(path) {
            Some(bytes) if bytes.len() as u64 > limit => Err(ReadError::TooLarge),
            Some(bytes) => Ok(bytes.clone()),
            None if self.kind(path).is_some() => Err(ReadError::IsDirectory),
            None => Err(ReadError::NotFound),
        }
    }

    fn kind(&self, path: &str) -> Option<PathKind> {
        if self.files.contains_key(path) {
            return Some(PathKind::File);
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let is_directory = self.files.keys().any(|file| file.starts_with(&prefix));
        is_directory.then_some(PathKind::Directory)
    }

    fn real_path(&self, path: &str) -> Option<String> {
        self.kind(path).map(|_| path.to_owned())
    }
}
