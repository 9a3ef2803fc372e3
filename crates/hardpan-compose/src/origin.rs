//! Where a value comes from: the bytes that won, and the chain they travelled.

use hardpan_source::Span;

use crate::tree::small;

/// The bytes that hold a value, and how they got to where the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The winning text.
    pub span: Span,
    /// What happened to it since; see [`crate::Tree::hops`].
    pub chain: Chain,
}

impl Origin {
    /// Text that has not travelled yet.
    #[must_use]
    pub const fn at(span: Span) -> Self {
        Self { span, chain: Chain::NONE }
    }
}

/// Names a chain of hops; equal names are equal chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chain(u32);

impl Chain {
    /// No hop: the text stands where the value is.
    pub const NONE: Self = Self(0);
}

/// One step a value travelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// Inherited from another service by `extends`.
    Extends {
        /// The service inherited from.
        service: Box<str>,
        /// The `extends` attribute that asked for it.
        at: Span,
        /// The key of the service inherited from: where it is defined.
        key: Span,
    },
    /// Replaced the value of an earlier file or of a template.
    Overrides {
        /// The value that lost.
        at: Span,
    },
    /// Copied by an alias (`*name`).
    Alias {
        /// The alias.
        at: Span,
    },
    /// Copied by a merge key (`<<`).
    Merge {
        /// The merge key.
        at: Span,
    },
    /// Made of variables.
    Variable {
        /// Name of the variable.
        name: Box<str>,
        /// Where its value was set.
        set: VariableSource,
    },
    /// Read from a file that an attribute names (`env_file`, `label_file`).
    File {
        /// The attribute that names the file.
        at: Span,
    },
    /// Added by the resolver itself, as the reference does.
    Implied {
        /// Why, in a few words.
        reason: &'static str,
    },
}

/// Where the value of a variable was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableSource {
    /// In the environment of the process.
    Process,
    /// In an env file, at these bytes.
    File(Span),
    /// By Compose itself (`COMPOSE_PROJECT_NAME`).
    Compose,
    /// Nowhere: the default in the text was taken.
    Default,
    /// Nowhere: it is blank.
    Unset,
}

#[derive(Debug)]
struct Link {
    hop: Hop,
    next: Chain,
}

/// All chains of one tree, sharing their tails.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    links: Vec<Link>,
}

impl Chains {
    pub(crate) fn push(&mut self, hop: Hop, next: Chain) -> Chain {
        self.links.push(Link { hop, next });
        Chain(small(self.links.len()))
    }

    pub(crate) fn hops(&self, chain: Chain) -> impl Iterator<Item = &Hop> {
        let mut at = chain;
        std::iter::from_fn(move || {
            let link = self.links.get(at.0.checked_sub(1)? as usize)?;
            at = link.next;
            Some(&link.hop)
        })
    }
}
