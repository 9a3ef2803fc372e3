//! SCRAM as Kafka speaks it (RFC 5802, RFC 7677): salted passwords, and the client's side of an exchange.
//!
//! Not responsible for sending; `login` is. A newcomer needs to know one thing: brokers hash the password as the bytes it is,
//! without the preparation of RFC 4013, and so does this.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SecureRandom as _;
use ring::{digest, hmac, pbkdf2, rand};

use crate::plan::kafka::Mechanism;

/// Fewer rounds are refused, as RFC 7677 has it: a false broker would ask for one, and guess the password from the answer.
const ITERATIONS_MIN: u32 = 4_096;
/// More rounds than any broker stores (16,384): a false broker would keep us busy.
const ITERATIONS_MAX: u32 = 100_000;
/// Bytes of randomness in a salt and in a nonce.
const RANDOM_BYTES: usize = 24;
/// No bindings of the channel: `n,,` in base64.
const NO_BINDING: &str = "biws";

/// Why an exchange cannot go on. The texts are for people and hold nothing of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("the broker's message of the login is no SCRAM message")]
    Message,
    #[error("the broker continues somebody else's login")]
    Nonce,
    #[error(
        "the broker asks for {0} rounds of the hash, and only {ITERATIONS_MIN} to {ITERATIONS_MAX} are safe"
    )]
    Iterations(u32),
    #[error("the broker does not know the password: its own signature is wrong")]
    Signature,
}

/// The hash functions of a mechanism.
#[derive(Clone, Copy)]
struct Hash {
    hmac: hmac::Algorithm,
    digest: &'static digest::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
}

/// The hash functions of SCRAM; PLAIN has none and is asked for none.
fn hash(mechanism: Mechanism) -> Hash {
    match mechanism {
        Mechanism::ScramSha256 => {
            Hash { hmac: hmac::HMAC_SHA256, digest: &digest::SHA256, pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256 }
        }
        Mechanism::ScramSha512 | Mechanism::Plain => {
            Hash { hmac: hmac::HMAC_SHA512, digest: &digest::SHA512, pbkdf2: pbkdf2::PBKDF2_HMAC_SHA512 }
        }
    }
}

/// Bytes that nobody can guess; `None` where the system has none.
pub(super) fn random() -> Option<[u8; RANDOM_BYTES]> {
    let mut bytes = [0; RANDOM_BYTES];
    rand::SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}

/// The password as a broker is given it: hashed with a salt so many times.
pub(super) fn salted_password(
    mechanism: Mechanism,
    password: &str,
    salt: &[u8],
    iterations: NonZeroU32,
) -> Vec<u8> {
    let hash = hash(mechanism);
    let mut salted = vec![0; hash.digest.output_len()];
    pbkdf2::derive(hash.pbkdf2, iterations, salt, password.as_bytes(), &mut salted);
    salted
}

/// The client's side of an exchange.
pub(super) struct Exchange {
    mechanism: Mechanism,
    nonce: String,
    first_bare: String,
}

/// The server's side of it, as far as it can be checked.
pub(super) struct Expected {
    key: hmac::Key,
    message: String,
}

impl Exchange {
    pub(super) fn new(mechanism: Mechanism, user: &str, nonce: &[u8]) -> Self {
        let nonce = BASE64.encode(nonce);
        let user = user.replace('=', "=3D").replace(',', "=2C");
        Self { mechanism, first_bare: format!("n={user},r={nonce}"), nonce }
    }

    /// What the client says first.
    pub(super) fn first(&self) -> String {
        format!("n,,{}", self.first_bare)
    }

