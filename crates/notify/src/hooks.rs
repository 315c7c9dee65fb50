//! Webhooks: each event is signed and posted until it is taken.
//!
//! `Tollguard-Signature: t=1700000000,v1=5257a8...`: the time in seconds, and the HMAC-SHA256 in hexadecimal, with the
//! webhook's secret, of that number, a full stop and the body. `Tollguard-Event` names the event, `Tollguard-Delivery` is
//! the same whenever it is sent again.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use ipnet::IpNet;
use sha2::Sha256;
use store::{Delivery, Desk, NewDelivery, Queued, Reader, Vault, Webhook};
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::hook::{body, event};
use crate::links::PortalUrl;
use crate::outbox::{AccountFacts, LineFacts, OutboxError};
use crate::render::MailContext;
use crate::worker::{Clock, chain, retry_in_ms};

/// How often it is looked for events.
const LOOK: Duration = Duration::from_millis(500);
/// How long the other side may take for all of its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Tries until an event is given up: with waits that double up to an hour, about three days.
const MAX_ATTEMPTS: u32 = 78;
/// The longest text of an answer that is kept, characters.
const MAX_ANSWER_CHARS: usize = 200;

/// Posts events to webhooks. At most one may run on a database.
pub struct Hooks<C> {
    /// Where events wait.
    pub desk: Arc<Desk>,
    /// Facts of accounts.
    pub reader: Arc<Reader>,
    /// Opens the webhooks' secrets.
    pub vault: Arc<Vault>,
    /// Where links lead.
    pub portal: PortalUrl,
    /// The node's name.
    pub node: String,
    /// Networks that webhooks may lead to although they are not public.
    pub inside: Vec<IpNet>,
    /// The time.
    pub clock: C,
}

/// The signature of a body, as the header has it.
#[must_use]
pub fn signature(secret: &[u8], body: &str, now_s: u64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{now_s}.{body}").as_bytes());
    let code: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={now_s},v1={code}")
}

impl<C: Clock> Hooks<C> {
    /// Works until `stop` completes.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let hooks = Arc::new(self);
        let agent = agent(&hooks.inside);
        let work = async {
            loop {
                let (hooks, agent) = (Arc::clone(&hooks), agent.clone());
                let passed = tokio::task::spawn_blocking(move || hooks.pass(&agent)).await;
                match passed {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::error!(error = %chain(&error), "webhooks wait: no answer of the database")
                    }
                    Err(error) => tracing::error!(%error, "posting to webhooks failed"),
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = stop => {}
        }
    }

    /// Queues what is new and posts what is due.
    fn pass(&self, agent: &Agent) -> Result<(), OutboxError> {
        loop {
            let notices = self.desk.not_handed_on()?;
            let Some(last) = notices.last().map(|notice| notice.id) else { break };
            let mut deliveries = Vec::new();
            for notice in &notices {
                deliveries.extend(self.deliveries(notice)?);
            }
            self.desk.hand_on(last, &deliveries)?;
        }
        while let Some((delivery, hook)) = self.desk.next_delivery(self.clock.now_ms())? {
            self.deliver(agent, &delivery, &hook)?;
        }
        Ok(())
    }

    /// What the account's webhooks get of a notice.
    fn deliveries(&self, notice: &Queued) -> Result<Vec<NewDelivery>, OutboxError> {
        let event = event(&notice.notice);
        let mut hooks = self.desk.webhooks(Some(&notice.account))?;
        hooks.retain(|hook| hook.wants(event));
        if hooks.is_empty() {
            return Ok(Vec::new());
        }
        let Some(row) = self.reader.account(&notice.account)? else { return Ok(Vec::new()) };
        let line = match notice.notice.line() {
            Some(id) => {
                let found = self.reader.line(&notice.account, id)?.map(|row| row.line);
                LineFacts {
                    id: id.to_string(),
                    kind: found.as_ref().map(|line| line.kind),
                    caller_id: found.as_ref().and_then(|line| line.caller_id),
                    name: found.map(|line| line.name).unwrap_or_default(),
                }
            }
            None => LineFacts::default(),
        };
        let context = MailContext {
            node: self.node.clone(),
            portal: self.portal.clone(),
            account: notice.account.clone(),
            facts: AccountFacts { settings: row.settings, balance: row.balance, held: row.held },
            line,
            once: None,
        };
        let delivery = |hook: &Webhook| NewDelivery {
            webhook: hook.id,
            event: event.to_owned(),
            body: body(hook.format, &notice.notice, &context, notice.created_ms),
            at_ms: notice.created_ms,
        };
        Ok(hooks.iter().map(delivery).collect())
    }

