//! What a starting node tells its operator.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::Running;
use crate::config::Config;

/// The last line, which tests and scripts wait for.
pub const READY: &str = "Tollguard is ready.";

/// A short account of what runs where; ends with [`READY`].
pub fn text(config: &Config, running: &Running) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<10}{value}");
    };
    let addresses: Vec<String> = running.addresses.iter().map(ToString::to_string).collect();
    line("SIP", &format!("{} (UDP and TCP), realm {}", addresses.join(", "), config.sip.realm));
    if let Some(tls) = config.tls.as_ref().filter(|tls| !tls.listen.is_empty()) {
        let addresses: Vec<String> = tls.listen.iter().map(ToString::to_string).collect();
        line("", &format!("{} (TLS)", addresses.join(", ")));
    }
    line("voice", &voice(config));
    line("portal", running.portal_url.as_deref().unwrap_or("off"));
    line("mail", &config.mail.as_ref().map_or("off: warnings wait in the outbox".to_owned(), |mail| mail.server()));
    let found = &running.found;
    line("accounts", &format!("{} with {} lines", found.accounts, found.lines));
    line("carriers", &if found.carriers.is_empty() { "none".to_owned() } else { found.carriers.join(", ") });
    for source in &found.sources {
        let built = i64::try_from(source.built_epoch_s).ok().and_then(|s| Timestamp::from_second(s).ok());
        let built = built.map_or(String::new(), |at| format!(" of {}", at.strftime("%Y-%m-%d")));
        line("places", &format!("{} database{built}", source.kind));
    }
    if !config.geo.networks.is_empty() {
        line("", &format!("{} networks of your own", config.geo.networks.len()));
    }
    line("data", &config.data_dir.display().to_string());
    if found.calls > 0 {
        line("recovery", &format!("hanging up and settling {} calls of before the crash", found.calls));
    }
    text.push_str(READY);
    text.push('\n');
    text
}

fn voice(config: &Config) -> String {
    if !config.media.relay {
        return "direct between the two sides".to_owned();
    }
    let (first, last) = config.media.ports;
    let other_ip = config.media.other_ip.map(|ip| format!(" and {ip}")).unwrap_or_default();
    format!("relayed on {}{other_ip}, ports {first}-{last}", config.media.advertised)
}
