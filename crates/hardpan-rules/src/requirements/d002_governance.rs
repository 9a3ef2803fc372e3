//! Document 002, header and governance tables (section 0). Data only.

use super::Priority::Unstated;
use super::Proof::{Process, Rule};
use super::proofs::{ELSEWHERE, HEADER, NOT_APPLICABLE, later, verify};
use super::{Document, Requirement};

/// What the rows below have in common.
const ROW: Requirement = Requirement {
    id: "",
    title: "",
    statement: "",
    document: Document::D002,
    section: "",
    priority: Unstated,
    proof: &[],
    parent: None,
};

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "002-header",
        title: "Document facts",
        statement: "The document is version 1.0, a draft, owned by the platform architect, and refers to a \
                    product requirements document and an architecture page.",
        section: "header",
        proof: &[HEADER],
        ..ROW
    },
    // 0.1 Architecture and stack
    Requirement {
        id: "002-s0.1-architecture-style",
        title: "Architecture style",
        statement: "The architecture style is decided: Docker Compose from the root only, with init and \
                    sidecar containers.",
        section: "0.1",
        proof: &[Rule("HP-ORC-002"), Rule("HP-INI-010"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.1-service-boundaries",
        title: "Service boundaries",
        statement: "An init container is defined beside the service that it provisions.",
        section: "0.1",
        proof: &[Rule("HP-INI-010"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.1-domain-model",
        title: "Domain model",
        statement: "Entities and their relations would be defined here; infrastructure automation has none.",
        section: "0.1",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.1-backend-stack",
        title: "Backend stack",
        statement: "A backend stack would be decided here; the document has none.",
        section: "0.1",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.1-frontend-stack",
        title: "Frontend stack",
        statement: "A frontend stack would be decided here; the document has none.",
        section: "0.1",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    // 0.2 Quality, testing, security
    Requirement {
        id: "002-s0.2-test-strategy",
        title: "Test strategy",
        statement: "The levels of testing are defined: validated configuration, exit codes of init \
                    containers, and healthchecks.",
        section: "0.2",
        proof: &[
            Rule("HP-ORC-003"),
            Rule("HP-HLT-001"),
            verify("HP-HLT-001"),
            verify("HP-INI-008"),
            later("HP-DOC-001"),
        ],
        ..ROW
    },
    Requirement {
        id: "002-s0.2-test-tooling",
        title: "Test tooling",
        statement: "The tools of testing are agreed: the configuration check of Docker Compose, its list of \
                    containers, and logs.",
        section: "0.2",
        proof: &[Rule("HP-ORC-003"), verify("HP-INI-008"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.2-coverage-policy",
        title: "Coverage policy",
        statement: "Coverage goals would stand here as numbers; there are none for infrastructure.",
        section: "0.2",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.2-authn-authz",
        title: "Least privilege",
        statement: "An init container uses credentials with the fewest rights that do, from Docker secrets \
                    where it needs any.",
        section: "0.2",
        proof: &[
            Rule("HP-SCR-001"),
            Rule("HP-SCR-005"),
            verify("HP-SCR-001"),
            later("HP-DOC-001"),
            Process("which rights are the fewest that do, the owner of the provisioned service decides"),
        ],
        ..ROW
    },
    Requirement {
        id: "002-s0.2-data-protection",
        title: "Data protection",
        statement: "Every credential is mounted as a secret below `/run/secrets`.",
        section: "0.2",
        proof: &[
            Rule("HP-SCR-001"),
            Rule("HP-SCR-002"),
            Rule("HP-SCR-005"),
            verify("HP-SCR-001"),
            later("HP-DOC-001"),
        ],
        ..ROW
    },
    Requirement {
        id: "002-s0.2-performance",
        title: "Performance targets",
        statement: "Latency targets would stand here; the document has none.",
        section: "0.2",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.2-accessibility",
        title: "Accessibility",
        statement: "Accessibility targets would stand here; the document has none.",
        section: "0.2",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    // 0.3 Operations
    Requirement {
        id: "002-s0.3-environments",
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
        id: "002-s0.3-logging",
        title: "Logging",
        statement: "Init containers log clearly, through the Loki driver where it is supported.",
        section: "0.3",
        proof: &[Rule("HP-INI-012"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.3-monitoring",
        title: "Monitoring",
        statement: "Dashboards are the matter of the observability specification; exit codes and logs show \
                    whether an init container succeeded.",
        section: "0.3",
        proof: &[ELSEWHERE, verify("HP-INI-008"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.3-alerts",
        title: "Alerts",
        statement: "Alerts do not apply here; the observability specification has them.",
        section: "0.3",
        proof: &[NOT_APPLICABLE, later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "002-s0.3-backups",
        title: "Backups",
        statement: "Backups do not apply: an init container keeps no state.",
        section: "0.3",
        proof: &[NOT_APPLICABLE, Rule("HP-INI-007"), verify("HP-INI-007"), later("HP-DOC-001")],
        ..ROW
    },
];
