//! Simple commands and redirections.

use super::parser::{Reader, ends_word};
use super::tree::{Command, CommandKind, Redirect, RedirectOperator, SimpleCommand};
use super::word::Word;

impl Reader<'_> {
    pub(super) fn simple(&mut self) -> Option<Command> {
        let start = self.pos;
        let mut simple = SimpleCommand::default();
        let mut end = start;
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect() {
                end = redirect.range.end;
                simple.redirects.push(redirect);
                continue;
            }
            if self.peek(0) == Some(b'(') {
                if simple.words.len() == 1 && simple.assignments.is_empty() && simple.redirects.is_empty() {
                    let name = simple.words.first().map(|word| word.raw.clone()).unwrap_or_default();
                    return self.function_after_name(start, name);
                }
                break;
            }
            if self.peek(0).is_none_or(ends_word) && !self.at_process_substitution() {
                break;
            }
            let word = self.word_or_array();
            end = word.range.end;
            match word.as_assignment() {
                Some(assignment) if simple.words.is_empty() => simple.assignments.push(assignment),
                _ => simple.words.push(word),
            }
        }
        if end == start {
            return None;
        }
        simple.range = start..end;
        Some(Command { range: start..end, kind: CommandKind::Simple(simple), redirects: Vec::new() })
    }

    /// A word, with the elements of an array when it ends in `=` and a parenthesis follows.
    fn word_or_array(&mut self) -> Word {
        let mut word = self.word();
        if self.peek(0) != Some(b'(') || !word.raw.ends_with('=') || word.as_assignment().is_none() {
            return word;
        }
        self.pos += 1;
        let mut parts = std::mem::take(&mut word.parts);
        loop {
            self.blank_lines();
            match self.peek(0) {
                None => {
                    self.complete = false;
                    break;
                }
                Some(b')') => {
                    self.pos += 1;
                    break;
                }
                Some(byte) if ends_word(byte) && !self.at_process_substitution() => {
                    self.complete = false;
                    self.step();
                }
                _ => parts.extend(self.word().parts),
            }
        }
        let range = word.range.start..self.pos;
        Word::new(range.clone(), self.slice(range), parts)
    }

    /// A redirection, if one begins here.
    pub(super) fn redirect(&mut self) -> Option<Redirect> {
        let start = self.pos;
        let mut digits = 0;
        while digits < 4 && self.peek(digits).is_some_and(|byte| byte.is_ascii_digit()) {
            digits += 1;
        }
        let descriptor = self.slice(start..start + digits).parse().ok();
        let at = |ahead: usize| self.peek(digits + ahead);
        let (operator, length) = match (at(0)?, at(1), at(2)) {
            (b'<' | b'>', Some(b'('), _) if digits == 0 => return None,
            (b'<', Some(b'<'), Some(b'<')) => (RedirectOperator::HereString, 3),
            (b'<', Some(b'<'), Some(b'-')) => (RedirectOperator::HeredocStripTabs, 3),
            (b'<', Some(b'<'), _) => (RedirectOperator::Heredoc, 2),
            (b'<', Some(b'>'), _) => (RedirectOperator::ReadWrite, 2),
            (b'<', Some(b'&'), _) => (RedirectOperator::DuplicateInput, 2),
            (b'<', _, _) => (RedirectOperator::Input, 1),
            (b'>', Some(b'>'), _) => (RedirectOperator::Append, 2),
            (b'>', Some(b'|'), _) => (RedirectOperator::Clobber, 2),
            (b'>', Some(b'&'), _) => (RedirectOperator::DuplicateOutput, 2),
            (b'>', _, _) => (RedirectOperator::Output, 1),
            (b'&', Some(b'>'), Some(b'>')) if digits == 0 => (RedirectOperator::AppendOutputAndError, 3),
            (b'&', Some(b'>'), _) if digits == 0 => (RedirectOperator::OutputAndError, 2),
            _ => return None,
        };
        self.pos += digits + length;
        self.blanks();
        let target = self.word();
        if target.raw.is_empty() {
            self.complete = false;
        }
        let range = start..self.pos.max(target.range.end);
        let heredoc = match operator {
            RedirectOperator::Heredoc => Some(self.heredoc(&target, false)),
            RedirectOperator::HeredocStripTabs => Some(self.heredoc(&target, true)),
            _ => None,
        };
        Some(Redirect { range, descriptor, operator, target, heredoc })
    }
}
