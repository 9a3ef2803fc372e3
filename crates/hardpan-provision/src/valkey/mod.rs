//! Valkey and Redis: a cluster of the nodes of the plan, and users on each of them.
//!
//! Not responsible for what is missing of a cluster (`formation`, a pure function) or for what a user may do (`users`). A newcomer
//! needs to know one thing: a cluster that is not formed has no place for a lock, so runs follow each other by the name of
//! their connection to one node, and would even without it send the same commands, each of which can be sent twice.

mod categories;
mod connection;
mod contest;
mod form;
mod formation;
mod layout;
mod nodes;
mod slots;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeMap;

use crate::backend::Backend;
use crate::error::Failure;
use crate::plan::valkey::{Mode, PersistUsers, Target};
use crate::step::{Difference, ObjectId, Step};
use crate::wait::Context;
use categories::Categories;
use connection::{Connection, text};
use formation::{Next, Wish, next};
use nodes::{Said, field};
use users::Rules;

/// Connections to all nodes, in the order of the plan.
pub(crate) struct Valkey {
    nodes: Vec<Connection>,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// What each node says of the cluster; nothing where they are to be servers by themselves.
    cluster: Vec<Said>,
    /// Every user of the plan as each node has it.
    users: BTreeMap<String, Vec<Option<Rules>>>,
    /// What rules amount to, where a node does not say them as it was told.
    categories: Categories,
}

/// What is to be done about one object.
#[derive(Debug)]
pub(crate) enum Change {
    /// Form the cluster, or finish it.
    Form,
    /// Set this user on all nodes.
    User(String),
}

impl Backend for Valkey {
    type Target = Target;
    type State = State;
    type Change = Change;

    async fn open(target: &Target, context: &Context) -> Result<Self, Failure> {
        let mut nodes = Vec::with_capacity(target.nodes.len());
        for node in &target.nodes {
            nodes.push(Connection::open(target, &node.address, context).await?);
        }
        // The same node for every plan of these nodes, whatever its order.
        let first = nodes.iter_mut().min_by(|one, other| one.name.cmp(&other.name));
        if let (Some(first), false) = (first, context.is_dry_run()) {
            first.lock(context).await?;
        }
        Ok(Self { nodes })
    }

    async fn probe(&mut self, target: &Target, context: &Context) -> Result<State, Failure> {
        let mut state = State::default();
        if target.mode == Mode::Cluster {
            state.cluster = form::ask(&mut self.nodes, context).await?;
            if let Next::Wait(waiting) = next(&wish(target), &state.cluster) {
                return Err(Failure::not_ready(waiting.waiting_for, waiting.answer));
            }
        }
        if target.users.is_empty() {
            return Ok(state);
        }
        for node in &mut self.nodes {
            let commands: Vec<Vec<&str>> =
                target.users.keys().map(|name| vec!["ACL", "GETUSER", name.as_str()]).collect();
            let answers = node.calls(&commands, "read users", context).await?;
            for (name, answer) in target.users.keys().zip(&answers) {
                state.users.entry(name.clone()).or_default().push(Rules::found(answer));
            }
        }
        let is_said_otherwise = target.users.iter().any(|(name, user)| {
            let wanted = Rules::wanted(user);
            state.users.get(name).into_iter().flatten().flatten().any(|found| !found.has_rules_of(&wanted))
        });
        if let (true, Some(node)) = (is_said_otherwise, self.nodes.first_mut()) {
            state.categories = Categories::ask(node, context).await?;
        }
        Ok(state)
    }

    fn plan(target: &Target, state: &State) -> Vec<Step<Change>> {
        let mut steps = Vec::new();
        let mut needs: Vec<ObjectId> = Vec::new();
        if target.mode == Mode::Cluster {
            let id = target.cluster_id();
            needs.push(id.clone());
            steps.push(match next(&wish(target), &state.cluster) {
                Next::Nothing => Step::unchanged(id),
                Next::Work { is_blank: true, .. } => Step::create(id, Change::Form),
                Next::Work { differences, .. } => Step::change(id, differences, Change::Form),
                Next::Wait(waiting) => {
                    let difference = Difference::new(waiting.waiting_for, waiting.answer, "so");
                    Step::change(id, vec![difference], Change::Form)
                }
                Next::Refuse(differences, help) => Step::refuse(id, differences, help),
            });
        }
        for (name, user) in &target.users {
            let found = state.users.get(name).map_or(&[][..], Vec::as_slice);
            let step = user_step(target, name, &Rules::wanted(user), found, &state.categories);
            // Nodes of somebody else get no users of ours.
            steps.push(step.needs(needs.iter().cloned()));
        }
        steps
    }

