//! A service.

use super::resources::{DEPLOY, GPUS};
use super::rule::{
    BOOLEAN, BOOLEAN_OR_STRING, COMMAND, DRIVER_OPTS, INTEGER_OR_STRING, LIST_OR_DICT, NULL, NUMBER,
    NUMBER_OR_STRING, OBJECT, Object, Others, Rule, STRING, STRING_OR_LIST, STRINGS, Types, UNIQUE_STRINGS,
    has_some, is_lower, is_name, is_some, named, named_open, object, object_with,
};

pub(super) static SERVICE: Object = object(&[
    ("annotations", LIST_OR_DICT),
    ("attach", BOOLEAN_OR_STRING),
    ("blkio_config", BLKIO),
    ("build", BUILD),
    ("cap_add", UNIQUE_STRINGS),
    ("cap_drop", UNIQUE_STRINGS),
    ("cgroup", Rule::Enum(&["host", "private"])),
    ("cgroup_parent", STRING),
    ("command", COMMAND),
    ("configs", FILE_REFERENCES),
    ("container_name", Rule::Matches(has_container_name, "[a-zA-Z0-9][a-zA-Z0-9_.-]+")),
    ("cpu_count", Rule::OneOf(&[STRING, Rule::Min(0)])),
    ("cpu_percent", Rule::OneOf(&[STRING, Rule::Range(0, 100)])),
    ("cpu_period", NUMBER_OR_STRING),
    ("cpu_quota", NUMBER_OR_STRING),
    ("cpu_rt_period", NUMBER_OR_STRING),
    ("cpu_rt_runtime", NUMBER_OR_STRING),
    ("cpu_shares", NUMBER_OR_STRING),
    ("cpus", NUMBER_OR_STRING),
    ("cpuset", STRING),
    ("credential_spec", Rule::Object(&object(&[("config", STRING), ("file", STRING), ("registry", STRING)]))),
    ("depends_on", Rule::OneOf(&[UNIQUE_STRINGS, Rule::Object(&named(is_name, &DEPENDENCY))])),
    ("deploy", DEPLOY),
    ("develop", DEVELOP),
    ("device_cgroup_rules", UNIQUE_STRINGS),
    ("devices", Rule::List(&DEVICE)),
    ("dns", STRING_OR_LIST),
    ("dns_opt", UNIQUE_STRINGS),
    ("dns_search", STRING_OR_LIST),
    ("domainname", STRING),
    ("entrypoint", COMMAND),
    ("env_file", Rule::OneOf(&[STRING, Rule::List(&ENV_FILE)])),
    ("environment", LIST_OR_DICT),
    ("expose", Rule::UniqueList(&NUMBER_OR_STRING)),
    ("extends", EXTENDS),
    ("external_links", UNIQUE_STRINGS),
    ("extra_hosts", EXTRA_HOSTS),
    ("gpus", GPUS),
    ("group_add", Rule::UniqueList(&NUMBER_OR_STRING)),
    ("healthcheck", HEALTHCHECK),
    ("hostname", STRING),
    ("image", STRING),
    ("init", BOOLEAN_OR_STRING),
    ("ipc", STRING),
    ("isolation", STRING),
    ("label_file", Rule::OneOf(&[STRING, STRINGS])),
    ("labels", LIST_OR_DICT),
    ("links", UNIQUE_STRINGS),
    ("logging", LOGGING),
    ("mac_address", STRING),
    ("mem_limit", NUMBER_OR_STRING),
    ("mem_reservation", INTEGER_OR_STRING),
    ("mem_swappiness", INTEGER_OR_STRING),
    ("memswap_limit", NUMBER_OR_STRING),
    ("models", MODELS),
    ("network_mode", STRING),
    ("networks", NETWORKS),
    ("oom_kill_disable", BOOLEAN_OR_STRING),
    ("oom_score_adj", Rule::OneOf(&[STRING, Rule::Range(-1000, 1000)])),
    ("pid", Rule::Types(Types::STRING.or(Types::NULL))),
    ("pids_limit", NUMBER_OR_STRING),
    ("platform", STRING),
    ("ports", Rule::UniqueList(&PORT)),
    ("post_start", Rule::List(&HOOK)),
    ("pre_stop", Rule::List(&HOOK)),
    ("privileged", BOOLEAN_OR_STRING),
    ("profiles", UNIQUE_STRINGS),
    ("provider", PROVIDER),
    (
        "pull_policy",
        Rule::Matches(
            has_pull_policy,
            "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+",
        ),
    ),
    ("pull_refresh_after", STRING),
    ("read_only", BOOLEAN_OR_STRING),
    ("restart", STRING),
    ("runtime", STRING),
    ("scale", INTEGER_OR_STRING),
    ("secrets", FILE_REFERENCES),
    ("security_opt", UNIQUE_STRINGS),
    ("shm_size", NUMBER_OR_STRING),
    ("stdin_open", BOOLEAN_OR_STRING),
    ("stop_grace_period", STRING),
    ("stop_signal", STRING),
    ("storage_opt", OBJECT),
    ("sysctls", LIST_OR_DICT),
    ("tmpfs", STRING_OR_LIST),
    ("tty", BOOLEAN_OR_STRING),
    ("ulimits", ULIMITS),
    ("use_api_socket", BOOLEAN),
    ("user", STRING),
    ("userns_mode", STRING),
    ("uts", STRING),
    ("volumes", Rule::UniqueList(&MOUNT)),
    ("volumes_from", UNIQUE_STRINGS),
    ("working_dir", STRING),
]);

