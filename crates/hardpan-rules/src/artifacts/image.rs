//! Image references, by the grammar of distribution/reference (v0.6.0, `reference.go` and `normalize.go`).
//!
//! It parses and compares names; whether an image exists is not its question. The one thing to know: a reference that
//! still holds a variable does not parse, so whoever calls resolves it first.

/// The registry that is meant when none is written.
pub const DEFAULT_REGISTRY: &str = "docker.io";
/// The most bytes of registry and repository together.
pub const NAME_MAX: usize = 255;
/// The most bytes of a tag.
pub const TAG_MAX: usize = 128;

/// A reference such as `ghcr.io/org/app:1.2@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// The registry, if one is written.
    pub registry: Option<String>,
    /// The path behind the registry, as it is written.
    pub repository: String,
    /// The tag, if one is written.
    pub tag: Option<String>,
    /// The digest, such as `sha256:…`, if one is written.
    pub digest: Option<String>,
}

/// Why a reference is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageProblem {
    /// There is nothing.
    Empty,
    /// It holds `$`, so that a variable has not been replaced.
    Unresolved,
    /// The repository has upper-case letters.
    UpperCase,
    /// The registry is not a host name, an address or one with a port.
    Registry,
    /// The repository has other characters than lower-case letters, digits, and `.`, `_`, `__`, `-` between them.
    Repository,
    /// Registry and repository are longer than [`NAME_MAX`].
    TooLong,
    /// The tag is empty, longer than [`TAG_MAX`] or has other characters than letters, digits, `_`, `.`, `-`.
    Tag,
    /// The digest is not an algorithm, a colon and enough hexadecimal digits.
    Digest,
    /// It is 64 hexadecimal digits, which the engine takes for an image's id.
    Identifier,
}

/// What [`ImageRef::family`] says, also for a reference that cannot be parsed: the last component without tag and digest.
#[must_use]
pub fn family_of(reference: &str) -> &str {
    let named = reference.split('@').next().unwrap_or(reference);
    let last = named.rsplit('/').next().unwrap_or(named);
    last.split(':').next().unwrap_or(last)
}

impl ImageRef {
    /// Reads a reference.
    ///
    /// # Errors
    ///
    /// The first thing by which the text is not a reference.
    pub fn parse(text: &str) -> Result<Self, ImageProblem> {
        if text.is_empty() {
            return Err(ImageProblem::Empty);
        }
        if text.contains('$') {
            return Err(ImageProblem::Unresolved);
        }
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return Err(ImageProblem::Identifier);
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let path_at = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest.get(path_at..).and_then(|last| last.find(':')) {
            Some(colon) => (rest.get(..path_at + colon), rest.get(path_at + colon + 1..)),
            None => (Some(rest), None),
        };
        let name = name.unwrap_or_default();
        let (registry, repository) = split_registry(name);
        if registry.is_some_and(|registry| !is_registry(registry)) {
            return Err(ImageProblem::Registry);
        }
        if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(ImageProblem::UpperCase);
        }
        if !repository.split('/').all(is_component) {
            return Err(ImageProblem::Repository);
        }
        if name.len() > NAME_MAX {
            return Err(ImageProblem::TooLong);
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(ImageProblem::Tag);
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(ImageProblem::Digest);
        }
        Ok(Self {
            registry: registry.map(str::to_owned),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// The last component of the repository: `postgresql` for `bitnami/postgresql`, `postgres` for `library/postgres`.
    #[must_use]
    pub fn family(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }

    /// The registry that it is pulled from. `index.docker.io` is [`DEFAULT_REGISTRY`].
    #[must_use]
    pub fn effective_registry(&self) -> &str {
        match self.registry.as_deref() {
            None | Some("index.docker.io") => DEFAULT_REGISTRY,
            Some(registry) => registry,
        }
    }

    /// Registry and repository in full: `docker.io/library/postgres` for `postgres`.
    #[must_use]
    pub fn canonical_name(&self) -> String {
        let registry = self.effective_registry();
        let library = registry == DEFAULT_REGISTRY && !self.repository.contains('/');
        let library = if library { "library/" } else { "" };
        format!("{registry}/{library}{}", self.repository)
    }

    /// Whether the same reference may name another image tomorrow by intent: there is no digest, and the tag is absent,
    /// `latest`, a branch or a channel. A tag with a digit in it counts as a version.
    #[must_use]
    pub fn is_floating(&self) -> bool {
        if self.digest.is_some() {
            return false;
        }
        let Some(tag) = &self.tag else { return true };
        if has_version(tag) {
            return false;
        }
        tag.split(['-', '_', '.']).any(|piece| FLOATING.contains(&piece.to_ascii_lowercase().as_str()))
    }

    /// Whether a digest fixes the content.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.digest.is_some()
    }
}

/// Tags, or pieces of tags, that move.
const FLOATING: [&str; 21] = [
    "latest",
    "main",
    "master",
    "edge",
    "nightly",
    "dev",
    "devel",
    "develop",
    "development",
    "stable",
    "unstable",
    "testing",
    "staging",
    "snapshot",
    "canary",
    "rolling",
    "current",
    "head",
    "trunk",
    "lts",
    "mainline",
];

/// Whether a piece of the tag begins with a digit or with `v` and a digit, such as `1.27-stable` or `v2-latest`; but
/// `latest-pg16` has its digits after a word, so it does not.
fn has_version(tag: &str) -> bool {
    tag.split(['-', '_']).any(|piece| {
        let digits = piece.strip_prefix(['v', 'V']).unwrap_or(piece);
        digits.starts_with(|character: char| character.is_ascii_digit())
    }) && !tag.to_ascii_lowercase().split(['-', '_', '.']).any(|piece| piece == "latest")
}

/// The part before the first slash is a registry if it has a dot or a colon, is `localhost` or has upper-case letters.
fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (Some(first), rest)
        }
        _ => (None, name),
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, rest)) => match rest.strip_prefix(':') {
                Some(port) => (address, Some(port)),
                None => return false,
            },
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let host_holds = if text.starts_with('[') {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
    } else {
        host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
    };
    host_holds && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Letters and digits in lower case, joined by `.`, `_`, `__` or any number of `-`.
