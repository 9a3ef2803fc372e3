//! Reads tokens into events: which nodes there are and how they nest. Follows libyaml's parser, a state machine with
//! its own stack, so depth costs memory and not stack.

use std::borrow::Cow;

use crate::yaml::ScalarStyle;
use crate::yaml::problem::{Fault, Problem};
use crate::yaml::scanner::Scanner;
use crate::yaml::token::{TagParts, TokenKind};

/// What go-yaml shortens to `!!`.
const CORE_TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// A range of bytes.
pub(super) type Range = (usize, usize);

/// One step through a stream.
#[derive(Debug)]
pub(super) enum Event<'text> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(Range),
    Scalar {
        style: ScalarStyle,
        value: Cow<'text, str>,
        range: Range,
        properties: Properties,
    },
    SequenceStart {
        range: Range,
        properties: Properties,
    },
    MappingStart {
        range: Range,
        properties: Properties,
    },
    /// The end of the innermost collection: behind its bracket, or none where nothing is written for it.
    CollectionEnd(Option<usize>),
}

/// What may stand before a node.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// The anchor with its `&`.
    pub(super) anchor: Option<Range>,
    /// The tag as go-yaml names it, and where it is.
    pub(super) tag: Option<(Box<str>, Range)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    FirstDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceEntry { is_first: bool },
    IndentlessSequenceEntry,
    BlockMappingKey { is_first: bool },
    BlockMappingValue,
    FlowSequenceEntry { is_first: bool },
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingKey { is_first: bool },
    FlowMappingValue,
    FlowMappingNoValue,
    End,
}

/// Which nodes a place allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Flow,
    Block,
    /// A sequence here may have its dashes in the column of its key.
    BlockOrIndentless,
}

pub(super) struct Grammar<'text> {
    pub(super) scanner: Scanner<'text>,
    pub(super) state: State,
    /// The states to return to.
    pub(super) states: Vec<State>,
    /// Where the open collections begin, for error messages.
    starts: Vec<usize>,
    tag_directives: Vec<(Box<str>, Box<str>)>,
    /// The end of the last token that is written: where a node goes that is not.
    written_end: usize,
}

impl<'text> Grammar<'text> {
    pub(super) fn new(text: &'text str) -> Self {
        Self {
            scanner: Scanner::new(text),
            state: State::FirstDocumentStart,
            states: Vec::new(),
            starts: Vec::new(),
            tag_directives: Vec::new(),
            written_end: 0,
        }
    }

