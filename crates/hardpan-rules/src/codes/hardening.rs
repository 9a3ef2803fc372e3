//! Sections 1 to 4 of the rule catalogue: orchestration, hardening, secrets, network. Data only.

use super::Severity::{Critical, High, Low, Medium};
use super::{RuleCode, both, declared, observed};

pub(super) const CODES: &[RuleCode] = &[
    // 1 Orchestration and schema
    declared(1, "HP-ORC-001", Critical, "the root Compose file includes every module"),
    declared(1, "HP-ORC-002", High, "no module is an entry point beside the root Compose file"),
    declared(1, "HP-ORC-003", Critical, "the project resolves as Docker Compose resolves it"),
    declared(
        1,
        "HP-ORC-004",
        High,
        "every row of the profile matrix resolves, and no row or service is idle",
    ),
    both(
        1,
        "HP-ORC-005",
        High,
        "a missing input stops the start with a message that names it",
        "exit status and standard error of the preflight in a copy without `.env` and with empty `secrets/`",
    ),
    declared(1, "HP-ORC-006", Low, "the declared Compose version floor covers the features in use"),
    declared(1, "HP-ORC-007", Critical, "no two volumes lie on the same device or data path"),
    declared(1, "HP-ORC-008", Medium, "stateful data lies below the declared data root"),
    observed(
        1,
        "HP-ORC-009",
        Medium,
        "the project is healthy within ten minutes of its first start",
        "the time from the first container's start to the last one's first healthy state",
    ),
    declared(1, "HP-ORC-010", Low, "every declared network, volume, secret and config is used")
        .hygiene("tidiness"),
    declared(1, "HP-CFG-004", Medium, "every variable without a default has a value")
        .hygiene("Docker Compose warns and goes on with a blank"),
    // 2 Hardening
    both(
        2,
        "HP-SEC-001",
        Critical,
        "no process of the service can gain privileges",
        "`HostConfig.SecurityOpt`, and `NoNewPrivs` in `/proc/PID/status` of every task of the container",
    ),
    both(
        2,
        "HP-SEC-002",
        Critical,
        "all Linux capabilities are dropped",
        "`CapBnd` and `CapEff` of the container's first process against the capabilities added back",
    ),
    declared(2, "HP-SEC-003", High, "each capability added back is waived with a rationale"),
    both(
        2,
        "HP-SEC-004",
        Medium,
        "an init process reaps the service's children",
        "`HostConfig.Init` and the name of the container's first process",
    ),
    both(
        2,
        "HP-SEC-005",
        Critical,
        "the service is not privileged and has no host device without an ADR",
        "`HostConfig.Privileged` and whether `CapEff` is full",
    ),
    both(
        2,
        "HP-SEC-006",
        Critical,
        "the service shares no namespace with the host",
        "the namespace links below `/proc/PID/ns` against those of the host's first process",
    ),
    both(
        2,
        "HP-SEC-007",
        Critical,
        "no process of the service runs as root",
        "the four user ids and the group id of every task in `/proc/PID/status`",
    ),
    both(
        2,
        "HP-SEC-008",
        Medium,
        "the root file system is read-only, with tmpfs where the service writes",
        "`HostConfig.ReadonlyRootfs` and the options of `/` in mountinfo",
    )
    .hygiene("CIS Docker Benchmark 5.13; the documents name the shared templates, not this attribute"),
    both(
        2,
        "HP-SEC-009",
        High,
        "seccomp, AppArmor and path masking are left on",
        "`Seccomp` in `/proc/PID/status`, and `attr/current` where the host has AppArmor",
    )
    .hygiene("CIS Docker Benchmark 5.2 and 5.22"),
    both(
        2,
        "HP-SEC-010",
        Critical,
        "the container engine's socket is not mounted",
        "the mounts of the container, with symbolic links resolved",
    )
    .hygiene("CIS Docker Benchmark 5.32"),
    both(
        2,
        "HP-SEC-011",
        High,
        "no sensitive path of the host is mounted",
        "the mounts of the container, with their sources, modes and propagation",
    )
    .hygiene("CIS Docker Benchmark 5.6"),
    both(
        2,
        "HP-SEC-012",
        High,
        "bind mounts are read-only unless the service has to write there",
        "the option `ro` of each bind mount in mountinfo",
    ),
    both(
        2,
        "HP-SEC-013",
        Medium,
        "a published port names the interface it is bound to",
        "`NetworkSettings.Ports` and the listening sockets in `/proc/net/tcp`",
    )
    .hygiene("CIS Docker Benchmark 5.14"),
    declared(2, "HP-SEC-014", Medium, "a published port can be reached and something listens on it")
        .hygiene("correctness"),
    declared(2, "HP-SEC-015", Low, "hardening comes from the shared baseline, not from copies"),
    declared(2, "HP-SEC-016", Medium, "the image can start under the hardening that is declared for it"),
    // 3 Secrets
    both(
        3,
        "HP-SCR-001",
        Critical,
        "no credential is in an environment variable, build argument or label",
        "the names in `Config.Env` and `/proc/PID/environ`",
    ),
    declared(3, "HP-SCR-002", Critical, "no URL or connection string contains a password"),
    both(
        3,
        "HP-SCR-003",
        High,
        "no credential is passed as a command-line argument",
        "`/proc/PID/cmdline` against the secret files, compared by hash",
    ),
    declared(3, "HP-SCR-004", High, "no script prints a secret"),
    declared(3, "HP-SCR-005", Critical, "every secret file a service reads is granted to it"),
    both(
        3,
        "HP-SCR-006",
        High,
        "every secret has a well-formed source outside version control",
        "mode, mount type, size and last byte of each mounted secret file",
    ),
    declared(3, "HP-SCR-007", Critical, "no placeholder reaches a program that does not expand it"),
    declared(3, "HP-SCR-008", High, "no required variable is blank or refers to itself"),
    declared(3, "HP-SCR-009", Critical, "no credential is a default or an obvious word"),
    // 4 Network
    both(
        4,
        "HP-NET-001",
        High,
        "no container has a fixed address",
        "`IPAMConfig` of every network the container is on",
    ),
    declared(4, "HP-NET-002", High, "no setting reaches another service by a literal address"),
    declared(4, "HP-NET-003", Medium, "no network fixes its subnet or gateway"),
    both(
        4,
        "HP-NET-004",
        High,
        "internal services are on the shared internal network and share one with what they talk to",
        "the networks of every container",
    ),
    declared(4, "HP-NET-005", High, "every host name in use belongs to a service within reach"),
    declared(4, "HP-NET-006", High, "only the gateway stands in the public zone"),
    both(
        4,
        "HP-NET-007",
        High,
        "the public comes in through the gateway only, with TLS 1.2 or newer",
        "a TLS handshake that offers 1.0 and 1.1 only",
    ),
    declared(4, "HP-NET-008", High, "every router of a non-public service has a middleware that exists"),
    declared(4, "HP-NET-009", Medium, "the gateway's entry points and its ports agree")
        .hygiene("correctness"),
];
