//! The node itself, and who asks it.

use std::net::{IpAddr, SocketAddr};

use store::Reader;

use super::Answer;
use super::ask::Ask;
use super::reply::{Reply, Row};
use super::status::Status;

/// The number of the only server.
pub(super) const POP: &str = "1";

/// `getServersInfo`: this node.
pub(super) fn servers(ask: &Ask, _: &Reader) -> Answer {
    if !["", POP].contains(&ask.get("server_pop")) {
        return Err(Status::INVALID_SERVERPOP.into());
    }
    Ok(Reply::default().rows("servers", vec![server(ask).and("server_recommended", "1")]))
}

/// The fields that say which server.
pub(super) fn server(ask: &Ask) -> Row {
    // Of several addresses the first one.
    let first = ask.facts.sip_server.split(' ').next().unwrap_or_default();
    let ip = first.parse::<SocketAddr>().ok().map(|address| address.ip());
    let country = ip.and_then(|ip| ask.facts.places.locate(ip).country_str().map(str::to_owned));
    Row::new([
        ("server_name", ask.facts.name.clone()),
        ("server_shortname", ask.facts.realm.clone()),
        ("server_hostname", ask.facts.realm.clone()),
        ("server_ip", ip.as_ref().map(IpAddr::to_string).unwrap_or_default()),
        ("server_country", country.unwrap_or_default()),
        ("server_pop", POP.to_owned()),
    ])
}

/// `getIP`: where the call comes from.
pub(super) fn ip(ask: &Ask, _: &Reader) -> Answer {
    Ok(Reply::default().text("ip", ask.ip.to_string()))
}
