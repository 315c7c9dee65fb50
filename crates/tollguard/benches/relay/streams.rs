//! The two ends of a relayed stream of voice.

use std::net::{IpAddr, SocketAddr, UdpSocket};

/// 20 ms of G.711 behind an RTP header.
const PACKET_BYTES: usize = 172;

/// Two phones that talk through a relay.
pub struct Stream {
    a: UdpSocket,
    b: UdpSocket,
    /// The relay's port for each of them.
    pub a_sends_to: SocketAddr,
    pub b_sends_to: SocketAddr,
}

impl Stream {
    /// Phones at these addresses, on free ports; the relay's are not known yet.
    pub fn new(a: IpAddr, b: IpAddr) -> Self {
        let bind = |ip| {
            let socket = UdpSocket::bind(SocketAddr::new(ip, 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        let nowhere = SocketAddr::new(a, 0);
        Self { a: bind(a), b: bind(b), a_sends_to: nowhere, b_sends_to: nowhere }
    }

    pub fn a(&self) -> SocketAddr {
        self.a.local_addr().unwrap()
    }

    pub fn b(&self) -> SocketAddr {
        self.b.local_addr().unwrap()
    }

    /// One packet from each; how many.
    pub fn send(&self) -> u64 {
        let mut packet = [0xd5; PACKET_BYTES];
        packet[..12].copy_from_slice(&[0x80, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4]);
        self.a.send_to(&packet, self.a_sends_to).unwrap();
        self.b.send_to(&packet, self.b_sends_to).unwrap();
        2
    }

    /// Takes what has come to either; how many packets.
    pub fn receive(&self) -> u64 {
        let mut packet = [0; 2 * PACKET_BYTES];
        let mut count = 0;
        for socket in [&self.a, &self.b] {
            while socket.recv(&mut packet).is_ok() {
                count += 1;
            }
        }
        count
    }
}

/// A session description of one stream that is heard at `at`.
pub fn sdp(at: SocketAddr) -> String {
    let ip = at.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n",
        at.port()
    )
}

/// The port of the stream in a message with a session description.
pub fn port_of(message: &str) -> u16 {
    let rest = message.split("m=audio ").nth(1).unwrap_or_else(|| panic!("no stream in\n{message}"));
    rest.split(' ').next().unwrap().parse().unwrap()
}
