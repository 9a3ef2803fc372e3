//! What Grafana is provisioned with: data sources, dashboards and where it looks for them.

use std::ops::Range;

use hardpan_compose::PathKind;
use hardpan_source::Span;

use super::cursor::Cursor;
use super::mounts::{Content, Text, absent_mounts, content, join, writes_files};
use super::names::{Names, Reach, host_and_port, joins_foreign};
use super::programs;
use super::rule_files::files_in;
use crate::codes::Severity;
use crate::{Place, Scope, Service, Verdicts};

/// A provisioned data source.
pub(super) struct DataSource {
    pub(super) name: String,
    pub(super) uid: Option<String>,
    pub(super) kind: String,
    /// Where its URL leads, with the place.
    url: Option<(String, Span)>,
}

/// The provisioning of one Grafana.
pub(super) struct Provisioning {
    /// Files that are read, in `datasources/`.
    pub(super) data_sources: Vec<Text>,
    /// Files that are read, in `dashboards/`.
    dashboards: Vec<Text>,
    /// Files that lie where they are not read, with the folder they belong to and their telling key.
    misplaced: Vec<(Text, &'static str, &'static str)>,
    /// True if a folder is mounted whose files cannot be seen.
    pub(super) is_hidden: bool,
}

/// The services that run Grafana.
pub(super) fn grafanas<'s, 'p>(scope: &'s Scope<'p>) -> impl Iterator<Item = &'s Service<'p>> {
    scope.services().iter().filter(|service| programs::runs(scope, service, programs::GRAFANA))
}

impl Provisioning {
    pub(super) fn read<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Self {
        let environment = service.get("environment");
        let root = environment
            .and_then(|environment| environment.get("GF_PATHS_PROVISIONING")?.as_str())
            .filter(|path| path.starts_with('/'))
            .unwrap_or("/etc/grafana/provisioning");
        let mut found = Self {
            data_sources: Vec::new(),
            dashboards: Vec::new(),
            misplaced: Vec::new(),
            is_hidden: writes_files(service)
                || absent_mounts(scope, service).iter().any(|target| target.starts_with(root)),
        };
        for (folder, key) in [("datasources", "datasources"), ("dashboards", "providers"), ("", "")] {
            let folder_path = join(root, folder);
            found.is_hidden |= match content(scope, service, &folder_path) {
                Content::Hidden => true,
                Content::Image => programs::is_built(service),
                Content::Host(..) | Content::Inline(_) => false,
            };
            for (path, content) in files_in(scope, service, &folder_path) {
                let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
                if let Some(text) = Text::read(scope, &path, &content).filter(|_| is_yaml) {
                    found.add(text, folder, key);
                }
            }
        }
        found
    }

    fn add(&mut self, text: Text, folder: &str, key: &str) {
        let has = |key: &str| text.roots().iter().any(|root| root.get(key).is_some());
        if !key.is_empty() && has(key) {
            if key == "datasources" { self.data_sources.push(text) } else { self.dashboards.push(text) }
        } else if has("datasources") && folder != "datasources" {
            self.misplaced.push((text, "datasources", "datasources"));
        } else if has("providers") && folder != "dashboards" {
            self.misplaced.push((text, "dashboards", "providers"));
        }
    }

    /// Every data source of the files that are read.
    pub(super) fn sources(&self) -> Vec<DataSource> {
        let mut sources = Vec::new();
        for root in self.data_sources.iter().flat_map(Text::roots) {
            for source in root.get("datasources").into_iter().flat_map(Cursor::items) {
                let text = |key: &str| source.get(key).and_then(Cursor::text).map(str::to_owned);
                sources.push(DataSource {
                    name: text("name").unwrap_or_default(),
                    uid: text("uid"),
                    kind: text("type").unwrap_or_default(),
                    // With direct access it is the browser that goes there.
                    url: source
                        .get("url")
                        .filter(|_| text("access").as_deref() != Some("direct"))
                        .and_then(|url| Some((url.text()?.to_owned(), url.span()))),
                });
            }
        }
        sources
    }
}

