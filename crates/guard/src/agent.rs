//! A user agent: what a phone or a tool says it is, looked through once.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// User agents of the published attacks (DESIGN section 6), as substrings in lower case.
const TOOLS: [&str; 7] = ["friendly-scanner", "sipvicious", "sipcli", "sundayddr", "vaxsipuseragent", "pplsip", "smap"];

/// A User-Agent header, with what habits know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Arc<str>", into = "Arc<str>")]
pub struct UserAgent {
    text: Arc<str>,
    name: u32,
    is_tool: bool,
}

impl UserAgent {
    /// The header as it came, empty where there was none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Hash of its name: the letters before the first digit or slash, in lower case, as a version is no new phone (FNV-1a).
    pub(crate) const fn name(&self) -> u32 {
        self.name
    }

    /// Whether a tool of attack is named in it.
    pub(crate) const fn is_tool(&self) -> bool {
        self.is_tool
    }
}

impl From<Arc<str>> for UserAgent {
    fn from(text: Arc<str>) -> Self {
        let bytes = text.as_bytes();
        let name = bytes.iter().take_while(|byte| !byte.is_ascii_digit() && **byte != b'/');
        let name = name.fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
        });
        let is_tool = (0..bytes.len()).any(|from| bytes.get(from..).is_some_and(begins_with_tool));
        Self { name, is_tool, text }
    }
}

fn begins_with_tool(text: &[u8]) -> bool {
    let begins = |tool: &str| text.get(..tool.len()).is_some_and(|start| start.eq_ignore_ascii_case(tool.as_bytes()));
    matches!(text, [b'f' | b'F' | b's' | b'S' | b'v' | b'V' | b'p' | b'P', ..]) && TOOLS.into_iter().any(begins)
}

impl From<&str> for UserAgent {
    fn from(text: &str) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl From<UserAgent> for Arc<str> {
    fn from(agent: UserAgent) -> Self {
        agent.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_no_new_phone() {
        let name = |text: &str| UserAgent::from(text).name();
        assert_eq!(name("Yealink SIP-T54W 96.86"), name("YEALINK sip-T46U 108.1"));
        assert_ne!(name("Yealink SIP-T54W"), name("Snom/5"));
    }

    #[test]
    fn tools_are_known_by_name() {
        assert!(UserAgent::from("Friendly-Scanner 1.8").is_tool());
        assert!(UserAgent::from("my sipcli/v1.8").is_tool());
        assert!(!UserAgent::from("Zoiper rev.1116").is_tool());
    }
}
