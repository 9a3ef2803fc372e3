//! Sections 5 to 7 of the rule catalogue: resources, health, init containers, observability. Data only.

use super::Severity::{Critical, High, Low, Medium};
use super::{RuleCode, both, declared, observed};

pub(super) const CODES: &[RuleCode] = &[
    // 5 Resources, health, start order
    both(
        5,
        "HP-RES-001",
        High,
        "a long-running service has a bound for memory and one for CPU",
        "the memory and CPU limits of the container's cgroup",
    ),
    declared(5, "HP-RES-002", Medium, "resource bounds come from a shared template"),
    observed(
        5,
        "HP-RES-003",
        High,
        "services stay below their memory limit under load",
        "peak memory, the limit and out-of-memory kills of the container's cgroup under load",
    ),
    both(
        5,
        "HP-RES-004",
        Medium,
        "the idle infrastructure uses less than a fifth of the machine's memory",
        "memory in use by all infrastructure containers on an idle machine",
    ),
    both(
        5,
        "HP-RES-005",
        Low,
        "the number of processes of a service is bounded",
        "the process limit of the container's cgroup",
    )
    .hygiene("CIS Docker Benchmark 5.29"),
    both(
        5,
        "HP-HLT-001",
        High,
        "a long-running service has a healthcheck",
        "`State.Health` of the container",
    ),
    declared(5, "HP-HLT-002", Critical, "a service that others wait for can become healthy"),
    declared(5, "HP-HLT-003", Medium, "dependencies state the condition they wait for"),
    declared(5, "HP-HLT-004", Medium, "a healthcheck can succeed").hygiene("correctness"),
    observed(
        5,
        "HP-HLT-005",
        Medium,
        "a container whose secret could not be mounted is not healthy",
        "the state of a container whose secret mount failed",
    ),
    // 6 Init containers
    both(
        6,
        "HP-INI-001",
        High,
        "an init container is never restarted",
        "`HostConfig.RestartPolicy` of the container",
    ),
    declared(6, "HP-INI-002", High, "an init container waits until what it talks to is healthy"),
    both(
        6,
        "HP-INI-003",
        High,
        "an init container fails when its work fails",
        "the exit code and its delay when the dependency is taken away",
    ),
    declared(6, "HP-INI-004", High, "a readiness loop has an end"),
    declared(6, "HP-INI-005", Medium, "no step relies on a fixed delay alone"),
    both(
        6,
        "HP-INI-006",
        High,
        "provisioning can run again",
        "the exit code of a second run and the state before and after it",
    ),
    both(
        6,
        "HP-INI-007",
        Medium,
        "an init container keeps no state and mounts its inputs read-only",
        "the mounts of the container and what it has written",
    ),
    observed(
        6,
        "HP-INI-008",
        Critical,
        "every init container has finished with success",
        "state, exit code, finishing time and restart count of each init container",
    ),
    declared(6, "HP-INI-009", Medium, "services wait for the completion of what provisions them"),
    declared(6, "HP-INI-010", Medium, "the five listed init containers stand in the listed files"),
    declared(6, "HP-INI-011", High, "a command written as a string survives word splitting")
        .hygiene("correctness"),
    declared(6, "HP-INI-012", Low, "init containers log clearly, to Loki where it is supported"),
    // 7 Observability
    both(
        7,
        "HP-OBS-001",
        Critical,
        "the log driver is `loki`",
        "`HostConfig.LogConfig.Type` of the container",
    ),
    declared(7, "HP-OBS-002", High, "the log driver's options can work from the host's network"),
    declared(7, "HP-OBS-003", High, "Loki and what it needs do not log to Loki"),
    observed(
        7,
        "HP-OBS-004",
        Medium,
        "a log line is in Loki within two seconds and found within five",
        "the delay between a marker line and its first appearance in a query",
    ),
    both(
        7,
        "HP-OBS-005",
        Medium,
        "every container carries a tier label",
        "the labels of the running container",
    ),
    both(
        7,
        "HP-OBS-006",
        High,
        "every service offers metrics that something collects",
        "the answer of the metrics endpoint and the target's state in Prometheus",
    ),
    declared(7, "HP-OBS-007", High, "every scrape target, rule file and data source exists"),
    declared(7, "HP-OBS-008", Medium, "metrics are collected more often than once a minute"),
    declared(7, "HP-OBS-009", High, "alerts of all four priorities exist, can fire and reach somebody"),
    declared(7, "HP-OBS-010", Medium, "Loki, Grafana, Tempo and Pyroscope are part of the project"),
    declared(7, "HP-OBS-011", High, "logs can be searched by job and tier"),
];
