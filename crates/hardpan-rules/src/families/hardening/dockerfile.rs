//! What a Dockerfile says of the user and the ports of the image that a service builds.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use hardpan_compose::{NodeRef, Value};
use hardpan_source::Span;

use super::paths::clean;
use crate::files::TextFile;
use crate::{Scope, Service};

/// The Dockerfile of a service.
pub(super) enum Dockerfile<'p> {
    /// A file.
    File(Rc<TextFile>),
    /// `dockerfile_inline`.
    Inline(NodeRef<'p>),
}

impl<'p> Dockerfile<'p> {
    /// The Dockerfile that the service is built from; none where it is not at hand.
    pub(super) fn of(scope: &Scope<'p>, service: &Service<'p>) -> Option<Self> {
        let build = service.get("build")?;
        if let Some(inline) = build.get("dockerfile_inline").filter(|node| node.as_str().is_some()) {
            return Some(Self::Inline(inline));
        }
        let context = build.get("context").or(Some(build))?.as_str()?;
        if !context.starts_with('/') {
            return None;
        }
        let name = build.get("dockerfile").and_then(NodeRef::as_str).unwrap_or("Dockerfile");
        let path = if name.starts_with('/') { clean(name) } else { clean(&format!("{context}/{name}")) };
        scope.files.read(&path).map(Self::File)
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::File(file) => file.text(),
            Self::Inline(node) => node.as_str().unwrap_or_default(),
        }
    }

    /// Where a range of the text is. An inline text is shown whole: its bytes are not those of the file.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        match self {
            Self::File(file) => file.span(range),
            Self::Inline(node) => node.origin().span,
        }
    }
}

/// A value and the bytes of the text that it was written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The value after variables; none where one of them is not known.
    pub(super) value: Option<String>,
    /// Where it is written.
    pub(super) range: Range<usize>,
}

/// The image that a build ends with.
#[derive(Clone, Debug, Default)]
pub(super) struct Final {
    /// The last `USER` of the final stage or of those it is built on.
    pub(super) user: Option<Written>,
    /// The image from outside that the chain of stages starts at.
    pub(super) base: Option<Written>,
    /// The container ports of `EXPOSE`.
    pub(super) exposed: Vec<u16>,
}

/// The image that the service's build ends with.
pub(super) fn final_image(service: &Service<'_>, text: &str) -> Final {
    let target = service.text("build.target");
    let arguments = service.entries("build.args").map(|(name, value)| {
        let text = match value.value() {
            Value::Str(text) => Some(text.to_string()),
            Value::Int(number) => Some(number.to_string()),
            Value::Bool(on) => Some(on.to_string()),
            _ => None,
        };
        (name.to_owned(), text)
    });
    resolve(text, target, &arguments.collect())
}

#[derive(Default)]
struct Stage {
    name: String,
    base: Option<Written>,
    user: Option<Written>,
    exposed: Vec<u16>,
}

type Variables = HashMap<String, Option<String>>;

fn resolve(text: &str, target: Option<&str>, arguments: &Variables) -> Final {
    let stages = stages(text, arguments);
    let wanted = target.map(str::to_ascii_lowercase);
    let index = match &wanted {
        Some(name) => stages
            .iter()
            .rposition(|stage| stage.name == *name)
            .or_else(|| name.parse().ok().filter(|index| *index < stages.len())),
        None => stages.len().checked_sub(1),
    };
    let mut result = Final::default();
    let Some(mut index) = index else { return result };
    loop {
        let stage = &stages[index];
        result.user = result.user.or_else(|| stage.user.clone());
        result.exposed.extend(&stage.exposed);
        let base = stage.base.as_ref().and_then(|base| base.value.as_deref()).map(str::to_ascii_lowercase);
        // A stage is built on one before it, so this ends.
        match base.and_then(|base| stages[..index].iter().rposition(|stage| stage.name == base)) {
            Some(earlier) => index = earlier,
            None => {
                result.base.clone_from(&stage.base);
                return result;
            }
        }
    }
}

fn stages(text: &str, arguments: &Variables) -> Vec<Stage> {
    let (mut global, mut local) = (Variables::new(), Variables::new());
    let mut stages: Vec<Stage> = Vec::new();
    for (keyword, argument) in instructions(text) {
        let rest = text[argument.clone()].trim();
        match keyword.to_ascii_uppercase().as_str() {
            "FROM" => {
                let mut words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
                let image = words.next().unwrap_or_default();
                let name = match (words.next(), words.next()) {
                    (Some(keyword), Some(name)) if keyword.eq_ignore_ascii_case("as") => name,
                    _ => "",
                };
                local.clear();
                let range = range_of(text, image, &argument);
                let base = Some(Written { value: expand(image, &global), range });
                stages.push(Stage { name: name.to_ascii_lowercase(), base, ..Stage::default() });
            }
            "ARG" => {
                for word in rest.split_whitespace() {
                    let (name, default) = match word.split_once('=') {
                        Some((name, value)) => (name, expand(unquoted(value), &local)),
                        None => (word, global.get(word).cloned().flatten()),
                    };
                    let value = arguments.get(name).cloned().unwrap_or(default);
                    let scope = if stages.is_empty() { &mut global } else { &mut local };
                    scope.insert(name.to_owned(), value);
                }
            }
            "ENV" => {
                for word in rest.split_whitespace() {
                    if let Some((name, value)) = word.split_once('=') {
                        let value = expand(unquoted(value), &local);
                        local.insert(name.to_owned(), value);
                    }
                }
            }
            "USER" => {
                let word = rest.split_whitespace().next().unwrap_or_default();
                let written =
                    Written { value: expand(unquoted(word), &local), range: range_of(text, word, &argument) };
                if let Some(stage) = stages.last_mut() {
                    stage.user = Some(written);
                }
            }
            "EXPOSE" => {
                let ports = rest.split_whitespace().filter_map(|word| expand(word, &local));
                let ports = ports.filter_map(|word| word.split('/').next()?.parse::<u16>().ok());
                if let Some(stage) = stages.last_mut() {
                    stage.exposed.extend(ports);
                }
            }
            _ => {}
        }
    }
    stages
}