/// Judges what every Grafana of the project is provisioned with.
pub(super) fn judge<'s, 'p>(scope: &'s Scope<'p>, names: &Names<'s, 'p>, verdicts: &mut Verdicts<'_>) {
    for service in grafanas(scope) {
        let before = verdicts.drafts.len();
        let provisioning = Provisioning::read(scope, service);
        layout(service, &provisioning, verdicts);
        let sources = provisioning.sources();
        for source in &sources {
            url(scope, service, names, source, verdicts);
        }
        dashboards(scope, service, &provisioning, &sources, verdicts);
        if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
}

fn layout(service: &Service<'_>, provisioning: &Provisioning, verdicts: &mut Verdicts<'_>) {
    for (text, folder, key) in &provisioning.misplaced {
        let place = text.roots().iter().find_map(|root| root.key_span(key));
        let place = place.unwrap_or_else(|| text.span(0..0));
        let draft = verdicts.violation(
            service,
            Place::from(place),
            format!("Grafana does not read `{}`: it looks for `{key}` in `{folder}/`", text.path),
        );
        let mount = service.mounts().find(|mount| text.path.starts_with(mount.target));
        if let Some(mount) = mount {
            draft.related(mount.node.origin().span, "mounted here");
        }
        let name = text.path.rsplit('/').next().unwrap_or_default();
        draft.help(format!("move it to `{folder}/{name}`"));
    }
}

fn url<'s, 'p>(
    scope: &'s Scope<'p>,
    service: &'s Service<'p>,
    names: &Names<'s, 'p>,
    source: &DataSource,
    verdicts: &mut Verdicts<'_>,
) {
    let Some((text, span)) = &source.url else { return };
    let host = host_and_port(text).0;
    let message = match names.reach(service, host) {
        Reach::Nobody if !joins_foreign(scope, service) => {
            format!("data source `{}` does not exist: no service is called `{host}`", source.name)
        }
        Reach::Apart(_) => {
            format!("data source `{}` is on `{host}`, which shares no network with Grafana", source.name)
        }
        Reach::Itself if source.kind != "grafana-testdata-datasource" && !names.has_company(service) => {
            format!(
                "data source `{}` does not exist: `{host}` is the container of Grafana itself",
                source.name
            )
        }
        _ => return,
    };
    verdicts.violation(service, Place::from(*span), message).help("name the service that has the data");
}

/// Dashboards beyond this number, or this many bytes, are not looked into.
const DASHBOARDS_MAX: usize = 200;
const DASHBOARD_BYTES_MAX: usize = 4 << 20;
/// How deep folders of dashboards are searched.
const DEPTH_MAX: usize = 4;

fn dashboards<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    provisioning: &Provisioning,
    sources: &[DataSource],
    verdicts: &mut Verdicts<'_>,
) {
    let mut budget = DASHBOARD_BYTES_MAX;
    for root in provisioning.dashboards.iter().flat_map(Text::roots) {
        for provider in root.get("providers").into_iter().flat_map(Cursor::items) {
            let options = provider.get("options");
            let Some(path) = options.and_then(|options| options.get("path")) else { continue };
            let Some(text) = path.text().filter(|text| text.starts_with('/')) else { continue };
            let message = match content(scope, service, text) {
                Content::Host(source, _) => match scope.files.kind(&source) {
                    Some(_) => {
                        let mut files = Vec::new();
                        add_dashboards(scope, &source, 0, &mut files);
                        files.sort();
                        // Without a provisioned source, people make them by hand.
                        if !sources.is_empty() && !provisioning.is_hidden {
                            uids(scope, service, &files, sources, &mut budget, verdicts);
                        }
                        continue;
                    }
                    None => {
                        format!("dashboards `{text}` do not exist: there is no `{}`", scope.relative(&source))
                    }
                },
                Content::Image if !programs::is_built(service) && !text.starts_with("/usr/share/") => {
                    format!("dashboards `{text}` do not exist: nothing is mounted there")
                }
                _ => continue,
            };
            verdicts
                .violation(service, Place::from(path.span()), message)
                .help("mount the folder with the dashboards there");
        }
    }
}

fn add_dashboards(scope: &Scope<'_>, folder: &str, depth: usize, files: &mut Vec<String>) {
    for (name, kind) in scope.files.list(folder) {
        let path = join(folder, &name);
        match kind {
            PathKind::Directory if depth < DEPTH_MAX => add_dashboards(scope, &path, depth + 1, files),
            PathKind::File if name.ends_with(".json") && files.len() < DASHBOARDS_MAX => files.push(path),
            _ => {}
        }
    }
}

