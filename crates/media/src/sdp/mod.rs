//! Session descriptions (RFC 8866) in offer and answer (RFC 3264): read what real phones write, and rewrite it so that
//! media passes through the relay and neither side sees the other's addresses.

mod line;
mod parse;
mod rewrite;
mod stream;
#[cfg(test)]
mod tests;

pub use parse::Sdp;
pub use rewrite::{rewrite, taken_up};
pub use stream::{Direction, Stream};

/// Longest description that is read, in bytes.
pub const MAX_SDP_BYTES: usize = 16_384;
/// Most lines of a description; one of a browser with video has about 200.
pub const MAX_LINES: usize = 512;
/// Most m-lines of a description.
pub const MAX_MEDIA_LINES: usize = 16;

/// Why a description cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Longer than [`MAX_SDP_BYTES`].
    #[error("the session description is longer than {MAX_SDP_BYTES} bytes")]
    TooLong,
    /// More lines than [`MAX_LINES`].
    #[error("the session description has more than {MAX_LINES} lines")]
    TooManyLines,
    /// More m-lines than [`MAX_MEDIA_LINES`].
    #[error("the session description has more than {MAX_MEDIA_LINES} media lines")]
    TooManyMediaLines,
    /// A line that is not a letter, `=`, and a value.
    #[error("line {line} of the session description is not of the form x=value")]
    BadLine {
        /// Counted from 1.
        line: usize,
    },
    /// No `v=0` line before the first m-line.
    #[error("the session description does not start with version 0")]
    NoVersion,
    /// No o-line before the first m-line.
    #[error("the session description has no origin line")]
    NoOrigin,
    /// An o-line without session id and version.
    #[error("the origin line {line} of the session description cannot be read")]
    BadOrigin {
        /// Counted from 1.
        line: usize,
    },
    /// An m-line whose fields cannot be read.
    #[error("the media line {line} of the session description cannot be read")]
    BadMedia {
        /// Counted from 1.
        line: usize,
    },
    /// A stream in use has no c-line, neither its own nor the session's.
    #[error("media stream {stream} of the session description has no connection address")]
    NoConnection {
        /// Counted from 0.
        stream: usize,
    },
}
