//! HP-ORC-007: two services write to the same place of the host.

use hardpan_compose::syntax::path::clean_path;
use std::collections::BTreeMap;

use hardpan_compose::{Hop, NodeRef, PathKind, VariableSource};
use hardpan_source::Span;

use super::{raw, state};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Mount, Names, Scope, Service, ServiceKind, Subject, Verdicts};

/// See `rules/shared-data-path/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-007",
    name: "shared-data-path",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 000, section 3", "compose-spec, volumes, driver_opts"],
    doc: include_str!("../../../rules/shared-data-path/doc.md"),
    check,
};

/// One mount of a place.
struct Writer<'s, 'p> {
    service: &'s Service<'p>,
    /// The volume that it is mounted by; none for a bind mount.
    volume: Option<&'p str>,
    /// Where the place is written: the bind source, or the device of the volume.
    at: NodeRef<'p>,
    is_database: bool,
    is_written: bool,
}

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let mut places: BTreeMap<String, Vec<Writer<'_, '_>>> = BTreeMap::new();
    for service in scope.services() {
        for mount in service.mounts() {
            if let Some((place, writer)) = writer(scope, service, &mount) {
                places.entry(place).or_default().push(writer);
            }
        }
    }
    let unmounted = unmounted_devices(scope);
    let mut is_kept = true;
    for (place, writers) in &places {
        is_kept &= judge(scope, verdicts, place, writers);
    }
    is_kept &= twice_declared(scope, verdicts, &places, &unmounted);
    if is_kept && (!places.is_empty() || !unmounted.is_empty()) {
        verdicts.satisfied(Subject::Project);
    } else if is_kept {
        verdicts.not_applicable(Subject::Project, "nothing of the host is mounted");
    }
}

/// What a mount mounts, if that is a place of the host that can hold data.
fn writer<'s, 'p>(
    scope: &Scope<'p>,
    service: &'s Service<'p>,
    mount: &Mount<'p>,
) -> Option<(String, Writer<'s, 'p>)> {
    let source = mount.source?;
    let is_known = state::is_known_data(service, mount);
    let (place, at, volume) = match mount.kind {
        "bind" => {
            let at = mount.node.get("source").unwrap_or(mount.node);
            (clean_path(source), at, None)
        }
        "volume" => {
            let (place, at) = device(scope.resource("volumes", source)?)?;
            let subpath = mount.node.get("volume").and_then(|volume| volume.get("subpath"));
            let place = match subpath.and_then(NodeRef::as_str) {
                Some(subpath) => raw::join(&place, subpath),
                None => place,
            };
            (place, at, Some(source))
        }
        _ => return None,
    };
    if has_blank(at) && !place_is_told(scope, at) {
        return None;
    }
    let is_database = is_known && !state::is_configuration(&place);
    // What lies there in the container is programs and their settings.
    let is_of_the_system = ["/etc", "/usr", "/bin", "/sbin", "/lib", "/docker-entrypoint"];
    if !is_known && is_of_the_system.iter().any(|folder| mount.target.starts_with(folder)) {
        return None;
    }
    let writer = Writer { service, volume, at, is_database, is_written: !mount.read_only };
    (is_database || volume.is_some() || can_hold_data(scope, &place)).then_some((place, writer))
}

/// The device of a volume with what tells devices of the same name apart, and where it is written.
fn device(volume: NodeRef<'_>) -> Option<(String, NodeRef<'_>)> {
    let options = volume.get("driver_opts")?;
    let device = options.get("device")?;
    let text = device.as_str().filter(|text| !text.is_empty())?;
    let kind = options.get("type").and_then(NodeRef::as_str).unwrap_or_default();
    match kind {
        // Each has memory of its own.
        "tmpfs" | "ramfs" => None,
        "nfs" | "nfs4" | "cifs" => {
            let settings = options.get("o").and_then(NodeRef::as_str).unwrap_or_default();
            let server = settings.split(',').find(|one| one.starts_with("addr=")).unwrap_or_default();
            Some((format!("{kind} {server} {}", text.trim_end_matches('/')), device))
        }
        _ => Some((clean_path(text), device)),
    }
}

