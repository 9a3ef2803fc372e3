//! The family of an image, told from its reference.

/// What an image reference names, without registry, tag and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Image<'r> {
    /// The repository without its registry, such as `grafana/grafana` or `postgres`.
    pub(super) repository: &'r str,
    /// The tag.
    pub(super) tag: Option<&'r str>,
}

impl<'r> Image<'r> {
    /// Reads a reference such as `registry.example:5000/library/postgres:17@sha256:…`.
    pub(super) fn parse(reference: &'r str) -> Self {
        let reference = reference.trim();
        let named = reference.split('@').next().unwrap_or(reference);
        let after_slash = named.rfind('/').map_or(0, |at| at + 1);
        let (path, tag) = match named[after_slash..].find(':') {
            Some(at) => (&named[..after_slash + at], Some(&named[after_slash + at + 1..])),
            None => (named, None),
        };
        let repository = match path.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
            _ => path,
        };
        Self { repository: repository.strip_prefix("library/").unwrap_or(repository), tag }
    }

    /// The last component of the repository: `grafana`, `postgres`.
    pub(super) fn name(&self) -> &'r str {
        self.repository.rsplit('/').next().unwrap_or_default()
    }

    /// The component before the name: `grafana`, `linuxserver`; none for official images.
    pub(super) fn owner(&self) -> Option<&'r str> {
        self.repository.rsplit('/').nth(1)
    }

    /// Whether the name is `family`, or has it between hyphens, underscores or dots, as `pg-postgres` and
    /// `postgres-alpine` have.
    pub(super) fn is_of(&self, family: &str) -> bool {
        let name = self.name();
        let separates = |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b'-' | b'_' | b'.'));
        let mut from = 0;
        while let Some(at) = name[from..].find(family).map(|at| at + from) {
            let bytes = name.as_bytes();
            let (before, after) =
                (at.checked_sub(1).and_then(|before| bytes.get(before)), bytes.get(at + family.len()));
            if separates(before) && separates(after) {
                return true;
            }
            from = at + family.len();
        }
        false
    }

    /// The number that the tag begins with, as in `17.4-alpine` and `v3.6`.
    pub(super) fn major(&self) -> Option<u32> {
        let tag = self.tag?;
        let digits = tag.strip_prefix('v').unwrap_or(tag);
        let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn references_are_taken_apart() {
        for (reference, repository, tag) in [
            ("postgres", "postgres", None),
            ("docker.io/library/redis:7", "redis", Some("7")),
            ("localhost:5000/team/app:1.2@sha256:abc", "team/app", Some("1.2")),
            ("grafana/grafana@sha256:abc", "grafana/grafana", None),
        ] {
            assert_eq!(Image::parse(reference), Image { repository, tag });
        }
    }

    #[test]
    fn families_are_whole_words() {
        assert!(Image::parse("supabase/postgres:17").is_of("postgres"));
        assert!(Image::parse("bitnami/mongodb-sharded").is_of("mongodb"));
        assert!(!Image::parse("prometheuscommunity/postgresql").is_of("postgres"));
    }
}
