//! Document 004, non-functional requirements, storage, interfaces and acceptance. Data only.

use super::Priority::Unstated;
use super::Proof::{Process, Rule};
use super::proofs::verify;
use super::{Document, Requirement};

/// What the rows below have in common.
const ROW: Requirement = Requirement {
    id: "",
    title: "",
    statement: "",
    document: Document::D004,
    section: "",
    priority: Unstated,
    proof: &[],
    parent: None,
};

pub(super) const REQUIREMENTS: &[Requirement] = &[
    // 1 Non-functional requirements
    Requirement {
        id: "NFR-SEC-01",
        title: "Isolation from the host",
        statement: "No container shares the process, network or IPC namespace of the host, unless an ADR \
                    justifies it.",
        section: "1",
        proof: &[
            Rule("HP-SEC-006"),
            Rule("HP-WVR-001"),
            Rule("HP-WVR-002"),
            Rule("HP-WVR-003"),
            verify("HP-SEC-006"),
        ],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    Requirement {
        id: "NFR-OBS-01",
        title: "Log latency",
        statement: "A local container event is in Loki in less than two seconds.",
        section: "1",
        proof: &[Rule("HP-OBS-002"), verify("HP-OBS-004")],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    Requirement {
        id: "NFR-RES-01",
        title: "Idle memory",
        statement: "On an idle machine, all infrastructure services together use less than a fifth of its \
                    memory.",
        section: "1",
        proof: &[Rule("HP-RES-004"), verify("HP-RES-004")],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    // 2 Storage
    Requirement {
        id: "Strategy-ST-01",
        title: "Credentials as Docker secrets",
        statement: "Sensitive credentials are kept as Docker secrets, which containers see below \
                    `/run/secrets/`.",
        section: "2",
        proof: &[Rule("HP-SCR-006"), verify("HP-SCR-006")],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    Requirement {
        id: "Strategy-ST-02",
        title: "Distributed data over the internal network",
        statement: "Where persistent data is used from several places, it is reached over `infra_net`.",
        section: "2",
        proof: &[
            Rule("HP-NET-004"),
            verify("HP-NET-004"),
            Process("to which volumes distributed access applies, the platform architect decides"),
        ],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    Requirement {
        id: "Strategy-ST-03",
        title: "Read-only bind mounts",
        statement: "A bind mount is read-only, except where the service cannot do its work without writing \
                    there.",
        section: "2",
        proof: &[Rule("HP-SEC-012"), verify("HP-SEC-012")],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    // 3 Interfaces
    Requirement {
        id: "004-s3-metrics",
        title: "Metrics",
        statement: "Each service offers metrics, to OTLP or through a Prometheus exporter.",
        section: "3",
        proof: &[Rule("HP-OBS-006"), verify("HP-OBS-006")],
        ..ROW
    },
    Requirement {
        id: "004-s3-public-access",
        title: "Public access",
        statement: "The public reaches services through Traefik only, with TLS 1.2 or newer.",
        section: "3",
        proof: &[Rule("HP-NET-007"), verify("HP-NET-007")],
        ..ROW
    },
    // 4 Security
    Requirement {
        id: "004-s4-anchors",
        title: "Baseline anchor",
        statement: "The two hardening settings come from one YAML anchor per file, `&security-baseline`.",
        section: "4",
        proof: &[
            Rule("HP-SEC-001"),
            Rule("HP-SEC-002"),
            Rule("HP-SEC-015"),
            verify("HP-SEC-001"),
            verify("HP-SEC-002"),
        ],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    Requirement {
        id: "004-s4-identity",
        title: "No root inside",
        statement: "Nothing inside a container runs as root.",
        section: "4",
        proof: &[Rule("HP-SEC-007"), Rule("HP-DKR-001"), verify("HP-SEC-007")],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    // 5 Operations
    Requirement {
        id: "004-s5-telemetry",
        title: "Observability plane",
        statement: "Loki, Grafana, Tempo and Pyroscope are where the state of the system is looked at first.",
        section: "5",
        proof: &[Rule("HP-OBS-010")],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    Requirement {
        id: "004-s5-alerting",
        title: "Alert on downtime",
        statement: "If a service labelled `hy-home.tier: infra` is down, Alertmanager tells Slack.",
        section: "5",
        proof: &[Rule("HP-OBS-005"), Rule("HP-OBS-009"), verify("HP-OBS-005")],
        parent: Some("REQ-SPT-05"),
        ..ROW
    },
    // 6 Acceptance
    Requirement {
        id: "AC-SPEC-01",
        title: "Security audit",
        statement: "The security options of a container made from the templates contain \
                    `no-new-privileges:true`.",
        section: "6",
        proof: &[Rule("HP-SEC-001"), verify("HP-SEC-001")],
        parent: Some("REQ-SPT-10"),
        ..ROW
    },
    Requirement {
        id: "AC-SPEC-02",
        title: "Observability integrity",
        statement: "Five seconds after a crash or a log event, the query `{job=\"infra\", \
                    tier=\"gateway\"}` returns it.",
        section: "6",
        proof: &[Rule("HP-OBS-005"), Rule("HP-OBS-011"), verify("HP-OBS-004"), verify("HP-OBS-005")],
        parent: Some("REQ-SPT-10"),
        ..ROW
    },
    Requirement {
        id: "AC-SPEC-03",
        title: "Resource ceiling",
        statement: "At 80 % CPU load, no baseline service goes above its memory limit.",
        section: "6",
        proof: &[verify("HP-RES-003")],
        parent: Some("REQ-SPT-10"),
        ..ROW
    },
];
