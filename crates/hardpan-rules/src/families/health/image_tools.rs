//! Which programs a healthcheck cannot use, because the image does not have them. Version 1 of the table, 2026-11.

use super::built;
use crate::artifacts::image::ImageRef;
use crate::builds::Build;

/// What an image lacks of the programs that healthchecks use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tools {
    lacks: &'static [&'static str],
    /// What the family is called in a message.
    pub(super) family: &'static str,
}

/// No shell and nothing else beside the program itself.
const BARE: &[&str] = &[
    "sh", "bash", "ash", "curl", "wget", "nc", "ncat", "netcat", "cat", "test", "[", "grep", "pgrep", "ps",
    "ls", "echo", "python", "python3", "true", "exit", "kill", "pidof", "ss", "netstat", "stat", "nslookup",
];
/// Busybox: `wget` and `nc` are there.
const BUSYBOX: &[&str] = &["curl", "bash"];
/// A small Debian or Ubuntu: bash is there.
const SLIM: &[&str] = &["curl", "wget", "nc", "ncat", "netcat"];
/// As [`SLIM`] where a package the image installs may bring `nc`.
const NO_HTTP: &[&str] = &["curl", "wget"];

/// One line of the table.
struct Row {
    /// The image in full; one that ends in `/` stands for all below it.
    image: &'static str,
    /// From this major and minor version on. A moving tag counts as the newest.
    since: (u32, u32),
    /// Only tags that contain this.
    with: &'static str,
    /// Not for tags that contain one of these.
    without: &'static [&'static str],
    lacks: &'static [&'static str],
    family: &'static str,
}

const fn row(image: &'static str, lacks: &'static [&'static str], family: &'static str) -> Row {
    Row { image, since: (0, 0), with: "", without: &[], lacks, family }
}

impl Row {
    const fn since(mut self, major: u32, minor: u32) -> Self {
        self.since = (major, minor);
        self
    }

    const fn with(mut self, with: &'static str) -> Self {
        self.with = with;
        self
    }

    const fn without(mut self, without: &'static [&'static str]) -> Self {
        self.without = without;
        self
    }
}

/// The families of which it is known for sure. Each line names where it is known from.
const TABLE: &[Row] = &[
    // GoogleContainerTools/distroless, README: no shell; `debug` tags have busybox.
    row("gcr.io/distroless/", BARE, "distroless").without(&["debug"]),
    // open-telemetry/opentelemetry-collector-releases, Dockerfiles: FROM scratch.
    row("docker.io/otel/opentelemetry-collector", BARE, "the collector's image"),
    row("docker.io/otel/opentelemetry-collector-contrib", BARE, "the collector's image"),
    row("ghcr.io/open-telemetry/opentelemetry-collector-releases/", BARE, "the collector's image"),
    // grafana/loki#20149: the image has had no tools since 3.6.0; `loki -health` asks the program itself.
    row("docker.io/grafana/loki", BARE, "Loki's image from 3.6 on").since(3, 6),
    // grafana/tempo#5352: no /bin/sh since the image is distroless (2.8); its busybox has wget, later releases have not.
    row("docker.io/grafana/tempo", &["sh", "bash", "ash", "curl"], "Tempo's image from 2.8 on").since(2, 8),
    // grafana/pyroscope#3437 and #3468: distroless since 1.7.0.
    row("docker.io/grafana/pyroscope", BARE, "Pyroscope's image from 1.7 on").since(1, 7),
    // keycloak/keycloak#17438: UBI micro since 21, without curl; bash is there.
    row("quay.io/keycloak/keycloak", SLIM, "Keycloak's image from 21 on").since(21, 0),
    // ollama/ollama#9781.
    row("docker.io/ollama/ollama", NO_HTTP, "Ollama's image"),
    // qdrant/qdrant#3491 and #4250.
    row("docker.io/qdrant/qdrant", NO_HTTP, "Qdrant's image"),
    // prometheus/busybox is the base of all of these; `-distroless` tags of Prometheus have not even that.
    row("docker.io/prom/", BARE, "distroless").with("distroless"),
    row("docker.io/prom/", BUSYBOX, "an image of the Prometheus project"),
    row("quay.io/prometheus/", BUSYBOX, "an image of the Prometheus project"),
    row("docker.io/prometheuscommunity/", BUSYBOX, "an image of the Prometheus project"),
    row("quay.io/prometheuscommunity/", BUSYBOX, "an image of the Prometheus project"),
    // oliver006/redis_exporter, README: FROM scratch except for `-alpine` tags.
    row("docker.io/oliver006/redis_exporter", BARE, "the exporter's image").without(&["alpine"]),
    // oauth2-proxy/oauth2-proxy#2295: distroless since 7.6.0 except for `-alpine` tags.
    row("quay.io/oauth2-proxy/oauth2-proxy", BARE, "the proxy's image from 7.6 on")
        .since(7, 6)
        .without(&["alpine"]),
    // cloudflare/cloudflared, Dockerfile: distroless.
    row("docker.io/cloudflare/cloudflared", BARE, "distroless"),
    // portainer/portainer, build/linux/Dockerfile: no shell except for `-alpine` tags.
    row("docker.io/portainer/portainer-ce", BARE, "Portainer's image").without(&["alpine"]),
    // fluent/fluent-bit, dockerfiles: distroless; `debug` tags have a shell.
    row("docker.io/fluent/fluent-bit", BARE, "distroless").without(&["debug"]),
    // nats-io/nats-docker: the default tags are FROM scratch.
    row("docker.io/library/nats", BARE, "the image of NATS").without(&["alpine", "windows"]),
    // traefik/whoami, Dockerfile: FROM scratch.
    row("docker.io/traefik/whoami", BARE, "the image of whoami"),
    // traefik/traefik-library-image: FROM alpine since 2.
    row("docker.io/library/traefik", BUSYBOX, "Traefik's image").since(2, 0).without(&["windows"]),
    // hashicorp/vault, Dockerfile: FROM alpine without curl; `-ubi` tags differ.
    row("docker.io/hashicorp/vault", BUSYBOX, "Vault's image").without(&["ubi"]),
    // Official images: what `alpine` and `slim` tags bring, by their Dockerfiles. curl is there to build and is purged.
    row("docker.io/library/alpine", BUSYBOX, "Alpine"),
    row("docker.io/library/busybox", BUSYBOX, "busybox"),
    row("docker.io/library/redis", BUSYBOX, "Alpine").with("alpine"),
    row("docker.io/library/redis", SLIM, "the image of Redis").without(&["alpine"]),
    row("docker.io/valkey/valkey", BUSYBOX, "Alpine").with("alpine"),
    row("docker.io/library/node", BUSYBOX, "Alpine").with("alpine"),
    row("docker.io/library/node", SLIM, "a slim image").with("slim"),
    row("docker.io/library/python", BUSYBOX, "Alpine").with("alpine"),
    row("docker.io/library/python", SLIM, "a slim image").with("slim"),
    row("docker.io/library/ruby", SLIM, "a slim image").with("slim"),
    row("docker.io/library/rust", SLIM, "a slim image").with("slim"),
    row("docker.io/library/golang", BUSYBOX, "Alpine").with("alpine"),
    row("docker.io/library/debian", SLIM, "Debian"),
    row("docker.io/library/ubuntu", SLIM, "Ubuntu"),
];

