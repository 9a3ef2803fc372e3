//! Pages that are written from code: everything in `docs/reference`, and the dependency table of ARCHITECTURE.md.
//!
//! `hardpan internal-docs FOLDER` writes the pages of hardpan, `formats` and `exchange variables` those of the exchange, because
//! neither world knows the other; this file only decides where they go and whether they are stale.
//! The whole folder is generated, so a file in it that the program no longer writes is stale too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{arrows, formats, process};

const FOLDER: &str = "docs/reference";

/// `cargo xtask gen`
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let fresh = generated(workspace)?;
    let folder = workspace.root.join(FOLDER);
    for name in read_folder(&folder)?.keys().filter(|name| !fresh.contains_key(*name)) {
        fs::remove_file(folder.join(name)).with_context(|| format!("removing {}", name.display()))?;
        println!("removed {FOLDER}/{}", name.display());
    }
    for (name, bytes) in &fresh {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|old| old == *bytes) {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        }
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        println!("wrote {FOLDER}/{}", name.display());
    }
    arrows::run(workspace, &["--write".to_owned()])
}

/// `cargo xtask gen-check`
pub(crate) fn check(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let fresh = generated(workspace)?;
    let committed = read_folder(&workspace.root.join(FOLDER))?;
    let mut stale: Vec<&PathBuf> = fresh
        .iter()
        .filter(|(name, bytes)| committed.get(*name) != Some(*bytes))
        .map(|(name, _)| name)
        .chain(committed.keys().filter(|name| !fresh.contains_key(*name)))
        .collect();
    stale.sort();
    if !stale.is_empty() {
        let list: Vec<String> = stale.iter().map(|name| format!("{FOLDER}/{}", name.display())).collect();
        bail!("stale, run `cargo xtask gen`:\n  {}", list.join("\n  "));
    }
    println!("gen-check: {} generated files are up to date", fresh.len());
    Ok(())
}

fn generated(workspace: &Workspace) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let hardpan = workspace.build_hardpan(false)?;
    let scratch = workspace.target.join("generated-docs");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).with_context(|| format!("emptying {}", scratch.display()))?;
    }
    fs::create_dir_all(&scratch).with_context(|| format!("creating {}", scratch.display()))?;
    process::run(Command::new(hardpan).arg("internal-docs").arg(&scratch))?;
    let mut files = read_folder(&scratch)?;
    if files.is_empty() {
        bail!("`hardpan internal-docs` wrote nothing");
    }
    files.insert(PathBuf::from(formats::NAME), formats::page().into_bytes());
    // The build above makes every program of the workspace.
    let exchange = workspace.target.join("debug").join("exchange");
    let variables = process::capture(Command::new(exchange).arg("variables"))?;
    files.insert(PathBuf::from("exchange-environment.md"), variables.into_bytes());
    Ok(files)
}

/// Every file below a folder by its path relative to it; a folder that does not exist has none.
fn read_folder(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(current) = open.pop() {
        if !current.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&current).with_context(|| format!("listing {}", current.display()))? {
            let path = entry.with_context(|| format!("listing {}", current.display()))?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).context("a listed file lies outside its folder")?;
                let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                files.insert(name.to_path_buf(), bytes);
            }
        }
    }
    Ok(files)
}