/// A service's name for a container has two good characters in a row somewhere; the reference's pattern has no anchors.
fn has_container_name(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| {
        pair[0].is_ascii_alphanumeric() && (pair[1].is_ascii_alphanumeric() || b"_.-".contains(&pair[1]))
    })
}

/// One of the words, anywhere in the text, or `every_` and a duration; the reference's pattern has no anchors.
fn has_pull_policy(text: &str) -> bool {
    ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"]
        .iter()
        .any(|word| text.contains(word))
        || text.match_indices("every_").any(|(at, word)| {
            let rest = &text.as_bytes()[at + word.len()..];
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            digits > 0 && rest.get(digits).is_some_and(|unit| b"wdhms".contains(unit))
        })
}

const BUILD: Rule = Rule::OneOf(&[
    STRING,
    Rule::Object(&object(&[
        ("additional_contexts", LIST_OR_DICT),
        ("args", LIST_OR_DICT),
        ("cache_from", STRINGS),
        ("cache_to", STRINGS),
        ("context", STRING),
        ("dockerfile", STRING),
        ("dockerfile_inline", STRING),
        ("entitlements", STRINGS),
        ("extra_hosts", EXTRA_HOSTS),
        ("isolation", STRING),
        ("labels", LIST_OR_DICT),
        ("network", STRING),
        ("no_cache", BOOLEAN_OR_STRING),
        ("platforms", STRINGS),
        ("privileged", BOOLEAN_OR_STRING),
        ("provenance", BOOLEAN_OR_STRING),
        ("pull", BOOLEAN_OR_STRING),
        ("sbom", BOOLEAN_OR_STRING),
        ("secrets", FILE_REFERENCES),
        ("shm_size", INTEGER_OR_STRING),
        ("ssh", LIST_OR_DICT),
        ("tags", STRINGS),
        ("target", STRING),
        ("ulimits", ULIMITS),
    ])),
]);

const BLKIO: Rule = Rule::Object(&Object {
    fields: &[
        ("device_read_bps", BLKIO_LIMITS),
        ("device_read_iops", BLKIO_LIMITS),
        ("device_write_bps", BLKIO_LIMITS),
        ("device_write_iops", BLKIO_LIMITS),
        ("weight", INTEGER_OR_STRING),
        (
            "weight_device",
            Rule::List(&Rule::Object(&Object {
                fields: &[("path", STRING), ("weight", INTEGER_OR_STRING)],
                required: &[],
                others: Others::Forbidden,
            })),
        ),
    ],
    required: &[],
    others: Others::Forbidden,
});

const BLKIO_LIMITS: Rule = Rule::List(&Rule::Object(&Object {
    fields: &[("path", STRING), ("rate", INTEGER_OR_STRING)],
    required: &[],
    others: Others::Forbidden,
}));

const DEPENDENCY: Rule = Rule::Object(&object_with(
    &["condition"],
    &[
        ("restart", BOOLEAN_OR_STRING),
        ("required", BOOLEAN),
        ("condition", Rule::Enum(&["service_started", "service_healthy", "service_completed_successfully"])),
    ],
));

const DEVICE: Rule = Rule::OneOf(&[
    STRING,
    Rule::Object(&object_with(
        &["source"],
        &[("source", STRING), ("target", STRING), ("permissions", STRING)],
    )),
]);

const ENV_FILE: Rule = Rule::OneOf(&[
    STRING,
    Rule::Object(&Object {
        fields: &[("path", STRING), ("format", STRING), ("required", BOOLEAN_OR_STRING)],
        required: &["path"],
        others: Others::Forbidden,
    }),
]);

const EXTENDS: Rule = Rule::OneOf(&[
    STRING,
    Rule::Object(&Object {
        fields: &[("service", STRING), ("file", STRING)],
        required: &["service"],
        others: Others::Forbidden,
    }),
]);

const EXTRA_HOSTS: Rule =
    Rule::OneOf(&[Rule::Object(&named(has_some, &Rule::OneOf(&[STRING, STRINGS]))), UNIQUE_STRINGS]);

