//! Which mounts hold state: data that has to survive the container.

use super::raw;
use crate::artifacts::image::family_of;
use crate::{Mount, Service};

/// Folders in which known programs keep their data.
const DATA_PATHS: &[&str] = &[
    "/bitnami",
    "/cockroach/cockroach-data",
    "/config/db",
    "/couchdb/data",
    "/data/configdb",
    "/data/db",
    "/etc/grafana/data",
    "/gitea",
    "/home/node/.n8n",
    "/influxdb",
    "/loki",
    "/mosquitto/data",
    "/opt/couchdb/data",
    "/prometheus",
    "/qdrant/storage",
    "/surrealdb",
    "/usr/share/elasticsearch/data",
    "/usr/share/opensearch/data",
    "/var/jenkins_home",
    "/var/lib/cassandra",
    "/var/lib/clickhouse",
    "/var/lib/couchdb",
    "/var/lib/elasticsearch",
    "/var/lib/etcd",
    "/var/lib/ghost/content",
    "/var/lib/grafana",
    "/var/lib/influxdb",
    "/var/lib/influxdb2",
    "/var/lib/kafka",
    "/var/lib/mariadb",
    "/var/lib/milvus",
    "/var/lib/mongodb",
    "/var/lib/mysql",
    "/var/lib/neo4j",
    "/var/lib/pgadmin",
    "/var/lib/postgresql",
    "/var/lib/rabbitmq",
    "/var/lib/redis",
    "/var/lib/scylla",
    "/var/lib/valkey",
    "/var/lib/victoria-metrics-data",
    "/var/lib/weaviate",
    "/var/lib/zookeeper",
    "/var/opt/gitlab",
    "/var/opt/mssql",
    "/vault/data",
    "/vault/file",
];

/// Images whose `/data` holds their state.
const DATA_IMAGES: &[&str] = &[
    "redis",
    "valkey",
    "keydb",
    "dragonfly",
    "minio",
    "neo4j",
    "seaweedfs",
    "registry",
    "caddy",
    "gitea",
    "meilisearch",
];

/// Whether a program is known to keep its data at the target of this mount.
pub(super) fn is_known_data(service: &Service<'_>, mount: &Mount<'_>) -> bool {
    let target = mount.target.trim_end_matches('/');
    let is_known = DATA_PATHS
        .iter()
        .any(|path| target.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    is_known || target.ends_with("/.ollama") || (is_data(target) && DATA_IMAGES.contains(&family(service)))
}

fn is_data(target: &str) -> bool {
    target == "/data"
        || target.strip_prefix("/data").is_some_and(|rest| rest.starts_with(['/', '1', '2', '3', '4']))
}

/// The last part of the image's name without tag and digest.
pub(super) fn family<'p>(service: &Service<'p>) -> &'p str {
    family_of(service.image().unwrap_or_default())
}

/// Whether the words of a name or path say that nothing is lost with it: caches, logs, sockets.
pub(super) fn is_expendable(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        matches!(
            word,
            "cache"
                | "caches"
                | "tmp"
                | "temp"
                | "log"
                | "logs"
                | "run"
                | "sock"
                | "socket"
                | "sockets"
                | "modules"
                | "model"
                | "models"
                | "dist"
                | "static"
                | "shm"
                | "venv"
        )
    })
}

/// Whether the last part of a path says that it is configuration, code or certificates.
pub(super) fn is_configuration(place: &str) -> bool {
    let name = raw::file_name(place).to_ascii_lowercase();
    let has_ending = name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty()
            && (2..=5).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    const WORDS: [&str; 38] = [
        "app",
        "bin",
        "cert",
        "certs",
        "code",
        "conf",
        "custom",
        "dags",
        "dashboards",
        "docker",
        "docs",
        "fixtures",
        "functions",
        "html",
        "key",
        "keypair",
        "keys",
        "keystore",
        "lib",
        "modules",
        "plugins",
        "provisioning",
        "public",
        "queries",
        "rules",
        "script",
        "scripts",
        "secrets",
        "settings",
        "src",
        "ssh",
        "ssl",
        "templates",
        "test",
        "tests",
        "tls",
        "workspace",
        "www",
    ];
    has_ending
        || name.contains("config")
        || is_expendable(&name)
        || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| WORDS.contains(&word))
}
