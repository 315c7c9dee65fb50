//! From the file's tables to a checked [`Config`].

mod lockout;
mod retention;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use geo::NamedNetwork;
use ipnet::IpNet;
use notify::{PortalUrl, SettingsError};

use super::document::{Mistake, Mistakes, Section};
use super::{Config, Geo, Mail, Media, Nftables, Portal, Sip, Tls};

/// Most names of scanners that are not answered; each new request is compared with all.
const MAX_IGNORED_AGENTS: usize = 64;
/// Accounts and lines that only ask; each refusal and each call out is compared with all.
const MAX_ASKING: usize = 1_000;
/// Addresses one node can listen on.
const MAX_LISTEN: usize = 16;
/// Networks that one option of the portal can name.
const MAX_NETWORKS: usize = 64;
/// The most calls at once that one node can be set to.
const MAX_CALLS: usize = 10_000;
/// The fewest ports a relay range must have: room for two calls.
const MIN_PORTS: u16 = 8;

/// Where DNS servers listen.
const DNS_PORT: u16 = 53;
/// Where rtpengines usually listen for the ng protocol.
const RTPENGINE_PORT: u16 = 2223;
const ADDRESS: &str = "an address with a port, such as 192.0.2.10:5060";
const IP: &str = "an IP address";

/// Reads the whole file.
pub(super) fn resolve(text: &str, folder: &Path) -> Result<Config, Vec<Mistake>> {
    let mut reader = Reader { text, folder, mistakes: Mistakes::default() };
    let mut file = Section::of_file(text, &mut reader.mistakes).map_err(|mistake| vec![mistake])?;
    let config = reader.config(&mut file);
    file.end(&mut reader.mistakes);
    let mistakes = reader.mistakes.into_sorted();
    if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
}

struct Reader<'t> {
    text: &'t str,
    folder: &'t Path,
    mistakes: Mistakes,
}

impl<'t> Reader<'t> {
    fn config(&mut self, file: &mut Section<'t>) -> Config {
        let data_dir = file.take("data_dir", &mut self.mistakes);
        if data_dir.is_none() {
            self.mistakes.add("data_dir", "is missing: name the folder for journal and database");
        }
        let name: Option<String> = file.take("name", &mut self.mistakes);
        let role: Option<String> = file.take("role", &mut self.mistakes);
        let user: Option<String> = file.take("user", &mut self.mistakes);
        let is_given = file.has("workers");
        let workers = Some(self.number(file, "workers", 1, 1, edge::MAX_WORKERS)).filter(|_| is_given);
        let sip = file.table("sip", self.text, &mut self.mistakes);
        let sip = self.sip(sip);
        let tls = file.table("tls", self.text, &mut self.mistakes);
        let others = file.tables("certificate", self.text, &mut self.mistakes);
        let tls = self.tls(tls, others, &sip);
        let media = file.table("media", self.text, &mut self.mistakes);
        let media = self.media(media, &sip);
        let portal = file.table("portal", self.text, &mut self.mistakes);
        let mail = file.table("mail", self.text, &mut self.mistakes);
        let geo = file.table("geo", self.text, &mut self.mistakes);
        let networks = file.tables("network", self.text, &mut self.mistakes);
        let retention = file.table("retention", self.text, &mut self.mistakes);
        let mut lockout = file.table("lockout", self.text, &mut self.mistakes);
        let block_lists = self.block_lists(&mut lockout);
        let nftables = self.nftables(&mut lockout);
        if user.is_some() && nftables.mode == Nftables::On {
            let text =
                "needs a right that is given up with `user`: start as that user with CAP_NET_ADMIN (contrib/systemd)";
            self.mistakes.add("lockout.nftables", text);
        }
        let portal = self.portal(portal);
        let mail = self.mail(mail, &portal);
        Config {
            name: name.unwrap_or_else(|| sip.realm.clone()),
            role: role.unwrap_or_default(),
            data_dir: self.path(data_dir.unwrap_or_default()),
            user,
            workers,
            sip,
            tls,
            media,
            portal,
            mail,
            geo: self.geo(geo, networks),
            retention: self.retention(retention),
            lockout: self.lockout(lockout),
            block_lists,
            nftables,
        }
    }

