//! What is really there: asked at the door for brokers, by the published codecs and not by those under test.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_protocol::messages::{self, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable as _, Encodable as _, HeaderVersion as _, Request, StrBytes};

use crate::support::kafka::Cluster;

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn ask<R: Request>(cluster: &Cluster, request: &R, version: i16) -> R::Response {
    let mut stream = TcpStream::connect(("127.0.0.1", cluster.brokers[0].internal_port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let header = RequestHeader::default().with_request_api_key(R::KEY).with_request_api_version(version);
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    header.encode(&mut frame, R::header_version(version)).unwrap();
    request.encode(&mut frame, version).unwrap();
    let length = i32::try_from(frame.len() - 4).unwrap();
    frame[..4].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&frame).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut answer).unwrap();
    let mut answer = Bytes::from(answer);
    ResponseHeader::decode(&mut answer, R::Response::header_version(version)).unwrap();
    R::Response::decode(&mut answer, version).unwrap()
}

/// The number of replicas of each partition; none where there is no such topic.
pub fn replicas(cluster: &Cluster, topic: &str) -> Vec<usize> {
    let topic =
        messages::metadata_request::MetadataRequestTopic::default().with_name(Some(text(topic).into()));
    let request = messages::MetadataRequest::default()
        .with_topics(Some(vec![topic]))
        .with_allow_auto_topic_creation(false);
    let answer = ask(cluster, &request, 12);
    answer.topics[0].partitions.iter().map(|partition| partition.replica_nodes.len()).collect()
}

/// The settings that were made for the topic and are no defaults.
pub fn config(cluster: &Cluster, topic: &str) -> BTreeMap<String, String> {
    let resource = messages::describe_configs_request::DescribeConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text(topic))
        .with_configuration_keys(None);
    let answer = ask(cluster, &messages::DescribeConfigsRequest::default().with_resources(vec![resource]), 4);
    let own = answer.results[0].configs.iter().filter(|setting| setting.config_source == 1);
    own.map(|setting| {
        (setting.name.to_string(), setting.value.clone().map(|text| text.to_string()).unwrap_or_default())
    })
    .collect()
}

/// Mechanisms of a user by code, with their rounds.
pub fn credentials(cluster: &Cluster, user: &str) -> Vec<(i8, i32)> {
    let user = messages::describe_user_scram_credentials_request::UserName::default().with_name(text(user));
    let request = messages::DescribeUserScramCredentialsRequest::default().with_users(Some(vec![user]));
    let answer = ask(cluster, &request, 0);
    let mut found: Vec<(i8, i32)> = answer.results[0]
        .credential_infos
        .iter()
        .map(|credential| (credential.mechanism, credential.iterations))
        .collect();
    found.sort_unstable();
    found
}

/// Entries for a principal: the codes of the resource, the pattern, the operation and the permission, and the name.
pub fn acls(cluster: &Cluster, principal: &str) -> BTreeSet<(i8, String, i8, i8, i8)> {
    let request = messages::DescribeAclsRequest::default()
        .with_resource_type_filter(1)
        .with_resource_name_filter(None)
        .with_pattern_type_filter(1)
        .with_principal_filter(Some(text(principal)))
        .with_host_filter(None)
        .with_operation(1)
        .with_permission_type(1);
    let answer = ask(cluster, &request, 3);
    let resources = answer.resources.iter();
    resources
        .flat_map(|resource| {
            resource.acls.iter().map(|entry| {
                let name = resource.resource_name.to_string();
                (resource.resource_type, name, resource.pattern_type, entry.operation, entry.permission_type)
            })
        })
        .collect()
}
