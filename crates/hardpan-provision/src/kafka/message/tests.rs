//! Every message in every version, against the published codecs of the protocol; and answers that were damaged.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Encodable, HeaderVersion, Request as Theirs, StrBytes};
use theirs::{
    alter_user_scram_credentials_response as alter_scram, create_acls_response as create_acls,
    create_partitions_response as create_partitions, create_topics_response as create_topics,
    describe_acls_response as acls, describe_configs_response as configs, describe_quorum_response as quorum,
    describe_user_scram_credentials_response as scram, incremental_alter_configs_response as alter_configs,
    metadata_response as metadata,
};

use super::super::wire::{Malformed, Reader, Writer};
use super::*;
use crate::plan::Address;

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn status(code: i16, message: Option<&str>) -> Status {
    Status { code: Code(code), message: message.map(str::to_owned) }
}

/// What is written here is read by theirs in every version, to the last byte.
fn request<R: Request, T: Theirs>(ours: &R, check: impl Fn(T, i16)) {
    assert_eq!(R::KEY, T::KEY);
    for version in R::VERSIONS.0..=R::VERSIONS.1 {
        let flexible = version >= R::FLEXIBLE_FROM;
        assert_eq!(T::header_version(version), if flexible { 2 } else { 1 }, "{} {version}", R::NAME);
        let mut writer = Writer::new(version, flexible);
        ours.write(&mut writer);
        let mut bytes = Bytes::from(writer.into_bytes().expect("short"));
        let read =
            T::decode(&mut bytes, version).unwrap_or_else(|error| panic!("{} {version}: {error}", R::NAME));
        assert!(bytes.is_empty(), "{} {version}", R::NAME);
        check(read, version);
    }
}

fn read<R: Request>(bytes: &[u8], version: i16) -> Result<R::Answer, Malformed> {
    let mut reader = Reader::new(bytes, version, version >= R::FLEXIBLE_FROM);
    let answer = R::read(&mut reader)?;
    reader.finish()?;
    Ok(answer)
}

/// What theirs writes is read here in every version; and whatever happens to it on the way, reading it ends.
fn answer<R: Request<Answer: PartialEq + Debug>>(
    theirs: &(impl Encodable + HeaderVersion),
    expected: &R::Answer,
) {
    for version in R::VERSIONS.0..=R::VERSIONS.1 {
        let mut bytes = BytesMut::new();
        theirs.encode(&mut bytes, version).unwrap_or_else(|error| panic!("{} {version}: {error}", R::NAME));
        assert_eq!(read::<R>(&bytes, version).as_ref(), Ok(expected), "{} {version}", R::NAME);
        for end in 0..bytes.len() {
            assert_eq!(
                read::<R>(&bytes[..end], version).err(),
                Some(Malformed),
                "{} {version}: {end}",
                R::NAME
            );
        }
        for at in 0..bytes.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = bytes.to_vec();
                damaged[at] = byte;
                let _any = read::<R>(&damaged, version);
            }
        }
    }
}

#[test]
fn what_a_broker_speaks() {
    request::<_, theirs::ApiVersionsRequest>(&ApiVersions, |_, _| {});
    let api = |key, min, max| {
        theirs::api_versions_response::ApiVersion::default()
            .with_api_key(key)
            .with_min_version(min)
            .with_max_version(max)
    };
    let theirs = theirs::ApiVersionsResponse::default()
        .with_error_code(35)
        .with_api_keys(vec![api(3, 0, 12), api(18, 0, 4)]);
    answer::<ApiVersions>(&theirs, &(Code(35), vec![(3, 0, 12), (18, 0, 4)]));
}

