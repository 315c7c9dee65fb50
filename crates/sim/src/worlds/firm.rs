//! A firm: its people, lines and seats, the numbers it calls abroad, how it dials.

use std::net::Ipv4Addr;

use super::numbering::{self, LANDS, Land};
use super::script::{Seat, Who};
use super::{clock, networks};
use crate::Dice;

/// When people of a firm call, as weights of the 24 hours.
pub type Day = [u16; 24];

/// What kind of firm it is: a family, one file each in `firms/`.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Family, the first part of the account's name.
    pub family: &'static str,
    /// People, fewest and most.
    pub people: (u64, u64),
    /// Calls a person makes on a working day, in tenths.
    pub calls: u64,
    /// Of a thousand calls, how many go abroad.
    pub abroad: u64,
    /// Lands the firm has to do with, how many of which names.
    pub lands: (usize, &'static [&'static str]),
    /// Of a thousand calls abroad, how many go to a number never called before.
    pub new: u64,
    /// Of a thousand calls abroad, how many go to a land it has nothing to do with.
    pub stray: u64,
    /// Weights of the hours.
    pub day: Day,
    /// Calls on a weekend day, in per cent of a working day's.
    pub weekend: u64,
    /// Whether the phones are softphones that move about.
    pub mobile: bool,
}

/// A time away from the usual seat.
#[derive(Clone, Debug)]
struct Stay {
    from_ms: u64,
    to_ms: u64,
    seat: Seat,
}

/// Somebody who calls.
#[derive(Clone, Debug)]
pub struct Person {
    /// The line the calls come over.
    pub line: String,
    desk: Seat,
    stays: Vec<Stay>,
    /// Where the phone behind a trunk is at times, where its PBX tells: since when, until when, where.
    pub phones: Vec<(u64, u64, Ipv4Addr)>,
    /// How much this person calls, in per cent of the average.
    pub keen: u64,
}

/// Numbers the firm knows in one land.
#[derive(Clone, Debug)]
pub struct Contacts {
    /// Where.
    pub land: &'static Land,
    /// E.164 digits, the best known first.
    pub numbers: Vec<String>,
    weight: u64,
}

/// One firm, an account.
#[derive(Clone, Debug)]
pub struct Firm {
    /// Its number in the world.
    pub index: usize,
    /// Account name.
    pub name: String,
    /// Kind of firm.
    pub profile: Profile,
    /// Hours from UTC.
    pub offset_h: i64,
    /// Its own number, ten digits.
    pub number: String,
    /// Whether the provider sees one trunk.
    pub trunk: bool,
    /// Whether the PBX behind it tells where its phones call from.
    pub tells: bool,
    /// Who calls. Behind a trunk all share a seat.
    pub people: Vec<Person>,
    /// Lines nobody uses.
    pub spare: Vec<String>,
    /// Numbers abroad.
    pub book: Vec<Contacts>,
    /// Place of its network in the plan.
    pub network: usize,
    /// First day it is a customer.
    pub since_day: u64,
    abroad_style: &'static str,
    home_style: &'static str,
}

/// Names of real desk phones.
pub const DESK: &[&str] = &[
    "Yealink SIP-T48U 108.86.0.90",
    "Yealink SIP-T53 96.86.0.100",
    "Grandstream GRP2614 1.0.13.22",
    "PolyEdge_E220-UA/8.2.1",
    "snomD735/10.1.169.16",
    "Cisco-CP8841/12.0.3",
    "Fanvil V65 2.12.16",
    "Mitel 6867i 6.3.0",
];
/// Names of softphones.
pub const SOFT: &[&str] = &[
    "Linphone/5.2.3 (Android)",
    "Bria 6.6.0",
    "Zoiper v2.10.20",
    "MicroSIP/3.21.3",
    "Groundwire/6.11",
    "Acrobits/5.9",
];
/// Names of PBXs.
pub const PBX: &[&str] = &[
    "Asterisk PBX 20.7.0",
    "FPBX-17.0.19(21.4.0)",
    "3CXPhoneSystem 20.0.4",
    "FreeSWITCH-mod_sofia/1.10.12",
    "Cisco-SIPGateway/IOS-17.x",
];

impl Firm {
    /// A firm of a family; `hosted` puts its PBX into a data centre.
    pub fn new(dice: &mut Dice, index: usize, profile: Profile, trunk: bool, hosted: bool) -> Self {
        let access =
            networks::pick_at(dice, |network| network.country == "US" && network.usage == networks::Use::Access);
        let hosting =
            networks::pick_at(dice, |network| network.country == "US" && network.usage == networks::Use::Hosting);
        let network = if hosted { hosting } else { access };
        let office = networks::address(dice, network);
        let pbx = dice.pick(PBX).copied().unwrap_or_default();
        let phones = if profile.mobile { SOFT } else { DESK };
        let usual = dice.pick(phones).copied().unwrap_or_default();
        let (least, most) = profile.people;
        let mut people = Vec::new();
        for n in 0..dice.between(least, most) {
            let line = if trunk { format!("trunk{index:03}") } else { format!("{}", 101 + n) };
            let agent = if dice.chance(700) { usual } else { dice.pick(phones).copied().unwrap_or_default() };
            let agent = if trunk { pbx } else { agent };
            let keen = dice.between(30, 200);
            people.push(Person { line, desk: Seat { ip: office, agent }, stays: Vec::new(), phones: Vec::new(), keen });
        }
        let spare = match trunk {
            true => Vec::new(),
            false => (0..dice.between(1, 3)).map(|n| format!("{}", 101 + people.len() as u64 + n)).collect(),
        };
        let book = book(dice, &profile);
        Self {
            index,
            name: format!("{}-{index:03}", profile.family),
            profile,
            offset_h: dice.between(0, 3) as i64 - 7,
            number: numbering::home(dice),
            trunk,
            tells: false,
            people,
            spare,
            book,
            network,
            since_day: 0,
            abroad_style: dice.pick(&["011", "011", "00", "+", "", "9011"]).copied().unwrap_or_default(),
            home_style: dice.pick(&["", "", "1", "+1"]).copied().unwrap_or_default(),
        }
    }

