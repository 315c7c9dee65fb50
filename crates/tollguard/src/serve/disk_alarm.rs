//! Watches whether the disk takes what is written, and tells administrators by mail when it does not: because it is full,
//! or because it does not finish a write at all, which no thread that waits for it can tell.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use account::Contact;
use node::{Command, CommandReply};
use notify::{AlarmError, Alarms, Clock, DiskAlarm, SystemClock};
use store::{Desk, Role};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::control::Control;

/// How often to look.
const EVERY: Duration = Duration::from_secs(2);
/// A record that waits for so long, milliseconds, means a disk that does not answer; less is a slow one.
const HUNG_MS: u64 = 10_000;
/// How often to ask who the administrators are.
const REFRESH: Duration = Duration::from_secs(60);
/// A disk that comes and goes is mailed about so often at most.
const AGAIN: Duration = Duration::from_secs(15 * 60);
/// How often mail is tried that was not taken.
const RETRY: Duration = Duration::from_secs(30);
/// Administrators who are written to.
const MAX_TOLD: usize = 20;

/// What is watched with.
pub(super) struct Watch {
    pub(super) control: Control,
    pub(super) desk: Arc<Desk>,
    /// `None` where no mail server is configured: then the log alone says it.
    pub(super) alarms: Option<Alarms>,
}

/// A mail, and who has no copy yet.
struct Word {
    alarm: DiskAlarm,
    at_ms: u64,
    left: Vec<Contact>,
    next_try: Instant,
}

impl Watch {
    /// Does it until the node ends.
    pub(super) async fn keep(self, mut stopped: watch::Receiver<()>) {
        let mut administrators = self.administrators().await.unwrap_or_default();
        let mut asked = Instant::now();
        let mut alarm = DiskAlarm::Over;
        let mut mailed: Option<Instant> = None;
        let mut word: Option<Word> = None;
        while tokio::time::timeout(EVERY, stopped.changed()).await.is_err() {
            let Some(now) = self.look().await else { return };
            if now != alarm {
                log(alarm, now);
                let is_due = mailed.is_none_or(|mailed| mailed.elapsed() >= AGAIN);
                let is_told_of = word.as_ref().is_some_and(|word| word.alarm != DiskAlarm::Over);
                if now == DiskAlarm::Over && is_told_of {
                    word = Some(Word::new(now, &administrators));
                } else if now != DiskAlarm::Over && is_due {
                    mailed = Some(Instant::now());
                    word = Some(Word::new(now, &administrators));
                }
                alarm = now;
            } else if now == DiskAlarm::Over && asked.elapsed() >= REFRESH {
                // Who they are is asked for while the disk answers.
                asked = Instant::now();
                administrators = self.administrators().await.unwrap_or(administrators);
            }
            if let (Some(word), Some(alarms)) = (&mut word, &self.alarms) {
                word.send(alarms).await;
            }
        }
    }

    /// How the disk fares; `None` when the node ends.
    async fn look(&self) -> Option<DiskAlarm> {
        let Ok(CommandReply::Status(status)) = self.control.ask_workers(Command::Status).await else {
            return None;
        };
        Some(match (status.disk_full, status.waiting_ms >= HUNG_MS) {
            (true, _) => DiskAlarm::Full,
            (false, true) => DiskAlarm::Hung,
            (false, false) => DiskAlarm::Over,
        })
    }

    /// Who is told; `None` where the database does not say in time.
    async fn administrators(&self) -> Option<Vec<Contact>> {
        let desk = Arc::clone(&self.desk);
        let asked = tokio::task::spawn_blocking(move || desk.users());
        let users = tokio::time::timeout(EVERY, asked).await.ok()?.ok()?.ok()?;
        let can_be_told = |user: &store::User| user.role == Role::Admin && !user.email.is_empty();
        let contacts = users.into_iter().filter(can_be_told).take(MAX_TOLD);
        Some(contacts.map(|user| Contact { name: user.name, email: user.email }).collect())
    }
}

/// That it is full, and has room again, is said by whoever waits for it.
fn log(before: DiskAlarm, now: DiskAlarm) {
    if now == DiskAlarm::Hung {
        tracing::error!(
            "ALARM: the disk has not finished a write for {} seconds; what spends money waits for it",
            HUNG_MS / 1000
        );
    } else if before == DiskAlarm::Hung {
        tracing::warn!("the disk answers again");
    }
}

impl Word {
    fn new(alarm: DiskAlarm, to: &[Contact]) -> Self {
        let at_ms = SystemClock.now_ms();
        Self { alarm, at_ms, left: to.to_vec(), next_try: Instant::now() }
    }

    /// Sends a copy to each who has none; whoever cannot be reached now is tried again later.
    async fn send(&mut self, alarms: &Alarms) {
        if self.left.is_empty() || Instant::now() < self.next_try {
            return;
        }
        self.next_try = Instant::now() + RETRY;
        for contact in std::mem::take(&mut self.left) {
            let Err(error) = alarms.tell(&contact, self.alarm, self.at_ms).await else { continue };
            tracing::warn!(%error, source = error.source(), to = %contact.email, "a mail about the disk was not sent");
            if !matches!(&error, AlarmError::Send(error) if error.is_final()) {
                self.left.push(contact);
            }
        }
    }
}
