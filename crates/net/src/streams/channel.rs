//! The bytes of a connection, in the clear or through TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use account::Transport;
use edge::Certificate;
use mio::net::TcpStream;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConnection};

use crate::tls::{Asking, Server};

/// A stream, and what encrypts it.
pub(super) struct Channel {
    stream: TcpStream,
    tls: Option<Box<Connection>>,
    /// Who judges the peer's certificates, until that is done.
    asking: Option<Arc<Asking>>,
}

impl Channel {
    /// One that a peer has opened.
    pub(super) fn accepted(stream: TcpStream, transport: Transport, server: Option<&Server>) -> io::Result<Self> {
        let Some(Server { config, asking }) = server.filter(|_| transport == Transport::Tls) else {
            return Ok(Self { stream, tls: None, asking: None });
        };
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Self { stream, tls: Some(Box::new(Connection::Server(connection))), asking: Some(Arc::clone(asking)) })
    }

    /// One of ours; over TLS the peer must prove `name`, a host name or an address.
    pub(super) fn opened(
        stream: TcpStream,
        transport: Transport,
        client: &Arc<ClientConfig>,
        name: &str,
    ) -> io::Result<Self> {
        if transport != Transport::Tls {
            return Ok(Self { stream, tls: None, asking: None });
        }
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(client), name).map_err(io::Error::other)?;
        Ok(Self { stream, tls: Some(Box::new(Connection::Client(connection))), asking: None })
    }

    /// What the peer has proven by its certificate; once, when its handshake is over.
    pub(super) fn proven(&mut self) -> Option<Certificate> {
        let tls = self.tls.as_ref().filter(|tls| !tls.is_handshaking())?;
        let asking = self.asking.take()?;
        asking.proven(tls.peer_certificates()?)
    }

    /// What the poller watches.
    pub(super) const fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Whether a connection of ours is there: taken by the peer, its name proven.
    ///
    /// # Errors
    /// Why it will never be; `WouldBlock` while it may be.
    pub(super) fn establish(&mut self) -> io::Result<()> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotConnected => return Err(ErrorKind::WouldBlock.into()),
            Err(error) => return Err(error),
        }
        self.flush()?;
        let proven = self.tls.as_ref().is_none_or(|tls| !tls.is_handshaking());
        if proven { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
    }

    /// As [`Read::read`]: 0 at the end, `WouldBlock` where nothing is there.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.stream.read(buffer) };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // An end without TLS's own farewell is an end all the same: messages say how long they are.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            if tls.read_tls(&mut self.stream)? == 0 {
                return Ok(0);
            }
            let processed = tls.process_new_packets();
            // The handshake's answer, or the alert that says why there is none.
            let flushed = flush(tls, &mut self.stream);
            processed.map_err(io::Error::other)?;
            match flushed {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
    }

    /// As [`Write::write`].
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.stream.write(bytes) };
        flush(tls, &mut self.stream)?;
        let length = tls.writer().write(bytes)?;
        match flush(tls, &mut self.stream) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(length),
        }
    }

    /// Writes what TLS still holds.
    ///
    /// # Errors
    /// `WouldBlock` where the peer takes no more.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.tls.as_mut().map_or(Ok(()), |tls| flush(tls, &mut self.stream))
    }
}

fn flush(tls: &mut Connection, stream: &mut TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(stream)?;
    }
    Ok(())
}