    fn sip(&mut self, mut section: Section<'t>) -> Sip {
        let listen = self.listen(&mut section);
        let advertised: Option<IpAddr> = section.parse("advertised", IP, &mut self.mistakes);
        let realm: Option<String> = section.take("realm", &mut self.mistakes);
        match &realm {
            None => self.mistakes.add("sip.realm", "is missing: name this service, e.g. \"voice.example.net\""),
            Some(realm) if realm.is_empty() || realm.contains(['"', '\\']) || realm.chars().any(char::is_control) => {
                self.mistakes.add("sip.realm", "must not be empty or hold quotes, backslashes or control characters");
            }
            Some(_) => {}
        }
        if let Some(open) = listen.iter().find(|address| address.ip().is_unspecified())
            && advertised.is_none()
        {
            let text = format!("{open} listens on every address: set sip.advertised to the one that phones reach");
            self.mistakes.add("sip.listen", text);
        }
        if advertised.is_some_and(|ip| ip.is_unspecified()) {
            self.mistakes.add("sip.advertised", "must be one address that phones can reach");
        }
        let sip = Sip {
            listen,
            advertised,
            dns: self.addresses(&mut section, "dns", DNS_PORT),
            realm: realm.unwrap_or_default(),
            sha256: section.take("sha256", &mut self.mistakes).unwrap_or(false),
            warning: section.take("warning", &mut self.mistakes).unwrap_or(true),
            ignored_agents: self.ignored_agents(&mut section),
            redirect: self.redirect(&mut section),
            ring_limit_s: self.number(&mut section, "ring_limit_s", 90, 5, 600),
            max_calls: self.number(&mut section, "max_calls", 500, 1, MAX_CALLS),
            drain_s: self.number(&mut section, "drain_s", 30, 0, 86_400),
            expires_s: self.expires(&mut section),
        };
        section.end(&mut self.mistakes);
        sip
    }

    /// Lines that only ask.
    fn redirect(&mut self, section: &mut Section<'t>) -> Vec<edge::Asking> {
        let texts: Vec<String> = section.take("redirect", &mut self.mistakes).unwrap_or_default();
        if texts.len() > MAX_ASKING {
            self.mistakes
                .add("sip.redirect", format!("has {} entries: at most {MAX_ASKING} can be given", texts.len()));
        }
        let mut asking = Vec::new();
        for text in texts.iter().take(MAX_ASKING) {
            match text.parse() {
                Ok(read) => asking.push(read),
                Err(error) => self.mistakes.add("sip.redirect", format!("`{text}` {error}")),
            }
        }
        asking
    }

