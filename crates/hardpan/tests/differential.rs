//! Random projects, loaded by hardpan and by the reference: both accept and print the same JSON, or both refuse.
//!
//! Needs `HARDPAN_REFERENCE` (a `docker-compose` 2.40.3), which `cargo xtask test` provides where it can; without it the
//! test says that it was skipped. `HARDPAN_CASES` and `HARDPAN_SEED` ask for more or other projects.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

const CASES: u64 = 40;
const SEED: u64 = 1;

#[test]
fn random_projects_load_as_in_the_reference() {
    let Ok(reference) = std::env::var("HARDPAN_REFERENCE") else {
        // Written past the capture of the test harness: a test that did not run never passes silently.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: random projects, because there is no reference; `cargo xtask test` fetches it"
        );
        return;
    };
    let seed = number("HARDPAN_SEED", SEED);
    let (mut accepted, mut refused) = (0, 0);
    for case in seed..seed + number("HARDPAN_CASES", CASES) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let project = folder.path().join("project");
        let arguments = Generator::new(case).project(&project);
        let ours = run(env!("CARGO_BIN_EXE_hardpan"), &arguments, &project);
        let theirs = run(&reference, &arguments, &project);
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => {
                assert!(
                    ours == theirs,
                    "{}",
                    report(case, &project, &format!("{ours:#}"), &format!("{theirs:#}"))
                );
                accepted += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (Ok(_), Err(theirs)) => panic!("{}", report(case, &project, "accepted", theirs)),
            (Err(ours), Ok(_)) => panic!("{}", report(case, &project, ours, "accepted")),
        }
    }
    println!("{accepted} projects accepted and equal, {refused} refused by both");
    assert!(accepted > refused, "the generator makes mostly good projects");
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("the variable is a number"))
}

