//! Short syntax of `volumes`: `[source:]target[:options]`.
//!
//! The parser does not know the platform: a single letter before a colon is always taken for a Windows drive, so that
//! `v:/data` is an anonymous volume at the target `v:/data`. Paths are neither cleaned nor made absolute here;
//! [`super::path`] has what is needed for that.

use std::fmt;

use super::chars::is_letter;

/// What is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeKind {
    /// A path of the host.
    Bind,
    /// A named or anonymous volume.
    Volume,
}

impl VolumeKind {
    /// The word used for `type` in long syntax.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Volume => "volume",
        }
    }
}

/// The `bind` object of the long syntax.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BindOptions {
    /// `rprivate`, `shared` and so on.
    pub propagation: Option<&'static str>,
    /// `z` or `Z`.
    pub selinux: Option<&'static str>,
    /// Whether the host path is created when missing: always so for a bind in short syntax.
    pub create_host_path: bool,
}

/// The `volume` object of the long syntax.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolumeOptions {
    /// Whether the image's files are not copied into a new volume.
    pub nocopy: bool,
}

/// A mount in long syntax. An object is `Some` where the reference prints it, even when it is empty, and both can be
/// there: options are not checked against the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The value of `type`.
    pub kind: VolumeKind,
    /// The host path or volume name; empty for an anonymous volume.
    pub source: String,
    /// The path in the container, as written.
    pub target: String,
    /// Whether the mount is read-only.
    pub read_only: bool,
    /// The `bind` object.
    pub bind: Option<BindOptions>,
    /// The `volume` object.
    pub volume: Option<VolumeOptions>,
}

/// Why a text is not a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VolumeError {
    /// There is no text.
    Empty,
    /// A colon has nothing before it, or nothing follows the last one. An unset variable often does this.
    EmptySection {
        /// The whole text.
        spec: String,
    },
    /// There are more than three sections.
    TooManyColons {
        /// The whole text.
        spec: String,
    },
}

impl fmt::Display for VolumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("invalid empty volume spec"),
            Self::EmptySection { spec } => write!(f, "invalid spec: {spec}: empty section between colons"),
            Self::TooManyColons { spec } => write!(f, "invalid spec: {spec}: too many colons"),
        }
    }
}

impl std::error::Error for VolumeError {}

/// Parses the short syntax of a volume (compose-spec, services, volumes; compose-go 2.9.1 `format.ParseVolume`).
/// Unknown options are ignored, as there.
///
/// # Errors
/// [`VolumeError`], by what is wrong.
pub fn parse_volume(spec: &str) -> Result<Volume, VolumeError> {
    let mut volume = Volume {
        kind: VolumeKind::Volume,
        source: String::new(),
        target: String::new(),
        read_only: false,
        bind: None,
        volume: None,
    };
    match spec.len() {
        0 => return Err(VolumeError::Empty),
        // Too short for any structure: the reference takes it whole and adds no `volume` object.
        1 | 2 => {
            spec.clone_into(&mut volume.target);
            return Ok(volume);
        }
        _ => {}
    }
    let mut sections = Sections { rest: Some(spec) };
    while let Some((section, is_last)) = sections.next() {
        if section.is_empty() {
            return Err(VolumeError::EmptySection { spec: spec.to_owned() });
        } else if volume.source.is_empty() && !is_last {
            section.clone_into(&mut volume.source);
        } else if volume.target.is_empty() {
            section.clone_into(&mut volume.target);
        } else if is_last {
            apply_options(&mut volume, section);
        } else {
            return Err(VolumeError::TooManyColons { spec: spec.to_owned() });
        }
    }
    if is_host_path(&volume.source) {
        volume.kind = VolumeKind::Bind;
        volume.bind.get_or_insert_default().create_host_path = true;
    } else {
        volume.volume.get_or_insert_default();
    }
    Ok(volume)
}

/// The parts between colons, where the colon of a Windows drive does not separate.
struct Sections<'a> {
    rest: Option<&'a str>,
}

impl<'a> Sections<'a> {
    /// The next section and whether it is the last.
    fn next(&mut self) -> Option<(&'a str, bool)> {
        let rest = self.rest?;
        let skipped = drive_len(rest).unwrap_or(0);
        match separator(rest, skipped) {
            Separator::At(end) => {
                self.rest = Some(&rest[end + 1..]);
                Some((&rest[..end], false))
            }
            Separator::None => {
                self.rest = None;
                Some((rest, true))
            }
            Separator::Unclosed => None,
        }
    }
}

