//! Topics: what they are like, what differs, and bringing them in line.
//!
//! Not responsible for data in them. A newcomer needs to know one thing: Kafka cannot take partitions away, and moving replicas
//! moves data, so both are refused; settings are changed one by one and those that the plan does not name stay.

use std::collections::{BTreeMap, BTreeSet};

use super::code::Code;
use super::message::{
    AlterConfigs, CreatePartitions, CreateTopic, DescribeConfigs, Metadata, Setting, Status,
};
use super::{Change, Kafka};
use crate::error::Failure;
use crate::plan::kafka::{Target, Topic};
use crate::step::{Difference, ObjectId, Step};
use crate::wait::Context;

/// A topic that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The number of replicas of each partition.
    pub(super) replicas: Vec<usize>,
    /// The settings that the plan names and the brokers know.
    pub(super) config: BTreeMap<String, Setting>,
}

/// What has to be done about a topic.
pub(super) fn step(id: ObjectId, name: &str, wish: &Topic, found: Option<&Found>) -> Step<Change> {
    let Some(found) = found else { return Step::create(id, Change::CreateTopic(name.to_owned())) };
    let mut differences = Vec::new();
    let mut helps = Vec::new();
    let mut grown = None;
    let count = found.replicas.len();
    if let Some(wanted) = wish.partitions
        && usize::try_from(wanted) != Ok(count)
    {
        differences.push(Difference::new("partitions", count, wanted));
        if usize::try_from(wanted).is_ok_and(|wanted| wanted < count) {
            helps.push(format!(
                "Kafka never takes partitions away: say `partitions: {count}`, or make another topic"
            ));
        } else {
            grown = Some(wanted);
        }
    }
    let replicas: BTreeSet<usize> = found.replicas.iter().copied().collect();
    if let (Some(wanted), Some(least), Some(most)) = (wish.replication, replicas.first(), replicas.last())
        && [least, most].iter().any(|&&number| usize::try_from(wanted) != Ok(number))
    {
        let is = if least == most { least.to_string() } else { format!("{least} to {most}") };
        helps.push(format!("move the replicas with kafka-reassign-partitions, or say `replication: {most}`"));
        differences.push(Difference::new("replication", is, wanted));
    }
    let mut config = BTreeMap::new();
    for (key, wanted) in &wish.config {
        let setting = found.config.get(key);
        if !setting.is_some_and(|setting| setting.is(wanted)) {
            let is = setting.and_then(|setting| setting.value.as_deref()).unwrap_or("unset");
            differences.push(Difference::new(key, is, wanted));
            config.insert(key.clone(), wanted.clone());
        }
    }
    if differences.is_empty() {
        Step::unchanged(id)
    } else if helps.is_empty() {
        let topic = name.to_owned();
        Step::change(id, differences, Change::AlterTopic { topic, partitions: grown, config })
    } else {
        Step::refuse(id, differences, helps.join("; "))
    }
}

impl Setting {
    /// True if this is what the plan wants: brokers give values as they understood them, `true` for `TRUE`.
    fn is(&self, wanted: &str) -> bool {
        let Some(value) = self.value.as_deref() else { return false };
        let (value, wanted) = (value.trim(), wanted.trim());
        let same = match self.kind {
            1 => value.eq_ignore_ascii_case(wanted),
            3..=5 => value.parse::<i64>().is_ok_and(|value| wanted.parse() == Ok(value)),
            6 => value.parse::<f64>().is_ok_and(|value| wanted.parse() == Ok(value)),
            7 => value.split(',').map(str::trim).eq(wanted.split(',').map(str::trim)),
            _ => false,
        };
        same || value == wanted
    }
}

