//! Writes small MaxMind databases for tests and simulated worlds, so that what is in them stands beside what is expected.
//!
//! Format: <https://maxmind.github.io/MaxMind-DB/>; an IPv6 tree with 24-bit records, IPv4 under ::/96.

use std::net::IpAddr;

use ipnet::IpNet;

/// A value of a record.
#[derive(Clone, Debug)]
pub enum Value {
    /// UTF-8 text.
    Text(&'static str),
    /// A double.
    Double(f64),
    /// A float.
    Float(f32),
    /// 16 bits, unsigned.
    Short(u16),
    /// 32 bits, unsigned.
    Whole(u32),
    /// 64 bits, unsigned.
    Long(u64),
    /// True or false.
    Flag(bool),
    /// An empty array.
    NoItems,
    /// Keys with their values.
    Map(Vec<(&'static str, Value)>),
}

/// A map from keys to values.
#[must_use]
pub fn map<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    Value::Map(fields.into())
}

impl Value {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Text(text) => {
                header(out, 2, text.len());
                out.extend(text.as_bytes());
            }
            Value::Double(number) => {
                header(out, 3, 8);
                out.extend(number.to_be_bytes());
            }
            Value::Short(number) => {
                header(out, 5, 2);
                out.extend(number.to_be_bytes());
            }
            Value::Whole(number) => {
                header(out, 6, 4);
                out.extend(number.to_be_bytes());
            }
            Value::Map(fields) => {
                header(out, 7, fields.len());
                for (key, value) in fields {
                    Value::Text(key).write(out);
                    value.write(out);
                }
            }
            Value::Long(number) => {
                header(out, 9, 8);
                out.extend(number.to_be_bytes());
            }
            Value::NoItems => header(out, 11, 0),
            Value::Flag(flag) => header(out, 14, usize::from(*flag)),
            Value::Float(number) => {
                header(out, 15, 4);
                out.extend(number.to_be_bytes());
            }
        }
    }
}

fn header(out: &mut Vec<u8>, kind: u8, size: usize) {
    let (short, long) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
    match kind {
        0..8 => out.push(kind << 5 | short),
        _ => out.extend([short, kind - 7]),
    }
    out.extend(long);
}

#[derive(Clone, Copy)]
enum Branch {
    Empty,
    Node(usize),
    Data(usize),
}

/// The bytes of a database with one record a network; networks must not overlap.
///
/// # Panics
/// Where a network is not written as one: the caller's mistake.
#[must_use]
pub fn database(records: Vec<(&str, Value)>) -> Vec<u8> {
    let (mut nodes, mut data) = (vec![[Branch::Empty; 2]], Vec::new());
    for (network, value) in records {
        insert(&mut nodes, network.parse().expect("the caller writes networks"), data.len());
        value.write(&mut data);
    }
    let count = nodes.len();
    let mut out = Vec::new();
    for branch in nodes.iter().flatten() {
        let record = match branch {
            Branch::Empty => count,
            Branch::Node(at) => *at,
            Branch::Data(offset) => count + 16 + offset,
        };
        out.extend(&(record as u32).to_be_bytes()[1..]);
    }
    out.extend([0; 16]);
    out.extend(data);
    out.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = map([
        ("binary_format_major_version", Value::Short(2)),
        ("binary_format_minor_version", Value::Short(0)),
        ("build_epoch", Value::Long(1_700_000_000)),
        ("database_type", Value::Text("fixture")),
        ("description", map([])),
        ("ip_version", Value::Short(6)),
        ("languages", Value::NoItems),
        ("node_count", Value::Whole(count as u32)),
        ("record_size", Value::Short(24)),
    ]);
    metadata.write(&mut out);
    out
}

fn insert(nodes: &mut Vec<[Branch; 2]>, network: IpNet, offset: usize) {
    let (bits, length) = match network.addr() {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 96 + network.prefix_len()),
        IpAddr::V6(address) => (u128::from(address), network.prefix_len()),
    };
    let mut at = 0;
    for depth in 0..length {
        let side = usize::from(bits >> (127 - depth) & 1 == 1);
        if depth + 1 == length {
            nodes[at][side] = Branch::Data(offset);
        } else if let Branch::Node(next) = nodes[at][side] {
            at = next;
        } else {
            nodes.push([Branch::Empty; 2]);
            let next = nodes.len() - 1;
            nodes[at][side] = Branch::Node(next);
            at = next;
        }
    }
}
