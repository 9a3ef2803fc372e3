//! Pairs of keys for tokens, in files.
//!
//! Not responsible for their form: the gateway, which verifies, knows best what a key looks like. A newcomer needs to know one
//! thing: a key that is there is never overwritten, and the private one can be read by its owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use gateway::auth::{Issuer, IssuerError};

/// The file of the key that signs.
pub(crate) const PRIVATE: &str = "token-private.pem";
/// The file of the key that the gateway gets.
pub(crate) const PUBLIC: &str = "token-public.pem";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("`{}` is there already, and keys are never overwritten; nothing was written", .0.display())]
    Exists(PathBuf),
    #[error("cannot write `{}`: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot read `{}`: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("`{}`: {error}", path.display())]
    Unusable { path: PathBuf, error: IssuerError },
    #[error(transparent)]
    Random(IssuerError),
}

/// `exchange keys`: writes a new pair and says what it is for.
pub(crate) fn make(folder: &Path) -> Result<String, KeysError> {
    let (private, public) = (folder.join(PRIVATE), folder.join(PUBLIC));
    if let Some(there) = [&private, &public].into_iter().find(|path| path.exists()) {
        return Err(KeysError::Exists(there.clone()));
    }
    provide(folder)?;
    Ok(format!(
        "{}: signs tokens; keep it from the services\n{}: for the gateway, as JWT_PUBLIC_KEY_FILE\n",
        private.display(),
        public.display()
    ))
}

/// Makes what is missing of a pair.
pub(crate) fn provide(folder: &Path) -> Result<(), KeysError> {
    let (private, public) = (folder.join(PRIVATE), folder.join(PUBLIC));
    let written = |path: &Path| {
        let path = path.to_owned();
        move |error| KeysError::Write { path, error }
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(written(folder))?;
    if !private.exists() {
        let pem = Issuer::generate().map_err(KeysError::Random)?;
        write_new(&private, pem.as_bytes(), 0o600).map_err(written(&private))?;
    }
    if !public.exists() {
        let issuer = read(&private)?;
        write_new(&public, issuer.public_pem().as_bytes(), 0o644).map_err(written(&public))?;
    }
    Ok(())
}

/// Reads a private key.
pub(crate) fn read(path: &Path) -> Result<Issuer, KeysError> {
    let pem = fs::read(path).map_err(|error| KeysError::Read { path: path.to_owned(), error })?;
    Issuer::from_pem(&pem).map_err(|error| KeysError::Unusable { path: path.to_owned(), error })
}

/// Writes a file that is there as a whole or not at all, and never in the place of another.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // A link, unlike a new name, does not replace what is there.
        fs::hard_link(&unfinished, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    let written = write();
    // Either it has its name now, or it is worth nothing.
    drop(fs::remove_file(&unfinished));
    written
}
