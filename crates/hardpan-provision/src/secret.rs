//! A secret that cannot be shown by accident.
//!
//! Not responsible for where secrets come from (`plan::secret_file`). A newcomer needs to know one thing: whoever calls
//! [`Secret::expose`] puts the value on a wire or into a hash, and nowhere else: no error, no log line, no argument.

use std::fmt;

/// A password or a key. Its `Debug` shows nothing, it has no `Display`, and comparing two of them takes the same time wherever they
/// differ.
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes a value in.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the wire and for hashes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A text with every occurrence of the secret hidden: answers of servers repeat what they were sent now and then.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        // A value of one or two characters would hide half the text and tell what it is by that.
        if self.0.len() < 3 { text.to_owned() } else { text.replace(&self.0, "[secret]") }
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret([secret])")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_is_not_shown_and_is_taken_out_of_what_others_say() {
        let secret = Secret::new("canary-7");
        assert_eq!(format!("{secret:?}"), "Secret([secret])");
        assert_eq!(secret.redact("no user canary-7 here"), "no user [secret] here");
        assert_eq!(Secret::new("a").redact("a cat"), "a cat");
        assert_ne!(secret, Secret::new("canary-8"));
        assert_eq!(secret, Secret::new("canary-7"));
    }
}
