//! The outbox worker: takes what is due, sends it, tries again later, gives up in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use account::{Contact, Notice};
use store::{Deed, Link, Vault, WARNING_LINK_MS};
use tokio::sync::Notify;

use crate::limit::HourlyLimit;
use crate::links::PortalUrl;
use crate::mailer::Mailer;
use crate::outbox::{AccountFacts, LineFacts, Outbox, OutboxError, Waiting};
use crate::render::{Mail, MailContext, OnceLinks, render, render_news};

/// First wait after a failed attempt; it doubles with each.
pub const FIRST_RETRY_MS: u64 = 30_000;
/// Longest wait between attempts.
pub const LAST_RETRY_MS: u64 = 60 * 60 * 1000;
/// A notice that could not be sent for so long is given up, and kept as failed.
pub const GIVE_UP_AFTER_MS: u64 = 3 * 24 * 60 * 60 * 1000;
/// The worker looks at least this often, even if nobody wakes it (another process may have queued something).
const MAX_SLEEP_MS: u64 = 30_000;
/// Wait after the store did not answer.
const STORE_RETRY_MS: u64 = 5_000;
/// Contacts of an account that are written to; further ones are left out.
const MAX_CONTACTS: usize = 10;
/// Longest text of an error kept with a notice, characters.
const MAX_ERROR_CHARS: usize = 300;

/// How long to wait after so many failed attempts (1: the first has failed).
#[must_use]
pub fn retry_in_ms(attempts: u32) -> u64 {
    let doublings = attempts.saturating_sub(1).min(16);
    (FIRST_RETRY_MS << doublings).min(LAST_RETRY_MS)
}

/// Tells the time, milliseconds since the Unix epoch.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now_ms(&self) -> u64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// What became of one notice.
enum Outcome {
    Sent,
    /// Try again at this time; the reason is kept.
    Later(u64, String),
    GivenUp(String),
}

/// How far a notice has come that is not done with.
#[derive(Debug, Default)]
struct Progress {
    /// Contacts that need no further try, by address: they have their copy, or cannot be reached.
    done: BTreeSet<String>,
    /// Whether anybody has a copy.
    reached: bool,
    /// Why one of them cannot be reached.
    refused: Option<String>,
}

/// Sends what waits in an outbox. At most one worker may run on an outbox.
pub struct Worker<O, C = SystemClock> {
    outbox: Arc<O>,
    mailer: Mailer,
    portal: PortalUrl,
    node: String,
    clock: C,
    /// What signs links, if they are to be in mails.
    vault: Option<Arc<Vault>>,
    limit: HourlyLimit,
    /// Notices some contacts of which need another try, so that it spares the others. Lost in a crash: then these get
    /// their copy twice, under the same Message-ID.
    progress: BTreeMap<i64, Progress>,
}

impl<O: Outbox, C: Clock> Worker<O, C> {
    /// A worker of the node called `node`, whose mails link to `portal`.
    pub fn new(outbox: Arc<O>, mailer: Mailer, portal: PortalUrl, node: impl Into<String>, clock: C) -> Self {
        Self {
            outbox,
            mailer,
            portal,
            node: node.into(),
            clock,
            vault: None,
            limit: HourlyLimit::default(),
            progress: BTreeMap::new(),
        }
    }

    /// Puts signed links into mails about incidents.
    #[must_use]
    pub fn signing(self, vault: Arc<Vault>) -> Self {
        Self { vault: Some(vault), ..self }
    }

    /// Works until `stop` completes; looks when `wake` is notified and when something is due. A delivery under way when
    /// `stop` completes is dropped and made again at the next start.
    pub async fn run(mut self, wake: Arc<Notify>, stop: impl Future<Output = ()>) {
        let work = async move {
            loop {
                let next_ms = self.pass().await;
                let sleep_ms = next_ms.saturating_sub(self.clock.now_ms()).min(MAX_SLEEP_MS);
                tokio::select! {
                    () = wake.notified() => {}
                    () = tokio::time::sleep(Duration::from_millis(sleep_ms)) => {}
                }
            }
        };
        tokio::select! {
            () = work => {}
            () = stop => {}
        }
    }

