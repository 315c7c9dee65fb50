//! The mail about an incident: the provider's (a trunk) and the PBX's own guard's (an extension).

use std::collections::BTreeSet;

use billing::{Destination, EmergencyKind, EmergencyNumber, Money};
use geo::Place;
use guard::{Action, Incident, IncidentCall};

use super::context::{MailContext, clean};
use super::document::{Block, CallRow, Calls, Document, Evidence, Step, Tone};
use super::local::Local;
use super::words::{self, done, facts, lead, steps, subject, title, works};

/// Calls listed in a mail; the incident page lists all. Keeps the mail below the size that mail programs clip at.
const MAX_CALLS_SHOWN: usize = 40;
/// As many calls as an incident holds at most: there may have been more.
const FULL_INCIDENT: usize = 100;
/// Addresses listed in a mail.
const MAX_ORIGINS_SHOWN: usize = 3;
/// Signs listed in a mail, strongest first.
const MAX_EVIDENCE_SHOWN: usize = 10;

/// What happened, as far as the mail is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    LineCut,
    AccountCut,
    Alert,
    /// The guard only watches; what it would have done.
    Shadow(Action),
}

impl Case {
    fn of(incident: &Incident) -> Self {
        match incident.action {
            action if incident.shadow => Self::Shadow(action),
            Action::Alert => Self::Alert,
            Action::CutLine => Self::LineCut,
            Action::CutInternational => Self::AccountCut,
        }
    }

    fn is_cut(self) -> bool {
        matches!(self, Self::LineCut | Self::AccountCut)
    }
}

/// Everything the parts of the mail share.
struct Story<'a> {
    incident: &'a Incident,
    context: &'a MailContext,
    local: Local,
    case: Case,
}

/// Writes the mail about an incident.
pub(super) fn document(incident: &Incident, context: &MailContext) -> Document {
    let local = Local::new(&context.settings().time_zone);
    let story = Story { incident, context, local, case: Case::of(incident) };
    let name = clean(&context.settings().name);
    let (line, clock) = (context.line(), story.local.clock(incident.acted_ms));
    let calls = words::calls_to(&story.calls(), &story.countries());
    let (subject, title) = match story.case {
        Case::LineCut => (subject::line_cut(&line, &clock, &calls), title::line_cut(&line)),
        Case::AccountCut => (subject::account_cut(&name, &clock, &calls), title::account_cut()),
        Case::Alert => (subject::alert(&line, &clock, &calls), title::alert(&line)),
        Case::Shadow(_) => (subject::shadow(&line, &clock, &calls), title::shadow(&line)),
    };
    Document {
        subject,
        tone: if story.case.is_cut() { Tone::Alarm } else { Tone::Warning },
        kicker: words::kicker(&name),
        title,
        lead: story.lead(&calls),
        blocks: story.blocks(),
        footer: story.footer(&name),
    }
}

