//! The tables: every attribute of a project in the order of the reference's types.

use super::shape::{Field, Kind, Shape, field};

const fn shape(fields: &'static [Field]) -> Shape {
    Shape { fields, extensible: true }
}

pub(crate) static PROJECT: Shape = shape(&[
    field("name", Kind::Str),
    field("services", Kind::PlainMap(&SERVICE)),
    field("networks", Kind::PlainMap(&NETWORK)),
    field("volumes", Kind::PlainMap(&VOLUME)),
    field("secrets", Kind::PlainMap(&SECRET)),
    field("configs", Kind::PlainMap(&CONFIG)),
    field("models", Kind::PlainMap(&MODEL)),
]);

pub(crate) static SERVICE: Shape = shape(&[
    field("profiles", Kind::Strings),
    field("annotations", Kind::Mapping),
    field("attach", Kind::OptionalBool),
    field("build", Kind::Struct(&BUILD)),
    field("develop", Kind::Struct(&DEVELOP)),
    field("blkio_config", Kind::Struct(&BLKIO)),
    field("cap_add", Kind::Strings),
    field("cap_drop", Kind::Strings),
    field("cgroup_parent", Kind::Str),
    field("cgroup", Kind::Str),
    field("cpu_count", Kind::Int),
    field("cpu_percent", Kind::Float),
    field("cpu_period", Kind::Int),
    field("cpu_quota", Kind::Int),
    field("cpu_rt_period", Kind::Int),
    field("cpu_rt_runtime", Kind::Int),
    field("cpus", Kind::Float),
    field("cpuset", Kind::Str),
    field("cpu_shares", Kind::Int),
    field("command", Kind::Command),
    field("configs", Kind::List(&FILE_REFERENCE)),
    field("container_name", Kind::Str),
    field("credential_spec", Kind::Struct(&CREDENTIAL_SPEC)),
    field("depends_on", Kind::PlainMap(&DEPENDENCY)),
    field("deploy", Kind::Struct(&DEPLOY)),
    field("device_cgroup_rules", Kind::Strings),
    field("devices", Kind::List(&DEVICE)),
    field("dns", Kind::StringOrStrings),
    field("dns_opt", Kind::Strings),
    field("dns_search", Kind::StringOrStrings),
    field("dockerfile", Kind::Str),
    field("domainname", Kind::Str),
    field("entrypoint", Kind::Command),
    field("provider", Kind::Struct(&PROVIDER)),
    field("environment", Kind::NullableMapping),
    field("env_file", Kind::EnvFiles(&ENV_FILE)),
    field("expose", Kind::AnyStrings),
    field("extends", Kind::Struct(&EXTENDS)),
    field("external_links", Kind::Strings),
    field("extra_hosts", Kind::Hosts),
    field("group_add", Kind::Strings),
    field("gpus", Kind::List(&DEVICE_REQUEST)),
    field("hostname", Kind::Str),
    field("healthcheck", Kind::Struct(&HEALTHCHECK)),
    field("image", Kind::Str),
    field("init", Kind::OptionalBool),
    field("ipc", Kind::Str),
    field("isolation", Kind::Str),
    field("labels", Kind::Mapping),
    field("label_file", Kind::Strings),
    field("links", Kind::Strings),
    field("logging", Kind::Struct(&LOGGING)),
    field("mem_limit", Kind::Bytes),
    field("mem_reservation", Kind::Bytes),
    field("memswap_limit", Kind::Bytes),
    field("mem_swappiness", Kind::Bytes),
    field("mac_address", Kind::Str),
    field("models", Kind::Map(&SERVICE_MODEL)),
    field("net", Kind::Str),
    field("network_mode", Kind::Str),
    field("networks", Kind::Map(&SERVICE_NETWORK)),
    field("oom_kill_disable", Kind::Bool),
    field("oom_score_adj", Kind::Int),
    field("pid", Kind::Str),
    field("pids_limit", Kind::Int),
    field("platform", Kind::Str),
    field("ports", Kind::List(&PORT)),
    field("privileged", Kind::Bool),
    field("pull_policy", Kind::Str),
    field("read_only", Kind::Bool),
    field("restart", Kind::Str),
    field("runtime", Kind::Str),
    field("scale", Kind::OptionalInt),
    field("secrets", Kind::List(&FILE_REFERENCE)),
    field("security_opt", Kind::Strings),
    field("shm_size", Kind::Bytes),
    field("stdin_open", Kind::Bool),
    field("stop_grace_period", Kind::OptionalDuration),
    field("stop_signal", Kind::Str),
    field("storage_opt", Kind::StrictMapping),
    field("sysctls", Kind::Mapping),
    field("tmpfs", Kind::StringOrStrings),
    field("tty", Kind::Bool),
    field("ulimits", Kind::Ulimits),
    field("use_api_socket", Kind::Bool),
    field("user", Kind::Str),
    field("userns_mode", Kind::Str),
    field("uts", Kind::Str),
    field("volume_driver", Kind::Str),
    field("volumes", Kind::List(&MOUNT)),
    field("volumes_from", Kind::Strings),
    field("working_dir", Kind::Str),
    field("post_start", Kind::List(&HOOK)),
    field("pre_stop", Kind::List(&HOOK)),
]);

