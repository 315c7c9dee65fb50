//! The story: its steps one after the other, each checked by its real result.

mod attack;
mod back;
mod calls;
mod calm;
mod notice;
mod owner;
mod scene;
mod traffic;

use std::time::Duration;

use super::cast::{self, Side};
use super::history::Played;
use super::report::{Report, Step};
use super::tell::{Teller, count};
use attack::Attack;
use scene::{Fraud, fraud};
pub(super) use scene::{Node, Theatre};

/// What a step expected and what it saw instead.
#[derive(Debug)]
struct Trouble {
    expected: String,
    seen: String,
}

impl Trouble {
    fn new(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { expected: expected.into(), seen: seen.into() }
    }
}

type Outcome = Result<(), Trouble>;

/// The steps: what each shows, and how.
type Act = (&'static str, fn(&mut Story) -> Outcome);
const STEPS: [Act; 8] = [
    ("An ordinary working day", calm::step),
    ("A password is guessed", attack::guess),
    ("The thief dials Albania", attack::pump),
    ("The provider notices, cuts international calling and writes to the firm", notice::step),
    ("The firm opens its own call records", owner::look),
    ("The firm changes the password and turns the lock-out on", owner::secure),
    ("The firm turns international calling back on", owner::lift),
    ("The thief comes back", back::step),
];

/// The story as far as it has been told.
pub(super) struct Story {
    theatre: Theatre,
    teller: Teller,
    steps: Vec<Step>,
    /// The mail, once it has come.
    mail: Option<std::path::PathBuf>,
    attack: Attack,
}

/// Says what is about to be seen.
pub(super) fn introduce(teller: Teller) {
    teller.heading("Tollguard: the story of a hijacked extension");
    teller.say(&format!(
        "{}, a law firm in Denver, has a PBX. The PBX sends outside calls over a trunk to {}, which the firm pays in \
         advance. Both run Tollguard, here in one process but with real packets between real sockets on this machine's \
         loopback addresses. The PBX's own guard only watches and its lock-out is still off, so it is the provider who \
         has to notice.",
        cast::FIRM,
        cast::PROVIDER
    ));
    teller.gap();
    teller.say(
        "Both configurations name a few loopback networks (\"the office\", \"Khan Yunis, PalTel\"), so that these \
         addresses have places as public ones would.",
    );
}

/// Says what was played before.
pub(super) fn tell_past(teller: Teller, played: Played) {
    teller.say(&format!(
        "Before they start, six weeks of ordinary office traffic ({}, mostly at home, some to Canada and the United \
         Kingdom) are written into both journals, so that both know what is normal for this firm.",
        count(played.calls, "call")
    ));
}

impl Story {
    pub(super) fn new(theatre: Theatre, teller: Teller) -> Self {
        Self { theatre, teller, steps: Vec::new(), mail: None, attack: Attack::default() }
    }

    /// Performs the steps; true if every one did what it says. Ends at the first that does not.
    pub(super) fn perform(&mut self) -> bool {
        let began_ms = self.theatre.stage.now_ms();
        traffic::begin(&self.theatre.stage);
        for (n, (what, act)) in (1..).zip(STEPS) {
            self.teller.heading(&format!("{n}. {what}"));
            let outcome = act(self);
            self.steps.push(Step { n, what, ok: outcome.is_ok() });
            if let Err(Trouble { expected, seen }) = outcome {
                self.teller.gap();
                self.teller.failed(&format!("This step did not do what it says. Expected: {expected}. Seen: {seen}."));
                return false;
            }
        }
        self.moral(began_ms);
        self.report().passed(STEPS.len())
    }

    /// The result so far.
    pub(super) fn report(&self) -> Report {
        let Fraud { tried, answered, loss, first_ms } = fraud(&self.theatre);
        let cut_ms = self.attack.cut.map(|cut| cut.since_ms);
        let seconds =
            |(first_ms, cut_ms): (u64, u64)| Duration::from_millis(cut_ms.saturating_sub(first_ms)).as_secs_f64();
        Report {
            steps: self.steps.clone(),
            calls_tried: tried,
            calls_answered: answered,
            // For people who read JSON; the books keep whole micro-dollars.
            loss_usd: loss.micros() as f64 / 1e6,
            first_fraud_call_to_cut_s: first_ms.zip(cut_ms).map(seconds),
            mail: self.mail.clone(),
        }
    }

    /// What it all comes to.
    fn moral(&self, began_ms: u64) {
        let took_s = self.theatre.stage.now_ms().saturating_sub(began_ms) / 1_000;
        let Fraud { tried, answered, loss, .. } = fraud(&self.theatre);
        self.teller.heading("What it came to");
        self.teller.say(&format!(
            "The thief's {} at the provider, {answered} answered, cost the firm {}. The story took {took_s} seconds.",
            count(tried, "call"),
            scene::dollars(loss)
        ));
        let (ordinary, failed) = traffic::outcome(&self.theatre);
        self.teller.say(&format!(
            "Meanwhile the office went on working: {} with voice, {}.",
            count(ordinary, "ordinary call"),
            if failed == 0 { "none of them disturbed".to_owned() } else { format!("{failed} of them failed") }
        ));
        if let Some(account) = self.theatre.account(Side::Provider) {
            self.teller.say(&format!(
                "Had nobody noticed at all, the loss would have stopped at the exposure ceiling of {} a day for places \
                 the firm does not usually call, and in the end at the prepaid balance of {}.",
                scene::dollars(account.settings.exposure_ceiling),
                scene::dollars(account.balance)
            ));
        }
    }

    /// Leaves the portals open until Ctrl-C, if people are to look at them; then ends both nodes in order.
    pub(super) fn close(&mut self, wait: bool) {
        if wait {
            self.show_portals();
            traffic::go_on_until_interrupted(&self.theatre.stage);
        }
    }

    fn show_portals(&self) {
        self.teller.heading("Have a look yourself");
        let mut rows = vec![["", "address", "user", "password", "sees"].map(str::to_owned).to_vec()];
        for (side, title) in Side::BOTH.into_iter().zip(["provider's portal", "PBX's portal"]) {
            let Some(url) = &self.theatre.sides[side as usize].portal_url() else { continue };
            for (login, _, password, role) in cast::desk_users(side) {
                let sees = if role == store::Role::Admin { "the whole node" } else { "the firm's account" };
                rows.push([title, url, login, password, sees].map(str::to_owned).to_vec());
            }
        }
        self.teller.table(&rows);
        self.teller.gap();
        self.teller.say("Both nodes and the office's telephones keep running until you press Ctrl-C.");
    }
}
