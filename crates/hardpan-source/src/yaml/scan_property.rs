//! The part of the scanner that reads directives, anchors, aliases and tags.

use crate::yaml::cursor::is_word;
use crate::yaml::problem::{Fault, Problem};
use crate::yaml::scanner::Scanner;
use crate::yaml::token::{TagParts, TokenKind};

/// A version number of `%YAML` has at most this many digits, in go-yaml.
const VERSION_DIGITS_MAX: usize = 2;

impl<'text> Scanner<'text> {
    pub(super) fn scan_anchor(&mut self) -> Result<(), Fault> {
        let start = self.cursor.position();
        let kind = if self.cursor.byte(0) == b'*' { TokenKind::Alias } else { TokenKind::Anchor };
        self.cursor.pass();
        let name = self.read_word();
        let may_follow = matches!(self.cursor.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !(may_follow || self.cursor.is_space(0)) {
            return Err(self.fault(Problem::AnchorName, start));
        }
        self.push(kind, start);
        Ok(())
    }

    pub(super) fn scan_directive(&mut self) -> Result<(), Fault> {
        let start = self.cursor.position();
        self.cursor.pass();
        let name = self.read_word();
        if name.is_empty() {
            return Err(self.fault(Problem::DirectiveName, start));
        }
        if !self.cursor.is_space(0) {
            return Err(self.fault(Problem::DirectiveNameEnd, start));
        }
        let kind = match name {
            "YAML" => self.read_version(start)?,
            "TAG" => self.read_tag_directive(start)?,
            _ => return Err(self.fault(Problem::DirectiveUnknown, start)),
        };
        self.push(kind, start);
        self.cursor.pass_blanks();
        if self.cursor.byte(0) == b'#' {
            self.pass_comment();
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(self.fault(Problem::DirectiveEnd, start));
        }
        self.cursor.pass_break();
        Ok(())
    }

    fn read_version(&mut self, directive: usize) -> Result<TokenKind<'text>, Fault> {
        self.cursor.pass_blanks();
        let major = self.read_version_number(directive)?;
        if self.cursor.byte(0) != b'.' {
            return Err(self.fault(Problem::VersionDot, directive));
        }
        self.cursor.pass();
        let minor = self.read_version_number(directive)?;
        Ok(TokenKind::Version(major, minor))
    }

    fn read_version_number(&mut self, directive: usize) -> Result<u8, Fault> {
        let mut value = 0;
        let mut count = 0;
        while self.cursor.byte(0).is_ascii_digit() {
            count += 1;
            if count > VERSION_DIGITS_MAX {
                return Err(self.fault(Problem::VersionTooLong, directive));
            }
            value = value * 10 + (self.cursor.byte(0) - b'0');
            self.cursor.pass();
        }
        if count == 0 {
            return Err(self.fault(Problem::VersionNumber, directive));
        }
        Ok(value)
    }

