//! Document 001, optimisation and hardening of the Compose stack: sections 1 to 9. Data only.

use super::Priority::{Critical, High, Unstated};
use super::Proof::{Planned, Process, Rule};
use super::proofs::{SCOPE, VERIFY, later, verify};
use super::{Document, Requirement};

/// What the rows below have in common.
const ROW: Requirement = Requirement {
    id: "",
    title: "",
    statement: "",
    document: Document::D001,
    section: "",
    priority: Unstated,
    proof: &[],
    parent: None,
};

pub(super) const REQUIREMENTS: &[Requirement] = &[
    // 1 Overview
    Requirement {
        id: "001-s1-scope",
        title: "Scope",
        statement: "The document sets the common standards of hardening and optimisation for the Compose \
                    stack.",
        section: "1",
        proof: &[SCOPE],
        ..ROW
    },
    Requirement {
        id: "001-s1-root-only",
        title: "One root",
        statement: "The stack is orchestrated from the root file alone, which includes the modules.",
        section: "1",
        proof: &[Rule("HP-ORC-001"), Rule("HP-ORC-002")],
        ..ROW
    },
    Requirement {
        id: "001-s1-security-baseline",
        title: "Security baseline",
        statement: "Services share one baseline: no new privileges, no capabilities, an init process.",
        section: "1",
        proof: &[
            Rule("HP-SEC-001"),
            Rule("HP-SEC-002"),
            Rule("HP-SEC-004"),
            Rule("HP-SEC-015"),
            verify("HP-SEC-001"),
            verify("HP-SEC-002"),
            verify("HP-SEC-004"),
        ],
        ..ROW
    },
    Requirement {
        id: "001-s1-resource-bounds",
        title: "Resource bounds",
        statement: "Resource bounds come from templates that services share.",
        section: "1",
        proof: &[Rule("HP-RES-001"), Rule("HP-RES-002"), verify("HP-RES-001")],
        ..ROW
    },
    Requirement {
        id: "001-s1-logging",
        title: "Central logging",
        statement: "Logs go to Loki, by a driver configuration kept in `infra/common-optimizations.yml`.",
        section: "1",
        proof: &[Rule("HP-OBS-001"), verify("HP-OBS-001")],
        ..ROW
    },
    // 2 Coded requirements
    Requirement {
        id: "REQ-SPC-OPT-001",
        title: "Single entry point",
        statement: "No Compose file but the root `docker-compose.yml` is a supported way in.",
        section: "2",
        priority: High,
        proof: &[Rule("HP-ORC-002")],
        parent: Some("REQ-PRD-SYS-FUN-04"),
        ..ROW
    },
    Requirement {
        id: "REQ-SPC-OPT-002",
        title: "Resource bounds from templates",
        statement: "A service that keeps running has resource bounds, and they come from a shared template.",
        section: "2",
        priority: High,
        proof: &[Rule("HP-RES-001"), Rule("HP-RES-002"), verify("HP-RES-001")],
        parent: Some("REQ-PRD-SYS-FUN-01"),
        ..ROW
    },
    Requirement {
        id: "SEC-SPC-OPT-001",
        title: "Hardened by default",
        statement: "Unless excepted, a service cannot gain privileges and has no Linux capabilities.",
        section: "2",
        priority: Critical,
        proof: &[
            Rule("HP-SEC-001"),
            Rule("HP-SEC-002"),
            Rule("HP-SEC-003"),
            Rule("HP-SEC-004"),
            Rule("HP-SEC-005"),
            verify("HP-SEC-001"),
            verify("HP-SEC-002"),
            verify("HP-SEC-004"),
            verify("HP-SEC-005"),
        ],
        parent: Some("REQ-PRD-SYS-FUN-01"),
        ..ROW
    },
    Requirement {
        id: "REQ-SPC-OPT-003",
        title: "Names instead of addresses",
        statement: "Services find each other by the names that Docker resolves; no address is fixed.",
        section: "2",
        priority: High,
        proof: &[Rule("HP-NET-001"), Rule("HP-NET-002"), Rule("HP-NET-003"), verify("HP-NET-001")],
        parent: Some("REQ-PRD-SYS-FUN-05"),
        ..ROW
    },
    Requirement {
        id: "REQ-SPC-OPT-004",
        title: "Secrets as files",
        statement: "Secrets come into a container as the files of Docker secrets.",
        section: "2",
        priority: Critical,
        proof: &[
            Rule("HP-SCR-001"),
            Rule("HP-SCR-002"),
            Rule("HP-SCR-005"),
            Rule("HP-SCR-006"),
            Rule("HP-DKR-006"),
            verify("HP-SCR-001"),
            verify("HP-SCR-006"),
            later("HP-K8S-013"),
        ],
        ..ROW
    },
    // 3 Storage
    Requirement {
        id: "001-s3-data-root",
        title: "State on the host",
        statement: "Services with state keep it on the host, below `DEFAULT_MOUNT_VOLUME_PATH`.",
        section: "3",
        proof: &[Rule("HP-ORC-008")],
        ..ROW
    },
    Requirement {
        id: "001-s3-state-format",
        title: "State format",
        statement: "A template gives defaults and bounds; it never changes how a service stores its state.",
        section: "3",
        proof: &[Process(
            "only the image knows what an option does to stored data; the reviewer of a template decides",
        )],
        ..ROW
    },
    // 4 Interfaces
    Requirement {
        id: "001-s4.1-templates",
        title: "Shared templates",
        statement: "Security and resource templates live in `infra/common-optimizations.yml`, and services \
                    extend them.",
        section: "4.1",
        proof: &[Rule("HP-SEC-015"), Rule("HP-RES-002")],
        ..ROW
    },
    Requirement {
        id: "001-s4.2-gateway",
        title: "Access control at the gateway",
        statement: "Who may come in from outside is decided at the gateway.",
        section: "4.2",
        proof: &[Rule("HP-NET-007"), Rule("HP-NET-008"), verify("HP-NET-007")],
        ..ROW
    },
    Requirement {
        id: "001-s4.2-middleware",
        title: "No assumed protection",
        statement: "An internal service counts as protected only where a middleware is configured for it \
                    and documented.",
        section: "4.2",
        proof: &[
            Rule("HP-NET-008"),
            Process("whether the documentation of a middleware says enough, the platform architect decides"),
        ],
        ..ROW
    },
    // 5 Components
    Requirement {
        id: "001-s5-templates-file",
        title: "Template file",
        statement: "`infra/common-optimizations.yml` holds the templates for security, resources and \
                    logging.",
        section: "5",
        proof: &[Rule("HP-SEC-015"), Rule("HP-RES-002"), Rule("HP-OBS-001"), verify("HP-OBS-001")],
        ..ROW
    },
    Requirement {
        id: "001-s5-root-file",
        title: "Root file",
        statement: "The root `docker-compose.yml` includes, and declares the networks and secrets that \
                    modules share.",
        section: "5",
        proof: &[Rule("HP-ORC-001"), Rule("HP-ORC-002"), Rule("HP-ORC-003")],
        ..ROW
    },
    // 6 Errors
    Requirement {
        id: "001-s6-loki-driver",
        title: "Missing Loki driver",
        statement: "Services on the Loki driver do not start on a host without it, so the host has it \
                    before they are enabled.",
        section: "6",
        proof: &[
            Rule("HP-OBS-002"),
            Rule("HP-OBS-003"),
            Planned {
                by: "the log drivers that the container engine lists before a service on `loki` starts",
                why: "the preflight of `hardpan up`, which asks the engine, is not built yet",
            },
        ],
        ..ROW
    },
    Requirement {
        id: "001-s6-exceptions",
        title: "Exceptions from hardening",
        statement: "Where hardening is too strict for a service with state, the exception is documented for \
                    that service, with its rationale and a link to a decision.",
        section: "6",
        proof: &[
            Rule("HP-SEC-003"),
            Rule("HP-SEC-016"),
            Rule("HP-WVR-001"),
            Rule("HP-WVR-002"),
            Rule("HP-WVR-003"),
        ],
        ..ROW
    },
    // 7 Verification
    Requirement {
        id: "VAL-OPT-001",
        title: "The project resolves",
        statement: "With the example environment, Docker Compose accepts the configuration.",
        section: "7",
        proof: &[Rule("HP-ORC-003")],
        ..ROW
    },
    Requirement {
        id: "VAL-OPT-002",
        title: "The profile matrix resolves",
        statement: "The configuration is also accepted for the profiles core, data and obs, alone and with \
                    each of ai, messaging, workflow and tooling.",
        section: "7",
        proof: &[Rule("HP-ORC-004")],
        ..ROW
    },
    // 8 Non-functional requirements
    Requirement {
        id: "001-s8-stability",
        title: "Deterministic start",
        statement: "Healthchecks and stated dependency conditions make the order of the start deterministic.",
        section: "8",
        proof: &[Rule("HP-HLT-001"), Rule("HP-HLT-002"), Rule("HP-HLT-003"), verify("HP-HLT-001")],
        ..ROW
    },
    Requirement {
        id: "001-s8-portability",
        title: "Portable addressing",
        statement: "The stack runs from the root only, and finds its parts by name wherever it runs.",
        section: "8",
        proof: &[
            Rule("HP-ORC-002"),
            Rule("HP-NET-001"),
            Rule("HP-NET-002"),
            Rule("HP-NET-003"),
            Rule("HP-NET-004"),
            Rule("HP-NET-005"),
            verify("HP-NET-001"),
            verify("HP-NET-004"),
        ],
        ..ROW
    },
    // 9 Operations
    Requirement {
        id: "001-s9-logging",
        title: "One logging configuration",
        statement: "The configuration of the Loki driver is the same everywhere.",
        section: "9",
        proof: &[Rule("HP-OBS-001"), verify("HP-OBS-001")],
        ..ROW
    },
    Requirement {
        id: "001-s9-secrets",
        title: "Secrets stay secret",
        statement: "Secrets come in below `/run/secrets` only, and nothing prints them.",
        section: "9",
        proof: &[
            Rule("HP-SCR-003"),
            Rule("HP-SCR-004"),
            verify("HP-SCR-003"),
            Planned { by: "a sample of each container's log against its secret files, by hash", why: VERIFY },
        ],
        ..ROW
    },
];
