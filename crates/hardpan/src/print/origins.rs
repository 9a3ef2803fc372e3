//! `config --origins`: one line per value: its path, the place of the text that won, and how it got there.

use hardpan_compose::{Hop, Loaded, NodeRef, Project, Value, VariableSource};
use hardpan_source::Span;

/// One line for every leaf of the project, sorted by path as the project prints it.
pub(crate) fn text(loaded: &Loaded, project: &Project) -> String {
    let printer = Printer { loaded, base: format!("{}/", project.working_dir().trim_end_matches('/')) };
    let mut lines = Vec::new();
    let mut path = String::new();
    printer.node(project.root(), &mut path, &mut lines);
    let path_width =
        lines.iter().map(|line| line.0.len()).filter(|&width| width <= WIDTH_MAX).max().unwrap_or(0);
    let place_width =
        lines.iter().map(|line| line.1.len()).filter(|&width| width <= WIDTH_MAX).max().unwrap_or(0);
    lines
        .into_iter()
        .map(|(path, place, way)| {
            let line = format!("{path:path_width$}  {place:place_width$}  {way}");
            line.trim_end().to_owned() + "\n"
        })
        .collect()
}

/// Longer paths and places do not widen their column for all the others.
const WIDTH_MAX: usize = 72;

struct Printer<'l> {
    loaded: &'l Loaded,
    base: String,
}

impl Printer<'_> {
    fn node(&self, node: NodeRef<'_>, path: &mut String, lines: &mut Vec<(String, String, String)>) {
        let length = path.len();
        match node.value() {
            Value::Map(map) if !map.is_empty() => {
                let mut entries: Vec<_> = node.entries().collect();
                entries.sort_unstable_by_key(|&(name, _)| name);
                for (name, value) in entries {
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(name);
                    self.node(value, path, lines);
                    path.truncate(length);
                }
            }
            Value::Seq(items) if !items.is_empty() => {
                for (at, item) in node.items().enumerate() {
                    path.push_str(&format!("[{at}]"));
                    self.node(item, path, lines);
                    path.truncate(length);
                }
            }
            _ => lines.push((path.clone(), self.place(node.origin().span), self.way(node))),
        }
    }

    /// `file:line:column`, the file relative to the project where it lies inside it.
    fn place(&self, span: Span) -> String {
        let file = self.loaded.files.get(span.file);
        let at = file.line_column(span.start);
        format!("{}:{}:{}", self.short(file.path()), at.line, at.column)
    }

    fn line(&self, span: Span) -> String {
        let file = self.loaded.files.get(span.file);
        format!("{}:{}", self.short(file.path()), file.line_column(span.start).line)
    }

    fn short<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(&self.base).unwrap_or(path)
    }

    /// The hops, the latest first, and how the file came into play.
    fn way(&self, node: NodeRef<'_>) -> String {
        let mut steps: Vec<String> = node.hops().map(|hop| self.step(hop)).collect();
        if let Some(&asked_at) = self.loaded.asked_for.get(&node.origin().span.file)
            && !node.hops().any(|hop| matches!(hop, Hop::Extends { .. }))
        {
            steps.push(format!("included <- {}", self.line(asked_at)));
        }
        steps.join(", ")
    }

    fn step(&self, hop: &Hop) -> String {
        match hop {
            Hop::Extends { service, at, .. } => format!("extends {service} <- {}", self.line(*at)),
            Hop::Overrides { at } => format!("overrides {}", self.line(*at)),
            Hop::Alias { at } => format!("alias <- {}", self.line(*at)),
            Hop::Merge { at } => format!("merged <- {}", self.line(*at)),
            Hop::Variable { name, set } => match set {
                VariableSource::Process => format!("${name} from the environment"),
                VariableSource::File(span) => format!("${name} from {}", self.line(*span)),
                VariableSource::Compose => format!("${name} set by Compose"),
                VariableSource::Default => format!("${name} unset, default"),
                VariableSource::Unset => format!("${name} unset, blank"),
            },
            Hop::File { at } => format!("env file <- {}", self.line(*at)),
            Hop::Implied { reason } => format!("implied: {reason}"),
        }
    }
}
