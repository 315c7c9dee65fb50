//! SIP over UDP: a worker's socket for each configured address.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use account::Flow;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use socket2::{Domain, Protocol, Socket, Type};

use crate::NetError;
use crate::batch::Inbox;
use crate::outbox::Outbox;
use crate::start::Sharing;
use crate::steer;

/// Kernel buffer asked for in each direction: bursts of calls must not be lost while a snapshot is copied, nor calls in a
/// flood while another process has the processor.
const SOCKET_BUFFER: usize = 8 * 1024 * 1024;
/// The largest datagram there is.
pub const MAX_DATAGRAM: usize = 65_535;

/// The SIP sockets.
#[derive(Debug)]
pub struct Sockets {
    sockets: Vec<Bound>,
}

#[derive(Debug)]
struct Bound {
    local: SocketAddr,
    socket: UdpSocket,
    outbox: Outbox,
}

impl Sockets {
    /// Binds every address (port 0: any free port) and registers the sockets under tokens 0, 1, ...
    pub fn bind(addresses: &[SocketAddr], sharing: Sharing, registry: &Registry) -> Result<Self, NetError> {
        let mut sockets = Vec::new();
        for (number, &address) in addresses.iter().enumerate() {
            let listen = |source| NetError::Listen { address, source };
            let mut socket = open(address, sharing).map_err(listen)?;
            registry.register(&mut socket, Token(number), Interest::READABLE).map_err(listen)?;
            let local = socket.local_addr().map_err(listen)?;
            sockets.push(Bound { local, socket, outbox: Outbox::new() });
        }
        Ok(Self { sockets })
    }

    /// The addresses that are bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|bound| bound.local).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Reads what waits on socket `number`, at most a batch, before the others get their turn: its address, and whether more
    /// may wait.
    pub fn receive(&self, number: usize, inbox: &mut Inbox) -> Option<(SocketAddr, bool)> {
        let Bound { local, socket, .. } = self.sockets.get(number)?;
        // An ICMP error of an earlier send (ECONNREFUSED) is reported here; the transaction times out by itself.
        let is_left = match inbox.receive(socket) {
            Ok(_) => inbox.is_full(),
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        Some((*local, is_left))
    }

    /// Puts a datagram down to be sent from the flow's own local address.
    pub fn put(&mut self, flow: &Flow, bytes: Arc<[u8]>) {
        let number = self.sockets.iter().position(|bound| bound.local == flow.local).unwrap_or_default();
        let Some(bound) = self.sockets.get_mut(number) else { return };
        if bound.outbox.put(flow.remote, bytes) {
            bound.outbox.flush(&bound.socket);
        }
    }

    /// Sends what was put down.
    pub fn flush(&mut self) {
        self.sockets.iter_mut().for_each(|bound| bound.outbox.flush(&bound.socket));
    }
}

fn open(address: SocketAddr, sharing: Sharing) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // Root (CAP_NET_ADMIN) may have it all; others what net.core.rmem_max allows. Less is no error.
    if setsockopt(&socket, RcvBufForce, &SOCKET_BUFFER).is_err() {
        let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    }
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    sharing.bind(&socket, address)?;
    if sharing.is_last() {
        steer::to_workers(&socket);
    }
    Ok(UdpSocket::from_std(socket.into()))
}
