//! Fixes: applies what findings offer, where the defect lives, and proves that nothing else has changed.
//!
//! Every round loads and judges the project, applies the edits of all findings at once to texts in memory, and loads
//! again: the project must still load, and no service may have changed that no finding was about. Where that fails,
//! findings are tried one by one and the guilty ones are refused. Files are never written here.

mod edits;
mod layout;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use hardpan_compose::{Loaded, Loader, NodeRef, PathKind, Project, ReadError, Request, Value, load};
use hardpan_source::{Edit, FileId, FileTable, apply_edits, yaml};

use crate::engine::{Outcome, Settings, check};
use crate::finding::{Finding, Safety, Verdict};
use layout::Layout;

/// Why a fix was not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The text is not what the finding says it is.
    NotFound,
    /// The value comes from an anchor.
    Anchor,
    /// The text has a form that the edit does not know.
    OtherForm,
    /// Other services would change.
    ChangesOthers(Vec<String>),
    /// The project would not load any more.
    BreaksProject,
    /// The file lies outside the project.
    Outside(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => formatter.write_str("the place is not found in the file"),
            Self::Anchor => formatter.write_str("the value comes from an anchor that others may use"),
            Self::OtherForm => formatter.write_str("the text is written in a form that is not edited"),
            Self::ChangesOthers(services) => {
                write!(formatter, "it would change {} as well", crate::Names(services))
            }
            Self::BreaksProject => formatter.write_str("the project would not load any more"),
            Self::Outside(path) => write!(formatter, "{path} lies outside the project"),
        }
    }
}

/// A fix that was applied or refused.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The rule's code.
    pub code: String,
    /// What the fix does.
    pub title: String,
    /// The services concerned.
    pub services: Vec<String>,
    /// The file and line of the finding.
    pub place: String,
    /// Why it was not applied; none where it was.
    pub refusal: Option<Refusal>,
}

/// What fixing came to.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The new texts by absolute path. Only files that change.
    pub texts: BTreeMap<String, String>,
    /// The old texts of the same files.
    pub before: BTreeMap<String, String>,
    /// Every fix that was tried.
    pub attempts: Vec<Attempt>,
}

/// Makes edits of the fixes of findings; each file is read once. They mean the files as they were judged.
pub struct Editor<'o> {
    files: &'o FileTable,
    layouts: HashMap<FileId, Option<Layout<'o>>>,
}

impl<'o> Editor<'o> {
    /// For the findings of an outcome.
    #[must_use]
    pub fn new(outcome: &'o Outcome) -> Self {
        Self { files: &outcome.files, layouts: HashMap::new() }
    }

    /// The edits that a finding's fix consists of.
    ///
    /// # Errors
    /// [`Refusal`], where the fix cannot be expressed as edits.
    pub fn edits_of(&mut self, finding: &Finding) -> Result<Vec<Edit>, Refusal> {
        let (Some(fix), Some(primary)) = (&finding.fix, &finding.primary) else {
            return Err(Refusal::NotFound);
        };
        if let crate::Repair::Edits(edits) = &fix.repair {
            return Ok(edits.clone());
        }
        let file = primary.span.file;
        let layout = self.layouts.entry(file).or_insert_with(|| {
            let text = self.files.get(file).text();
            let stream = yaml::parse(text, file);
            let is_sound = stream.errors.is_empty() && !stream.documents.is_empty();
            is_sound.then(|| Layout::new(text, stream, primary.span))
        });
        let layout = layout.as_ref().ok_or(Refusal::OtherForm)?;
        edits::edits(layout, primary.span, &fix.repair)
    }
}

/// Rounds after which fixing ends: edits that touch one another take a round each, and real projects need two.
const ROUNDS_MAX: usize = 8;

/// Applies every fix up to a degree of safety, in memory.
///
/// `include` says which findings are to be fixed, by their rule's code.
#[must_use]
pub fn fix(
    request: &Request,
    settings: &Settings,
    loader: &dyn Loader,
    safety: Safety,
    include: &dyn Fn(&Finding) -> bool,
) -> Fixed {
    let mut fixer = Fixer { request, settings, loader, fixed: Fixed::default(), refused: BTreeSet::new() };
    for _ in 0..ROUNDS_MAX {
        let wanted = |finding: &Finding| {
            finding.verdict == Verdict::Violation
                && finding.waived_by.is_none()
                && finding.fix.as_ref().is_some_and(|fix| fix.safety <= safety)
                && include(finding)
        };
        if !fixer.round(&wanted) {
            break;
        }
    }
    fixer.fixed
}

