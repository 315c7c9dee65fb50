//! A builder of histories for the guard's tests: an office with its weeks of calls, travellers, thieves, a clock.
//!
//! Time is local; day 0 is Monday, 5 January 2026, and the account's offset from UTC is zero.
#![allow(dead_code, reason = "every test binary uses a part of it")]

use billing::{CallId, Country, Destination, E164, LineId, Money};
use geo::Place;
use guard::{Action, Cause, Elsewhere, Ended, EvidenceKind, Failures, Guard, Observed, Origin, Registered, Screening};

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// Monday, 5 January 2026, 0:00 UTC.
const MONDAY_MS: u64 = 1_767_571_200_000;

/// Partners abroad the office calls all the time: British, German, French numbers.
pub const PARTNERS: [&str; 6] =
    ["442071838750", "441614960123", "493012345678", "498912345678", "33142685300", "33491234567"];

/// An account and its guard under a clock.
#[derive(Clone)]
pub struct Story {
    pub guard: Guard,
    pub now_ms: u64,
    /// Where the phone behind the trunk is, if the PBX tells.
    pub told: Option<Place>,
    /// What the bulletin says of the next calls.
    pub elsewhere: Elsewhere,
    next: u64,
}

/// Where somebody calls from.
pub fn from(ip: &str, asn: u32, country: &[u8; 2], agent: &str) -> Origin {
    let place = Place { country: Some(*country), asn: Some(asn), ..Place::default() };
    Origin { ip: ip.parse().expect("an address"), place, user_agent: agent.into() }
}

/// The office's one address.
pub fn office() -> Origin {
    from("192.0.2.10", 7922, b"US", "Yealink SIP-T54W 96.86.0.70")
}

/// A rented server or a home in Gaza, with the phone name of a scanner's choice.
pub fn khan_yunis() -> Origin {
    from("203.0.113.77", 12975, b"PS", "Zoiper rev.1116")
}

pub fn line(id: &str) -> LineId {
    LineId::new(id).expect("a line name")
}

/// The weight of one kind in tenths of a deciban; 0 where there is none.
pub fn tenths(screening: &Screening, kind: EvidenceKind) -> i32 {
    screening.evidence.iter().find(|evidence| evidence.kind == kind).map_or(0, |evidence| evidence.weight.tenths())
}

/// The words of one kind.
pub fn words(screening: &Screening, kind: EvidenceKind) -> String {
    screening.evidence.iter().find(|evidence| evidence.kind == kind).map_or_else(String::new, |e| e.text.clone())
}

impl Default for Story {
    fn default() -> Self {
        Self { guard: Guard::new(), now_ms: MONDAY_MS, told: None, elsewhere: Elsewhere::NOTHING, next: 1 }
    }
}

impl Story {
    /// Goes to a time; never back.
    pub fn at(&mut self, day: u64, hour: u64, minute: u64) -> &mut Self {
        let to_ms = MONDAY_MS + day * DAY_MS + (hour * 60 + minute) * MINUTE_MS;
        assert!(to_ms >= self.now_ms, "time goes back to day {day} {hour}:{minute}");
        self.now_ms = to_ms;
        self
    }

    pub fn wait_s(&mut self, seconds: u64) -> &mut Self {
        self.now_ms += seconds * 1000;
        self
    }

    /// A registration after so many failures there as this line.
    pub fn register(&mut self, id: &str, origin: &Origin, here: u32) {
        self.register_after(id, origin, Failures { here, ..Failures::NONE });
    }

    pub fn register_after(&mut self, id: &str, origin: &Origin, failures_before: Failures) {
        let seen = Registered { line: line(id), origin: origin.clone(), failures_before };
        self.guard.registered(self.now_ms, &seen);
    }

    /// An attempt; what the guard says.
    pub fn dial(&mut self, id: &str, origin: &Origin, number: &str, cents: i64) -> (CallId, Screening) {
        self.dial_at(id, origin, number, Some(cents))
    }

    /// The same, `None` where the deck has no price.
    pub fn dial_at(&mut self, id: &str, origin: &Origin, number: &str, cents: Option<i64>) -> (CallId, Screening) {
        self.dial_by(id, origin, number, cents, None)
    }

