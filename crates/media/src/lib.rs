//! Media without sockets: SDP rewriting, the decisions of the built-in RTP relay, its port pool, and the small voice
//! tools (RTP packets, G.711 mu-law, tones) by which simulated phones prove that a voice went through.
#![forbid(unsafe_code)]

mod command;
pub mod ports;
pub mod relay;
pub mod rtp;
pub mod rtpengine;
pub mod sdp;
pub mod tone;

pub use command::{PortPair, RelayAddresses, RelayCommand, RelayCounters, RelayEvent, RelayId, Side, SideCounters};
pub use ports::PortPool;
pub use relay::{Arrival, DropReason, Fate, PacketKind, RelaySession, Silence};
pub use rtp::RtpPacket;
pub use sdp::{Direction, Sdp, SdpError, Stream, rewrite, taken_up};

/// Most streams (m-lines) of one call that the relay carries; later m-lines are refused with port 0.
pub const MAX_STREAMS: usize = 4;
