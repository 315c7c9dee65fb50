//! Whether a network's name says that it sells servers or VPNs.
//!
//! A hint, not proof: a PBX may well live in a data centre, and many hosters have names that say nothing.

/// Words (whole, any case) in an organisation's name that mean hosting or VPN.
const HOSTING_WORDS: &[&str] = &[
    "cloud",
    "colo",
    "colocation",
    "datacamp",
    "datacenter",
    "datacenters",
    "datacentre",
    "dedicated",
    "host",
    "hosted",
    "hoster",
    "hosting",
    "hostinger",
    "server",
    "servers",
    "vpn",
    "vps",
];

/// Hosters whose names hold none of those words.
const HOSTING_NAMES: &[&str] = &[
    "alibaba",
    "amazon",
    "aws",
    "choopa",
    "contabo",
    "digitalocean",
    "fly.io",
    "hetzner",
    "ionos",
    "leaseweb",
    "linode",
    "m247",
    "online.net",
    "ovh",
    "quadranet",
    "scaleway",
    "vultr",
];

/// `Some(true)` if the name says hosting or VPN, `None` if it says nothing.
pub(crate) fn from_network_name(network: &str) -> Option<bool> {
    let network = network.to_ascii_lowercase();
    let is_word_end = |c: char| !(c.is_alphanumeric() || c == '.');
    let mut words = network.split(is_word_end).map(|word| word.trim_matches('.'));
    let says_hosting = words.any(|word| HOSTING_WORDS.contains(&word) || HOSTING_NAMES.contains(&word))
        || network.contains("data center")
        || network.contains("data centre");
    says_hosting.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::from_network_name;

    #[test]
    fn hosters_are_told_by_whole_words() {
        for hoster in ["Cheap Cloud SAS", "Bulk VPS BV", "AMAZON-02", "Hetzner Online GmbH", "OVH SAS", "X Data Center"]
        {
            assert_eq!(from_network_name(hoster), Some(true), "{hoster}");
        }
        for other in ["PalTel", "Comcast Cable", "Cloudy Bay Telecom", "Observers ISP", "Colombia Movil", ""] {
            assert_eq!(from_network_name(other), None, "{other}");
        }
    }
}
