//! Forming the cluster: asks all nodes, sends the commands that come next, and again until nothing is missing.
//!
//! Not responsible for which commands (`formation`). A newcomer needs to know one thing: nodes tell each other news when they
//! please, so a command may come too early or twice; what the node says of that is kept for the deadline and asked again.

use redis::Value;

use super::connection::{Connection, text};
use super::formation::{Command, Next, Wish, next};
use super::nodes::Said;
use crate::error::Failure;
use crate::wait::Context;

/// What all nodes say.
pub(super) async fn ask(nodes: &mut [Connection], context: &Context) -> Result<Vec<Said>, Failure> {
    let mut all = Vec::with_capacity(nodes.len());
    for node in nodes {
        let commands =
            [vec!["CLUSTER", "NODES"], vec!["CLUSTER", "INFO"], vec!["INFO"], vec!["CLUSTER", "SHARDS"]];
        let answers = node.calls(&commands, "read the state of the cluster", context).await?;
        let [nodes, cluster, info] = [0, 1, 2].map(|at| answers.get(at).and_then(text).unwrap_or_default());
        let said = Said::read(&nodes, &cluster, &info);
        let mut said = said.map_err(|why| Failure::other(format!("{}: {why}", node.name)))?;
        if let Some(shards) = answers.get(3) {
            said.read_shards(shards);
        }
        said.own.ip = node.at.ip().to_string();
        said.own.port = node.at.port();
        all.push(said);
    }
    Ok(all)
}

/// Works until the cluster is formed.
pub(super) async fn form(nodes: &mut [Connection], wish: &Wish, context: &Context) -> Result<(), Failure> {
    let mut last = Vec::new();
    loop {
        // Whatever was news begins with short pauses again.
        let is_formed = context
            .until(async || {
                let said = ask(nodes, context).await?;
                match next(wish, &said) {
                    Next::Nothing => Ok(true),
                    Next::Wait(waiting) => Err(Failure::not_ready(waiting.waiting_for, waiting.answer)),
                    Next::Refuse(differences, help) => {
                        let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
                        let reason =
                            format!("something came in the way meanwhile: {}", differences.join("; "));
                        Err(Failure::other(reason).with_help(help))
                    }
                    Next::Work { commands, .. } => {
                        let is_news = commands != last;
                        let answer = carry_out(nodes, &said, &commands, context).await?;
                        last = commands;
                        if is_news { Ok(false) } else { Err(answer) }
                    }
                }
            })
            .await?;
        if is_formed {
            return Ok(());
        }
    }
}

/// Sends the commands and gives what to say if they were of no use.
async fn carry_out(
    nodes: &mut [Connection],
    said: &[Said],
    commands: &[Command],
    context: &Context,
) -> Result<Failure, Failure> {
    let mut last = Failure::not_ready("the cluster to change", "nothing has changed yet");
    for command in commands {
        let (node, words, action) = words(command, said);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Command::Reset { node, with_data: true } = command
            && !said[*node].own.is_replica
        {
            nodes[*node].call(&["FLUSHALL"], "remove the data", context).await?;
        }
        if let Err(answer) = nodes[node].try_call(&words, action, context).await? {
            let waiting_for = format!("{} to accept {}", nodes[node].name, words[..2].join(" "));
            last = Failure::not_ready(waiting_for, answer);
        }
    }
    Ok(last)
}

/// The node that a command is for, its words, and what it is good for.
fn words(command: &Command, said: &[Said]) -> (usize, Vec<String>, &'static str) {
    let mut words = vec!["CLUSTER".to_owned()];
    let (node, action) = match command {
        Command::Reset { node, .. } => {
            words.extend(["RESET".to_owned(), "HARD".to_owned()]);
            (*node, "reset the node")
        }
        Command::Forget { node, id } => {
            words.extend(["FORGET".to_owned(), id.clone()]);
            (*node, "forget a node that is gone")
        }
        Command::SetEpoch { node, epoch } => {
            words.extend(["SET-CONFIG-EPOCH".to_owned(), epoch.to_string()]);
            (*node, "number the node")
        }
        Command::AddSlots { node, slots } => {
            words.push("ADDSLOTSRANGE".to_owned());
            let ranges = slots.ranges().iter();
            words.extend(ranges.flat_map(|(first, last)| [first.to_string(), last.to_string()]));
            (*node, "give slots to the node")
        }
        Command::Meet { node, other } => {
            let other = &said[*other].own;
            words.extend(["MEET".to_owned(), other.ip.clone(), other.port.to_string()]);
            if other.bus != 0 {
                words.push(other.bus.to_string());
            }
            (*node, "introduce a node")
        }
        Command::Replicate { node, primary } => {
            words.extend(["REPLICATE".to_owned(), said[*primary].own.id.clone()]);
            (*node, "make the node a replica")
        }
    };
    (node, words, action)
}

/// The value of a setting; `None` where it is not set or the server does not have it.
pub(super) async fn setting(
    node: &mut Connection,
    name: &str,
    context: &Context,
) -> Result<Option<String>, Failure> {
    let answer = node.call(&["CONFIG", "GET", name], "see where users are kept", context).await?;
    let Value::Array(pair) = answer else { return Ok(None) };
    Ok(pair.get(1).and_then(text).filter(|value| !value.is_empty()))
}