fn is_component(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_hold =
        bytes.first().is_some_and(|byte| is_plain(*byte)) && bytes.last().is_some_and(|byte| is_plain(*byte));
    let separators =
        text.split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit());
    ends_hold
        && separators.into_iter().all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

fn is_tag(text: &str) -> bool {
    text.len() <= TAG_MAX
        && text.bytes().enumerate().all(|(index, byte)| {
            byte.is_ascii_alphanumeric() || byte == b'_' || (index > 0 && matches!(byte, b'.' | b'-'))
        })
        && !text.is_empty()
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, value)) = text.split_once(':') else { return false };
    let pieces_hold = algorithm.split(['+', '.', '-', '_']).all(|piece| {
        piece.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && piece.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let digits_needed = match algorithm {
        "sha256" => Some(64),
        "sha384" => Some(96),
        "sha512" => Some(128),
        _ => None,
    };
    pieces_hold
        && match digits_needed {
            Some(count) => value.len() == count && value.bytes().all(is_lower_hex),
            None => value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit()),
        }
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, registry: Option<&str>, repository: &str, tag: Option<&str>) {
        let found = ImageRef::parse(text).expect("the reference is one");
        assert_eq!(
            (found.registry.as_deref(), found.repository.as_str(), found.tag.as_deref()),
            (registry, repository, tag),
            "{text}"
        );
    }

    #[test]
    fn references_are_split() {
        check("postgres", None, "postgres", None);
        check("postgres:16.2-alpine", None, "postgres", Some("16.2-alpine"));
        check("bitnami/postgresql:16", None, "bitnami/postgresql", Some("16"));
        check("localhost/app", Some("localhost"), "app", None);
        check("localhost:5000/a/b:x", Some("localhost:5000"), "a/b", Some("x"));
        check("[::1]:5000/a", Some("[::1]:5000"), "a", None);
        check("ghcr.io/o/a_b__c--d.e:V1", Some("ghcr.io"), "o/a_b__c--d.e", Some("V1"));
        check("a:5000", None, "a", Some("5000"));
        let digest = format!("sha256:{}", "0a".repeat(32));
        let found = ImageRef::parse(&format!("redis:7@{digest}")).expect("the reference is one");
        assert_eq!((found.tag.as_deref(), found.digest.as_deref()), (Some("7"), Some(digest.as_str())));
    }

    #[test]
    fn what_is_no_reference_says_why() {
        for (text, expected) in [
            ("", ImageProblem::Empty),
            ("postgres:${TAG}", ImageProblem::Unresolved),
            ("Postgres", ImageProblem::UpperCase),
            ("library/Postgres:1", ImageProblem::UpperCase),
            ("-a.io/b", ImageProblem::Registry),
            ("a.io:x/b", ImageProblem::Registry),
            ("a..b", ImageProblem::Repository),
            ("a___b", ImageProblem::Repository),
            ("a/", ImageProblem::Repository),
            ("/a", ImageProblem::Repository),
            ("a b", ImageProblem::Repository),
            ("_a", ImageProblem::Repository),
            ("https://a/b", ImageProblem::Registry),
            (":1", ImageProblem::Repository),
            ("é", ImageProblem::Repository),
            ("a:", ImageProblem::Tag),
            ("a:.b", ImageProblem::Tag),
            ("a:b:c", ImageProblem::Tag),
            ("a@sha256:12", ImageProblem::Digest),
            ("a@", ImageProblem::Digest),
        ] {
            assert_eq!(ImageRef::parse(text), Err(expected), "{text}");
        }
        assert_eq!(ImageRef::parse(&"a".repeat(64)), Err(ImageProblem::Identifier));
        assert_eq!(ImageRef::parse(&"a".repeat(256)), Err(ImageProblem::TooLong));
        assert_eq!(ImageRef::parse(&format!("a:{}", "b".repeat(129))), Err(ImageProblem::Tag));
    }

    #[test]
    fn names_are_compared_in_full() {
        let canonical = |text: &str| ImageRef::parse(text).expect("the reference is one").canonical_name();
        assert_eq!(canonical("postgres"), "docker.io/library/postgres");
        assert_eq!(canonical("library/postgres:1"), "docker.io/library/postgres");
        assert_eq!(canonical("index.docker.io/bitnami/redis"), "docker.io/bitnami/redis");
        assert_eq!(canonical("ghcr.io/a"), "ghcr.io/a");
        assert_eq!(
            ImageRef::parse("a.io/bitnami/postgresql").map(|found| found.family().to_owned()),
            Ok("postgresql".to_owned())
        );
    }

    #[test]
    fn floating_tags_are_told_from_versions() {
        let floating = |text: &str| ImageRef::parse(text).expect("the reference is one").is_floating();
        for text in [
            "a",
            "a:latest",
            "a:main",
            "a:edge",
            "a:nightly",
            "a:dev",
            "a:stable",
            "a:stable-alpine",
            "a:latest-pg16",
        ] {
            assert!(floating(text), "{text}");
        }
        for text in
            ["a:1", "a:1.27-stable", "a:v2.51.0", "a:16-alpine", "a:RELEASE.2024-01-16T16-07-38Z", "a:alpine"]
        {
            assert!(!floating(text), "{text}");
        }
        assert!(!floating(&format!("a:latest@sha256:{}", "0".repeat(64))));
    }
}
