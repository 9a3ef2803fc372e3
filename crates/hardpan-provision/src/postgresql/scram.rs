//! SCRAM verifiers: what PostgreSQL stores of a password (RFC 5802, RFC 7677), made and checked on this side.
//!
//! Not responsible for logging in; `tokio_postgres` does. A newcomer needs to know one thing: the server takes a verifier where
//! it expects a password and stores it as it is, so the password itself is never sent and never in the server's log.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use ring::hmac;
use ring::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Failure;
use crate::secret::Secret;

/// What PostgreSQL itself uses (`scram_iterations`).
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// A stored verifier with more is not computed: it would take seconds of this thread, on which everything runs.
const ITERATIONS_MAX: u32 = 600_000;

const SALT_LENGTH: usize = 16;

const PREFIX: &str = "SCRAM-SHA-256$";

/// A new verifier with a salt of its own.
///
/// # Errors
/// The system has no randomness.
pub(super) fn verifier(password: &Secret) -> Result<Secret, Failure> {
    let mut salt = [0; SALT_LENGTH];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| Failure::other("the system gives no random numbers for a salt"))?;
    Ok(verifier_with(password, &salt, ITERATIONS))
}

/// True if the verifier is one of this password. What is no SCRAM verifier, such as an MD5 hash, never is.
pub(super) fn is_of(verifier: &Secret, password: &Secret) -> bool {
    let parts = verifier.expose().strip_prefix(PREFIX).and_then(|rest| {
        let (iterations, salt) = rest.split_once('$')?.0.split_once(':')?;
        Some((iterations.parse::<NonZeroU32>().ok()?, STANDARD.decode(salt).ok()?))
    });
    match parts {
        Some((iterations, salt)) if iterations.get() <= ITERATIONS_MAX => {
            verifier_with(password, &salt, iterations) == *verifier
        }
        _ => false,
    }
}

fn verifier_with(password: &Secret, salt: &[u8], iterations: NonZeroU32) -> Secret {
    // What SASLprep forbids is taken as it is, as the server does.
    let normalized = stringprep::saslprep(password.expose());
    let password = normalized.as_deref().unwrap_or(password.expose());
    let mut salted = [0; SHA256_OUTPUT_LEN];
    derive(PBKDF2_HMAC_SHA256, iterations, salt, password.as_bytes(), &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client_key = hmac::sign(&key, b"Client Key");
    let stored_key = digest(&SHA256, client_key.as_ref());
    let server_key = hmac::sign(&key, b"Server Key");
    Secret::new(format!(
        "{PREFIX}{iterations}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored_key),
        STANDARD.encode(server_key)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_the_one_that_rfc_7677_leads_to() {
        // The exchange of RFC 7677, section 3: password `pencil`, this salt, 4096 rounds. Its server signature is
        // HMAC(ServerKey, AuthMessage) and its client proof opens StoredKey, so both keys are checked by it.
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = verifier_with(&Secret::new("pencil"), &salt, ITERATIONS);
        let (head, keys) = verifier.expose().rsplit_once('$').unwrap();
        assert_eq!(head, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==");
        let (stored, server) = keys.split_once(':').unwrap();
        let message = b"n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let sign = |key: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(key).unwrap());
            hmac::sign(&key, message)
        };
        assert_eq!(STANDARD.encode(sign(server)), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signature = sign(stored);
        let client_key: Vec<u8> = proof.iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        assert_eq!(STANDARD.encode(digest(&SHA256, &client_key)), stored);
    }

    #[test]
    fn a_verifier_is_recognised_and_another_one_is_not() {
        let password = Secret::new("canary");
        let verifier = verifier(&password).unwrap();
        assert!(is_of(&verifier, &password));
        assert!(!is_of(&verifier, &Secret::new("canary ")));
        for stored in
            ["", "md5abc", "SCRAM-SHA-256$", "SCRAM-SHA-256$0:AA==$AA==:AA==", "SCRAM-SHA-256$4096:%$x:y"]
        {
            assert!(!is_of(&Secret::new(stored), &password), "{stored}");
        }
        let slow = verifier.expose().replace("$4096:", "$2000000000:");
        assert!(!is_of(&Secret::new(slow), &password), "it is not even computed");
    }

    #[test]
    fn letters_that_look_alike_are_one_password_as_the_server_sees_it() {
        // U+2168 is the Roman numeral nine, which SASLprep writes as two letters (RFC 4013, section 3).
        let verifier = verifier(&Secret::new("\u{2168}")).unwrap();
        assert!(is_of(&verifier, &Secret::new("IX")));
    }
}
