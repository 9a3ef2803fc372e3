//! The tokens that the scanner makes and the grammar reads.

use std::borrow::Cow;

use crate::yaml::ScalarStyle;

/// A token and the bytes it covers. Tokens that are not written, such as [`TokenKind::BlockEnd`], cover none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'text> {
    pub(super) kind: TokenKind<'text>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The kinds of token, as YAML 1.1 knows them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind<'text> {
    StreamEnd,
    /// `%YAML` with its two numbers.
    Version(u8, u8),
    /// `%TAG` with its handle and prefix.
    TagDirective(&'text str, Box<str>),
    DocumentStart,
    DocumentEnd,
    /// Before the first dash of a sequence that is indented.
    BlockSequenceStart,
    BlockMappingStart,
    /// Where the indentation goes back.
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    /// A dash.
    BlockEntry,
    /// A comma.
    FlowEntry,
    /// A `?`, or the place before a key that needs none.
    Key,
    /// A colon.
    Value,
    Alias,
    Anchor,
    Tag(Box<TagParts<'text>>),
    Scalar(ScalarStyle, Cow<'text, str>),
}

/// A tag before its handle is looked up; an empty handle means that the suffix is all there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TagParts<'text> {
    pub(super) handle: &'text str,
    pub(super) suffix: Box<str>,
}
