//! Section 8 of the rule catalogue: the frozen baseline, Kubernetes, pipelines, images, waivers. Data only.

use super::Severity::{Critical, High, Info, Low, Medium};
use super::{RuleCode, both, declared, observed};

pub(super) const CODES: &[RuleCode] = &[
    declared(8, "HP-BAS-001", High, "every file of the inventory exists, and none stands beside it").later(),
    declared(8, "HP-BAS-002", High, "the Dockerfiles have the listed base images and ports").later(),
    declared(8, "HP-BAS-003", High, "the exchange's Compose file has the listed services and networks")
        .later(),
    declared(8, "HP-BAS-004", High, "the manifests contain the listed kinds").later(),
    declared(8, "HP-BAS-005", High, "the manifests scale as the table says").later(),
    declared(8, "HP-BAS-006", High, "the pipelines run on the listed triggers").later(),
    declared(8, "HP-BAS-007", High, "each compliance row has its evidence").later(),
    declared(8, "HP-BAS-008", High, "locked components have the locked version wherever they occur").later(),
    both(
        8,
        "HP-BAS-009",
        Critical,
        "a frozen file changes only together with the baseline's version",
        "review by the owner and the state of the checks, as the forge reports them",
    )
    .later(),
    declared(8, "HP-BAS-010", Medium, "the topology file and the Compose networks agree").later(),
    declared(8, "HP-BAS-011", Medium, "the environment files have the same keys and sound values").later(),
    declared(8, "HP-BAS-012", Medium, "the deployment scripts fit the manifests and the inventory").later(),
    declared(8, "HP-K8S-001", High, "no container of a pod can gain privileges").later(),
    declared(8, "HP-K8S-002", High, "every container of a pod drops all capabilities").later(),
    declared(8, "HP-K8S-003", High, "every container of a pod runs as a numeric user that is not root")
        .later(),
    declared(8, "HP-K8S-004", High, "every pod uses the runtime's default seccomp profile").later(),
    declared(8, "HP-K8S-005", High, "every container of a pod has a read-only root file system").later(),
    declared(8, "HP-K8S-006", High, "no pod shares a namespace with its node").later(),
    declared(8, "HP-K8S-007", High, "no pod mounts a path of its node").later(),
    declared(8, "HP-K8S-008", High, "no pod gets a service account token unasked").later(),
    declared(8, "HP-K8S-009", Medium, "an autoscaled workload does not set its replicas").later(),
    declared(8, "HP-K8S-010", Medium, "autoscaling suits the workload").later(),
    declared(8, "HP-K8S-011", High, "every reference between manifests resolves").later(),
    declared(8, "HP-K8S-012", Medium, "traffic into and out of the namespace is denied by default").later(),
    declared(8, "HP-K8S-013", Medium, "pods get secrets as files").later(),
    declared(8, "HP-K8S-014", Low, "probes exist, differ and leave time to start").later(),
    declared(8, "HP-K8S-015", Low, "replicas are spread and protected from disruption")
        .hygiene("Kubernetes practice")
        .later(),
    declared(8, "HP-CI-001", High, "a gate of the pipeline can pass and can fail").later(),
    declared(8, "HP-CI-002", Medium, "actions are pinned and have the least permissions")
        .hygiene("supply chain practice")
        .later(),
    declared(8, "HP-DKR-001", Medium, "the final stage of a Dockerfile runs as a user that is not root"),
    declared(8, "HP-DKR-002", Medium, "the final stage of a Dockerfile has a healthcheck"),
    declared(8, "HP-DKR-003", Low, "base images are pinned by digest").hygiene("supply chain practice"),
    declared(8, "HP-DKR-004", Medium, "no Dockerfile adds a file from the network")
        .hygiene("supply chain practice"),
    declared(8, "HP-DKR-005", Low, "packages are installed by version and their lists removed")
        .hygiene("image practice"),
    declared(8, "HP-DKR-006", Medium, "no build argument or image variable holds a secret"),
    declared(8, "HP-DKR-007", Low, "entry point and command are in exec form").hygiene("image practice"),
    declared(8, "HP-DKR-008", Medium, "Cargo builds with the committed lock file")
        .hygiene("reproducible builds"),
    declared(8, "HP-DKR-009", Medium, "no binary is built for the build machine's processor only")
        .hygiene("portable images"),
    observed(
        8,
        "HP-IMG-001",
        Critical,
        "base images have no critical vulnerability",
        "a scanner's report for each locked image, less than seven days old and for the same digest",
    )
    .later(),
    declared(8, "HP-IMG-002", Medium, "an image reference is valid and pinned"),
    declared(8, "HP-DOC-001", Info, "every mandatory governance row is answered in a section that exists")
        .later(),
    declared(8, "HP-WVR-001", High, "no waiver is expired or malformed"),
    declared(8, "HP-WVR-002", Medium, "every waiver matches something"),
    declared(8, "HP-WVR-003", High, "every waiver cites a decision that exists"),
];
