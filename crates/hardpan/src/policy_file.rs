//! Finds the policy file of a project.

use anyhow::Context as _;
use hardpan_compose::{Loader as _, PathKind};
use hardpan_rules::policy::FILE_NAME;

use crate::disk::Disk;

/// The policy file that was named, else the nearest `hardpan.yml` in the project's folder or above it: path and text.
/// The search ends at the top of the repository.
///
/// # Errors
/// If a file was named or found and cannot be read.
pub(crate) fn find(named: Option<&str>, project: &str) -> anyhow::Result<Option<(String, String)>> {
    match named {
        Some(path) => read(path).map(Some),
        None => {
            let mut folder = Some(project.trim_end_matches('/'));
            while let Some(path) = folder {
                let file = format!("{path}/{FILE_NAME}");
                if Disk.kind(&file) == Some(PathKind::File) {
                    return read(&file).map(Some);
                }
                if Disk.kind(&format!("{path}/.git")).is_some() {
                    break;
                }
                folder = path.rsplit_once('/').map(|(parent, _)| parent);
            }
            Ok(None)
        }
    }
}

fn read(path: &str) -> anyhow::Result<(String, String)> {
    let absolute = std::path::absolute(path).with_context(|| format!("cannot find {path}"))?;
    let text = std::fs::read_to_string(&absolute).with_context(|| format!("cannot read {path}"))?;
    Ok((absolute.to_string_lossy().into_owned(), text))
}

/// The folder that a project's own paths start at: where its policy file lies, else the project's folder.
pub(crate) fn root(policy: Option<&(String, String)>, project: &str) -> String {
    let folder = policy.and_then(|(path, _)| path.rsplit_once('/')).map(|(folder, _)| folder);
    match folder {
        Some("") => "/".to_owned(),
        Some(folder) => folder.to_owned(),
        None => project.to_owned(),
    }
}
