//! Document 002, init containers and provisioning: sections 1 to 9. Data only.

use super::Priority::{Critical, High, Unstated};
use super::Proof::{Planned, Rule};
use super::proofs::{SCOPE, VERIFY, verify};
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
    // 1 Overview
    Requirement {
        id: "002-s1-scope",
        title: "Scope",
        statement: "The document is about containers that make buckets, users and topics at boot, so that \
                    what needs them starts deterministically.",
        section: "1",
        proof: &[SCOPE],
        ..ROW
    },
    Requirement {
        id: "002-s1-idempotent",
        title: "Idempotent provisioning",
        statement: "Provisioning a second time changes nothing.",
        section: "1",
        proof: &[Rule("HP-INI-006"), verify("HP-INI-006")],
        ..ROW
    },
    Requirement {
        id: "002-s1-restart",
        title: "A container that runs once",
        statement: "Provisioning has a container of its own, and that is never restarted.",
        section: "1",
        proof: &[Rule("HP-INI-001"), verify("HP-INI-001")],
        ..ROW
    },
    Requirement {
        id: "002-s1-gate",
        title: "Gated on health",
        statement: "Provisioning begins when the services it depends on are healthy.",
        section: "1",
        proof: &[Rule("HP-INI-002")],
        ..ROW
    },
    // 2 Coded requirements
    Requirement {
        id: "REQ-SPC-AUTO-001",
        title: "Safe to run again",
        statement: "An init container may run any number of times without harm.",
        section: "2",
        priority: High,
        proof: &[Rule("HP-INI-006"), verify("HP-INI-006")],
        parent: Some("REQ-PRD-AUTO-FUN-01"),
        ..ROW
    },
    Requirement {
        id: "REQ-SPC-AUTO-002",
        title: "Fails fast",
        statement: "If what it waits for does not come up, an init container ends soon and with a non-zero \
                    exit code.",
        section: "2",
        priority: High,
        proof: &[Rule("HP-INI-003"), Rule("HP-INI-004"), verify("HP-INI-003")],
        parent: Some("REQ-PRD-AUTO-FUN-01"),
        ..ROW
    },
    Requirement {
        id: "SEC-SPC-AUTO-001",
        title: "Credentials as secrets",
        statement: "Provisioning gets its credentials as Docker secrets, never in the clear from the \
                    environment.",
        section: "2",
        priority: Critical,
        proof: &[Rule("HP-SCR-001"), Rule("HP-SCR-002"), Rule("HP-SCR-007"), verify("HP-SCR-001")],
        ..ROW
    },
    Requirement {
        id: "REQ-SPC-AUTO-003",
        title: "Names instead of addresses",
        statement: "Provisioning reaches its services by name; no address is written into it.",
        section: "2",
        priority: High,
        proof: &[Rule("HP-NET-001"), Rule("HP-NET-002"), verify("HP-NET-001")],
        ..ROW
    },
    // 3 Storage
    Requirement {
        id: "002-s3-read-only",
        title: "Read-only inputs",
        statement: "Scripts and configuration for provisioning belong to the stack that runs them and are \
                    mounted read-only.",
        section: "3",
        proof: &[Rule("HP-INI-007"), Rule("HP-SEC-012"), verify("HP-INI-007"), verify("HP-SEC-012")],
        ..ROW
    },
    Requirement {
        id: "002-s3-stateless",
        title: "No state",
        statement: "An init container leaves nothing behind; its exit code and its log are the only signs \
                    of success.",
        section: "3",
        proof: &[Rule("HP-INI-007"), verify("HP-INI-007"), verify("HP-INI-008")],
        ..ROW
    },
    // 4 Interfaces
    Requirement {
        id: "002-s4.1-readiness",
        title: "Readiness",
        statement: "Readiness is known from healthchecks and, where these are not enough, from a waiting \
                    loop.",
        section: "4.1",
        proof: &[Rule("HP-HLT-001"), Rule("HP-HLT-002"), Rule("HP-HLT-003"), verify("HP-HLT-001")],
        ..ROW
    },
    Requirement {
        id: "002-s4.1-secrets",
        title: "Secrets",
        statement: "A provisioning step reads its secrets from their files below `/run/secrets`.",
        section: "4.1",
        proof: &[Rule("HP-SCR-005")],
        ..ROW
    },
    Requirement {
        id: "002-s4.1-connectivity",
        title: "Connectivity",
        statement: "A provisioning step connects by service name and port on `infra_net`.",
        section: "4.1",
        proof: &[Rule("HP-NET-004"), Rule("HP-NET-005"), verify("HP-NET-004")],
        ..ROW
    },
    // 5 Components
    Requirement {
        id: "002-s5-minio-create-buckets",
        title: "Buckets",
        statement: "`minio-create-buckets` is defined in `infra/04-data/minio/docker-compose.yml`.",
        section: "5",
        proof: &[Rule("HP-INI-010")],
        ..ROW
    },
    Requirement {
        id: "002-s5-valkey-cluster-init",
        title: "Valkey cluster",
        statement: "`valkey-cluster-init` is defined in `infra/04-data/valkey-cluster/docker-compose.yml`.",
        section: "5",
        proof: &[Rule("HP-INI-010")],
        ..ROW
    },
    Requirement {
        id: "002-s5-kafka-init",
        title: "Kafka topics",
        statement: "`kafka-init` is defined in `infra/05-messaging/kafka/docker-compose.yml`.",
        section: "5",
        proof: &[Rule("HP-INI-010")],
        ..ROW
    },
    Requirement {
        id: "002-s5-mng-pg-init",
        title: "Management database",
        statement: "`mng-pg-init` is defined in `infra/04-data/mng-db/docker-compose.yml`.",
        section: "5",
        proof: &[Rule("HP-INI-010")],
        ..ROW
    },
    Requirement {
        id: "002-s5-pg-cluster-init",
        title: "PostgreSQL cluster",
        statement: "`pg-cluster-init` is defined in `infra/04-data/postgresql-cluster/docker-compose.yml`.",
        section: "5",
        proof: &[Rule("HP-INI-010")],
        ..ROW
    },
    // 6 Errors
    Requirement {
        id: "002-s6-never-ready",
        title: "A service that never becomes ready",
        statement: "If a service never becomes ready, its init container fails, and what depends on that \
                    stays blocked.",
        section: "6",
        proof: &[Rule("HP-INI-003"), Rule("HP-INI-009"), verify("HP-INI-003")],
        ..ROW
    },
    Requirement {
        id: "002-s6-partial",
        title: "Provisioning that stopped half-way",
        statement: "Provisioning that stopped half-way is completed by running it again: every creation \
                    accepts what is there.",
        section: "6",
        proof: &[Rule("HP-INI-006"), verify("HP-INI-006")],
        ..ROW
    },
    // 7 Verification
    Requirement {
        id: "VAL-AUTO-001",
        title: "The project resolves",
        statement: "With the example environment, Docker Compose accepts the configuration.",
        section: "7",
        proof: &[Rule("HP-ORC-003")],
        ..ROW
    },
    Requirement {
        id: "VAL-AUTO-002",
        title: "Init containers have succeeded",
        statement: "After the start, the container list and the logs show that every init container \
                    finished with success.",
        section: "7",
        proof: &[verify("HP-INI-008")],
        ..ROW
    },
    // 8 Non-functional requirements
    Requirement {
        id: "002-s8-determinism",
        title: "Signals instead of delays",
        statement: "The order of provisioning follows from readiness, never from a fixed delay alone.",
        section: "8",
        proof: &[Rule("HP-INI-002"), Rule("HP-INI-005")],
        ..ROW
    },
    Requirement {
        id: "002-s8-portability",
        title: "Portable addressing",
        statement: "Inside the stack everything is reached by name, and no address is taken for granted.",
        section: "8",
        proof: &[Rule("HP-NET-001"), Rule("HP-NET-002"), verify("HP-NET-001")],
        ..ROW
    },
    // 9 Operations
    Requirement {
        id: "002-s9-logging",
        title: "Logs of init containers",
        statement: "An init container logs briefly and so that a reader can act on it, to Loki where that \
                    is supported.",
        section: "9",
        proof: &[Rule("HP-INI-012")],
        ..ROW
    },
    Requirement {
        id: "002-s9-secrets",
        title: "Secrets stay secret",
        statement: "A script reads a secret into a variable and lets it go nowhere else.",
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
