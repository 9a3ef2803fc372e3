//! `cargo xtask bench`: hardpan beside others, measured in the same run on the same inputs.
//!
//! The figure that counts is processor time, not wall time, because machines are shared; and the ratio of programs from
//! interleaved rounds, because what disturbs one disturbs the other.

mod check;
mod config;
mod exchange;
mod measure;
mod peers;
mod project;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// The largest project of the corpus: 60 services in 20 files.
const LARGEST_CASE: &str = "buenhyden__hy-home.docker__kafka-stack";
const ROUNDS_DEFAULT: u32 = 5;

/// `cargo xtask bench config|check [--rounds N]`, `cargo xtask bench exchange [book|engine|commit|durable] [OPTIONS]`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    if let [what, rest @ ..] = arguments
        && what == "exchange"
    {
        return exchange::run(workspace, rest);
    }
    let (what, rounds) = match arguments {
        [what] => (what, ROUNDS_DEFAULT),
        [what, flag, number] if flag == "--rounds" => {
            (what, number.parse().with_context(|| format!("--rounds needs a number, found `{number}`"))?)
        }
        _ => bail!(
            "usage: cargo xtask bench config|check [--rounds N], or bench exchange [book|engine|commit|durable] [OPTIONS]"
        ),
    };
    let verdicts = match what.as_str() {
        "config" => config::run(workspace, rounds)?,
        "check" => check::run(workspace, rounds)?,
        other => bail!("there is no benchmark `{other}`: `config`, `check` or `exchange`"),
    };
    println!();
    for (text, reached) in &verdicts {
        println!("{}  {text}", if *reached { "PASS" } else { "MISS" });
    }
    if verdicts.iter().any(|(_, reached)| !reached) {
        bail!("a target was missed");
    }
    Ok(())
}

/// A target in words, and whether it was reached.
type Verdict = (String, bool);

/// One project and the arguments before `config`, the same for both programs.
struct Input {
    folder: PathBuf,
    arguments: Vec<String>,
}

fn corpus_input(corpus: &Path) -> Result<Input> {
    let case = corpus.join(LARGEST_CASE);
    let text = std::fs::read_to_string(case.join("case.json"))
        .with_context(|| format!("reading the description of {LARGEST_CASE}"))?;
    let description: serde_json::Value =
        serde_json::from_str(&text).context("the case description is not JSON")?;
    let strings = |key: &str| -> Vec<String> {
        match &description[key] {
            serde_json::Value::String(one) => vec![one.clone()],
            other => {
                other.as_array().into_iter().flatten().filter_map(|v| Some(v.as_str()?.to_owned())).collect()
            }
        }
    };
    let mut arguments = Vec::new();
    for (key, flag) in [("files", "-f"), ("env_file", "--env-file")] {
        for value in strings(key) {
            arguments.extend([flag.to_owned(), value]);
        }
    }
    arguments.extend(["--profile".to_owned(), "*".to_owned()]);
    Ok(Input { folder: case.join("project").join(description["dir"].as_str().unwrap_or(".")), arguments })
}
