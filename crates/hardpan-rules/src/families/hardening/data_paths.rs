//! Where services write by need: the data paths of known images, and names that say what a folder is for.

use super::image::Image;
use super::paths::is_within;

/// Families of images with the paths that their programs write to. Paths below count too.
const OF_IMAGES: &[(&[&str], &[&str])] = &[
    (
        &["postgres", "postgis", "timescaledb", "pgvector", "spilo", "pgautoupgrade"],
        &["/var/lib/postgresql", "/home/postgres"],
    ),
    (&["mysql", "mariadb", "percona"], &["/var/lib/mysql"]),
    (&["mongo", "mongodb"], &["/data/db", "/data/configdb", "/bitnami/mongodb"]),
    (&["redis", "valkey", "keydb", "dragonfly"], &["/data"]),
    (&["grafana"], &["/var/lib/grafana", "/var/lib/grafana/plugins"]),
    (&["prometheus"], &["/prometheus"]),
    (&["alertmanager"], &["/alertmanager"]),
    (&["loki"], &["/loki"]),
    (&["tempo"], &["/var/tempo", "/tmp/tempo"]),
    (&["minio"], &["/data", "/export"]),
    (&["vault"], &["/vault/file", "/vault/data", "/vault/logs", "/vault/raft", "/vault/out"]),
    (&["consul"], &["/consul/data"]),
    (&["etcd"], &["/etcd-data", "/var/lib/etcd"]),
    (&["jenkins"], &["/var/jenkins_home"]),
    (&["gitea", "forgejo"], &["/etc/gitea"]),
    (&["syncthing"], &["/var/syncthing"]),
    (&["filebrowser"], &["/srv", "/database"]),
    (&["gluetun"], &["/gluetun"]),
    (&["wordpress"], &["/var/www/html/wp-content/plugins", "/var/www/html/wp-content/themes"]),
    (&["nextcloud"], &["/var/www/html/config", "/var/www/html/custom_apps", "/var/www/html/themes"]),
    (&["gitlab", "gitlab-ce", "gitlab-ee"], &["/etc/gitlab", "/var/opt/gitlab", "/var/log/gitlab"]),
    (&["nextcloud", "wordpress", "drupal", "joomla", "matomo", "moodle"], &["/var/www/html", "/bitnami"]),
    (&["ghost"], &["/var/lib/ghost/content"]),
    (&["n8n"], &["/home/node/.n8n"]),
    (&["pihole"], &["/etc/pihole", "/etc/dnsmasq.d"]),
    (&["adguardhome"], &["/opt/adguardhome"]),
    (&["caddy"], &["/data", "/config"]),
    (&["traefik"], &["/letsencrypt", "/acme", "/etc/traefik/acme"]),
    (&["nginx-proxy-manager"], &["/data", "/etc/letsencrypt"]),
    (
        &["certbot", "acme-companion", "swag", "lego"],
        &[
            "/etc/letsencrypt",
            "/var/www/certbot",
            "/var/lib/letsencrypt",
            "/etc/nginx/certs",
            "/etc/acme.sh",
            "/config",
        ],
    ),
    (
        &[
            "home-assistant",
            "homeassistant",
            "esphome",
            "jellyfin",
            "emby",
            "embyserver",
            "pms-docker",
            "plex",
            "homebridge",
            "frigate",
            "overseerr",
            "jellyseerr",
            "prowlarr",
            "sonarr",
            "radarr",
            "lidarr",
            "bazarr",
            "qbittorrent",
            "sabnzbd",
            "code-server",
            "readarr",
            "jackett",
            "tautulli",
            "nzbget",
            "transmission",
            "deluge",
            "ombi",
            "heimdall",
            "organizr",
            "kavita",
            "komga",
            "audiobookshelf",
            "recyclarr",
            "autobrr",
            "unifi-network-application",
            "duplicati",
        ],
        &["/config", "/app/config"],
    ),
    (&["mosquitto", "eclipse-mosquitto"], &["/mosquitto/data", "/mosquitto/log"]),
    (&["crowdsec"], &["/etc/crowdsec", "/var/lib/crowdsec"]),
    (&["wireguard", "wg-easy"], &["/etc/wireguard", "/config"]),
    (&["openldap"], &["/etc/ldap/slapd.d"]),
    (&["jetty", "solr"], &["/var/solr"]),
    (&["meilisearch"], &["/meili_data"]),
    (&["adminer", "pgadmin4"], &["/var/lib/pgadmin"]),
    (&["opensearch", "elasticsearch"], &["/usr/share/elasticsearch/data", "/usr/share/opensearch/data"]),
    (&["neo4j"], &["/data", "/logs", "/plugins", "/import"]),
    (&["webtop", "airsonic", "calibre", "calibre-web"], &["/config"]),
];