/// The printed project, or what the program says against it.
fn run(program: &str, arguments: &[String], project: &Path) -> Result<Value, String> {
    let output = Command::new(program)
        .args(arguments)
        .args(["config", "--format", "json"])
        .current_dir(project)
        .env_clear()
        .env("HOME", "/home/user")
        .env("FROM_SHELL", "shell value")
        .env("SHADOWED", "shell wins")
        .stdin(Stdio::null())
        .output()
        .expect("the program can be started");
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("the output is JSON"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn report(case: u64, project: &Path, ours: &str, theirs: &str) -> String {
    let mut text = format!("HARDPAN_SEED={case} HARDPAN_CASES=1 shows this again\n");
    let mut names: Vec<_> = project.read_dir().expect("the project is there").flatten().collect();
    names.sort_by_key(std::fs::DirEntry::path);
    for entry in names {
        if let Ok(content) = std::fs::read_to_string(entry.path()) {
            let _ = writeln!(text, "--- {}\n{content}", entry.path().display());
        }
    }
    let (ours, theirs) = (ours.lines().collect::<Vec<_>>(), theirs.lines().collect::<Vec<_>>());
    let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    for (name, lines) in [("hardpan", ours), ("the reference", theirs)] {
        let part: Vec<&str> = lines.iter().skip(same.saturating_sub(3)).take(12).copied().collect();
        let _ = writeln!(text, "=== {name}, from the first difference\n{}", part.join("\n"));
    }
    text
}

/// Attributes of a service, each in several forms: short and long, with variables, right and (seldom) wrong.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    (
        "image",
        &[
            "nginx",
            "\"${REGISTRY:-docker.io}/app:${TAG}\"",
            "a@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ],
    ),
    ("command", &["echo \"a b\" 'c d' e\\ f", "[sh, -c, \"echo $$HOME ${TAG}\"]", "null", "\"\""]),
    ("entrypoint", &["/bin/sh -c 'exit 0'", "[]", "[tini, --]"]),
    (
        "environment",
        &[
            "{A: 1, B: null, C: true, D: \"${TAG}\", E: 1.50}",
            "[A=2, B, \"C=${UNSET-fallback}\", FROM_SHELL, \"D=a=b\"]",
        ],
    ),
    (
        "env_file",
        &[
            "a.env",
            "[a.env, b.env]",
            "[{path: a.env}, {path: missing.env, required: false}]",
            "[{path: b.env, format: raw}]",
        ],
    ),
    ("labels", &["{a: b, n: 1, t: true, f: 1e3}", "[a=c, flag, \"x=${TAG}\"]"]),
    (
        "ports",
        &[
            "[\"80\", \"8080:80\", \"127.0.0.1:9000-9002:90-92/udp\"]",
            "[{target: 80, published: \"${PORT}\", protocol: tcp, mode: host}]",
            "[\"${PORT}:80\", 443, {target: 53, host_ip: ::1}]",
            "[\"[::1]:80:80\"]",
        ],
    ),
    ("expose", &["[80, \"90/udp\", \"100-102\"]"]),
    (
        "volumes",
        &[
            "[data:/data, ./src:/src:ro, /abs:/abs:rw, ~/home:/home, /anonymous]",
            "[{type: tmpfs, target: /tmp, tmpfs: {size: 1m, mode: 1777}}]",
            "[{type: volume, source: data, target: /data, read_only: true, volume: {nocopy: true, subpath: a}}, data:/other:nocopy]",
            "[{type: bind, source: ., target: /bind, bind: {create_host_path: false, propagation: rshared}}, ../up:/up:z]",
        ],
    ),
    (
        "networks",
        &[
            "[front]",
            "{front: null, back: {aliases: [a, b], priority: 10, ipv4_address: 10.0.0.2}}",
            "[front, back, default]",
        ],
    ),
    (
        "depends_on",
        &[
            "[base]",
            "{base: {condition: service_started}}",
            "{base: {condition: service_healthy, restart: true, required: false}}",
        ],
    ),
    (
        "healthcheck",
        &[
            "{test: curl localhost, interval: 1m30s, timeout: 500ms, retries: 3, start_period: 1h}",
            "{test: [CMD, a, b], start_interval: 5s}",
            "{disable: true}",
            "{test: NONE}",
        ],
    ),
    (
        "deploy",
        &[
            "{replicas: 2, resources: {limits: {cpus: 0.5, memory: 1g, pids: 10}, reservations: {memory: 20m}}}",
            "{mode: global, labels: [a=b], update_config: {parallelism: 2, delay: 10s, order: start-first}}",
            "{restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 2m}, placement: {constraints: [node.role == manager], preferences: [{spread: node.labels.zone}]}}",
            "{resources: {reservations: {devices: [{capabilities: [gpu], count: all}]}}}",
        ],
    ),
    (
        "build",
        &[
            ".",
            "{context: ./dir, dockerfile: D, args: {A: 1, B: null}, target: t}",
            "{context: ., args: [\"A=${TAG}\", B], cache_from: [x], labels: {a: 1}, ssh: [default], secrets: [token], shm_size: 1g}",
            "{dockerfile_inline: \"FROM scratch\", additional_contexts: [x=./y], platforms: [linux/amd64], tags: [a, b], ulimits: {nofile: 10}}",
        ],
    ),
    ("secrets", &["[token]", "[{source: token, target: other, mode: 0o440, uid: \"1\"}]"]),
    ("configs", &["[conf]", "[{source: conf, target: /etc/conf, mode: 0444}]"]),
    ("ulimits", &["{nofile: 1024, nproc: {soft: 1, hard: 2}}"]),
    ("logging", &["{driver: loki, options: {loki-url: \"http://x\", max: 5}}", "{options: {a: b}}"]),
    ("extra_hosts", &["[\"a:1.2.3.4\", \"b=::1\"]", "{a: 1.2.3.4, c: [1.1.1.1, 2.2.2.2]}"]),
    ("sysctls", &["{net.core.somaxconn: 1024}", "[net.core.somaxconn=1]"]),
    ("tmpfs", &["/run", "[/run, \"/tmp:size=1m\"]"]),
    ("devices", &["[/dev/a, \"/dev/b:/dev/c:r\"]", "[{source: vendor/class=0}]"]),
    ("mem_limit", &["512m", "1073741824", "\"1.5g\"", "\"${MEM}\""]),
    ("cpus", &["0.5", "\"2\"", "\"${CPUS}\""]),
    ("pids_limit", &["100", "\"200\""]),
    ("shm_size", &["64m", "128"]),
    ("stop_grace_period", &["1m30s", "90s"]),
    ("restart", &["always", "on-failure:3", "\"no\""]),
    ("cap_drop", &["[ALL]", "[ALL, ALL]"]),
    ("cap_add", &["[NET_ADMIN]"]),
    ("security_opt", &["[\"no-new-privileges:true\"]"]),
    ("read_only", &["true", "\"yes\"", "\"${FLAG}\""]),
    ("init", &["true", "\"${FLAG}\""]),
    ("user", &["1000:1000", "\"${USER_ID:-1000}\""]),
    ("profiles", &["[debug]", "[debug, tools]"]),
    ("pull_policy", &["always", "missing", "daily"]),
    ("dns", &["1.1.1.1", "[1.1.1.1, 8.8.8.8]"]),
    ("annotations", &["{a: b}", "[c=d]"]),
    ("gpus", &["all", "[{driver: nvidia, count: 1}]"]),
    ("blkio_config", &["{weight: 300, device_read_bps: [{path: /dev/a, rate: 1mb}]}"]),
    ("develop", &["{watch: [{path: ./src, action: sync, target: /app, ignore: [x/]}]}"]),
    ("network_mode", &["host"]),
    ("hostname", &["h", "\"${UNSET:+set}h\""]),
    ("x-own", &["{any: [thing, 1, null]}"]),
];

/// What is wrong in one way or another.
const MISTAKES: &[(&str, &str)] = &[
    ("imagee", "x"),
    ("ports", "[\"80:http\"]"),
    ("mem_limit", "lots"),
    ("depends_on", "[nobody]"),
    ("networks", "[nowhere]"),
    ("volumes", "[nothing:/x]"),
    ("environment", "\"${MUST?be set}\""),
    ("image", "\"${BROKEN\""),
    ("healthcheck", "{interval: soon}"),
    ("env_file", "absent.env"),
    ("extends", "{service: nobody}"),
    ("command", "{a: b}"),
];

const RESOURCES: &str = "networks:
  front: {driver: bridge, ipam: {config: [{subnet: 10.1.0.0/16, gateway: 10.1.0.1}]}}
  back: {internal: true, labels: [a=b], driver_opts: {mtu: 1450}}
volumes:
  data: {driver: local, driver_opts: {type: none, o: bind, device: \"${TAG}\"}}
secrets:
  token: {file: ./token.txt}
configs:
  conf: {content: \"tag=${TAG}\"}
";

/// A generator of projects; the same seed gives the same project.
struct Generator {
    state: u64,
}

impl Generator {
    fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// A number below `end` (xorshift64*).
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let mixed = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(mixed).expect("31 bits fit") % end
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Writes a project and gives the arguments that load it.
    fn project(&mut self, folder: &Path) -> Vec<String> {
        std::fs::create_dir_all(folder.join("sub")).expect("a folder can be made");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).expect("a file can be written");
        };
        write(".env", "TAG=1.2\nPORT=8080\nMEM=256m\nCPUS=1.5\nFLAG=true\nSHADOWED=file\nNESTED=${TAG}-x\n");
        write(
            "a.env",
            "A=from a\nQUOTED=\"x ${TAG}\\ty\"\nSINGLE='$TAG'\nexport B=2 # comment\nFROM_SHELL\n",
        );
        write("b.env", "A=from b\nSHADOWED=${SHADOWED}\nEMPTY=\n");
        write("sub/.env", "TAG=sub\n");
        write("sub/a.env", "A=from sub\n");
        write("sub/b.env", "");
        write("token.txt", "t");

        let template = self.services(&["template"], "sub");
        write("sub/template.yaml", &template);
        let has_include = self.chance(40);
        let mut main = String::from(if self.chance(30) { "name: given\n" } else { "" });
        main += "x-common: &common {labels: {from: anchor}, restart: always}\n";
        if has_include {
            let included = self.services(&["included"], "");
            write("sub/included.yaml", &included.replace("[base]", "[included_base]"));
            main += [
                "include: [sub/included.yaml]\n",
                "include:\n  - {path: sub/included.yaml, project_directory: .}\n",
            ][self.below(2)];
        }
        main += &self.services(&["base", "web", "worker"], "main");
        main += RESOURCES;
        write("compose.yaml", &main);

        let mut arguments = vec!["-f".to_owned(), "compose.yaml".to_owned()];
        for name in ["override.yaml", "second.yaml"] {
            if self.chance(40) {
                let text = self.services(&["web", "worker"], "override");
                write(name, &text);
                arguments.extend(["-f".to_owned(), name.to_owned()]);
            }
        }
        if self.chance(30) {
            arguments.extend(["--profile".to_owned(), ["debug", "*", "none"][self.below(3)].to_owned()]);
        }
        arguments
    }

    fn services(&mut self, names: &[&str], role: &str) -> String {
        let mut text = String::from("services:\n");
        for &name in names {
            let _ = writeln!(text, "  {name}:");
            let mut used = Vec::new();
            if role != "override" {
                text += "    image: given\n";
                used.push("image");
            }
            if role == "main" && name != "base" {
                match self.below(5) {
                    0 => text += "    extends: {file: sub/template.yaml, service: template}\n",
                    1 => text += "    extends: base\n",
                    2 => text += "    <<: *common\n",
                    _ => {}
                }
            }
            for _ in 0..self.below(7) {
                let (attribute, forms) = ATTRIBUTES[self.below(ATTRIBUTES.len())];
                let needs_main = ["depends_on", "networks", "volumes", "secrets", "configs", "build"];
                let is_alone = role.is_empty() || role == "sub" || name == "base";
                if used.contains(&attribute) || (is_alone && needs_main.contains(&attribute)) {
                    continue;
                }
                used.push(attribute);
                let form = forms[self.below(forms.len())];
                let tag = if role == "override" && self.chance(10) { "!override " } else { "" };
                let _ = writeln!(text, "    {attribute}: {tag}{form}");
            }
            if role == "override" && self.chance(20) {
                let (attribute, _) = ATTRIBUTES[self.below(ATTRIBUTES.len())];
                if !used.contains(&attribute) {
                    let _ = writeln!(text, "    {attribute}: !reset null");
                }
            }
            if self.chance(3) {
                let (attribute, form) = MISTAKES[self.below(MISTAKES.len())];
                if !used.contains(&attribute) {
                    let _ = writeln!(text, "    {attribute}: {form}");
                }
            }
            if text.ends_with(&format!("  {name}:\n")) {
                text += "    x-empty: true\n";
            }
        }
        text
    }
}
