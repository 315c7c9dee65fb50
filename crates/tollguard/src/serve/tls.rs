//! The certificates for SIP over TLS: loaded at the start, and again whenever their files change.

use std::sync::Arc;
use std::time::Duration;

use net::{Identity, TlsConfig, TlsError};

use crate::config::Config;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the configuration says about TLS, with its files loaded.
///
/// # Errors
/// [`TlsError`] where a file cannot be used.
pub(super) fn load(config: &Config) -> Result<TlsConfig, TlsError> {
    let Some(tls) = &config.tls else { return Ok(TlsConfig::default()) };
    let first = tls.certificate.clone().zip(tls.key.clone());
    let identity = Identity::load(first.into_iter().chain(tls.others.iter().cloned()))?.map(Arc::new);
    Ok(TlsConfig { listen: tls.listen.clone(), identity, clients: tls.clients.clone(), trusted: tls.trusted.clone() })
}

/// Loads the certificate again whenever its files change, until it is dropped with its runtime.
pub(super) async fn keep_fresh(identity: Arc<Identity>) {
    let mut timer = tokio::time::interval(LOOK_EVERY);
    loop {
        timer.tick().await;
        let identity = Arc::clone(&identity);
        match tokio::task::spawn_blocking(move || identity.reload_if_changed()).await {
            Ok(Ok(true)) => tracing::info!("the certificate for SIP over TLS was loaded again"),
            Ok(Err(error)) => tracing::error!(%error, "the certificate for SIP over TLS stays as it was"),
            Ok(Ok(false)) | Err(_) => {}
        }
    }
}