/// Publishers whose images keep everything they write in `/config`.
const CONFIG_IS_DATA: [&str; 4] = ["linuxserver", "hotio", "binhex", "onedr0p"];

/// Names of folders that are there to be written to.
const DATA: &str = "\
    acme archive archives audiobooks backup backups books cache caches comics consume content data \
    database databases datadir datas db download downloads dump dumps export exports files history \
    journal letsencrypt library log logs mail media movies music notebooks originals out output outputs persist persistence \
    persistent photos pictures podcasts queue recordings registry reports repos repositories results run \
    sessions shows snapshots spool state storage store temp tmp torrents tv upload uploads videos wal work \
    workspace workspaces";

/// Names of folders that are there to be read.
const CONFIGURATION: &str = "\
    alerts bin cert certificates certs conf config configs configuration confs custom dags dashboards \
    datasources definitions dynamic dynamicconfig entrypoint etc extensions functions import init initdb \
    initdb.d keys migrations modules pki plugins policies policy provisioning realms rules scripts \
    secret secrets settings sql src ssl templates themes tls";

/// Hidden folders of people, with keys and settings.
const PERSONAL: [&str; 9] =
    [".ssh", ".aws", ".azure", ".kube", ".docker", ".gnupg", ".config", ".git", ".vscode"];

/// Programs that read the logs of others.
const LOG_READERS: [&str; 9] =
    ["promtail", "alloy", "fluent-bit", "fluentd", "filebeat", "vector", "logstash", "goaccess", "telegraf"];

/// What the name of a path says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The program writes there.
    Data,
    /// The program reads there.
    Configuration,
    /// The name does not say.
    Unsaid,
}

/// What the folder at `target` is for, in a container of this image, with `source` on the host.
pub(super) fn purpose(image: Option<&str>, source: &str, target: &str) -> Purpose {
    let image = image.map(str::to_ascii_lowercase);
    let image = image.as_deref().map(Image::parse);
    let is_reader = image.is_some_and(|image| LOG_READERS.iter().any(|reader| image.is_of(reader)));
    if image.is_some_and(|image| is_path_of(image, target)) {
        return Purpose::Data;
    }
    // Web servers read the certificates that others fetch.
    let is_server = image.is_some_and(|image| matches!(image.name(), "nginx" | "httpd" | "haproxy"));
    if is_server && is_within(target, "/etc/letsencrypt") {
        return Purpose::Configuration;
    }
    let of_target = last_word(target, usize::MAX, is_reader);
    if of_target != Purpose::Unsaid {
        return of_target;
    }
    // By its location, what has no telling name: state lies in /var/lib, scratch in /tmp.
    if is_within(target, "/var/lib") || is_within(target, "/tmp") {
        return Purpose::Data;
    }
    last_word(source, 2, is_reader)
}

/// Whether the program of that image is known to write at the path.
fn is_path_of(image: Image<'_>, target: &str) -> bool {
    let publisher = image.owner().unwrap_or_default();
    if target == "/config" && CONFIG_IS_DATA.contains(&publisher) {
        return true;
    }
    OF_IMAGES.iter().any(|(families, paths)| {
        families.iter().any(|family| image.is_of(family))
            && paths.iter().any(|path| {
                // Below a data path there may still be a folder that is only read, such as dashboards.
                is_within(target, path)
                    && (target == *path || last_word(target, 1, false) != Purpose::Configuration)
            })
    })
}

