//! What a carrier can be told.

use std::net::IpAddr;

use account::Transport;
use billing::CarrierId;
use clap::Args;
use edge::{Carrier, CarrierAuth, NoPeerAddress, PeerAddress};
use serde::Deserialize;

use super::Wrong;
use crate::cli::CliError;
use crate::cli::error::refused;

/// What a carrier can be told; what is left out stays as it is, or as a new carrier has it.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CarrierOptions {
    /// Its name for people.
    #[arg(long)]
    name: Option<String>,
    /// Where calls are sent: an address with its port, or a name. A name without a port is looked up as RFC 3263 has it
    /// (NAPTR, SRV), and again before the answer runs out; its servers are tried in their order.
    #[arg(long, value_name = "IP:PORT|NAME")]
    address: Option<String>,
    /// How they are sent; over tcp and tls, every such connection from the carrier's host is the carrier's [default: udp,
    /// or with a name what the DNS says].
    #[arg(long, value_name = "udp|tcp|tls|dns")]
    transport: Option<String>,
    /// Host name it wants in requests, and proves over TLS [default: the address].
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// Other address its calls may come from, again for each.
    #[arg(long = "source", value_name = "IP")]
    sources: Option<Vec<String>>,
    /// Digits put before the number.
    #[arg(long, value_name = "DIGITS")]
    prefix: Option<String>,
    /// Whether numbers are sent with a + [default: true].
    #[arg(long, value_name = "true|false")]
    plus: Option<bool>,
    /// User name it challenges for; give the secret with --secret-file.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Register there, asking for so many seconds (0: do not).
    #[arg(long, value_name = "SECONDS")]
    register_s: Option<u32>,
    /// Ask it by OPTIONS every so many seconds whether it is there, and pass it over while it is not (0: do not ask)
    /// [default: 60].
    #[arg(long, value_name = "SECONDS")]
    options_s: Option<u32>,
    /// Tell it extension and address behind each call: only where it is your own provider [default: false].
    #[arg(long, value_name = "true|false")]
    tell_origin: Option<bool>,
    /// The deck of what it asks for calls: carriers are tried by cost, and calls have a margin ("none": not known).
    #[arg(long, value_name = "DECK")]
    cost_deck: Option<String>,
    /// The secret it challenges for, in a file for `tollguard apply` only.
    #[arg(skip)]
    pub secret: Option<String>,
}

impl CarrierOptions {
    /// The carrier that these options make of an old one, or of nothing. An old one from the tables has no secret.
    ///
    /// # Errors
    /// All mistakes.
    pub fn make(&self, id: &CarrierId, old: Option<Carrier>) -> Result<Carrier, CliError> {
        let mut wrong = Wrong::default();
        let address: Option<PeerAddress> = self.address.as_ref().and_then(|text| match text.parse() {
            Ok(address) => Some(address),
            Err(error) => {
                let error: NoPeerAddress = error;
                wrong.add(format!("address: `{text}` {error}"));
                None
            }
        });
        let Some(mut carrier) = old.or_else(|| address.clone().map(|address| fresh(id, address))) else {
            wrong.add(format!("carrier {id} needs an address such as 198.51.100.9:5060, or a name"));
            wrong.end()?;
            return refused(format!("carrier {id} needs an address"));
        };
        carrier.address = address.unwrap_or(carrier.address);
        match self.transport.as_deref() {
            None => {}
            Some("udp") => carrier.transport = Some(Transport::Udp),
            Some("tcp") => carrier.transport = Some(Transport::Tcp),
            Some("tls") => carrier.transport = Some(Transport::Tls),
            Some("dns") => carrier.transport = None,
            Some(other) => wrong.add(format!("transport: `{other}` is neither udp, tcp, tls nor dns")),
        }
        carrier.name = self.name.clone().unwrap_or(carrier.name);
        carrier.domain = self.domain.clone().or(carrier.domain);
        carrier.plus = self.plus.unwrap_or(carrier.plus);
        carrier.tell_origin = self.tell_origin.unwrap_or(carrier.tell_origin);
        if let Some(sources) = &self.sources {
            carrier.sources = wrong.read_all::<IpAddr>("source", sources);
        }
        if let Some(prefix) = &self.prefix {
            carrier.prefix.clone_from(prefix);
        }
        match self.cost_deck.as_deref() {
            None => {}
            Some("none") => carrier.cost_deck = None,
            Some(deck) => carrier.cost_deck = wrong.read("cost deck", deck),
        }
        carrier.options_s = self.options_s.unwrap_or(carrier.options_s);
        self.auth(&mut carrier, &mut wrong);
        carrier.mistakes().iter().for_each(|mistake| wrong.add(mistake.to_string()));
        wrong.end()?;
        Ok(carrier)
    }

