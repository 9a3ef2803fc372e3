//! Character classes and case as Go sees them, where the standard library has no equal.

/// Whether Go's `unicode.IsLetter` holds. The standard library knows *alphabetic* characters, which include numerals
/// such as `Ⅷ`, combining marks and enclosed letters; all but a few hundred combining vowel signs of Indic scripts are
/// taken out here.
pub(super) fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic()
        || (c.is_alphabetic()
            && !c.is_numeric()
            && !c.escape_debug().any(|escaped| escaped == '\\')
            && !matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}'))
}

/// Lower case as Go's `strings.ToLower` gives it: one character for one, without regard to its neighbours.
pub(super) fn to_lower(text: &str) -> String {
    text.chars().filter_map(|c| c.to_lowercase().next()).collect()
}
