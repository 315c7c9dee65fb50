//! Mails to users of the portal: invitations, new passwords, changes of their login.

use std::sync::Arc;
use std::time::Duration;

use account::Contact;
use store::{Desk, Letter, LetterKind, Link, Reader, User, Vault};

use crate::links::PortalUrl;
use crate::mailer::Mailer;
use crate::outbox::OutboxError;
use crate::render::{LetterFacts, letter};
use crate::worker::{Clock, GIVE_UP_AFTER_MS, chain, retry_in_ms};

/// How often it is looked for letters.
const LOOK: Duration = Duration::from_millis(500);

/// Sends what waits. At most one may run on a database.
pub struct Letters<C> {
    /// Where letters wait.
    pub desk: Arc<Desk>,
    /// For time zones of accounts.
    pub reader: Arc<Reader>,
    /// Signs links.
    pub vault: Arc<Vault>,
    /// Sends them.
    pub mailer: Mailer,
    /// Where links lead.
    pub portal: PortalUrl,
    /// The node's name.
    pub node: String,
    /// The time.
    pub clock: C,
}

impl<C: Clock> Letters<C> {
    /// Works until `stop` completes.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let work = async {
            loop {
                if let Err(error) = self.pass().await {
                    tracing::error!(error = %chain(&error), "letters to users wait: the database did not answer");
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = stop => {}
        }
    }

    /// Sends everything that is due now.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn pass(&self) -> Result<(), OutboxError> {
        loop {
            let now_ms = self.clock.now_ms();
            let Some(letter) = self.ask(move |desk| desk.next_letter(now_ms)).await? else { return Ok(()) };
            let (id, attempts, created_ms) = (letter.id, letter.attempts, letter.created_ms);
            match self.send(letter).await? {
                Ok(()) => self.ask(move |desk| desk.letter_sent(id)).await?,
                Err((is_final, error)) => {
                    tracing::warn!(letter = id, %error, "a letter to a user was not sent");
                    let next_ms = now_ms.saturating_add(retry_in_ms(attempts.saturating_add(1)));
                    let is_late = next_ms.saturating_sub(created_ms) >= GIVE_UP_AFTER_MS;
                    let next_ms = (!is_final && !is_late).then_some(next_ms);
                    self.ask(move |desk| desk.letter_failed(id, &error, next_ms)).await?;
                }
            }
        }
    }

    /// Sends one; `Err` says whether trying again is of no use, and why.
    async fn send(&self, letter: Letter) -> Result<Result<(), (bool, String)>, OutboxError> {
        let login = letter.login.clone();
        let Some(user) = self.ask(move |desk| desk.user(&login)).await? else {
            return Ok(Err((true, "there is no such user any more".to_owned())));
        };
        let time_zone = self.time_zone(&user).await?;
        let link = Link::password(&user, letter.created_ms);
        let url = match letter.kind {
            LetterKind::Security => self.portal.login(),
            LetterKind::Invitation | LetterKind::Reset => self.portal.once(&link.token(&self.vault)),
        };
        let facts = LetterFacts {
            kind: letter.kind,
            text: letter.text,
            login: user.login,
            node: self.node.clone(),
            url,
            until_ms: link.expires_ms,
            time_zone,
        };
        let mail = match letter_mail(&facts) {
            Ok(mail) => mail,
            Err(error) => return Ok(Err((true, error))),
        };
        let key = (letter.id, letter.created_ms);
        let message_id = self.mailer.message_id(&self.node, "letter", key, &user.email);
        let to = Contact { name: user.name, email: user.email };
        let sent = self.mailer.send(&to, &mail, &message_id, letter.created_ms).await;
        Ok(sent.map_err(|error| (error.is_final(), chain(&error))))
    }

    async fn time_zone(&self, user: &User) -> Result<String, OutboxError> {
        let (Some(account), reader) = (user.account.clone(), Arc::clone(&self.reader)) else {
            return Ok("UTC".to_owned());
        };
        let found = tokio::task::spawn_blocking(move || reader.account(&account)).await;
        let found = found.map_err(|error| OutboxError(Box::new(error)))??;
        Ok(found.map_or_else(|| "UTC".to_owned(), |row| row.settings.time_zone))
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Desk) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, OutboxError> {
        let desk = Arc::clone(&self.desk);
        let answer = tokio::task::spawn_blocking(move || question(&desk)).await;
        Ok(answer.map_err(|error| OutboxError(Box::new(error)))??)
    }
}

fn letter_mail(facts: &LetterFacts) -> Result<crate::Mail, String> {
    letter(facts).map_err(|error| chain(&error))
}
