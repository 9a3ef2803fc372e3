//! Bodies of MinIO's admin interface, which are encrypted with the secret key of whoever sends them.
//!
//! Not responsible for the rest of the interface. A newcomer needs to know one thing: a body is a salt, the id of the cipher, a
//! nonce and fragments; the key comes from the secret key by Argon2id, the cipher is AES-256-GCM, and the last fragment says
//! that it is the last, so that nothing can be cut off.

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::secret::Secret;

const SALT: usize = 32;
const NONCE: usize = 8;
/// Argon2id for the key, AES-256-GCM for the body.
const CIPHER: u8 = 0;
const KIBIBYTES: u32 = 64 * 1024;
const PASSES: u32 = 1;
const LANES: u32 = 4;
const FRAGMENT: usize = 1 << 14;

/// A key with its salt. It may be used for many bodies: each has its own nonce.
#[derive(Clone)]
pub(super) struct SealKey {
    salt: [u8; SALT],
    key: [u8; 32],
}

impl SealKey {
    /// Derives a key with a new salt. It takes 64 MiB and, optimised, about a tenth of a second.
    ///
    /// # Errors
    /// Where the system gives no random bytes, or the derivation fails.
    pub(super) fn derive(secret_key: &Secret) -> Result<Self, String> {
        let mut salt = [0; SALT];
        SystemRandom::new().fill(&mut salt).map_err(|_| "no random bytes".to_owned())?;
        Self::with_salt(secret_key, salt)
    }

    fn with_salt(secret_key: &Secret, salt: [u8; SALT]) -> Result<Self, String> {
        let mut key = [0; 32];
        let parameters = Params::new(KIBIBYTES, PASSES, LANES, Some(key.len()));
        let parameters = parameters.map_err(|error| error.to_string())?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(secret_key.expose().as_bytes(), &salt, &mut key)
            .map_err(|error| error.to_string())?;
        Ok(Self { salt, key })
    }

    /// Encrypts a body.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub(super) fn seal(&self, body: &[u8]) -> Result<Vec<u8>, String> {
        let mut nonce = [0; NONCE];
        SystemRandom::new().fill(&mut nonce).map_err(|_| "no random bytes".to_owned())?;
        self.seal_with(body, nonce).map_err(|_| "the body cannot be encrypted".to_owned())
    }

    fn seal_with(&self, body: &[u8], nonce: [u8; NONCE]) -> Result<Vec<u8>, ring::error::Unspecified> {
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.key)?);
        let nonce_of = |sequence: u32| {
            let mut whole = [0; NONCE + 4];
            whole[..NONCE].copy_from_slice(&nonce);
            whole[NONCE..].copy_from_slice(&sequence.to_le_bytes());
            Nonce::assume_unique_for_key(whole)
        };
        // What every fragment is bound to: whether it is the last, and a seal over nothing under the number 0.
        let mut bound = vec![0];
        let tag = cipher.seal_in_place_separate_tag(nonce_of(0), Aad::empty(), &mut [])?;
        bound.extend_from_slice(tag.as_ref());
        let mut sealed = Vec::with_capacity(SALT + 1 + NONCE + body.len() + 64);
        sealed.extend_from_slice(&self.salt);
        sealed.push(CIPHER);
        sealed.extend_from_slice(&nonce);
        let fragments: Vec<&[u8]> =
            if body.is_empty() { vec![body] } else { body.chunks(FRAGMENT).collect() };
        for (sequence, fragment) in (1_u32..).zip(&fragments) {
            if sequence as usize == fragments.len() {
                bound[0] = 0x80;
            }
            let mut fragment = fragment.to_vec();
            cipher.seal_in_place_append_tag(nonce_of(sequence), Aad::from(&bound), &mut fragment)?;
            sealed.extend_from_slice(&fragment);
        }
        Ok(sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_cut_into_fragments_each_with_a_tag() {
        let key = SealKey { salt: [7; SALT], key: [9; 32] };
        for (length, fragments) in [(0, 1), (1, 1), (FRAGMENT, 1), (FRAGMENT + 1, 2), (3 * FRAGMENT, 3)] {
            let body = vec![b'x'; length];
            let sealed = key.seal(&body).expect("random bytes");
            assert_eq!(sealed.len(), SALT + 1 + NONCE + length + fragments * 16);
            assert_eq!((&sealed[..SALT], sealed[SALT]), ([7; SALT].as_slice(), CIPHER));
            assert!(!sealed.windows(8).any(|window| window == b"xxxxxxxx"));
        }
        assert_ne!(key.seal(b"body").expect("random bytes"), key.seal(b"body").expect("random bytes"));
    }
}