impl Tools {
    /// What a remote image lacks; none where the table does not know it.
    pub(super) fn of_image(reference: &str) -> Option<Self> {
        if reference == "scratch" {
            return Some(Self { lacks: BARE, family: "an empty image" });
        }
        let image = ImageRef::parse(reference).ok()?;
        let name = image.canonical_name();
        let tag = image.tag.as_deref().unwrap_or("latest");
        let row = TABLE.iter().find(|row| {
            let is_named = match row.image.strip_suffix('/') {
                Some(_) => name.starts_with(row.image),
                None => name == row.image,
            };
            is_named
                && tag.contains(row.with)
                && !row.without.iter().any(|other| tag.contains(other))
                && (row.since == (0, 0) || is_from(tag, row.since))
        })?;
        Some(Self { lacks: row.lacks, family: row.family })
    }

    /// What an image built here lacks by its base. Whether a step brings something, [`built::mentions`] says.
    pub(super) fn of_builds(builds: &[&Build]) -> Option<Self> {
        let base = &builds.last()?.image.base;
        if !base.unresolved.is_empty() || builds.iter().any(|build| built::is_opaque(build)) {
            return None;
        }
        Self::of_image(&base.text)
    }

    /// True if the image does not have the program.
    pub(super) fn lack(&self, program: &str) -> bool {
        self.lacks.contains(&program)
    }
}

/// Whether a tag is of this version or a later one. A tag without a number in front moves, so it is the newest.
fn is_from(tag: &str, since: (u32, u32)) -> bool {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    if !tag.starts_with(|first: char| first.is_ascii_digit()) {
        return true;
    }
    let mut numbers = tag.split(['.', '-', '_', '+']).map_while(|part| part.parse::<u32>().ok());
    let major = numbers.next().unwrap_or(0);
    // `3` alone is the newest of its major version.
    (major, numbers.next().unwrap_or(u32::MAX)) >= since
}

/// The bases that bring no program of their own: what listens there is only what the Dockerfile adds.
pub(super) fn is_plain_base(reference: &str) -> bool {
    const PLAIN: [&str; 20] = [
        "alpine",
        "amazoncorretto",
        "archlinux",
        "busybox",
        "bun",
        "debian",
        "deno",
        "eclipse-temurin",
        "elixir",
        "fedora",
        "golang",
        "maven",
        "node",
        "openjdk",
        "php",
        "python",
        "ruby",
        "rust",
        "scratch",
        "ubuntu",
    ];
    let Ok(image) = ImageRef::parse(reference) else { return false };
    image.canonical_name().starts_with("gcr.io/distroless/") || PLAIN.contains(&image.family())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(image: &str, program: &str) -> Option<bool> {
        Some(Tools::of_image(image)?.lack(program))
    }

    #[test]
    fn families_are_told_apart_by_tag_and_version() {
        assert_eq!(lacks("prom/prometheus:v2.51.0", "wget"), Some(false));
        assert_eq!(lacks("prom/prometheus:v2.51.0", "curl"), Some(true));
        assert_eq!(lacks("grafana/loki:2.9.6", "wget"), None);
        assert_eq!(lacks("grafana/loki:3.7.3", "wget"), Some(true));
        assert_eq!(lacks("grafana/loki", "wget"), Some(true));
        assert_eq!(lacks("gcr.io/distroless/static:debug", "sh"), None);
        assert_eq!(lacks("gcr.io/distroless/static:nonroot", "sh"), Some(true));
        assert_eq!(lacks("redis:7-alpine", "nc"), Some(false));
        assert_eq!(lacks("redis:7", "nc"), Some(true));
        assert_eq!(lacks("quay.io/keycloak/keycloak:20.0", "curl"), None);
        assert_eq!(lacks("quay.io/keycloak/keycloak:26.7.0-0", "curl"), Some(true));
        assert_eq!(lacks("nginx:alpine", "curl"), None);
        assert_eq!(lacks("registry.example/redis:7", "curl"), None);
    }
}
