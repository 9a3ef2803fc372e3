//! Env files of `format: raw`: lines taken as they are.

use super::dotenv::{DotenvError, DotenvErrorKind, Entry};
use super::interpolate::Lookup;

/// The buffer of the reference's line reader, line break included.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Reads a file of `format: raw`: lines `KEY=value` without quotes, escapes or substitution (docker/cli `kvfile`, as
/// Docker Compose 2.40.3 registers it). Values keep their trailing space. A name alone takes its value from `lookup`.
/// Unlike [`super::dotenv::parse`] it adds nothing to what later files know: the caller does.
///
/// # Errors
/// [`DotenvError`], at the first thing that is wrong.
pub fn parse_raw(src: &str, lookup: &dyn Lookup) -> Result<Vec<Entry>, DotenvError> {
    let mut entries = Vec::new();
    let mut offset = 0;
    for (index, full) in src.split_inclusive('\n').enumerate() {
        let line_number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let start = offset;
        offset += full.len();
        let error = |range, kind| DotenvError { line: line_number, range, kind };
        // The last line needs room for the end of the file to be noticed.
        let needed = full.len() + usize::from(!full.ends_with('\n'));
        if needed > LINE_BYTES_MAX {
            return Err(error(start..offset, DotenvErrorKind::RawTooLong));
        }
        let line = full.strip_suffix('\n').unwrap_or(full);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = if index == 0 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (line, None),
        };
        let key_start = start + full.find(line).unwrap_or(0);
        let key_range = key_start..key_start + key.len();
        if key.is_empty() {
            return Err(error(key_range, DotenvErrorKind::RawNoName { text: line.to_owned() }));
        }
        if key.contains([' ', '\t']) {
            return Err(error(key_range, DotenvErrorKind::RawWhitespace { key: key.to_owned() }));
        }
        if let Some(found) = value.or_else(|| lookup.lookup(key)) {
            entries.push(Entry {
                key: key.to_owned(),
                value: found.to_owned(),
                key_range,
                line: line_number,
                inherited: value.is_none(),
                uses: Vec::new(),
            });
        }
    }
    Ok(entries)
}
