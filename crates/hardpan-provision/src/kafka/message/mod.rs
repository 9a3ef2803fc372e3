//! The messages that provisioning needs, in the versions that brokers from Kafka 2.7 on and their likes speak.
//!
//! Not responsible for sending them; `connection` is. A newcomer needs to know one thing: the published codecs of all of
//! Kafka's messages reserve memory for as many items as an answer says it has, which ends the process on a wrong one, so the
//! fourteen messages that matter here are written out, and tests compare each version with those codecs.

mod access;
mod cluster;
mod login;
#[cfg(test)]
mod tests;
mod topic;

pub(super) use access::{AclEntry, AlterScram, CreateAcls, DescribeAcls, DescribeScram, Upsertion, acl_code};
pub(super) use cluster::{ApiVersions, Broker, DescribeQuorum, Metadata, MetadataFound};
pub(super) use login::{SaslAuthenticate, SaslHandshake};
pub(super) use topic::{AlterConfigs, CreatePartitions, CreateTopic, DescribeConfigs, Setting};

use super::code::Code;
use super::wire::{Malformed, Reader, Writer};

/// How long a broker may take over a change: less than the client waits for the answer, so that the answer says why.
const TIMEOUT_MS: i32 = 8_000;

/// A request, and how its answer is read.
pub(super) trait Request {
    /// Which message it is.
    const KEY: i16;
    /// What Kafka calls it.
    const NAME: &'static str;
    /// The first and last version that can be written and read here.
    const VERSIONS: (i16, i16);
    /// The first version with compact lengths and tagged fields.
    const FLEXIBLE_FROM: i16;
    /// What is needed of the answer.
    type Answer;

    /// Writes everything after the header.
    fn write(&self, to: &mut Writer);

    /// Reads everything after the header.
    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed>;
}

/// The end of whatever is asked about one thing: how it went, and the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) code: Code,
    pub(super) message: Option<String>,
}

impl Status {
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { code: Code(from.int16()?), message: from.nullable_string()? })
    }
}