    fn deliver(&self, agent: &Agent, delivery: &Delivery, hook: &Webhook) -> Result<(), OutboxError> {
        let (id, now_ms) = (delivery.id, self.clock.now_ms());
        let secret = self.vault.open_sealed(&hook.secret)?;
        let posted = agent
            .post(&hook.url)
            .header("content-type", "application/json")
            .header("user-agent", "Tollguard")
            .header("tollguard-event", &delivery.event)
            .header("tollguard-delivery", id.to_string())
            .header("tollguard-signature", signature(&secret, &delivery.body, now_ms / 1000))
            .send(delivery.body.as_str());
        let refused = match posted {
            Ok(answer) if answer.status().is_success() => {
                return Ok(self.desk.delivered(id, &answer.status().to_string(), now_ms)?);
            }
            Ok(answer) => answer.status().to_string(),
            Err(error) => error.to_string(),
        };
        let answer: String = refused.chars().take(MAX_ANSWER_CHARS).collect();
        tracing::warn!(delivery = id, webhook = hook.id, account = %hook.account, %answer, "an event was not delivered");
        let next_ms = now_ms.saturating_add(retry_in_ms(delivery.attempts.saturating_add(1)));
        let next_ms = (delivery.attempts < MAX_ATTEMPTS).then_some(next_ms);
        Ok(self.desk.not_delivered(id, &answer, next_ms)?)
    }
}

fn agent(inside: &[IpNet]) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let resolver = Outward { inside: inside.to_vec(), resolver: DefaultResolver::default() };
    Agent::with_parts(config, DefaultConnector::default(), resolver)
}

/// Finds addresses of webhooks, public ones alone: whoever sets a webhook must not reach what only this machine can.
#[derive(Debug)]
struct Outward {
    inside: Vec<IpNet>,
    resolver: DefaultResolver,
}

impl Resolver for Outward {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.resolver.resolve(uri, config, timeout)?;
        let may = |at: &SocketAddr| is_public(at.ip()) || self.inside.iter().any(|net| net.contains(&at.ip()));
        if found.iter().all(may) { Ok(found) } else { Err(ureq::Error::HostNotFound) }
    }
}

/// Whether an address is reached from everywhere (IANA's special-purpose registries leave it out).
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_special = a == 0 || a >= 240 || (a == 192 && b == 0 && c == 0) || (a == 198 && (b == 18 || b == 19));
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || v4.is_multicast()
                || is_shared
                || is_special)
        }
        // Of IPv6 only 2000::/3 is given out; of that 2001:db8::/32 is for documents, and 2002::/16 holds IPv4.
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            first & 0xe000 == 0x2000 && !(first == 0x2001 && second == 0xdb8) && first != 0x2002
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_lead_outside() {
        for (ip, public) in [
            ("198.51.101.1", true),
            ("8.8.8.8", true),
            ("2606:4700::1", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("::1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("::ffff:127.0.0.1", false),
            ("2002:7f00:1::", false),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), public, "{ip}");
        }
    }

    #[test]
    fn a_signature_covers_time_and_body() {
        let header = signature(b"secret", "{}", 1_700_000_000);
        assert!(header.starts_with("t=1700000000,v1=") && header.len() == 16 + 64, "{header}");
        for other in [signature(b"secret", "{}", 1_700_000_001), signature(b"secret", "{ }", 1_700_000_000)] {
            assert_ne!(header[16..], other[16..]);
        }
        assert_ne!(header, signature(b"other", "{}", 1_700_000_000));
    }
}
