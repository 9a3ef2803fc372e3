//! What rules need to know of the house: names, vocabularies and limits, with the defaults of the baseline documents.

use super::reader::Value;
use super::shape::bytes;

/// The parameters of the rules. Paths are relative to the project's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The logging driver of every service (document 000, REQ-BSL-02).
    pub log_driver: String,
    /// The network that every service joins (document 000, section 4).
    pub internal_network: String,
    /// Networks that only the gateway and declared services may join (document 003, section 1.2).
    pub public_networks: Vec<String>,
    /// Networks that have to be `internal: true` (document 003, section 1.2).
    pub isolated_networks: Vec<String>,
    /// Services that publish ports to the world: the gateway.
    pub gateway_services: Vec<String>,
    /// Variables that hold the roots of all data (document 001, section 3).
    pub data_root_variables: Vec<String>,
    /// The label that names the tier of a service (document 004, section 5).
    pub tier_label: String,
    /// The values that label may have; empty: any.
    pub tiers: Vec<String>,
    /// The file with the shared templates (document 001, section 4.1).
    pub template_file: String,
    /// The folder whose Compose files are the modules (document 000, REQ-BSL-01).
    pub modules: String,
    /// Compose files below it that need not be included.
    pub optional_modules: Vec<String>,
    /// Services known to be init containers (document 002, section 5).
    pub init_services: Vec<String>,
    /// Hosts outside the project that services may talk to.
    pub external_hosts: Vec<String>,
    /// The file that documents every variable (document 000, VAL-BSL-02).
    pub env_example: String,
    /// The folder of secret files (document 004, Strategy-ST-01).
    pub secrets: String,
    /// The lowest Docker Compose version that has to load the project, such as `2.20`.
    pub compose_floor: String,
    /// The memory of the host in bytes, where the owner states it.
    pub host_memory_bytes: Option<u64>,
}

impl Default for Parameters {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        Self {
            log_driver: "loki".to_owned(),
            internal_network: "infra_net".to_owned(),
            public_networks: list(&["dex-dmz"]),
            isolated_networks: list(&["dex-internal"]),
            gateway_services: list(&["traefik"]),
            data_root_variables: list(&["DEFAULT_DATA_DIR", "DEFAULT_MOUNT_VOLUME_PATH"]),
            tier_label: "hy-home.tier".to_owned(),
            tiers: Vec::new(),
            template_file: "infra/common-optimizations.yml".to_owned(),
            modules: "infra".to_owned(),
            optional_modules: Vec::new(),
            init_services: list(&[
                "minio-create-buckets",
                "valkey-cluster-init",
                "kafka-init",
                "mng-pg-init",
                "pg-cluster-init",
            ]),
            external_hosts: Vec::new(),
            env_example: ".env.example".to_owned(),
            secrets: "secrets".to_owned(),
            compose_floor: "2.20".to_owned(),
            host_memory_bytes: None,
        }
    }
}

impl Parameters {
    /// Takes over what the policy file says; what has the wrong form has been reported.
    pub(super) fn fill(&mut self, value: Value<'_>) {
        for (key, _, value) in value.entries() {
            let text = || value.text().unwrap_or_default().to_owned();
            match key {
                "log_driver" => self.log_driver = text(),
                "internal_network" => self.internal_network = text(),
                "public_networks" => self.public_networks = value.texts(),
                "isolated_networks" => self.isolated_networks = value.texts(),
                "gateway_services" => self.gateway_services = value.texts(),
                "data_root_variables" => self.data_root_variables = value.texts(),
                "tier_label" => self.tier_label = text(),
                "tiers" => self.tiers = value.texts(),
                "template_file" => self.template_file = text(),
                "modules" => self.modules = text(),
                "optional_modules" => self.optional_modules = value.texts(),
                "init_services" => self.init_services = value.texts(),
                "external_hosts" => self.external_hosts = value.texts(),
                "env_example" => self.env_example = text(),
                "secrets" => self.secrets = text(),
                "compose_floor" => self.compose_floor = text(),
                "host_memory" => self.host_memory_bytes = bytes(&text()),
                _ => {}
            }
        }
    }

    /// The profile matrix of document 001 (VAL-OPT-002).
    pub(super) fn document_matrix() -> Vec<Vec<String>> {
        let row = |extra: &[&str]| {
            ["core", "data", "obs"].iter().chain(extra).map(|&name| name.to_owned()).collect()
        };
        vec![row(&[]), row(&["ai"]), row(&["messaging"]), row(&["workflow"]), row(&["tooling"])]
    }
}