    /// Sends everything that is due now, and says when to look again.
    pub async fn pass(&mut self) -> u64 {
        match self.send_due().await {
            Ok(next_ms) => next_ms.unwrap_or_else(|| self.clock.now_ms().saturating_add(MAX_SLEEP_MS)),
            Err(error) => {
                tracing::error!(error = %chain(&error), "the outbox did not answer; mails wait");
                self.clock.now_ms().saturating_add(STORE_RETRY_MS)
            }
        }
    }

    async fn send_due(&mut self) -> Result<Option<u64>, OutboxError> {
        loop {
            let now_ms = self.clock.now_ms();
            let Some(notice) = self.ask(move |outbox| outbox.next_due(now_ms)).await? else {
                return self.ask(|outbox| outbox.next_due_ms()).await;
            };
            // News is told together, whether or not the rest of it is due.
            let account = notice.account.clone();
            let mut together = match notice.notice.is_news() {
                true => self.ask(move |outbox| outbox.news(&account)).await?,
                false => Vec::new(),
            };
            let outcome = self.handle(&notice, &together).await?;
            together.retain(|one| one.id != notice.id);
            if matches!(outcome, Outcome::Sent) {
                for one in together {
                    self.record(one, Outcome::Sent).await?;
                }
            }
            self.record(notice, outcome).await?;
        }
    }

    /// Writes down what became of a notice. The contacts reached are forgotten only after it is written that the notice
    /// is done with: where the store does not answer, the next try spares them.
    async fn record(&mut self, notice: Waiting, outcome: Outcome) -> Result<(), OutboxError> {
        let (id, now_ms) = (notice.id, self.clock.now_ms());
        match outcome {
            Outcome::Sent => self.ask(move |outbox| outbox.mark_sent(id, now_ms)).await?,
            Outcome::Later(next_ms, error) => {
                tracing::warn!(notice = id, account = %notice.account, %error, "a mail waits for its next try");
                return self.ask(move |outbox| outbox.mark_failed(id, &error, Some(next_ms))).await;
            }
            Outcome::GivenUp(error) => {
                tracing::error!(notice = id, account = %notice.account, %error, "a mail was given up");
                self.ask(move |outbox| outbox.mark_failed(id, &error, None)).await?;
            }
        }
        self.progress.remove(&id);
        Ok(())
    }

    async fn handle(&mut self, notice: &Waiting, news: &[Waiting]) -> Result<Outcome, OutboxError> {
        let now_ms = self.clock.now_ms();
        let account = notice.account.clone();
        let Some(facts) = self.ask(move |outbox| outbox.account(&account)).await? else {
            return Ok(Outcome::GivenUp("there is no such account".to_owned()));
        };
        let contacts: Vec<Contact> = facts.settings.contacts.iter().take(MAX_CONTACTS).cloned().collect();
        if contacts.is_empty() {
            return Ok(Outcome::GivenUp("the account has no contacts: nobody could be told".to_owned()));
        }
        let context = self.context(notice, facts).await?;
        let rendered = match notice.notice.is_news() {
            true => render_news(news, &context),
            false => render(&notice.notice, &context, notice.created_ms),
        };
        let mail = match rendered {
            Ok(mail) => mail,
            Err(error) => return Ok(Outcome::GivenUp(chain(&error))),
        };
        Ok(self.deliver(notice, &contacts, &mail, now_ms).await)
    }

    async fn context(&self, notice: &Waiting, facts: AccountFacts) -> Result<MailContext, OutboxError> {
        let line = match notice.notice.line().cloned() {
            Some(id) => {
                let gone = LineFacts { id: id.to_string(), ..LineFacts::default() };
                let account = notice.account.clone();
                self.ask(move |outbox| outbox.line(&account, &id)).await?.unwrap_or(gone)
            }
            None => LineFacts::default(),
        };
        Ok(MailContext {
            node: self.node.clone(),
            portal: self.portal.clone(),
            account: notice.account.clone(),
            facts,
            line,
            once: self.once_links(notice),
        })
    }

