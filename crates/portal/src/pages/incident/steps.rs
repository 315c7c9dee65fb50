//! The steps that put an incident right, in order, each with where it stands and the buttons that do it.

use std::net::IpAddr;

use account::{Actor, Binding, Line, LineKind};
use guard::{Action as Done, IncidentState};
use ipnet::IpNet;
use store::LineRow;

use super::{Case, lifts};
use crate::access::Scope;
use crate::state::now_ms;
use crate::words::{self, Badge, Tone, line_in_full};

/// For how long an intruder is locked out from here, hours.
const LOCK_OUT_H: u64 = 7 * 24;

/// A button, or a way to another page.
pub(super) struct Action {
    pub(super) label: String,
    pub(super) class: &'static str,
    pub(super) href: String,
    /// Of the form that is sent; `None` for a link.
    pub(super) fields: Option<Vec<(&'static str, String)>>,
}

/// One of several things that a step is about.
pub(super) struct Row {
    pub(super) text: String,
    pub(super) small: String,
    pub(super) badge: Option<Badge>,
    pub(super) actions: Vec<Action>,
}

/// One step.
pub(super) struct Step {
    pub(super) title: String,
    pub(super) state: Badge,
    pub(super) texts: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) actions: Vec<Action>,
}

fn done() -> Badge {
    Badge::new("done", Tone::Good)
}

fn to_do() -> Badge {
    Badge::new("to do", Tone::Bad)
}

fn elsewhere() -> Badge {
    Badge::new("elsewhere", Tone::Plain)
}

/// Makes the steps of one incident.
struct Maker<'a> {
    scope: &'a Scope,
    case: &'a Case,
    here: String,
}

/// All steps, in order; none where the calls were the owner's own.
pub(super) fn all(scope: &Scope, case: &Case) -> Vec<Step> {
    if case.incident.state == IncidentState::Ours {
        return Vec::new();
    }
    let maker = Maker { scope, case, here: scope.page(&format!("/incidents/{}", case.incident.id)) };
    let is_trunk = case.line.as_ref().is_some_and(|row| row.line.kind == LineKind::Trunk);
    let mut steps = Vec::new();
    if is_trunk {
        steps.push(maker.find_the_extension());
    }
    if let Some(row) = &case.line {
        steps.extend(maker.secret(row, is_trunk));
        steps.extend(row.line.auth_name.is_some().then(|| maker.bindings(&row.line)));
    }
    steps.extend(maker.addresses());
    steps.push(maker.lock_out());
    steps.push(maker.international());
    steps
}

