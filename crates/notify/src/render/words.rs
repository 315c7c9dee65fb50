//! Every word of the mails, in English; a translation is another file with the same functions.

pub(super) mod letters;
pub(super) mod news;

use account::LineKind;

pub(super) mod node;

pub(super) const PRODUCT: &str = "Tollguard";
pub(super) const WHAT_HAPPENED: &str = "At a glance";
pub(super) const WHAT_WAS_DONE: &str = "What was done";
pub(super) const WHAT_WORKS: &str = "What still works";
pub(super) const WHAT_TO_DO: &str = "What to do now";
pub(super) const CALLS: &str = "The calls";
pub(super) const RECORDS: &str = "What to look for in your PBX’s records";
pub(super) const TOLD: &str = "The extension behind it";
pub(super) const TOLD_MARK: &str = "told by your PBX, not proven";
pub(super) const TOLD_NOTE: &str = "Your PBX sent this along with the calls. We cannot check it from here; its own \
    records can.";
pub(super) const WHY: &str = "Why we acted";
pub(super) const WHY_ALERT: &str = "Why we write";
pub(super) const COLUMNS: [&str; 4] = ["Time", "Number", "Result", "Cost"];
pub(super) const TOTAL: &str = "Cost so far";
pub(super) const COST_OPEN: &str = "open";

pub(super) mod facts {
    //! Names of the facts at a glance.
    pub(in super::super) const TRUNK: &str = "Trunk";
    pub(in super::super) const EXTENSION: &str = "Extension";
    pub(in super::super) const LINE: &str = "Line";
    pub(in super::super) const WHY: &str = "Why";
    pub(in super::super) const FROM: &str = "Calls came from";
    pub(in super::super) const CALLS: &str = "Calls";
    pub(in super::super) const COST: &str = "Cost so far";
    pub(in super::super) const HELD: &str = "Set aside for calls still running";
    pub(in super::super) const BALANCE: &str = "Balance";
    pub(in super::super) const NUMBER: &str = "Number dialled";
    pub(in super::super) const WHEN: &str = "When";
    pub(in super::super) const PLACE: &str = "From where";
    pub(in super::super) const CALL_BACK: &str = "Number shown to them";
}

pub(super) fn fact_line(kind: Option<LineKind>) -> &'static str {
    match kind {
        Some(LineKind::Trunk) => facts::TRUNK,
        Some(LineKind::Extension) => facts::EXTENSION,
        None => facts::LINE,
    }
}

pub(super) fn line_kind(kind: Option<LineKind>) -> &'static str {
    match kind {
        Some(LineKind::Trunk) => "trunk",
        Some(LineKind::Extension) => "extension",
        None => "line",
    }
}

/// "1 call", "10 calls", "100 or more calls".
pub(super) fn calls(count: usize, or_more: bool) -> String {
    match count {
        1 => "1 call".to_owned(),
        count if or_more => format!("{count} or more calls"),
        count => format!("{count} calls"),
    }
}

/// "10 calls to Albania and Kosovo", "10 calls to 4 destinations".
pub(super) fn calls_to(calls: &str, places: &[String]) -> String {
    match places {
        [] => calls.to_owned(),
        [one] => format!("{calls} to {one}"),
        [one, two] => format!("{calls} to {one} and {two}"),
        [one, two, three] => format!("{calls} to {one}, {two} and {three}"),
        more => format!("{calls} to {} destinations", more.len()),
    }
}

pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// "1 answered", "none answered".
pub(super) fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("none {what}"),
        1 => format!("1 {what}"),
        count => format!("{count} {what}"),
    }
}

pub(super) mod subject {
    //! Subjects; each names the time and the calls.
    pub(in super::super) fn line_cut(line: &str, clock: &str, calls: &str) -> String {
        format!("Tollguard: international calling on {line} was stopped at {clock} ({calls})")
    }
    pub(in super::super) fn account_cut(name: &str, clock: &str, calls: &str) -> String {
        format!("Tollguard: international calling of {name} was stopped at {clock} ({calls})")
    }
    pub(in super::super) fn alert(line: &str, clock: &str, calls: &str) -> String {
        format!("Tollguard: suspicious calling on {line} was refused at {clock} ({calls})")
    }
    pub(in super::super) fn shadow(line: &str, clock: &str, calls: &str) -> String {
        format!("Tollguard: suspicious calling on {line} at {clock}, nothing was stopped ({calls})")
    }
    pub(in super::super) fn low_balance(balance: &str) -> String {
        format!("Tollguard: {balance} is left")
    }
    pub(in super::super) fn emergency(number: &str, line: &str, clock: &str) -> String {
        format!("Tollguard: {number} was dialled on {line} at {clock}")
    }
}

