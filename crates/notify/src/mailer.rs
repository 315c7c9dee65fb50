//! Sending one mail to one contact over SMTP.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use account::Contact;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::render::Mail;
use crate::settings::{Security, Settings, SettingsError};

/// The longest wait for one answer of the mail server.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest a whole delivery may take, however slowly the server answers.
const DELIVERY: Duration = Duration::from_secs(120);
/// Replies that say this mailbox will not take this mail, now or later (RFC 5321 section 4.2.3).
const NEVER: [u16; 4] = [550, 551, 553, 554];

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The contact's address is none.
    #[error("{0} is not an e-mail address")]
    Address(String),
    /// The mail could not be put together.
    #[error("the mail cannot be put together")]
    Build(#[from] lettre::error::Error),
    /// The server will not take it.
    #[error("the mail server refused it for good ({status})")]
    Refused {
        /// Its reply code.
        status: u16,
        /// What it said.
        source: lettre::transport::smtp::Error,
    },
    /// The server does not take it now, or could not be reached.
    #[error("the mail server did not take it")]
    Later(#[source] lettre::transport::smtp::Error),
    /// The server answered too slowly.
    #[error("the mail server took longer than {} seconds", DELIVERY.as_secs())]
    TooSlow,
}

impl SendError {
    /// Whether trying again is of no use.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Address(_) | Self::Build(_) | Self::Refused { .. })
    }
}

/// Sends mails through one server.
#[derive(Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`SettingsError::Tls`], where TLS cannot be set up for the host.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let parameters = || TlsParameters::new(settings.host.clone()).map_err(SettingsError::Tls);
        let tls = match settings.security {
            Security::Plain => Tls::None,
            Security::StartTls => Tls::Required(parameters()?),
            Security::Tls => Tls::Wrapper(parameters()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(ANSWER));
        if let Some((user, password)) = &settings.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build(), from: settings.from.clone() })
    }

    /// The Message-ID of one contact's copy of a notice, see [`message_id`].
    pub(crate) fn message_id(&self, node: &str, of: impl Display, notice: (i64, u64), email: &str) -> String {
        message_id(node, self.from.email.domain(), of, notice, email)
    }

    /// Sends one mail to one contact. `Ok` means that the server has taken it over.
    ///
    /// # Errors
    /// Why it was not sent; see [`SendError::is_final`].
    pub async fn send(&self, to: &Contact, mail: &Mail, message_id: &str, date_ms: u64) -> Result<(), SendError> {
        let message = self.message(to, mail, message_id, date_ms)?;
        let sending = tokio::time::timeout(DELIVERY, self.transport.send(message));
        match sending.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(source)) => Err(match source.status().map(u16::from) {
                Some(status) if NEVER.contains(&status) => SendError::Refused { status, source },
                _ => SendError::Later(source),
            }),
            Err(_) => Err(SendError::TooSlow),
        }
    }

    /// The message as it goes out.
    pub(crate) fn message(
        &self,
        to: &Contact,
        mail: &Mail,
        message_id: &str,
        date_ms: u64,
    ) -> Result<Message, SendError> {
        let address = to.email.trim().parse().map_err(|_| SendError::Address(to.email.clone()))?;
        let name = one_line(&to.name);
        let to = Mailbox::new((!name.is_empty()).then_some(name), address);
        let part = |kind, body: &str| SinglePart::builder().header(kind).body(body.to_owned());
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(one_line(&mail.subject))
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(date_ms))
            .message_id(Some(message_id.to_owned()))
            // RFC 3834: written by a program; absence notes need not answer it. The second is Exchange's own.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        if mail.urgent {
            builder = builder.raw_header(header("Importance", "high")).raw_header(header("X-Priority", "1"));
        }
        let parts = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &mail.html));
        Ok(builder.multipart(parts)?)
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Header text without anything that could begin another line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// The Message-ID of one contact's copy of a notice (number and time queued) of an account: the same on every try, so that a mail sent
/// twice because of a crash can be recognised as one.
#[must_use]
pub fn message_id(node: &str, domain: &str, of: impl Display, notice: (i64, u64), email: &str) -> String {
    let (id, created_ms) = notice;
    let copy = fnv1a(format!("{node}\n{of}\n{}", email.trim().to_lowercase()).as_bytes());
    format!("<tollguard.{created_ms}.{id}.{copy:016x}@{domain}>")
}

/// FNV-1a, 64 bits: spreads well and never changes between versions, which the standard library's hasher may.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
