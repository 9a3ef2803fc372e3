//! Files that hold secrets: named in the plan, read once before anything is connected to.
//!
//! Not responsible for what a secret is good for. A newcomer needs to know one thing: a secret is the file's text without one line
//! break at its end, as editors and `echo` leave it there.

use hardpan_compose::{Loader, ReadError};
use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;

use super::tree::Node;
use crate::secret::Secret;

/// Passwords and keys are far shorter; more would be the wrong file.
const BYTES_MAX: u64 = 64 << 10;

/// A file that holds a secret, and once it has been read, the secret.
#[derive(Clone, Debug)]
pub struct SecretFile {
    /// What the plan says: a name below the folder of secrets, or an absolute path.
    pub path: String,
    pub(super) span: Span,
    /// True for the name of an account: it is not said, but it may be part of any text, such as a host's name, and is not
    /// hidden there.
    pub(super) is_name: bool,
    secret: Secret,
}

impl SecretFile {
    /// The secret of a key; none where the key is not there.
    pub(super) fn at(node: &Node, key: &str) -> Option<Self> {
        let node = node.get(key)?;
        let (path, span) = (node.text()?.to_owned(), node.span);
        Some(Self { path, span, is_name: false, secret: Secret::default() })
    }

    /// The same for a file that holds the name of an account.
    pub(super) fn name_at(node: &Node, key: &str) -> Option<Self> {
        Some(Self { is_name: true, ..Self::at(node, key)? })
    }

    /// The secret. The targets of a [`Prepared`](super::Prepared) plan have all of theirs read.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Reads the file.
    pub(super) fn load(&mut self, loader: &dyn Loader, folder: &str, problems: &mut Vec<Diagnostic>) {
        let path = if self.path.starts_with('/') {
            self.path.clone()
        } else {
            format!("{}/{}", folder.trim_end_matches('/'), self.path)
        };
        let refuse = |code, message: String, help: &str| {
            Diagnostic::error(Code(code), message).with_span(self.span).with_help(help)
        };
        let problem = match loader.read(&path, BYTES_MAX) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => {
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    let text = text.strip_suffix('\r').unwrap_or(text);
                    if text.is_empty() {
                        refuse("plan::empty-secret", format!("{path} is empty"), "write the secret into it")
                    } else if text.contains('\0') {
                        refuse("plan::unreadable-secret", format!("{path} is not text"), "a secret is text")
                    } else {
                        self.secret = Secret::new(text);
                        return;
                    }
                }
                Err(_) => {
                    refuse("plan::unreadable-secret", format!("{path} is not text"), "a secret is UTF-8")
                }
            },
            Err(ReadError::NotFound) => refuse(
                "plan::missing-secret",
                format!("there is no file {path}"),
                "give the service the secret, or create the file",
            ),
            Err(error) => refuse(
                "plan::unreadable-secret",
                format!("cannot read {path}: {error}"),
                "the user that hardpan runs as has to be able to read it",
            ),
        };
        problems.push(problem);
    }
}
