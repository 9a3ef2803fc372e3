//! Makes findings of verdicts: one for all that say the same of the same text, at the place that cures them all.

use std::collections::{HashMap, HashSet};

use hardpan_diag::Label;
use hardpan_source::{FileTable, Span};

use crate::codes::Severity;
use crate::engine::Judge;
use crate::finding::{Draft, Finding, Place, Subject, Verdict};
use crate::scope::Scope;
use crate::service::{Service, ServiceId};

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
pub(crate) fn group(
    scope: &Scope<'_>,
    judge: &Judge,
    drafts: Vec<Draft>,
    waived: &[Option<usize>],
) -> Vec<Finding> {
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
        let safety = draft.fix.as_ref().map(|fix| fix.safety);
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
        // One edit cures all of them, so it is as safe as for the service that it is least safe for.
        if let (Some(fix), Some(safety)) = (&mut finding.fix, safety) {
            fix.safety = fix.safety.max(safety);
        }
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
pub(crate) fn sort(findings: &mut [Finding], files: &FileTable) {
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
