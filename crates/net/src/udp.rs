//! SIP over UDP: a worker's socket for each configured address.

use std::io::ErrorKind;
use std::net::SocketAddr;

use account::{Flow, Transport};
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;
use socket2::{Domain, Protocol, Socket, Type};

use crate::NetError;
use crate::start::Sharing;

/// Kernel buffer asked for in each direction: bursts of calls must not be lost while a snapshot is copied, nor calls in a
/// flood while another process has the processor.
const SOCKET_BUFFER: usize = 8 * 1024 * 1024;
/// Datagrams read from one socket before the others get their turn.
const BURST: usize = 64;
/// The largest datagram there is.
pub const MAX_DATAGRAM: usize = 65_535;

/// The SIP sockets.
#[derive(Debug)]
pub struct Sockets {
    sockets: Vec<(SocketAddr, UdpSocket)>,
}

impl Sockets {
    /// Binds every address (port 0: any free port) and registers the sockets under tokens 0, 1, ...
    pub fn bind(addresses: &[SocketAddr], sharing: Sharing, registry: &Registry) -> Result<Self, NetError> {
        let mut sockets = Vec::new();
        for (number, &address) in addresses.iter().enumerate() {
            let listen = |source| NetError::Listen { address, source };
            let mut socket = open(address, sharing).map_err(listen)?;
            registry.register(&mut socket, Token(number), Interest::READABLE).map_err(listen)?;
            sockets.push((socket.local_addr().map_err(listen)?, socket));
        }
        Ok(Self { sockets })
    }

    /// The addresses that are bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|(address, _)| *address).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Reads what waits on socket `number`, at most a burst; true where more may wait.
    pub fn receive(&self, number: usize, buffer: &mut [u8], mut each: impl FnMut(Flow, &[u8])) -> bool {
        let Some((local, socket)) = self.sockets.get(number) else { return false };
        for _ in 0..BURST {
            match socket.recv_from(buffer) {
                Ok((length, remote)) => {
                    let flow = Flow { local: *local, remote, transport: Transport::Udp, connection: 0 };
                    each(flow, buffer.get(..length).unwrap_or_default());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                // An ICMP error of an earlier send (ECONNREFUSED) is reported here; the transaction times out by itself.
                Err(_) => {}
            }
        }
        true
    }

    /// Sends a datagram from the flow's own local address. A full buffer loses it, as the network may: timers resend.
    pub fn send(&self, flow: &Flow, bytes: &[u8]) {
        let socket = self.sockets.iter().find(|(local, _)| *local == flow.local).or(self.sockets.first());
        if let Some((_, socket)) = socket
            && let Err(error) = socket.send_to(bytes, flow.remote)
        {
            tracing::debug!(remote = %flow.remote, %error, "a datagram was not sent");
        }
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
    Ok(UdpSocket::from_std(socket.into()))
}
