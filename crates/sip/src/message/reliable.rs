//! The headers of reliable provisional responses (RFC 3262 section 7).

use super::{CSeq, Message};
use crate::{Method, Name, eq_ignore_case, scan};

/// RAck: which provisional response a PRACK acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RAck {
    /// RSeq of the response.
    pub rseq: u32,
    /// CSeq of the response, which is that of its request.
    pub cseq: CSeq,
}

impl Message {
    /// RSeq of a provisional response that was sent reliably, which it also says in Require. `None` for any other message,
    /// and where the number is none from 1 to 2^31 - 1.
    pub fn rseq(&self) -> Option<u32> {
        let provisional = self.status().is_some_and(|status| (101..200).contains(&status));
        let reliable = provisional && self.headers(Name::Require).any(|option| eq_ignore_case(option, "100rel"));
        let rseq = self.header(Name::RSeq).and_then(scan::number).filter(|_| reliable)?;
        (1..=crate::limits::MAX_CSEQ).contains(&rseq).then_some(rseq)
    }

    /// RAck; `None` if it is missing or cannot be read.
    pub fn rack(&self) -> Option<RAck> {
        let mut words = self.header(Name::RAck)?.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (rseq, number, method) = (words.next()?, words.next()?, words.next()?);
        let cseq = CSeq { number: scan::number(number)?, method: Method::from_token(method) };
        words.next().is_none().then_some(RAck { rseq: scan::number(rseq)?, cseq })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(start: &str, headers: &str) -> Message {
        Message::parse(format!("{start}\r\n{headers}\r\n\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn a_response_is_reliable_if_it_says_so_and_has_a_number() {
        let rseq = |start: &str, headers: &str| message(start, headers).rseq();
        assert_eq!(rseq("SIP/2.0 183 Session Progress", "Require: timer, 100REL\r\nRSeq: 988789"), Some(988_789));
        assert_eq!(rseq("SIP/2.0 183 Session Progress", "RSeq: 988789"), None);
        assert_eq!(rseq("SIP/2.0 100 Trying", "Require: 100rel\r\nRSeq: 1"), None);
        assert_eq!(rseq("SIP/2.0 200 OK", "Require: 100rel\r\nRSeq: 1"), None);
        for number in ["0", "2147483648", "x", ""] {
            assert_eq!(rseq("SIP/2.0 180 Ringing", &format!("Require: 100rel\r\nRSeq: {number}")), None, "{number}");
        }
    }

    #[test]
    fn what_a_prack_acknowledges() {
        let rack = |value: &str| message("PRACK sip:a SIP/2.0", &format!("RAck: {value}")).rack();
        let cseq = CSeq { number: 1, method: Method::Invite };
        assert_eq!(rack("776656  1 INVITE"), Some(RAck { rseq: 776_656, cseq }));
        for bad in ["", "1", "1 1", "1 INVITE", "1 1 INVITE x", "-1 1 INVITE"] {
            assert_eq!(rack(bad), None, "{bad}");
        }
    }
}
