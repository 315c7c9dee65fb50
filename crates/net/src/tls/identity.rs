//! Our certificates, one for each of our domains: they can be replaced while calls go on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::client::{ResolvesClientCert, verify_server_name};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{TlsError, file_error, read_certificates};

/// Our certificate chains and keys, each from two PEM files. Handshakes take the newest that was loaded; connections that
/// are up keep theirs.
#[derive(Debug)]
pub struct Identity {
    /// The first one stands in where a peer names none of our domains.
    pairs: Vec<Pair>,
}

/// A certificate with its key.
#[derive(Debug)]
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// When the files were changed last, as far as they were loaded.
    stamps: Mutex<[Option<SystemTime>; 2]>,
}

impl Identity {
    /// Loads certificates with their keys; `None` where there are none.
    ///
    /// # Errors
    /// [`TlsError`] where two files hold no certificate and its key.
    pub fn load(files: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Result<Option<Self>, TlsError> {
        let pairs: Vec<Pair> =
            files.into_iter().map(|(certificate, key)| Pair::load(certificate, key)).collect::<Result<_, _>>()?;
        Ok((!pairs.is_empty()).then_some(Self { pairs }))
    }

    /// Loads files again that have changed; true if what they hold is in use now. Files that cannot be used leave
    /// everything as it was; they are looked at again once they change.
    ///
    /// # Errors
    /// As [`Identity::load`].
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let results: Vec<_> = self.pairs.iter().map(Pair::reload_if_changed).collect();
        results.into_iter().try_fold(false, |changed, result| Ok(changed | result?))
    }

    /// The certificate for one of our names; the first where none is for it.
    fn for_name(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let fits = |pair: &&Pair| name.as_ref().is_some_and(|name| covers(&pair.current(), name));
        self.pairs.iter().find(fits).or(self.pairs.first()).map(Pair::current)
    }
}

/// Whether a certificate is for a name.
fn covers(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = key.cert.first().and_then(|own| ParsedCertificate::try_from(own).ok());
    parsed.is_some_and(|own| verify_server_name(&own, name).is_ok())
}

impl Pair {
    fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let stamps = Mutex::new([stamp(&certificate), stamp(&key)]);
        let current = RwLock::new(Arc::new(read(&certificate, &key)?));
        Ok(Self { certificate, key, current, stamps })
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn reload_if_changed(&self) -> Result<bool, TlsError> {
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
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.for_name(hello.server_name())
    }
}

/// Carriers that ask for it see the same certificate: the first.
impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.for_name(None)
    }

    fn has_certs(&self) -> bool {
        true
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

    use super::*;

    fn write(folder: &Path, file: &str, name: &str) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let (certificate, key) = (folder.join(format!("{file}.pem")), folder.join(format!("{file}.key")));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    }

    #[test]
    fn files_are_loaded_again_only_when_they_change_and_only_if_they_are_right() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = write(folder.path(), "one", "one.example");
        let identity = Identity::load([(certificate.clone(), key)]).unwrap().unwrap();
        let first = identity.for_name(None).unwrap();
        assert!(!identity.reload_if_changed().unwrap());
        let later = |seconds| SystemTime::now() + std::time::Duration::from_secs(seconds);
        let touch = |seconds| std::fs::File::open(&certificate).unwrap().set_modified(later(seconds)).unwrap();
        write(folder.path(), "one", "two.example");
        touch(10);
        assert!(identity.reload_if_changed().unwrap());
        let second = identity.for_name(None).unwrap();
        assert_ne!(first.cert, second.cert);
        std::fs::write(&certificate, "nonsense").unwrap();
        touch(20);
        assert!(identity.reload_if_changed().unwrap_err().to_string().contains("one.pem"));
        assert!(Arc::ptr_eq(&second, &identity.for_name(None).unwrap()));
        assert!(!identity.reload_if_changed().unwrap());
    }

    #[test]
    fn each_domain_has_its_certificate_and_the_first_stands_in() {
        let folder = tempfile::tempdir().unwrap();
        let files = [write(folder.path(), "one", "one.example"), write(folder.path(), "two", "two.example")];
        let identity = Identity::load(files).unwrap().unwrap();
        let shown = |name: Option<&str>| identity.for_name(name).unwrap().cert.clone();
        assert_ne!(shown(Some("one.example")), shown(Some("two.example")));
        assert_eq!(shown(Some("three.example")), shown(Some("one.example")));
        assert_eq!(shown(None), shown(Some("one.example")));
    }
}