impl Story<'_> {
    fn lead(&self, calls: &str) -> Vec<String> {
        let acted_ms = self.incident.acted_ms;
        let when = words::when(&self.local.clock(acted_ms), &self.local.date(acted_ms), &self.local.zone(acted_ms));
        let line = match self.context.is_trunk() {
            true => format!("your {}", self.context.line()),
            false => self.context.line_and_name(),
        };
        let first = match self.case {
            Case::LineCut => lead::line_cut(&line, &when),
            Case::AccountCut => lead::account_cut(&line, &when),
            Case::Alert => lead::alert(&line, &when),
            Case::Shadow(_) => lead::shadow(&line, &when),
        };
        let answered = words::counted(self.count(is_answered), "answered");
        let cost = self.context.money(self.cost());
        vec![first, lead::counts(calls, self.incident.calls.len() == 1, &answered, &cost, self.case.is_cut())]
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![
            Block::Facts { heading: words::WHAT_HAPPENED.into(), rows: self.facts() },
            Block::List { heading: words::WHAT_WAS_DONE.into(), items: self.done() },
            Block::List { heading: words::WHAT_WORKS.into(), items: self.works() },
            Block::Steps { heading: words::WHAT_TO_DO.into(), steps: self.steps() },
        ];
        if !self.incident.calls.is_empty() {
            blocks.push(Block::Calls(self.call_table()));
        }
        if let Some(span) = self.span().filter(|_| self.context.is_trunk()) {
            blocks.push(Block::List { heading: words::RECORDS.into(), items: words::records(&span).into() });
        }
        if !self.incident.told.is_empty() {
            blocks.push(Block::Hearsay {
                heading: words::TOLD.into(),
                mark: words::TOLD_MARK.into(),
                items: self.incident.told.iter().map(|told| capital(&clean(told))).collect(),
                note: words::TOLD_NOTE.into(),
            });
        }
        if !self.incident.evidence.is_empty() {
            blocks.push(Block::Evidence(self.evidence()));
        }
        blocks
    }

    fn facts(&self) -> Vec<(String, String)> {
        let (context, incident) = (self.context, self.incident);
        let mut rows = vec![(words::fact_line(context.line.kind).to_owned(), context.id_and_name())];
        rows.push((facts::WHY.into(), capital(&clean(&incident.why()))));
        if !incident.origins.is_empty() {
            let mut from: Vec<String> =
                incident.origins.iter().take(MAX_ORIGINS_SHOWN).map(|(ip, place)| origin(*ip, place)).collect();
            if let more @ 1.. = incident.origins.len().saturating_sub(MAX_ORIGINS_SHOWN) {
                from.push(words::more_addresses(more));
            }
            rows.push((facts::FROM.into(), from.join("; ")));
        }
        let answered = words::counted(self.count(is_answered), "answered");
        rows.push((facts::CALLS.into(), words::calls_fact(&self.calls(), &answered, self.count(is_refused))));
        rows.push((facts::COST.into(), context.money(self.cost())));
        rows.push((facts::HELD.into(), context.money(context.facts.held)));
        rows.push((facts::BALANCE.into(), context.money(context.facts.balance)));
        rows
    }

    fn done(&self) -> Vec<String> {
        let (line, clock) = (self.context.line(), self.local.clock(self.incident.acted_ms));
        let mut items = match self.case {
            Case::LineCut => vec![done::line_cut(&line, &clock)],
            Case::AccountCut => vec![done::account_cut(&clock)],
            Case::Alert => vec![],
            Case::Shadow(Action::Alert) => vec![done::SHADOW.into(), done::SHADOW_WOULD_REFUSE.into()],
            Case::Shadow(action) => {
                vec![done::SHADOW.into(), done::shadow_would(&line, action == Action::CutInternational)]
            }
        };
        let counted = [
            (self.count(is_hung_up), done::hung_up as fn(&str) -> String),
            (self.count(is_refused), done::refused),
            (self.count(|call| call.charge.is_none()), done::still_running),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0);
        items.extend(counted.map(|(count, say)| say(&words::calls(count, false))));
        match self.case {
            Case::LineCut => items.push(done::OTHER_LINES.into()),
            Case::Alert => items.push(done::ALERT.into()),
            Case::AccountCut | Case::Shadow(_) => {}
        }
        items
    }

    fn works(&self) -> Vec<String> {
        if !self.case.is_cut() {
            return vec![works::EVERYTHING.into()];
        }
        let home = self.context.settings().country;
        let countries: Vec<String> = self.context.home().iter().map(|country| country.name().to_owned()).collect();
        let help = EmergencyNumber::all(home).filter(|number| number.kind() == EmergencyKind::Help);
        let numbers: Vec<String> = help.map(|number| number.digits().to_owned()).collect();
        let others = if home.is_nanp() { works::NORTH_AMERICA } else { works::ELSEWHERE };
        vec![
            works::home(&words::list(&countries)),
            works::emergency(&numbers.join(", ")),
            works::INSIDE.into(),
            others.into(),
        ]
    }

    fn steps(&self) -> Vec<Step> {
        let (portal, account) = (&self.context.portal, &self.context.account);
        let (id, line) = (self.incident.id, &self.incident.line);
        let mut all = Vec::new();
        // What stops more harm comes first, since it needs no login.
        if let Some(once) = &self.context.once {
            let words = if matches!(self.case, Case::Shadow(_)) { steps::NOT_US_WATCHED } else { steps::NOT_US };
            all.push((words, once.not_us.clone()));
            if !self.context.is_trunk() {
                all.push((steps::SHUT_OUT, once.shut_out.clone()));
            }
        }
        all.push((steps::INCIDENT, portal.incident(account, id)));
        if self.context.is_trunk() {
            all.push((steps::PBX_PASSWORD, portal.incident_calls(account, id)));
            all.push((steps::TRUNK_SECRET, portal.change_secret(account, line)));
            all.push((steps::TRUNK_LOCK_OUT, portal.lock_out()));
        } else {
            all.push((steps::SECRET, portal.change_secret(account, line)));
            all.push((steps::LOCK_OUT, portal.lock_out()));
        }
        match self.case {
            Case::LineCut | Case::AccountCut => all.push((steps::TURN_BACK_ON, portal.turn_back_on(account, id))),
            Case::Shadow(_) => all.push((steps::ACT, portal.guard(account))),
            Case::Alert => {}
        }
        all.into_iter().map(|(words, url)| step(words, url)).collect()
    }

    fn footer(&self, name: &str) -> Vec<String> {
        let mut footer: Vec<String> = words::footer(name, &self.context.node).into();
        if let Some(once) = &self.context.once {
            let local = &self.local;
            footer.push(words::once_until(&words::when(
                &local.clock(once.until_ms),
                &local.date(once.until_ms),
                &local.zone(once.until_ms),
            )));
        }
        footer
    }

    fn call_table(&self) -> Calls {
        let calls = &self.incident.calls;
        let opened_ms = self.incident.opened_ms;
        let zone = self.local.zone(opened_ms);
        let one_day = calls.iter().all(|call| self.local.same_day(call.start_ms, opened_ms));
        let time = |at_ms| if one_day { self.local.clock_s(at_ms) } else { self.local.day_and_clock_s(at_ms) };
        let row = |call: &IncidentCall| CallRow {
            time: time(call.start_ms),
            number: call.number.to_string(),
            destination: clean(&call.destination),
            result: clean(&call.result),
            cost: call.charge.map_or(words::COST_OPEN.to_owned(), |charge| self.context.money(charge)),
        };
        let hidden = calls.len() > MAX_CALLS_SHOWN;
        Calls {
            heading: words::CALLS.into(),
            caption: match one_day {
                true => words::caption(&self.local.date(opened_ms), &zone),
                false => words::caption_of_days(&zone),
            },
            columns: words::COLUMNS,
            rows: calls.iter().take(MAX_CALLS_SHOWN).map(row).collect(),
            total: (words::TOTAL.into(), self.context.money(self.cost())),
            note: hidden.then(|| words::more_calls(MAX_CALLS_SHOWN, &self.calls())),
        }
    }

    /// From the first to the last call, in words.
    fn span(&self) -> Option<String> {
        let starts = self.incident.calls.iter().map(|call| call.start_ms);
        let (first, last) = (starts.clone().min()?, starts.max()?);
        let local = &self.local;
        let zone = local.zone(first);
        Some(match local.same_day(first, last) {
            true => words::span(&local.date(first), &local.clock_s(first), &local.clock_s(last), &zone),
            false => words::span_of_days(&local.day_and_clock_s(first), &local.day_and_clock_s(last), &zone),
        })
    }

    fn evidence(&self) -> Evidence {
        let shown = self.incident.evidence.iter().take(MAX_EVIDENCE_SHOWN);
        let rows = shown.map(|evidence| {
            let sign = if evidence.weight.tenths() > 0 { "+" } else { "" };
            (format!("{sign}{}", evidence.weight), capital(&clean(&evidence.text)))
        });
        let score = self.incident.score;
        Evidence {
            heading: if self.case.is_cut() { words::WHY } else { words::WHY_ALERT }.into(),
            rows: rows.collect(),
            sum: words::score(&score.to_string(), &words::odds(score.tenths())),
        }
    }

    fn calls(&self) -> String {
        let count = self.incident.calls.len();
        words::calls(count, count >= FULL_INCIDENT)
    }

    fn count(&self, which: impl Fn(&IncidentCall) -> bool) -> usize {
        self.incident.calls.iter().filter(|call| which(call)).count()
    }

    fn cost(&self) -> Money {
        self.incident.calls.iter().filter_map(|call| call.charge).fold(Money::ZERO, Money::saturating_add)
    }

    /// The countries called, each once, in the order of the calls.
    fn countries(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let names = self.incident.calls.iter().map(|call| match Destination::of(call.number).country {
            Some(country) => country.name().to_owned(),
            None => clean(&call.destination),
        });
        names.filter(|name| seen.insert(name.clone())).collect()
    }
}

/// As the account words the result of a call that talked.
fn is_answered(call: &IncidentCall) -> bool {
    call.result.starts_with("answered") || call.result.starts_with("hung up by the guard after")
}

fn is_hung_up(call: &IncidentCall) -> bool {
    call.result.starts_with("hung up by the guard")
}

fn is_refused(call: &IncidentCall) -> bool {
    call.result.starts_with("refused")
}

pub(super) fn step([title, text, label]: steps::Words, url: String) -> Step {
    Step { title: title.into(), text: text.into(), label: label.into(), url }
}

/// "203.0.113.9, Khan Yunis, Palestine (AS12975 PalTel)".
fn origin(ip: std::net::IpAddr, place: &Place) -> String {
    let mut text = clean(&place.describe());
    if place.hosting == Some(true) {
        text = words::hosting(&text);
    }
    format!("{ip}, {text}")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