impl Kafka {
    pub(super) async fn probe_topics(
        &mut self,
        target: &Target,
        context: &Context,
    ) -> Result<BTreeMap<String, Found>, Failure> {
        // Without a name brokers would list every topic there is.
        if target.topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<&str> = target.topics.keys().map(String::as_str).collect();
        let answer = self.connection.call(&Metadata { topics: &names }, context).await?;
        let mut found = BTreeMap::new();
        for topic in answer.topics {
            match topic.code {
                Code::NONE => {
                    found.insert(topic.name, Found { replicas: topic.replicas, ..Found::default() });
                }
                Code::UNKNOWN_TOPIC => {}
                code => {
                    let privilege = format!("DESCRIBE on the topic {}", topic.name);
                    let action = format!("look at the topic {}", topic.name);
                    return Err(self.ask(&privilege, &action).failure(&Status { code, message: None }));
                }
            }
        }
        self.probe_configs(target, &mut found, context).await?;
        Ok(found)
    }

    async fn probe_configs(
        &mut self,
        target: &Target,
        found: &mut BTreeMap<String, Found>,
        context: &Context,
    ) -> Result<(), Failure> {
        let wanted = target.topics.iter();
        let wanted = wanted.filter(|(name, wish)| !wish.config.is_empty() && found.contains_key(*name));
        let topics: Vec<(&str, Vec<&str>)> = wanted
            .map(|(name, wish)| (name.as_str(), wish.config.keys().map(String::as_str).collect()))
            .collect();
        if topics.is_empty() {
            return Ok(());
        }
        for (status, name, config) in
            self.connection.call(&DescribeConfigs { topics: &topics }, context).await?
        {
            let privilege = format!("DESCRIBE_CONFIGS on the topic {name}");
            let action = format!("read the settings of the topic {name}");
            self.ask(&privilege, &action).check(&status)?;
            if let Some(topic) = found.get_mut(&name) {
                topic.config = config;
            }
        }
        Ok(())
    }

    pub(super) async fn create_topic(
        &mut self,
        target: &Target,
        name: &str,
        context: &Context,
    ) -> Result<(), Failure> {
        let Some(wish) = target.topics.get(name) else { return Ok(()) };
        let Topic { partitions, replication, config } = wish;
        let request = CreateTopic { name, partitions: *partitions, replication: *replication, config };
        let status = Status::only(self.connection.call(&request, context).await?);
        let (privilege, action) =
            (format!("CREATE on the topic {name} or on the cluster"), format!("create the topic {name}"));
        let enough = replication.is_some_and(|wanted| usize::from(wanted.unsigned_abs()) <= target.brokers);
        match status.code {
            Code::TOPIC_ALREADY_EXISTS => Ok(()),
            // Enough brokers were there a moment ago; one of them is just not in use.
            Code::INVALID_REPLICATION_FACTOR if enough => {
                Err(Failure::not_ready(format!("the cluster to {action}"), status))
            }
            _ => self.ask(&privilege, &action).check(&status),
        }
    }

    pub(super) async fn alter_config(
        &mut self,
        topic: &str,
        config: &BTreeMap<String, String>,
        context: &Context,
    ) -> Result<(), Failure> {
        if config.is_empty() {
            return Ok(());
        }
        let status = Status::only(self.connection.call(&AlterConfigs { topic, config }, context).await?);
        let privilege = format!("ALTER_CONFIGS on the topic {topic}");
        let action = format!("change the settings of the topic {topic}");
        self.ask(&privilege, &action).check(&status)
    }

    pub(super) async fn grow(&mut self, topic: &str, count: i32, context: &Context) -> Result<(), Failure> {
        let status = Status::only(self.connection.call(&CreatePartitions { topic, count }, context).await?);
        let privilege = format!("ALTER on the topic {topic}");
        let action = format!("add partitions to the topic {topic}");
        if status.code == Code::INVALID_PARTITIONS {
            // It has as many by now, or more: somebody else was faster, and a fresh look will tell.
            return Err(Failure::not_ready(format!("the cluster to {action}"), status));
        }
        self.ask(&privilege, &action).check(&status)
    }
}