    /// The links of an incident's mail: the same on every try.
    fn once_links(&self, notice: &Waiting) -> Option<OnceLinks> {
        let (Notice::Incident(incident), Some(vault)) = (&notice.notice, &self.vault) else { return None };
        let until_ms = notice.created_ms.saturating_add(WARNING_LINK_MS);
        let link = |deed| self.portal.once(&Link { deed, expires_ms: until_ms }.token(vault));
        let (account, incident) = (notice.account.clone(), incident.id);
        Some(OnceLinks {
            not_us: link(Deed::NotUs { account: account.clone(), incident }),
            shut_out: link(Deed::ShutOut { account, incident }),
            until_ms,
        })
    }

    /// One copy for each contact that has none yet.
    async fn deliver(&mut self, notice: &Waiting, contacts: &[Contact], mail: &Mail, now_ms: u64) -> Outcome {
        let emergency = matches!(notice.notice, Notice::Emergency { .. });
        let progress = self.progress.entry(notice.id).or_default();
        let mut later = None;
        for contact in contacts {
            let email = contact.email.trim().to_lowercase();
            if progress.done.contains(&email) {
                continue;
            }
            if let Some(at_ms) = self.limit.wait_until_ms(&notice.account, emergency, now_ms) {
                return Outcome::Later(at_ms, "held back: the account had its most mails an hour".to_owned());
            }
            let key = (notice.id, notice.created_ms);
            let message_id = self.mailer.message_id(&self.node, &notice.account, key, &email);
            match self.mailer.send(contact, mail, &message_id, notice.created_ms).await {
                Ok(()) => {
                    self.limit.count(&notice.account, now_ms);
                    progress.reached = true;
                    progress.done.insert(email);
                    tracing::info!(notice = notice.id, account = %notice.account, to = %contact.email, "mail sent");
                    self.outbox.delivered(notice, contact, &message_id, now_ms);
                }
                Err(error) => {
                    let text = shorten(format!("{}: {}", contact.email, chain(&error)));
                    tracing::warn!(notice = notice.id, account = %notice.account, error = %text, "a mail was not sent");
                    if error.is_final() {
                        progress.done.insert(email);
                        progress.refused = Some(text);
                    } else {
                        later = Some(text);
                    }
                }
            }
        }
        match (later, &progress.refused) {
            (Some(error), _) => self.later_or_never(notice, error),
            (None, Some(error)) if !progress.reached => Outcome::GivenUp(error.clone()),
            (None, _) => Outcome::Sent,
        }
    }

    fn later_or_never(&self, notice: &Waiting, error: String) -> Outcome {
        let now_ms = self.clock.now_ms();
        let next_ms = now_ms.saturating_add(retry_in_ms(notice.attempts.saturating_add(1)));
        match next_ms.saturating_sub(notice.created_ms) < GIVE_UP_AFTER_MS {
            true => Outcome::Later(next_ms, error),
            false => Outcome::GivenUp(error),
        }
    }

    /// Asks the store, off the async threads.
    async fn ask<T, F>(&self, question: F) -> Result<T, OutboxError>
    where
        T: Send + 'static,
        F: FnOnce(&O) -> Result<T, OutboxError> + Send + 'static,
    {
        let outbox = Arc::clone(&self.outbox);
        let answer = tokio::task::spawn_blocking(move || question(&outbox)).await;
        answer.unwrap_or_else(|error| Err(OutboxError(Box::new(error))))
    }
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some libraries repeat the cause in the error itself.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shorten(mut error: String) -> String {
    if let Some((at, _)) = error.char_indices().nth(MAX_ERROR_CHARS) {
        error.truncate(at);
        error.push('…');
    }
    error
}

#[cfg(test)]
mod tests;
