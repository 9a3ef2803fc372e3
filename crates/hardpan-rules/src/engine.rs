//! Runs the rules over a project and makes findings of what they say.

use std::collections::{BTreeMap, HashMap, HashSet};

use hardpan_compose::{Loaded, Loader};
use hardpan_diag::{Diagnostic, Label};
use hardpan_source::{FileId, FileTable, Span};

use crate::codes::Severity;
use crate::custom::{self, World};
use crate::families::orchestration::unresolvable_project;
use crate::finding::{Draft, Finding, Place, Subject, Verdict, Verdicts};
use crate::policy::{CustomRule, Date, Policy};
use crate::rule::{Confidence, Rule};
use crate::scope::{Input, Scope, compose_files};
use crate::service::{Service, ServiceId};
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
            let mut verdicts = Verdicts::default();
            (rule.check)(&scope, &mut verdicts);
            conclude(&scope, Judge::built_in(rule), verdicts, &mut tallies, &mut findings);
        }
        services = scope.services().len();
        files = scope.files.into_table();
        sort(&mut findings, &files);
    } else if policy.is_on(&unresolvable_project::RULE) {
        (findings, tallies) = unloaded(&policy, &diagnostics[from_policy..], &files);
    }
    drop(custom);
    Outcome { files, masked, diagnostics, policy, findings, tallies, services }
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
struct Judge {
    code: String,
    name: String,
    severity: Severity,
    confidence: Confidence,
    requirements: Vec<String>,
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

/// What makes two verdicts one finding: they say the same of the same text.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    verdict: Verdict,
    severity: Severity,
    message: String,
    span: Option<Span>,
    /// For what has no text to point at: the subject itself.
    subject: Option<Subject>,
    waived_by: Option<usize>,
}

/// Makes one finding of all verdicts that point at one text and say the same, and points what services lack at the
/// template that all of them share.
fn group(scope: &Scope<'_>, judge: &Judge, drafts: Vec<Draft>, waived: &[Option<usize>]) -> Vec<Finding> {
    let own_severity = scope.policy.severity.get(&judge.code).copied();
    let homes = homes(scope, &drafts);
    let mut findings: Vec<Finding> = Vec::new();
    let mut known: HashMap<Key, usize> = HashMap::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        let service = match &draft.subject {
            Subject::Service(id) => Some(scope.service_of(*id)),
            _ => None,
        };
        let (span, mut related) = match draft.place {
            Place::At { span, way } => (Some(span), way),
            Place::Missing(id) => {
                let home = homes[at].unwrap_or(scope.service_of(id).key);
                (Some(home), way_to(scope.service_of(id), home))
            }
            Place::Nowhere => (None, Vec::new()),
        };
        related.extend(draft.related);
        // What the owner says counts, whatever the single case is.
        let severity = own_severity.or(draft.severity).unwrap_or(judge.severity);
        let key = Key {
            verdict: draft.verdict,
            severity,
            message: draft.message.clone(),
            span,
            subject: span.is_none().then(|| draft.subject.clone()),
            waived_by: waived[at],
        };
        let index = *known.entry(key).or_insert_with(|| {
            findings.push(Finding {
                code: judge.code.clone(),
                name: judge.name.clone(),
                verdict: draft.verdict,
                severity,
                confidence: judge.confidence,
                message: draft.message,
                services: Vec::new(),
                primary: span.map(|span| Label { span, text: draft.label }),
                related: Vec::new(),
                help: draft.help,
                fix: draft.fix,
                requirements: judge.requirements.clone(),
                waived_by: waived[at],
            });
            findings.len() - 1
        });
        let finding = &mut findings[index];
        for label in related {
            if finding.related.len() < RELATED_MAX && !finding.related.contains(&label) {
                finding.related.push(label);
            }
        }
        if let Some(service) = service
            && !finding.services.iter().any(|name| name == service.name)
        {
            finding.services.push(service.name.to_owned());
        }
    }
    for finding in &mut findings {
        finding.services.sort_unstable();
        // A place that is the primary one need not be said twice.
        let primary = finding.primary.as_ref().map(|label| label.span);
        finding.related.retain(|label| Some(label.span) != primary);
    }
    findings
}

/// How many related places a finding keeps: more nobody follows.
const RELATED_MAX: usize = 24;

/// For each draft of something missing: the key of the template to blame, where that is not the service itself. A
/// template is to blame when at least two services extend it, all of them lack the same, and so curing it cures all;
/// of several the one furthest from the services.
fn homes(scope: &Scope<'_>, drafts: &[Draft]) -> Vec<Option<Span>> {
    let mut users: HashMap<Span, usize> = HashMap::new();
    for service in scope.services() {
        for template in &service.templates {
            *users.entry(template.key).or_default() += 1;
        }
    }
    let mut lacking: HashMap<(Span, &str, Verdict), HashSet<ServiceId>> = HashMap::new();
    for draft in drafts {
        if let Place::Missing(id) = draft.place {
            for template in &scope.service_of(id).templates {
                lacking.entry((template.key, &draft.message, draft.verdict)).or_default().insert(id);
            }
        }
    }
    drafts
        .iter()
        .map(|draft| {
            let Place::Missing(id) = draft.place else { return None };
            let mut templates = scope.service_of(id).templates.iter().rev();
            let home = templates.find(|template| {
                let users = users.get(&template.key).copied().unwrap_or(0);
                let lacking = lacking.get(&(template.key, draft.message.as_str(), draft.verdict));
                users > 1 && lacking.is_some_and(|lacking| lacking.len() == users)
            })?;
            Some(home.key)
        })
        .collect()
}

/// For something missing: the service, and the templates that could have brought it.
fn way_to(service: &Service<'_>, home: Span) -> Vec<Label> {
    let mut way = Vec::new();
    if home != service.key {
        way.push(Label { span: service.key, text: format!("`{}` gets it from there", service.name) });
        return way;
    }
    for template in &service.templates {
        way.push(Label { span: template.key, text: format!("`{}` does not bring it", template.service) });
    }
    way
}

/// The worst first; then as a reader meets them: by file, line and code.
fn sort(findings: &mut [Finding], files: &FileTable) {
    findings.sort_by(|a, b| {
        let place = |finding: &Finding| {
            finding.primary.as_ref().map(|label| (files.get(label.span.file).path(), label.span.start))
        };
        (a.verdict, b.severity)
            .cmp(&(b.verdict, a.severity))
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.code.cmp(&b.code))
            .then_with(|| a.message.cmp(&b.message))
    });
}
