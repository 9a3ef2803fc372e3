//! Document 003, header and inventory (section 1). Data only.
//!
//! The rows say what version 1.0.0 of the baseline says. A later version of it in a project is compared by the rules
//! that read that project's copy.

use super::Priority::Unstated;
use super::Proof::Rule;
use super::proofs::{HEADER, later};
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
    Requirement {
        id: "BASE-header",
        title: "Document facts",
        statement: "The baseline is version 1.0.0 of 2026-02-23, issued by the infrastructure phase, and \
                    its status is frozen.",
        section: "header",
        proof: &[HEADER, later("HP-BAS-009")],
        ..ROW
    },
    // 1.1 Dockerfiles
    Requirement {
        id: "BASE-1.1-gateway",
        title: "Gateway: Dockerfile",
        statement: "`infra/docker/Dockerfile.gateway` builds on `rust:1.77-slim-bookworm`, runs on \
                    `debian:bookworm-slim` and serves port 8080.",
        section: "1.1",
        proof: &[later("HP-BAS-001"), later("HP-BAS-002")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.1-matching-engine",
        title: "Matching engine: Dockerfile",
        statement: "`infra/docker/Dockerfile.matching-engine` builds on `rust:1.77-slim-bookworm`, runs on \
                    `debian:bookworm-slim` and serves port 8081.",
        section: "1.1",
        proof: &[later("HP-BAS-001"), later("HP-BAS-002")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.1-market-data",
        title: "Market data: Dockerfile",
        statement: "`infra/docker/Dockerfile.market-data` builds on `rust:1.77-slim-bookworm`, runs on \
                    `debian:bookworm-slim` and serves port 8082.",
        section: "1.1",
        proof: &[later("HP-BAS-001"), later("HP-BAS-002")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.1-risk-engine",
        title: "Risk engine: Dockerfile",
        statement: "`infra/docker/Dockerfile.risk-engine` builds on `rust:1.77-slim-bookworm`, runs on \
                    `debian:bookworm-slim` and serves port 8083.",
        section: "1.1",
        proof: &[later("HP-BAS-001"), later("HP-BAS-002")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.1-persistence",
        title: "Persistence: Dockerfile",
        statement: "`infra/docker/Dockerfile.persistence` builds on `rust:1.77-slim-bookworm`, runs on \
                    `debian:bookworm-slim` and serves port 8084.",
        section: "1.1",
        proof: &[later("HP-BAS-001"), later("HP-BAS-002")],
        ..ROW
    },
    // 1.2 Docker Compose
    Requirement {
        id: "BASE-1.2-file",
        title: "Compose file",
        statement: "The exchange is defined in `infra/docker-compose.yml`.",
        section: "1.2",
        proof: &[later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.2-services",
        title: "Compose services",
        statement: "The exchange's Compose file has the five services of the exchange, Redis, Prometheus, \
                    Grafana, Loki and Promtail.",
        section: "1.2",
        proof: &[later("HP-BAS-003")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.2-dex-dmz",
        title: "Public network",
        statement: "The network `dex-dmz` is the public one.",
        section: "1.2",
        proof: &[Rule("HP-NET-006"), later("HP-BAS-003")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.2-dex-internal",
        title: "Private network",
        statement: "The network `dex-internal` is closed to the outside.",
        section: "1.2",
        proof: &[Rule("HP-NET-006"), later("HP-BAS-003")],
        ..ROW
    },
    // 1.3 Kubernetes manifests
    Requirement {
        id: "BASE-1.3-namespace",
        title: "Namespace",
        statement: "`infra/k8s/namespace.yml` defines the namespace.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.3-gateway",
        title: "Gateway: manifests",
        statement: "`infra/k8s/gateway/deployment.yml` defines a Deployment, a Service and a \
                    HorizontalPodAutoscaler.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004"), later("HP-K8S-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.3-matching-engine",
        title: "Matching engine: manifests",
        statement: "`infra/k8s/matching-engine/deployment.yml` defines a Deployment, a Service and a \
                    HorizontalPodAutoscaler.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004"), later("HP-K8S-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.3-market-data",
        title: "Market data: manifests",
        statement: "`infra/k8s/market-data/deployment.yml` defines a Deployment, a Service and a \
                    HorizontalPodAutoscaler.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004"), later("HP-K8S-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.3-risk-engine",
        title: "Risk engine: manifests",
        statement: "`infra/k8s/risk-engine/deployment.yml` defines a Deployment, a Service and a \
                    HorizontalPodAutoscaler.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004"), later("HP-K8S-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.3-persistence",
        title: "Persistence: manifests",
        statement: "`infra/k8s/persistence/deployment.yml` defines a Deployment, a Service and a \
                    HorizontalPodAutoscaler.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004"), later("HP-K8S-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.3-ingress",
        title: "Ingress",
        statement: "`infra/k8s/ingress.yml` defines an Ingress with TLS.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004"), later("HP-K8S-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.3-network-policies",
        title: "Network policies",
        statement: "`infra/k8s/network-policy.yml` defines the network policies.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004"), later("HP-K8S-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.3-sealed-secrets",
        title: "Sealed secrets",
        statement: "`infra/k8s/secrets/sealed-secrets.yml` holds secrets in sealed form.",
        section: "1.3",
        proof: &[later("HP-BAS-001"), later("HP-BAS-004")],
        ..ROW
    },
    // 1.4 Scaling
    Requirement {
        id: "BASE-1.4-gateway",
        title: "Gateway: scaling",
        statement: "`gateway` runs 3 to 10 replicas, and each requests 250m of CPU and 256Mi of memory.",
        section: "1.4",
        proof: &[later("HP-BAS-005"), later("HP-K8S-009"), later("HP-K8S-010")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.4-matching-engine",
        title: "Matching engine: scaling",
        statement: "`matching-engine` runs 10 to 20 replicas, and each requests 2000m of CPU and 2Gi of \
                    memory.",
        section: "1.4",
        proof: &[later("HP-BAS-005"), later("HP-K8S-009"), later("HP-K8S-010")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.4-market-data",
        title: "Market data: scaling",
        statement: "`market-data` runs 3 to 8 replicas, and each requests 250m of CPU and 512Mi of memory.",
        section: "1.4",
        proof: &[later("HP-BAS-005"), later("HP-K8S-009"), later("HP-K8S-010")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.4-risk-engine",
        title: "Risk engine: scaling",
        statement: "`risk-engine` runs 2 to 6 replicas, and each requests 500m of CPU and 512Mi of memory.",
        section: "1.4",
        proof: &[later("HP-BAS-005"), later("HP-K8S-009"), later("HP-K8S-010")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.4-persistence",
        title: "Persistence: scaling",
        statement: "`persistence` runs 3 to 8 replicas, and each requests 250m of CPU and 512Mi of memory.",
        section: "1.4",
        proof: &[later("HP-BAS-005"), later("HP-K8S-009"), later("HP-K8S-010")],
        ..ROW
    },
    // 1.5 Monitoring
    Requirement {
        id: "BASE-1.5-prometheus",
        title: "Prometheus",
        statement: "`infra/monitoring/prometheus/prometheus.yml` configures Prometheus.",
        section: "1.5",
        proof: &[Rule("HP-OBS-007"), later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.5-alert-rules",
        title: "Alert rules",
        statement: "`infra/monitoring/prometheus/alert-rules.yml` holds the alert rules of priorities P0 to \
                    P3.",
        section: "1.5",
        proof: &[Rule("HP-OBS-007"), Rule("HP-OBS-009"), later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.5-grafana-overview",
        title: "Overview dashboard",
        statement: "`infra/monitoring/grafana/dashboards/dex-overview.json` is the overview dashboard.",
        section: "1.5",
        proof: &[Rule("HP-OBS-007"), later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.5-grafana-matching-engine",
        title: "Matching engine dashboard",
        statement: "`infra/monitoring/grafana/dashboards/matching-engine-dashboard.json` is the dashboard \
                    of the matching engine.",
        section: "1.5",
        proof: &[Rule("HP-OBS-007"), later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.5-grafana-datasources",
        title: "Data sources",
        statement: "`infra/monitoring/grafana/provisioning/datasources.yml` gives Grafana its data sources.",
        section: "1.5",
        proof: &[Rule("HP-OBS-007"), later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.5-loki",
        title: "Loki",
        statement: "`infra/monitoring/loki/loki-config.yml` configures Loki.",
        section: "1.5",
        proof: &[later("HP-BAS-001")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.5-promtail",
        title: "Promtail",
        statement: "`infra/monitoring/promtail/promtail-config.yml` configures Promtail.",
        section: "1.5",
        proof: &[Rule("HP-OBS-011"), later("HP-BAS-001")],
        ..ROW
    },
    // 1.6 Pipelines
    Requirement {
        id: "BASE-1.6-build",
        title: "Build pipeline",
        statement: "`infra/ci/ci-build.yml` runs on pushes and pull requests to `main` and `develop`.",
        section: "1.6",
        proof: &[later("HP-BAS-001"), later("HP-BAS-006")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.6-test",
        title: "Test pipeline",
        statement: "`infra/ci/ci-test.yml` runs on pushes and pull requests to `main` and `develop`.",
        section: "1.6",
        proof: &[later("HP-BAS-001"), later("HP-BAS-006")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.6-release",
        title: "Release pipeline",
        statement: "`infra/ci/release.yml` runs on version tags of the form `v*.*.*`.",
        section: "1.6",
        proof: &[later("HP-BAS-001"), later("HP-BAS-006")],
        ..ROW
    },
    // 1.7 Configuration
    Requirement {
        id: "BASE-1.7-staging",
        title: "Staging environment",
        statement: "`infra/config/env.staging.env` holds the settings of staging.",
        section: "1.7",
        proof: &[later("HP-BAS-001"), later("HP-BAS-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.7-testnet",
        title: "Testnet environment",
        statement: "`infra/config/env.testnet.env` holds the settings of testnet.",
        section: "1.7",
        proof: &[later("HP-BAS-001"), later("HP-BAS-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.7-production",
        title: "Production environment",
        statement: "`infra/config/env.production.env` holds the settings of production.",
        section: "1.7",
        proof: &[later("HP-BAS-001"), later("HP-BAS-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.7-config-loader",
        title: "Configuration check",
        statement: "`infra/config/config-loader.sh` checks the configuration when a service starts.",
        section: "1.7",
        proof: &[later("HP-BAS-001"), later("HP-BAS-011")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.7-network",
        title: "Network topology",
        statement: "`infra/network/network.yml` describes the topology of the networks.",
        section: "1.7",
        proof: &[later("HP-BAS-001"), later("HP-BAS-010")],
        ..ROW
    },
    // 1.8 Deployment scripts
    Requirement {
        id: "BASE-1.8-deploy-staging",
        title: "Deploy to staging",
        statement: "`infra/scripts/deploy-staging.sh` deploys to the Kubernetes cluster of staging.",
        section: "1.8",
        proof: &[later("HP-BAS-001"), later("HP-BAS-012")],
        ..ROW
    },
    Requirement {
        id: "BASE-1.8-deploy-testnet",
        title: "Deploy to testnet",
        statement: "`infra/scripts/deploy-testnet.sh` deploys to the Kubernetes cluster of testnet.",
        section: "1.8",
        proof: &[later("HP-BAS-001"), later("HP-BAS-012")],
        ..ROW
    },
];