impl Maker<'_> {
    fn button(
        &self,
        label: &str,
        class: &'static str,
        href: String,
        fields: Vec<(&'static str, String)>,
    ) -> Vec<Action> {
        if !self.scope.visitor.is_allowed_to_change() {
            return Vec::new();
        }
        vec![Action {
            label: label.to_owned(),
            class,
            href: format!("{href}?back={}", self.here),
            fields: Some(fields),
        }]
    }

    fn find_the_extension(&self) -> Step {
        let times = self.case.incident.calls.iter().map(|call| Row {
            text: self.scope.zone.moment(call.start_ms),
            small: format!("to {}", call.number),
            badge: None,
            actions: Vec::new(),
        });
        let mut texts = vec![
            "From here only the trunk can be seen. Look in your PBX's call records at these times: the extension that \
             called is the one whose password is known to somebody else."
                .to_owned(),
        ];
        if !self.case.incident.told.is_empty() {
            texts.push(format!("Your PBX told us (not proven): {}.", self.case.incident.told.join(", ")));
        }
        texts.push(
            "Change that extension's password in the PBX, and turn on its lock-out of addresses that fail to log in."
                .to_owned(),
        );
        Step {
            title: "Find the extension in your PBX".to_owned(),
            state: Badge::new("in your PBX", Tone::Warn),
            texts,
            rows: times.collect(),
            actions: Vec::new(),
        }
    }

    fn secret(&self, row: &LineRow, is_trunk: bool) -> Option<Step> {
        row.line.auth_name.as_ref()?;
        let name = line_in_full(&row.line);
        let start = format!("{} has a new secret", words::line_name(row.line.kind, row.line.id.as_str()));
        let changed = self.case.audit.iter().find(|row| row.text.starts_with(&start));
        let mut step = Step {
            title: format!("Change the secret of {name}"),
            state: to_do(),
            texts: vec![
                "A strong one is made for you and shown once, with the settings to type into the phone. Whoever uses the \
                 line now is thrown out: all its registrations are dropped and its running calls hung up."
                    .to_owned(),
            ],
            rows: Vec::new(),
            actions: Vec::new(),
        };
        let href = self.scope.path(&format!("/lines/{}/secret", row.line.id));
        if let Some(changed) = changed {
            if changed.by == Actor::Link.name() {
                step.texts = vec![format!(
                    "The line was shut on {} by the link in the mail: whoever knew the old secret is out, and nobody knows \
                     the new one. Change it once more, and type it into your phone.",
                    self.scope.zone.in_full(changed.at_ms)
                )];
                step.actions = self.button("Change the secret now", "main grave", href, Vec::new());
                return Some(step);
            }
            step.state = done();
            step.texts = vec![format!(
                "Done on {}, by {}. Whoever knew the old one is out.",
                self.scope.zone.in_full(changed.at_ms),
                changed.by
            )];
            step.actions = self.button("Change it once more", "", href, Vec::new());
            return Some(step);
        }
        if is_trunk {
            step.title = format!("If the calls did not come from your PBX's own address, change the secret of {name}");
            step.state = Badge::new("perhaps", Tone::Warn);
            step.texts.insert(
                0,
                "Compare the addresses below. If one is not yours, somebody knows the secret of the trunk itself."
                    .to_owned(),
            );
        }
        step.actions =
            self.button("Change the secret now", if is_trunk { "grave" } else { "main grave" }, href, Vec::new());
        Some(step)
    }

    fn bindings(&self, line: &Line) -> Step {
        let now = now_ms();
        let live: Vec<&Binding> = line.bindings.iter().filter(|binding| binding.until_ms > now).collect();
        let strange = |binding: &Binding| {
            let ip = binding.flow.remote.ip().to_canonical();
            self.case.incident.origins.iter().any(|(origin, _)| origin.to_canonical() == ip)
                && self.case.has_attacked(ip)
        };
        let href = self.scope.path(&format!("/lines/{}/binding", line.id));
        let row = |binding: &&Binding| Row {
            text: format!("{}, {}", words::town(&binding.place), words::network(&binding.place)),
            small: format!(
                "{} · {} · since {}",
                binding.flow.remote.ip(),
                super::super::table::non_empty(&binding.user_agent, "did not say what it is"),
                self.scope.zone.short(binding.since_ms)
            ),
            badge: strange(binding).then(|| Badge::new("the calls came from here", Tone::Bad)),
            actions: self.button(
                &format!("Drop {}", binding.flow.remote.ip()),
                "grave",
                href.clone(),
                vec![("contact", binding.contact.clone())],
            ),
        };
        let text = if live.is_empty() {
            "Nobody is registered with this line now. Your own phone comes back once the new secret is typed into it."
        } else {
            "Each of these rings for the line and may call on it. A dropped one comes back if it knows the secret, so \
             change the secret first."
        };
        Step {
            title: "See who is registered, and drop what is not yours".to_owned(),
            state: if live.iter().any(|binding| strange(binding)) { to_do() } else { done() },
            texts: vec![text.to_owned()],
            rows: live.iter().map(row).collect(),
            actions: Vec::new(),
        }
    }

    /// Whether an address is one that the account's own phones use, which must not be locked out: that of another line, or
    /// where a hijacked trunk was registered first.
    fn is_ours(&self, inside: IpNet) -> bool {
        let at_home = |line: &Line| {
            let is_hit = self.case.incident.line == line.id;
            let first =
                line.bindings.iter().filter(|_| line.kind == LineKind::Trunk).min_by_key(|bound| bound.since_ms);
            let first = first.map(|binding| binding.flow.remote.ip());
            let bound = line.bindings.iter().filter(|_| !is_hit).map(|binding| binding.flow.remote.ip());
            let seen = line.last_seen.iter().filter(|_| !is_hit).map(|(_, ip, _)| *ip);
            let fixed = line.addresses.iter().copied();
            bound.chain(first).chain(seen).chain(fixed).any(|ip| inside.contains(&ip.to_canonical()))
        };
        self.case.lines.iter().any(|row| at_home(&row.line))
    }

    fn addresses(&self) -> Option<Step> {
        let origins = &self.case.incident.origins;
        if origins.is_empty() {
            return None;
        }
        let sees = self.scope.visitor.sees_lockout;
        let rows: Vec<(bool, Row)> = origins.iter().map(|(ip, place)| self.address(*ip, place, sees)).collect();
        let settled = rows.iter().all(|(settled, _)| *settled);
        let text = if sees {
            "Nothing that comes from a locked-out address is read, whatever it says. The network is the address's \
             neighbourhood: choose it where the caller changes addresses."
        } else {
            "Whoever runs this node can lock these addresses out; tell them."
        };
        Some(Step {
            title: "Lock out the addresses the calls came from".to_owned(),
            state: if settled {
                done()
            } else if sees {
                to_do()
            } else {
                elsewhere()
            },
            texts: vec![text.to_owned()],
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            actions: Vec::new(),
        })
    }

    fn address(&self, ip: IpAddr, place: &geo::Place, sees: bool) -> (bool, Row) {
        let ip = ip.to_canonical();
        let alone = IpNet::from(ip);
        let network = IpNet::new(ip, if ip.is_ipv4() { 24 } else { 48 }).unwrap_or(alone).trunc();
        let ban = self.case.bans.iter().find(|ban| ban.prefix.contains(&ip));
        let mut row = Row {
            text: ip.to_string(),
            small: format!("{}, {}", words::town(place), words::network(place)),
            badge: None,
            actions: Vec::new(),
        };
        let line = &self.case.incident.line;
        if self.case.locks.iter().any(|lock| lock.line == *line && lock.ip.to_canonical() == ip) {
            row.small.push_str(&format!(". Locked out of line {line} until it has a new secret."));
        }
        if let Some(ban) = ban {
            let until = format!("{} locked out until {}", ban.prefix, self.scope.zone.short(ban.until_ms));
            row.badge = Some(Badge::new(until, Tone::Good));
            return (true, row);
        }
        if self.is_ours(alone) {
            row.badge = Some(Badge::new("your own phones are there", Tone::Warn));
            return (true, row);
        }
        let attacked = self.case.has_attacked(ip);
        if !attacked {
            row.badge = Some(Badge::new("tried only after the cut: is it yours?", Tone::Warn));
        }
        if sees {
            let note = format!("calls of incident {}", self.case.incident.id);
            let lock = |label: String, prefix: IpNet| {
                let fields =
                    vec![("prefix", prefix.to_string()), ("hours", LOCK_OUT_H.to_string()), ("note", note.clone())];
                self.button(&label, "", self.scope.visitor.path("/lockout/ban"), fields)
            };
            row.actions = lock(format!("Lock out {ip} for a week"), alone);
            if !self.is_ours(network) {
                row.actions.extend(lock(format!("Lock out {network}"), network));
            }
        }
        (!attacked, row)
    }

    fn lock_out(&self) -> Step {
        let visitor = &self.scope.visitor;
        let on = self.case.lockout_on;
        let (state, text) = match (on, visitor.sees_lockout) {
            (true, _) => (done(), "Lock-out is on: addresses that fail too often are refused."),
            (false, true) => (to_do(), "Lock-out is off: anybody may go on guessing passwords as often as they like."),
            (false, false) => (elsewhere(), "Lock-out is off. Ask whoever runs this node to turn it on."),
        };
        let mut actions = Vec::new();
        if visitor.sees_lockout {
            if !on {
                let fields = vec![("on", "true".to_owned())];
                actions = self.button("Turn lock-out on", "main", visitor.path("/lockout/switch"), fields);
            }
            let label = "See who is locked out".to_owned();
            actions.push(Action { label, class: "", href: visitor.path("/lockout"), fields: None });
        }
        Step {
            title: "Lock out addresses that keep guessing".to_owned(),
            state,
            texts: vec![text.to_owned()],
            rows: Vec::new(),
            actions,
        }
    }

    fn international(&self) -> Step {
        let Case { incident, line, .. } = self.case;
        let lifts = lifts(self.scope, incident, line.as_ref());
        let mut step = Step {
            title: "Turn international calling back on".to_owned(),
            state: done(),
            texts: Vec::new(),
            rows: Vec::new(),
            actions: Vec::new(),
        };
        if !lifts.is_empty() {
            step.state = to_do();
            let what = match lifts.as_slice() {
                [Some(line)] => format!("For line {line}."),
                _ => "For the whole account and all its lines.".to_owned(),
            };
            step.texts = vec![format!("{what} Only then do calls abroad go through again. Do the steps above first.")];
            let href = self.scope.path(&format!("/incidents/{}/lift", incident.id));
            step.actions = self.button("Turn it back on", "main", href, Vec::new());
            return step;
        }
        let forbidden = line.as_ref().map(|row| &row.line).filter(|line| !line.international);
        if let Some(line) = forbidden {
            step.texts = vec!["Nothing is cut, but this line may not call abroad by its own setting.".to_owned()];
            let href = self.scope.path(&format!("/lines/{}/international", line.id));
            step.actions =
                self.button("Allow calls abroad on this line", "", href, vec![("allowed", "true".to_owned())]);
            return step;
        }
        let never = incident.shadow || incident.action == Done::Alert;
        let text = match (never, self.scope.account.cut) {
            (_, Some(cut)) => {
                format!("Not cut by this incident, but the whole account is cut by incident {}.", cut.incident)
            }
            (true, None) => "It was never turned off.".to_owned(),
            (false, None) => "It is on: calls abroad go through.".to_owned(),
        };
        step.texts = vec![text];
        step
    }
}
