//! Messages about topics and their settings.

use std::collections::BTreeMap;

use super::{Malformed, Reader, Request, Status, TIMEOUT_MS, Writer};
use crate::kafka::code::Code;

/// What is configured: a topic.
const TOPIC: i8 = 2;
/// What is done to a setting: it is set, and others stay.
const SET: i8 = 0;

/// Makes a topic.
#[derive(Debug)]
pub(in crate::kafka) struct CreateTopic<'a> {
    pub(in crate::kafka) name: &'a str,
    pub(in crate::kafka) partitions: Option<i32>,
    pub(in crate::kafka) replication: Option<i16>,
    pub(in crate::kafka) config: &'a BTreeMap<String, String>,
}

impl Request for CreateTopic<'_> {
    const KEY: i16 = 19;
    const NAME: &'static str = "CreateTopics";
    /// From 4 on the brokers' defaults can be asked for.
    const VERSIONS: (i16, i16) = (4, 7);
    const FLEXIBLE_FROM: i16 = 5;
    type Answer = Vec<Status>;

    fn write(&self, to: &mut Writer) {
        to.array([self], |to, topic| {
            to.string(topic.name);
            to.int32(topic.partitions.unwrap_or(-1));
            to.int16(topic.replication.unwrap_or(-1));
            to.array::<()>([], |_, ()| {}); // no assignment to brokers
            to.array(topic.config, |to, (name, value)| {
                to.string(name);
                to.nullable_string(Some(value));
                to.end();
            });
            to.end();
        });
        to.int32(TIMEOUT_MS);
        to.bool(false); // not only validated
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.int32()?; // throttled for so long
        let results = from.array(|from| {
            from.string()?;
            if from.version() >= 7 {
                from.uuid()?;
            }
            let status = Status::read(from)?;
            if from.version() >= 5 {
                from.int32()?; // partitions
                from.int16()?; // replicas
                from.array(|from| {
                    from.string()?;
                    from.nullable_string()?;
                    from.bool()?; // read-only
                    from.int8()?; // source
                    from.bool()?; // sensitive
                    from.end()
                })?;
            }
            from.end()?;
            Ok(status)
        })?;
        from.end()?;
        Ok(results)
    }
}

/// Adds partitions to a topic.
#[derive(Debug)]
pub(in crate::kafka) struct CreatePartitions<'a> {
    pub(in crate::kafka) topic: &'a str,
    /// How many it shall have.
    pub(in crate::kafka) count: i32,
}

impl Request for CreatePartitions<'_> {
    const KEY: i16 = 37;
    const NAME: &'static str = "CreatePartitions";
    const VERSIONS: (i16, i16) = (0, 3);
    const FLEXIBLE_FROM: i16 = 2;
    type Answer = Vec<Status>;

    fn write(&self, to: &mut Writer) {
        to.array([self], |to, topic| {
            to.string(topic.topic);
            to.int32(topic.count);
            to.null_array(); // no assignment to brokers
            to.end();
        });
        to.int32(TIMEOUT_MS);
        to.bool(false); // not only validated
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.int32()?; // throttled for so long
        let results = from.array(|from| {
            from.string()?;
            let status = Status::read(from)?;
            from.end()?;
            Ok(status)
        })?;
        from.end()?;
        Ok(results)
    }
}

/// Asks for some settings of topics.
#[derive(Debug)]
pub(in crate::kafka) struct DescribeConfigs<'a> {
    /// Topics and the names of the settings.
    pub(in crate::kafka) topics: &'a [(&'a str, Vec<&'a str>)],
}

/// A setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::kafka) struct Setting {
    /// Its value, unless the broker keeps it to itself.
    pub(in crate::kafka) value: Option<String>,
    /// The code of its type; 0 where the broker does not say.
    pub(in crate::kafka) kind: i8,
}

impl Request for DescribeConfigs<'_> {
    const KEY: i16 = 32;
    const NAME: &'static str = "DescribeConfigs";
    const VERSIONS: (i16, i16) = (1, 4);
    const FLEXIBLE_FROM: i16 = 4;
    /// For each topic how it went, its name and settings.
    type Answer = Vec<(Status, String, BTreeMap<String, Setting>)>;

    fn write(&self, to: &mut Writer) {
        to.array(self.topics, |to, (topic, names)| {
            to.int8(TOPIC);
            to.string(topic);
            to.array(names, |to, name| to.string(name));
            to.end();
        });
        to.bool(false); // without synonyms
        if to.version() >= 3 {
            to.bool(false); // without documentation
        }
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.int32()?; // throttled for so long
        let results = from.array(|from| {
            let status = Status::read(from)?;
            from.int8()?;
            let topic = from.string()?;
            let settings = from.array(read_setting)?.into_iter().collect();
            from.end()?;
            Ok((status, topic, settings))
        })?;
        from.end()?;
        Ok(results)
    }
}

fn read_setting(from: &mut Reader<'_>) -> Result<(String, Setting), Malformed> {
    let name = from.string()?;
    let value = from.nullable_string()?;
    from.bool()?; // read-only
    from.int8()?; // source
    from.bool()?; // sensitive
    from.array(|from| {
        from.string()?;
        from.nullable_string()?;
        from.int8()?;
        from.end()
    })?;
    let mut kind = 0;
    if from.version() >= 3 {
        kind = from.int8()?;
        from.nullable_string()?; // documentation
    }
    from.end()?;
    Ok((name, Setting { value, kind }))
}

/// Sets some settings of a topic; others stay.
#[derive(Debug)]
pub(in crate::kafka) struct AlterConfigs<'a> {
    pub(in crate::kafka) topic: &'a str,
    pub(in crate::kafka) config: &'a BTreeMap<String, String>,
}

impl Request for AlterConfigs<'_> {
    const KEY: i16 = 44;
    const NAME: &'static str = "IncrementalAlterConfigs";
    const VERSIONS: (i16, i16) = (0, 1);
    const FLEXIBLE_FROM: i16 = 1;
    type Answer = Vec<Status>;

    fn write(&self, to: &mut Writer) {
        to.array([self], |to, topic| {
            to.int8(TOPIC);
            to.string(topic.topic);
            to.array(topic.config, |to, (name, value)| {
                to.string(name);
                to.int8(SET);
                to.nullable_string(Some(value));
                to.end();
            });
            to.end();
        });
        to.bool(false); // not only validated
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.int32()?; // throttled for so long
        let results = from.array(|from| {
            let status = Status::read(from)?;
            from.int8()?;
            from.string()?;
            from.end()?;
            Ok(status)
        })?;
        from.end()?;
        Ok(results)
    }
}

impl Status {
    /// The only status of an answer about one thing.
    pub(in crate::kafka) fn only(all: Vec<Self>) -> Self {
        let mut all = all.into_iter();
        match (all.next(), all.next()) {
            (Some(status), None) => status,
            _ => Self {
                code: Code::UNKNOWN_SERVER_ERROR,
                message: Some("an answer about something else".to_owned()),
            },
        }
    }
}
