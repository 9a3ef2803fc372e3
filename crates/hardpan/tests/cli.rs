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