#[test]
fn logging_in() {
    let ours = SaslHandshake { mechanism: "SCRAM-SHA-512" };
    request::<_, theirs::SaslHandshakeRequest>(&ours, |read, _| {
        assert_eq!(read.mechanism, text("SCRAM-SHA-512"))
    });
    let theirs =
        theirs::SaslHandshakeResponse::default().with_error_code(33).with_mechanisms(vec![text("PLAIN")]);
    answer::<SaslHandshake<'_>>(&theirs, &(Code(33), vec!["PLAIN".to_owned()]));

    let ours = SaslAuthenticate { bytes: b"n,,n=app" };
    request::<_, theirs::SaslAuthenticateRequest>(&ours, |read, _| {
        assert_eq!(read.auth_bytes, &b"n,,n=app"[..])
    });
    let theirs = theirs::SaslAuthenticateResponse::default()
        .with_error_code(58)
        .with_error_message(Some(text("no")))
        .with_auth_bytes(Bytes::from_static(b"e=x"));
    answer::<SaslAuthenticate<'_>>(&theirs, &(status(58, Some("no")), b"e=x".to_vec()));
}

#[test]
fn brokers_topics_and_the_quorum() {
    request::<_, theirs::MetadataRequest>(&Metadata { topics: &["orders"] }, |read, version| {
        let topics = read.topics.expect("not all of them");
        assert_eq!(
            topics.iter().map(|topic| topic.name.clone()).collect::<Vec<_>>(),
            [Some(text("orders").into())]
        );
        assert!(!read.allow_auto_topic_creation, "{version}");
    });
    request::<_, theirs::MetadataRequest>(&Metadata { topics: &[] }, |read, _| {
        assert_eq!(read.topics, Some(vec![]), "none, and not all");
    });
    let broker = metadata::MetadataResponseBroker::default()
        .with_node_id(2.into())
        .with_host(text("kafka-2"))
        .with_port(19092)
        .with_rack(Some(text("a")));
    let partition = |replicas: &[i32]| {
        let ids: Vec<theirs::BrokerId> = replicas.iter().map(|id| (*id).into()).collect();
        metadata::MetadataResponsePartition::default().with_replica_nodes(ids.clone()).with_isr_nodes(ids)
    };
    let topic = metadata::MetadataResponseTopic::default()
        .with_name(Some(text("orders").into()))
        .with_partitions(vec![partition(&[1, 2]), partition(&[2])]);
    let missing =
        metadata::MetadataResponseTopic::default().with_error_code(3).with_name(Some(text("other").into()));
    let theirs = theirs::MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(text("cluster")))
        .with_controller_id(2.into())
        .with_topics(vec![topic, missing]);
    let found = |code, name: &str, replicas: &[usize]| cluster::TopicFound {
        code: Code(code),
        name: name.to_owned(),
        replicas: replicas.to_vec(),
    };
    let expected = MetadataFound {
        brokers: vec![Broker { id: 2, address: Address { host: "kafka-2".to_owned(), port: 19092 } }],
        controller: 2,
        topics: vec![found(0, "orders", &[2, 1]), found(3, "other", &[])],
    };
    answer::<Metadata<'_>>(&theirs, &expected);

    request::<_, theirs::DescribeQuorumRequest>(&DescribeQuorum, |read, _| {
        assert_eq!(read.topics[0].topic_name.0, text("__cluster_metadata"));
        assert_eq!(read.topics[0].partitions.len(), 1);
    });
    let voter = quorum::ReplicaState::default().with_replica_id(3.into()).with_log_end_offset(9);
    let of = |leader: i32, code| {
        let partition = quorum::PartitionData::default()
            .with_leader_id(leader.into())
            .with_error_code(code)
            .with_current_voters(vec![voter.clone()])
            .with_observers(vec![voter.clone()]);
        let topic = quorum::TopicData::default().with_partitions(vec![partition]);
        theirs::DescribeQuorumResponse::default().with_topics(vec![topic])
    };
    answer::<DescribeQuorum>(&of(3, 0), &(Code::NONE, Some(3)));
    answer::<DescribeQuorum>(&of(-1, 0), &(Code::NONE, None));
    answer::<DescribeQuorum>(&of(-1, 6), &(Code(6), None));
    let refused = theirs::DescribeQuorumResponse::default().with_error_code(31);
    answer::<DescribeQuorum>(&refused, &(Code(31), None));
}

