//! Every maximum of the message layer, named in one place.

/// Bytes of one message, headers and body: offsets are kept in sixteen bits.
pub const MAX_MESSAGE_BYTES: usize = 65_535;
/// Bytes of a header section that arrives over a stream.
pub const MAX_HEADER_BYTES: usize = 32_768;
/// Header lines of one message.
pub const MAX_HEADERS: usize = 256;
/// Via values of one message; more can only be a loop (Max-Forwards starts at 70).
pub const MAX_VIAS: usize = 70;
/// Bytes of a Request-URI; a longer one is answered 414.
pub const MAX_URI_BYTES: usize = 4_096;
/// Largest Max-Forwards (RFC 3261 section 20.22).
pub const MAX_MAX_FORWARDS: u32 = 255;
/// Largest CSeq number: below 2^31 (RFC 3261 section 8.1.1.5).
pub const MAX_CSEQ: u32 = 0x7fff_ffff;
/// Parts looked at in one multipart body.
pub const MAX_PARTS: usize = 16;
/// Parameters looked at in one Authorization or challenge header.
pub const MAX_AUTH_PARAMS: usize = 32;
