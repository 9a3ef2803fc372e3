//! `deploy` and the requests for devices.

use super::rule::{
    INTEGER_OR_STRING, LIST_OR_DICT, NULL, NUMBER_OR_STRING, Object, Others, Rule, STRING, STRINGS,
    UNIQUE_STRINGS, object, object_with,
};

pub(super) const DEPLOY: Rule = Rule::OneOf(&[
    NULL,
    Rule::Object(&object(&[
        ("mode", STRING),
        ("endpoint_mode", STRING),
        ("replicas", INTEGER_OR_STRING),
        ("labels", LIST_OR_DICT),
        ("rollback_config", Rule::Object(&object(UPDATE))),
        ("update_config", Rule::Object(&object(UPDATE))),
        (
            "resources",
            Rule::Object(&object(&[
                (
                    "limits",
                    Rule::Object(&object(&[
                        ("cpus", NUMBER_OR_STRING),
                        ("memory", STRING),
                        ("pids", INTEGER_OR_STRING),
                    ])),
                ),
                (
                    "reservations",
                    Rule::Object(&object(&[
                        ("cpus", NUMBER_OR_STRING),
                        ("memory", STRING),
                        ("generic_resources", GENERIC_RESOURCES),
                        (
                            "devices",
                            Rule::List(&Rule::Object(&object_with(&["capabilities"], DEVICE_REQUEST))),
                        ),
                    ])),
                ),
            ])),
        ),
        (
            "restart_policy",
            Rule::Object(&object(&[
                ("condition", STRING),
                ("delay", STRING),
                ("max_attempts", INTEGER_OR_STRING),
                ("window", STRING),
            ])),
        ),
        (
            "placement",
            Rule::Object(&object(&[
                ("constraints", STRINGS),
                ("preferences", Rule::List(&Rule::Object(&object(&[("spread", STRING)])))),
                ("max_replicas_per_node", INTEGER_OR_STRING),
            ])),
        ),
    ])),
]);

const UPDATE: &[(&str, Rule)] = &[
    ("parallelism", INTEGER_OR_STRING),
    ("delay", STRING),
    ("failure_action", STRING),
    ("monitor", STRING),
    ("max_failure_ratio", NUMBER_OR_STRING),
    ("order", Rule::Enum(&["start-first", "stop-first"])),
];

const GENERIC_RESOURCES: Rule = Rule::List(&Rule::Object(&object(&[(
    "discrete_resource_spec",
    Rule::Object(&object(&[("kind", STRING), ("value", NUMBER_OR_STRING)])),
)])));

const DEVICE_REQUEST: &[(&str, Rule)] = &[
    ("capabilities", UNIQUE_STRINGS),
    ("count", INTEGER_OR_STRING),
    ("device_ids", UNIQUE_STRINGS),
    ("driver", STRING),
    ("options", LIST_OR_DICT),
];

/// `gpus`: the reference leaves its items open to unknown keys.
pub(super) const GPUS: Rule = Rule::OneOf(&[
    Rule::Enum(&["all"]),
    Rule::List(&Rule::Object(&Object { fields: DEVICE_REQUEST, required: &[], others: Others::Anything })),
]);