/// What the last telling one of the last `count` components says.
fn last_word(path: &str, count: usize, is_reader: bool) -> Purpose {
    path.rsplit('/')
        .take(count)
        .map(|component| word(component, is_reader))
        .find(|purpose| *purpose != Purpose::Unsaid)
        .unwrap_or(Purpose::Unsaid)
}

/// What one component says: `redis-data` and `pgdata` are data, `conf.d` is configuration.
fn word(component: &str, is_reader: bool) -> Purpose {
    let component = component.to_ascii_lowercase();
    // A hidden folder is where a program keeps what it knows, such as `.n8n`; some are there for people.
    if component.len() > 1 && component.starts_with('.') && !PERSONAL.contains(&component.as_str()) {
        return Purpose::Data;
    }
    if is_one_of(&component, CONFIGURATION) {
        return Purpose::Configuration;
    }
    let words = || component.split(|character: char| !character.is_ascii_alphanumeric());
    let is_log = |word: &str| matches!(word, "log" | "logs");
    if words().any(|word| is_one_of(word, DATA) && !(is_reader && is_log(word)))
        || component.ends_with("data")
    {
        // `initdb.d` and `data-config` are read.
        let is_configuration = words().next_back().is_some_and(|last| is_one_of(last, CONFIGURATION));
        return if is_configuration { Purpose::Configuration } else { Purpose::Data };
    }
    if words().any(|word| is_one_of(word, CONFIGURATION)) {
        return Purpose::Configuration;
    }
    Purpose::Unsaid
}

/// Whether the word is in a list of words with blanks between them.
fn is_one_of(word: &str, list: &str) -> bool {
    list.split(' ').any(|one| one == word)
}

#[cfg(test)]
mod tests {
    use super::{Purpose, purpose};

    #[test]
    fn folders_say_what_they_are_for() {
        use Purpose::{Configuration, Data, Unsaid};
        for (image, source, target, expected) in [
            ("postgres:17", "/srv/a", "/var/lib/postgresql/data", Data),
            ("postgres:17", "/srv/a", "/docker-entrypoint-initdb.d", Configuration),
            ("grafana/grafana", "/srv/a", "/var/lib/grafana", Data),
            ("grafana/grafana", "/srv/a", "/var/lib/grafana/dashboards", Configuration),
            ("grafana/grafana", "/srv/data", "/etc/grafana/provisioning", Configuration),
            ("lscr.io/linuxserver/sonarr", "/srv/a", "/config", Data),
            ("prom/alertmanager", "/srv/a", "/config", Configuration),
            ("app", "/srv/a", "/app/uploads", Data),
            ("app", "/srv/blockscout-db-data", "/x", Data),
            ("app", "/srv/src", "/code", Configuration),
            ("app", "/srv/a", "/code", Unsaid),
            ("grafana/promtail", "/srv/logs", "/var/log", Unsaid),
            ("mingrammer/flog", "/srv/logs", "/var/log", Data),
            ("ghost", "/srv/a", "/var/lib/ghost/content", Data),
            ("quay.io/keycloak/keycloak", "/srv/a", "/opt/keycloak/data/import", Configuration),
            ("supabase/edge-runtime", "/srv/data/supabase/functions", "/home/deno/functions", Configuration),
            ("flowiseai/flowise", "/srv/a", "/srv/.flowise", Data),
            ("app", "/srv/a", "/srv/.ssh", Unsaid),
            ("nginx", "/srv/a", "/etc/letsencrypt", Configuration),
            ("certbot/certbot", "/srv/a", "/etc/letsencrypt", Data),
            ("n8nio/n8n", "/srv/a", "/home/node/.n8n/custom", Configuration),
            ("wordpress", "/srv/a", "/var/www/html/wp-content/themes", Data),
            ("jupyter/base-notebook", "/srv/a", "/home/jovyan/work", Data),
            ("scylladb/scylla", "/srv/a", "/var/lib/scylla", Data),
        ] {
            assert_eq!(purpose(Some(image), source, target), expected, "{image} {source} {target}");
        }
    }
}
