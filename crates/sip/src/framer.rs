//! Cutting a stream of bytes (TCP, TLS) into messages by their Content-Length (RFC 3261 section 18.3, RFC 5626 section
//! 4.4.1).

use crate::limits::{MAX_HEADER_BYTES, MAX_MESSAGE_BYTES};
use crate::{Name, scan};

/// What comes next in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The bytes of one message.
    Message(Vec<u8>),
    /// An empty line and another: the peer asks whether we are there; answer with [`PONG`] (RFC 5626 section 3.5.1).
    Ping,
    /// The header section of a message whose end cannot be found: it can be answered, nothing behind it can be read.
    Broken(Vec<u8>),
}

/// The answer to [`Frame::Ping`].
pub const PONG: &[u8] = b"\r\n";

/// The bytes of one connection that make no whole message yet, at most [`MAX_MESSAGE_BYTES`] after each drain.
#[derive(Debug, Default)]
pub struct Framer {
    buf: Vec<u8>,
    /// Where in `buf` the next frame begins; what lies before was given out.
    start: usize,
    /// How far behind `start` there is known to be no end of the header section.
    searched: usize,
    /// How many bytes the message at hand has, once its header section is there.
    wanted: Option<usize>,
    broken: bool,
}

impl Framer {
    /// Takes what arrived. Drain [`Framer::next_frame`] afterwards.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buf.drain(..self.start);
        self.start = 0;
        if !self.broken {
            self.buf.extend_from_slice(bytes);
        }
    }

    /// Whether a message has begun that is not there as a whole.
    pub fn is_waiting(&self) -> bool {
        !self.rest().is_empty()
    }

    /// The next frame; `None` until more arrives, and after [`Frame::Broken`] for good.
    pub fn next_frame(&mut self) -> Option<Frame> {
        if self.broken {
            return None;
        }
        if self.wanted.is_none() {
            if self.skip_line_ends() {
                return Some(Frame::Ping);
            }
            let Some(head) = self.find_head() else {
                return (self.rest().len() > MAX_HEADER_BYTES).then(|| self.give_up(MAX_HEADER_BYTES));
            };
            match content_length(self.rest().get(..head).unwrap_or_default()) {
                Some(length) if head.saturating_add(length) <= MAX_MESSAGE_BYTES => self.wanted = Some(head + length),
                _ => return Some(self.give_up(head)),
            }
        }
        let wanted = self.wanted?;
        let message = self.rest().get(..wanted)?.to_vec();
        self.start += wanted;
        (self.searched, self.wanted) = (0, None);
        Some(Frame::Message(message))
    }

    fn rest(&self) -> &[u8] {
        self.buf.get(self.start..).unwrap_or_default()
    }

    fn give_up(&mut self, head: usize) -> Frame {
        let head = self.rest().get(..head).unwrap_or_default().to_vec();
        *self = Self { broken: true, ..Self::default() };
        Frame::Broken(head)
    }

    /// Passes over line ends between messages; true where two of them make a ping.
    fn skip_line_ends(&mut self) -> bool {
        loop {
            let (skipped, ping) = match self.rest() {
                [b'\r', b'\n', b'\r', b'\n', ..] => (4, true),
                // Half a ping may be all that has arrived yet.
                [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return false,
                [b'\r' | b'\n', ..] => (1, false),
                _ => return false,
            };
            self.start += skipped;
            if ping {
                return true;
            }
        }
    }

    /// How long the header section is, with the empty line that ends it.
    fn find_head(&mut self) -> Option<usize> {
        let rest = self.buf.get(self.start..).unwrap_or_default();
        let mut at = self.searched;
        while let Some(line_end) = rest.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            let next = at + line_end + 1;
            match rest.get(next..) {
                Some([b'\r', b'\n', ..]) => return Some(next + 2),
                Some([b'\n', ..]) => return Some(next + 1),
                Some([] | [b'\r']) => break,
                _ => at = next,
            }
        }
        self.searched = at;
        None
    }
}

