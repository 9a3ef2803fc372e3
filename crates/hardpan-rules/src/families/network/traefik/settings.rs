//! The static configuration: from a file, from flags or from variables, of which Traefik takes the first that is there.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::tree::Tree;
use crate::files::TextFile;
use crate::finding::Place;
use crate::{Scope, Service};

/// How deep the static configuration is read: it has no settings below.
const DEPTH_MAX: usize = 12;

/// As many nodes of a file are read: no static configuration has more.
const NODES_MAX: usize = 10_000;

/// Where Traefik listens.
#[derive(Clone, Debug)]
pub(in super::super) struct EntryPoint {
    pub(in super::super) name: String,
    /// None where the address has no number, such as an unset variable.
    pub(in super::super) port: Option<u16>,
    pub(in super::super) place: Place,
    pub(in super::super) is_udp: bool,
    /// UDP too, beside TCP.
    pub(in super::super) has_http3: bool,
    pub(in super::super) has_tls: bool,
    /// Everything is redirected to another entry point.
    pub(in super::super) redirects: bool,
    pub(in super::super) middlewares: Vec<String>,
    pub(in super::super) as_default: bool,
    /// For Traefik itself: `traefik`, or for health checks and metrics only.
    pub(in super::super) is_internal: bool,
}

/// The static configuration.
#[derive(Clone, Debug)]
pub(in super::super) struct Statics {
    /// False where a part of it is not among the files.
    pub(in super::super) is_complete: bool,
    pub(in super::super) entry_points: Vec<EntryPoint>,
    pub(super) exposed_by_default: bool,
    /// Where the dashboard is opened to whoever reaches the entry point `traefik`.
    pub(in super::super) insecure_api: Option<Place>,
    /// The files and folders of the file provider, as paths in the container.
    pub(super) provider_paths: Vec<String>,
}

impl Statics {
    pub(super) fn unseen() -> Self {
        Self {
            is_complete: false,
            entry_points: Vec::new(),
            exposed_by_default: true,
            insecure_api: None,
            provider_paths: Vec::new(),
        }
    }
}

/// Settings by their dotted path in lower case, with the name as written and where the value stands.
type Settings = BTreeMap<String, Setting>;

struct Setting {
    path: String,
    value: String,
    place: Place,
}

pub(super) fn read(scope: &Scope<'_>, service: &Service<'_>) -> Statics {
    let flags = flags(service);
    let named = flags.get("configfile").map(|flag| flag.value.clone());
    let settings = match file(scope, service, named.as_deref()) {
        Found::Settings(settings) => settings,
        Found::Unreadable => return Statics::unseen(),
        Found::Nothing => {
            let settings = if flags.is_empty() { variables(service) } else { flags };
            if settings.is_empty() && service.get("build").is_some() {
                return Statics::unseen();
            }
            settings
        }
    };
    statics(&settings)
}

enum Found {
    Settings(Settings),
    /// There is one, and it cannot be looked into.
    Unreadable,
    Nothing,
}

fn file(scope: &Scope<'_>, service: &Service<'_>, named: Option<&str>) -> Found {
    const PLACES: &[&str] = &[
        "/etc/traefik/traefik.yml",
        "/etc/traefik/traefik.yaml",
        "/etc/traefik/traefik.toml",
        "/traefik.yml",
        "/traefik.yaml",
        "/traefik.toml",
    ];
    let candidates = named.map_or(PLACES.to_vec(), |path| vec![path]);
    for candidate in candidates {
        let Some(path) = on_host(scope, service, candidate) else { continue };
        if scope.files.kind(&path).is_none() {
            // A file that is mounted by its own name has to be there, so it is only missing here.
            let is_mounted = service.mounts().any(|mount| mount.target == candidate)
                || service.configs().any(|config| config.file() == candidate);
            if is_mounted {
                return Found::Unreadable;
            }
            continue;
        }
        if !super::super::texts::is_yaml(&path) {
            return Found::Unreadable;
        }
        return match scope.files.read(&path).and_then(|file| yaml(&file)) {
            Some(settings) => Found::Settings(settings),
            None => Found::Unreadable,
        };
    }
    if named.is_some() { Found::Unreadable } else { Found::Nothing }
}

