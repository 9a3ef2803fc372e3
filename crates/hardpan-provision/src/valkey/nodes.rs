//! What a node says of itself and of the others, read: `CLUSTER NODES`, `CLUSTER INFO`, `CLUSTER SHARDS` and `INFO`.
//!
//! Not responsible for what follows from it. A newcomer needs to know one thing: every node has its own picture of the cluster,
//! and a cluster is formed when all pictures are the same.

use redis::Value;

use super::connection::text;
use super::slots::Slots;

/// A node as another one (or itself) knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: String,
    /// The IP address; empty where it is not known (yet).
    pub(super) ip: String,
    pub(super) port: u16,
    /// The port of the cluster bus.
    pub(super) bus: u16,
    pub(super) is_replica: bool,
    /// The id of the primary that it replicates.
    pub(super) primary: Option<String>,
    /// It is suspected to have failed, or known to have.
    pub(super) is_failed: bool,
    /// It is just being met, and its id is not the real one.
    pub(super) is_handshake: bool,
    /// Its address turned out to belong to somebody else.
    pub(super) is_gone: bool,
    pub(super) is_connected: bool,
    pub(super) epoch: u64,
    pub(super) slots: Slots,
}

/// All that one node says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Itself. Address and bus port are those at which it was reached.
    pub(super) own: Known,
    /// Everybody else that it knows.
    pub(super) others: Vec<Known>,
    /// It says `cluster_state:ok`.
    pub(super) is_ok: bool,
    /// Keys that it holds.
    pub(super) keys: u64,
    /// How many replicas have logged in to it, in step or not; `None` where it does not say.
    pub(super) replicas: Option<usize>,
    /// The ids of all nodes, those of a primary and its replicas together.
    pub(super) shards: Vec<Vec<String>>,
}

impl Said {
    /// Reads the answers to `CLUSTER NODES`, `CLUSTER INFO` and `INFO`. The error says what makes no sense.
    pub(super) fn read(nodes: &str, cluster: &str, info: &str) -> Result<Self, String> {
        let mut said = Self { is_ok: field(cluster, "cluster_state") == Some("ok"), ..Self::default() };
        for line in nodes.lines().filter(|line| !line.is_empty()) {
            let (known, is_own) =
                Known::read(line).ok_or_else(|| format!("a line of CLUSTER NODES makes no sense: {line}"))?;
            if is_own { said.own = known } else { said.others.push(known) }
        }
        if said.own.id.is_empty() {
            return Err("CLUSTER NODES does not say which node is its own".to_owned());
        }
        said.keys = keys(info);
        said.replicas = field(info, "connected_slaves").and_then(|count| count.parse().ok());
        Ok(said)
    }

    /// Reads the answer to `CLUSTER SHARDS`.
    pub(super) fn read_shards(&mut self, answer: &Value) {
        let ids = |nodes: &Value| list(nodes).iter().filter_map(|node| text(value(node, "id")?)).collect();
        self.shards = list(answer).iter().filter_map(|shard| Some(ids(value(shard, "nodes")?))).collect();
    }

    /// True if both are of one shard.
    pub(super) fn sees_together(&self, one: &str, other: &str) -> bool {
        let has = |shard: &[String], id: &str| shard.iter().any(|member| member == id);
        self.shards.iter().any(|shard| has(shard, one) && has(shard, other))
    }

    /// What it says of a node that it has met.
    pub(super) fn of(&self, id: &str) -> Option<&Known> {
        self.others.iter().find(|known| known.id == id && !known.is_handshake)
    }

    /// True if it is just meeting whoever is at this address.
    pub(super) fn is_meeting(&self, other: &Known) -> bool {
        self.others.iter().any(|known| known.is_handshake && known.ip == other.ip && known.port == other.port)
    }
}

impl Known {
    fn read(line: &str) -> Option<(Self, bool)> {
        let mut words = line.split(' ');
        let id = words.next()?.to_owned();
        let address = words.next()?;
        // A host name and more may follow, each after a comma.
        let address = address.split(',').next()?;
        let (address, bus) = address.split_once('@').unwrap_or((address, "0"));
        let (ip, port) = address.rsplit_once(':')?;
        let flags: Vec<&str> = words.next()?.split(',').collect();
        let primary = words.next()?;
        let (_ping, _pong) = (words.next()?, words.next()?);
        let epoch = words.next()?.parse().ok()?;
        let is_connected = words.next()? == "connected";
        let slots = words.filter_map(Slots::parse).fold(Slots::default(), |all, slots| all.union(&slots));
        let has = |flag| flags.contains(&flag);
        let known = Self {
            id,
            ip: ip.trim_matches(['[', ']']).to_owned(),
            port: port.parse().ok()?,
            bus: bus.parse().ok()?,
            is_replica: has("slave") || has("replica"),
            primary: (primary != "-").then(|| primary.to_owned()),
            is_failed: has("fail") || has("fail?"),
            is_handshake: has("handshake"),
            is_gone: has("noaddr"),
            is_connected,
            epoch,
            slots,
        };
        Some((known, has("myself")))
    }
}

