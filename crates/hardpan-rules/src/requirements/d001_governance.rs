//! Document 001, header and governance tables (section 0). Data only.

use super::Priority::Unstated;
use super::Proof::{Process, Rule};
use super::proofs::{ELSEWHERE, HEADER, NOT_APPLICABLE, later, verify};
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
    Requirement {
        id: "001-header",
        title: "Document facts",
        statement: "The document is version 1.0, a draft, owned by the platform architect, and refers to a \
                    product requirements document and an architecture page.",
        section: "header",
        proof: &[HEADER],
        ..ROW
    },
    // 0.1 Architecture and stack
    Requirement {
        id: "001-s0.1-architecture-style",
        title: "Architecture style",
        statement: "The architecture style is decided: Docker Compose from the root only, with modules \
                    included.",
        section: "0.1",
        proof: &[Rule("HP-ORC-001"), Rule("HP-ORC-002"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.1-service-boundaries",
        title: "Service boundaries",
        statement: "Module boundaries are documented: Compose files below `infra/`, by profile and tier.",
        section: "0.1",
        proof: &[Rule("HP-ORC-004"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.1-domain-model",
        title: "Domain model",
        statement: "Entities and their relations would be defined here; an infrastructure baseline has none.",
        section: "0.1",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.1-backend-stack",
        title: "Backend stack",
        statement: "A backend stack would be decided here; the document has none.",
        section: "0.1",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.1-frontend-stack",
        title: "Frontend stack",
        statement: "A frontend stack would be decided here; the document has none.",
        section: "0.1",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    // 0.2 Quality, testing, security
    Requirement {
        id: "001-s0.2-test-strategy",
        title: "Test strategy",
        statement: "The levels of testing are defined: the configuration is validated, and healthchecks \
                    watch it run.",
        section: "0.2",
        proof: &[Rule("HP-ORC-003"), Rule("HP-HLT-001"), verify("HP-HLT-001"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.2-test-tooling",
        title: "Test tooling",
        statement: "The tools of testing are agreed: the configuration check of Docker Compose, and smoke \
                    checks.",
        section: "0.2",
        proof: &[
            Rule("HP-ORC-003"),
            later("HP-DOC-001"),
            Process("the document does not say what a smoke check covers; the platform architect does"),
        ],
        ..ROW
    },
    Requirement {
        id: "001-s0.2-coverage-policy",
        title: "Coverage policy",
        statement: "Coverage goals would stand here as numbers; there are none for infrastructure.",
        section: "0.2",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.2-authn-authz",
        title: "Authentication and authorisation",
        statement: "Single sign-on ends at the gateway and its middlewares; behind it, services rely on the \
                    internal network.",
        section: "0.2",
        proof: &[Rule("HP-NET-004"), Rule("HP-NET-008"), verify("HP-NET-004"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.2-data-protection",
        title: "Data protection",
        statement: "Secrets are files from Docker secrets; none is in an environment variable in the clear.",
        section: "0.2",
        proof: &[Rule("HP-SCR-001"), Rule("HP-SCR-002"), verify("HP-SCR-001"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.2-performance",
        title: "Performance targets",
        statement: "Latency targets would stand here; the document has none.",
        section: "0.2",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.2-accessibility",
        title: "Accessibility",
        statement: "Accessibility targets would stand here; the document has none.",
        section: "0.2",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    // 0.3 Operations
    Requirement {
        id: "001-s0.3-environments",
        title: "Environments",
        statement: "The document is about a local, internal development environment and no other.",
        section: "0.3",
        proof: &[
            later("HP-DOC-001"),
            Process("what a machine is used for cannot be read from its files; the platform architect says"),
        ],
        ..ROW
    },
    Requirement {
        id: "001-s0.3-logging",
        title: "Logging",
        statement: "Logs go through the Loki driver that shared templates configure.",
        section: "0.3",
        proof: &[Rule("HP-OBS-001"), verify("HP-OBS-001"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.3-monitoring",
        title: "Monitoring",
        statement: "Metrics and dashboards are the matter of the observability specification.",
        section: "0.3",
        proof: &[ELSEWHERE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.3-alerts",
        title: "Alerts",
        statement: "Thresholds and routing of alerts are the matter of the observability specification.",
        section: "0.3",
        proof: &[ELSEWHERE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "001-s0.3-backups",
        title: "Backups",
        statement: "Backups are outside what the document covers.",
        section: "0.3",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
];