/// The path on the host of a path in the container, through mounts and configs; none where none reaches it.
pub(super) fn on_host(scope: &Scope<'_>, service: &Service<'_>, path: &str) -> Option<String> {
    if let Some(config) = service.configs().find(|config| config.file() == path) {
        let file = scope.resource("configs", config.source)?.get("file")?.as_str()?;
        return Some(file.to_owned());
    }
    let mounts = service.mounts().filter(|mount| mount.kind == "bind");
    let mut best: Option<(usize, String)> = None;
    for mount in mounts {
        let (Some(source), target) = (mount.source, mount.target.trim_end_matches('/')) else { continue };
        let rest = match path.strip_prefix(target) {
            Some("") => String::new(),
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => continue,
        };
        if best.as_ref().is_none_or(|(length, _)| *length < target.len()) {
            best = Some((target.len(), format!("{}{rest}", source.trim_end_matches('/'))));
        }
    }
    best.map(|(_, path)| path)
}

/// The settings of a YAML file; none where it is no YAML.
fn yaml(file: &Rc<TextFile>) -> Option<Settings> {
    let stream = file.yaml();
    if !stream.errors.is_empty() {
        return None;
    }
    let mut settings = Settings::new();
    for document in &stream.documents {
        if let Some(root) = Tree::of(document) {
            let mut nodes_left = NODES_MAX;
            flatten(root, String::new(), 0, &mut nodes_left, &mut settings);
        }
    }
    Some(settings)
}

fn flatten(node: Tree<'_>, path: String, depth: usize, nodes_left: &mut usize, settings: &mut Settings) {
    // Aliases may lead back to where they stand.
    if depth > DEPTH_MAX || *nodes_left == 0 {
        return;
    }
    *nodes_left -= 1;
    if let Some(text) = node.text() {
        add(settings, path, text.to_owned(), node.span().into());
        return;
    }
    let (entries, items) = (node.entries(), node.items());
    if entries.is_empty() && items.is_empty() && !path.is_empty() {
        // `tls: {}` switches a setting on, as `tls: true` does.
        add(settings, path.clone(), "true".to_owned(), node.span().into());
    }
    for (key, _, value) in entries {
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        flatten(value, path, depth + 1, nodes_left, settings);
    }
    for (at, item) in items.into_iter().enumerate() {
        flatten(item, format!("{path}[{at}]"), depth + 1, nodes_left, settings);
    }
}

fn add(settings: &mut Settings, path: String, value: String, place: Place) {
    settings.insert(path.to_ascii_lowercase(), Setting { path, value, place });
}

/// The flags of the command: `--entryPoints.web.address=:80`.
fn flags(service: &Service<'_>) -> Settings {
    let mut settings = Settings::new();
    let words = service.words("entrypoint").into_iter().chain(service.words("command"));
    for word in words {
        // A command may be one script that starts Traefik.
        for part in word.as_str().unwrap_or_default().split_whitespace() {
            let part = part.trim_matches(['"', '\'']);
            let Some(flag) = part.strip_prefix("--").or_else(|| part.strip_prefix('-')) else { continue };
            let (path, value) = flag.split_once('=').unwrap_or((flag, "true"));
            if !path.is_empty() {
                add(&mut settings, path.to_owned(), value.trim_matches(['"', '\'']).to_owned(), word.into());
            }
        }
    }
    settings
}

/// The variables of the service: `TRAEFIK_ENTRYPOINTS_WEB_ADDRESS`.
fn variables(service: &Service<'_>) -> Settings {
    let mut settings = Settings::new();
    for (name, node) in service.environment() {
        let rest = name.get(..8).filter(|start| start.eq_ignore_ascii_case("traefik_")).map(|_| &name[8..]);
        if let (Some(path), Some(value)) = (rest, node.as_str()) {
            add(&mut settings, path.replace('_', ".").to_ascii_lowercase(), value.to_owned(), node.into());
        }
    }
    settings
}

