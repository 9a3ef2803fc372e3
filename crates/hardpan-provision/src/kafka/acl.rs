//! Access control lists: which entries are there, which are missing, and making them.
//!
//! Not responsible for what entries come to together. A newcomer needs to know one thing: an entry of the plan stands for one
//! of the cluster per operation, and only these are looked at; what others have made stays.

use std::collections::BTreeSet;

use super::message::{AclEntry, CreateAcls, DescribeAcls, acl_code};
use super::{Change, Kafka};
use crate::error::Failure;
use crate::plan::kafka::{Acl, Target};
use crate::step::{Difference, ObjectId, Step};
use crate::wait::Context;

/// What has to be done about an entry of the plan.
pub(super) fn step(id: ObjectId, wish: &Acl, found: &BTreeSet<AclEntry>) -> Step<Change> {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for operation in &wish.operations {
        let entry = entry(wish, operation);
        if found.contains(&entry) { there.push(operation.as_str()) } else { missing.push(entry) }
    }
    if missing.is_empty() {
        return Step::unchanged(id);
    }
    let change = Change::CreateAcls(missing);
    if there.is_empty() {
        return Step::create(id, change);
    }
    let difference = Difference::new("operations", there.join(", "), wish.operations.join(", "));
    Step::change(id, vec![difference], change)
}

fn entry(wish: &Acl, operation: &str) -> AclEntry {
    AclEntry {
        resource: acl_code::resource(&wish.resource),
        name: wish.name.as_str().into(),
        pattern: if wish.prefixed { acl_code::PREFIXED } else { acl_code::LITERAL },
        principal: wish.principal.clone(),
        host: wish.host.clone(),
        operation: acl_code::operation(operation),
        permission: if wish.allow { acl_code::ALLOW } else { acl_code::DENY },
    }
}

impl Kafka {
    pub(super) async fn probe_acls(
        &mut self,
        target: &Target,
        context: &Context,
    ) -> Result<BTreeSet<AclEntry>, Failure> {
        if target.acls.is_empty() {
            return Ok(BTreeSet::new());
        }
        let (status, entries) = self.connection.call(&DescribeAcls, context).await?;
        self.ask("DESCRIBE on the cluster", "look at the access control lists").check(&status)?;
        Ok(entries.into_iter().collect())
    }

    pub(super) async fn create_acls(
        &mut self,
        entries: &[AclEntry],
        context: &Context,
    ) -> Result<(), Failure> {
        let results = self.connection.call(&CreateAcls { entries }, context).await?;
        let ask = self.ask("ALTER on the cluster", "add to the access control lists");
        if results.len() != entries.len() {
            return Err(Failure::other("the broker answered for other entries than it was asked to make"));
        }
        results.iter().try_for_each(|status| ask.check(status))
    }
}
