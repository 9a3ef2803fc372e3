//! Document 003, compliance, version lock and freeze (sections 2 to 4). Data only.
//!
//! The rows say what version 1.0.0 of the baseline says. A later version of it in a project is compared by the rules
//! that read that project's copy.

use super::Priority::Unstated;
use super::Proof::{Process, Rule};
use super::proofs::later;
use super::{Document, Requirement};

/// What the rows below have in common.
const ROW: Requirement = Requirement {
    id: "",
    title: "",
    statement: "",
    document: Document::D003,
    section: "",
    priority: Unstated,
    proof: &[],
    parent: None,
};

pub(super) const REQUIREMENTS: &[Requirement] = &[
    // 2 Compliance
    Requirement {
        id: "BASE-2-service-boundaries",
        title: "Service boundaries (section 09)",
        statement: "Network policies and the ingress separate the public zone from the internal one.",
        section: "2",
        proof: &[
            Rule("HP-NET-006"),
            later("HP-BAS-007"),
            later("HP-K8S-006"),
            later("HP-K8S-007"),
            later("HP-K8S-011"),
            later("HP-K8S-012"),
        ],
        ..ROW
    },
    Requirement {
        id: "BASE-2-service-scaling",
        title: "Service scaling (section 09)",
        statement: "Each service scales by an autoscaler of its own.",
        section: "2",
        proof: &[later("HP-BAS-007"), later("HP-K8S-009"), later("HP-K8S-010")],
        ..ROW
    },
    Requirement {
        id: "BASE-2-slas",
        title: "Service levels (section 09)",
        statement: "Alert rules watch the targets for the 99th percentile of latency.",
        section: "2",
        proof: &[Rule("HP-OBS-009"), later("HP-BAS-007")],
        ..ROW
    },
    Requirement {
        id: "BASE-2-failure-recovery",
        title: "Failure recovery (section 10)",
        statement: "Readiness and liveness probes check health, and the environment configures circuit \
                    breakers.",
        section: "2",
        proof: &[Rule("HP-DKR-002"), later("HP-BAS-007"), later("HP-K8S-014")],
        ..ROW
    },
    Requirement {
        id: "BASE-2-monitoring",
        title: "Monitoring (section 10)",
        statement: "Prometheus and Grafana show the health of the services.",
        section: "2",
        proof: &[Rule("HP-OBS-007"), later("HP-BAS-007")],
        ..ROW
    },
    Requirement {
        id: "BASE-2-auto-remediation",
        title: "Automatic remediation (section 10)",
        statement: "What crashes or takes too much memory is restarted, by restart policy and resource \
                    limits.",
        section: "2",
        proof: &[later("HP-BAS-007")],
        ..ROW
    },
    Requirement {
        id: "BASE-2-rate-limiting",
        title: "Rate limiting (section 18)",
        statement: "The environment configures the token buckets that limit rates.",
        section: "2",
        proof: &[later("HP-BAS-007"), later("HP-BAS-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-2-security",
        title: "Security (section 19)",
        statement: "Ingress has TLS, containers do not run as root, and network policies isolate them.",
        section: "2",
        proof: &[
            Rule("HP-DKR-001"),
            later("HP-BAS-007"),
            later("HP-K8S-001"),
            later("HP-K8S-002"),
            later("HP-K8S-003"),
            later("HP-K8S-004"),
            later("HP-K8S-005"),
            later("HP-K8S-006"),
            later("HP-K8S-007"),
            later("HP-K8S-008"),
            later("HP-K8S-012"),
            later("HP-K8S-013"),
        ],
        ..ROW
    },
    Requirement {
        id: "BASE-2-test-coverage",
        title: "Gates (section 19)",
        statement: "The test pipeline stops on lints, formatting and failing tests.",
        section: "2",
        proof: &[later("HP-BAS-007"), later("HP-CI-001")],
        ..ROW
    },
    Requirement {
        id: "BASE-2-metric-collection",
        title: "Metric collection (section 19)",
        statement: "No metric is older than a minute; scraping happens every 5 to 15 seconds.",
        section: "2",
        proof: &[Rule("HP-OBS-008"), later("HP-BAS-007")],
        ..ROW
    },
    // 3 Version lock
    Requirement {
        id: "BASE-3-rust",
        title: "Rust builder: version",
        statement: "The image tag of the Rust builder is locked to `1.77-slim-bookworm`.",
        section: "3",
        proof: &[Rule("HP-IMG-002"), later("HP-BAS-008")],
        ..ROW
    },
    Requirement {
        id: "BASE-3-runtime",
        title: "Runtime image: version",
        statement: "The image that services run on is locked to `debian:bookworm-slim`.",
        section: "3",
        proof: &[Rule("HP-IMG-002"), later("HP-BAS-008")],
        ..ROW
    },
    Requirement {
        id: "BASE-3-prometheus",
        title: "Prometheus: version",
        statement: "The version of Prometheus is locked to `v2.51.0`.",
        section: "3",
        proof: &[Rule("HP-IMG-002"), later("HP-BAS-008")],
        ..ROW
    },
    Requirement {
        id: "BASE-3-grafana",
        title: "Grafana: version",
        statement: "The version of Grafana is locked to `10.4.0`.",
        section: "3",
        proof: &[Rule("HP-IMG-002"), later("HP-BAS-008")],
        ..ROW
    },
    Requirement {
        id: "BASE-3-loki",
        title: "Loki: version",
        statement: "The version of Loki is locked to `2.9.6`.",
        section: "3",
        proof: &[Rule("HP-IMG-002"), later("HP-BAS-008")],
        ..ROW
    },
    Requirement {
        id: "BASE-3-promtail",
        title: "Promtail: version",
        statement: "The version of Promtail is locked to `2.9.6`.",
        section: "3",
        proof: &[Rule("HP-IMG-002"), later("HP-BAS-008")],
        ..ROW
    },
    Requirement {
        id: "BASE-3-redis",
        title: "Redis: version",
        statement: "The image tag of Redis is locked to `7-alpine`.",
        section: "3",
        proof: &[Rule("HP-IMG-002"), later("HP-BAS-008")],
        ..ROW
    },
    // 4 Freeze
    Requirement {
        id: "BASE-4-frozen",
        title: "Frozen",
        statement: "From version 1.0.0 on, nothing in the baseline changes except under the three \
                    conditions that follow.",
        section: "4",
        proof: &[later("HP-BAS-009")],
        ..ROW
    },
    Requirement {
        id: "BASE-4-version",
        title: "Version",
        statement: "A change raises the version of the document.",
        section: "4",
        proof: &[later("HP-BAS-009")],
        ..ROW
    },
    Requirement {
        id: "BASE-4-review",
        title: "Review",
        statement: "The owner of the infrastructure has reviewed the pull request of a change.",
        section: "4",
        proof: &[
            later("HP-BAS-009"),
            Process("a file can name the owner, but that somebody has read a change only the owner can say"),
        ],
        ..ROW
    },
    Requirement {
        id: "BASE-4-ci",
        title: "Checks",
        statement: "Every check of the pipeline passes on a change.",
        section: "4",
        proof: &[later("HP-BAS-009"), later("HP-CI-001")],
        ..ROW
    },
];