    /// The same, forwarded or transferred where there is a cause.
    pub fn dial_by(
        &mut self,
        id: &str,
        origin: &Origin,
        number: &str,
        cents: Option<i64>,
        cause: Option<Cause>,
    ) -> (CallId, Screening) {
        let call = CallId(self.next);
        self.next += 1;
        let number = E164::from_digits(number).expect("a number");
        let destination = Destination::of(number);
        let seen = Observed {
            call,
            line: line(id),
            origin: origin.clone(),
            number,
            destination,
            cut_class: destination.in_cut_class(number, Country::US),
            per_minute: Money::from_cents(cents.unwrap_or(40)),
            priced: cents.is_some(),
            cause,
            told: self.told.clone(),
            failures_before: Failures::NONE,
            elsewhere: self.elsewhere,
            utc_offset_min: 0,
        };
        (call, self.guard.screen(self.now_ms, &seen))
    }

    pub fn answer(&mut self, call: CallId) {
        self.guard.answered(self.now_ms, call);
    }

    pub fn end(&mut self, call: CallId, talk_s: u64) {
        let status = if talk_s > 0 { 200 } else { 486 };
        self.guard.ended(self.now_ms, &Ended { call, talk_ms: talk_s * 1000, status });
    }

    /// Looks again at a running call.
    pub fn look(&mut self, call: CallId) -> Screening {
        self.guard.rescreen(self.now_ms, call)
    }

    /// A whole call: dialled, answered after five seconds, looked at every minute, ended. The last word of the guard.
    pub fn talk(&mut self, id: &str, origin: &Origin, number: &str, cents: i64, talk_s: u64) -> Screening {
        let (call, mut said) = self.dial(id, origin, number, cents);
        if !said.allowed {
            return said;
        }
        self.wait_s(5).answer(call);
        let mut left_s = talk_s;
        while left_s > 60 && said.allowed {
            said = self.wait_s(60).look(call);
            left_s -= 60;
        }
        if said.allowed {
            self.wait_s(left_s);
            left_s = 0;
        }
        self.end(call, talk_s - left_s);
        said
    }

    /// A call that nobody answers, 20 seconds of ringing.
    pub fn ring_out(&mut self, id: &str, origin: &Origin, number: &str, cents: i64) -> Screening {
        let (call, said) = self.dial(id, origin, number, cents);
        if said.allowed {
            self.wait_s(20).end(call, 0);
        }
        said
    }

    /// Weeks of an office: on working days home calls from nine to five, and every other hour a partner abroad, dialled
    /// by each line in turn. All of it must be let through.
    pub fn office_weeks(&mut self, lines: &[&str], origin: &Origin, weeks: u64) -> &mut Self {
        let first_day = (self.now_ms - MONDAY_MS).div_ceil(DAY_MS);
        let mut turn = 0;
        for day in (first_day..first_day + weeks * 7).filter(|day| day % 7 < 5) {
            for hour in 9..17 {
                self.at(day, hour, 0);
                for id in lines {
                    self.register(id, origin, 0);
                    let home = format!("1303555{:04}", 100 + turn % 40);
                    self.talk(id, origin, &home, 1, 90);
                }
                turn += 1;
                if hour % 2 == 0 {
                    let id = lines[turn % lines.len()];
                    let partner = PARTNERS[(turn * 7 / 3) % PARTNERS.len()];
                    let said = self.talk(id, origin, partner, 2, 240);
                    assert!(said.allowed, "day {day} {hour}:00 {partner}: {}", tell(&said));
                }
            }
        }
        self.at(first_day + weeks * 7, 0, 0)
    }
}

/// The guard's reasons, for a failing test.
pub fn tell(said: &Screening) -> String {
    let reasons: Vec<String> = said
        .evidence
        .iter()
        .map(|evidence| format!("{} {} ({})", evidence.kind, evidence.weight, evidence.text))
        .collect();
    format!("score {}, {:?}: {}", said.score, said.action, reasons.join("; "))
}

/// Whether the guard wanted a cut.
pub fn cuts(said: &Screening) -> bool {
    said.action.is_some_and(|action| action >= Action::CutLine)
}
