//! Compound commands: groups, conditions, loops, functions.

use super::parser::{Reader, ends_word};
use super::tree::Block;
use super::tree::{Branch, Case, CaseArm, Command, CommandKind, Function, If, Loop, LoopKind, SimpleCommand};
use super::word::{Part, Word};

/// Where a compound command begins, and what it is.
type Compound = (usize, CommandKind);

impl Reader<'_> {
    /// A compound command, if one begins here: `None` when none does, `Some(None)` when it lies too deep.
    pub(super) fn compound(&mut self) -> Option<Option<Compound>> {
        let start = self.pos;
        let read: fn(&mut Self) -> CommandKind = if self.looking_at(b"((") && self.arithmetic_end(2).is_some()
        {
            Self::arithmetic_command
        } else if self.peek(0) == Some(b'(') {
            |reader| {
                reader.pos += 1;
                CommandKind::Subshell(reader.block_in_parentheses())
            }
        } else if self.at_word(b"{") {
            |reader| {
                reader.pos += 1;
                let block = reader.block();
                reader.expect_word(b"}");
                CommandKind::Group(block)
            }
        } else if self.at_word(b"[[") {
            Self::test_command
        } else if self.at_word(b"if") {
            Self::if_command
        } else if self.at_word(b"while") || self.at_word(b"until") {
            Self::while_command
        } else if self.at_word(b"for") || self.at_word(b"select") {
            Self::for_command
        } else if self.at_word(b"case") {
            Self::case_command
        } else if self.at_word(b"function") {
            Self::function_command
        } else {
            return None;
        };
        Some(self.deeper(read).map(|kind| (start, kind)))
    }

    fn if_command(&mut self) -> CommandKind {
        let start = self.pos;
        self.pos += 2;
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.block();
            self.expect_word(b"then");
            let body = self.block();
            branches.push(Branch { condition, body });
            self.blank_lines();
            if self.at_word(b"elif") {
                self.pos += 4;
                continue;
            }
            if self.at_word(b"else") {
                self.pos += 4;
                otherwise = Some(self.block());
            }
            self.expect_word(b"fi");
            return CommandKind::If(If { range: start..self.pos, branches, otherwise });
        }
    }

    fn while_command(&mut self) -> CommandKind {
        let start = self.pos;
        let kind = if self.at_word(b"while") { LoopKind::While } else { LoopKind::Until };
        self.pos += 5;
        let keyword = start..self.pos;
        let condition = self.block();
        let body = self.do_block();
        CommandKind::Loop(Loop {
            range: start..self.pos,
            keyword,
            kind,
            condition,
            variable: None,
            words: Vec::new(),
            body,
        })
    }

    fn do_block(&mut self) -> Block {
        self.expect_word(b"do");
        let body = self.block();
        self.expect_word(b"done");
        body
    }

    fn for_command(&mut self) -> CommandKind {
        let start = self.pos;
        let mut kind = if self.at_word(b"for") { LoopKind::For } else { LoopKind::Select };
        self.pos += if kind == LoopKind::For { 3 } else { 6 };
        let keyword = start..self.pos;
        self.blanks();
        let mut variable = None;
        let mut words = Vec::new();
        if self.looking_at(b"((") {
            kind = LoopKind::ForArithmetic;
            if let Some(word) = self.arithmetic_word() {
                words.push(word);
            }
        } else {
            variable = Some(self.word().raw).filter(|name| !name.is_empty());
            self.complete &= variable.is_some();
            self.blank_lines();
            if self.at_word(b"in") {
                self.pos += 2;
                words = self.words_of_line();
            }
        }
        self.blanks();
        if self.peek(0) == Some(b';') {
            self.pos += 1;
        }
        let body = self.do_block();
        CommandKind::Loop(Loop {
            range: start..self.pos,
            keyword,
            kind,
            condition: Block::default(),
            variable,
            words,
            body,
        })
    }

    fn words_of_line(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            if self.peek(0).is_none_or(ends_word) && !self.at_process_substitution() {
                return words;
            }
            words.push(self.word());
        }
    }

    fn case_command(&mut self) -> CommandKind {
        let start = self.pos;
        self.pos += 4;
        self.blanks();
        let subject = self.word();
        self.expect_word(b"in");
        let mut arms = Vec::new();
        loop {
            self.blank_lines();
            if self.pos >= self.end || self.at_word(b"esac") {
                break;
            }
            let before = self.pos;
            if self.peek(0) == Some(b'(') {
                self.pos += 1;
            }
            let mut patterns = Vec::new();
            loop {
                self.blanks();
                let word = self.word();
                if !word.raw.is_empty() {
                    patterns.push(word);
                }
                self.blanks();
                if self.peek(0) != Some(b'|') {
                    break;
                }
                self.pos += 1;
            }
            if self.peek(0) == Some(b')') {
                self.pos += 1;
            } else {
                self.complete = false;
            }
            let body = self.block();
            for end in [&b";;&"[..], b";;", b";&"] {
                if self.looking_at(end) {
                    self.pos += end.len();
                    break;
                }
            }
            arms.push(CaseArm { patterns, body });
            if self.pos == before {
                break;
            }
        }
        self.expect_word(b"esac");
        CommandKind::Case(Case { range: start..self.pos, subject, arms })
    }

    fn function_command(&mut self) -> CommandKind {
        let start = self.pos;
        self.pos += 8;
        self.blanks();
        let name = self.word().raw;
        self.blanks();
        if self.peek(0) == Some(b'(') {
            self.pos += 1;
            self.blanks();
            if self.peek(0) == Some(b')') {
                self.pos += 1;
            }
        }
        self.function_body(start, name)
    }

    /// `name` has been read and `(` is next: a definition, or something broken.
    pub(super) fn function_after_name(&mut self, start: usize, name: String) -> Option<Command> {
        self.pos += 1;
        self.blanks();
        if self.peek(0) == Some(b')') {
            self.pos += 1;
        } else {
            self.complete = false;
        }
        let kind = self.deeper(|reader| reader.function_body(start, name))?;
        Some(Command { range: start..self.pos, kind, redirects: Vec::new() })
    }

    fn function_body(&mut self, start: usize, name: String) -> CommandKind {
        self.blank_lines();
        let body = self.command().unwrap_or_else(|| {
            let at = self.pos;
            self.complete = false;
            Command { range: at..at, kind: CommandKind::Group(Block::default()), redirects: Vec::new() }
        });
        CommandKind::Function(Function { range: start..self.pos, name, body: Box::new(body) })
    }

    /// `[[ … ]]` as a simple command; the signs between the brackets are words.
    fn test_command(&mut self) -> CommandKind {
        let start = self.pos;
        let mut simple = SimpleCommand::default();
        self.pos += 2;
        simple.words.push(self.sign(start));
        loop {
            self.blank_lines();
            let before = self.pos;
            if self.at_word(b"]]") {
                self.pos += 2;
                simple.words.push(self.sign(before));
                break;
            }
            match self.peek(0) {
                None => {
                    self.complete = false;
                    break;
                }
                Some(b'&' | b'|') if self.peek(0) == self.peek(1) => {
                    self.pos += 2;
                    simple.words.push(self.sign(before));
                }
                Some(byte) if ends_word(byte) => {
                    self.step();
                    simple.words.push(self.sign(before));
                }
                _ => simple.words.push(self.word()),
            }
        }
        simple.range = start..self.pos;
        CommandKind::Simple(simple)
    }

    /// `(( … ))` as a simple command of one word between its parentheses.
    fn arithmetic_command(&mut self) -> CommandKind {
        let start = self.pos;
        self.pos += 2;
        let open = self.sign(start);
        self.pos = start;
        let middle = self.arithmetic_word();
        let closing = middle.as_ref().map_or(self.pos, |word| word.range.end);
        let close = (closing < self.pos).then(|| self.sign(closing));
        let words = [Some(open), middle, close].into_iter().flatten().collect();
        CommandKind::Simple(SimpleCommand { range: start..self.pos, words, ..SimpleCommand::default() })
    }

    /// The text from `start` to here as an unquoted word.
    fn sign(&self, start: usize) -> Word {
        let raw = self.slice(start..self.pos);
        let literal = super::word::Literal { range: start..self.pos, text: raw.to_owned(), quoted: false };
        Word::new(start..self.pos, raw, vec![Part::Literal(literal)])
    }
}