    fn tls(&mut self, mut section: Section<'t>, others: Vec<Section<'t>>, sip: &Sip) -> Option<Tls> {
        let others: Vec<_> = others.into_iter().filter_map(|section| self.certificate(section)).collect();
        let listen = if section.has("listen") { self.listen(&mut section) } else { Vec::new() };
        let mut file = |key: &'static str| {
            let path = self.folder.join(section.take::<String>(key, &mut self.mistakes)?);
            if !path.is_file() {
                self.mistakes.add(&format!("tls.{key}"), format!("there is no file {}", path.display()));
            }
            Some(path)
        };
        let tls = Tls {
            listen,
            certificate: file("certificate"),
            key: file("key"),
            others,
            clients: file("clients"),
            trusted: file("trusted"),
        };
        section.end(&mut self.mistakes);
        for (option, missing) in [("tls.certificate", &tls.certificate), ("tls.key", &tls.key)] {
            if missing.is_none() && !tls.listen.is_empty() {
                self.mistakes.add(option, "is missing: who listens for TLS needs a certificate and its key");
            }
        }
        if let Some(address) = tls.listen.iter().find(|address| sip.listen.contains(address)) {
            self.mistakes.add("tls.listen", format!("{address} is for TCP already: TLS usually has port 5061"));
        }
        let given = !tls.listen.is_empty() || tls.trusted.is_some() || tls.certificate.is_some();
        given.then_some(tls)
    }

    /// A certificate of one more domain, with its key.
    fn certificate(&mut self, mut section: Section<'t>) -> Option<(PathBuf, PathBuf)> {
        let mut file = |key: &'static str| {
            let option = section.option(key);
            let path = section.take::<String>(key, &mut self.mistakes).map(|path| self.folder.join(path));
            match &path {
                None => self.mistakes.add(&option, "is missing: each certificate has a file and one of its key"),
                Some(path) if !path.is_file() => {
                    self.mistakes.add(&option, format!("there is no file {}", path.display()));
                }
                Some(_) => {}
            }
            path
        };
        let files = file("file").zip(file("key"));
        section.end(&mut self.mistakes);
        files
    }

    /// A list of other servers; `port` stands in where none is written.
    fn addresses(&mut self, section: &mut Section<'t>, key: &'static str, port: u16) -> Vec<SocketAddr> {
        let option = section.option(key);
        let texts: Vec<String> = section.take(key, &mut self.mistakes).unwrap_or_default();
        if texts.len() > MAX_LISTEN {
            self.mistakes.add(&option, format!("holds at most {MAX_LISTEN} addresses"));
        }
        let mut read = |text: &String| {
            let ip = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port));
            let address = text.parse::<SocketAddr>().or_else(|_| ip());
            address.inspect_err(|_| self.mistakes.add(&option, format!("`{text}` is not {ADDRESS}"))).ok()
        };
        texts.iter().filter_map(&mut read).collect()
    }

    /// Scanners that are not answered.
    fn ignored_agents(&mut self, section: &mut Section<'t>) -> Vec<String> {
        let agents: Vec<String> = section.take("ignored_agents", &mut self.mistakes).unwrap_or_default();
        if agents.len() > MAX_IGNORED_AGENTS || agents.iter().any(|agent| agent.trim().is_empty()) {
            let text = format!("holds at most {MAX_IGNORED_AGENTS} names, none of them empty");
            self.mistakes.add("sip.ignored_agents", text);
        }
        agents.iter().map(|agent| agent.trim().to_ascii_lowercase()).collect()
    }

    fn listen(&mut self, section: &mut Section<'t>) -> Vec<SocketAddr> {
        let option = section.option("listen");
        let texts: Option<Vec<String>> = section.take("listen", &mut self.mistakes);
        let Some(texts) = texts else {
            self.mistakes.add(&option, "is missing: list the addresses for SIP, e.g. [\"192.0.2.10:5060\"]");
            return Vec::new();
        };
        if texts.is_empty() || texts.len() > MAX_LISTEN {
            self.mistakes.add(&option, format!("needs 1 to {MAX_LISTEN} addresses"));
        }
        let mut listen = Vec::new();
        for text in texts {
            match text.parse::<SocketAddr>() {
                Ok(address) if address.port() != 0 && listen.contains(&address) => {
                    self.mistakes.add(&option, format!("{address} stands there twice"));
                }
                Ok(address) => listen.push(address),
                Err(_) => self.mistakes.add(&option, format!("`{text}` is not {ADDRESS}")),
            }
        }
        listen
    }

    fn expires(&mut self, section: &mut Section<'t>) -> (u32, u32, u32) {
        let shortest = self.number(section, "expires_min_s", 60, 30, 3600);
        let longest = self.number(section, "expires_max_s", 3600, 60, 86_400);
        let default = self.number(section, "expires_default_s", longest.min(600).max(shortest), 30, 86_400);
        if !(shortest <= default && default <= longest) {
            let text = format!(
                "expires_min_s {shortest}, expires_default_s {default} and expires_max_s {longest} must not decrease"
            );
            self.mistakes.add("sip.expires_default_s", text);
        }
        (shortest, default, longest)
    }

    fn media(&mut self, mut section: Section<'t>, sip: &Sip) -> Media {
        let relay = section.take("relay", &mut self.mistakes).unwrap_or(true);
        let sip_ip = sip.listen.first().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), SocketAddr::ip);
        let ip = section.parse("ip", IP, &mut self.mistakes).unwrap_or(sip_ip);
        let own = if ip.is_unspecified() { sip.advertised } else { Some(ip) };
        let advertised = section.parse("advertised", IP, &mut self.mistakes).or(own);
        if advertised.is_none_or(|ip: IpAddr| ip.is_unspecified()) && !ip.is_unspecified() {
            self.mistakes.add("media.advertised", "must be one address that phones can reach");
        } else if advertised.is_none() && !sip_ip.is_unspecified() {
            self.mistakes.add("media.ip", "opens every address: set media.advertised to the one that phones reach");
        }
        let told = advertised.unwrap_or(ip);
        let is_other = |other: &IpAddr| other.is_ipv6() != told.is_ipv6() && !other.is_unspecified();
        let other_ip = section.parse("other_ip", IP, &mut self.mistakes);
        if other_ip.is_some_and(|other| !is_other(&other)) {
            let family = if told.is_ipv6() { "IPv4" } else { "IPv6" };
            self.mistakes
                .add("media.other_ip", format!("must be one {family} address, since {told} is told to others"));
        }
        let other_ip = other_ip.or_else(|| sip.listen.iter().map(SocketAddr::ip).find(is_other));
        let ports: Option<String> = section.take("ports", &mut self.mistakes);
        let media = Media {
            relay,
            ip,
            advertised: told,
            other_ip,
            ports: ports.map_or((20_000, 29_999), |text| self.ports(&text)),
            silence_s: self.number(&mut section, "silence_s", 60, 5, 3600),
            rtpengine: self.addresses(&mut section, "rtpengine", RTPENGINE_PORT),
            rtpengine_falls_back: section.take("rtpengine_falls_back", &mut self.mistakes).unwrap_or(false),
        };
        section.end(&mut self.mistakes);
        media
    }

    fn ports(&mut self, text: &str) -> (u16, u16) {
        let range = text
            .split_once('-')
            .and_then(|(first, last)| Some((first.trim().parse::<u16>().ok()?, last.trim().parse::<u16>().ok()?)));
        match range {
            Some((first, last)) if first >= 1024 && last.saturating_sub(first) >= MIN_PORTS - 1 => (first, last),
            Some((first, last)) => {
                let text = format!("{first}-{last} is no range of at least {MIN_PORTS} ports above 1023");
                self.mistakes.add("media.ports", text);
                (first, last)
            }
            None => {
                self.mistakes.add("media.ports", format!("`{text}` is not a range such as \"20000-29999\""));
                (0, 0)
            }
        }
    }

    fn portal(&mut self, mut section: Section<'t>) -> Portal {
        let hint = "an address with a port, such as 127.0.0.1:8080";
        let listen: Option<SocketAddr> = section.parse("listen", hint, &mut self.mistakes);
        let url: Option<String> = section.take("url", &mut self.mistakes);
        match url.as_deref().map(str::parse::<PortalUrl>) {
            Some(Err(error)) => self.mistakes.add("portal.url", error.to_string()),
            Some(Ok(_)) => {}
            None if listen.is_some_and(|address| address.ip().is_unspecified()) => {
                self.mistakes.add("portal.url", "is missing: say how people reach the portal, for links in mails");
            }
            None => {}
        }
        let proxies = self.prefixes("proxies", &mut section);
        let webhooks_inside = self.prefixes("webhooks_inside", &mut section);
        let secret: Option<String> = section.take("payment_secret_file", &mut self.mistakes);
        let payment_secret_file = secret.map(|path| self.folder.join(path));
        if let Some(missing) = payment_secret_file.as_ref().filter(|path| !path.is_file()) {
            self.mistakes.add("portal.payment_secret_file", format!("there is no file {}", missing.display()));
        }
        section.end(&mut self.mistakes);
        let url = url.map(|url| url.trim_end_matches('/').to_owned());
        Portal { listen, url, proxies, payment_secret_file, webhooks_inside }
    }

    /// Addresses and networks of an option in [portal].
    fn prefixes(&mut self, option: &'static str, section: &mut Section<'t>) -> Vec<IpNet> {
        let listed: Vec<String> = section.take(option, &mut self.mistakes).unwrap_or_default();
        let name = format!("portal.{option}");
        if listed.len() > MAX_NETWORKS {
            self.mistakes.add(&name, format!("has more than {MAX_NETWORKS} addresses: name their network"));
        }
        let mut networks = Vec::new();
        for text in listed.iter().take(MAX_NETWORKS) {
            match text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(net) => networks.push(net),
                Err(_) => self.mistakes.add(&name, format!("`{text}` is not {IP} or a network")),
            }
        }
        networks
    }

    fn mail(&mut self, mut section: Section<'t>, portal: &Portal) -> Option<Mail> {
        let smtp: Option<String> = section.take("smtp", &mut self.mistakes);
        let from: Option<String> = section.take("from", &mut self.mistakes);
        section.end(&mut self.mistakes);
        let (smtp, from) = match (smtp, from) {
            (Some(smtp), Some(from)) => (smtp, from),
            (None, None) => return None,
            (Some(_), None) => {
                self.mistakes.add("mail.from", "is missing: mail needs a sender");
                return None;
            }
            (None, Some(_)) => {
                self.mistakes.add("mail.smtp", "is missing: mail needs a server, e.g. \"smtp://localhost:25\"");
                return None;
            }
        };
        if portal.listen.is_none() && portal.url.is_none() {
            self.mistakes.add("mail.smtp", "mails link to the portal: set portal.listen or portal.url");
        }
        // The portal's address is checked in its own section.
        match notify::Settings::parse(&smtp, &from, "http://localhost") {
            Ok(_) => {}
            Err(error @ SettingsError::From(_)) => self.mistakes.add("mail.from", error.to_string()),
            Err(error) => self.mistakes.add("mail.smtp", error.to_string()),
        }
        Some(Mail { smtp, from })
    }

    fn geo(&mut self, mut section: Section<'t>, networks: Vec<Section<'t>>) -> Geo {
        let mut file = |key| {
            let path: Option<PathBuf> = section.take(key, &mut self.mistakes);
            let path = path.map(|path| self.folder.join(path));
            if let Some(path) = path.as_ref().filter(|path| !path.is_file()) {
                self.mistakes.add(&format!("geo.{key}"), format!("there is no file {}", path.display()));
            }
            path
        };
        let (city, asn, country) = (file("city"), file("asn"), file("country"));
        section.end(&mut self.mistakes);
        Geo { city, asn, country, networks: self.networks(networks) }
    }

    fn networks(&mut self, sections: Vec<Section<'t>>) -> Vec<NamedNetwork> {
        let networks: Vec<NamedNetwork> = sections.into_iter().filter_map(|section| self.network(section)).collect();
        // The rules on names and doubles are the look-up's own.
        if let Err(error) = geo::Places::new(geo::PlaceSources { named: networks.clone(), ..Default::default() }) {
            self.mistakes.add("network", error.to_string());
        }
        networks
    }

    fn network(&mut self, mut section: Section<'t>) -> Option<NamedNetwork> {
        let name: Option<String> = section.take("name", &mut self.mistakes);
        if name.is_none() {
            self.mistakes.add(&section.option("name"), "is missing: say what people call this network");
        }
        let had_range: Option<String> = section.take("range", &mut self.mistakes);
        let range: Option<IpNet> = had_range.as_deref().and_then(node::address_or_prefix);
        if range.is_none() {
            let text = had_range.map_or("is missing: give its addresses, e.g. \"192.0.2.0/24\"".to_owned(), |text| {
                format!("`{text}` is neither an address nor a range such as 192.0.2.0/24")
            });
            self.mistakes.add(&section.option("range"), text);
        }
        let country: Option<String> = section.take("country", &mut self.mistakes);
        let code = country.as_deref().map(geo::parse_country);
        if code == Some(None) {
            self.mistakes.add(&section.option("country"), "is not a two-letter country code such as \"US\"");
        }
        let city: Option<String> = section.take("city", &mut self.mistakes);
        let asn = section.take("asn", &mut self.mistakes);
        let network: Option<String> = section.take("network", &mut self.mistakes);
        section.end(&mut self.mistakes);
        let mut named = NamedNetwork::new(name?, range?);
        named.country = code.flatten();
        named.city = city.map(Into::into);
        named.asn = asn;
        named.network = network.map(Into::into);
        Some(named)
    }

    fn number<N>(&mut self, section: &mut Section<'t>, key: &'static str, default: N, least: N, most: N) -> N
    where
        N: serde::Deserialize<'t> + PartialOrd + std::fmt::Display + Copy,
    {
        let Some(number) = section.take::<N>(key, &mut self.mistakes) else { return default };
        if number < least || number > most {
            self.mistakes.add(&section.option(key), format!("is {number}: it must be {least} to {most}"));
            return default;
        }
        number
    }

    fn path(&self, path: PathBuf) -> PathBuf {
        self.folder.join(path)
    }
}
