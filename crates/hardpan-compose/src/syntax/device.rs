//! Short syntax of `devices`: `source[:target[:permissions]]`.

use std::fmt;

/// A device made available in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The path on the host, or the name of a CDI device.
    pub source: String,
    /// The path in the container; equal to `source` when none is given.
    pub target: String,
    /// The cgroup permissions, `rwm` when none are given. Empty when the text ends after a second colon.
    pub permissions: String,
}

/// Why a text is not a device mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// It has more than three parts.
    Confusing {
        /// The whole text.
        text: String,
    },
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confusing { text } => {
                write!(f, "confusing device mapping, please use long syntax: {text}")
            }
        }
    }
}

impl std::error::Error for DeviceError {}

/// Parses a device mapping (compose-spec, services, devices, as compose-go 2.9.1 does).
///
/// # Errors
/// [`DeviceError::Confusing`] for more than three parts.
pub fn parse_device(text: &str) -> Result<Device, DeviceError> {
    let mut parts = text.split(':');
    let source = parts.next().unwrap_or_default();
    let target = parts.next().unwrap_or_default();
    let permissions = parts.next().unwrap_or("rwm");
    if parts.next().is_some() {
        return Err(DeviceError::Confusing { text: text.to_owned() });
    }
    Ok(Device {
        source: source.to_owned(),
        target: if target.is_empty() { source } else { target }.to_owned(),
        permissions: permissions.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::parse_device;

    #[test]
    fn a_mapping_has_up_to_three_parts() {
        // Compared with Docker Compose 2.40.3.
        let cases = [
            ("/dev/a", Ok(("/dev/a", "/dev/a", "rwm"))),
            ("/dev/a:/dev/b", Ok(("/dev/a", "/dev/b", "rwm"))),
            ("/dev/a:/dev/b:r", Ok(("/dev/a", "/dev/b", "r"))),
            ("/dev/a:r", Ok(("/dev/a", "r", "rwm"))),
            ("/dev/a:zz:q", Ok(("/dev/a", "zz", "q"))),
            ("a:", Ok(("a", "a", "rwm"))),
            ("a::", Ok(("a", "a", ""))),
            ("a:b:", Ok(("a", "b", ""))),
            ("", Ok(("", "", "rwm"))),
            ("vendor.com/class=device", Ok(("vendor.com/class=device", "vendor.com/class=device", "rwm"))),
            ("a:b:c:d", Err("confusing device mapping, please use long syntax: a:b:c:d")),
        ];
        for (text, expected) in cases {
            let found = parse_device(text).map_err(|error| error.to_string());
            let found =
                found.as_ref().map(|d| (d.source.as_str(), d.target.as_str(), d.permissions.as_str()));
            assert_eq!(found.map_err(String::as_str), expected, "{text:?}");
        }
    }
}