pub(super) mod title {
    //! Titles on top of the mails.
    pub(in super::super) fn line_cut(line: &str) -> String {
        format!("International calling on {line} was stopped")
    }
    pub(in super::super) fn account_cut() -> String {
        "International calling was stopped on all your lines".to_owned()
    }
    pub(in super::super) fn alert(line: &str) -> String {
        format!("Suspicious calls on {line} were refused")
    }
    pub(in super::super) fn shadow(line: &str) -> String {
        format!("Suspicious calls on {line}: nothing was stopped")
    }
    pub(in super::super) fn low_balance(balance: &str) -> String {
        format!("{balance} is left for calls")
    }
    pub(in super::super) fn emergency(number: &str, test: bool) -> String {
        match test {
            true => format!("{number}, the emergency test number, was dialled"),
            false => format!("{number} was dialled"),
        }
    }
}

pub(super) mod lead {
    //! What happened, in two plain sentences.
    pub(in super::super) fn line_cut(line: &str, when: &str) -> String {
        format!(
            "Calls that look like telephone fraud were placed over {line}, so we stopped international calling on it at {when}."
        )
    }
    pub(in super::super) fn account_cut(line: &str, when: &str) -> String {
        format!(
            "Calls that look like telephone fraud were placed over {line} and the signs spread beyond it, so we stopped \
             international calling on all your lines at {when}."
        )
    }
    pub(in super::super) fn alert(line: &str, when: &str) -> String {
        format!("Calls placed over {line} looked suspicious, so we refused them at {when}; nothing else was changed.")
    }
    pub(in super::super) fn shadow(line: &str, when: &str) -> String {
        format!(
            "Calls that look like telephone fraud were placed over {line}, noticed at {when}. Your guard only watches: \
             nothing was stopped."
        )
    }
    pub(in super::super) fn counts(calls: &str, one: bool, answered: &str, cost: &str, home_works: bool) -> String {
        let were = if one { "was" } else { "were" };
        let works = if home_works { "; calls at home and emergency calls still work" } else { "" };
        format!("{calls} {were} tried ({answered}), at a cost of {cost} so far{works}.")
    }
    pub(in super::super) fn low_balance(threshold: &str, when: &str) -> String {
        format!("A call took the balance below {threshold}, where you asked to be told, at {when}.")
    }
    pub(in super::super) const AT_ZERO: &str = "When nothing is left, calls that cost money end or are refused; calls \
        among your phones, calls to you and emergency calls go on.";
    pub(in super::super) fn emergency(number: &str, line: &str, when: &str) -> String {
        format!("Somebody dialled {number} on {line} at {when}.")
    }
    pub(in super::super) const EMERGENCY_WENT_OUT: &str = "The call was sent out at once: no balance, limit or stop \
        holds an emergency call back.";
}

pub(super) mod done {
    //! What was done, a sentence each.
    pub(in super::super) fn line_cut(line: &str, clock: &str) -> String {
        format!("International calling is off on {line} since {clock}, and stays off until you turn it back on.")
    }
    pub(in super::super) fn account_cut(clock: &str) -> String {
        format!(
            "International calling is off on all your lines since {clock}, and stays off until you turn it back on."
        )
    }
    pub(in super::super) const OTHER_LINES: &str = "Your other lines are not affected.";
    pub(in super::super) fn hung_up(calls: &str) -> String {
        format!("Hung up: {calls} in progress.")
    }
    pub(in super::super) fn refused(calls: &str) -> String {
        format!("Refused: {calls}, before being connected and at no cost.")
    }
    pub(in super::super) fn still_running(calls: &str) -> String {
        format!("Still running when this was written: {calls}.")
    }
    pub(in super::super) const ALERT: &str = "Nothing was turned off: the signs were not strong enough to stop more \
        than the calls themselves.";
    pub(in super::super) const SHADOW: &str = "Nothing. Your guard is set to watch (shadow mode): calls like these go \
        through, and cost, until you act.";
    pub(in super::super) fn shadow_would(line: &str, whole_account: bool) -> String {
        let place = if whole_account { "on all your lines" } else { line };
        let on = if whole_account { "" } else { "on " };
        format!("Set to act, it would have stopped international calling {on}{place}.")
    }
    pub(in super::super) const SHADOW_WOULD_REFUSE: &str = "Set to act, it would have refused these calls.";
}

