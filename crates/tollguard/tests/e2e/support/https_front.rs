//! The web before a node: a forward proxy that leads every CONNECT to itself, and there a TLS server under a foreign name,
//! which passes requests on to the node's portal and says for whom. So a program whose host is fixed reaches the node.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// The front of one node.
pub struct HttpsFront {
    address: SocketAddr,
    folder: TempDir,
}

impl HttpsFront {
    /// Under `name`, at `address`, before the portal at `node`; requests are said to come from `client`.
    pub fn start(name: &str, address: SocketAddr, node: SocketAddr, client: IpAddr) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind(address).unwrap();
        let (address, config) = (listener.local_addr().unwrap(), Arc::new(config));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                std::thread::spawn(move || pass_on(stream, config, node, client));
            }
        });
        Self { address, folder }
    }

    /// Its address as a proxy.
    pub fn proxy(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The certificate to trust.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

/// One connection: CONNECT, TLS, one request.
fn pass_on(stream: TcpStream, config: Arc<ServerConfig>, node: SocketAddr, client: IpAddr) -> Option<()> {
    let mut plain = BufReader::new(stream);
    assert!(head(&mut plain)?.starts_with("CONNECT "));
    let mut stream = plain.into_inner();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let mut tls = BufReader::new(StreamOwned::new(ServerConnection::new(config).ok()?, stream));
    let request = head(&mut tls)?;
    let (line, rest) = request.split_once("\r\n")?;
    let rest: Vec<&str> = rest.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:")).collect();
    let rest = rest.join("\r\n");
    let mut upstream = TcpStream::connect(node).ok()?;
    let request = format!("{line}\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n{rest}\r\n");
    upstream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).ok()?;
    let mut tls = tls.into_inner();
    tls.write_all(&answer).ok()?;
    tls.conn.send_close_notify();
    tls.flush().ok()
}

/// The head of a request with its empty line; none of the requests here has a body.
fn head(from: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if from.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}
