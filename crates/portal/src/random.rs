//! Random texts: session tokens and the secrets of lines.

/// 32 signs that are not taken for one another, also when read aloud or typed from paper.
const SIGNS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Groups of a secret, and signs of a group: 100 bits in all.
const GROUPS: usize = 4;
const GROUP: usize = 5;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("an operating system that gives no random bytes can run no portal");
    bytes
}

/// So many random signs, 5 bits each.
pub(crate) fn signs(count: usize) -> String {
    (0..count).map(|_| char::from(SIGNS[usize::from(bytes::<1>()[0] % 32)])).collect()
}

/// A session token: 256 bits as hexadecimal.
pub(crate) fn token() -> String {
    bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A strong secret that a person can type into a phone: "7kq2m-x0v9d-3ntgh-w84ze".
pub(crate) fn secret() -> String {
    grouped(&bytes::<{ GROUPS * GROUP }>())
}

/// A code of 50 bits that a person can write down: "7kq2m-x0v9d".
pub(crate) fn code() -> String {
    grouped(&bytes::<{ 2 * GROUP }>())
}

fn grouped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / GROUP);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(SIGNS[usize::from(*byte % 32)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_readable_and_never_the_same() {
        let (one, other) = (secret(), secret());
        assert_ne!(one, other);
        assert_eq!(one.len(), 23);
        assert!(one.bytes().all(|b| b == b'-' || SIGNS.contains(&b)), "{one}");
        assert_eq!(token().len(), 64);
    }
}
