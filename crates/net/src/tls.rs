//! TLS for SIP: our certificates, which can be replaced while calls go on, whom we trust as carriers, and what trunks prove.

mod client_auth;
mod identity;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

pub(crate) use client_auth::Asking;
pub use identity::Identity;

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as what it should be.
    #[error("{path} cannot be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key does not belong to the certificate, or something as basic.
    #[error("the certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

fn file_error(path: &Path, reason: impl ToString) -> TlsError {
    TlsError::File { path: path.to_owned(), reason: reason.to_string() }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| file_error(path, error))?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|error| file_error(path, error))?;
    if certificates.is_empty() { Err(file_error(path, "it holds no certificate")) } else { Ok(certificates) }
}

/// How we answer peers who come over TLS.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub config: Arc<ServerConfig>,
    pub asking: Arc<Asking>,
}

impl Server {
    /// With our certificates; `clients` is a PEM file of authorities that may vouch for trunks.
    pub fn new(identity: Arc<Identity>, clients: Option<&Path>) -> Result<Self, TlsError> {
        let asking = Arc::new(Asking::new(clients)?);
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        let builder = builder.with_client_cert_verifier(Arc::clone(&asking) as Arc<dyn ClientCertVerifier>);
        Ok(Self { config: Arc::new(builder.with_cert_resolver(identity)), asking })
    }
}

/// How we go to carriers over TLS: they must prove their name (or address) by a certificate of a public authority, or of
/// one in the file `trusted`. Those that ask who we are see our own certificate.
pub(crate) fn client(trusted: Option<&Path>, identity: Option<&Arc<Identity>>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = trusted {
        for certificate in read_certificates(path)? {
            roots.add(certificate)?;
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots);
    Ok(Arc::new(match identity {
        Some(identity) => builder.with_client_cert_resolver(Arc::clone(identity) as Arc<dyn ResolvesClientCert>),
        None => builder.with_no_client_auth(),
    }))
}