pub(super) mod works {
    //! What still works, a sentence each.
    pub(in super::super) fn home(countries: &str) -> String {
        format!("Calls at home ({countries}): ordinary and toll-free numbers.")
    }
    pub(in super::super) fn emergency(numbers: &str) -> String {
        format!("Emergency calls ({numbers}): always, whatever is turned off.")
    }
    pub(in super::super) const INSIDE: &str = "Calls between your own phones, and calls that come in from outside.";
    pub(in super::super) const NORTH_AMERICA: &str = "All others are off: other countries, also those that look like \
        home numbers (such as Jamaica, area code 876), satellite phones and 900 numbers.";
    pub(in super::super) const ELSEWHERE: &str = "All others are off: other countries, satellite phones and premium-rate \
        numbers.";
    pub(in super::super) const EVERYTHING: &str = "Everything, international calling included.";
}

pub(super) mod steps {
    //! Things to do: title, text and the words of the link.
    pub(in super::super) type Words = [&'static str; 3];
    pub(in super::super) const NOT_US: Words = [
        "If nobody of yours placed these calls, say so",
        "One button, no login: international calling goes off for this line, or stays off, and these numbers speak against \
         whoever uses them again.",
        "That was not us",
    ];
    pub(in super::super) const NOT_US_WATCHED: Words = [
        "If nobody of yours placed these calls, say so",
        "One button, no login: these numbers speak against whoever uses them again. Nothing is turned off while your guard \
         only watches.",
        "That was not us",
    ];
    pub(in super::super) const SHUT_OUT: Words = [
        "If you cannot log in now, shut the extension",
        "One button, no login: its password is void at once and running calls are hung up. Your own phone there cannot \
         call either, not even for help, until you log in and set a new password.",
        "Shut the extension",
    ];
    pub(in super::super) const INCIDENT: Words = [
        "Look at the incident",
        "All calls, where they came from and why we acted. If they were yours, say so there.",
        "Open the incident",
    ];
    pub(in super::super) const SEE_INCIDENT: Words =
        ["Look at the incident", "What was done, and what is still to do.", "Open the incident"];
    pub(in super::super) const SEE_CALLS: Words = [
        "If it was not you, look at the calls",
        "Change the password of a line that somebody else uses; limits keep it from countries you never call.",
        "See the account’s calls",
    ];
    pub(in super::super) const TOP_UP: Words = [
        "Top up",
        "Pay in as you always do; whoever runs the node books it. The page shows the balance, every change of it, and how \
         long it lasts. You are told again when it falls below that sum after the next payment.",
        "See the account’s money",
    ];
    pub(in super::super) const PBX_PASSWORD: Words = [
        "Find the extension in your PBX and change its password",
        "Its call records name the extension behind these calls; what to look for stands below. Whoever looks after \
         your PBX can do this in a few minutes.",
        "See the calls to look for",
    ];
    pub(in super::super) const TRUNK_SECRET: Words = [
        "Change the trunk’s password if the calls are not in your PBX’s records",
        "Then they did not come from your PBX, and somebody else knows the trunk’s password. Enter the new one in your \
         PBX too.",
        "Change the trunk’s password",
    ];
    pub(in super::super) const TRUNK_LOCK_OUT: Words = [
        "Turn on lock-out of addresses that guess passwords",
        "In your PBX, so that passwords of extensions cannot be guessed. The link shows the same switch here, for your \
         trunk.",
        "See lock-out",
    ];
    pub(in super::super) const SECRET: Words = [
        "Change the extension’s password",
        "Whoever uses it is thrown out at once, running calls included. Enter the new password in the phone itself.",
        "Change the password",
    ];
    pub(in super::super) const LOCK_OUT: Words = [
        "Turn on lock-out of addresses that guess passwords",
        "An address that fails to log in too often is then refused for a time.",
        "Turn on lock-out",
    ];
    pub(in super::super) const TURN_BACK_ON: Words = [
        "Turn international calling back on",
        "Once the password is changed, not before: the calls would begin again.",
        "Turn it back on",
    ];
    pub(in super::super) const ACT: Words =
        ["Let the guard act", "Set to act, it stops such calls by itself, at any hour.", "Set the guard to act"];
    pub(in super::super) const HELP: Words = [
        "Find out who needs help",
        "Go to the phone or ring it, and have somebody meet the ambulance, police or fire brigade at the door.",
        "See the account’s calls",
    ];
    pub(in super::super) const TEST: Words = [
        "Nothing, if it was a planned test",
        "The test number reads back the address that the emergency service would see; have it corrected if it is wrong.",
        "See the account’s calls",
    ];
}

pub(super) fn records(span: &str) -> [String; 3] {
    [
        format!("Open your PBX’s call records (“CDR”, call detail records) for {span}."),
        "Find the calls to the numbers above and note which extension placed each of them.".to_owned(),
        "See from which address that extension was registered at the time. An address that is neither your office nor a \
         colleague’s home is the intruder’s."
            .to_owned(),
    ]
}

pub(super) fn span(date: &str, from: &str, to: &str, zone: &str) -> String {
    format!("{date}, {from} to {to} ({zone})")
}

pub(super) fn span_of_days(from: &str, to: &str, zone: &str) -> String {
    format!("{from} to {to} ({zone})")
}

pub(super) fn caption(date: &str, zone: &str) -> String {
    format!("Times of {date} ({zone})")
}

pub(super) fn caption_of_days(zone: &str) -> String {
    format!("Dates and times in {zone}")
}

pub(super) fn more_calls(shown: usize, all: &str) -> String {
    format!("The first {shown} of {all}; the incident page lists them.")
}

pub(super) fn when(clock: &str, date: &str, zone: &str) -> String {
    format!("{clock} on {date} ({zone})")
}

pub(super) fn calls_fact(calls: &str, answered: &str, refused: usize) -> String {
    match refused {
        0 => format!("{calls}, {answered}"),
        refused => format!("{calls}, {answered}, {}", counted(refused, "refused")),
    }
}

pub(super) fn hosting(place: &str) -> String {
    format!("{place}, a hosting or VPN business")
}

pub(super) fn more_addresses(count: usize) -> String {
    match count {
        1 => "and 1 more address".to_owned(),
        count => format!("and {count} more addresses"),
    }
}

/// The sum of evidence in one line; `odds` from [`odds`].
pub(super) fn score(sum: &str, odds: &str) -> String {
    format!(
        "Together {sum} decibans (dB). Every 10 dB make a thief ten times as likely as you or your staff: by these signs, \
         {odds} times as likely."
    )
}

/// What a score in tenths of a deciban comes to: "about 60", "about 700,000", "more than a billion".
pub(super) fn odds(tenths: i32) -> String {
    if tenths >= 900 {
        return "more than a billion".to_owned();
    }
    let ratio = 10_f64.powf(f64::from(tenths.max(0)) / 100.0);
    let unit = 10_f64.powf(ratio.log10().floor());
    let rounded = ((ratio / unit).round() * unit) as u64;
    let digits = rounded.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("about {grouped}")
}

pub(super) fn kicker(account: &str) -> String {
    format!("{PRODUCT} · {account}")
}

pub(super) fn footer(name: &str, node: &str) -> [String; 2] {
    [
        format!(
            "You get this because you are a contact of {name} at {node}. Tollguard never asks for a password by mail."
        ),
        "Links open pages of your portal; opening one changes nothing.".to_owned(),
    ]
}

/// What is to be said of links that need no login.
pub(super) fn once_until(when: &str) -> String {
    format!(
        "The buttons without login work once, until {when}, for whoever has this mail: they can stop calls and open nothing."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_are_round_numbers() {
        for (tenths, words) in [
            (-50, "about 1"),
            (100, "about 10"),
            (178, "about 60"),
            (582, "about 700,000"),
            (899, "about 1,000,000,000"),
            (900, "more than a billion"),
        ] {
            assert_eq!(odds(tenths), words, "{tenths}");
        }
    }

    #[test]
    fn places_are_counted_where_there_are_many() {
        let places = |n: usize| (0..n).map(|n| format!("P{n}")).collect::<Vec<_>>();
        assert_eq!(calls_to("1 call", &places(0)), "1 call");
        assert_eq!(calls_to("3 calls", &places(2)), "3 calls to P0 and P1");
        assert_eq!(calls_to("9 calls", &places(4)), "9 calls to 4 destinations");
        assert_eq!(list(&places(3)), "P0, P1 and P2");
    }
}
