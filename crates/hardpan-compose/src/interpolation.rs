//! Replacing variables in the values of a document, and casting the results to the types their attributes want
//! (compose-spec, "Interpolation"; compose-go `interpolation` and its cast table).
//!
//! Keys are never touched. A cast applies to every string at its place, with or without a variable in it.

use std::collections::HashSet;
use std::sync::LazyLock;

use hardpan_diag::{Code, Diagnostic, Diagnostics, did_you_mean};
use hardpan_source::Span;

use crate::environment::Environment;
use crate::origin::{Hop, VariableSource};
use crate::path::{PathTable, Place, Trail};
use crate::session::Session;
use crate::syntax::gofloat::{atoi, parse_f32, parse_f64, parse_int};
use crate::syntax::interpolate::{Outcome, Substituted, TemplateError, substitute};
use crate::tree::{NodeId, Value};

#[derive(Clone, Copy, Debug)]
enum Cast {
    Boolean,
    /// As Go's `strconv.Atoi`.
    Int,
    /// As Go's `strconv.ParseInt`.
    Int64,
    Float,
    Float32,
}

static CASTS: LazyLock<PathTable<Cast>> = LazyLock::new(|| {
    PathTable::new(&[
        ("services.*.cpu_count", Cast::Int64),
        ("services.*.cpu_percent", Cast::Float),
        ("services.*.cpu_period", Cast::Int64),
        ("services.*.cpu_quota", Cast::Int64),
        ("services.*.cpu_rt_period", Cast::Int64),
        ("services.*.cpu_rt_runtime", Cast::Int64),
        ("services.*.cpus", Cast::Float32),
        ("services.*.cpu_shares", Cast::Int64),
        ("services.*.init", Cast::Boolean),
        ("services.*.deploy.replicas", Cast::Int),
        ("services.*.deploy.update_config.parallelism", Cast::Int),
        ("services.*.deploy.update_config.max_failure_ratio", Cast::Float),
        ("services.*.deploy.rollback_config.parallelism", Cast::Int),
        ("services.*.deploy.rollback_config.max_failure_ratio", Cast::Float),
        ("services.*.deploy.restart_policy.max_attempts", Cast::Int),
        ("services.*.deploy.placement.max_replicas_per_node", Cast::Int),
        ("services.*.healthcheck.retries", Cast::Int),
        ("services.*.healthcheck.disable", Cast::Boolean),
        ("services.*.oom_kill_disable", Cast::Boolean),
        ("services.*.oom_score_adj", Cast::Int64),
        ("services.*.pids_limit", Cast::Int64),
        ("services.*.ports.*.target", Cast::Int),
        ("services.*.privileged", Cast::Boolean),
        ("services.*.read_only", Cast::Boolean),
        ("services.*.scale", Cast::Int),
        ("services.*.stdin_open", Cast::Boolean),
        ("services.*.tty", Cast::Boolean),
        ("services.*.ulimits.*", Cast::Int),
        ("services.*.ulimits.*.hard", Cast::Int),
        ("services.*.ulimits.*.soft", Cast::Int),
        ("services.*.volumes.*.read_only", Cast::Boolean),
        ("services.*.volumes.*.volume.nocopy", Cast::Boolean),
        ("networks.*.external", Cast::Boolean),
        ("networks.*.internal", Cast::Boolean),
        ("networks.*.attachable", Cast::Boolean),
        ("networks.*.enable_ipv4", Cast::Boolean),
        ("networks.*.enable_ipv6", Cast::Boolean),
        ("volumes.*.external", Cast::Boolean),
        ("secrets.*.external", Cast::Boolean),
        ("configs.*.external", Cast::Boolean),
    ])
});

/// Replaces variables in all values below `root`, in place.
pub(crate) fn interpolate(session: &mut Session<'_>, root: NodeId, environment: &Environment) {
    Walk { session, environment, trail: Trail::default(), done: HashSet::new() }.node(root, Place::ROOT);
}

struct Walk<'s, 'a, 'e> {
    session: &'s mut Session<'a>,
    environment: &'e Environment,
    trail: Trail,
    /// Places already complained about: a template that aliases repeat is one problem, not many.
    done: HashSet<Span>,
}

