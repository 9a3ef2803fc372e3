//! Keys in files: the PEM form that every tool writes.
//!
//! Not responsible for what is signed. A newcomer needs to know one thing: only Ed25519 is read. A key of another kind is an error
//! at start and not a token that is refused later.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};

/// What stands before the 32 bytes of an Ed25519 public key in its DER form (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// How many keys may be valid at a time: the one in use, the next, and one that is being withdrawn. Each costs a verification of
/// every token that none of them has signed.
const KEYS_MAX: usize = 4;

/// Why a file holds no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no block of the kind expected.
    #[error("expected a PEM block `{0}`")]
    NoBlock(&'static str),
    /// A block is not closed, or is not Base64.
    #[error("found a PEM block that is broken")]
    Broken,
    /// A key is of another kind.
    #[error("expected keys of the kind Ed25519")]
    NotEd25519,
    /// There are more keys than may be valid at a time.
    #[error("expected at most {KEYS_MAX} keys")]
    TooMany,
}

/// The keys whose signatures are believed.
#[derive(Debug, Clone)]
pub struct PublicKeys {
    keys: Vec<UnparsedPublicKey<[u8; 32]>>,
}

impl PublicKeys {
    /// Reads one or more `PUBLIC KEY` blocks.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let blocks = read_pem(pem, "PUBLIC KEY")?;
        if blocks.len() > KEYS_MAX {
            return Err(KeyError::TooMany);
        }
        let key = |der: &Vec<u8>| {
            let bytes = der.strip_prefix(&PUBLIC_PREFIX).ok_or(KeyError::NotEd25519)?;
            let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| KeyError::NotEd25519)?;
            Ok(UnparsedPublicKey::new(&ED25519, bytes))
        };
        let keys = blocks.iter().map(key).collect::<Result<_, KeyError>>()?;
        Ok(Self { keys })
    }

    /// Whether one of the keys has signed.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.keys.iter().any(|key| key.verify(message, signature).is_ok())
    }
}

/// A public key as PEM.
pub(super) fn public_pem(key: &[u8]) -> String {
    let der = [&PUBLIC_PREFIX, key].concat();
    write_pem(&der, "PUBLIC KEY")
}

/// Writes one block.
pub(super) fn write_pem(der: &[u8], label: &str) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    let text = STANDARD.encode(der);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = behind;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// Reads all blocks of a kind; at least one.
pub(super) fn read_pem(pem: &[u8], label: &'static str) -> Result<Vec<Vec<u8>>, KeyError> {
    let text = std::str::from_utf8(pem).map_err(|_| KeyError::Broken)?;
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once(&begin) {
        let (body, behind) = behind.split_once(&end).ok_or(KeyError::Broken)?;
        let body: String = body.split_whitespace().collect();
        blocks.push(STANDARD.decode(body).map_err(|_| KeyError::Broken)?);
        rest = behind;
    }
    if blocks.is_empty() { Err(KeyError::NoBlock(label)) } else { Ok(blocks) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8410, section 10.1.
    const EXAMPLE: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn a_file_of_another_tool_is_read_and_written_back() {
        assert_eq!(PublicKeys::from_pem(EXAMPLE.as_bytes()).unwrap().keys.len(), 1);
        let der = read_pem(EXAMPLE.as_bytes(), "PUBLIC KEY").unwrap();
        assert_eq!(public_pem(&der[0][12..]), EXAMPLE);
    }

    #[test]
    fn several_keys_may_be_valid() {
        assert_eq!(PublicKeys::from_pem(EXAMPLE.repeat(4).as_bytes()).unwrap().keys.len(), 4);
        assert_eq!(PublicKeys::from_pem(EXAMPLE.repeat(5).as_bytes()).unwrap_err(), KeyError::TooMany);
    }

    #[test]
    fn what_is_no_key_is_said_at_start() {
        let rsa = write_pem(&[0x30, 0x82, 0x01, 0x22, 0x30, 0x0d], "PUBLIC KEY");
        for (pem, error) in [
            ("", KeyError::NoBlock("PUBLIC KEY")),
            ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", KeyError::NoBlock("PUBLIC KEY")),
            ("-----BEGIN PUBLIC KEY-----\nMCow", KeyError::Broken),
            ("-----BEGIN PUBLIC KEY-----\n?\n-----END PUBLIC KEY-----", KeyError::Broken),
            (rsa.as_str(), KeyError::NotEd25519),
        ] {
            assert_eq!(PublicKeys::from_pem(pem.as_bytes()).unwrap_err(), error, "{pem}");
        }
    }
}