    fn read_tag_directive(&mut self, directive: usize) -> Result<TokenKind<'text>, Fault> {
        self.cursor.pass_blanks();
        let handle = self.read_tag_handle(directive)?;
        if handle.len() > 1 && !handle.ends_with('!') {
            return Err(self.fault(Problem::TagBang, directive));
        }
        if !self.cursor.is_blank() {
            return Err(self.fault(Problem::TagDirectiveSpace, directive));
        }
        self.cursor.pass_blanks();
        let prefix = self.read_tag_uri(String::new(), false, directive)?;
        if !self.cursor.is_space(0) {
            return Err(self.fault(Problem::TagDirectiveEnd, directive));
        }
        Ok(TokenKind::TagDirective(handle, prefix))
    }

    pub(super) fn scan_tag(&mut self) -> Result<(), Fault> {
        let start = self.cursor.position();
        let parts = if self.cursor.byte(1) == b'<' {
            self.cursor.pass_bytes(2);
            let suffix = self.read_tag_uri(String::new(), false, start)?;
            if self.cursor.byte(0) != b'>' {
                return Err(self.fault(Problem::TagClose, start));
            }
            self.cursor.pass();
            TagParts { handle: "", suffix }
        } else {
            let handle = self.read_tag_handle(start)?;
            if handle.len() > 1 && handle.ends_with('!') {
                TagParts { handle, suffix: self.read_tag_uri(String::new(), false, start)? }
            } else {
                // What looked like a handle is the beginning of a local tag.
                let suffix = self.read_tag_uri(handle[1..].to_owned(), true, start)?;
                // A lone `!` is a tag of its own, not a handle without a suffix.
                if suffix.is_empty() {
                    TagParts { handle: "", suffix: "!".into() }
                } else {
                    TagParts { handle: "!", suffix }
                }
            }
        };
        if !self.cursor.is_space(0) {
            return Err(self.fault(Problem::TagEnd, start));
        }
        self.push(TokenKind::Tag(Box::new(parts)), start);
        Ok(())
    }

    /// Reads `!`, word characters, and a second `!` if there is one.
    fn read_tag_handle(&mut self, context: usize) -> Result<&'text str, Fault> {
        let start = self.cursor.position();
        if self.cursor.byte(0) != b'!' {
            return Err(self.fault(Problem::TagBang, context));
        }
        self.cursor.pass();
        self.read_word();
        if self.cursor.byte(0) == b'!' {
            self.cursor.pass();
        }
        Ok(self.cursor.slice(start, self.cursor.position()))
    }

    fn read_tag_uri(&mut self, head: String, may_be_empty: bool, context: usize) -> Result<Box<str>, Fault> {
        let start = self.cursor.position();
        let mut uri = head.into_bytes();
        while is_uri(self.cursor.byte(0)) {
            if self.cursor.byte(0) == b'%' {
                self.read_uri_escape(&mut uri, context)?;
            } else {
                uri.push(self.cursor.byte(0));
                self.cursor.pass();
            }
        }
        if self.cursor.position() == start && !may_be_empty {
            return Err(self.fault(Problem::TagUri, context));
        }
        // go-yaml looks at the lengths of escaped characters only, so what they spell may still be no character.
        Ok(String::from_utf8_lossy(&uri).into())
    }

    /// Reads the escaped bytes of one character.
    fn read_uri_escape(&mut self, uri: &mut Vec<u8>, context: usize) -> Result<(), Fault> {
        let mut left = 1;
        let mut is_first = true;
        while left > 0 {
            let octet = self.escaped_octet().ok_or_else(|| self.fault(Problem::UriEscape, context))?;
            if is_first {
                left = match octet {
                    0..=0x7F => 1,
                    0xC0..=0xDF => 2,
                    0xE0..=0xEF => 3,
                    0xF0..=0xF7 => 4,
                    _ => return Err(self.fault(Problem::UriLeadingOctet, context)),
                };
                is_first = false;
            } else if octet & 0xC0 != 0x80 {
                return Err(self.fault(Problem::UriTrailingOctet, context));
            }
            uri.push(octet);
            self.cursor.pass_bytes(3);
            left -= 1;
        }
        Ok(())
    }

    fn escaped_octet(&self) -> Option<u8> {
        let high = char::from(self.cursor.byte(1)).to_digit(16)?;
        let low = char::from(self.cursor.byte(2)).to_digit(16)?;
        let octet = u8::try_from(high << 4 | low).ok()?;
        (self.cursor.byte(0) == b'%').then_some(octet)
    }

    fn read_word(&mut self) -> &'text str {
        let start = self.cursor.position();
        while is_word(self.cursor.byte(0)) {
            self.cursor.pass();
        }
        self.cursor.slice(start, self.cursor.position())
    }
}

fn is_uri(byte: u8) -> bool {
    is_word(byte) || b";/?:@&=+$,.!~*'()[]%".contains(&byte)
}
