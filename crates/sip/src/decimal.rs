//! Decimal numbers and addresses as text, without the machinery of formatting: every message has a dozen of them.

use std::net::{IpAddr, Ipv4Addr};

/// The digits of the largest number.
const DIGITS: usize = 20;

/// Each number of eight bits with a dot behind it, and how long both are together.
const OCTETS: [([u8; 4], u8); 256] = {
    let mut octets = [([b'.'; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let skipped = (octet < 100) as usize + (octet < 10) as usize;
        let mut at = skipped;
        while at < 3 {
            octets[octet].0[at - skipped] = b'0' + digits[at] as u8;
            at += 1;
        }
        octets[octet].1 = (4 - skipped) as u8;
        octet += 1;
    }
    octets
};

/// A number as text.
pub(crate) struct Digits {
    text: [u8; DIGITS],
    from: usize,
}

impl Digits {
    pub fn new(number: u64) -> Self {
        let (mut text, mut from, mut left) = ([0; DIGITS], DIGITS, number);
        loop {
            from -= 1;
            text[from] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                return Self { text, from };
            }
        }
    }

    pub fn as_str(&self) -> &str {
        text(self.text.get(self.from..))
    }
}

/// Appends a number.
pub(crate) fn push(out: &mut Vec<u8>, number: u64) {
    let Digits { text, from } = Digits::new(number);
    out.extend_from_slice(&text[from..]);
}

/// Appends an address.
pub(crate) fn push_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match IpText::new(ip) {
        IpText::V4(text, len) => out.extend_from_slice(&text[..len]),
        IpText::V6(text) => out.extend_from_slice(text.as_bytes()),
    }
}

fn text(bytes: Option<&[u8]>) -> &str {
    bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// An address as text.
pub(crate) enum IpText {
    V4([u8; 16], usize),
    V6(String),
}

impl IpText {
    pub fn new(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::v4(ip),
            IpAddr::V6(ip) => Self::V6(ip.to_string()),
        }
    }

    fn v4(ip: Ipv4Addr) -> Self {
        let (mut text, mut len) = ([0; 16], 0);
        for octet in ip.octets() {
            let (digits, count) = OCTETS[usize::from(octet)];
            text[len..len + 4].copy_from_slice(&digits);
            len += usize::from(count);
        }
        // Without the last dot.
        Self::V4(text, len - 1)
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::V4(bytes, len) => text(bytes.get(..*len)),
            Self::V6(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_what_formatting_writes(number: u64, v4: u32, v6: u128) {
            let mut out = b"x".to_vec();
            push(&mut out, number);
            prop_assert_eq!(out, format!("x{number}").into_bytes());
            for ip in [IpAddr::V4(v4.into()), IpAddr::V6(v6.into())] {
                prop_assert_eq!(IpText::new(ip).as_str().to_owned(), ip.to_string());
            }
        }
    }

    #[test]
    fn the_ends() {
        let text = |ip: &str| IpText::new(ip.parse().unwrap()).as_str().to_owned();
        assert_eq!([text("0.10.100.255"), text("255.255.255.255")], ["0.10.100.255", "255.255.255.255"]);
        let mut out = Vec::new();
        [0, 9, 10, u64::MAX].into_iter().for_each(|number| push(&mut out, number));
        assert_eq!(out, b"091018446744073709551615");
    }
}
