//! The part of the grammar that reads collections in brackets.

use crate::yaml::grammar::{Context, Event, Grammar, Properties, State};
use crate::yaml::problem::{Fault, Problem};
use crate::yaml::token::TokenKind;

impl<'text> Grammar<'text> {
    pub(super) fn flow_sequence_entry(&mut self, is_first: bool) -> Result<Event<'text>, Fault> {
        if is_first {
            self.open_collection()?;
        } else {
            self.flow_separator(&TokenKind::FlowSequenceEnd, Problem::FlowSequenceEnd)?;
        }
        match self.peek()? {
            TokenKind::FlowSequenceEnd => Ok(self.close_collection()),
            TokenKind::Key => {
                self.state = State::FlowPairKey;
                let range = self.take();
                Ok(Event::MappingStart { range: (range.0, range.0), properties: Properties::default() })
            }
            _ => {
                self.states.push(State::FlowSequenceEntry { is_first: false });
                self.node(Context::Flow)
            }
        }
    }

    /// Reads the comma before an entry that is not the first, unless the collection ends here.
    fn flow_separator(&mut self, end: &TokenKind<'text>, problem: Problem) -> Result<(), Fault> {
        let kind = self.peek()?;
        if kind == end {
            return Ok(());
        }
        if !matches!(kind, TokenKind::FlowEntry) {
            return Err(self.fault_in_collection(problem)?);
        }
        self.take();
        Ok(())
    }

    pub(super) fn flow_pair_key(&mut self) -> Result<Event<'text>, Fault> {
        match self.peek()? {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // libyaml drops the token here. That is why it refuses `[? ]` and `[? , a]`, and so do we.
                let event = self.omitted_then(State::FlowPairValue);
                self.take();
                Ok(event)
            }
            _ => {
                self.states.push(State::FlowPairValue);
                self.node(Context::Flow)
            }
        }
    }

    pub(super) fn flow_pair_value(&mut self) -> Result<Event<'text>, Fault> {
        if matches!(self.peek()?, TokenKind::Value) {
            self.take();
            if !matches!(self.peek()?, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd) {
                self.states.push(State::FlowPairEnd);
                return self.node(Context::Flow);
            }
        }
        Ok(self.omitted_then(State::FlowPairEnd))
    }

    pub(super) fn flow_mapping_key(&mut self, is_first: bool) -> Result<Event<'text>, Fault> {
        if is_first {
            self.open_collection()?;
        } else {
            self.flow_separator(&TokenKind::FlowMappingEnd, Problem::FlowMappingEnd)?;
        }
        match self.peek()? {
            TokenKind::FlowMappingEnd => Ok(self.close_collection()),
            TokenKind::Key => {
                self.take();
                if matches!(self.peek()?, TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd)
                {
                    return Ok(self.omitted_then(State::FlowMappingValue));
                }
                self.states.push(State::FlowMappingValue);
                self.node(Context::Flow)
            }
            _ => {
                self.states.push(State::FlowMappingNoValue);
                self.node(Context::Flow)
            }
        }
    }

    pub(super) fn flow_mapping_value(&mut self) -> Result<Event<'text>, Fault> {
        let next = State::FlowMappingKey { is_first: false };
        if matches!(self.peek()?, TokenKind::Value) {
            self.take();
            if !matches!(self.peek()?, TokenKind::FlowEntry | TokenKind::FlowMappingEnd) {
                self.states.push(next);
                return self.node(Context::Flow);
            }
        }
        Ok(self.omitted_then(next))
    }
}
