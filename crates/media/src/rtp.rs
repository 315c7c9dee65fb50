//! RTP packets (RFC 3550 §5.1): build and parse.

/// Length of the fixed header in bytes.
const HEADER_BYTES: usize = 12;
/// Payload type of G.711 mu-law, 8000 samples a second (RFC 3551 §6).
pub const PAYLOAD_PCMU: u8 = 0;

/// Why bytes are not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// The version bits are not 2.
    #[error("the packet is not RTP version 2")]
    BadVersion,
    /// Header, contributing sources, extension or padding reach beyond the packet's end.
    #[error("the packet is cut short")]
    CutShort,
}

/// An RTP packet without contributing sources and header extensions; the parser skips those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// What the payload is, 0-127.
    pub payload_type: u8,
    /// Marker bit: for audio, the first packet after silence.
    pub marker: bool,
    /// Counts packets and wraps.
    pub sequence: u16,
    /// Sampling time of the first sample, in samples; wraps.
    pub timestamp: u32,
    /// Names the sender's stream.
    pub ssrc: u32,
    /// The samples, encoded.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Parses a packet; padding is cut off.
    ///
    /// # Errors
    /// [`RtpError`] if it is not RTP version 2 or is cut short.
    pub fn parse(bytes: &'a [u8]) -> Result<RtpPacket<'a>, RtpError> {
        let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(RtpError::CutShort)?;
        let [flags, kind, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *header;
        if flags >> 6 != 2 {
            return Err(RtpError::BadVersion);
        }
        let mut payload = rest.get(usize::from(flags & 0x0f) * 4..).ok_or(RtpError::CutShort)?;
        if flags & 0x10 != 0 {
            let ([_, _, w0, w1], after) = payload.split_first_chunk::<4>().ok_or(RtpError::CutShort)?;
            let extension_bytes = usize::from(u16::from_be_bytes([*w0, *w1])) * 4;
            payload = after.get(extension_bytes..).ok_or(RtpError::CutShort)?;
        }
        if flags & 0x20 != 0 {
            let padding_bytes = usize::from(*payload.last().ok_or(RtpError::CutShort)?);
            let kept = payload.len().checked_sub(padding_bytes.max(1)).ok_or(RtpError::CutShort)?;
            payload = payload.get(..kept).ok_or(RtpError::CutShort)?;
        }
        Ok(RtpPacket {
            payload_type: kind & 0x7f,
            marker: kind & 0x80 != 0,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            payload,
        })
    }

    /// The packet's bytes. Only the low seven bits of `payload_type` are used.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.payload.len());
        bytes.push(0x80);
        bytes.push(u8::from(self.marker) << 7 | self.payload_type & 0x7f);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(&self.ssrc.to_be_bytes());
        bytes.extend_from_slice(self.payload);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_packet_has_the_bytes_of_the_rfc() {
        let packet =
            RtpPacket { payload_type: 8, marker: true, sequence: 0x0102, timestamp: 3, ssrc: 4, payload: &[9, 9] };
        assert_eq!(packet.to_bytes(), [0x80, 0x88, 1, 2, 0, 0, 0, 3, 0, 0, 0, 4, 9, 9]);
    }

    #[test]
    fn sources_extension_and_padding_are_skipped() {
        let mut bytes = vec![0b1011_0001, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1];
        bytes.extend([1, 1, 1, 1]);
        bytes.extend([0xbe, 0xde, 0, 1, 5, 5, 5, 5]);
        bytes.extend([42, 43, 0, 2]);
        assert_eq!(RtpPacket::parse(&bytes).unwrap().payload, [42, 43]);
    }

    #[test]
    fn cut_packets_and_other_versions_are_refused() {
        assert_eq!(RtpPacket::parse(&[0x80; 11]), Err(RtpError::CutShort));
        assert_eq!(RtpPacket::parse(&[0x40; 12]), Err(RtpError::BadVersion));
        let mut padded = vec![0xa0; 12];
        assert_eq!(RtpPacket::parse(&padded), Err(RtpError::CutShort), "padding bit, but no payload");
        padded.push(2);
        assert_eq!(RtpPacket::parse(&padded), Err(RtpError::CutShort), "more padding than payload");
        let mut sources = vec![0x82; 12];
        sources.extend([0; 7]);
        assert_eq!(RtpPacket::parse(&sources), Err(RtpError::CutShort));
    }

    proptest! {
        #[test]
        fn what_is_built_parses_back(
            payload_type in 0u8..128, marker: bool, sequence: u16, timestamp: u32, ssrc: u32, payload: Vec<u8>,
        ) {
            let packet = RtpPacket { payload_type, marker, sequence, timestamp, ssrc, payload: &payload };
            let bytes = packet.to_bytes();
            prop_assert_eq!(RtpPacket::parse(&bytes), Ok(packet));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = RtpPacket::parse(&bytes);
        }
    }
}