/// What a header section says of its body; nothing is said: there is none. `None` if it says nothing that can be followed.
fn content_length(head: &[u8]) -> Option<usize> {
    let mut lines = head.split(|&b| b == b'\n').skip(1).peekable();
    let mut length = None;
    while let Some(line) = lines.next() {
        let (name, value) = scan::split_once(line, b':');
        if Name::from_text(name.trim_ascii_end()) != Name::ContentLength {
            continue;
        }
        // A folded value is legal and unheard of: the fold is looked into, and a second one is not a number.
        let folded = lines.next_if(|next| matches!(next.first(), Some(b' ' | b'\t')));
        let value = [value.unwrap_or_default().trim_ascii(), folded.unwrap_or_default().trim_ascii()].concat();
        let number = scan::number(&value)?;
        if length.is_some_and(|known| known != number) {
            return None;
        }
        length = Some(number);
    }
    usize::try_from(length.unwrap_or(0)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(body: &str) -> String {
        format!("MESSAGE sip:a@b SIP/2.0\r\nTo: x\r\nl : {}\r\n\r\n{body}", body.len())
    }

    fn frames(framer: &mut Framer, bytes: &[u8]) -> Vec<Frame> {
        framer.push(bytes);
        std::iter::from_fn(|| framer.next_frame()).collect()
    }

    #[test]
    fn pipelined_messages_and_pings() {
        let (a, b) = (message("one\r\n\r\n"), message(""));
        let mut framer = Framer::default();
        let found = frames(&mut framer, format!("\r\n\r\n\r\n{a}\r\n{b}\r\n\r\n").as_bytes());
        let message = |text: String| Frame::Message(text.into_bytes());
        assert_eq!(found, [Frame::Ping, message(a), message(b), Frame::Ping]);
        assert!(!framer.is_waiting());
    }

    #[test]
    fn no_length_is_no_body() {
        let found = frames(&mut Framer::default(), b"OPTIONS sip:a SIP/2.0\nTo: x\n\nrest");
        assert_eq!(found, [Frame::Message(b"OPTIONS sip:a SIP/2.0\nTo: x\n\n".to_vec())]);
    }

    #[test]
    fn what_cannot_be_followed_is_broken_and_the_rest_is_not_read() {
        for length in ["x", "-1", "99999999999", "70000", "4\r\nContent-Length: 5"] {
            let head = format!("OPTIONS sip:a SIP/2.0\r\nContent-Length: {length}\r\n\r\n");
            let mut framer = Framer::default();
            let found = frames(&mut framer, format!("{head}more").as_bytes());
            assert_eq!(found, [Frame::Broken(head.into_bytes())]);
            assert_eq!((frames(&mut framer, message("").as_bytes()), framer.is_waiting()), (vec![], false));
        }
        let found = frames(&mut Framer::default(), &[b'x'; MAX_MESSAGE_BYTES]);
        assert_eq!(found, [Frame::Broken(vec![b'x'; MAX_HEADER_BYTES])]);
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_messages_are_the_same(
            bodies in prop::collection::vec("[a-z\r\n]{0,20}", 1..6), cuts in prop::collection::vec(1usize..30, 0..40),
        ) {
            let texts: Vec<_> = bodies.iter().map(|body| message(body)).collect();
            let stream = texts.concat();
            let (mut framer, mut rest, mut found) = (Framer::default(), stream.as_bytes(), Vec::new());
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                found.extend(frames(&mut framer, head));
                rest = tail;
            }
            found.extend(frames(&mut framer, rest));
            let expected: Vec<_> = texts.into_iter().map(|text| Frame::Message(text.into_bytes())).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_bytes_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..10)) {
            let mut framer = Framer::default();
            for piece in pieces {
                frames(&mut framer, &piece);
            }
        }
    }
}
