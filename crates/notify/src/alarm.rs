//! Mails about the node's own disk: they go straight to the mail server, since the outbox lies on that disk.

use account::Contact;

use crate::links::PortalUrl;
use crate::mailer::{Mailer, SendError};
use crate::render::{DiskAlarm, RenderError, render_alarm};
use crate::settings::{Settings, SettingsError};

/// Why nobody could be told.
#[derive(Debug, thiserror::Error)]
pub enum AlarmError {
    /// The mail could not be made.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// It could not be sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Tells a node's administrators of its disk.
#[derive(Debug)]
pub struct Alarms {
    mailer: Mailer,
    portal: PortalUrl,
    node: String,
}

impl Alarms {
    /// For the node of that name.
    ///
    /// # Errors
    /// [`SettingsError::Tls`], where TLS cannot be set up for the mail server.
    pub fn new(settings: &Settings, node: impl Into<String>) -> Result<Self, SettingsError> {
        Ok(Self { mailer: Mailer::new(settings)?, portal: settings.portal.clone(), node: node.into() })
    }

    /// Tells one of them what became of the disk at `at_ms`; the same again has the same Message-ID.
    ///
    /// # Errors
    /// [`AlarmError`]: whether another try is of use, [`SendError::is_final`] says.
    pub async fn tell(&self, to: &Contact, alarm: DiskAlarm, at_ms: u64) -> Result<(), AlarmError> {
        let mail = render_alarm(alarm, &self.node, &self.portal, at_ms)?;
        let message_id = self.mailer.message_id(&self.node, format!("{alarm:?}"), (0, at_ms), &to.email);
        Ok(self.mailer.send(to, &mail, &message_id, at_ms).await?)
    }
}
