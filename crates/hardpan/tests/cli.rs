//! What the program prints, as a user sees it: whole outputs against recorded ones. `HARDPAN_BLESS=1 cargo test` accepts
//! the present output; then read the diff.

use std::path::{Path, PathBuf};
use std::process::Command;

struct Output {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is there")
}

/// Runs hardpan at the repository's root with a scrubbed environment; the root's path is replaced by a token.
fn hardpan(arguments: &str) -> Output {
    let root = repository();
    let output = Command::new(env!("CARGO_BIN_EXE_hardpan"))
        .args(arguments.split_whitespace())
        .current_dir(&root)
        .env_clear()
        .env("HOME", "/home/user")
        .output()
        .expect("hardpan runs");
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).expect("hardpan prints UTF-8").replace(&root.display().to_string(), "@ROOT@")
    };
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn check(name: &str, arguments: &str, code: i32) {
    let output = hardpan(arguments);
    assert_eq!(output.code, Some(code), "{arguments}\n{}", output.stderr);
    let found = match output.stderr.as_str() {
        "" => output.stdout,
        stderr => format!("{}--- stderr\n{stderr}", output.stdout),
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(format!("{name}.txt"));
    if std::env::var_os("HARDPAN_BLESS").is_some() {
        std::fs::write(&path, found).expect("the snapshot can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "`hardpan {arguments}` prints something else than {}; HARDPAN_BLESS=1 accepts it\n--- expected\n{expected}\n--- found\n{found}",
        path.display()
    );
}

const QUICKSTART: &str = "-f examples/quickstart/compose.yml";

#[test]
fn config_prints_the_flattened_project() {
    check("config-yaml", &format!("config {QUICKSTART}"), 0);
    check("config-json", &format!("config {QUICKSTART} --format json"), 0);
    check("config-raw", &format!("config {QUICKSTART} --no-interpolate --no-normalize"), 0);
}

#[test]
fn origins_name_the_place_and_the_way() {
    check("origins", &format!("config {QUICKSTART} -f examples/quickstart/compose.debug.yml --origins"), 0);
}

#[test]
fn lists_have_one_name_per_line() {
    for list in ["services", "networks", "volumes", "profiles", "images", "variables"] {
        check(&format!("list-{list}"), &format!("config {QUICKSTART} --{list}"), 0);
    }
    check("hash", &format!("config {QUICKSTART} --hash web"), 0);
}

#[test]
fn flags_work_before_the_command_too() {
    let before = hardpan(&format!("{QUICKSTART} --profile * config --services"));
    let after = hardpan(&format!("config {QUICKSTART} --profile * --services"));
    assert_eq!((before.code, before.stdout), (after.code, after.stdout));
}

#[test]
fn all_mistakes_are_shown_at_once_with_their_cure() {
    check("broken-human", "config -f examples/quickstart/broken.yml", 2);
    check("broken-json", "config -f examples/quickstart/broken.yml --format json", 2);
}

#[test]
fn quiet_prints_nothing_for_a_good_project() {
    let output = hardpan(&format!("config {QUICKSTART} -q"));
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn wrong_usage_and_missing_files_end_with_2() {
    assert_eq!(hardpan("config --nonsense").code, Some(2));
    let missing = hardpan("config -f nowhere.yml");
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("nowhere.yml: no such file or directory"), "{}", missing.stderr);
}

#[test]
fn output_that_cannot_be_written_ends_with_3() {
    let output = hardpan(&format!("config {QUICKSTART} -o nowhere/out.yml"));
    assert_eq!(output.code, Some(3));
    assert!(output.stderr.contains("cannot write nowhere/out.yml"), "{}", output.stderr);
}

#[test]
fn yaml_output_loads_again_to_the_same_project() {
    let folder = tempfile::tempdir().expect("a folder for the output");
    let file = folder.path().join("again.yml");
    let first = hardpan(&format!("config {QUICKSTART} --format json"));
    let yaml = hardpan(&format!("config {QUICKSTART}"));
    std::fs::write(&file, yaml.stdout.replace("@ROOT@", &repository().display().to_string()))
        .expect("it is written");
    let again = hardpan(&format!("config -f {} --format json", file.display()));
    assert_eq!(first.stdout, again.stdout);
}

/// The rules of the snapshots: few, so that a new rule changes none of them.
const SHOP: &str = "check --project-directory crates/hardpan-report/tests/fixtures/shop \
                    -f crates/hardpan-report/tests/fixtures/shop/compose.yaml \
                    --env-file crates/hardpan-report/tests/fixtures/shop/shop.env \
                    --rule HP-SEC-001 --rule missing-init-process --rule unset-user";

#[test]
fn check_reports_in_every_format() {
    check("check-human", SHOP, 1);
    check("check-verbose", &format!("{SHOP} --verbose --per-service"), 1);
    check("check-grouped", &format!("{SHOP} --group"), 1);
    check("check-capped", &format!("{SHOP} --max 1"), 1);
    for format in ["json", "sarif", "junit", "github"] {
        check(&format!("check-{format}"), &format!("{SHOP} --format {format}"), 1);
    }
    let ours = SHOP.replace("--rule unset-user", "");
    check("check-diff", &format!("{ours} --diff"), 1);
}

#[test]
fn no_output_of_check_shows_a_secret() {
    // Every rule this time, whatever it says.
    let all = SHOP.split(" --rule").next().expect("the part before the rules");
    for flags in ["", "--format json", "--format sarif", "--format junit", "--format github", "--diff"] {
        for more in ["", "--house", "--house --verbose --strict --max 10000"] {
            let output = hardpan(&format!("{all} {flags} {more}"));
            assert!(output.code.is_some_and(|code| code < 2), "{flags} {more}: {}", output.stderr);
            let text = output.stdout + &output.stderr;
            assert!(!text.contains("canary"), "`{flags} {more}` shows a secret:\n{text}");
        }
    }
}

#[test]
fn check_ends_as_the_gate_says() {
    let code = |flags: &str| hardpan(&format!("{SHOP} {flags}")).code;
    assert_eq!(code("--fail-on critical"), Some(1));
    let init = SHOP.replace("--rule HP-SEC-001", "");
    assert_eq!(hardpan(&init).code, Some(1));
    assert_eq!(hardpan(&format!("{init} --fail-on high")).code, Some(0));
    let broken = hardpan("check -f examples/quickstart/broken.yml --rule HP-ORC-003");
    assert_eq!(broken.code, Some(2));
    assert!(broken.stdout.contains("HP-ORC-003"), "findings are printed all the same: {}", broken.stdout);
    assert_eq!(code("--rule HP-SEC-OO1"), Some(2));
    assert_eq!(code("--policy nowhere.yml"), Some(2));
    assert_eq!(code("--baseline nowhere.json"), Some(2));
}

#[test]
fn a_baseline_leaves_only_what_is_new() {
    let folder = tempfile::tempdir().expect("a folder for the project");
    let compose = folder.path().join("compose.yaml");
    let baseline = folder.path().join("baseline.json");
    let run = |flags: &str| hardpan(&format!("check -f {} --rule HP-SEC-001 {flags}", compose.display()));
    std::fs::write(&compose, "services:\n  a:\n    image: a:1\n").expect("it is written");
    assert_eq!(run(&format!("--format json -o {}", baseline.display())).code, Some(1));
    // The known finding moves by two lines.
    std::fs::write(&compose, "# A comment.\n\nservices:\n  a:\n    image: a:1\n").expect("it is written");
    let known = run(&format!("--baseline {}", baseline.display()));
    assert_eq!(known.code, Some(0), "{}", known.stdout);
    assert!(known.stdout.contains("1 known from the baseline"), "{}", known.stdout);
    std::fs::write(&compose, "services:\n  a:\n    image: a:1\n  b:\n    image: b:1\n")
        .expect("it is written");
    let new = run(&format!("--baseline {}", baseline.display()));
    assert_eq!(new.code, Some(1), "{}", new.stdout);
    assert!(new.stdout.contains("`b`: ") && !new.stdout.contains("`a`: "), "{}", new.stdout);
}

#[test]
fn fixes_are_applied_once_and_then_nothing_is_left() {
    let folder = tempfile::tempdir().expect("a folder for the project");
    let compose = folder.path().join("compose.yaml");
    std::fs::write(&compose, "services:\n  a: # kept\n    image: a:1\n").expect("it is written");
    let run = |flags: &str| hardpan(&format!("check -f {} --rule HP-SEC-001 {flags}", compose.display()));
    let text = || std::fs::read_to_string(&compose).expect("it is there");
    let before = text();
    assert_eq!(run("--diff").code, Some(1));
    assert_eq!(text(), before, "--diff changes nothing");
    let fixed = run("--fix");
    assert_eq!((fixed.code, fixed.stderr.as_str()), (Some(0), "1 fix applied in 1 file\n"));
    let after = text();
    assert!(after.starts_with("services:\n  a: # kept\n    image: a:1\n    security_opt:"), "{after}");
    assert_eq!(run("--fix").stderr, "no fix applies\n");
    assert_eq!(text(), after, "a second run changes nothing");
}

#[test]
fn explain_prints_pages_and_guesses_names() {
    check("explain-rule", "explain HP-SEC-001", 0);
    check("explain-unknown", "explain SEC-SPC-OPT-01", 2);
    assert!(hardpan("explain sec-spc-opt-001").stdout.starts_with("# SEC-SPC-OPT-001 "));
}

#[test]
fn the_matrix_never_shows_what_is_planned_as_met() {
    let output = hardpan(&format!("check {QUICKSTART} --requirements"));
    assert!(output.stdout.contains("requirements that files can decide are met"), "{}", output.stdout);
    let line = output.stdout.lines().find(|line| line.contains(" NFR-RES-01 ")).expect("it is listed");
    // Its rule is one of the house, which this run leaves off.
    assert!([" planned ", " to-be-observed ", " off "].iter().any(|status| line.contains(status)), "{line}");
}

/// Every example of the README that shows output shows what the program prints today.
#[test]
fn the_readme_shows_what_is_printed() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README is there");
    let mut shown = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let Some((command, expected)) = block.split_once('\n') else { continue };
        let Some(arguments) = command.strip_prefix("$ hardpan ") else { continue };
        if expected.trim().is_empty() {
            continue;
        }
        let output = hardpan(arguments);
        let found = (output.stdout + &output.stderr).replace("@ROOT@/", "");
        // An ellipsis stands for lines that are left out.
        for part in expected.split("...\n") {
            assert!(
                found.contains(part.trim_end()),
                "README, {command}: not printed:\n{part}\n--- printed\n{found}"
            );
        }
        shown += 1;
    }
    assert!(shown >= 3, "the README shows at least three outputs, found {shown}");
}
