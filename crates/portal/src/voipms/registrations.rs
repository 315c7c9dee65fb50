//! Where a line is registered.

use account::{Binding, Transport};
use store::Reader;

use super::Answer;
use super::ask::Ask;
use super::clock::Clock;
use super::reply::{Reply, Row};
use super::server;
use super::status::Status;

/// `getRegistrationStatus`.
pub(super) fn status(ask: &Ask, reader: &Reader) -> Answer {
    let name = ask.needed("account")?;
    let lines = reader.lines(&ask.account.id)?;
    let row = lines.iter().find(|row| ask.is_named(&row.line, name)).ok_or(Status::INVALID_ACCOUNT)?;
    let live = row.line.bindings.iter().filter(|binding| binding.until_ms > ask.now_ms);
    let rows: Vec<Row> = live.map(|binding| registration(ask, binding)).collect();
    let registered = if rows.is_empty() { "no" } else { "yes" };
    Ok(Reply::default().text("registered", registered).rows("registrations", rows))
}

fn registration(ask: &Ask, binding: &Binding) -> Row {
    let remote = binding.flow.remote;
    let transport = match binding.flow.transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
    };
    server::server(ask)
        .and("register_ip", remote.ip().to_string())
        .and("register_port", remote.port().to_string())
        .and("register_next", Clock::of_servers().write(binding.until_ms))
        .and("register_protocol", "sip")
        .and("register_transport", transport)
}
