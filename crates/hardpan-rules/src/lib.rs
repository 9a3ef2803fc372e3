//! What a project has to fulfil: the requirements catalogue, and the codes of the rules that prove it.
//!
//! This crate judges and never looks: it has no network, no clock, no environment, no process and no direct file
//! access. It renders nothing. A newcomer needs to know one thing: a [`requirements::Requirement`] is a statement of
//! one of the five documents, a [`codes::RuleCode`] is something a machine can decide, and the catalogue links each
//! requirement to the codes that prove it, or says why no machine can.

pub mod artifacts;
pub mod codes;
pub mod requirements;