fn is_true(settings: &Settings, path: &str) -> bool {
    settings.get(path).is_some_and(|setting| setting.value.eq_ignore_ascii_case("true"))
}

fn statics(settings: &Settings) -> Statics {
    let provider_paths = ["providers.file.directory", "providers.file.filename"]
        .iter()
        .filter_map(|path| settings.get(*path))
        .map(|setting| setting.value.clone())
        .collect();
    let is_off = |path: &str| settings.get(path).is_some_and(|one| one.value.eq_ignore_ascii_case("false"));
    let exposed_by_default =
        !is_off("providers.docker.exposedbydefault") && !is_off("providers.swarm.exposedbydefault");
    let insecure = settings.get("api.insecure").filter(|setting| setting.value.eq_ignore_ascii_case("true"));
    let insecure_api = insecure.map(|setting| setting.place.clone());
    Statics {
        is_complete: true,
        insecure_api,
        entry_points: entry_points(settings),
        exposed_by_default,
        provider_paths,
    }
}

fn entry_points(settings: &Settings) -> Vec<EntryPoint> {
    let mut points: Vec<EntryPoint> = Vec::new();
    let internal: Vec<&str> = ["ping.entrypoint", "metrics.prometheus.entrypoint"]
        .iter()
        .filter_map(|path| settings.get(*path))
        .map(|setting| &*setting.value)
        .collect();
    for (path, setting) in settings {
        let Some(name) = path.strip_prefix("entrypoints.").and_then(|rest| rest.strip_suffix(".address"))
        else {
            continue;
        };
        if name.contains('.') {
            continue;
        }
        let own = |rest: &str| format!("entrypoints.{name}.{rest}");
        let written = &setting.path["entrypoints.".len()..setting.path.len() - ".address".len()];
        let (address, protocol) = setting.value.rsplit_once('/').unwrap_or((&setting.value, "tcp"));
        let starts = |prefix: &str| settings.keys().any(|key| key.starts_with(prefix));
        let tls = own("http.tls");
        let has_tls = is_true(settings, &tls) || starts(&format!("{tls}."));
        let prefix = own("http.middlewares");
        let middlewares = settings.iter().filter(|(key, _)| key.starts_with(&prefix));
        let middlewares = middlewares.flat_map(|(_, one)| one.value.split(','));
        points.push(EntryPoint {
            name: written.to_owned(),
            port: address.rsplit(':').next().and_then(|port| port.parse().ok()),
            place: setting.place.clone(),
            is_udp: protocol == "udp",
            has_http3: starts(&own("http3")),
            has_tls,
            redirects: settings.contains_key(&own("http.redirections.entrypoint.to")),
            middlewares: middlewares.map(|name| name.trim().to_owned()).collect(),
            as_default: is_true(settings, &own("asdefault")),
            is_internal: name == "traefik" || internal.iter().any(|one| one.eq_ignore_ascii_case(name)),
        });
    }
    let implied = |name: &str, port: u16, is_internal: bool| EntryPoint {
        name: name.to_owned(),
        port: Some(port),
        place: Place::Nowhere,
        is_udp: false,
        has_http3: false,
        has_tls: false,
        redirects: false,
        middlewares: Vec::new(),
        as_default: false,
        is_internal,
    };
    if points.is_empty() {
        points.push(implied("http", 80, false));
    }
    let needs_own = is_true(settings, "api.insecure")
        || settings.keys().any(|key| key == "ping" || key.starts_with("ping.") || key.starts_with("metrics"));
    if needs_own && !points.iter().any(|point| point.name.eq_ignore_ascii_case("traefik")) {
        points.push(implied("traefik", 8080, true));
    }
    points
}