fn list(value: &Value) -> &[Value] {
    if let Value::Array(values) = value { values } else { &[] }
}

/// The value after a name, in a list of both.
fn value<'v>(pairs: &'v Value, name: &str) -> Option<&'v Value> {
    let mut pairs = list(pairs).chunks_exact(2);
    pairs.find(|pair| text(&pair[0]).as_deref() == Some(name)).map(|pair| &pair[1])
}

/// The value of a line `name:value`.
pub(super) fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_end)
}

/// The keys of all databases: `db0:keys=3,expires=0,...`.
fn keys(info: &str) -> u64 {
    let databases = info.lines().filter_map(|line| line.strip_prefix("db")?.split_once(":keys="));
    databases.filter_map(|(_, rest)| rest.split(',').next()?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{Said, field, keys};
    use crate::valkey::slots::Slots;

    const NODES: &str = "\
07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004,hostname4,shard-id=1 slave,fail? e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 disconnected
e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca :30001@31001 myself,master - 0 0 1 connected 0-5460 77 [93->-292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f]
292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f fd00::2:30003@31003 handshake - 1426238316232 0 0 disconnected
67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 :0@0 master,fail,noaddr - 1426238316232 0 2 disconnected 5461-10922
";

    #[test]
    fn a_picture_of_a_cluster_is_read_with_every_kind_of_line() {
        let said = Said::read(
            NODES,
            "cluster_state:ok\r\nx:1\r\n",
            "connected_slaves:2\r\ndb0:keys=4,expires=1\r\n",
        )
        .unwrap();
        assert!(said.is_ok && said.replicas == Some(2));
        assert_eq!((said.keys, said.own.epoch, said.own.bus), (4, 1, 31_001));
        assert_eq!(said.own.slots, Slots::range(0, 5460));
        let [replica, meeting, gone] = said.others.as_slice() else { panic!("{said:?}") };
        assert!(replica.is_replica && replica.is_failed && !replica.is_connected);
        assert_eq!((replica.ip.as_str(), replica.port), ("127.0.0.1", 30_004));
        assert_eq!(replica.primary.as_deref(), Some(said.own.id.as_str()));
        assert!(meeting.is_handshake && meeting.ip == "fd00::2" && said.of(&meeting.id).is_none());
        assert!(said.is_meeting(meeting));
        assert!(gone.is_gone && gone.slots == Slots::range(5461, 10_922));
    }

    #[test]
    fn shards_are_read_whatever_else_is_said_of_them() {
        let word = |text: &str| Value::BulkString(text.into());
        let node = |id: &str| Value::Array(vec![word("port"), Value::Int(1), word("id"), word(id)]);
        let shard = |ids: &[&str]| {
            let nodes = Value::Array(ids.iter().map(|id| node(id)).collect());
            Value::Array(vec![word("slots"), Value::Array(vec![]), word("nodes"), nodes])
        };
        let mut said = Said::default();
        said.read_shards(&Value::Array(vec![shard(&["a", "b"]), shard(&["c"]), Value::Nil]));
        assert_eq!(said.shards, [vec!["a", "b"], vec!["c"]]);
        assert!(said.sees_together("b", "a") && !said.sees_together("a", "c"));
        said.read_shards(&Value::Nil);
        assert!(said.shards.is_empty());
    }

    #[test]
    fn what_is_no_picture_is_an_error_and_no_panic() {
        for nodes in
            ["", "x", "a b c d e f g h", "id 1.1.1.1 myself - 0 0 0 connected", "id :1@2 master - 0 0 0 c"]
        {
            Said::read(nodes, "", "").unwrap_err();
        }
        let said = Said::read("id :1@2 myself,master - 0 0 0 connected", "", "").unwrap();
        assert!(!said.is_ok);
    }

    #[test]
    fn fields_and_keys_are_found_in_what_a_server_says_of_itself() {
        let info = "# Keyspace\r\ndb0:keys=3,expires=0\r\ndb12:keys=40,expires=0\r\nconfig_file:/x/y\r\n";
        assert_eq!(keys(info), 43);
        assert_eq!(field(info, "config_file"), Some("/x/y"));
        assert_eq!(field(info, "config"), None);
    }
}
