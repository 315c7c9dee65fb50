//! SIP over TLS: real telephones, a certificate that is renewed during a call, a PBX's node behind a provider's node.

use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::{Baresip, CARRIER, Hosts, Node, NodeOptions, Office, Sipp, secret};

const ALICE_HZ: u16 = 440;
const BOB_HZ: u16 = 1_000;

/// A certificate for an address, with its key, in a folder of its own.
struct Certificate {
    folder: TempDir,
    hosts: Hosts,
    name: String,
}

impl Certificate {
    fn new(hosts: Hosts) -> Self {
        Self::of(hosts, &hosts.node().to_string())
    }

    /// For a name.
    fn of(hosts: Hosts, name: &str) -> Self {
        let certificate = Self { folder: tempfile::tempdir().unwrap(), hosts, name: name.to_owned() };
        certificate.renew();
        certificate
    }

    /// As `tollguard line add` wants it; openssl's word for it.
    fn fingerprint(&self) -> String {
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(self.path("cert.pem"));
        let said = String::from_utf8(openssl.output().unwrap().stdout).unwrap();
        format!("sha256:{}", said.trim().rsplit('=').next().unwrap())
    }

    fn renew(&self) {
        let made = rcgen::generate_simple_self_signed(vec![self.name.clone()]).unwrap();
        std::fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(self.path("cert.pem"), made.cert.pem()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The options of a node that listens with it.
    fn options(&self) -> NodeOptions {
        let listen = SocketAddr::from((self.hosts.node(), 5061));
        NodeOptions::default()
            .set("listen", &format!("[\"{listen}\"]"))
            .set("certificate", &format!("{:?}", self.path("cert.pem")))
            .set("key", &format!("{:?}", self.path("key.pem")))
    }
}

#[test]
fn a_call_over_tls_lives_on_while_the_certificate_is_renewed() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let certificate = Certificate::new(hosts);
    let mut node = Node::start(hosts, &certificate.options(), &office);
    let mut alice = Baresip::start_over("tls", &node, "alice", 10, ALICE_HZ, "");
    let mut bob = Baresip::start_over("tls", &node, "bob", 11, BOB_HZ, ";answermode=auto");
    alice.tell("dial", "sip:102@sip.test");
    alice.expect_event("CALL_ESTABLISHED");
    bob.expect_event("CALL_ESTABLISHED");
    certificate.renew();
    node.expect_line("the certificate for SIP over TLS was loaded again");
    alice.expect_tone(BOB_HZ, ALICE_HZ);
    bob.expect_tone(ALICE_HZ, BOB_HZ);
    bob.tell("hangup", "");
    alice.expect_event("CALL_CLOSED");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.from.transport.as_str()), (200, "TLS"));
}

#[test]
fn a_pbx_calls_through_its_provider_over_tls() {
    let (provider_hosts, pbx_hosts) = (Hosts::new(), Hosts::new());
    let certificate = Certificate::new(provider_hosts);
    let customers = Office::new(provider_hosts.sip(2), "10").trunk("pbx", "customer");
    let provider = Node::start(provider_hosts, &certificate.options(), &customers);
    let firm = Office::new(pbx_hosts.sip(2), "10")
        .carrier(CARRIER, (provider.ip(), 5061).into(), Some((&secret("customer"), None)))
        .over("tls")
        .extension("101", "alice");
    let trusting = NodeOptions::default().set("trusted", &format!("{:?}", certificate.path("cert.pem")));
    let pbx = Node::start(pbx_hosts, &trusting, &firm);
    let carrier = Sipp::answering("answer", provider_hosts.sip(2), provider.ip()).start();
    let phone = Sipp::calling("call", pbx_hosts.sip(10), pbx.ip()).dial("13035550123");
    phone.login("alice", &secret("alice")).run();
    carrier.finish();
    assert_eq!(pbx.expect_cdr().result.sip_status, 200);
    let cdr = provider.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.from.transport.as_str()), (200, "TLS"));
    assert_eq!(cdr.from.ip, pbx.ip());
}

#[test]
fn rfc_5922_a_pbx_is_known_by_the_domain_or_the_fingerprint_of_its_certificate() {
    for by_domain in [true, false] {
        let (provider_hosts, pbx_hosts) = (Hosts::new(), Hosts::new());
        let (provider_shows, pbx_shows) =
            (Certificate::new(provider_hosts), Certificate::of(pbx_hosts, "pbx.firm.test"));
        let known_by = if by_domain { "pbx.firm.test".to_owned() } else { pbx_shows.fingerprint() };
        let customers = Office::new(provider_hosts.sip(2), "10").trunk_with("pbx", &known_by);
        // Who nobody vouches for is known by the fingerprint alone.
        let vouched = if by_domain { pbx_shows.path("cert.pem") } else { provider_shows.path("cert.pem") };
        let options = provider_shows.options().set("clients", &format!("{vouched:?}"));
        let provider = Node::start(provider_hosts, &options, &customers);
        let firm = Office::new(pbx_hosts.sip(2), "10").carrier(CARRIER, (provider.ip(), 5061).into(), None);
        let trusting = pbx_shows.options().set("trusted", &format!("{:?}", provider_shows.path("cert.pem")));
        let pbx = Node::start(pbx_hosts, &trusting, &firm.over("tls").extension("101", "alice"));
        let carrier = Sipp::answering("answer", provider_hosts.sip(2), provider.ip()).start();
        let phone = Sipp::calling("call", pbx_hosts.sip(10), pbx.ip()).dial("13035550123");
        phone.login("alice", &secret("alice")).run();
        carrier.finish();
        let cdr = provider.expect_cdr();
        assert_eq!((cdr.result.sip_status, cdr.who.line), (200, "pbx".parse().ok()), "by domain: {by_domain}");
    }
}

#[test]
fn a_pbx_with_another_certificate_is_asked_for_a_secret() {
    let (provider_hosts, pbx_hosts) = (Hosts::new(), Hosts::new());
    let (provider_shows, pbx_shows) = (Certificate::new(provider_hosts), Certificate::of(pbx_hosts, "pbx.firm.test"));
    // Its name is right, but nobody vouches for it.
    let customers = Office::new(provider_hosts.sip(2), "10").trunk_with("pbx", "pbx.firm.test");
    let provider = Node::start(provider_hosts, &provider_shows.options(), &customers);
    let firm = Office::new(pbx_hosts.sip(2), "10").carrier(CARRIER, (provider.ip(), 5061).into(), None);
    let trusting = pbx_shows.options().set("trusted", &format!("{:?}", provider_shows.path("cert.pem")));
    let pbx = Node::start(pbx_hosts, &trusting, &firm.over("tls").extension("101", "alice"));
    let phone = Sipp::calling("call_refused", pbx_hosts.sip(10), pbx.ip()).dial("13035550123");
    phone.login("alice", &secret("alice")).run();
    assert_ne!(pbx.expect_cdr().result.sip_status, 200);
    assert!(provider.cdrs().is_empty());
}