impl Walk<'_, '_, '_> {
    fn node(&mut self, node: NodeId, place: Place) {
        match self.session.tree.value(node) {
            Value::Str(text) => {
                if text.contains('$') {
                    self.text(node);
                }
                if let Some(cast) = CASTS.rule(place) {
                    self.cast(node, cast);
                }
            }
            Value::Map(map) => {
                for at in 0..map.len() {
                    let Some(entry) = self.session.tree.entry(node, at) else { break };
                    let key = self.session.tree.key_str(entry.key);
                    let below = CASTS.key(place, key);
                    self.trail.push(key);
                    self.node(entry.value, below);
                    self.trail.pop();
                }
            }
            Value::Seq(items) => {
                let below = CASTS.item(place);
                self.trail.push("[]");
                for at in 0..items.len() {
                    let Some(&item) = self.session.tree.items(node).get(at) else { break };
                    self.node(item, below);
                }
                self.trail.pop();
            }
            _ => {}
        }
    }

    fn text(&mut self, node: NodeId) {
        let span = self.session.tree.span(node);
        if !self.session.may_grow(span) {
            return;
        }
        let template = self.session.tree.str(node).unwrap_or_default();
        match substitute(template, self.environment) {
            Ok(result) => {
                self.record(node, &result);
                self.session.tree.count_text(result.text.len());
                *self.session.tree.value_mut(node) = Value::str(result.text);
            }
            Err(error) => {
                let diagnostic = template_error(
                    &error,
                    self.trail.as_str(),
                    self.session.tree.span(node),
                    self.environment,
                    &self.session.diagnostics,
                );
                self.session.diagnostics.push(diagnostic);
            }
        }
    }

    /// Notes the variables a value was made of, and warns about those that are not set.
    fn record(&mut self, node: NodeId, result: &Substituted) {
        let span = self.session.tree.span(node);
        for used in &result.uses {
            if used.outcome == Outcome::Blank && self.done.insert(span) {
                warn_unset(self.session, self.environment, &used.name, Some(span));
            }
            if used.discarded {
                continue;
            }
            let set = match (used.outcome, self.environment.get(&used.name)) {
                (Outcome::Set | Outcome::Alternate, Some(variable)) => variable.set.clone(),
                (Outcome::Defaulted, _) => VariableSource::Default,
                _ => VariableSource::Unset,
            };
            self.session.tree.add_hop(node, Hop::Variable { name: used.name.clone(), set });
        }
    }

    fn cast(&mut self, node: NodeId, cast: Cast) {
        let text = self.session.tree.str(node).unwrap_or_default().to_owned();
        let result = match cast {
            Cast::Boolean => boolean(self.session, node, &text),
            Cast::Int => atoi(&text).map(Value::Int).map_err(|error| error.to_string()),
            Cast::Int64 => parse_int(&text, 10).map(Value::Int).map_err(|error| error.to_string()),
            Cast::Float => parse_f64(&text).map(Value::Float).map_err(|error| error.to_string()),
            Cast::Float32 => parse_f32(&text)
                .map(|number| Value::Float(f64::from(number)))
                .map_err(|error| error.to_string()),
        };
        match result {
            Ok(value) => *self.session.tree.value_mut(node) = value,
            Err(problem) => {
                let path = self.trail.as_str();
                let message =
                    format!("error while interpolating {path}: failed to cast to expected type: {problem}");
                let span = self.session.tree.span(node);
                self.session.error("interpolation::cast", span, message);
            }
        }
    }
}

/// A boolean as the reference reads it from a string: the YAML 1.1 spellings work and are frowned upon.
pub(crate) fn boolean(session: &mut Session<'_>, node: NodeId, text: &str) -> Result<Value, String> {
    let (value, word) = match text.to_lowercase().as_str() {
        "true" => return Ok(Value::Bool(true)),
        "false" => return Ok(Value::Bool(false)),
        "y" | "yes" | "on" => (true, "true"),
        "n" | "no" | "off" => (false, "false"),
        _ => return Err(format!("invalid boolean: {text}")),
    };
    session.diagnostics.push(
        Diagnostic::warning(
            Code("compose::yaml-1.1-boolean"),
            format!("{text:?} for boolean is not supported by YAML 1.2, please use `{word}`"),
        )
        .with_span(session.tree.span(node)),
    );
    Ok(Value::Bool(value))
}

/// Warns that a variable without value was used, in the words of the reference.
pub(crate) fn warn_unset(session: &mut Session<'_>, environment: &Environment, name: &str, at: Option<Span>) {
    let mut diagnostic = Diagnostic::warning(
        Code("interpolation::unset-variable"),
        format!("The {name:?} variable is not set. Defaulting to a blank string."),
    );
    if let Some(span) = at {
        diagnostic = diagnostic.with_span(span);
    }
    diagnostic.help = Some(unset_help(name, environment, &session.diagnostics));
    session.diagnostics.push(diagnostic);
}

fn unset_help(name: &str, environment: &Environment, others: &Diagnostics) -> String {
    match similar(name, environment, others) {
        Some(near) => format!("`{near}` is set: did you mean `${{{near}}}`?"),
        None => format!(
            "set it in .env, or give it a default: `${{{name}:-value}}`; a literal `$` is written `$$`"
        ),
    }
}

/// The variable that may be meant, unless there are too many other diagnostics to look for it.
fn similar<'e>(name: &str, environment: &'e Environment, others: &Diagnostics) -> Option<&'e str> {
    if others.is_crowded() { None } else { did_you_mean(name, environment.names()) }
}

/// The diagnostic for a template that cannot be substituted.
pub(crate) fn template_error(
    error: &TemplateError,
    path: &str,
    span: Span,
    environment: &Environment,
    others: &Diagnostics,
) -> Diagnostic {
    match error {
        TemplateError::Required { name, .. } => Diagnostic::error(
            Code("interpolation::required-variable"),
            format!("error while interpolating {path}: {error}"),
        )
        .with_span(span)
        .with_help(match similar(name, environment, others) {
            Some(near) => format!("set `{name}`; `{near}` is set: did you mean that?"),
            None => format!("set `{name}` in the environment or in .env"),
        }),
        TemplateError::Invalid { template, .. } => Diagnostic::error(
            Code("interpolation::invalid-template"),
            format!(
                "invalid interpolation format for {path}.\nYou may need to escape any $ with another $.\n{template}"
            ),
        )
        .with_span(span)
        .with_help("write `$$` for a literal `$`"),
        _ => Diagnostic::error(
            Code("interpolation::limit"),
            format!("error while interpolating {path}: {error}"),
        )
        .with_span(span),
    }
}