struct Fixer<'f> {
    request: &'f Request,
    settings: &'f Settings,
    loader: &'f dyn Loader,
    fixed: Fixed,
    /// What is not tried again, by rule, message and services.
    refused: BTreeSet<(String, String, Vec<String>)>,
}

/// A finding with its edits.
struct Candidate {
    finding: Finding,
    place: String,
    /// By path.
    edits: Vec<(String, Edit)>,
}

impl Fixer<'_> {
    /// True if something was applied.
    fn round(&mut self, wanted: &dyn Fn(&Finding) -> bool) -> bool {
        let overlay = Overlay { loader: self.loader, texts: &self.fixed.texts };
        let before = load(self.request, &overlay);
        let services = digests(&before);
        let outcome = check(before, self.settings, &overlay);
        let mut candidates = Vec::new();
        let mut editor = Editor::new(&outcome);
        for finding in outcome.findings.iter().filter(|finding| wanted(finding)) {
            if self.refused.contains(&identity(finding)) {
                continue;
            }
            let place = place(finding, &outcome);
            match self.candidate(finding, &outcome, &mut editor) {
                Ok(edits) => candidates.push(Candidate { finding: finding.clone(), place, edits }),
                Err(refusal) => self.refuse(finding, place, refusal),
            }
        }
        let candidates = without_overlap(candidates);
        if candidates.is_empty() {
            return false;
        }
        let texts: HashMap<String, String> =
            outcome.files.iter().map(|(_, file)| (file.path().to_owned(), file.text().to_owned())).collect();
        if self.apply(&candidates, &texts, &services).is_ok() {
            return true;
        }
        let mut any = false;
        for candidate in candidates {
            // Each is tried on the texts as they were; edits of the others would have moved its place.
            if any {
                break;
            }
            match self.apply(std::slice::from_ref(&candidate), &texts, &services) {
                Ok(()) => any = true,
                Err(refusal) => self.refuse(&candidate.finding, candidate.place, refusal),
            }
        }
        any
    }

    fn candidate(
        &self,
        finding: &Finding,
        outcome: &Outcome,
        editor: &mut Editor<'_>,
    ) -> Result<Vec<(String, Edit)>, Refusal> {
        let root = format!("{}/", self.settings.root.trim_end_matches('/'));
        let mut edits = Vec::new();
        for edit in editor.edits_of(finding)? {
            let path = outcome.files.get(edit.span.file).path().to_owned();
            if !path.starts_with(&root) {
                return Err(Refusal::Outside(path));
            }
            edits.push((path, edit));
        }
        Ok(edits)
    }

    fn refuse(&mut self, finding: &Finding, place: String, refusal: Refusal) {
        self.refused.insert(identity(finding));
        self.fixed.attempts.push(attempt(finding, place, Some(refusal)));
    }

    /// Applies candidates together and keeps the result if it stands.
    fn apply(
        &mut self,
        candidates: &[Candidate],
        texts: &HashMap<String, String>,
        before: &BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        let mut by_path: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
        for (path, edit) in candidates.iter().flat_map(|candidate| &candidate.edits) {
            by_path.entry(path).or_default().push(edit.clone());
        }
        let mut changed = self.fixed.texts.clone();
        for (path, edits) in by_path {
            let text = texts.get(path).ok_or(Refusal::NotFound)?;
            let text = apply_edits(text, &edits).map_err(|_| Refusal::OtherForm)?;
            changed.insert(path.to_owned(), text);
        }
        let overlay = Overlay { loader: self.loader, texts: &changed };
        let after = load(self.request, &overlay);
        let (errors_before, errors_after) = (before.get("").cloned(), error_count(&after));
        if errors_before.is_none_or(|count| count.parse().unwrap_or(0) < errors_after) {
            return Err(Refusal::BreaksProject);
        }
        let meant: BTreeSet<&String> =
            candidates.iter().flat_map(|candidate| &candidate.finding.services).collect();
        let after = digests(&after);
        let others: Vec<String> = before
            .iter()
            .filter(|(name, digest)| {
                !name.is_empty() && !meant.contains(name) && after.get(*name) != Some(*digest)
            })
            .map(|(name, _)| name.clone())
            .collect();
        if !others.is_empty() {
            return Err(Refusal::ChangesOthers(others));
        }
        for path in changed.keys() {
            if !self.fixed.before.contains_key(path) {
                self.fixed.before.insert(path.clone(), texts.get(path).cloned().unwrap_or_default());
            }
        }
        self.fixed.texts = changed;
        for candidate in candidates {
            self.fixed.attempts.push(attempt(&candidate.finding, candidate.place.clone(), None));
        }
        Ok(())
    }
}