#[test]
fn making_topics_and_adding_partitions() {
    let config = BTreeMap::from([("retention.ms".to_owned(), "1".to_owned())]);
    let ours = CreateTopic { name: "orders", partitions: Some(3), replication: None, config: &config };
    request::<_, theirs::CreateTopicsRequest>(&ours, |read, _| {
        let topic = &read.topics[0];
        assert_eq!((&topic.name.0, topic.num_partitions, topic.replication_factor), (&text("orders"), 3, -1));
        assert_eq!(topic.configs[0].name, text("retention.ms"));
        assert_eq!(topic.configs[0].value, Some(text("1")));
        assert_eq!((read.timeout_ms, read.validate_only), (TIMEOUT_MS, false));
    });
    let result = create_topics::CreatableTopicResult::default()
        .with_name(text("orders").into())
        .with_error_code(36)
        .with_error_message(Some(text("it is there")))
        .with_configs(Some(vec![create_topics::CreatableTopicConfigs::default().with_name(text("a"))]));
    let theirs = theirs::CreateTopicsResponse::default().with_topics(vec![result]);
    answer::<CreateTopic<'_>>(&theirs, &vec![status(36, Some("it is there"))]);

    let ours = CreatePartitions { topic: "orders", count: 6 };
    request::<_, theirs::CreatePartitionsRequest>(&ours, |read, _| {
        let topic = &read.topics[0];
        assert_eq!((&topic.name.0, topic.count, &topic.assignments), (&text("orders"), 6, &None));
        assert_eq!((read.timeout_ms, read.validate_only), (TIMEOUT_MS, false));
    });
    let result = create_partitions::CreatePartitionsTopicResult::default().with_error_code(37);
    let theirs = theirs::CreatePartitionsResponse::default()
        .with_results(vec![result.with_error_message(Some(text("too few")))]);
    answer::<CreatePartitions<'_>>(&theirs, &vec![status(37, Some("too few"))]);
}

#[test]
fn settings_of_topics() {
    let ours = DescribeConfigs { topics: &[("orders", vec!["retention.ms"])] };
    request::<_, theirs::DescribeConfigsRequest>(&ours, |read, _| {
        let resource = &read.resources[0];
        assert_eq!((resource.resource_type, &resource.resource_name), (2, &text("orders")));
        assert_eq!(resource.configuration_keys, Some(vec![text("retention.ms")]));
    });
    let of = |message| {
        let setting = configs::DescribeConfigsResourceResult::default()
            .with_name(text("retention.ms"))
            .with_value(Some(text("1")))
            .with_synonyms(vec![
                configs::DescribeConfigsSynonym::default().with_name(text("log.retention.ms")),
            ]);
        let result = configs::DescribeConfigsResult::default()
            .with_error_message(message)
            .with_resource_type(2)
            .with_resource_name(text("orders"))
            .with_configs(vec![setting]);
        theirs::DescribeConfigsResponse::default().with_results(vec![result])
    };
    let setting = Setting { value: Some("1".to_owned()), kind: 0 };
    let settings = BTreeMap::from([("retention.ms".to_owned(), setting)]);
    let expected = vec![(status(0, Some("x")), "orders".to_owned(), settings)];
    answer::<DescribeConfigs<'_>>(&of(Some(text("x"))), &expected);

    let config = BTreeMap::from([("retention.ms".to_owned(), "1".to_owned())]);
    request::<_, theirs::IncrementalAlterConfigsRequest>(
        &AlterConfigs { topic: "orders", config: &config },
        |read, _| {
            let resource = &read.resources[0];
            assert_eq!((resource.resource_type, &resource.resource_name), (2, &text("orders")));
            let set = &resource.configs[0];
            assert_eq!(
                (&set.name, set.config_operation, &set.value),
                (&text("retention.ms"), 0, &Some(text("1")))
            );
            assert!(!read.validate_only);
        },
    );
    let response = alter_configs::AlterConfigsResourceResponse::default().with_error_code(40);
    let theirs = theirs::IncrementalAlterConfigsResponse::default().with_responses(vec![response]);
    answer::<AlterConfigs<'_>>(&theirs, &vec![status(40, Some(""))]);
}

