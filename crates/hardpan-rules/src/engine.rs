//! Runs the rules over a project and makes findings of what they say.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use hardpan_compose::{Loaded, Loader, Project};
use hardpan_diag::{Diagnostic, Label};
use hardpan_source::{FileId, FileTable};

use crate::codes::Severity;
use crate::custom::{self, World};
use crate::families::orchestration::unresolvable_project;
use crate::finding::{Finding, Place, Subject, Verdict, Verdicts};
use crate::group::{group, sort};
use crate::policy::{CustomRule, Date, Policy};
use crate::rule::{Confidence, Rule};
use crate::scope::{Input, Scope, compose_files};
use crate::{rules, waivers};

/// What a check found out.
#[derive(Debug)]
pub struct Outcome {
    /// Every file that was read; spans refer to it.
    pub files: FileTable,
    /// Files whose lines may hold secrets: never show more of a line than its key.
    pub masked: HashSet<FileId>,
    /// What there was to say of the policy file, then what the resolver had to say.
    pub diagnostics: Vec<Diagnostic>,
    /// The project that was judged; none where not even its files were found.
    pub project: Option<Project>,
    /// The policy that was judged by. Its places mean [`Outcome::files`].
    pub policy: Policy,
    /// Violations and what is unknown: by severity, then file and line.
    pub findings: Vec<Finding>,
    /// How often each rule that is on came to each verdict, in the order of the registry.
    pub tallies: Vec<Tally>,
    /// The number of services judged.
    pub services: usize,
}

impl Outcome {
    /// True if the resolver refused nothing. What is wrong with the policy does not count.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        let mut errors = self.diagnostics.iter().filter(|one| one.severity == hardpan_diag::Severity::Error);
        errors.all(|error| error.code.0.starts_with("policy::"))
    }
}

/// How often a rule came to each verdict.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The rule's code.
    pub code: String,
    /// Subjects that break it, waived ones not counted.
    pub violated: usize,
    /// Subjects that break it, or of which nothing is known, under a waiver.
    pub waived: usize,
    /// Subjects of which the files do not tell.
    pub unknown: usize,
    /// Subjects that meet it.
    pub satisfied: usize,
    /// Subjects it says nothing of, by reason.
    pub not_applicable: BTreeMap<&'static str, usize>,
}

/// How a project is to be judged.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that the project's own paths start at, absolute: where the policy file lies, else the project's.
    pub root: String,
    /// The policy file's path and text.
    pub policy: Option<(String, String)>,
    /// Turns the house rules on, whatever the policy says.
    pub house_rules: bool,
    /// The day waivers are held to.
    pub today: Date,
}

/// Judges a project by every rule that the policy turns on.
///
/// The load has to enable all profiles and to keep what no service uses.
#[must_use]
pub fn check(mut loaded: Loaded, settings: &Settings, loader: &dyn Loader) -> Outcome {
    let compose_files = compose_files(&loaded);
    let (policy, mut diagnostics) = read_policy(&mut loaded.files, settings);
    let custom = custom::compile(&policy.custom, &mut diagnostics);
    let Loaded { files, masked, diagnostics: problems, environment, project, .. } = loaded;
    let from_policy = diagnostics.len();
    diagnostics.extend(problems.into_vec());
    let (mut findings, mut tallies, mut services) = (Vec::new(), Vec::new(), 0);
    let mut files = files;
    if let Some(project) = &project {
        let scope = Scope::new(Input {
            project,
            policy: &policy,
            root: settings.root.clone(),
            today: settings.today,
            diagnostics: &diagnostics[from_policy..],
            environment: &environment,
            compose_files,
            table: files,
            loader,
        });
        let world = (!custom.is_empty()).then(|| World::new(&scope));
        for custom in &custom {
            let mut verdicts = Verdicts::default();
            custom.check(&scope, world.as_ref().expect("there are custom rules"), &mut verdicts);
            conclude(&scope, Judge::custom(custom.rule), verdicts, &mut tallies, &mut findings);
        }
        // The rules about waivers come last: by then it is known which have covered something.
        for rule in rules().filter(|rule| policy.is_on(rule)) {
            let verdicts = run(rule, &scope);
            conclude(&scope, Judge::built_in(rule), verdicts, &mut tallies, &mut findings);
        }
        services = scope.services().len();
        files = scope.files.into_table();
        sort(&mut findings, &files);
    } else if policy.is_on(&unresolvable_project::RULE) {
        (findings, tallies) = unloaded(&policy, &diagnostics[from_policy..], &files);
    }
    drop(custom);
    Outcome { files, masked, diagnostics, project, policy, findings, tallies, services }
}

/// What a rule says. One that fails internally must neither take the others with it nor count as met: what it had said
/// until then is dropped, and its subject is unknown.
fn run<'s>(rule: &Rule, scope: &Scope<'_>) -> Verdicts<'s> {
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let mut verdicts = Verdicts::default();
        (rule.check)(scope, &mut verdicts);
        verdicts
    }));
    judged.unwrap_or_else(|_| {
        let mut verdicts = Verdicts::default();
        verdicts
            .unknown(Subject::Project, Place::Nowhere, "the rule failed: this is a defect of hardpan")
            .help("report it with what stands on standard error; `off` in `hardpan.yml` leaves the rule out");
        verdicts
    })
}