/// Where a section ends.
enum Separator {
    At(usize),
    /// The section is the last.
    None,
    /// A `${` is not closed, and the reference forgets what it has read of the section.
    Unclosed,
}

/// The first colon from an offset on that separates: one inside `${…}` belongs to a variable that was left as written.
fn separator(text: &str, from: usize) -> Separator {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    for at in from..bytes.len() {
        match bytes[at] {
            b'$' if bytes.get(at + 1) == Some(&b'{') => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => return Separator::At(at),
            _ => {}
        }
    }
    if depth == 0 { Separator::None } else { Separator::Unclosed }
}

/// The length of a letter and a colon at the beginning. Any letter of any script counts.
fn drive_len(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let letter = chars.next().filter(|&c| is_letter(c))?;
    (chars.next() == Some(':')).then(|| letter.len_utf8() + 1)
}

fn apply_options(volume: &mut Volume, options: &str) {
    const PROPAGATIONS: [&str; 6] = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];
    const SELINUX: [&str; 2] = ["z", "Z"];
    for option in options.split(',') {
        match option {
            "ro" => volume.read_only = true,
            "rw" => volume.read_only = false,
            "nocopy" => volume.volume = Some(VolumeOptions { nocopy: true }),
            option => {
                if let Some(&known) = PROPAGATIONS.iter().find(|&&known| known == option) {
                    volume.bind.get_or_insert_default().propagation = Some(known);
                } else if let Some(&known) = SELINUX.iter().find(|&&known| known == option) {
                    volume.bind.get_or_insert_default().selinux = Some(known);
                }
            }
        }
    }
}

/// True where the source or the target begins as a path on a Windows drive does. Off Windows that is most often a volume
/// with a name of one letter.
#[must_use]
pub fn is_on_drive(volume: &Volume) -> bool {
    drive_len(&volume.source).or(drive_len(&volume.target)).is_some()
}

/// Whether a source names a path of the host rather than a volume.
fn is_host_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || drive_len(source).is_some()
}

#[cfg(test)]
mod tests {
    use super::{Volume, VolumeKind, parse_volume};

    /// One line: what is mounted, and the objects that are there with what is set in them.
    fn summary(volume: &Volume) -> String {
        let mut out = format!("{} `{}` on `{}`", volume.kind.as_str(), volume.source, volume.target);
        if volume.read_only {
            out.push_str(" ro");
        }
        if let Some(bind) = &volume.bind {
            let created = if bind.create_host_path { "create" } else { "" };
            let (propagation, selinux) = (bind.propagation.unwrap_or(""), bind.selinux.unwrap_or(""));
            out.push_str(&format!(" bind({created},{propagation},{selinux})"));
        }
        if let Some(volume) = &volume.volume {
            out.push_str(if volume.nocopy { " volume(nocopy)" } else { " volume()" });
        }
        out
    }