    async fn apply(&mut self, target: &Target, change: &Change, context: &Context) -> Result<(), Failure> {
        match change {
            Change::Form => form::form(&mut self.nodes, &wish(target), context).await,
            Change::User(name) => {
                let Some(user) = target.users.get(name) else { return Ok(()) };
                let words = Rules::wanted(user).words();
                for node in &mut self.nodes {
                    set_user(node, target, name, &words, context).await?;
                }
                Ok(())
            }
        }
    }

    async fn close(self, _context: &Context) {}
}

fn wish(target: &Target) -> Wish {
    Wish {
        names: target.nodes.iter().map(|node| node.address.to_string()).collect(),
        hosts: target.nodes.iter().map(|node| node.host.clone()).collect(),
        replicas: target.replicas,
        reset: target.reset,
    }
}

fn user_step(
    target: &Target,
    name: &str,
    wanted: &Rules,
    found: &[Option<Rules>],
    categories: &Categories,
) -> Step<Change> {
    let id = target.user_id(name);
    let change = Change::User(name.to_owned());
    if found.iter().all(Option::is_none) {
        return Step::create(id, change);
    }
    // What differs alike on several nodes is said once.
    let mut all: Vec<(Difference, Vec<String>)> = Vec::new();
    for (node, rules) in target.nodes.iter().zip(found) {
        let differences = match rules {
            Some(rules) => rules.differences(wanted, categories),
            None => vec![Difference::new("user", "missing", "there")],
        };
        for difference in differences {
            let node = node.address.to_string();
            match all.iter_mut().find(|(seen, _)| *seen == difference) {
                Some((_, nodes)) => nodes.push(node),
                None => all.push((difference, vec![node])),
            }
        }
    }
    if all.is_empty() {
        return Step::unchanged(id);
    }
    let say = |(mut difference, nodes): (Difference, Vec<String>)| {
        if nodes.len() < found.len() {
            difference.what = format!("{} on {}", difference.what, nodes.join(", "));
        }
        difference
    };
    Step::change(id, all.into_iter().map(say).collect(), change)
}

/// Sets a user and has it kept over a restart, in one step, so that whoever is killed leaves both or neither. A command that
/// fails in such a step does not undo the others: the user would be there, not be kept, and look unchanged to the next run.
/// So whether users can be kept at all is tried before, which changes nothing.
async fn set_user(
    node: &mut Connection,
    target: &Target,
    name: &str,
    rules: &[String],
    context: &Context,
) -> Result<(), Failure> {
    let action = format!("set the user {name}");
    let keep = match target.persist_users {
        PersistUsers::No => None,
        PersistUsers::AclFile => Some(["ACL", "SAVE"]),
        PersistUsers::Config => Some(["CONFIG", "REWRITE"]),
        PersistUsers::Auto if form::setting(node, "aclfile", context).await?.is_some() => {
            Some(["ACL", "SAVE"])
        }
        PersistUsers::Auto => {
            let info = node.call(&["INFO", "server"], "see where users are kept", context).await?;
            let info = text(&info).unwrap_or_default();
            let has_file = field(&info, "config_file").is_some_and(|file| !file.is_empty());
            has_file.then_some(["CONFIG", "REWRITE"])
        }
    };
    if let Some(keep) = &keep {
        node.call(keep, &format!("keep the user {name} over a restart"), context).await?;
    }
    let mut set = vec!["ACL", "SETUSER", name];
    set.extend(rules.iter().map(String::as_str));
    let mut commands = vec![set];
    commands.extend(keep.map(Vec::from));
    node.together(&commands, &action, context).await?;
    Ok(())
}
