//! The top level of a Compose file and its resources.

use super::rule::{
    BOOLEAN_OR_STRING, DRIVER_OPTS, INTEGER, LIST_OR_DICT, NULL, Object, Others, Rule, STRING,
    STRING_OR_LIST, STRINGS, is_name, is_some, named, named_open, object, object_with,
};
use super::service::SERVICE;

pub(super) static COMPOSE: Object = object(&[
    ("version", STRING),
    ("name", STRING),
    ("include", Rule::List(&INCLUDE)),
    ("services", Rule::Object(&named(is_name, &Rule::Object(&SERVICE)))),
    ("models", Rule::Object(&named_open(is_name, &Rule::Object(&MODEL)))),
    ("networks", Rule::Object(&named_open(is_name, &NETWORK))),
    ("volumes", Rule::Object(&named(is_name, &VOLUME))),
    ("secrets", Rule::Object(&named(is_name, &Rule::Object(&SECRET)))),
    ("configs", Rule::Object(&named(is_name, &Rule::Object(&CONFIG)))),
]);

static INCLUDE: Rule = Rule::OneOf(&[
    STRING,
    Rule::Object(&Object {
        fields: &[("path", STRING_OR_LIST), ("env_file", STRING_OR_LIST), ("project_directory", STRING)],
        required: &[],
        others: Others::Forbidden,
    }),
]);

static MODEL: Object = object_with(
    &["model"],
    &[("name", STRING), ("model", STRING), ("context_size", INTEGER), ("runtime_flags", STRINGS)],
);

/// `external` of networks and volumes: closed where it is a mapping.
const EXTERNAL: Rule = Rule::OneOf(&[BOOLEAN_OR_STRING, Rule::Object(&object(&[("name", STRING)]))]);

/// `external` of secrets and configs: open where it is a mapping.
const OPEN_EXTERNAL: Rule = Rule::OneOf(&[
    BOOLEAN_OR_STRING,
    Rule::Object(&Object { fields: &[("name", STRING)], required: &[], others: Others::Anything }),
]);

static NETWORK: Rule = Rule::OneOf(&[
    NULL,
    Rule::Object(&object(&[
        ("name", STRING),
        ("driver", STRING),
        ("driver_opts", DRIVER_OPTS),
        (
            "ipam",
            Rule::Object(&object(&[
                ("driver", STRING),
                ("config", Rule::List(&IPAM_POOL)),
                ("options", Rule::Object(&named(is_some, &STRING))),
            ])),
        ),
        ("external", EXTERNAL),
        ("internal", BOOLEAN_OR_STRING),
        ("enable_ipv4", BOOLEAN_OR_STRING),
        ("enable_ipv6", BOOLEAN_OR_STRING),
        ("attachable", BOOLEAN_OR_STRING),
        ("labels", LIST_OR_DICT),
    ])),
]);

static IPAM_POOL: Rule = Rule::Object(&object(&[
    ("subnet", STRING),
    ("ip_range", STRING),
    ("gateway", STRING),
    ("aux_addresses", Rule::Object(&named(is_some, &STRING))),
]));

static VOLUME: Rule = Rule::OneOf(&[
    NULL,
    Rule::Object(&object(&[
        ("name", STRING),
        ("driver", STRING),
        ("driver_opts", DRIVER_OPTS),
        ("external", EXTERNAL),
        ("labels", LIST_OR_DICT),
    ])),
]);

static SECRET: Object = object(&[
    ("name", STRING),
    ("environment", STRING),
    ("file", STRING),
    ("external", OPEN_EXTERNAL),
    ("labels", LIST_OR_DICT),
    ("driver", STRING),
    ("driver_opts", DRIVER_OPTS),
    ("template_driver", STRING),
]);

static CONFIG: Object = object(&[
    ("name", STRING),
    ("content", STRING),
    ("environment", STRING),
    ("file", STRING),
    ("external", OPEN_EXTERNAL),
    ("labels", LIST_OR_DICT),
    ("template_driver", STRING),
]);