static BUILD: Shape = shape(&[
    field("context", Kind::Str),
    field("dockerfile", Kind::Str),
    field("dockerfile_inline", Kind::Str),
    field("entitlements", Kind::Strings),
    field("args", Kind::NullableMapping),
    field("provenance", Kind::Str),
    field("sbom", Kind::Str),
    field("ssh", Kind::Ssh),
    field("labels", Kind::Mapping),
    field("cache_from", Kind::StringOrStrings),
    field("cache_to", Kind::StringOrStrings),
    field("no_cache", Kind::Bool),
    field("additional_contexts", Kind::Mapping),
    field("pull", Kind::Bool),
    field("extra_hosts", Kind::Hosts),
    field("isolation", Kind::Str),
    field("network", Kind::Str),
    field("target", Kind::Str),
    field("secrets", Kind::List(&FILE_REFERENCE)),
    field("shm_size", Kind::Bytes),
    field("tags", Kind::StringOrStrings),
    field("ulimits", Kind::Ulimits),
    field("platforms", Kind::StringOrStrings),
    field("privileged", Kind::Bool),
]);

static DEVELOP: Shape = shape(&[field("watch", Kind::List(&WATCH))]);

static WATCH: Shape = shape(&[
    field("path", Kind::PlainStr),
    field("action", Kind::PlainStr),
    field("target", Kind::Str),
    field("exec", Kind::Embedded(&HOOK)),
    field("include", Kind::Strings),
    field("ignore", Kind::Strings),
    field("initial_sync", Kind::Bool),
]);

static HOOK: Shape = shape(&[
    field("command", Kind::Command),
    field("user", Kind::Str),
    field("privileged", Kind::Bool),
    field("working_dir", Kind::Str),
    field("environment", Kind::NullableMapping),
]);

static BLKIO: Shape = shape(&[
    field("weight", Kind::Unsigned(16)),
    field("weight_device", Kind::List(&WEIGHT_DEVICE)),
    field("device_read_bps", Kind::List(&THROTTLE_DEVICE)),
    field("device_read_iops", Kind::List(&THROTTLE_DEVICE)),
    field("device_write_bps", Kind::List(&THROTTLE_DEVICE)),
    field("device_write_iops", Kind::List(&THROTTLE_DEVICE)),
]);

static WEIGHT_DEVICE: Shape = shape(&[
    Field { name: "path", json: "Path", kind: Kind::PlainStr },
    Field { name: "weight", json: "Weight", kind: Kind::PlainUnsigned(16) },
]);

static THROTTLE_DEVICE: Shape = shape(&[
    Field { name: "path", json: "Path", kind: Kind::PlainStr },
    Field { name: "rate", json: "Rate", kind: Kind::PlainBytes },
]);