#[test]
fn credentials() {
    request::<_, theirs::DescribeUserScramCredentialsRequest>(
        &DescribeScram { users: &["app"] },
        |read, _| {
            assert_eq!(read.users.map(|users| users[0].name.clone()), Some(text("app")));
        },
    );
    let credential = scram::CredentialInfo::default().with_mechanism(2).with_iterations(8192);
    let result = scram::DescribeUserScramCredentialsResult::default()
        .with_user(text("app"))
        .with_error_message(None)
        .with_credential_infos(vec![credential]);
    let theirs = theirs::DescribeUserScramCredentialsResponse::default()
        .with_error_code(31)
        .with_error_message(Some(text("no")))
        .with_results(vec![result]);
    let found =
        access::ScramFound { user: "app".to_owned(), status: status(0, None), credentials: vec![(2, 8192)] };
    answer::<DescribeScram<'_>>(&theirs, &(status(31, Some("no")), vec![found]));

    let upsertion =
        Upsertion { mechanism: 1, iterations: 4096, salt: vec![1, 2], salted_password: vec![3; 32] };
    let ours = AlterScram { user: "app", upsertion };
    request::<_, theirs::AlterUserScramCredentialsRequest>(&ours, |read, _| {
        let one = &read.upsertions[0];
        assert_eq!((&one.name, one.mechanism, one.iterations), (&text("app"), 1, 4096));
        assert_eq!((&one.salt[..], &one.salted_password[..]), (&[1, 2][..], &[3; 32][..]));
        assert!(read.deletions.is_empty());
    });
    let result = alter_scram::AlterUserScramCredentialsResult::default()
        .with_user(text("app"))
        .with_error_code(93)
        .with_error_message(None);
    let theirs = theirs::AlterUserScramCredentialsResponse::default().with_results(vec![result]);
    answer::<AlterScram<'_>>(&theirs, &vec![status(93, None)]);
}

#[test]
fn access_control_lists() {
    request::<_, theirs::DescribeAclsRequest>(&DescribeAcls, |read, _| {
        let any = (read.resource_type_filter, read.pattern_type_filter, read.operation, read.permission_type);
        assert_eq!(any, (1, 1, 1, 1));
        assert_eq!((read.resource_name_filter, read.principal_filter, read.host_filter), (None, None, None));
    });
    let entry = |operation| AclEntry {
        resource: 2,
        name: "orders".into(),
        pattern: acl_code::PREFIXED,
        principal: "User:app".to_owned(),
        host: "*".to_owned(),
        operation,
        permission: acl_code::ALLOW,
    };
    let description = |operation| {
        acls::AclDescription::default()
            .with_principal(text("User:app"))
            .with_host(text("*"))
            .with_operation(operation)
            .with_permission_type(3)
    };
    let resource = acls::DescribeAclsResource::default()
        .with_resource_type(2)
        .with_resource_name(text("orders"))
        .with_pattern_type(4)
        .with_acls(vec![description(3), description(4)]);
    let theirs = theirs::DescribeAclsResponse::default()
        .with_error_code(54)
        .with_error_message(Some(text("no")))
        .with_resources(vec![resource]);
    answer::<DescribeAcls>(&theirs, &(status(54, Some("no")), vec![entry(3), entry(4)]));

    request::<_, theirs::CreateAclsRequest>(&CreateAcls { entries: &[entry(3)] }, |read, _| {
        let one = &read.creations[0];
        assert_eq!(
            (one.resource_type, &one.resource_name, one.resource_pattern_type),
            (2, &text("orders"), 4)
        );
        assert_eq!(
            (&one.principal, &one.host, one.operation, one.permission_type),
            (&text("User:app"), &text("*"), 3, 3)
        );
    });
    let result =
        create_acls::AclCreationResult::default().with_error_code(31).with_error_message(Some(text("no")));
    let theirs = theirs::CreateAclsResponse::default().with_results(vec![result]);
    answer::<CreateAcls<'_>>(&theirs, &vec![status(31, Some("no"))]);
}
