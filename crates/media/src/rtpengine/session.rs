//! One call at an rtpengine: where its sides want their streams, and what is under way for it.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{PortPair, RelayAddresses, RelaySession, Sdp, Side};

/// The discard port: what a side is said to want before it has said so itself.
const NOWHERE: u16 = 9;

/// How far it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The ports towards side B are asked for.
    Offering,
    /// Those towards side A, too.
    Answering {
        /// Where side B shall send.
        b: RelayAddresses,
    },
    /// Both sides have ports.
    Open,
}

/// Where a side wants one stream: RTP and RTCP.
type Ends = Option<(SocketAddr, SocketAddr)>;

#[derive(Debug)]
pub(super) struct Session {
    /// Which rtpengine has it.
    pub server: usize,
    pub stage: Stage,
    /// Whether it is silent; counted as the built-in relay does.
    pub life: RelaySession,
    /// For each stream the sides' wishes, at [`Side::index`].
    wishes: Vec<[Ends; 2]>,
    /// Sides whose wishes are not told yet, and those of which a telling is under way.
    pub untold: [bool; 2],
    pub telling: [bool; 2],
    /// rtpengines that were tried in vain before.
    pub tried: usize,
    pub next_poll_ms: u64,
    pub polling: bool,
    /// rtpengine does not know it any more.
    pub is_lost: bool,
}

impl Session {
    pub fn new(server: usize, streams: usize, now_ms: u64) -> Self {
        Self {
            server,
            stage: Stage::Offering,
            life: RelaySession::new(streams, now_ms),
            wishes: vec![[None; 2]; streams],
            untold: [false; 2],
            telling: [false; 2],
            tried: 0,
            next_poll_ms: now_ms,
            polling: false,
            is_lost: false,
        }
    }

    pub fn announce(&mut self, side: Side, stream: usize, rtp: SocketAddr, rtcp: SocketAddr, now_ms: u64) {
        self.life.set_announced(side, stream, rtp, rtcp, now_ms);
        let wish = self.wishes.get_mut(stream).and_then(|sides| sides.get_mut(side.index()));
        if let Some(wish) = wish
            && *wish != Some((rtp, rtcp))
        {
            *wish = Some((rtp, rtcp));
            self.tell(side);
        }
    }

    /// The side's wishes have to be told (again).
    pub fn tell(&mut self, side: Side) {
        if let Some(untold) = self.untold.get_mut(side.index()) {
            *untold = true;
        }
    }

    /// A side's wishes as a session description of plain RTP: it is rtpengine's alone, and whatever the call's own
    /// descriptions agree on (SRTP keys, codecs) goes through between the two parties.
    pub fn description(&self, side: Side, is_v6: bool) -> String {
        let nowhere: IpAddr = if is_v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let mut text = format!("v=0\r\no=- 1 1 IN {0}\r\ns=-\r\nc=IN {0}\r\nt=0 0\r\n", Net(nowhere));
        for sides in &self.wishes {
            let wish = sides.get(side.index()).copied().flatten();
            let nowhere = SocketAddr::new(nowhere, NOWHERE);
            let (rtp, rtcp) = wish.unwrap_or((nowhere, nowhere));
            let _ = write!(text, "m=audio {} RTP/AVP 0\r\nc=IN {}\r\n", rtp.port(), Net(rtp.ip()));
            if wish.is_some() {
                let _ = write!(text, "a=rtcp:{} IN {}\r\n", rtcp.port(), Net(rtcp.ip()));
            }
        }
        text
    }
}

/// An address in a c-line.
struct Net(IpAddr);

impl std::fmt::Display for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => write!(f, "IP4 {ip}"),
            IpAddr::V6(ip) => write!(f, "IP6 {ip}"),
        }
    }
}

/// The ports that an rtpengine has opened; `None` where its answer does not name `streams` of them on one address.
pub(super) fn opened(sdp: &[u8], streams: usize) -> Option<RelayAddresses> {
    let sdp = Sdp::parse(sdp).ok()?;
    let found: Option<Vec<_>> =
        sdp.streams().map(|stream| Some((stream.addr()?, stream.rtcp_addr()?.port()))).collect();
    let found = found?;
    let ip = found.first()?.0.ip();
    let fits = found.len() == streams && found.iter().all(|(rtp, _)| rtp.ip() == ip);
    let pair = |(rtp, rtcp): &(SocketAddr, u16)| PortPair { rtp: rtp.port(), rtcp: *rtcp };
    fits.then(|| RelayAddresses { ip, other_ip: None, streams: found.iter().map(pair).collect() })
}
