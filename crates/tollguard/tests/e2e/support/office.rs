//! The node's customer: a firm with lines, numbers, carriers and money, as a file for `tollguard apply`.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// The only account.
pub const FIRM: &str = "firm";
/// The usual carrier.
pub const CARRIER: &str = "wholesale";
/// Whom the firm's warnings go to.
pub const CONTACT: &str = "ann@firm.test";

/// A firm in Denver and what it has at the node.
pub struct Office {
    paid_in: &'static str,
    carriers: Vec<(&'static str, String)>,
    lines: Vec<(&'static str, String)>,
    dids: String,
}

impl Office {
    /// Without lines; its carrier is at `carrier`; `paid_in` dollars.
    pub fn new(carrier: SocketAddr, paid_in: &'static str) -> Self {
        let office = Self { paid_in, carriers: Vec::new(), lines: Vec::new(), dids: String::new() };
        office.carrier(CARRIER, carrier, None)
    }

    /// One more carrier, or another way to the same one, with credentials (secret, seconds to register for). It is not
    /// asked whether it is there.
    pub fn carrier(mut self, id: &'static str, address: SocketAddr, auth: Option<(&str, Option<u32>)>) -> Self {
        let mut text = format!("address = \"{address}\"\noptions_s = 0\n");
        if let Some((secret, register_s)) = auth {
            let _ = writeln!(text, "username = \"customer\"\nsecret = \"{secret}\"");
            let _ = register_s.map(|register_s| writeln!(text, "register_s = {register_s}"));
        }
        self.carriers.retain(|(other, _)| *other != id);
        self.carriers.push((id, text));
        self
    }

    /// A carrier known by a name, or the same by one.
    pub fn named(mut self, id: &'static str, name: &str) -> Self {
        self.carriers.retain(|(other, _)| *other != id);
        self.carriers.push((id, format!("address = \"{name}\"\noptions_s = 0\n")));
        self
    }

    /// The carrier added last is asked so often whether it is there.
    pub fn asked_every(mut self, seconds: u32) -> Self {
        let text = &mut self.carriers.last_mut().unwrap().1;
        *text = text.replace("options_s = 0", &format!("options_s = {seconds}"));
        self
    }

    /// The carrier added last is reached over another transport.
    pub fn over(mut self, transport: &str) -> Self {
        let _ = writeln!(self.carriers.last_mut().unwrap().1, "transport = \"{transport}\"");
        self
    }

    /// A phone that logs in as `name` with the [`secret`] of it.
    pub fn extension(mut self, id: &'static str, name: &str) -> Self {
        self.lines.push((id, format!("auth_name = \"{name}\"\nsecret = \"{}\"\n", secret(name))));
        self
    }

    /// A PBX that logs in.
    pub fn trunk(mut self, id: &'static str, name: &str) -> Self {
        let text = format!("kind = \"trunk\"\nauth_name = \"{name}\"\nsecret = \"{}\"\n", secret(name));
        self.lines.push((id, text));
        self
    }

    /// A PBX known by its address.
    pub fn trunk_at(mut self, id: &'static str, address: impl Into<IpAddr>) -> Self {
        self.lines.push((id, format!("kind = \"trunk\"\naddresses = [\"{}\"]\n", address.into())));
        self
    }

    /// A PBX known by its certificate.
    pub fn trunk_with(mut self, id: &'static str, certificate: &str) -> Self {
        self.lines.push((id, format!("kind = \"trunk\"\ncertificates = [\"{certificate}\"]\n")));
        self
    }

    /// Takes international calling from the line added last.
    pub fn home_only(mut self) -> Self {
        self.lines.last_mut().unwrap().1.push_str("international = false\n");
        self
    }

    /// A number that rings lines.
    pub fn did(mut self, number: &str, lines: &[&str]) -> Self {
        let _ = writeln!(self.dids, "[did.\"{number}\"]\naccount = \"{FIRM}\"\nlines = {lines:?}");
        self
    }

    /// The file for `tollguard apply`.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (id, carrier) in &self.carriers {
            let _ = writeln!(text, "[carrier.{id}]\n{carrier}");
        }
        let carriers: Vec<&str> = self.carriers.iter().map(|(id, _)| *id).collect();
        let _ = writeln!(
            text,
            "[account.{FIRM}]\nname = \"Baker & Lund LLP\"\ncountry = \"US\"\ntime_zone = \"America/Denver\"\n\
             area_code = \"303\"\noutside_prefix = \"9\"\ncarriers = {carriers:?}\nnumbers = [\"+13035550100\"]\n\
             contacts = [\"Ann Baker <{CONTACT}>\"]\nmax_calls = 50\n"
        );
        for (id, line) in &self.lines {
            let _ = writeln!(text, "[line.{FIRM}.{id}]\n{line}");
        }
        text.push_str(&self.dids);
        if self.paid_in != "0" {
            let _ = writeln!(text, "[payment.wire-1]\naccount = \"{FIRM}\"\namount = \"{}\"", self.paid_in);
        }
        text
    }
}

/// The secret of a line, by its user name.
pub fn secret(name: &str) -> String {
    format!("{name}-f7KqZt4w9Rmx")
}
