//! Messages about the cluster: what a broker speaks, who is there, and whether the controllers agree on a leader.

use super::{Malformed, Reader, Request, Writer};
use crate::kafka::code::Code;
use crate::plan::Address;

/// The topic in which KRaft keeps the cluster's metadata.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// Asks for the messages that a broker knows, with their versions. The first version is understood by every broker and asks
/// for nothing that a later one would add.
#[derive(Debug)]
pub(in crate::kafka) struct ApiVersions;

impl Request for ApiVersions {
    const KEY: i16 = 18;
    const NAME: &'static str = "ApiVersions";
    const VERSIONS: (i16, i16) = (0, 0);
    const FLEXIBLE_FROM: i16 = i16::MAX;
    /// How it went, and for every message its key, first and last version.
    type Answer = (Code, Vec<(i16, i16, i16)>);

    fn write(&self, _to: &mut Writer) {}

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        let code = Code(from.int16()?);
        Ok((code, from.array(|from| Ok((from.int16()?, from.int16()?, from.int16()?)))?))
    }
}

/// Asks for brokers, the controller, and some topics. It creates none.
#[derive(Debug)]
pub(in crate::kafka) struct Metadata<'a> {
    pub(in crate::kafka) topics: &'a [&'a str],
}

/// What is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::kafka) struct MetadataFound {
    pub(in crate::kafka) brokers: Vec<Broker>,
    /// The controller's id, or where controllers are no brokers that of a broker that passes requests on; -1 for none.
    pub(in crate::kafka) controller: i32,
    pub(in crate::kafka) topics: Vec<TopicFound>,
}

/// A broker that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct Broker {
    pub(in crate::kafka) id: i32,
    /// Where it wants to be spoken to.
    pub(in crate::kafka) address: Address,
}

/// A topic, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct TopicFound {
    pub(in crate::kafka) code: Code,
    pub(in crate::kafka) name: String,
    /// The number of replicas of each partition.
    pub(in crate::kafka) replicas: Vec<usize>,
}

impl Request for Metadata<'_> {
    const KEY: i16 = 3;
    const NAME: &'static str = "Metadata";
    const VERSIONS: (i16, i16) = (8, 12);
    const FLEXIBLE_FROM: i16 = 9;
    type Answer = MetadataFound;

    fn write(&self, to: &mut Writer) {
        to.array(self.topics, |to, topic| {
            if to.version() >= 10 {
                to.uuid([0; 16]);
            }
            to.string(topic);
            to.end();
        });
        let (creates, lists_operations) = (false, false);
        to.bool(creates);
        if to.version() <= 10 {
            to.bool(lists_operations);
        }
        to.bool(lists_operations);
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.int32()?; // throttled for so long
        let brokers = from.array(|from| {
            let (id, host, port) = (from.int32()?, from.string()?, from.int32()?);
            from.nullable_string()?; // rack
            from.end()?;
            let port = u16::try_from(port).map_err(|_| Malformed)?;
            Ok(Broker { id, address: Address { host, port } })
        })?;
        from.nullable_string()?; // the cluster's id
        let controller = from.int32()?;
        let topics = from.array(read_topic)?;
        if from.version() <= 10 {
            from.int32()?; // operations on the cluster
        }
        from.end()?;
        Ok(MetadataFound { brokers, controller, topics })
    }
}

fn read_topic(from: &mut Reader<'_>) -> Result<TopicFound, Malformed> {
    let code = Code(from.int16()?);
    let name = from.nullable_string()?.unwrap_or_default();
    if from.version() >= 10 {
        from.uuid()?;
    }
    from.bool()?; // internal
    let replicas = from.array(|from| {
        from.int16()?; // its error: no leader, as right after it was made
        from.int32()?; // index
        from.int32()?; // leader
        from.int32()?; // epoch
        let replicas = from.array(Reader::int32)?.len();
        from.array(Reader::int32)?; // in sync
        from.array(Reader::int32)?; // offline
        from.end()?;
        Ok(replicas)
    })?;
    from.int32()?; // operations on the topic
    from.end()?;
    Ok(TopicFound { code, name, replicas })
}

/// Asks the controllers for the leader of their quorum. Brokers pass it on to the controllers, so that an answer, whatever it
/// says, shows that there is one to pass it on to.
#[derive(Debug)]
pub(in crate::kafka) struct DescribeQuorum;

impl Request for DescribeQuorum {
    const KEY: i16 = 55;
    const NAME: &'static str = "DescribeQuorum";
    const VERSIONS: (i16, i16) = (0, 0);
    const FLEXIBLE_FROM: i16 = 0;
    /// How it went, and the leader of the quorum.
    type Answer = (Code, Option<i32>);

    fn write(&self, to: &mut Writer) {
        to.array([METADATA_TOPIC], |to, topic| {
            to.string(topic);
            to.array([0], |to, partition| {
                to.int32(partition);
                to.end();
            });
            to.end();
        });
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        let mut code = Code(from.int16()?);
        let mut leader = None;
        from.array(|from| {
            from.string()?;
            from.array(|from| {
                from.int32()?; // index
                let own = Code(from.int16()?);
                code = if code == Code::NONE { own } else { code };
                leader = Some(from.int32()?).filter(|&leader| leader >= 0);
                from.int32()?; // epoch
                from.int64()?; // high watermark
                let [_voters, _observers] = [from.array(read_replica)?, from.array(read_replica)?];
                from.end()
            })?;
            from.end()
        })?;
        from.end()?;
        Ok((code, leader))
    }
}

fn read_replica(from: &mut Reader<'_>) -> Result<(), Malformed> {
    from.int32()?; // id
    from.int64()?; // end of its log
    from.end()
}