fn identity(finding: &Finding) -> (String, String, Vec<String>) {
    (finding.code.clone(), finding.message.clone(), finding.services.clone())
}

fn attempt(finding: &Finding, place: String, refusal: Option<Refusal>) -> Attempt {
    Attempt {
        code: finding.code.clone(),
        title: finding.fix.as_ref().map(|fix| fix.title.clone()).unwrap_or_default(),
        services: finding.services.clone(),
        place,
        refusal,
    }
}

fn place(finding: &Finding, outcome: &Outcome) -> String {
    let Some(primary) = &finding.primary else { return String::new() };
    let file = outcome.files.get(primary.span.file);
    format!("{}:{}", file.path(), file.line_column(primary.span.start).line)
}

/// Those whose edits touch no edit of an earlier one; the others wait for the next round. An edit that repeats an
/// earlier one to the letter is made once.
fn without_overlap(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut taken: HashMap<String, Vec<Edit>> = HashMap::new();
    candidates
        .into_iter()
        .filter_map(|mut candidate| {
            candidate.edits.retain(|(path, edit)| {
                edit.span.is_empty() || !taken.get(path).is_some_and(|taken| taken.contains(edit))
            });
            let free = candidate.edits.iter().all(|(path, edit)| {
                taken.get(path).is_none_or(|taken| taken.iter().all(|other| are_apart(edit, other)))
            });
            if !free {
                return None;
            }
            for (path, edit) in &candidate.edits {
                taken.entry(path.clone()).or_default().push(edit.clone());
            }
            Some(candidate)
        })
        .collect()
}

/// Insertions at one place are made in different rounds only where they could belong together: two of the same text.
fn are_apart(one: &Edit, other: &Edit) -> bool {
    let (a, b) = (one.span, other.span);
    if a.is_empty() && b.is_empty() {
        return a.start != b.start || first_key(&one.replacement) != first_key(&other.replacement);
    }
    a.end <= b.start || b.end <= a.start
}

fn first_key(text: &str) -> &str {
    text.trim_start().split(':').next().unwrap_or_default()
}

/// What each service is, as text to compare; under the empty name the number of errors.
fn digests(loaded: &Loaded) -> BTreeMap<String, String> {
    let mut digests = BTreeMap::new();
    digests.insert(String::new(), error_count(loaded).to_string());
    for (name, service) in loaded.project.iter().flat_map(Project::services) {
        let mut text = String::new();
        digest(service, &mut text);
        digests.insert(name.to_owned(), text);
    }
    digests
}

fn error_count(loaded: &Loaded) -> usize {
    let all = loaded.diagnostics.as_slice().iter();
    all.filter(|one| one.severity == hardpan_diag::Severity::Error).count()
}

fn digest(node: NodeRef<'_>, text: &mut String) {
    match node.value() {
        Value::Map(_) => {
            text.push('{');
            for (key, value) in node.entries() {
                text.push_str(&format!("{key:?}:"));
                digest(value, text);
            }
            text.push('}');
        }
        Value::Seq(_) => {
            text.push('[');
            for item in node.items() {
                digest(item, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&format!("{other:?}")),
    }
}

/// A loader that sees some texts as they shall become.
struct Overlay<'o> {
    loader: &'o dyn Loader,
    texts: &'o BTreeMap<String, String>,
}

impl Loader for Overlay<'_> {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.texts.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => self.loader.read(path, limit),
        }
    }

    fn kind(&self, path: &str) -> Option<PathKind> {
        self.loader.kind(path)
    }

    fn real_path(&self, path: &str) -> Option<String> {
        self.loader.real_path(path)
    }

    fn list(&self, path: &str) -> Vec<(String, PathKind)> {
        self.loader.list(path)
    }
}
