//! Document 000, the bootstrap baseline. Data only.

use super::Priority::{Critical, High, Unstated};
use super::Proof::{Process, Rule};
use super::proofs::{HEADER, SCOPE, later, verify};
use super::{Document, Requirement};

/// What the rows below have in common.
const ROW: Requirement = Requirement {
    id: "",
    title: "",
    statement: "",
    document: Document::D000,
    section: "",
    priority: Unstated,
    proof: &[],
    parent: None,
};

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "000-header",
        title: "Document facts",
        statement: "The document is version 1.0, validated, owned by the infrastructure architect, and \
                    refers to a product requirements document and an architecture document.",
        section: "header",
        proof: &[HEADER],
        ..ROW
    },
    // 0.1 Architecture and stack
    Requirement {
        id: "000-s0.1-architecture-style",
        title: "Architecture style",
        statement: "The architecture style is decided: Compose files in modules.",
        section: "0.1",
        proof: &[Rule("HP-ORC-001"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "000-s0.1-service-boundaries",
        title: "Service boundaries",
        statement: "Module boundaries are documented: one folder per tier.",
        section: "0.1",
        proof: &[
            later("HP-BAS-001"),
            later("HP-DOC-001"),
            Process("whether a tier is the right boundary, the infrastructure architect decides"),
        ],
        ..ROW
    },
    Requirement {
        id: "000-s0.1-backend-stack",
        title: "Backend stack",
        statement: "The backend stack is decided: Docker Compose.",
        section: "0.1",
        proof: &[Rule("HP-ORC-003"), later("HP-DOC-001")],
        ..ROW
    },
    // 0.2 Quality, testing, security
    Requirement {
        id: "000-s0.2-test-strategy",
        title: "Test strategy",
        statement: "The levels of testing are defined: the bootstrap is tested as section 7 says.",
        section: "0.2",
        proof: &[Rule("HP-ORC-003"), Rule("HP-ORC-005"), verify("HP-ORC-005"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "000-s0.2-authn-authz",
        title: "Authentication and authorisation",
        statement: "The way of authenticating is designed: credentials are Docker secrets.",
        section: "0.2",
        proof: &[Rule("HP-SCR-006"), verify("HP-SCR-006"), later("HP-DOC-001")],
        ..ROW
    },
    Requirement {
        id: "000-s0.2-data-protection",
        title: "Data protection",
        statement: "Sensitive data has an access policy: it is mounted as a secret.",
        section: "0.2",
        proof: &[Rule("HP-SCR-001"), Rule("HP-SCR-005"), verify("HP-SCR-001"), later("HP-DOC-001")],
        ..ROW
    },
    // 1 Overview
    Requirement {
        id: "000-s1-scope",
        title: "Scope",
        statement: "The document is about setting up and hardening the primary infrastructure engine.",
        section: "1",
        proof: &[SCOPE],
        ..ROW
    },
    Requirement {
        id: "000-s1-component-boundary",
        title: "Component boundary",
        statement: "The root orchestrates, and what starts a tier lies with the tier.",
        section: "1",
        proof: &[
            Rule("HP-ORC-001"),
            Process("which logic belongs to a tier is a design question for the infrastructure architect"),
        ],
        ..ROW
    },
    Requirement {
        id: "000-s1-key-dependencies",
        title: "Certificates and environment file",
        statement: "The project depends on the certificates below `secrets/certs` and on one `.env` file.",
        section: "1",
        proof: &[Rule("HP-ORC-005"), verify("HP-ORC-005")],
        ..ROW
    },
    Requirement {
        id: "000-s1-compose-version",
        title: "Compose version floor",
        statement: "Docker Compose 2.20 or newer is enough for every feature the project uses.",
        section: "1",
        proof: &[Rule("HP-ORC-006")],
        ..ROW
    },
    Requirement {
        id: "000-s1-file-format",
        title: "Compose file format",
        statement: "Compose files follow the 3.8 file format, which a file without the obsolete `version` \
                    key does too.",
        section: "1",
        proof: &[Rule("HP-ORC-003"), Rule("HP-ORC-006")],
        ..ROW
    },
    // 2 Coded requirements
    Requirement {
        id: "REQ-BSL-01",
        title: "Registry integrity",
        statement: "Every module below `infra/` is registered in the root `docker-compose.yml`.",
        section: "2",
        priority: Critical,
        proof: &[Rule("HP-ORC-001")],
        parent: Some("REQ-PRD-FUN-01"),
        ..ROW
    },
    Requirement {
        id: "REQ-BSL-02",
        title: "One log driver",
        statement: "Services of the system log through the `loki` driver, with options that work and \
                    without a loop.",
        section: "2",
        priority: Critical,
        proof: &[Rule("HP-OBS-001"), Rule("HP-OBS-002"), Rule("HP-OBS-003"), verify("HP-OBS-001")],
        parent: Some("REQ-PRD-FUN-05"),
        ..ROW
    },
    Requirement {
        id: "REQ-BSL-03",
        title: "Secrets only as Docker secrets",
        statement: "A credential that lives longer than a process reaches it as a Docker secret and in no \
                    other way.",
        section: "2",
        priority: High,
        proof: &[
            Rule("HP-SCR-001"),
            Rule("HP-SCR-002"),
            Rule("HP-SCR-003"),
            Rule("HP-SCR-004"),
            Rule("HP-SCR-005"),
            Rule("HP-SCR-006"),
            Rule("HP-SCR-007"),
            Rule("HP-SCR-008"),
            Rule("HP-SCR-009"),
            Rule("HP-DKR-006"),
            verify("HP-SCR-001"),
            verify("HP-SCR-003"),
            verify("HP-SCR-006"),
        ],
        parent: Some("REQ-PRD-FUN-03"),
        ..ROW
    },
    // 3 Storage
    Requirement {
        id: "000-s3-volumes",
        title: "Volumes per tier",
        statement: "Persistent data of a tier has volumes of its own.",
        section: "3",
        proof: &[Rule("HP-ORC-007")],
        ..ROW
    },
    Requirement {
        id: "000-s3-data-root",
        title: "Data root",
        statement: "Volumes are bound to local folders below `DEFAULT_DATA_DIR`.",
        section: "3",
        proof: &[Rule("HP-ORC-008")],
        ..ROW
    },
    Requirement {
        id: "000-s3-migration",
        title: "Migration in place",
        statement: "Existing data is migrated where it lies, by bringing its paths into the common form.",
        section: "3",
        proof: &[
            Rule("HP-ORC-008"),
            Process("a migration happens once, on a machine; the operator who runs it confirms the result"),
        ],
        ..ROW
    },
    // 4 Interfaces
    Requirement {
        id: "000-s4-ingress",
        title: "External interface",
        statement: "The outside reaches the stack through Traefik's encrypted entry point.",
        section: "4",
        proof: &[Rule("HP-NET-007"), verify("HP-NET-007")],
        ..ROW
    },
    Requirement {
        id: "000-s4-infra-net",
        title: "Internal interface",
        statement: "Services talk to each other on the isolated network `infra_net`.",
        section: "4",
        proof: &[Rule("HP-NET-004"), verify("HP-NET-004")],
        ..ROW
    },
    // 5 Components
    Requirement {
        id: "000-s5-root",
        title: "Root file",
        statement: "There is a root `docker-compose.yml`, and it is the way in.",
        section: "5",
        proof: &[Rule("HP-ORC-002"), later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "000-s5-gateway",
        title: "Gateway folder",
        statement: "Ingress and routing lie in `infra/01-gateway/`.",
        section: "5",
        proof: &[later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "000-s5-data",
        title: "Data folder",
        statement: "The clusters that hold state lie in `infra/04-data/`.",
        section: "5",
        proof: &[later("HP-BAS-001")],
        ..ROW
    },
    // 6 Errors
    Requirement {
        id: "000-s6-prerequisites",
        title: "Missing prerequisites",
        statement: "If a prerequisite is missing, the bootstrap ends with an error status.",
        section: "6",
        proof: &[Rule("HP-ORC-005"), verify("HP-ORC-005")],
        ..ROW
    },
    Requirement {
        id: "000-s6-secret-conflict",
        title: "Conflicting secret mounts",
        statement: "A container whose secrets cannot be mounted counts as unhealthy.",
        section: "6",
        proof: &[verify("HP-HLT-005")],
        ..ROW
    },
    // 7 Verification
    Requirement {
        id: "VAL-BSL-01",
        title: "The flattened project is complete",
        statement: "Resolving the root file yields the services of every module.",
        section: "7",
        proof: &[Rule("HP-ORC-001"), Rule("HP-ORC-003")],
        parent: Some("REQ-SPT-10"),
        ..ROW
    },
    Requirement {
        id: "VAL-BSL-02",
        title: "Bootstrap without inputs",
        statement: "Without `.env`, or with an empty `secrets/`, nothing starts and the message says what \
                    is missing.",
        section: "7",
        proof: &[Rule("HP-ORC-005"), Rule("HP-SCR-008"), verify("HP-ORC-005")],
        parent: Some("REQ-SPT-10"),
        ..ROW
    },
    Requirement {
        id: "VAL-BSL-03",
        title: "The log driver in the container",
        statement: "Inspecting a container of a first-tier service shows the log type `loki`.",
        section: "7",
        proof: &[Rule("HP-OBS-001"), verify("HP-OBS-001")],
        parent: Some("REQ-SPT-10"),
        ..ROW
    },
    // 8 Non-functional requirements
    Requirement {
        id: "000-s8-bootstrap-time",
        title: "Bootstrap time",
        statement: "The first start from nothing is finished in less than ten minutes.",
        section: "8",
        proof: &[verify("HP-ORC-009")],
        ..ROW
    },
    Requirement {
        id: "000-s8-vulnerabilities",
        title: "Vulnerabilities",
        statement: "The base images to begin with have no critical vulnerability.",
        section: "8",
        proof: &[verify("HP-IMG-001")],
        ..ROW
    },
    // 9 Operations
    Requirement {
        id: "000-s9-secrets",
        title: "Secrets at run time",
        statement: "Docker's secret mechanism hands secrets to containers when they start.",
        section: "9",
        proof: &[Rule("HP-SCR-006"), Rule("HP-SCR-009"), verify("HP-SCR-006")],
        ..ROW
    },
    Requirement {
        id: "000-s9-health",
        title: "Health",
        statement: "Each service has a healthcheck of its own that watches it from inside.",
        section: "9",
        proof: &[Rule("HP-HLT-001"), verify("HP-HLT-001")],
        ..ROW
    },
];