/// Where a word of an instruction's argument stands.
fn range_of(text: &str, word: &str, argument: &Range<usize>) -> Range<usize> {
    let at = text[argument.clone()].find(word).unwrap_or(0) + argument.start;
    at..at + word.len()
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// The instructions of a Dockerfile: the keyword, and the bytes of what follows. Comments, continued lines and
/// here-documents are passed over.
fn instructions(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut lines = text.split_inclusive('\n').scan(0, |offset, line| {
        let start = *offset;
        *offset += line.len();
        Some((start, line))
    });
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let begin = start + (line.len() - trimmed.len());
        let keyword = &trimmed[..trimmed.find(char::is_whitespace).unwrap_or(trimmed.len())];
        let (mut end, mut last) = (start + line.len(), line);
        while last.trim_end().ends_with(['\\', '`']) || is_comment(last) {
            let Some((start, line)) = lines.next() else { break };
            end = start + line.len();
            last = line;
        }
        let argument = begin + keyword.len()..end;
        if matches!(keyword.to_ascii_uppercase().as_str(), "RUN" | "COPY" | "ADD") {
            for delimiter in heredocs(&text[argument.clone()]) {
                for (_, line) in lines.by_ref() {
                    if line.trim() == delimiter {
                        break;
                    }
                }
            }
        }
        found.push((keyword, argument));
    }
    found
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The delimiters of the here-documents that an instruction opens.
fn heredocs(argument: &str) -> Vec<String> {
    let mut delimiters = Vec::new();
    let mut rest = argument;
    while let Some(at) = rest.find("<<") {
        rest = rest[at + 2..].trim_start_matches('-');
        let word: String = rest
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|character| character.is_ascii_alphanumeric() || *character == '_')
            .collect();
        if word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            delimiters.push(word);
        }
    }
    delimiters
}

/// The text with its variables in place; none where one has no known value.
fn expand(text: &str, variables: &Variables) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result += &rest[..at];
        rest = &rest[at + 1..];
        let (name, default) = if let Some(braced) = rest.strip_prefix('{') {
            let end = braced.find('}')?;
            rest = &braced[end + 1..];
            match braced[..end].split_once([':', '-', '+']) {
                Some((name, default)) => (name, Some(default.trim_start_matches(['-', '+']))),
                None => (&braced[..end], None),
            }
        } else {
            let word = |character: char| character.is_ascii_alphanumeric() || character == '_';
            let end = rest.find(|character| !word(character)).unwrap_or(rest.len());
            let name = &rest[..end];
            rest = &rest[end..];
            (name, None)
        };
        match (variables.get(name), default) {
            (Some(Some(value)), _) => result += value,
            (_, Some(default)) => result += default,
            _ => return None,
        }
    }
    Some(result + rest)
}

#[cfg(test)]
mod tests {
    use super::{Variables, resolve};

    fn user(text: &str, target: Option<&str>, arguments: &[(&str, &str)]) -> Option<String> {
        let arguments: Variables =
            arguments.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
        resolve(text, target, &arguments).user.and_then(|user| user.value)
    }

    #[test]
    fn the_final_stage_decides() {
        let text = "FROM a AS build\nUSER root\nFROM b\nUSER 10001:10001\n";
        assert_eq!(user(text, None, &[]).as_deref(), Some("10001:10001"));
        assert_eq!(user(text, Some("build"), &[]).as_deref(), Some("root"));
        assert_eq!(user("FROM a\nUSER x\nFROM b\n", None, &[]), None);
    }

    #[test]
    fn a_stage_inherits_from_the_stage_it_is_built_on() {
        assert_eq!(user("FROM a AS Base\nUSER app\nFROM base\n", None, &[]).as_deref(), Some("app"));
    }

    #[test]
    fn arguments_are_expanded() {
        let text = "ARG B=x\nFROM $B\nARG U=app\nUSER ${U}\n";
        assert_eq!(user(text, None, &[]).as_deref(), Some("app"));
        assert_eq!(user(text, None, &[("U", "root")]).as_deref(), Some("root"));
        assert_eq!(user("FROM a\nARG U\nUSER $U\n", None, &[]), None);
        assert_eq!(user("FROM a\nUSER ${U:-2}\n", None, &[]).as_deref(), Some("2"));
    }

    #[test]
    fn what_looks_like_an_instruction_is_not_always_one() {
        let text = "FROM a\nUSER app\nRUN <<EOF\nUSER root\nEOF\nRUN x \\\n# USER root\n USER root\n";
        assert_eq!(user(text, None, &[]).as_deref(), Some("app"));
    }

    #[test]
    fn exposed_ports_are_collected() {
        assert_eq!(resolve("FROM a\nEXPOSE 80 443/udp\n", None, &Variables::new()).exposed, [80, 443]);
        assert!(resolve("", None, &Variables::new()).base.is_none());
    }
}
