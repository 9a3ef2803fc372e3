//! Rules of the owner's own: expressions in CEL (Common Expression Language) over a service or the project.
//!
//! An expression sees `project` (the resolved model) and, for each service, `service` (its resolved definition, with
//! `name`) and `kind` (`long-running`, `init` or `on-demand`). No value gets into a message: what an expression looks
//! at may be a secret.

use std::collections::HashMap;

use cel::objects::Key;
use cel::{Context, ExecutionError, Program, Value as CelValue};
use hardpan_compose::{NodeRef, Value};
use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;

use crate::classify::ServiceKind;
use crate::codes;
use crate::finding::{Place, Subject, Verdicts};
use crate::policy::CustomRule;
use crate::scope::Scope;
use crate::service::Service;

/// A custom rule that can be run.
pub(crate) struct Compiled<'r> {
    pub(crate) rule: &'r CustomRule,
    require: Program,
    when: Option<Program>,
}

/// Compiles the custom rules of a policy. What cannot be compiled is reported.
pub(crate) fn compile<'r>(rules: &'r [CustomRule], problems: &mut Vec<Diagnostic>) -> Vec<Compiled<'r>> {
    let mut compiled: Vec<Compiled<'r>> = Vec::new();
    for rule in rules {
        let taken =
            codes::find(&rule.rule).is_some() || compiled.iter().any(|one| one.rule.rule == rule.rule);
        if taken || !is_code(&rule.rule) {
            let message = if taken {
                format!("there is a rule `{}` already", rule.rule)
            } else {
                format!("`{}` is no code of a rule", rule.rule)
            };
            problems.push(
                Diagnostic::error(Code("policy::custom-code"), message)
                    .with_span(rule.require.1)
                    .with_help("codes have capitals, digits and hyphens, such as `ACME-IMG-001`"),
            );
            continue;
        }
        let mut program = |(source, span): &(String, Span)| {
            Program::compile(source)
                .map_err(|error| {
                    let why: Vec<&str> = error.errors.iter().map(|error| error.msg.as_str()).collect();
                    let message = format!("`{}` is no CEL expression: {}", rule.rule, why.join("; "));
                    problems.push(
                        Diagnostic::error(Code("policy::expression"), message).with_span(*span).with_help(
                            "an expression looks like `service.image.startsWith(\"registry.example/\")`",
                        ),
                    );
                })
                .ok()
        };
        let require = program(&rule.require);
        let when = rule.when.as_ref().map(&mut program);
        if let (Some(require), Some(when)) = (require, when.map_or(Some(None), |when| when.map(Some))) {
            compiled.push(Compiled { rule, require, when });
        }
    }
    compiled
}

/// Capitals, digits and hyphens, at least one hyphen.
fn is_code(code: &str) -> bool {
    code.contains('-')
        && code.starts_with(|c: char| c.is_ascii_uppercase())
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The project as expressions see it, made once for all rules.
pub(crate) struct World {
    project: CelValue,
    services: Vec<CelValue>,
}

impl World {
    pub(crate) fn new(scope: &Scope<'_>) -> Self {
        let services = scope.services().iter().map(|service| {
            let mut map = members(service.node);
            map.insert(Key::from("name".to_owned()), CelValue::from(service.name));
            CelValue::from(map)
        });
        Self { project: value(scope.project.root()), services: services.collect() }
    }
}

impl Compiled<'_> {
    /// Judges the project, or each of its services.
    pub(crate) fn check(&self, scope: &Scope<'_>, world: &World, verdicts: &mut Verdicts<'_>) {
        if self.rule.for_project {
            let mut context = Context::default();
            context.add_variable_from_value("project", world.project.clone());
            let place = at(scope.project.root(), &self.rule.at).map_or(Place::Nowhere, Place::from);
            self.judge(&context, Subject::Project, place, verdicts);
            return;
        }
        for (service, value) in scope.services().iter().zip(&world.services) {
            let mut context = Context::default();
            context.add_variable_from_value("project", world.project.clone());
            context.add_variable_from_value("service", value.clone());
            context.add_variable_from_value("kind", kind(service));
            let place = service.get(&self.rule.at).map_or_else(|| Place::from(service), Place::from);
            self.judge(&context, service.into(), place, verdicts);
        }
    }

    fn judge(&self, context: &Context<'_, '_>, subject: Subject, place: Place, verdicts: &mut Verdicts<'_>) {
        let answer = match &self.when {
            Some(when) => match truth(when, context) {
                Ok(true) => truth(&self.require, context),
                Ok(false) => {
                    verdicts.not_applicable(subject, "`when` says so");
                    return;
                }
                error => error,
            },
            None => truth(&self.require, context),
        };
        let draft = match answer {
            Ok(true) => return verdicts.satisfied(subject),
            Ok(false) => verdicts.violation(subject, place, self.rule.message.clone()),
            Err(why) => {
                let message = format!("{}: the expression cannot be evaluated: {why}", self.rule.message);
                verdicts.unknown(subject, place, message).help("test for what may be missing with `has(…)`")
            }
        };
        if draft.help.is_none()
            && let Some(help) = &self.rule.help
        {
            draft.help(help.clone());
        }
    }
}

/// What an expression answers, or why it does not; no values in the reason.
fn truth(program: &Program, context: &Context<'_, '_>) -> Result<bool, String> {
    match program.execute(context) {
        Ok(CelValue::Bool(answer)) => Ok(answer),
        Ok(_) => Err("it is neither true nor false".to_owned()),
        Err(ExecutionError::NoSuchKey(key)) => Err(format!("there is no `{key}`")),
        Err(ExecutionError::UndeclaredReference(name)) => Err(format!("`{name}` is not known")),
        Err(ExecutionError::InvalidArgumentCount { expected, actual }) => {
            Err(format!("a function wants {expected} arguments, not {actual}"))
        }
        Err(_) => Err("its values do not fit together".to_owned()),
    }
}

fn kind(service: &Service<'_>) -> CelValue {
    CelValue::from(match service.kind {
        ServiceKind::LongRunning => "long-running",
        ServiceKind::Init => "init",
        ServiceKind::OnDemand => "on-demand",
    })
}

fn at<'p>(root: NodeRef<'p>, path: &str) -> Option<NodeRef<'p>> {
    path.split('.').try_fold(root, |node, key| node.get(key))
}

fn members(node: NodeRef<'_>) -> HashMap<Key, CelValue> {
    node.entries().map(|(key, inner)| (Key::from(key.to_owned()), value(inner))).collect()
}

/// A value of the model for CEL.
fn value(node: NodeRef<'_>) -> CelValue {
    match node.value() {
        Value::Null => CelValue::Null,
        Value::Bool(value) => CelValue::Bool(*value),
        Value::Int(value) => CelValue::Int(*value),
        Value::UInt(value) => CelValue::UInt(*value),
        Value::Float(value) => CelValue::Float(*value),
        Value::Str(text) | Value::Time(text) => CelValue::from(&**text),
        Value::Seq(_) => CelValue::List(node.items().map(value).collect::<Vec<_>>().into()),
        Value::Map(_) => CelValue::from(members(node)),
    }
}
