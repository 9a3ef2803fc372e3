//! What went wrong, in the protocol's codes, and what follows from it.
//!
//! Not responsible for what was asked; whoever asked says it. A newcomer needs to know one thing: a code decides whether it is worth
//! another attempt, a privilege that is missing, or final, and the server's own words are kept beside it.

use std::fmt;

use super::message::Status;
use crate::error::Failure;

/// A code of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(pub(super) i16);

/// The names of codes that can come in answers to what is asked here, and whether it may work in a moment.
const KNOWN: [(i16, &str, bool); 42] = [
    (-1, "UNKNOWN_SERVER_ERROR", false),
    (3, "UNKNOWN_TOPIC_OR_PARTITION", true),
    (5, "LEADER_NOT_AVAILABLE", true),
    (6, "NOT_LEADER_OR_FOLLOWER", true),
    (7, "REQUEST_TIMED_OUT", true),
    (8, "BROKER_NOT_AVAILABLE", true),
    (9, "REPLICA_NOT_AVAILABLE", true),
    (10, "MESSAGE_TOO_LARGE", false),
    (13, "NETWORK_EXCEPTION", true),
    (14, "COORDINATOR_LOAD_IN_PROGRESS", true),
    (15, "COORDINATOR_NOT_AVAILABLE", true),
    (16, "NOT_COORDINATOR", true),
    (17, "INVALID_TOPIC_EXCEPTION", false),
    (29, "TOPIC_AUTHORIZATION_FAILED", false),
    (30, "GROUP_AUTHORIZATION_FAILED", false),
    (31, "CLUSTER_AUTHORIZATION_FAILED", false),
    (33, "UNSUPPORTED_SASL_MECHANISM", false),
    (34, "ILLEGAL_SASL_STATE", false),
    (35, "UNSUPPORTED_VERSION", false),
    (36, "TOPIC_ALREADY_EXISTS", false),
    (37, "INVALID_PARTITIONS", false),
    (38, "INVALID_REPLICATION_FACTOR", false),
    (39, "INVALID_REPLICA_ASSIGNMENT", false),
    (40, "INVALID_CONFIG", false),
    (41, "NOT_CONTROLLER", true),
    (42, "INVALID_REQUEST", false),
    (43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", false),
    (44, "POLICY_VIOLATION", false),
    (54, "SECURITY_DISABLED", false),
    (56, "KAFKA_STORAGE_ERROR", true),
    (58, "SASL_AUTHENTICATION_FAILED", false),
    (60, "REASSIGNMENT_IN_PROGRESS", true),
    (72, "LISTENER_NOT_FOUND", true),
    (77, "STALE_BROKER_EPOCH", true),
    (87, "INVALID_RECORD", false),
    (89, "THROTTLING_QUOTA_EXCEEDED", true),
    (91, "RESOURCE_NOT_FOUND", false),
    (92, "DUPLICATE_RESOURCE", false),
    (93, "UNACCEPTABLE_CREDENTIAL", false),
    (94, "INCONSISTENT_VOTER_SET", false),
    (100, "UNKNOWN_TOPIC_ID", true),
    (116, "NEW_LEADER_ELECTED", true),
];

impl Code {
    pub(super) const UNKNOWN_SERVER_ERROR: Self = Self(-1);
    pub(super) const NONE: Self = Self(0);
    pub(super) const UNKNOWN_TOPIC: Self = Self(3);
    pub(super) const TOPIC_AUTHORIZATION_FAILED: Self = Self(29);
    pub(super) const CLUSTER_AUTHORIZATION_FAILED: Self = Self(31);
    pub(super) const UNSUPPORTED_SASL_MECHANISM: Self = Self(33);
    pub(super) const ILLEGAL_SASL_STATE: Self = Self(34);
    pub(super) const TOPIC_ALREADY_EXISTS: Self = Self(36);
    pub(super) const INVALID_PARTITIONS: Self = Self(37);
    pub(super) const INVALID_REPLICATION_FACTOR: Self = Self(38);
    pub(super) const SECURITY_DISABLED: Self = Self(54);
    pub(super) const SASL_AUTHENTICATION_FAILED: Self = Self(58);
    pub(super) const RESOURCE_NOT_FOUND: Self = Self(91);

    fn known(self) -> Option<&'static (i16, &'static str, bool)> {
        KNOWN.iter().find(|(code, ..)| *code == self.0)
    }

    fn is_retryable(self) -> bool {
        self.known().is_some_and(|(_, _, retryable)| *retryable)
    }

    fn is_authorization(self) -> bool {
        matches!(self, Self::TOPIC_AUTHORIZATION_FAILED | Self::CLUSTER_AUTHORIZATION_FAILED | Self(30))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some((_, name, _)) => formatter.write_str(name),
            None => write!(formatter, "error code {}", self.0),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) if !message.is_empty() => write!(formatter, "{}: {message}", self.code),
            _ => self.code.fmt(formatter),
        }
    }
}

/// What is asked of the cluster, for messages about what comes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    /// As whom.
    pub(super) user: &'a str,
    /// What an account needs for it, as an operation and a resource: "ALTER on the cluster".
    pub(super) privilege: &'a str,
    /// What it is: "set the password of the user app".
    pub(super) action: &'a str,
}

impl Ask<'_> {
    /// How it went.
    pub(super) fn check(&self, status: &Status) -> Result<(), Failure> {
        if status.code == Code::NONE { Ok(()) } else { Err(self.failure(status)) }
    }

    /// What a code other than [`Code::NONE`] means.
    pub(super) fn failure(&self, status: &Status) -> Failure {
        if status.code.is_retryable() {
            return Failure::not_ready(format!("the cluster to {}", self.action), status);
        }
        if status.code.is_authorization() {
            return Failure::Privilege {
                user: self.user.to_owned(),
                privilege: self.privilege.to_owned(),
                action: self.action.to_owned(),
                answer: status.to_string(),
            };
        }
        let failure = Failure::other(format!("cannot {}: {status}", self.action));
        if status.code == Code::SECURITY_DISABLED {
            return failure.with_help(
                "set `authorizer.class.name` for brokers and controllers, or take `acls` out of the plan",
            );
        }
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, Code, Failure, KNOWN, Status};

    const ASK: Ask<'_> = Ask { user: "User:app", privilege: "ALTER on the cluster", action: "do it" };

    fn failure(code: i16) -> Failure {
        ASK.failure(&Status { code: Code(code), message: Some("no".to_owned()) })
    }

    #[test]
    fn what_passes_is_retried_and_a_missing_privilege_is_named() {
        assert_eq!(failure(41), Failure::not_ready("the cluster to do it", "NOT_CONTROLLER: no"));
        assert_eq!(
            failure(31).to_string(),
            "`User:app` lacks the privilege ALTER on the cluster to do it: CLUSTER_AUTHORIZATION_FAILED: no"
        );
        assert_eq!(failure(40), Failure::other("cannot do it: INVALID_CONFIG: no"));
        assert_eq!(failure(999), Failure::other("cannot do it: error code 999: no"));
    }

    #[test]
    fn codes_are_in_order_and_those_with_a_constant_are_known() {
        assert!(KNOWN.is_sorted_by_key(|(code, ..)| *code));
        for code in [Code::UNKNOWN_TOPIC, Code::SECURITY_DISABLED, Code::RESOURCE_NOT_FOUND] {
            assert!(code.known().is_some());
        }
    }
}
