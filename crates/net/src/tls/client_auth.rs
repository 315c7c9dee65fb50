//! Certificates of those who come to us over TLS: asked for and never demanded; what they prove (RFC 5922).

use std::path::Path;
use std::sync::Arc;

use account::CertificateName;
use edge::Certificate;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{TlsError, read_certificates};

/// Most domains that are taken from one certificate.
const MAX_DOMAINS: usize = 32;

/// Asks every client for a certificate. Whoever has the key to the one it shows may speak: what that proves is found out
/// by [`Asking::proven`].
#[derive(Debug)]
pub(crate) struct Asking {
    provider: Arc<CryptoProvider>,
    /// Who may vouch for domains.
    authorities: Option<Arc<dyn ClientCertVerifier>>,
}

impl Asking {
    /// With the authorities in a PEM file.
    pub fn new(authorities: Option<&Path>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = authorities.map(|path| {
            let mut roots = RootCertStore::empty();
            for certificate in read_certificates(path)? {
                roots.add(certificate)?;
            }
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            builder.build().map_err(|error| super::file_error(path, error))
        });
        Ok(Self { provider, authorities: verifier.transpose()? })
    }

    /// What a client has proven by the certificates it showed: the first one's fingerprint, and its domains if an
    /// authority vouches for it.
    pub fn proven(&self, shown: &[CertificateDer<'_>]) -> Option<Certificate> {
        let (own, others) = shown.split_first()?;
        let mut names = vec![CertificateName::Sha256(Sha256::digest(own).into())];
        let is_vouched_for =
            |verifier: &Arc<dyn ClientCertVerifier>| verifier.verify_client_cert(own, others, UnixTime::now()).is_ok();
        if self.authorities.as_ref().is_some_and(is_vouched_for) {
            names.extend(domains(own).into_iter().map(CertificateName::Domain));
        }
        Some(Certificate(names))
    }
}

/// The SIP domains of a certificate (RFC 5922 section 7.1): those of its `sip:` URIs, or of its DNS names where it has no
/// such URI. Neither the subject's common name nor wildcards count.
fn domains(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let (mut uris, mut hosts) = (Vec::new(), Vec::new());
    for name in &names.value.general_names {
        match name {
            GeneralName::URI(uri) => uris.extend(uri.strip_prefix("sip:").filter(|rest| !rest.contains('@'))),
            GeneralName::DNSName(host) => hosts.push(*host),
            _ => {}
        }
    }
    let found = if uris.is_empty() { hosts } else { uris };
    let usable = found.into_iter().filter(|domain| !domain.contains('*'));
    usable.take(MAX_DOMAINS).map(str::to_ascii_lowercase).collect()
}

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};

    use super::*;

    /// A certificate with these names that an authority vouches for; the authority's file.
    fn vouched(folder: &Path, names: Vec<SanType>) -> (CertificateDer<'static>, std::path::PathBuf) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = folder.join("authority.pem");
        std::fs::write(&file, authority.pem()).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = names;
        let own = params.signed_by(&KeyPair::generate().unwrap(), &authority).unwrap();
        (own.der().clone(), file)
    }

    fn texts(proven: Option<Certificate>) -> Vec<String> {
        proven.unwrap().0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn section_7_1_sip_uris_before_dns_names_no_wildcards_and_nothing_that_nobody_vouches_for() {
        let folder = tempfile::tempdir().unwrap();
        let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
        let uri = |uri: &str| SanType::URI(uri.try_into().unwrap());
        let (own, file) = vouched(folder.path(), vec![dns("pbx.example.net"), dns("*.example.org")]);
        let print = CertificateName::Sha256(Sha256::digest(&own).into()).to_string();
        let asking = Asking::new(Some(&file)).unwrap();
        assert_eq!(texts(asking.proven(std::slice::from_ref(&own))), [print.as_str(), "pbx.example.net"]);
        assert_eq!(texts(Asking::new(None).unwrap().proven(&[own])), [print]);
        assert_eq!(asking.proven(&[]), None);
        let names = vec![dns("pbx.example.net"), uri("sip:Example.com"), uri("sip:bob@example.com")];
        let (own, file) = vouched(folder.path(), names);
        assert_eq!(texts(Asking::new(Some(&file)).unwrap().proven(&[own]))[1..], ["example.com"]);
    }
}
