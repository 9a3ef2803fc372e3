//! What can be wrong with a text, in go-yaml's words.

/// A problem and where it is. Scanning and parsing end with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) problem: Problem,
    /// Where reading had to stop.
    pub(super) at: usize,
    /// Where the construct begins in which it happened: an opening quote or bracket, a key, the block.
    pub(super) context: usize,
}

/// Everything that go-yaml refuses a text for, apart from unknown anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    ControlCharacter,
    TokenStart,
    ColonExpected,
    FlowTooDeep,
    BlockTooDeep,
    EntryNotAllowed,
    KeyNotAllowed,
    ValueNotAllowed,
    DirectiveUnknown,
    DirectiveName,
    DirectiveNameEnd,
    DirectiveEnd,
    VersionDot,
    VersionTooLong,
    VersionNumber,
    VersionUnsupported,
    DuplicateVersion,
    TagDirectiveSpace,
    TagDirectiveEnd,
    DuplicateTagDirective,
    AnchorName,
    TagEnd,
    TagBang,
    TagUri,
    TagClose,
    UriEscape,
    UriLeadingOctet,
    UriTrailingOctet,
    UndefinedTagHandle,
    BlockHeader,
    BlockIndentZero,
    TabInBlockScalar,
    TabInPlainScalar,
    DocumentIndicatorInQuotes,
    QuoteUnclosed,
    EscapeUnknown,
    EscapeHex,
    EscapeCode,
    DocumentStart,
    NodeContent,
    DashExpected,
    KeyExpected,
    FlowSequenceEnd,
    FlowMappingEnd,
}

impl Problem {
    /// The words of go-yaml 3.0.4, its spelling included.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::ControlCharacter => "control characters are not allowed",
            Self::TokenStart => "found character that cannot start any token",
            Self::ColonExpected => "could not find expected ':'",
            Self::FlowTooDeep | Self::BlockTooDeep => "exceeded max depth of 10000",
            Self::EntryNotAllowed => "block sequence entries are not allowed in this context",
            Self::KeyNotAllowed => "mapping keys are not allowed in this context",
            Self::ValueNotAllowed => "mapping values are not allowed in this context",
            Self::DirectiveUnknown => "found unknown directive name",
            Self::DirectiveName => "could not find expected directive name",
            Self::DirectiveNameEnd => "found unexpected non-alphabetical character",
            Self::DirectiveEnd | Self::BlockHeader => "did not find expected comment or line break",
            Self::VersionDot => "did not find expected digit or '.' character",
            Self::VersionTooLong => "found extremely long version number",
            Self::VersionNumber => "did not find expected version number",
            Self::VersionUnsupported => "found incompatible YAML document",
            Self::DuplicateVersion => "found duplicate %YAML directive",
            Self::TagDirectiveSpace => "did not find expected whitespace",
            Self::TagDirectiveEnd | Self::TagEnd => "did not find expected whitespace or line break",
            Self::DuplicateTagDirective => "found duplicate %TAG directive",
            Self::AnchorName => "did not find expected alphabetic or numeric character",
            Self::TagBang => "did not find expected '!'",
            Self::TagUri => "did not find expected tag URI",
            Self::TagClose => "did not find the expected '>'",
            Self::UriEscape => "did not find URI escaped octet",
            Self::UriLeadingOctet => "found an incorrect leading UTF-8 octet",
            Self::UriTrailingOctet => "found an incorrect trailing UTF-8 octet",
            Self::UndefinedTagHandle => "found undefined tag handle",
            Self::BlockIndentZero => "found an indentation indicator equal to 0",
            Self::TabInBlockScalar => "found a tab character where an indentation space is expected",
            Self::TabInPlainScalar => "found a tab character that violates indentation",
            Self::DocumentIndicatorInQuotes => "found unexpected document indicator",
            Self::QuoteUnclosed => "found unexpected end of stream",
            Self::EscapeUnknown => "found unknown escape character",
            Self::EscapeHex => "did not find expected hexdecimal number",
            Self::EscapeCode => "found invalid Unicode character escape code",
            Self::DocumentStart => "did not find expected <document start>",
            Self::NodeContent => "did not find expected node content",
            Self::DashExpected => "did not find expected '-' indicator",
            Self::KeyExpected => "did not find expected key",
            Self::FlowSequenceEnd => "did not find expected ',' or ']'",
            Self::FlowMappingEnd => "did not find expected ',' or '}'",
        }
    }
}