    #[test]
    fn volumes_are_read_as_the_reference_does() {
        // Compared with Docker Compose 2.40.3, before its cleaning of paths.
        let cases: &[(&str, Result<&str, &str>)] = &[
            ("a", Ok("volume `` on `a`")),
            ("ab", Ok("volume `` on `ab`")),
            ("a:b", Ok("volume `` on `a:b` volume()")),
            ("/a:/b", Ok("bind `/a` on `/b` bind(create,,)")),
            ("/a:/b:ro", Ok("bind `/a` on `/b` ro bind(create,,)")),
            ("v:/data", Ok("volume `` on `v:/data` volume()")),
            (r"C:\a:/b", Ok(r"bind `C:\a` on `/b` bind(create,,)")),
            (r"\\.\pipe\x:/y", Ok(r"bind `\\.\pipe\x` on `/y` bind(create,,)")),
            ("/a:b:c:d", Ok("bind `/a` on `b:c` bind(create,,)")),
            (":/x", Err("invalid spec: :/x: empty section between colons")),
            ("vv:", Err("invalid spec: vv:: empty section between colons")),
            ("/x//y/../z", Ok("volume `` on `/x//y/../z` volume()")),
            ("/a/", Ok("volume `` on `/a/` volume()")),
            ("c:/a:d:/b", Ok("bind `c:/a` on `d:/b` bind(create,,)")),
            (r"c:/a:d:\b:ro", Ok(r"bind `c:/a` on `d:\b` ro bind(create,,)")),
            ("/", Ok("volume `` on `/`")),
            ("", Err("invalid empty volume spec")),
            ("é:/x", Ok("volume `` on `é:/x` volume()")),
            ("éé", Ok("volume `` on `éé` volume()")),
            ("/x:/y:foo", Ok("bind `/x` on `/y` bind(create,,)")),
            ("/x:/y:Z,shared,ro,rw", Ok("bind `/x` on `/y` bind(create,shared,Z)")),
            (r"\\a:/y", Ok(r"bind `\\a` on `/y` bind(create,,)")),
            ("x:", Ok("volume `` on `x:`")),
            ("/a:/b:nocopy", Ok("bind `/a` on `/b` bind(create,,) volume(nocopy)")),
            ("/a:/b:ro:rw", Err("invalid spec: /a:/b:ro:rw: too many colons")),
            ("/a:c", Ok("bind `/a` on `c` bind(create,,)")),
            ("/a:c:", Ok("bind `/a` on `c:` bind(create,,)")),
            (r"/a:c:\x", Ok(r"bind `/a` on `c:\x` bind(create,,)")),
            (r"/a:c:\x:ro", Ok(r"bind `/a` on `c:\x` ro bind(create,,)")),
            ("::", Ok("volume `` on `::`")),
            ("/a::", Err("invalid spec: /a::: empty section between colons")),
            ("/a:/b::", Err("invalid spec: /a:/b::: empty section between colons")),
            ("/a:1:x", Ok("bind `/a` on `1` bind(create,,)")),
            ("_:/x", Ok("volume `_` on `/x` volume()")),
            ("1:/x", Ok("volume `1` on `/x` volume()")),
            ("1:2:3", Ok("volume `1` on `2` volume()")),
            ("²:/x", Ok("volume `²` on `/x` volume()")),
            ("字:/x", Ok("volume `` on `字:/x` volume()")),
            ("字字x", Ok("volume `` on `字字x` volume()")),
            ("/a:/b:ro,", Ok("bind `/a` on `/b` ro bind(create,,)")),
            ("/a:/b:,", Ok("bind `/a` on `/b` bind(create,,)")),
            ("/a:/b:ro,nocopy,rshared,z", Ok("bind `/a` on `/b` ro bind(create,rshared,z) volume(nocopy)")),
            ("/a:/b:RO", Ok("bind `/a` on `/b` bind(create,,)")),
            ("/a:/b:private", Ok("bind `/a` on `/b` bind(create,private,)")),
            ("/a:/b:rprivate,slave,rslave", Ok("bind `/a` on `/b` bind(create,rslave,)")),
            ("a:b:c", Ok("bind `a:b` on `c` bind(create,,)")),
            ("a:b:c:d", Ok("bind `a:b` on `c:d` bind(create,,)")),
            ("ab:c:d", Ok("volume `ab` on `c:d` volume()")),
            ("/x y:/z", Ok("bind `/x y` on `/z` bind(create,,)")),
            ("/a\n:/b", Ok("bind `/a\n` on `/b` bind(create,,)")),
            ("Ⓐ:/x", Ok("volume `Ⓐ` on `/x` volume()")),
            ("Ⅰ:/x", Ok("volume `Ⅰ` on `/x` volume()")),
            ("ª:/x", Ok("volume `` on `ª:/x` volume()")),
            (r"ͅ:/x", Ok(r"volume `ͅ` on `/x` volume()")),
            ("/a:/b:z,Z", Ok("bind `/a` on `/b` bind(create,,Z)")),
            ("/a:/b:ro:z", Err("invalid spec: /a:/b:ro:z: too many colons")),
            ("/a\u{0}:/b", Ok("bind `/a\u{0}` on `/b` bind(create,,)")),
        ];
        for (spec, expected) in cases {
            let found = parse_volume(spec).map(|volume| summary(&volume)).map_err(|error| error.to_string());
            assert_eq!(found.as_deref().map_err(String::as_str), *expected, "{spec:?}");
        }
    }

    #[test]
    fn a_lone_letter_is_a_drive() {
        // A volume named with one letter cannot be mounted in short syntax.
        let volume = parse_volume("v:/data").expect("a valid volume");
        assert_eq!((volume.kind, volume.source.as_str()), (VolumeKind::Volume, ""));
    }
}
