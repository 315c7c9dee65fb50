//! The stations: telephones, the wholesale carrier, the attacker.

use std::net::SocketAddr;

use sim::attacker::{self, Attacker, Pump, SCANNER_AGENTS, Scan};
use sim::carrier::{self, Carrier, Fate, Rule};
use sim::ua::{self, AnswerPolicy, UserAgent, Voice};

use super::addresses::voice;
use super::{Addresses, PHONES, PUMPED, Phone, REALMS, Side};
use crate::demo::drive::{Player, Station, Who};

/// The wholesale carrier.
pub(in crate::demo) const CARRIER: Who = "carrier";
/// The attacker.
pub(in crate::demo) const ATTACKER: Who = "attacker";
/// What the firm's telephones say they are.
pub(in crate::demo) const PHONE_AGENT: &str = "Yealink SIP-T46U 108.86.0.70";
/// The tone each telephone speaks; the carrier's far ends speak another.
pub(in crate::demo) const PHONE_HZ: u16 = 700;
/// The carrier's tone.
pub(in crate::demo) const CARRIER_HZ: u16 = 1_000;

/// Voice as telephones send it: a packet every 20 ms.
const fn tone(hz: u16) -> Option<Voice> {
    Some(Voice { hz, every_ms: 20 })
}

/// All of them.
pub(in crate::demo) fn players(addresses: &Addresses, seed: u64) -> Vec<Player> {
    let mut players: Vec<Player> =
        PHONES.iter().zip(1..).map(|(phone, n)| telephone(addresses, phone, seed + n)).collect();
    players.push(carrier(addresses, seed));
    players.push(attacker(addresses, seed));
    players
}

fn player(who: Who, station: Station, address: SocketAddr, calls: u16) -> Player {
    Player { who, station, address, voice: voice(address, calls) }
}

fn telephone(addresses: &Addresses, phone: &Phone, seed: u64) -> Player {
    let address = addresses.phone(phone);
    let media = voice(address, 1)[0];
    let profile = ua::Profile {
        address,
        user: phone.extension.to_owned(),
        name: phone.name.to_owned(),
        auth_name: phone.extension.to_owned(),
        secret: phone.secret.to_owned(),
        domain: REALMS[Side::Pbx as usize].to_owned(),
        registrar: addresses.node(Side::Pbx),
        user_agent: PHONE_AGENT.to_owned(),
        media,
        answer: AnswerPolicy::Answer { ring_ms: picks_up_after_ms(phone), talk_ms: None },
        voice: tone(PHONE_HZ),
        expires_s: 600,
        seed,
    };
    player(phone.extension, Station::Phone(Box::new(UserAgent::new(profile))), address, 4)
}

/// Where several phones ring nobody answers in the same instant: the one with the lower last digit is the quicker.
fn picks_up_after_ms(phone: &Phone) -> u64 {
    let last = phone.extension.bytes().last().map_or(0, |digit| digit.saturating_sub(b'0'));
    1_000 + 300 * u64::from(last)
}

/// Answers everything after a short ring; the caller hangs up.
fn carrier(addresses: &Addresses, seed: u64) -> Player {
    let address = addresses.carrier();
    let answer =
        |prefix: &str, ring_ms| Rule { prefix: prefix.to_owned(), fate: Fate::Answer { ring_ms, talk_ms: None } };
    let profile = carrier::Profile {
        address,
        domain: "wholesale.example".to_owned(),
        user_agent: "Wholesale SBC 9.4".to_owned(),
        media: voice(address, 1)[0],
        rules: vec![answer("", (900, 1_600)), answer("355", (1_800, 2_600)), answer("911", (400, 600))],
        auth: None,
        customer: addresses.node(Side::Provider),
        voice: tone(CARRIER_HZ),
        seed,
    };
    player(CARRIER, Station::Carrier(Box::new(Carrier::new(profile))), address, 32)
}

fn attacker(addresses: &Addresses, seed: u64) -> Player {
    let address = addresses.attacker();
    let profile = attacker::Profile {
        address,
        media: voice(address, 1)[0],
        scan: Scan {
            target: addresses.node(Side::Pbx),
            domain: addresses.node(Side::Pbx).ip().to_string(),
            users: (100..=110).map(|extension: u16| extension.to_string()).collect(),
            passwords: ["1234", "{user}", "password", "{user}1234", "secret", "{user}{user}"].map(str::to_owned).into(),
            gap_ms: 40,
            user_agent: SCANNER_AGENTS[0].to_owned(),
        },
        pump: Pump {
            probes: Vec::new(),
            numbers: PUMPED.map(str::to_owned).into(),
            calls: 10,
            parallel: 2,
            gap_ms: 1_200,
            talk_ms: 240_000,
            patience: 10,
        },
        user_agent: SCANNER_AGENTS[2].to_owned(),
        seed,
    };
    player(ATTACKER, Station::Attacker(Box::new(Attacker::new(profile))), address, 16)
}
