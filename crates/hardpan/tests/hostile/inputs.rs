//! Pieces of large inputs.

use crate::runner::Case;

/// How many of something show a cost that grows with the square: seconds of it, and not minutes without optimisation.
pub(crate) const MANY: usize = if cfg!(debug_assertions) { 10_000 } else { 50_000 };

/// As many pieces of text as asked for, one behind the other.
pub(crate) fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect()
}

/// An extension whose value nests this deep.
pub(crate) fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("x-a: {}{}\n", open.repeat(depth), close.repeat(depth))
}

/// A text in UTF-16 with a byte order mark.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// A chain of files, each including the next.
pub(crate) fn chain_of_includes(case: Case, length: usize) -> Case {
    let link = |next: usize| format!("include: [{next}.yaml]\nservices: {{s{next}: {{image: x}}}}\n");
    let case =
        case.file("compose.yaml", link(1)).file(&format!("{length}.yaml"), "services: {z: {image: x}}\n");
    (1..length).fold(case, |case, at| case.file(&format!("{at}.yaml"), link(at + 1)))
}

/// About 330 bytes of what services usually say.
pub(crate) fn ordinary_service(number: usize) -> String {
    format!(
        "  service-{number}:\n    image: registry.example.org/team/image-{number}:1.2.3\n    restart: unless-stopped\n    environment:\n      NAME: \"service-{number}\"\n      LEVEL: info\n    ports: [\"{}:80\"]\n    labels:\n      - com.example.index={number}\n    volumes:\n      - ./data/{number}:/var/lib/data:ro\n",
        number % 60_000 + 1
    )
}