    /// The next event; after an error, or after the end of the stream, it makes no sense to ask again.
    pub(super) fn next(&mut self) -> Result<Event<'text>, Fault> {
        match self.state {
            State::FirstDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Context::Block),
            State::BlockSequenceEntry { is_first } => self.block_sequence_entry(is_first),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingKey { is_first } => self.block_mapping_key(is_first),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceEntry { is_first } => self.flow_sequence_entry(is_first),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => {
                self.state = State::FlowSequenceEntry { is_first: false };
                Ok(Event::CollectionEnd(None))
            }
            State::FlowMappingKey { is_first } => self.flow_mapping_key(is_first),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingNoValue => Ok(self.omitted_then(State::FlowMappingKey { is_first: false })),
            State::End => Ok(Event::StreamEnd),
        }
    }

    fn document_start(&mut self, is_first: bool) -> Result<Event<'text>, Fault> {
        if !is_first {
            while matches!(self.peek()?, TokenKind::DocumentEnd) {
                self.take();
            }
        }
        let is_explicit = matches!(
            self.peek()?,
            TokenKind::Version(..) | TokenKind::TagDirective(..) | TokenKind::DocumentStart
        );
        if matches!(self.peek()?, TokenKind::StreamEnd) {
            self.state = State::End;
            return Ok(Event::StreamEnd);
        }
        self.states.push(State::DocumentEnd);
        self.directives()?;
        if is_first && !is_explicit {
            self.state = State::BlockNode;
        } else if matches!(self.peek()?, TokenKind::DocumentStart) {
            self.take();
            self.state = State::DocumentContent;
        } else {
            return Err(self.fault_at_token(Problem::DocumentStart, None)?);
        }
        Ok(Event::DocumentStart)
    }

    fn directives(&mut self) -> Result<(), Fault> {
        let mut has_version = false;
        loop {
            match self.peek()? {
                TokenKind::Version(..) if has_version => {
                    return Err(self.fault_at_token(Problem::DuplicateVersion, None)?);
                }
                TokenKind::Version(1, 1) => has_version = true,
                TokenKind::Version(..) => return Err(self.fault_at_token(Problem::VersionUnsupported, None)?),
                TokenKind::TagDirective(handle, prefix) => {
                    let directive = (Box::from(*handle), prefix.clone());
                    if self.tag_directives.iter().any(|(known, _)| *known == directive.0) {
                        return Err(self.fault_at_token(Problem::DuplicateTagDirective, None)?);
                    }
                    self.tag_directives.push(directive);
                }
                _ => return Ok(()),
            }
            self.take();
        }
    }

    fn document_content(&mut self) -> Result<Event<'text>, Fault> {
        match self.peek()? {
            TokenKind::Version(..)
            | TokenKind::TagDirective(..)
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                self.pop_state();
                Ok(self.omitted())
            }
            _ => self.node(Context::Block),
        }
    }

    fn document_end(&mut self) -> Result<Event<'text>, Fault> {
        if matches!(self.peek()?, TokenKind::DocumentEnd) {
            self.take();
        }
        self.tag_directives.clear();
        self.state = State::DocumentStart;
        Ok(Event::DocumentEnd)
    }

    pub(super) fn node(&mut self, context: Context) -> Result<Event<'text>, Fault> {
        if matches!(self.peek()?, TokenKind::Alias) {
            self.pop_state();
            let range = self.take();
            return Ok(Event::Alias(range));
        }
        let properties = self.properties()?;
        let is_block = context != Context::Flow;
        let range = self.peek_range()?;
        match self.peek()? {
            TokenKind::BlockEntry if context == Context::BlockOrIndentless => {
                self.state = State::IndentlessSequenceEntry;
                Ok(Event::SequenceStart { range: (range.0, range.0), properties })
            }
            TokenKind::Scalar(..) => {
                self.pop_state();
                self.scalar(range, properties)
            }
            TokenKind::FlowSequenceStart => {
                self.state = State::FlowSequenceEntry { is_first: true };
                Ok(Event::SequenceStart { range, properties })
            }
            TokenKind::FlowMappingStart => {
                self.state = State::FlowMappingKey { is_first: true };
                Ok(Event::MappingStart { range, properties })
            }
            TokenKind::BlockSequenceStart if is_block => {
                self.state = State::BlockSequenceEntry { is_first: true };
                Ok(Event::SequenceStart { range, properties })
            }
            TokenKind::BlockMappingStart if is_block => {
                self.state = State::BlockMappingKey { is_first: true };
                Ok(Event::MappingStart { range, properties })
            }
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                self.pop_state();
                let at = (self.written_end, self.written_end);
                Ok(Event::Scalar {
                    style: ScalarStyle::Plain,
                    value: Cow::Borrowed(""),
                    range: at,
                    properties,
                })
            }
            _ if is_block => Err(self.fault_at_token(Problem::NodeContent, None)?),
            _ => Err(self.fault_in_collection(Problem::NodeContent)?),
        }
    }

    fn scalar(&mut self, range: Range, properties: Properties) -> Result<Event<'text>, Fault> {
        match self.take_kind() {
            Some(TokenKind::Scalar(style, value)) => Ok(Event::Scalar { style, value, range, properties }),
            _ => Err(self.fault_at_token(Problem::NodeContent, None)?),
        }
    }

    /// Reads an anchor and a tag in either order; neither may come twice.
    fn properties(&mut self) -> Result<Properties, Fault> {
        let mut properties = Properties::default();
        let mut tag = None;
        loop {
            match self.peek()? {
                TokenKind::Anchor if properties.anchor.is_none() => properties.anchor = Some(self.take()),
                TokenKind::Tag(parts) if tag.is_none() => {
                    let parts = parts.clone();
                    tag = Some((parts, self.take()));
                }
                _ => break,
            }
        }
        if let Some((parts, range)) = tag {
            let fault = Fault { problem: Problem::UndefinedTagHandle, at: range.0, context: range.0 };
            properties.tag = Some((self.tag_name(&parts).ok_or(fault)?, range));
        }
        Ok(properties)
    }

    fn tag_name(&self, parts: &TagParts<'_>) -> Option<Box<str>> {
        let declared = self.tag_directives.iter().find(|(handle, _)| **handle == *parts.handle);
        let prefix = match (declared, parts.handle) {
            (_, "") => "",
            (Some((_, prefix)), _) => prefix,
            (None, "!") => "!",
            (None, "!!") => CORE_TAG_PREFIX,
            (None, _) => return None,
        };
        let full = format!("{prefix}{}", parts.suffix);
        Some(match full.strip_prefix(CORE_TAG_PREFIX) {
            Some(short) => format!("!!{short}").into(),
            None => full.into(),
        })
    }

    fn block_sequence_entry(&mut self, is_first: bool) -> Result<Event<'text>, Fault> {
        if is_first {
            self.open_collection()?;
        }
        match self.peek()? {
            TokenKind::BlockEntry => {
                self.take();
                let next = State::BlockSequenceEntry { is_first: false };
                if matches!(self.peek()?, TokenKind::BlockEntry | TokenKind::BlockEnd) {
                    return Ok(self.omitted_then(next));
                }
                self.states.push(next);
                self.node(Context::Block)
            }
            TokenKind::BlockEnd => Ok(self.close_collection()),
            _ => Err(self.fault_in_collection(Problem::DashExpected)?),
        }
    }

    fn indentless_sequence_entry(&mut self) -> Result<Event<'text>, Fault> {
        if !matches!(self.peek()?, TokenKind::BlockEntry) {
            self.pop_state();
            return Ok(Event::CollectionEnd(None));
        }
        self.take();
        match self.peek()? {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                Ok(self.omitted_then(State::IndentlessSequenceEntry))
            }
            _ => {
                self.states.push(State::IndentlessSequenceEntry);
                self.node(Context::Block)
            }
        }
    }

    fn block_mapping_key(&mut self, is_first: bool) -> Result<Event<'text>, Fault> {
        if is_first {
            self.open_collection()?;
        }
        match self.peek()? {
            TokenKind::Key => {
                self.take();
                self.block_mapping_node(State::BlockMappingValue)
            }
            TokenKind::BlockEnd => Ok(self.close_collection()),
            _ => Err(self.fault_in_collection(Problem::KeyExpected)?),
        }
    }

    fn block_mapping_value(&mut self) -> Result<Event<'text>, Fault> {
        let next = State::BlockMappingKey { is_first: false };
        if !matches!(self.peek()?, TokenKind::Value) {
            return Ok(self.omitted_then(next));
        }
        self.take();
        self.block_mapping_node(next)
    }

    fn block_mapping_node(&mut self, next: State) -> Result<Event<'text>, Fault> {
        if matches!(self.peek()?, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd) {
            return Ok(self.omitted_then(next));
        }
        self.states.push(next);
        self.node(Context::BlockOrIndentless)
    }

    pub(super) fn open_collection(&mut self) -> Result<(), Fault> {
        self.peek()?;
        let range = self.take();
        self.starts.push(range.0);
        Ok(())
    }

    pub(super) fn close_collection(&mut self) -> Event<'text> {
        self.pop_state();
        self.starts.pop();
        let (start, end) = self.take();
        Event::CollectionEnd((end > start).then_some(end))
    }

    pub(super) fn omitted_then(&mut self, next: State) -> Event<'text> {
        self.state = next;
        self.omitted()
    }

    /// A scalar that is not written, behind whatever was written last.
    fn omitted(&self) -> Event<'text> {
        Event::Scalar {
            style: ScalarStyle::Plain,
            value: Cow::Borrowed(""),
            range: (self.written_end, self.written_end),
            properties: Properties::default(),
        }
    }

    /// Invariant: a node is only read after the state to return to was pushed.
    fn pop_state(&mut self) {
        self.state = self.states.pop().expect("a state to return to is pushed before a node is read");
    }

    pub(super) fn peek(&mut self) -> Result<&TokenKind<'text>, Fault> {
        Ok(&self.scanner.peek()?.kind)
    }

    fn peek_range(&mut self) -> Result<Range, Fault> {
        let token = self.scanner.peek()?;
        Ok((token.start, token.end))
    }

    /// Takes the token that was peeked at; only its place is of interest.
    pub(super) fn take(&mut self) -> Range {
        let Some(token) = self.scanner.take() else { return (self.written_end, self.written_end) };
        self.written_end = self.written_end.max(if token.end > token.start { token.end } else { 0 });
        (token.start, token.end)
    }

    fn take_kind(&mut self) -> Option<TokenKind<'text>> {
        let token = self.scanner.take()?;
        self.written_end = token.end;
        Some(token.kind)
    }

    pub(super) fn fault_in_collection(&mut self, problem: Problem) -> Result<Fault, Fault> {
        let start = self.starts.last().copied();
        self.fault_at_token(problem, start)
    }

    /// The problem at the next token. The token itself may turn out to be a worse problem.
    fn fault_at_token(&mut self, problem: Problem, context: Option<usize>) -> Result<Fault, Fault> {
        let (start, _) = self.peek_range()?;
        Ok(Fault { problem, at: start, context: context.unwrap_or(start) })
    }
}
