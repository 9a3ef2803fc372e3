//! Messages about who may log in and what they may do.

use std::rc::Rc;

use super::{Malformed, Reader, Request, Status, Writer};

/// Matches everything in a filter.
const ANY: i8 = 1;

/// Asks for the SCRAM credentials of users, of which only mechanism and iterations are ever told.
#[derive(Debug)]
pub(in crate::kafka) struct DescribeScram<'a> {
    pub(in crate::kafka) users: &'a [&'a str],
}

/// What is told of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct ScramFound {
    pub(in crate::kafka) user: String,
    pub(in crate::kafka) status: Status,
    /// Codes of mechanisms and their iterations.
    pub(in crate::kafka) credentials: Vec<(i8, i32)>,
}

impl Request for DescribeScram<'_> {
    const KEY: i16 = 50;
    const NAME: &'static str = "DescribeUserScramCredentials";
    const VERSIONS: (i16, i16) = (0, 0);
    const FLEXIBLE_FROM: i16 = 0;
    /// How it went as a whole, and for each user.
    type Answer = (Status, Vec<ScramFound>);

    fn write(&self, to: &mut Writer) {
        to.array(self.users, |to, user| {
            to.string(user);
            to.end();
        });
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.int32()?; // throttled for so long
        let status = Status::read(from)?;
        let users = from.array(|from| {
            let (user, status) = (from.string()?, Status::read(from)?);
            let credentials = from.array(|from| {
                let credential = (from.int8()?, from.int32()?);
                from.end()?;
                Ok(credential)
            })?;
            from.end()?;
            Ok(ScramFound { user, status, credentials })
        })?;
        from.end()?;
        Ok((status, users))
    }
}

/// Sets a SCRAM credential of a user. Brokers refuse two of the same user in one request, also for different mechanisms.
pub(in crate::kafka) struct AlterScram<'a> {
    pub(in crate::kafka) user: &'a str,
    pub(in crate::kafka) upsertion: Upsertion,
}

/// A credential. The salted password is as good as the password and is never shown.
pub(in crate::kafka) struct Upsertion {
    /// The code of the mechanism.
    pub(in crate::kafka) mechanism: i8,
    pub(in crate::kafka) iterations: i32,
    pub(in crate::kafka) salt: Vec<u8>,
    pub(in crate::kafka) salted_password: Vec<u8>,
}

impl Request for AlterScram<'_> {
    const KEY: i16 = 51;
    const NAME: &'static str = "AlterUserScramCredentials";
    const VERSIONS: (i16, i16) = (0, 0);
    const FLEXIBLE_FROM: i16 = 0;
    type Answer = Vec<Status>;

    fn write(&self, to: &mut Writer) {
        to.array::<()>([], |_, ()| {}); // no deletion
        to.array([&self.upsertion], |to, one| {
            to.string(self.user);
            to.int8(one.mechanism);
            to.int32(one.iterations);
            to.bytes(&one.salt);
            to.bytes(&one.salted_password);
            to.end();
        });
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

/// An entry of the access control lists, in the protocol's codes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AclEntry {
    pub(in crate::kafka) resource: i8,
    /// Shared by all entries about the same thing.
    pub(in crate::kafka) name: Rc<str>,
    pub(in crate::kafka) pattern: i8,
    pub(in crate::kafka) principal: String,
    pub(in crate::kafka) host: String,
    pub(in crate::kafka) operation: i8,
    pub(in crate::kafka) permission: i8,
}

/// The codes of entries.
pub(in crate::kafka) mod acl_code {
    use crate::plan::kafka::OPERATION_NAMES;

    pub(in crate::kafka) const LITERAL: i8 = 3;
    pub(in crate::kafka) const PREFIXED: i8 = 4;
    pub(in crate::kafka) const DENY: i8 = 2;
    pub(in crate::kafka) const ALLOW: i8 = 3;

    /// Kinds of things; `topic` is 2, and so on.
    const RESOURCES: [&str; 6] =
        ["topic", "group", "cluster", "transactional-id", "delegation-token", "user"];
    fn code(names: &[&str], name: &str) -> i8 {
        let at = names.iter().position(|one| *one == name);
        // 0 means "unknown", which brokers refuse.
        at.and_then(|at| i8::try_from(at + 2).ok()).unwrap_or(0)
    }

    pub(in crate::kafka) fn resource(name: &str) -> i8 {
        code(&RESOURCES, name)
    }

    pub(in crate::kafka) fn operation(name: &str) -> i8 {
        code(&OPERATION_NAMES, name)
    }
}

/// Asks for all entries.
#[derive(Debug)]
pub(in crate::kafka) struct DescribeAcls;

impl Request for DescribeAcls {
    const KEY: i16 = 29;
    const NAME: &'static str = "DescribeAcls";
    const VERSIONS: (i16, i16) = (1, 3);
    const FLEXIBLE_FROM: i16 = 2;
    type Answer = (Status, Vec<AclEntry>);

    fn write(&self, to: &mut Writer) {
        to.int8(ANY); // resource
        to.nullable_string(None); // its name
        to.int8(ANY); // pattern
        to.nullable_string(None); // principal
        to.nullable_string(None); // host
        to.int8(ANY); // operation
        to.int8(ANY); // permission
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.int32()?; // throttled for so long
        let status = Status::read(from)?;
        let resources = from.array(|from| {
            let (resource, name, pattern) = (from.int8()?, Rc::from(from.string()?), from.int8()?);
            let entries = from.array(|from| {
                let (principal, host) = (from.string()?, from.string()?);
                let (operation, permission) = (from.int8()?, from.int8()?);
                from.end()?;
                let name = Rc::clone(&name);
                Ok(AclEntry { resource, name, pattern, principal, host, operation, permission })
            })?;
            from.end()?;
            Ok(entries)
        })?;
        from.end()?;
        Ok((status, resources.into_iter().flatten().collect()))
    }
}

/// Makes entries. One that is there already stays as it is.
#[derive(Debug)]
pub(in crate::kafka) struct CreateAcls<'a> {
    pub(in crate::kafka) entries: &'a [AclEntry],
}

impl Request for CreateAcls<'_> {
    const KEY: i16 = 30;
    const NAME: &'static str = "CreateAcls";
    const VERSIONS: (i16, i16) = (1, 3);
    const FLEXIBLE_FROM: i16 = 2;
    type Answer = Vec<Status>;

    fn write(&self, to: &mut Writer) {
        to.array(self.entries, |to, entry| {
            to.int8(entry.resource);
            to.string(&entry.name);
            to.int8(entry.pattern);
            to.string(&entry.principal);
            to.string(&entry.host);
            to.int8(entry.operation);
            to.int8(entry.permission);
            to.end();
        });
        to.end();
    }

    fn read(from: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        from.int32()?; // throttled for so long
        let results = from.array(|from| {
            let status = Status::read(from)?;
            from.end()?;
            Ok(status)
        })?;
        from.end()?;
        Ok(results)
    }
}
