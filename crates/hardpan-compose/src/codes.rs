//! Every code a diagnostic of this crate can have, with what it means. Codes are public and never reused.

/// Code, meaning, and whether it stops the load.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The stable code.
    pub code: &'static str,
    /// What it says of the project.
    pub meaning: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
}

const fn error(code: &'static str, meaning: &'static str) -> CodeInfo {
    CodeInfo { code, meaning, severity: "error" }
}

const fn warning(code: &'static str, meaning: &'static str) -> CodeInfo {
    CodeInfo { code, meaning, severity: "warning" }
}

/// All codes, by name. A test holds the list to the sources.
pub const CODES: &[CodeInfo] = &[
    error("compose::bind-without-source", "a bind mount does not say what to mount"),
    error("compose::budget", "the project is larger than what is read"),
    error(
        "compose::build-context",
        "a build takes another service for a context that is not built or not there",
    ),
    error("compose::cannot-override", "an override has another form than what it overrides"),
    error("compose::container-name", "two containers would have one name"),
    error("compose::dependency-cycle", "services wait for each other"),
    warning(
        "compose::deprecated-external-name",
        "`external: {name: x}` is the old way to name an external resource",
    ),
    error("compose::device-request", "a device request says both how many and which"),
    error("compose::distinct-values", "an attribute and its counterpart under `deploy` differ"),
    error("compose::duplicate-mount", "two mounts have one target"),
    error("compose::empty", "the project has nothing in it"),
    error("compose::env-file-format", "an env file has a format that does not exist"),
    error("compose::extends-cycle", "services extend each other"),
    error("compose::extends-not-found", "the service to extend does not exist"),
    warning(
        "compose::extension-in-mapping",
        "a key that begins with `x-` is taken for an extension where it is a name",
    ),
    error("compose::external-conflict", "an external volume is described as if it were made here"),
    error("compose::external-name", "an external resource has two names"),
    error("compose::health-test", "the test of a health check does not say how it is run"),
    error("compose::include-conflict", "an include brings a resource that is there already and differs"),
    error("compose::include-cycle", "files include each other"),
    error("compose::include-depth", "includes nest too deep"),
    error("compose::invalid-address", "an address is none"),
    error("compose::invalid-extends", "`extends` has the wrong form"),
    error("compose::invalid-include", "`include` has the wrong form"),
    error("compose::invalid-item", "an item of a list has the wrong form"),
    error("compose::invalid-path", "a path is not text"),
    error("compose::invalid-setting", "a COMPOSE_ variable has a value it cannot have"),
    error("compose::invalid-value", "a value cannot be read as what its attribute wants"),
    error("compose::invalid-volume", "a short volume cannot be read"),
    error("compose::missing-env-file", "an env file or label file does not exist"),
    error("compose::negative-scale", "a number of containers is negative"),
    error("compose::network-mode", "`network_mode` and `networks` exclude each other"),
    error("compose::no-file", "there is no Compose file"),
    error("compose::no-image", "a service has neither image nor build"),
    error("compose::no-source", "a secret or config does not say where it comes from"),
    error("compose::no-such-service", "a service that was asked for does not exist"),
    error("compose::not-a-mapping", "a document is not a mapping"),
    warning("compose::nothing-enabled", "every service waits for a profile that is not enabled"),
    error("compose::null-value", "an attribute is null where text is wanted"),
    error("compose::number-in-json", "a number cannot be printed as JSON"),
    warning("compose::obsolete-version", "`version` has no effect"),
    warning("compose::override-by-text", "`!override` makes text of a null"),
    error("compose::platform", "a service's platform is not among those it is built for"),
    error("compose::project-name", "the project's name is missing or invalid"),
    error("compose::remote-file", "a Compose file would have to be fetched"),
    warning("compose::reset-without-effect", "a `!reset` deletes nothing"),
    warning(
        "compose::secret-in-output",
        "the output contains the value of a secret, as the reference's does",
    ),
    warning("compose::several-files", "several files have names that are looked for"),
    error("compose::several-sources", "a secret or config comes from two places"),
    warning("compose::size-counts-as-zero", "a size is read as 0, as the reference reads it"),
    error("compose::ssh-key-in-json", "the reference cannot print this as JSON"),
    error("compose::two-dockerfiles", "a build has two Dockerfiles"),
    error("compose::undefined-config", "a config is used and not declared"),
    error("compose::undefined-model", "a model is used and not declared"),
    error("compose::undefined-network", "a network is used and not declared"),
    error("compose::undefined-secret", "a secret is used and not declared"),
    error("compose::undefined-service", "a service is referred to and does not take part"),
    error("compose::undefined-volume", "a volume is used and not declared"),
    warning("compose::unknown-include-key", "an include has a key that does not exist"),
    error("compose::watch-target", "a watch does not say where files go"),
    warning("compose::windows-drive", "a volume is read as a path on a Windows drive"),
    warning("compose::yaml-1.1-boolean", "a boolean is spelled as YAML 1.1 did"),
    warning("env-file::encoding", "an env file is not all UTF-8"),
    error("env-file::syntax", "an env file cannot be read"),
    error("file::too-large", "a file is larger than hardpan reads"),
    error("file::unreadable", "a file cannot be read"),
    error("interpolation::cast", "a value is not of the type its attribute wants"),
    error("interpolation::invalid-template", "a `$` begins no variable"),
    error("interpolation::limit", "a template is nested too deep or becomes too long"),
    error("interpolation::required-variable", "a required variable has no value"),
    warning("interpolation::unset-variable", "a variable has no value and becomes blank"),
    error("schema::date", "an unquoted date stands where no date can"),
    error("schema::enum", "a value is none of those allowed"),
    error("schema::missing", "a required key is missing"),
    error("schema::pattern", "a text does not have the required form"),
    error("schema::range", "a number is out of range"),
    error("schema::repeated", "a list repeats an item"),
    error("schema::type", "a value has the wrong type"),
    error("schema::unknown-key", "a key does not exist"),
    error("yaml::alias-cycle", "an alias stands inside its own anchor"),
    error("yaml::budget", "a document nests too deep or its aliases mean too much"),
    error("yaml::duplicate-key", "a mapping has a key twice"),
    error("yaml::encoding", "a file is not UTF-8"),
    error("yaml::key", "a mapping key is not text"),
    error("yaml::merge", "a merge key has something else than a mapping"),
    error("yaml::scalar", "a tagged value is not what its tag says"),
    error("yaml::syntax", "a file is not YAML"),
];
