//! Which styles of YAML can carry a text, as libyaml's emitter decides it.

/// What an emitter must know of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// It has line breaks.
    pub(super) multiline: bool,
    /// It can stand without quotes in a block.
    pub(super) plain: bool,
    pub(super) single_quoted: bool,
    /// It can be a literal block.
    pub(super) block: bool,
}

impl Facts {
    pub(super) fn of(value: &str) -> Self {
        if value.is_empty() {
            return Self { multiline: false, plain: true, single_quoted: true, block: false };
        }
        let mut indicators = value.starts_with("---") || value.starts_with("...");
        let (mut multiline, mut special, mut tab) = (false, false, false);
        let (mut break_space, mut space_break) = (false, false);
        let (mut previous_space, mut previous_break) = (false, false);
        let mut after_blank = true;
        let mut chars = value.chars().peekable();
        let mut first = true;
        while let Some(c) = chars.next() {
            let before_blank = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            indicators |= match c {
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    first
                }
                '#' => after_blank,
                '?' | '-' => first && before_blank,
                ':' => before_blank,
                _ => false,
            };
            tab |= c == '\t';
            special |= c != '\t' && !is_printable(c);
            if c == ' ' {
                break_space |= previous_break;
            } else if is_break(c) {
                multiline = true;
                space_break |= previous_space;
            }
            previous_space = c == ' ';
            previous_break = is_break(c);
            after_blank = matches!(c, ' ' | '\t' | '\0') || previous_break;
            first = false;
        }
        let ends_in_space = value.starts_with(' ') || value.ends_with(' ');
        let unquotable = break_space || space_break || tab || special;
        Self {
            multiline,
            plain: !indicators && !multiline && !unquotable && !ends_in_space,
            single_quoted: !unquotable,
            block: !space_break && !special && !value.ends_with(' '),
        }
    }
}

/// Line breaks of YAML 1.1.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What go-yaml prints as it is. Nothing beyond the basic multilingual plane is, nor are carriage return and tab.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}