const HEALTHCHECK: Rule = Rule::Object(&object(&[
    ("disable", BOOLEAN_OR_STRING),
    ("interval", STRING),
    ("retries", NUMBER_OR_STRING),
    ("test", Rule::OneOf(&[STRING, STRINGS])),
    ("timeout", STRING),
    ("start_period", STRING),
    ("start_interval", STRING),
]));

const LOGGING: Rule = Rule::Object(&object(&[
    ("driver", STRING),
    (
        "options",
        Rule::Object(&named_open(is_some, &Rule::Types(Types::STRING.or(Types::NUMBER).or(Types::NULL)))),
    ),
]));

const MODELS: Rule = Rule::OneOf(&[
    UNIQUE_STRINGS,
    Rule::Object(&named_open(
        is_name,
        &Rule::OneOf(&[NULL, Rule::Object(&object(&[("endpoint_var", STRING), ("model_var", STRING)]))]),
    )),
]);

const NETWORKS: Rule = Rule::OneOf(&[
    UNIQUE_STRINGS,
    Rule::Object(&named(
        is_name,
        &Rule::OneOf(&[
            NULL,
            Rule::Object(&object(&[
                ("aliases", UNIQUE_STRINGS),
                ("interface_name", STRING),
                ("ipv4_address", STRING),
                ("ipv6_address", STRING),
                ("link_local_ips", UNIQUE_STRINGS),
                ("mac_address", STRING),
                ("driver_opts", DRIVER_OPTS),
                ("priority", NUMBER),
                ("gw_priority", NUMBER),
            ])),
        ]),
    )),
]);

const PORT: Rule = Rule::OneOf(&[
    NUMBER,
    STRING,
    Rule::Object(&object(&[
        ("name", STRING),
        ("mode", STRING),
        ("host_ip", STRING),
        ("target", INTEGER_OR_STRING),
        ("published", INTEGER_OR_STRING),
        ("protocol", STRING),
        ("app_protocol", STRING),
    ])),
]);

const HOOK: Rule = Rule::Object(&object_with(
    &["command"],
    &[
        ("command", COMMAND),
        ("user", STRING),
        ("privileged", BOOLEAN_OR_STRING),
        ("working_dir", STRING),
        ("environment", LIST_OR_DICT),
    ],
));

const PROVIDER: Rule = Rule::Object(&object_with(
    &["type"],
    &[
        ("type", STRING),
        (
            "options",
            Rule::Object(&named_open(
                is_some,
                &Rule::OneOf(&[PROVIDER_OPTION, Rule::List(&PROVIDER_OPTION)]),
            )),
        ),
    ],
));

const PROVIDER_OPTION: Rule = Rule::Types(Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN));

const FILE_REFERENCES: Rule = Rule::List(&Rule::OneOf(&[
    STRING,
    Rule::Object(&object(&[
        ("source", STRING),
        ("target", STRING),
        ("uid", STRING),
        ("gid", STRING),
        ("mode", NUMBER_OR_STRING),
    ])),
]));

const ULIMITS: Rule = Rule::Object(&named_open(
    is_lower,
    &Rule::OneOf(&[
        INTEGER_OR_STRING,
        Rule::Object(&object_with(
            &["soft", "hard"],
            &[("hard", INTEGER_OR_STRING), ("soft", INTEGER_OR_STRING)],
        )),
    ]),
));

const MOUNT: Rule = Rule::OneOf(&[
    STRING,
    Rule::Object(&object_with(
        &["type"],
        &[
            ("type", Rule::Enum(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])),
            ("source", STRING),
            ("target", STRING),
            ("read_only", BOOLEAN_OR_STRING),
            ("consistency", STRING),
            (
                "bind",
                Rule::Object(&object(&[
                    ("propagation", STRING),
                    ("create_host_path", BOOLEAN_OR_STRING),
                    ("recursive", Rule::Enum(&["enabled", "disabled", "writable", "readonly"])),
                    ("selinux", Rule::Enum(&["z", "Z"])),
                ])),
            ),
            (
                "volume",
                Rule::Object(&object(&[
                    ("labels", LIST_OR_DICT),
                    ("nocopy", BOOLEAN_OR_STRING),
                    ("subpath", STRING),
                ])),
            ),
            (
                "tmpfs",
                Rule::Object(&object(&[
                    ("size", Rule::OneOf(&[Rule::Min(0), STRING])),
                    ("mode", NUMBER_OR_STRING),
                ])),
            ),
            ("image", Rule::Object(&object(&[("subpath", STRING)]))),
        ],
    )),
]);

const DEVELOP: Rule = Rule::OneOf(&[
    NULL,
    Rule::Object(&object(&[(
        "watch",
        Rule::List(&Rule::Object(&object_with(
            &["path", "action"],
            &[
                ("ignore", STRING_OR_LIST),
                ("include", STRING_OR_LIST),
                ("path", STRING),
                ("action", Rule::Enum(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
                ("target", STRING),
                ("exec", HOOK),
                ("initial_sync", BOOLEAN),
            ],
        ))),
    )])),
]);