/// Without a model only the rule about that can be judged: what stops the load is a finding like any other.
fn unloaded(policy: &Policy, diagnostics: &[Diagnostic], files: &FileTable) -> (Vec<Finding>, Vec<Tally>) {
    let judge = Judge::built_in(&unresolvable_project::RULE);
    let mut verdicts = Verdicts::default();
    unresolvable_project::check_unloaded(diagnostics, &|id| files.share(id), &mut verdicts);
    let tally = tally(&judge.code, &verdicts, &vec![None; verdicts.drafts.len()]);
    let own_severity = policy.severity.get(&judge.code).copied();
    let findings = verdicts.drafts.into_iter().map(|draft| Finding {
        code: judge.code.clone(),
        name: judge.name.clone(),
        verdict: draft.verdict,
        severity: own_severity.or(draft.severity).unwrap_or(judge.severity),
        confidence: judge.confidence,
        message: draft.message,
        services: Vec::new(),
        primary: match draft.place {
            Place::At { span, .. } => Some(Label { span, text: draft.label }),
            Place::Missing(_) | Place::Nowhere => None,
        },
        related: draft.related,
        help: draft.help,
        fix: draft.fix,
        requirements: judge.requirements.clone(),
        waived_by: None,
    });
    let mut findings: Vec<Finding> = findings.collect();
    sort(&mut findings, files);
    (findings, vec![tally])
}

/// Who says it: a rule of ours or of the owner.
pub(crate) struct Judge {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) requirements: Vec<String>,
}

impl Judge {
    fn built_in(rule: &Rule) -> Self {
        Self {
            code: rule.code.to_owned(),
            name: rule.name.to_owned(),
            severity: rule.info().severity,
            confidence: rule.confidence,
            requirements: rule.requirements().iter().map(|requirement| requirement.id.to_owned()).collect(),
        }
    }

    fn custom(rule: &CustomRule) -> Self {
        Self {
            code: rule.rule.clone(),
            name: rule.name.clone(),
            severity: rule.severity,
            confidence: Confidence::High,
            requirements: vec![rule.requirement.clone()],
        }
    }
}

/// Waives, counts and groups what a rule said.
fn conclude(
    scope: &Scope<'_>,
    judge: Judge,
    verdicts: Verdicts<'_>,
    tallies: &mut Vec<Tally>,
    findings: &mut Vec<Finding>,
) {
    let waived: Vec<Option<usize>> =
        verdicts.drafts.iter().map(|draft| waivers::waiver_of(scope, &judge.code, draft)).collect();
    tallies.push(tally(&judge.code, &verdicts, &waived));
    findings.extend(group(scope, &judge, verdicts.drafts, &waived));
}

fn read_policy(files: &mut FileTable, settings: &Settings) -> (Policy, Vec<Diagnostic>) {
    let (mut policy, problems) = match &settings.policy {
        Some((path, text)) => Policy::read(text, files.add(path, text)),
        None => Default::default(),
    };
    policy.house_rules |= settings.house_rules;
    (policy, problems)
}

fn tally(code: &str, verdicts: &Verdicts<'_>, waived: &[Option<usize>]) -> Tally {
    let mut tally = Tally { code: code.to_owned(), ..Tally::default() };
    for (draft, waived) in verdicts.drafts.iter().zip(waived) {
        match (draft.verdict, waived) {
            (_, Some(_)) => tally.waived += 1,
            (Verdict::Unknown, None) => tally.unknown += 1,
            _ => tally.violated += 1,
        }
    }
    for judgement in &verdicts.judgements {
        match judgement.not_applicable {
            Some(reason) => *tally.not_applicable.entry(reason).or_default() += 1,
            None => tally.satisfied += 1,
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use hardpan_compose::{Loader, PathKind, ReadError, Request, load};

    use super::*;
    use crate::rule::Audience;

    /// A project of one service.
    struct One;

    impl Loader for One {
        fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, ReadError> {
            match path {
                "/p/compose.yaml" => Ok(b"services: {web: {image: a:1}}".to_vec()),
                _ => Err(ReadError::NotFound),
            }
        }

        fn kind(&self, path: &str) -> Option<PathKind> {
            (path == "/p/compose.yaml").then_some(PathKind::File)
        }

        fn real_path(&self, path: &str) -> Option<String> {
            Some(path.to_owned())
        }
    }

    #[test]
    fn a_rule_that_fails_is_unknown_and_leaves_the_others_alone() {
        let rule = Rule {
            code: "HP-SEC-001",
            name: "broken",
            audience: Audience::Anybody,
            confidence: Confidence::High,
            since: "0.1.0",
            sources: &[],
            doc: "",
            check: |scope, verdicts| {
                verdicts.satisfied(&scope.services()[0]);
                panic!("on purpose");
            },
        };
        let loaded = load(&Request { current_dir: "/p".to_owned(), ..Request::default() }, &One);
        let policy = Policy::default();
        let scope = Scope::new(Input {
            project: loaded.project.as_ref().expect("it loads"),
            policy: &policy,
            root: "/p".to_owned(),
            today: Date::from_unix_seconds(0),
            diagnostics: &[],
            environment: &[],
            compose_files: Vec::new(),
            table: loaded.files,
            loader: &One,
        });
        let verdicts = run(&rule, &scope);
        assert!(verdicts.judgements.is_empty(), "what it had said is dropped");
        assert_eq!(verdicts.drafts.len(), 1);
        assert_eq!(verdicts.drafts[0].verdict, Verdict::Unknown);
    }
}
