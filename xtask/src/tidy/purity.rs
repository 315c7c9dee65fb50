//! Pure crates stay pure: no sockets, files, clocks, threads, environment, randomness or async runtime in them.

use super::Finding;

/// Crates that hold decisions only.
pub const PURE: &[&str] = &["sip", "media", "billing", "geo", "guard", "lockout", "account", "replay", "edge", "node"];

/// Words that give I/O away.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "tokio::",
    "mio::",
    "getrandom",
    "thread_rng",
    "rand::rng",
];

/// Checks one file; tests of pure crates (`tests/`, `benches/`, `tests.rs`, everything after `#[cfg(test)]`) may do I/O.
pub fn check(place: &str, text: &str) -> Vec<Finding> {
    let Some(rest) = PURE.iter().find_map(|name| place.strip_prefix(&format!("crates/{name}/src/"))) else {
        return Vec::new();
    };
    if rest.ends_with("tests.rs") || rest.contains("tests/") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if rest == "lib.rs" && !text.contains("#![forbid(unsafe_code)]") {
        findings.push(Finding {
            place: place.into(),
            rule: "unsafe",
            text: "a pure crate must forbid unsafe code".into(),
        });
    }
    let product = text.split("#[cfg(test)]").next().unwrap_or_default();
    for (number, line) in product.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        if let Some(word) = IMPURE.iter().find(|word| line.contains(**word)) {
            let text = format!("line {} uses {word} in a pure crate", number + 1);
            findings.push(Finding { place: place.into(), rule: "purity", text });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_a_pure_crate_is_found_and_in_a_driver_not() {
        let source = "//! X.\n// SystemTime::now in a comment\nlet t = SystemTime::now();\n";
        assert_eq!(check("crates/guard/src/hours.rs", source).len(), 1);
        assert!(check("crates/net/src/clock.rs", source).is_empty());
        assert!(check("crates/guard/src/hours.rs", "//! X.\n#[cfg(test)]\nlet t = Instant::now();\n").is_empty());
    }
}
