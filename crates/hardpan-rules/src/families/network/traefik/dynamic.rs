//! Routers, middlewares and TLS options from the files of the file provider.

use hardpan_compose::PathKind;
use hardpan_source::Span;

use super::super::texts::is_yaml;
use super::settings::on_host;
use super::tree::Tree;
use super::{Middleware, Protocol, Router, Tls, Traefik, Word};
use crate::{Scope, Service, ServiceId};

/// One set of TLS options.
#[derive(Clone, Debug)]
pub(in super::super) struct TlsOptions {
    pub(in super::super) name: String,
    pub(in super::super) key: Span,
    pub(in super::super) min_version: Option<(String, Span)>,
}

/// As deep a folder of the file provider is searched.
const DEPTH_MAX: usize = 4;

pub(super) fn read(scope: &Scope<'_>, gateway: &Service<'_>, traefik: &mut Traefik) {
    if !traefik.statics.is_complete {
        traefik.files_complete = false;
    }
    for path in traefik.statics.provider_paths.clone() {
        let path = path.trim_end_matches('/');
        let host = on_host(scope, gateway, path);
        match host.as_deref().map(|host| (host, scope.files.kind(host))) {
            Some((host, Some(PathKind::File))) => file(scope, gateway.id, host, traefik),
            Some((host, Some(PathKind::Directory))) => folder(scope, gateway.id, host, 0, traefik),
            _ => traefik.files_complete = false,
        }
    }
}

fn folder(scope: &Scope<'_>, gateway: ServiceId, path: &str, depth: usize, traefik: &mut Traefik) {
    if depth > DEPTH_MAX {
        traefik.files_complete = false;
        return;
    }
    for (name, kind) in scope.files.list(path) {
        let path = format!("{}/{name}", path.trim_end_matches('/'));
        match kind {
            PathKind::Directory => folder(scope, gateway, &path, depth + 1, traefik),
            PathKind::File if is_yaml(&name) => file(scope, gateway, &path, traefik),
            // Traefik reads TOML as well, this reader does not: names may be there that are not seen.
            PathKind::File if name.ends_with(".toml") => traefik.files_complete = false,
            PathKind::File => {}
        }
    }
}

fn file(scope: &Scope<'_>, gateway: ServiceId, path: &str, traefik: &mut Traefik) {
    let Some(file) = scope.files.read(path).filter(|_| is_yaml(path)) else {
        traefik.files_complete = false;
        return;
    };
    // Traefik expands Go templates before it reads the file, so what is in braces may be any text.
    if !file.yaml().errors.is_empty() || file.text().contains("{{ range") || file.text().contains("{{range") {
        traefik.files_complete = false;
    }
    for document in &file.yaml().documents {
        if let Some(root) = Tree::of(document) {
            for protocol in [("http", Protocol::Http), ("tcp", Protocol::Tcp), ("udp", Protocol::Udp)] {
                section(root, protocol, gateway, traefik);
            }
            tls(root, traefik);
        }
    }
}

fn section(root: Tree<'_>, (name, protocol): (&str, Protocol), gateway: ServiceId, traefik: &mut Traefik) {
    let Some(section) = root.get(name) else { return };
    for (name, _, node) in section.get("middlewares").map(Tree::entries).unwrap_or_default() {
        let kinds = node.entries().into_iter().map(|(kind, ..)| kind.to_ascii_lowercase()).collect();
        let chain = node.at(&["chain", "middlewares"]).map(words).unwrap_or_default();
        traefik
            .middlewares
            .insert((protocol, name.to_ascii_lowercase(), "file"), Middleware { kinds, chain });
    }
    for (name, key, node) in section.get("routers").map(Tree::entries).unwrap_or_default() {
        let tls = match node.get("tls") {
            Some(value) if value.text().is_some_and(|text| text == "false") => Tls::Off(value.span().into()),
            Some(_) => Tls::On,
            None => Tls::Unsaid,
        };
        traefik.routers.push(Router {
            name: name.to_owned(),
            protocol,
            owner: gateway,
            provider: "file",
            place: key.into(),
            entry_points: node.get("entrypoints").map(words).unwrap_or_default(),
            middlewares: node.get("middlewares").map(words).unwrap_or_default(),
            service: node.get("service").and_then(Tree::text).map(str::to_owned),
            tls,
            tls_passthrough: node.at(&["tls", "passthrough"]).and_then(Tree::text) == Some("true"),
        });
    }
}

fn words(list: Tree<'_>) -> Vec<Word> {
    let word = |item: Tree<'_>| Some(Word { text: item.text()?.to_owned(), place: item.span().into() });
    list.items().into_iter().filter_map(word).collect()
}

fn tls(root: Tree<'_>, traefik: &mut Traefik) {
    let entry = root.entries().into_iter().find(|(key, ..)| key.eq_ignore_ascii_case("tls"));
    let Some((_, key, section)) = entry else { return };
    traefik.tls_section.get_or_insert(key);
    for (name, key, options) in section.get("options").map(Tree::entries).unwrap_or_default() {
        let minimum = options.get("minversion");
        traefik.tls_options.push(TlsOptions {
            name: name.to_owned(),
            key,
            min_version: minimum.and_then(|node| Some((node.text()?.to_owned(), node.span()))),
        });
    }
}