    fn auth(&self, carrier: &mut Carrier, wrong: &mut Wrong) {
        if self.username.is_none() && self.secret.is_none() && self.register_s.is_none() {
            return;
        }
        let old = carrier.auth.take();
        let is_known = old.is_some();
        let username = self.username.clone().or_else(|| old.as_ref().map(|auth| auth.username.clone()));
        let secret = self.secret.clone().or_else(|| old.as_ref().map(|auth| auth.secret.clone()));
        let register_s = self.register_s.or_else(|| old.and_then(|auth| auth.register_s)).filter(|s| *s > 0);
        // That of a carrier which is there already stays where none is given, and no table holds it.
        match (username, secret.filter(|secret| is_known || !secret.is_empty())) {
            (Some(username), Some(secret)) => carrier.auth = Some(CarrierAuth { username, secret, register_s }),
            (None, _) => wrong.add("username: a secret or a registration needs a user name"),
            (_, None) => wrong.add("secret: a user name or a registration needs its secret"),
        }
    }
}

fn fresh(id: &CarrierId, address: PeerAddress) -> Carrier {
    let is_named = matches!(address, PeerAddress::Name { .. });
    Carrier {
        id: id.clone(),
        name: id.to_string(),
        address,
        transport: (!is_named).then_some(Transport::Udp),
        domain: None,
        sources: Vec::new(),
        prefix: String::new(),
        plus: true,
        auth: None,
        options_s: edge::USUAL_OPTIONS_S,
        tell_origin: false,
        cost_deck: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(options: &CarrierOptions) -> Result<Carrier, CliError> {
        options.make(&"up".parse().unwrap(), None)
    }

    #[test]
    fn an_address_is_enough() {
        let carrier =
            make(&CarrierOptions { address: Some("198.51.100.9:5060".into()), ..Default::default() }).unwrap();
        assert_eq!((carrier.name.as_str(), carrier.plus, carrier.auth), ("up", true, None));
        assert_eq!(carrier.options_s, 60, "it is asked whether it is there");
        assert!(make(&CarrierOptions::default()).is_err());
    }

    #[test]
    fn how_often_it_is_asked_is_bounded_and_may_be_never() {
        let asked = |options_s| {
            let address = Some("198.51.100.9:5060".into());
            make(&CarrierOptions { address, options_s: Some(options_s), ..Default::default() })
        };
        assert_eq!([0, 10, 86_400].map(|s| asked(s).unwrap().options_s), [0, 10, 86_400]);
        assert!([1, 9, 86_401].into_iter().all(|s| asked(s).is_err()));
    }

    #[test]
    fn a_name_is_left_to_the_dns_unless_a_transport_is_said() {
        let named = |transport: Option<&str>| CarrierOptions {
            address: Some("sip.example.net".into()),
            transport: transport.map(str::to_owned),
            ..Default::default()
        };
        let carrier = make(&named(None)).unwrap();
        assert_eq!((carrier.address.to_string().as_str(), carrier.transport), ("sip.example.net", None));
        assert_eq!(make(&named(Some("tls"))).unwrap().transport, Some(Transport::Tls));
        let wrong = CarrierOptions { address: Some("not a name".into()), ..Default::default() };
        assert!(make(&wrong).unwrap_err().to_string().contains("nor a name"));
    }

    #[test]
    fn a_user_name_needs_a_secret() {
        let mut options = CarrierOptions {
            address: Some("198.51.100.9:5060".into()),
            username: Some("pbx".into()),
            register_s: Some(300),
            ..Default::default()
        };
        assert!(make(&options).unwrap_err().to_string().contains("needs its secret"));
        options.secret = Some("correct horse battery".into());
        let carrier = make(&options).unwrap();
        assert_eq!(carrier.auth.as_ref().map(|auth| auth.register_s), Some(Some(300)));
        let changed = CarrierOptions { register_s: Some(0), ..Default::default() };
        let carrier = changed.make(&"up".parse().unwrap(), Some(carrier)).unwrap();
        assert_eq!(carrier.auth.map(|auth| (auth.username, auth.register_s)), Some(("pbx".into(), None)));
    }
}
