//! Certificates that peers have shown on their TLS connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::CertificateName;

/// Connections whose certificates are remembered: all that a node may have.
const MAX_CERTIFICATES: usize = 8_192;

/// What a peer has proven by its certificate and the key to it: the certificate's fingerprint, and its domains where an
/// authority vouches for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate(pub Vec<CertificateName>);

/// Certificates by the number of their connection, until that ends.
#[derive(Debug, Default)]
pub(crate) struct Certificates(BTreeMap<u64, Arc<Certificate>>);

impl Certificates {
    pub fn shown(&mut self, connection: u64, certificate: Arc<Certificate>) {
        if self.0.len() < MAX_CERTIFICATES {
            self.0.insert(connection, certificate);
        }
    }

    pub fn ended(&mut self, connection: u64) {
        self.0.remove(&connection);
    }

    /// The names that the peer of a connection has proven.
    pub fn names(&self, connection: u64) -> &[CertificateName] {
        self.0.get(&connection).map_or(&[], |certificate| &certificate.0)
    }
}