fn uids(
    scope: &Scope<'_>,
    service: &Service<'_>,
    files: &[String],
    sources: &[DataSource],
    budget: &mut usize,
    verdicts: &mut Verdicts<'_>,
) {
    for path in files {
        let Some(file) = scope.files.read(path) else { continue };
        let text = file.text();
        let Some(rest) = budget.checked_sub(text.len()) else { return };
        *budget = rest;
        let mut told: Vec<&str> = Vec::new();
        for range in references(text) {
            let uid = &text[range.clone()];
            if told.contains(&uid) || is_known(uid, text, sources) {
                continue;
            }
            told.push(uid);
            let known: Vec<&str> =
                sources.iter().map(|source| source.uid.as_deref().unwrap_or(&source.name)).collect();
            let draft = verdicts.violation(
                service,
                Place::from(file.span(range)),
                format!("dashboard asks for the data source `{uid}`, which is not provisioned"),
            );
            draft.severity(Severity::Medium);
            draft.help(format!("give one of the data sources this `uid`, or name `{}`", known.join("`, `")));
        }
    }
}

/// Whether a reference finds its source. What a variable of the dashboard stands for is chosen by whoever looks at it.
fn is_known(uid: &str, dashboard: &str, sources: &[DataSource]) -> bool {
    if let Some(variable) = uid.strip_prefix('$') {
        let name = variable.trim_start_matches('{').trim_end_matches('}');
        // Inputs are filled in by hand when a dashboard is imported; provisioning leaves them as they are.
        let is_input = dashboard.contains("\"__inputs\"") && name.starts_with("DS_");
        return !is_input || has_variable(dashboard, name);
    }
    let is_built_in = uid.is_empty()
        || uid.starts_with("-- ")
        || ["grafana", "__expr__", "default", "-100", "testdata"].contains(&uid);
    is_built_in
        || sources.iter().any(|source| {
            source.uid.as_deref() == Some(uid)
                || source.name.eq_ignore_ascii_case(uid)
                || (source.uid.is_none() && is_generated(uid))
        })
}

/// Grafana makes the uid of a source that has none from its name: `P` and 16 hexadecimal digits.
fn is_generated(uid: &str) -> bool {
    uid.len() == 17
        && uid.strip_prefix('P').is_some_and(|digits| {
            digits.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
        })
}

/// True if the dashboard has a variable of that name beside the input.
fn has_variable(dashboard: &str, name: &str) -> bool {
    let after = dashboard.find("\"templating\"").map_or("", |at| &dashboard[at..]);
    after.contains(&format!("\"name\": \"{name}\"")) || after.contains(&format!("\"name\":\"{name}\""))
}

/// Where a dashboard names data sources: the `uid` of each `datasource`, or the name that stands for it.
fn references(text: &str) -> Vec<Range<usize>> {
    const KEY: &str = "\"datasource\"";
    let mut found = Vec::new();
    for (at, _) in text.match_indices(KEY) {
        let start = at + KEY.len();
        let rest = text[start..].trim_start();
        let Some(rest) = rest.strip_prefix(':').map(str::trim_start) else { continue };
        let from = text.len() - rest.len();
        if rest.starts_with('"') {
            found.extend(string_at(text, from));
        } else if rest.starts_with('{') {
            found.extend(uid_in(text, from + 1));
        }
    }
    found
}

/// The inside of the string that begins here.
fn string_at(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?.strip_prefix('"')?;
    let length = rest.find(['"', '\\', '\n'])?;
    rest[length..].starts_with('"').then_some(from + 1..from + 1 + length)
}

/// The `uid` of an object whose brace ends before `from`.
fn uid_in(text: &str, mut from: usize) -> Option<Range<usize>> {
    loop {
        let quote = text[from..].find(['"', '}', '{'])?;
        from += quote;
        if !text[from..].starts_with('"') {
            return None;
        }
        let key = string_at(text, from)?;
        let rest = text[key.end + 1..].trim_start();
        let value_at = text.len() - rest.strip_prefix(':').map_or(rest, str::trim_start).len();
        let is_value = rest.starts_with(':') && text[value_at..].starts_with('"');
        let value = if is_value { string_at(text, value_at)? } else { key.clone() };
        if is_value && &text[key] == "uid" {
            return Some(value);
        }
        from = value.end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{is_generated, references};

    #[test]
    fn data_sources_of_dashboards_are_found() {
        let text = r#"{"datasource": {"type": "prometheus", "uid": "abc"}, "x": {"datasource" : "Loki"},
            "datasource": null, "datasource": {"uid":"${DS_X}","type":"loki"}, "datasource": {"type": "a"}, "datasource": {"#;
        let found: Vec<&str> = references(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["abc", "Loki", "${DS_X}"]);
    }

    #[test]
    fn generated_uids_have_a_form() {
        assert!(is_generated("PBFA97CFB590B2093"));
        assert!(!is_generated("prometheus"));
    }
}
