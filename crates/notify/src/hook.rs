//! What a webhook is told of a notice: its event, and the body in our own JSON or as a message for Slack.

use account::Notice;
use billing::{Country, Money};
use guard::Incident;
use serde_json::{Value, json};
use store::HookFormat;

use crate::render::{MailContext, short};

/// The event of a notice.
pub(crate) fn event(notice: &Notice) -> &'static str {
    match notice {
        Notice::Incident(_) => "incident.opened",
        Notice::IncidentUpdated(_) => "incident.updated",
        Notice::IncidentClosed(_) => "incident.closed",
        Notice::LowBalance { .. } => "balance.low",
        Notice::NewCountry { .. } => "country.new",
        Notice::NewNetwork { .. } => "network.new",
        Notice::Emergency { .. } => "emergency.placed",
    }
}

/// The body.
pub(crate) fn body(format: HookFormat, notice: &Notice, context: &MailContext, created_ms: u64) -> String {
    let (title, text, url) = short(notice, context, created_ms);
    match format {
        HookFormat::Slack => slack(&title, &text, &url),
        HookFormat::Json => json!({
            "event": event(notice),
            "at_ms": created_ms,
            "node": context.node,
            "account": context.account,
            "account_name": context.facts.settings.name,
            "title": title,
            "text": text,
            "url": url,
            "data": data(notice, context),
        })
        .to_string(),
    }
}

/// A message as Slack's incoming webhooks take it (mrkdwn, in which only `&`, `<` and `>` are special).
pub(crate) fn slack(title: &str, text: &str, url: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = format!("*{}*\n{}\n<{url}|Open>", escaped(title), escaped(text));
    json!({ "text": text }).to_string()
}

fn data(notice: &Notice, context: &MailContext) -> Value {
    let currency = context.facts.settings.currency.to_string();
    match notice {
        Notice::Incident(incident) | Notice::IncidentUpdated(incident) | Notice::IncidentClosed(incident) => {
            of_incident(incident, &currency)
        }
        Notice::LowBalance { balance, threshold } => {
            json!({"balance": balance.to_string(), "threshold": threshold.to_string(), "currency": currency})
        }
        Notice::Emergency { line, number, place } => json!({"line": line, "number": number, "place": place}),
        Notice::NewCountry { line, country, number } => {
            let name = country.parse::<Country>().map_or_else(|_| country.clone(), |country| country.name().to_owned());
            json!({"line": line, "country": country, "country_name": name, "number": number})
        }
        Notice::NewNetwork { line, ip, place } => json!({"line": line, "ip": ip, "place": place}),
    }
}

fn of_incident(incident: &Incident, currency: &str) -> Value {
    let cost = incident.calls.iter().filter_map(|call| call.charge).fold(Money::ZERO, Money::saturating_add);
    json!({
        "incident": incident.id.to_string(),
        "line": incident.line,
        "state": incident.state,
        "action": incident.action,
        "watched_only": incident.shadow,
        "opened_ms": incident.opened_ms,
        "closed_ms": incident.closed_ms,
        "calls": incident.calls.len(),
        "cost": cost.to_string(),
        "currency": currency,
        "why": incident.why(),
        "from": incident.origins.iter().map(|(ip, _)| ip).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use account::LineKind;

    use super::*;
    use crate::testing::{OPENED_MS, context, emergency, trunk_incident};

    #[test]
    fn programs_and_slack_are_told_the_same() {
        let context = context("main-trunk", LineKind::Trunk, "Office & PBX");
        let notice = Notice::Incident(Box::new(trunk_incident()));
        let told: Value = serde_json::from_str(&body(HookFormat::Json, &notice, &context, OPENED_MS)).unwrap();
        assert_eq!((&told["event"], &told["data"]["calls"]), (&json!("incident.opened"), &json!(10)));
        assert_eq!((&told["data"]["cost"], &told["data"]["currency"]), (&json!("0.35"), &json!("USD")));
        assert!(told["url"].as_str().unwrap().contains("/incidents/"), "{told}");
        let slack: Value = serde_json::from_str(&body(HookFormat::Slack, &notice, &context, OPENED_MS)).unwrap();
        let text = slack["text"].as_str().unwrap();
        assert!(text.starts_with("*International calling on trunk main-trunk was stopped*\n"), "{text}");
        assert!(text.ends_with("|Open>"), "{text}");
        let told: Value = serde_json::from_str(&body(HookFormat::Json, &emergency(), &context, OPENED_MS)).unwrap();
        assert_eq!(told["data"]["number"], "911");
        assert!(super::slack("a<b>", "c&d", "https://x").contains("a&lt;b&gt;"), "escaped");
    }

    #[test]
    fn each_event_is_listed() {
        let incident = Box::new(trunk_incident());
        for notice in [emergency(), Notice::Incident(incident.clone()), Notice::IncidentClosed(incident)] {
            assert!(store::HOOK_EVENTS.iter().any(|(name, _)| *name == event(&notice)));
        }
    }
}