static FILE_REFERENCE: Shape = shape(&[
    field("source", Kind::Str),
    field("target", Kind::Str),
    field("uid", Kind::Str),
    field("gid", Kind::Str),
    field("mode", Kind::FileMode),
]);

static CREDENTIAL_SPEC: Shape =
    shape(&[field("config", Kind::Str), field("file", Kind::Str), field("registry", Kind::Str)]);

static DEPENDENCY: Shape = shape(&[
    field("condition", Kind::Str),
    field("restart", Kind::Bool),
    field("required", Kind::OptionalBool),
]);

static DEPLOY: Shape = shape(&[
    field("mode", Kind::Str),
    field("replicas", Kind::OptionalInt),
    field("labels", Kind::Mapping),
    field("update_config", Kind::Struct(&UPDATE)),
    field("rollback_config", Kind::Struct(&UPDATE)),
    field("resources", Kind::Embedded(&RESOURCES)),
    field("restart_policy", Kind::Struct(&RESTART_POLICY)),
    field("placement", Kind::Embedded(&PLACEMENT)),
    field("endpoint_mode", Kind::Str),
]);

static UPDATE: Shape = shape(&[
    field("parallelism", Kind::OptionalUnsigned),
    field("delay", Kind::Duration),
    field("failure_action", Kind::Str),
    field("monitor", Kind::Duration),
    field("max_failure_ratio", Kind::Float),
    field("order", Kind::Str),
]);

static RESOURCES: Shape =
    shape(&[field("limits", Kind::Struct(&RESOURCE)), field("reservations", Kind::Struct(&RESOURCE))]);

static RESOURCE: Shape = shape(&[
    field("cpus", Kind::NanoCpus),
    field("memory", Kind::Bytes),
    field("pids", Kind::Int),
    field("devices", Kind::List(&DEVICE_REQUEST)),
    field("generic_resources", Kind::List(&GENERIC_RESOURCE)),
]);

static GENERIC_RESOURCE: Shape = shape(&[field("discrete_resource_spec", Kind::Struct(&DISCRETE_RESOURCE))]);

static DISCRETE_RESOURCE: Shape = shape(&[field("kind", Kind::PlainStr), field("value", Kind::PlainInt)]);

static RESTART_POLICY: Shape = shape(&[
    field("condition", Kind::Str),
    field("delay", Kind::OptionalDuration),
    field("max_attempts", Kind::OptionalUnsigned),
    field("window", Kind::OptionalDuration),
]);

static PLACEMENT: Shape = shape(&[
    field("constraints", Kind::Strings),
    field("preferences", Kind::List(&PREFERENCE)),
    field("max_replicas_per_node", Kind::Unsigned(64)),
]);

static PREFERENCE: Shape = shape(&[field("spread", Kind::Str)]);

static DEVICE: Shape =
    shape(&[field("source", Kind::Str), field("target", Kind::Str), field("permissions", Kind::Str)]);

/// The reference forgets the extensions of these.
static DEVICE_REQUEST: Shape = Shape {
    extensible: false,
    fields: &[
        field("capabilities", Kind::Strings),
        field("driver", Kind::Str),
        field("count", Kind::DeviceCount),
        field("device_ids", Kind::Strings),
        field("options", Kind::Mapping),
    ],
};

static PROVIDER: Shape = shape(&[field("type", Kind::Str), field("options", Kind::MultiOptions)]);

static ENV_FILE: Shape =
    shape(&[field("path", Kind::Str), field("required", Kind::OptionalBool), field("format", Kind::Str)]);

static EXTENDS: Shape = shape(&[field("file", Kind::Str), field("service", Kind::Str)]);

static HEALTHCHECK: Shape = shape(&[
    field("test", Kind::HealthTest),
    field("timeout", Kind::OptionalDuration),
    field("interval", Kind::OptionalDuration),
    field("retries", Kind::OptionalUnsigned),
    field("start_period", Kind::OptionalDuration),
    field("start_interval", Kind::OptionalDuration),
    field("disable", Kind::Bool),
]);

static LOGGING: Shape = shape(&[field("driver", Kind::Str), field("options", Kind::Options)]);