    /// What the client answers, and what the server has to say to that.
    pub(super) fn answer(&self, password: &str, server: &[u8]) -> Result<(String, Expected), Broken> {
        let server = std::str::from_utf8(server).map_err(|_| Broken::Message)?;
        let mut parts = server.split(',');
        let mut part =
            |name: &str| parts.next().and_then(|part| part.strip_prefix(name)).ok_or(Broken::Message);
        let (nonce, salt, iterations) = (part("r=")?, part("s=")?, part("i=")?);
        if nonce.len() <= self.nonce.len() || !nonce.starts_with(&self.nonce) {
            return Err(Broken::Nonce);
        }
        let salt = BASE64.decode(salt).map_err(|_| Broken::Message)?;
        let iterations: NonZeroU32 = iterations.parse().map_err(|_| Broken::Message)?;
        if !(ITERATIONS_MIN..=ITERATIONS_MAX).contains(&iterations.get()) {
            return Err(Broken::Iterations(iterations.get()));
        }
        let hash = hash(self.mechanism);
        let salted = salted_password(self.mechanism, password, &salt, iterations);
        let salted = hmac::Key::new(hash.hmac, &salted);
        let without_proof = format!("c={NO_BINDING},r={nonce}");
        let message = format!("{},{server},{without_proof}", self.first_bare);
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored_key = digest::digest(hash.digest, client_key.as_ref());
        let signature = hmac::sign(&hmac::Key::new(hash.hmac, stored_key.as_ref()), message.as_bytes());
        let proof: Vec<u8> =
            client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, other)| key ^ other).collect();
        let server_key = hmac::sign(&salted, b"Server Key");
        let expected = Expected { key: hmac::Key::new(hash.hmac, server_key.as_ref()), message };
        Ok((format!("{without_proof},p={}", BASE64.encode(proof)), expected))
    }
}

impl Expected {
    /// True for a server that knows the password, as far as it can be known without having it.
    pub(super) fn check(&self, server: &[u8]) -> Result<(), Broken> {
        let server = std::str::from_utf8(server).map_err(|_| Broken::Message)?;
        let signature = server.strip_prefix("v=").and_then(|rest| rest.split(',').next());
        let signature = signature.and_then(|text| BASE64.decode(text).ok()).ok_or(Broken::Message)?;
        hmac::verify(&self.key, self.message.as_bytes(), &signature).map_err(|_| Broken::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::{BASE64, Broken, Exchange};
    use crate::plan::kafka::Mechanism::ScramSha256;
    use base64::Engine as _;

    /// The example of RFC 7677, section 3.
    fn rfc_7677() -> Exchange {
        let nonce = BASE64.decode("rOprNGfwEbeRWgbNEkqO").expect("base64");
        Exchange::new(ScramSha256, "user", &nonce)
    }

    const SERVER_FIRST: &[u8] =
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    #[test]
    fn the_example_of_the_standard_comes_out() {
        let exchange = rfc_7677();
        assert_eq!(exchange.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let (answer, expected) = exchange.answer("pencil", SERVER_FIRST).expect("a message of the standard");
        assert_eq!(
            answer,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert_eq!(expected.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        assert_eq!(expected.check(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Err(Broken::Signature));
        assert_eq!(expected.check(b"e=other-error"), Err(Broken::Message));
    }

    #[test]
    fn a_false_server_gets_no_proof() {
        let answer = |server: &str| rfc_7677().answer("pencil", server.as_bytes()).map(drop);
        assert_eq!(answer("r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096"), Err(Broken::Nonce), "nothing added");
        assert_eq!(answer("r=other,s=W22Z,i=4096"), Err(Broken::Nonce));
        assert_eq!(answer("r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=1"), Err(Broken::Iterations(1)));
        let most = u32::MAX;
        assert_eq!(
            answer(&format!("r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i={most}")),
            Err(Broken::Iterations(most))
        );
        for odd in ["", "m=x,r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=%,i=4096"] {
            assert_eq!(answer(odd), Err(Broken::Message), "{odd}");
        }
    }

    #[test]
    fn the_separators_of_a_user_name_are_escaped() {
        assert_eq!(Exchange::new(ScramSha256, "a=b,c", &[]).first(), "n,,n=a=3Db=2Cc,r=");
    }
}
