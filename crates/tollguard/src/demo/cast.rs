//! Who is who: the firm, its provider, the carrier behind it, the attacker; their addresses, names and passwords.

mod addresses;
mod books;
mod players;

use std::net::SocketAddr;
use std::path::Path;

use crate::config::Config;

pub(super) use addresses::Addresses;
pub(super) use addresses::portal;
pub(super) use books::{
    Side, answers, book, carrier_id, desk_users, firm_account, firm_lines, line_of, secrets, spare, trunk,
};
pub(super) use players::{ATTACKER, CARRIER, CARRIER_HZ, PHONE_AGENT, PHONE_HZ, players};

/// The firm.
pub(super) const FIRM: &str = "Harlan & Cole LLP";
/// The firm's provider.
pub(super) const PROVIDER: &str = "Front Range Telecom";
/// Where the firm is.
pub(super) const TIME_ZONE: &str = "America/Denver";
/// Who is told.
pub(super) const OWNER: (&str, &str) = ("Ann Harlan", "ann@harlan-cole.example");
/// The firm's main number.
pub(super) const MAIN_NUMBER: &str = "+13035550140";
/// The extension nobody uses, and its password: what people set when they mean to change it later.
pub(super) const SPARE: (&str, &str) = ("107", "107107");
/// What it gets when the firm puts things right.
pub(super) const NEW_SECRET: &str = "plover-Gasket-71-tundra";
/// The trunk's user name and password at the provider.
pub(super) const TRUNK: (&str, &str) = ("harlan-pbx", "9f-Quartz-heron-52-dune");
/// The nodes' names and what they are.
const TITLES: [(&str, &str); 2] = [(PROVIDER, "provider"), ("Harlan & Cole", "PBX")];
/// Digest realms.
const REALMS: [&str; 2] = ["sip.frontrange.example", "pbx.harlan-cole.example"];

/// A telephone of the firm.
pub(super) struct Phone {
    /// Its extension, which is its user name, too.
    pub(super) extension: &'static str,
    /// Whose it is.
    pub(super) name: &'static str,
    pub(super) secret: &'static str,
    /// Its last octet.
    pub(super) host: u8,
    /// Whether it stands in the office.
    pub(super) office: bool,
}

/// The telephones that are plugged in.
pub(super) const PHONES: [Phone; 5] = [
    Phone { extension: "101", name: "Ann Harlan", secret: "Juniper-44-okapi-slate", host: 101, office: true },
    Phone { extension: "102", name: "Ben Cole", secret: "walnut-Tern-90-basalt", host: 102, office: true },
    Phone { extension: "103", name: "Front desk", secret: "cobalt-Finch-27-maple", host: 103, office: true },
    Phone { extension: "104", name: "Dan Okafor", secret: "saffron-Ibis-68-flint", host: 104, office: true },
    Phone { extension: "109", name: "Ann Harlan at home", secret: "Tamarack-13-vole-ochre", host: 9, office: false },
];

/// Numbers the firm calls at home, as its people dial them.
pub(super) const AT_HOME: [&str; 8] =
    ["3035550111", "7205550123", "17195550135", "5550162", "13035550177", "9705550188", "12125550151", "914155550109"];
/// Numbers the firm calls abroad: Canada and the United Kingdom.
pub(super) const ABROAD: [&str; 4] = ["14165550144", "16045550119", "011442079460018", "011441632960961"];
/// Who calls the firm.
pub(super) const CALLERS: [&str; 4] = ["+13035550111", "+17205550123", "+12125550151", "+14155550109"];
/// The mobile numbers in Albania that pay the attacker.
pub(super) const PUMPED: [&str; 2] = ["011355691234567", "011355682345678"];
/// What they begin with in E.164.
pub(super) const PUMPED_PREFIX: &str = "+355";

/// The two nodes' configurations.
///
/// # Errors
/// The mistakes in it, as people are told them.
pub(super) fn configs(
    addresses: &Addresses,
    folder: &Path,
    portals: [SocketAddr; 2],
    smtp: &str,
) -> Result<[Config; 2], String> {
    let mail = format!("[mail]\nsmtp = {smtp:?}\nfrom = \"{PROVIDER} <warnings@frontrange.example>\"\n");
    let lockout_off = "[lockout]\nenabled = false\n".to_owned();
    let text = |side: Side, name: &str, rest: &str| {
        let sip = addresses.node(side);
        let (realm, portal) = (REALMS[side as usize], portals[side as usize]);
        let (title, role) = TITLES[side as usize];
        format!(
            "name = \"{title}\"\nrole = \"{role}\"\ndata_dir = \"{name}\"\n[sip]\nlisten = [\"{sip}\"]\nrealm = \"{realm}\"\n\
             [portal]\nlisten = \"{portal}\"\n{rest}{}",
            networks(addresses)
        )
    };
    let parse = |text: String| {
        Config::parse(&text, folder)
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    };
    Ok([parse(text(Side::Provider, "provider", &mail))?, parse(text(Side::Pbx, "pbx", &lockout_off))?])
}

/// Loopback addresses are nowhere; these give them the places of the story.
fn networks(addresses: &Addresses) -> String {
    let network = |name: &str, range: String, country: &str, city: &str, network: &str| {
        format!(
            "[[network]]\nname = \"{name}\"\nrange = \"{range}\"\ncountry = \"{country}\"\ncity = \"{city}\"\n\
             network = \"{network}\"\n"
        )
    };
    [
        network("the office of Harlan & Cole", addresses.office(), "US", "Denver", "Mile High Fiber"),
        network("the home of Ann Harlan", addresses.home(), "US", "Boulder", "Foothills Cable"),
        network("Khan Yunis, PalTel", addresses.abroad(), "PS", "Khan Yunis", "PalTel"),
    ]
    .concat()
}