static SERVICE_MODEL: Shape = shape(&[field("endpoint_var", Kind::Str), field("model_var", Kind::Str)]);

static SERVICE_NETWORK: Shape = shape(&[
    field("aliases", Kind::Strings),
    field("driver_opts", Kind::Options),
    field("gw_priority", Kind::Int),
    field("interface_name", Kind::Str),
    field("ipv4_address", Kind::Str),
    field("ipv6_address", Kind::Str),
    field("link_local_ips", Kind::Strings),
    field("mac_address", Kind::Str),
    field("priority", Kind::Int),
]);

static PORT: Shape = shape(&[
    field("name", Kind::Str),
    field("mode", Kind::Str),
    field("host_ip", Kind::Str),
    field("target", Kind::Unsigned(32)),
    field("published", Kind::Str),
    field("protocol", Kind::Str),
    field("app_protocol", Kind::Str),
]);

static MOUNT: Shape = shape(&[
    field("type", Kind::Str),
    field("source", Kind::Str),
    field("target", Kind::Str),
    field("read_only", Kind::Bool),
    field("consistency", Kind::Str),
    field("bind", Kind::Struct(&BIND)),
    field("volume", Kind::Struct(&NAMED_MOUNT)),
    field("tmpfs", Kind::Struct(&TMPFS)),
    field("image", Kind::Struct(&IMAGE_MOUNT)),
]);

static BIND: Shape = shape(&[
    field("selinux", Kind::Str),
    field("propagation", Kind::Str),
    field("create_host_path", Kind::Bool),
    field("recursive", Kind::Str),
]);

static NAMED_MOUNT: Shape =
    shape(&[field("labels", Kind::Mapping), field("nocopy", Kind::Bool), field("subpath", Kind::Str)]);

static TMPFS: Shape = shape(&[field("size", Kind::Bytes), field("mode", Kind::Unsigned(32))]);

static IMAGE_MOUNT: Shape = shape(&[field("subpath", Kind::Str)]);

static NETWORK: Shape = shape(&[
    field("name", Kind::Str),
    field("driver", Kind::Str),
    field("driver_opts", Kind::Options),
    field("ipam", Kind::Embedded(&IPAM)),
    field("external", Kind::Bool),
    field("internal", Kind::Bool),
    field("attachable", Kind::Bool),
    field("labels", Kind::Mapping),
    field("enable_ipv4", Kind::OptionalBool),
    field("enable_ipv6", Kind::OptionalBool),
]);

static IPAM: Shape = shape(&[field("driver", Kind::Str), field("config", Kind::List(&IPAM_POOL))]);

static IPAM_POOL: Shape = shape(&[
    field("subnet", Kind::Str),
    field("gateway", Kind::Str),
    field("ip_range", Kind::Str),
    field("aux_addresses", Kind::Mapping),
]);

static VOLUME: Shape = shape(&[
    field("name", Kind::Str),
    field("driver", Kind::Str),
    field("driver_opts", Kind::Options),
    field("external", Kind::Bool),
    field("labels", Kind::Mapping),
]);

static SECRET: Shape = shape(&[
    field("name", Kind::Str),
    field("file", Kind::Str),
    field("environment", Kind::Str),
    field("external", Kind::Bool),
    field("labels", Kind::Mapping),
    field("driver", Kind::Str),
    field("driver_opts", Kind::StrictMapping),
    field("template_driver", Kind::Str),
]);

pub(crate) static CONFIG: Shape = shape(&[
    field("name", Kind::Str),
    field("file", Kind::Str),
    field("environment", Kind::Str),
    field("content", Kind::Str),
    field("external", Kind::Bool),
    field("labels", Kind::Mapping),
    field("driver", Kind::Str),
    field("driver_opts", Kind::StrictMapping),
    field("template_driver", Kind::Str),
]);

static MODEL: Shape = shape(&[
    field("name", Kind::Str),
    field("model", Kind::Str),
    field("context_size", Kind::Int),
    field("runtime_flags", Kind::Strings),
]);
