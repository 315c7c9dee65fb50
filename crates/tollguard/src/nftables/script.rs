//! What the packet filter is told, in nftables' JSON (libnftables-json(5)): a table of our own with sets of banned
//! addresses, each with a time-out of its own.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde_json::{Value, json};

/// A ban for the packet filter: who, and until when in milliseconds since the Unix epoch.
pub type OutwardBan = (IpNet, u64);

/// How much longer than the ban an element stays if nobody takes it out, in seconds: a node that is gone leaves no ban
/// behind for long.
const GRACE_S: u64 = 60;
const FAMILY: &str = "inet";

/// One of the four sets. Ranges need sets of intervals, in which a single address must not lie in a range; so single
/// addresses have sets of their own.
struct Set {
    name: &'static str,
    kind: &'static str,
    protocol: &'static str,
    ranges: bool,
}

const SETS: [Set; 4] = [
    Set { name: "addresses4", kind: "ipv4_addr", protocol: "ip", ranges: false },
    Set { name: "ranges4", kind: "ipv4_addr", protocol: "ip", ranges: true },
    Set { name: "addresses6", kind: "ipv6_addr", protocol: "ip6", ranges: false },
    Set { name: "ranges6", kind: "ipv6_addr", protocol: "ip6", ranges: true },
];

/// The table of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The ports that are closed to banned addresses: those SIP listens on. Everything else stays as it is.
    pub ports: BTreeSet<u16>,
}

impl Table {
    /// Puts the table in place, with these bans alone, whatever there was of it.
    pub fn replace(&self, bans: &[OutwardBan], now_ms: u64) -> Value {
        let chain = json!({"family": FAMILY, "table": self.name, "name": "banned", "type": "filter", "hook": "input",
            "prio": -10, "policy": "accept"});
        let mut commands = self.removal();
        commands.push(json!({"add": {"table": self.table()}}));
        commands.push(json!({"add": {"chain": chain}}));
        for set in SETS {
            let flags: &[&str] = if set.ranges { &["interval", "timeout"] } else { &["timeout"] };
            let made =
                json!({"family": FAMILY, "table": self.name, "name": set.name, "type": set.kind, "flags": flags});
            commands.push(json!({"add": {"set": made}}));
            commands.push(json!({"add": {"rule": self.rule(&set)}}));
        }
        commands.extend(self.elements("add", bans, Some(now_ms)));
        script(commands)
    }

    /// Leads from some bans to others; `None` where both are the same.
    pub fn update(&self, old: &[OutwardBan], new: &[OutwardBan], now_ms: u64) -> Option<Value> {
        let known: BTreeSet<&OutwardBan> = old.iter().collect();
        let wanted: BTreeSet<&OutwardBan> = new.iter().collect();
        let gone: Vec<OutwardBan> = known.difference(&wanted).map(|ban| **ban).collect();
        let came: Vec<OutwardBan> = wanted.difference(&known).map(|ban| **ban).collect();
        let mut commands = self.elements("delete", &gone, None);
        commands.extend(self.elements("add", &came, Some(now_ms)));
        (!commands.is_empty()).then(|| script(commands))
    }

    /// Takes the table away.
    pub fn remove(&self) -> Value {
        script(self.removal())
    }

    /// Added before it is deleted, since what is not there cannot be deleted.
    fn removal(&self) -> Vec<Value> {
        vec![json!({"add": {"table": self.table()}}), json!({"delete": {"table": self.table()}})]
    }

    fn table(&self) -> Value {
        json!({"family": FAMILY, "name": self.name})
    }

    fn rule(&self, set: &Set) -> Value {
        let ports: Vec<u16> = self.ports.iter().copied().collect();
        let matches = |left: Value, right: Value| json!({"match": {"op": "==", "left": left, "right": right}});
        let expr = [
            matches(json!({"meta": {"key": "l4proto"}}), json!({"set": ["tcp", "udp"]})),
            matches(json!({"payload": {"protocol": "th", "field": "dport"}}), json!({"set": ports})),
            matches(json!({"payload": {"protocol": set.protocol, "field": "saddr"}}), json!(format!("@{}", set.name))),
            json!({"counter": null}),
            json!({"drop": null}),
        ];
        json!({"family": FAMILY, "table": self.name, "chain": "banned", "expr": expr})
    }

    fn elements(&self, verb: &str, bans: &[OutwardBan], now_ms: Option<u64>) -> Vec<Value> {
        let of_set = |set: Set| {
            let fits = |prefix: &IpNet| {
                let is_range = prefix.prefix_len() < prefix.max_prefix_len();
                prefix.addr().is_ipv6() == (set.protocol == "ip6") && is_range == set.ranges
            };
            let elements: Vec<Value> =
                bans.iter().filter(|(prefix, _)| fits(prefix)).map(|ban| element(ban, now_ms)).collect();
            let body = json!({"family": FAMILY, "table": self.name, "name": set.name, "elem": elements});
            (!elements.is_empty()).then(|| json!({verb: {"element": body}}))
        };
        SETS.into_iter().filter_map(of_set).collect()
    }
}

fn element((prefix, until_ms): &OutwardBan, now_ms: Option<u64>) -> Value {
    let value = if prefix.prefix_len() == prefix.max_prefix_len() {
        json!(prefix.addr().to_string())
    } else {
        json!({"prefix": {"addr": prefix.network().to_string(), "len": prefix.prefix_len()}})
    };
    let Some(now_ms) = now_ms else { return value };
    let timeout_s = until_ms.saturating_sub(now_ms).div_ceil(1_000) + GRACE_S;
    json!({"elem": {"val": value, "timeout": timeout_s}})
}

fn script(commands: Vec<Value>) -> Value {
    json!({"nftables": commands})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(prefix: &str, until_ms: u64) -> OutwardBan {
        (prefix.parse().unwrap(), until_ms)
    }

    #[test]
    fn only_what_has_changed_is_told() {
        let table = Table { name: "tollguard".into(), ports: [5060].into() };
        let old = [ban("192.0.2.7/32", 61_000), ban("198.51.100.0/24", 61_000)];
        let new = [ban("192.0.2.7/32", 61_000), ban("2001:db8:1:2::/64", 61_000)];
        assert_eq!(table.update(&old, &old, 1_000), None);
        let told = table.update(&old, &new, 1_000).unwrap();
        let expected = json!({"nftables": [
            {"delete": {"element": {"family": "inet", "table": "tollguard", "name": "ranges4",
                "elem": [{"prefix": {"addr": "198.51.100.0", "len": 24}}]}}},
            {"add": {"element": {"family": "inet", "table": "tollguard", "name": "ranges6",
                "elem": [{"elem": {"val": {"prefix": {"addr": "2001:db8:1:2::", "len": 64}}, "timeout": 120}}]}}},
        ]});
        assert_eq!(told, expected);
    }
}