fn has_blank(node: NodeRef<'_>) -> bool {
    node.hops().any(|hop| matches!(hop, Hop::Variable { set: VariableSource::Unset, .. }))
}

/// With a blank in it a path still tells places apart if something stands behind the variable.
fn place_is_told(scope: &Scope<'_>, node: NodeRef<'_>) -> bool {
    let text = scope.files.text(node.origin().span);
    text.rsplit('}')
        .next()
        .is_some_and(|rest| rest.trim_matches(['"', '\'', '/']).contains(char::is_alphanumeric))
}

/// Sockets, devices, time zones, configuration and source code are shared by many and hold no data.
fn can_hold_data(scope: &Scope<'_>, place: &str) -> bool {
    const SYSTEM: [&str; 11] =
        ["/dev", "/proc", "/sys", "/run", "/var/run", "/etc", "/lib", "/usr", "/tmp", "/boot", "/var/log"];
    let is_below = |folder: &str| {
        place.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let project = scope.project.working_dir().trim_end_matches('/');
    let is_above = |folder: &str| {
        folder.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // What an image is built from is source code.
    let is_source = || scope.services().iter().filter_map(|one| one.text("build.context")).any(is_above);
    let is_of_the_project = is_below(project);
    if place == "/"
        || (!is_of_the_project && SYSTEM.into_iter().any(is_below))
        || is_above(project)
        || place.contains("/.docker")
    {
        return false;
    }
    if is_source() {
        return false;
    }
    if ["/var/lib/docker", "/home", "/root", "/mnt", "/srv", "/opt", "/var", "/var/lib"].contains(&place) {
        return false;
    }
    match scope.files.kind(place) {
        // One file is configuration, or a socket; that it is writable is HP-SEC-012.
        Some(PathKind::File) => false,
        Some(PathKind::Directory) => !holds_sources(scope, place),
        None => !state::is_configuration(place),
    }
}

/// Whether people wrote what lies in a folder: then it came with the repository.
fn holds_sources(scope: &Scope<'_>, folder: &str) -> bool {
    const ENDINGS: [&str; 26] = [
        ".py",
        ".js",
        ".ts",
        ".tsx",
        ".go",
        ".rs",
        ".rb",
        ".php",
        ".java",
        ".html",
        ".css",
        ".sh",
        ".conf",
        ".yml",
        ".yaml",
        ".xml",
        ".sql",
        ".md",
        ".toml",
        ".ini",
        ".tmpl",
        ".template",
        ".cfg",
        ".pem",
        ".crt",
        ".key",
    ];
    const NAMES: [&str; 10] = [
        "Dockerfile",
        "Makefile",
        "package.json",
        "go.mod",
        "Gemfile",
        "composer.json",
        "pom.xml",
        "src",
        "tests",
        ".git",
    ];
    scope.files.list(folder).iter().any(|(name, _)| {
        NAMES.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
    }) || state::is_configuration(folder)
}

/// Reports a place that several services write; true if there is at most one.
fn judge(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>, place: &str, writers: &[Writer<'_, '_>]) -> bool {
    let writing: Vec<&Writer<'_, '_>> =
        writers.iter().filter(|writer| writer.is_written && !runs_alone(writer.service)).collect();
    let mut names: Vec<String> = writing.iter().map(|writer| writer.service.name.to_owned()).collect();
    names.sort();
    names.dedup();
    // One named volume in several services is sharing on purpose, and Docker's own way to do it.
    let volumes: Vec<Option<&str>> = writing.iter().map(|writer| writer.volume).collect();
    let is_one_volume =
        volumes.first().is_some_and(|first| first.is_some() && volumes.iter().all(|one| one == first));
    if names.len() < 2 || is_one_volume || are_alternatives(&writing) {
        return true;
    }
    let is_database = writing.iter().any(|writer| writer.is_database);
    // Roles of one program know of each other; two instances of a database do not.
    if !is_database && writing.iter().all(|writer| program(writer.service) == program(writing[0].service)) {
        return true;
    }
    let differ = volumes.iter().any(|one| one.is_some());
    let mut sorted = writing.clone();
    sorted.sort_by_key(|writer| key(writer.at.origin().span));
    let Some(last) = sorted.last() else { return true };
    for writer in &sorted {
        let message = format!(
            "more than one service writes to the same place of the host, `{}`",
            scope.relative(place)
        );
        let draft = verdicts.violation(writer.service, last.at, message);
        draft.label("written by more than one service");
        draft.help("give each service a folder of its own, or mount it `:ro` in all but one");
        if !is_database && !differ {
            draft.severity(Severity::Medium);
        }
        if writer.at.origin().span != last.at.origin().span {
            draft.related(writer.at.origin().span, format!("`{}` writes it too", writer.service.name));
        }
    }
    false
}

/// Whether a service prepares something or does one thing when somebody asks: that is beside nobody.
fn runs_alone(service: &Service<'_>) -> bool {
    let is_tool = service.text("restart") == Some("no") && service.profiles().next().is_some();
    service.kind != ServiceKind::LongRunning || is_tool
}

/// What tells the program of a service from others: its build, or its image without the version.
fn program<'p>(service: &Service<'p>) -> (Option<&'p str>, Option<&'p str>) {
    match service.text("build.context") {
        Some(context) => (Some(context), service.text("build.dockerfile")),
        None => (service.image().map(|image| image.split(':').next().unwrap_or(image)), None),
    }
}

fn key(span: Span) -> (hardpan_source::FileId, u32) {
    (span.file, span.start)
}

/// Variants of one program, of which a profile chooses one.
fn are_alternatives(writing: &[&Writer<'_, '_>]) -> bool {
    let mut services: Vec<&Service<'_>> = Vec::new();
    for writer in writing {
        if !services.iter().any(|known| known.id == writer.service.id) {
            services.push(writer.service);
        }
    }
    services.iter().enumerate().all(|(at, one)| {
        services[at + 1..].iter().all(|other| {
            let (mut left, right) = (one.profiles().peekable(), other.profiles().collect::<Vec<_>>());
            left.peek().is_some()
                && !right.is_empty()
                && !left.any(|profile| right.contains(&profile))
                && state::family(one) == state::family(other)
        })
    })
}

/// Volumes with a device, whether mounted or not.
fn unmounted_devices<'p>(scope: &Scope<'p>) -> BTreeMap<String, Vec<(&'p str, NodeRef<'p>)>> {
    let mut devices: BTreeMap<String, Vec<(&str, NodeRef<'_>)>> = BTreeMap::new();
    for (name, volume) in scope.project.section("volumes") {
        if let Some((place, at)) = device(volume)
            && (!has_blank(at) || place_is_told(scope, at))
        {
            devices.entry(place).or_default().push((name, at));
        }
    }
    devices
}

/// Reports volumes on one device that no two services write yet; true if there is none.
fn twice_declared(
    scope: &Scope<'_>,
    verdicts: &mut Verdicts<'_>,
    places: &BTreeMap<String, Vec<Writer<'_, '_>>>,
    devices: &BTreeMap<String, Vec<(&str, NodeRef<'_>)>>,
) -> bool {
    let mut is_kept = true;
    for (place, volumes) in devices.iter().filter(|(_, volumes)| volumes.len() > 1) {
        // Where services mount them, those decide.
        if places.get(place).is_some_and(|writers| !writers.is_empty()) {
            continue;
        }
        is_kept = false;
        let names: Vec<String> = volumes.iter().map(|(name, _)| (*name).to_owned()).collect();
        let message =
            format!("volumes {} lie on the same device, `{}`", Names(&names), scope.relative(place));
        let (Some((name, last)), rest) = (volumes.last(), &volumes[..volumes.len() - 1]) else { continue };
        let subject = Subject::Resource("volume", (*name).to_owned());
        let draft = verdicts.violation(subject, *last, message);
        draft.label("the same device").help("give each volume a device of its own");
        for (name, at) in rest {
            draft.related(at.origin().span, format!("the device of `{name}`"));
        }
    }
    is_kept
}
