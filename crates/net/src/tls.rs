//! TLS for SIP: our certificate, which can be replaced while calls go on, and whom we trust as carriers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

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

/// Our certificate chain and key, from two PEM files. Handshakes take the newest that was loaded; connections that are up
/// keep theirs.
#[derive(Debug)]
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// When the files were changed last, as far as they were loaded.
    stamps: Mutex<[Option<SystemTime>; 2]>,
}

impl Identity {
    /// Loads both files.
    ///
    /// # Errors
    /// [`TlsError`] where they hold no certificate and its key.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let stamps = Mutex::new([stamp(&certificate), stamp(&key)]);
        let current = RwLock::new(Arc::new(read(&certificate, &key)?));
        Ok(Self { certificate, key, current, stamps })
    }

    /// Loads the files again if one has changed; true if what they hold is in use now. Files that cannot be used leave
    /// everything as it was; they are looked at again once they change.
    ///
    /// # Errors
    /// As [`Identity::load`].
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let stamps = [stamp(&self.certificate), stamp(&self.key)];
        let mut known = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == stamps {
            return Ok(false);
        }
        *known = stamps;
        let fresh = Arc::new(read(&self.certificate, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn stamp(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = read_certificates(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| file_error(key, error))?;
    Ok(CertifiedKey::from_der(chain, key, &ring::default_provider())?)
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| file_error(path, error))?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|error| file_error(path, error))?;
    if certificates.is_empty() { Err(file_error(path, "it holds no certificate")) } else { Ok(certificates) }
}

/// How we answer peers who come over TLS.
pub(crate) fn server(identity: Arc<Identity>) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
    Ok(Arc::new(builder.with_cert_resolver(identity)))
}

/// How we go to carriers over TLS: they must prove their name (or address) by a certificate of a public authority, or of
/// one in the file `trusted`.
pub(crate) fn client(trusted: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = trusted {
        for certificate in read_certificates(path)? {
            roots.add(certificate)?;
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

    use super::*;

    fn write(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    }

    #[test]
    fn files_are_loaded_again_only_when_they_change_and_only_if_they_are_right() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = write(folder.path(), "one.example");
        let identity = Identity::load(certificate.clone(), key).unwrap();
        let first = Arc::clone(&identity.current.read().unwrap());
        assert!(!identity.reload_if_changed().unwrap());
        let later = |seconds| SystemTime::now() + std::time::Duration::from_secs(seconds);
        let touch = |seconds| std::fs::File::open(&certificate).unwrap().set_modified(later(seconds)).unwrap();
        write(folder.path(), "two.example");
        touch(10);
        assert!(identity.reload_if_changed().unwrap());
        let second = Arc::clone(&identity.current.read().unwrap());
        assert_ne!(first.cert, second.cert);
        std::fs::write(&certificate, "nonsense").unwrap();
        touch(20);
        assert!(identity.reload_if_changed().unwrap_err().to_string().contains("cert.pem"));
        assert!(Arc::ptr_eq(&second, &identity.current.read().unwrap()));
        assert!(!identity.reload_if_changed().unwrap());
    }
}
