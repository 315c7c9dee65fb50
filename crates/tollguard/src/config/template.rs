//! The commented configuration that `tollguard init` writes.

use std::net::{IpAddr, SocketAddr};

const TEMPLATE: &str = include_str!("template.toml");

/// What `tollguard init` fills in.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The node's name for people.
    pub name: String,
    /// The data directory, as written into the file.
    pub data_dir: String,
    /// Addresses for SIP.
    pub listen: Vec<SocketAddr>,
    /// The address told to others, where it cannot be taken from `listen`.
    pub advertised: Option<IpAddr>,
    /// Digest realm.
    pub realm: String,
    /// Address of the portal.
    pub portal: SocketAddr,
}

/// The file's text.
pub fn write(answers: &Answers) -> String {
    let listen: Vec<String> = answers.listen.iter().map(|address| quoted(&address.to_string())).collect();
    let advertised = match answers.advertised {
        Some(ip) => format!("advertised = \"{ip}\""),
        None => "# advertised = \"192.0.2.10\"".to_owned(),
    };
    TEMPLATE
        .replace("\"@NAME@\"", &quoted(&answers.name))
        .replace("\"@DATA_DIR@\"", &quoted(&answers.data_dir))
        .replace("@LISTEN@", &listen.join(", "))
        .replace("@ADVERTISED@", &advertised)
        .replace("\"@REALM@\"", &quoted(&answers.realm))
        .replace("@PORTAL@", &answers.portal.to_string())
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