    /// Milliseconds since the epoch of a local time.
    pub fn at(&self, day: u64, minute_of_day: u64) -> u64 {
        clock::local(self.offset_h, day, minute_of_day)
    }

    /// Who a person is at a time. Behind a trunk the first one's seat is the PBX's.
    pub fn who(&self, person: usize, at_ms: u64) -> Who {
        let person = person % self.people.len().max(1);
        let seated = &self.people[if self.trunk { 0 } else { person }];
        let away = seated.stays.iter().rev().find(|stay| (stay.from_ms..stay.to_ms).contains(&at_ms));
        let seat = away.map_or(seated.desk, |stay| stay.seat);
        let phones = self.people[person].phones.iter().rev();
        let phone =
            phones.filter(|(from_ms, to_ms, _)| (*from_ms..*to_ms).contains(&at_ms)).map(|(_, _, ip)| *ip).next();
        let told = self.tells.then(|| phone.unwrap_or(self.people[0].desk.ip));
        Who { firm: self.index, line: self.people[person].line.clone(), seat, told }
    }

    /// A person leaves the usual seat for another; the latest word counts.
    pub fn stay(&mut self, person: usize, from_ms: u64, to_ms: u64, seat: Seat) {
        let person = if self.trunk { 0 } else { person % self.people.len().max(1) };
        self.people[person].stays.push(Stay { from_ms, to_ms, seat });
    }

    /// When a person's seat changes, for registrations.
    pub fn moves(&self, person: usize) -> impl Iterator<Item = u64> {
        self.people[person].stays.iter().flat_map(|stay| [stay.from_ms, stay.to_ms])
    }

    /// Anybody.
    pub fn anybody(&self, dice: &mut Dice) -> usize {
        dice.below(self.people.len() as u64) as usize
    }

    /// Digits as this firm dials them abroad. Numbers of North America keep their 1.
    pub fn dial(&self, number: &str) -> String {
        match (number.starts_with('1'), self.home_style) {
            (true, "") => number.to_owned(),
            (true, style) => format!("{}{}", style.trim_end_matches('1'), number),
            // Ten bare digits would be a number at home.
            (false, _) if self.abroad_style.is_empty() && number.len() == 10 => format!("011{number}"),
            (false, _) => format!("{}{number}", self.abroad_style),
        }
    }

    /// Ten digits at home, as this firm dials them.
    pub fn dial_home(&self, number: &str) -> String {
        format!("{}{number}", self.home_style)
    }

    /// A number abroad the firm knows.
    pub fn book_number(&self, dice: &mut Dice) -> String {
        let known = dice.pick(&self.book).and_then(|contacts| dice.pick(&contacts.numbers));
        known.cloned().unwrap_or_else(|| Land::named("GB").number(dice))
    }

    /// A new number in a land the firm knows.
    pub fn new_number(&self, dice: &mut Dice) -> String {
        dice.pick(&self.book).map_or(Land::named("GB"), |contacts| contacts.land).number(dice)
    }

    /// A number abroad that somebody of the firm may call: mostly one it knows.
    pub fn contact(&mut self, dice: &mut Dice) -> String {
        if dice.chance(self.profile.stray) || self.book.is_empty() {
            return stray(dice).number(dice);
        }
        let total: u64 = self.book.iter().map(|contacts| contacts.weight).sum();
        let mut left = dice.below(total);
        let at = self.book.iter().position(|contacts| match left.checked_sub(contacts.weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        let contacts = &mut self.book[at.unwrap_or_default()];
        if contacts.numbers.is_empty() || dice.chance(self.profile.new) {
            let number = contacts.land.number(dice);
            contacts.numbers.push(number.clone());
            return number;
        }
        // Some are called far more often than others.
        let count = contacts.numbers.len() as u64;
        let rank = dice.below(count).min(dice.below(count));
        contacts.numbers[rank as usize].clone()
    }
}

/// Somewhere a firm has nothing to do with: markets mostly, and what looks like home; premium numbers seldom.
fn stray(dice: &mut Dice) -> &'static Land {
    use numbering::Fame;
    let fame = match dice.below(100) {
        0..60 => Fame::Market,
        60..78 => Fame::Lookalike,
        78..95 => Fame::Pumped,
        _ => return Land::named("US premium"),
    };
    dice.pick(&numbering::lands(fame)).copied().unwrap_or(&LANDS[0])
}

fn book(dice: &mut Dice, profile: &Profile) -> Vec<Contacts> {
    let (count, names) = profile.lands;
    let mut left: Vec<&str> = names.to_vec();
    let mut book = Vec::new();
    for rank in 0..count.min(names.len()) {
        let land = Land::named(left.remove(dice.below(left.len() as u64) as usize));
        let numbers = (0..dice.between(4, 16)).map(|_| land.number(dice)).collect();
        book.push(Contacts { land, numbers, weight: 60 / (rank as u64 + 1) });
    }
    book
}
