//! Opening: a listening socket, an accepted connection, a connection of our own.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use account::Transport;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::start::Sharing;

/// Connections the kernel keeps for us until they are accepted.
const BACKLOG: i32 = 256;

/// One address we listen on.
pub(super) struct Listener {
    pub(super) local: SocketAddr,
    pub(super) transport: Transport,
    listener: TcpListener,
}

impl Listener {
    pub(super) fn bind(
        address: SocketAddr,
        transport: Transport,
        sharing: Sharing,
        token: Token,
        registry: &Registry,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        // A node that was restarted must not wait for the connections of its predecessor to be forgotten.
        socket.set_reuse_address(true)?;
        sharing.bind(&socket, address)?;
        socket.listen(BACKLOG)?;
        let mut listener = TcpListener::from_std(socket.into());
        registry.register(&mut listener, token, Interest::READABLE)?;
        Ok(Self { local: listener.local_addr()?, transport, listener })
    }

    /// The next connection that waits: the stream, our address, the peer's.
    pub(super) fn accept(&self) -> Option<(TcpStream, SocketAddr, SocketAddr)> {
        loop {
            match self.listener.accept() {
                Ok((stream, remote)) => {
                    prepare(&stream);
                    return Some((stream, self.local, remote));
                }
                // A peer that was gone before it was looked at is no reason to stop.
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    return None;
                }
            }
        }
    }
}

/// Begins a connection without waiting for it; `from` is our own address.
pub(super) fn connect(from: Option<IpAddr>, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if let Some(ip) = from {
        socket.bind(&SocketAddr::new(ip, 0).into())?;
    }
    match socket.connect(&to.into()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        #[cfg(unix)]
        Err(error) if error.raw_os_error() == Some(IN_PROGRESS) => {}
        Err(error) => return Err(error),
    }
    let stream = TcpStream::from_std(socket.into());
    prepare(&stream);
    Ok(stream)
}

/// The system's word for a connection that has begun.
#[cfg(unix)]
const IN_PROGRESS: i32 = libc::EINPROGRESS;

/// Messages go out as they are written.
fn prepare(stream: &TcpStream) {
    // What the system does not grant is slower, not wrong.
    let _ = SockRef::from(stream).set_tcp_nodelay(true);
}
