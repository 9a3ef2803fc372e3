//! Images that take the path of a file where they also take a credential, and how that variable is called.

use crate::artifacts::image::ImageRef;

/// The variable to set instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileVariable {
    /// Its name.
    pub(super) name: String,
    /// What stands before the path.
    pub(super) prefix: &'static str,
}

/// How an image spells it.
#[derive(Clone, Copy)]
enum Form {
    /// `NAME_FILE`
    File,
    /// `NAME__FILE`
    DoubleFile,
    /// `FILE__NAME`
    FileFirst,
    /// `NAME: file://PATH`
    Url,
}

/// The last part of an image's name, the beginning of the variables concerned, and the form. The first that fits counts.
const IMAGES: &[(&str, &str, Form)] = &[
    ("postgres", "POSTGRES_PASSWORD", Form::File),
    ("postgis", "POSTGRES_PASSWORD", Form::File),
    ("timescaledb", "POSTGRES_PASSWORD", Form::File),
    ("pgvector", "POSTGRES_PASSWORD", Form::File),
    ("mysql", "MYSQL_", Form::File),
    ("mariadb", "MYSQL_", Form::File),
    ("mariadb", "MARIADB_", Form::File),
    ("mongo", "MONGO_INITDB_", Form::File),
    ("mongo-express", "ME_CONFIG_", Form::File),
    ("grafana", "GF_", Form::DoubleFile),
    ("grafana-oss", "GF_", Form::DoubleFile),
    ("grafana-enterprise", "GF_", Form::DoubleFile),
    ("minio", "MINIO_ROOT_", Form::File),
    ("minio", "MINIO_ACCESS_KEY", Form::File),
    ("minio", "MINIO_SECRET_KEY", Form::File),
    ("influxdb", "DOCKER_INFLUXDB_INIT_", Form::File),
    ("nextcloud", "", Form::File),
    ("wordpress", "WORDPRESS_", Form::File),
    ("elasticsearch", "ELASTIC_PASSWORD", Form::File),
    ("pgadmin4", "PGADMIN_DEFAULT_PASSWORD", Form::File),
    ("neo4j", "NEO4J_AUTH", Form::File),
    ("gitea", "GITEA__", Form::DoubleFile),
    ("n8n", "", Form::File),
    ("paperless-ngx", "PAPERLESS_", Form::File),
    ("vaultwarden", "", Form::File),
    ("server", "AUTHENTIK_", Form::Url),
    ("postgres-exporter", "DATA_SOURCE_PASS", Form::File),
    ("oauth2-proxy", "OAUTH2_PROXY_CLIENT_SECRET", Form::File),
    ("oauth2-proxy", "OAUTH2_PROXY_COOKIE_SECRET", Form::File),
    ("traefik", "", Form::File),
];

/// The variable of this image that takes the path of a file for this credential, as far as it is known.
pub(super) fn for_variable(image: &str, key: &str) -> Option<FileVariable> {
    let image = ImageRef::parse(image).ok()?;
    let family = image.repository.rsplit('/').next().unwrap_or_default();
    let publisher = image.repository.split('/').next().unwrap_or_default();
    let form = match publisher {
        "bitnami" | "bitnamilegacy" => Form::File,
        "linuxserver" => Form::FileFirst,
        _ => IMAGES.iter().find(|(name, prefix, _)| *name == family && key.starts_with(prefix))?.2,
    };
    let (name, prefix) = match form {
        Form::File => (format!("{key}_FILE"), ""),
        Form::DoubleFile => (format!("{key}__FILE"), ""),
        Form::FileFirst => (format!("FILE__{key}"), ""),
        Form::Url => (key.to_owned(), "file://"),
    };
    Some(FileVariable { name, prefix })
}

#[cfg(test)]
mod tests {
    use super::for_variable;

    #[test]
    fn images_have_their_own_spelling() {
        let check = |image: &str, key: &str, expected: Option<&str>| {
            let found = for_variable(image, key).map(|found| format!("{}={}", found.name, found.prefix));
            assert_eq!(found.as_deref(), expected, "{image} {key}");
        };
        check("postgres:16", "POSTGRES_PASSWORD", Some("POSTGRES_PASSWORD_FILE="));
        check("grafana/grafana:11", "GF_SECURITY_ADMIN_PASSWORD", Some("GF_SECURITY_ADMIN_PASSWORD__FILE="));
        check("ghcr.io/goauthentik/server:1", "AUTHENTIK_SECRET_KEY", Some("AUTHENTIK_SECRET_KEY=file://"));
        check("linuxserver/sonarr", "API_KEY", Some("FILE__API_KEY="));
        check("redis:7", "REDIS_PASSWORD", None);
        check("quay.io/keycloak/keycloak:26", "KC_DB_PASSWORD", None);
        check("bad image", "X_PASSWORD", None);
    }
}
