//! Interned mapping keys. The attribute names that the resolver knows have constants, so comparing keys is comparing numbers.

use foldhash::{HashMap, HashMapExt as _};

/// An interned mapping key; compare freely, turn into text with [`crate::Tree::key_str`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u32);

#[derive(Debug)]
pub(crate) struct Interner {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, Key>,
}

impl Interner {
    pub(crate) fn new() -> Self {
        let mut interner = Self { texts: Vec::with_capacity(1024), numbers: HashMap::with_capacity(1024) };
        for known in KNOWN {
            interner.intern(known);
        }
        interner
    }

    pub(crate) fn intern(&mut self, text: &str) -> Key {
        if let Some(&key) = self.numbers.get(text) {
            return key;
        }
        let key = Key(crate::tree::small(self.texts.len()));
        self.texts.push(text.into());
        self.numbers.insert(text.into(), key);
        key
    }

    pub(crate) fn find(&self, text: &str) -> Option<Key> {
        self.numbers.get(text).copied()
    }

    pub(crate) fn text(&self, key: Key) -> &str {
        &self.texts[key.0 as usize]
    }
}

/// The position of a known key; a name that is not known does not compile.
const fn position(text: &str) -> Key {
    let mut at = 0;
    while at < KNOWN.len() {
        if same(KNOWN[at], text) {
            return Key(at as u32);
        }
        at += 1;
    }
    panic!("every constant is in the list it is made from")
}

/// Equality of strings at compile time.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

macro_rules! keys {
    ($($name:ident = $text:literal,)*) => {
        $(pub(crate) const $name: Key = position($text);)*

        /// Every known key; an interner starts with them, so that each has the number its constant names.
        const KNOWN: &[&str] = &[$($text,)*];
    };
}

keys! {
    VERSION = "version",
    NAME = "name",
    INCLUDE = "include",
    SERVICES = "services",
    NETWORKS = "networks",
    VOLUMES = "volumes",
    SECRETS = "secrets",
    CONFIGS = "configs",
    MODELS = "models",
    BUILD = "build",
    DEVELOP = "develop",
    CGROUP = "cgroup",
    CPUS = "cpus",
    CONTAINER_NAME = "container_name",
    DEPENDS_ON = "depends_on",
    DEPLOY = "deploy",
    DEVICES = "devices",
    DNS = "dns",
    DOCKERFILE = "dockerfile",
    PROVIDER = "provider",
    ENVIRONMENT = "environment",
    ENV_FILE = "env_file",
    EXTENDS = "extends",
    GPUS = "gpus",
    HEALTHCHECK = "healthcheck",
    IMAGE = "image",
    IPC = "ipc",
    LABELS = "labels",
    LABEL_FILE = "label_file",
    LINKS = "links",
    MEM_LIMIT = "mem_limit",
    MEM_RESERVATION = "mem_reservation",
    NETWORK_MODE = "network_mode",
    PID = "pid",
    PIDS_LIMIT = "pids_limit",
    PLATFORM = "platform",
    PORTS = "ports",
    PULL_POLICY = "pull_policy",
    READ_ONLY = "read_only",
    RESTART = "restart",
    SCALE = "scale",
    TMPFS = "tmpfs",
    UTS = "uts",
    VOLUMES_FROM = "volumes_from",
    PROFILES = "profiles",
    CONTEXT = "context",
    ADDITIONAL_CONTEXTS = "additional_contexts",
    DOCKERFILE_INLINE = "dockerfile_inline",
    ARGS = "args",
    TARGET = "target",
    PLATFORMS = "platforms",
    CONDITION = "condition",
    REQUIRED = "required",
    PATH = "path",
    FORMAT = "format",
    FILE = "file",
    SERVICE = "service",
    SOURCE = "source",
    TYPE = "type",
    PUBLISHED = "published",
    HOST_IP = "host_ip",
    PROTOCOL = "protocol",
    MODE = "mode",
    BIND = "bind",
    VOLUME = "volume",
    PROPAGATION = "propagation",
    CREATE_HOST_PATH = "create_host_path",
    SELINUX = "selinux",
    NOCOPY = "nocopy",
    EXTERNAL = "external",
    DRIVER = "driver",
    DRIVER_OPTS = "driver_opts",
    SUBNET = "subnet",
    O = "o",
    DEVICE = "device",
    TEST = "test",
    LIMITS = "limits",
    RESERVATIONS = "reservations",
    RESOURCES = "resources",
    MEMORY = "memory",
    PIDS = "pids",
    REPLICAS = "replicas",
    COUNT = "count",
    DEVICE_IDS = "device_ids",
    PERMISSIONS = "permissions",
    SINGLE = "single",
    SOFT = "soft",
    HARD = "hard",
    DEFAULT = "default",
    WATCH = "watch",
    ACTION = "action",
    MERGE = "<<",
    CONTENT = "content",
    SECRET_VALUE = "x-#value",
}
