//! Parameters behind semicolons, of headers and of URIs: `;name=value;flag` (RFC 3261 section 25.1).

use crate::scan;

/// The parameters of a value, read as they are asked for. Empty parameters (`;;`) are passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Params<'a> {
    raw: &'a [u8],
}

impl<'a> Params<'a> {
    /// Parameters as they stand in the message, with or without the leading semicolon.
    pub fn new(raw: &'a [u8]) -> Params<'a> {
        Params { raw }
    }

    /// The bytes as they stand in the message.
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// Each parameter in order: its name, and its value if it has one, both trimmed; quotes are kept.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        let mut rest = self.raw.strip_prefix(b";").unwrap_or(self.raw);
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let end = scan::find_outside_quotes(rest, b';', false).unwrap_or(rest.len());
                let (part, behind) = rest.split_at(end);
                rest = behind.get(1..).unwrap_or_default();
                let part = scan::trim(part);
                if !part.is_empty() {
                    let (name, value) = scan::split_once(part, b'=');
                    return Some((scan::trim_end(name), value.map(scan::trim_start)));
                }
            }
            None
        })
    }

    /// The first parameter of that name in any case: `None` if absent, `Some(None)` if it has no value.
    #[inline]
    pub fn get(self, name: &str) -> Option<Option<&'a [u8]>> {
        let mut rest = self.raw.strip_prefix(b";").unwrap_or(self.raw);
        loop {
            rest = scan::trim_start(rest);
            let named = rest.split_at_checked(name.len()).filter(|(begin, _)| scan::eq_ignore_case(begin, name));
            if let Some((_, behind)) = named {
                match scan::trim_start(behind) {
                    [] | [b';', ..] => return Some(None),
                    [b'=', value @ ..] => {
                        let end = scan::find_outside_quotes(value, b';', false).unwrap_or(value.len());
                        return Some(Some(scan::trim(value.get(..end)?)));
                    }
                    _ => {}
                }
            }
            rest = rest.get(scan::find_outside_quotes(rest, b';', false)? + 1..)?;
        }
    }

    /// The value of the first parameter of that name; `None` if it is absent or has no value.
    #[inline]
    pub fn value(self, name: &str) -> Option<&'a [u8]> {
        self.get(name).flatten()
    }

    /// True if a parameter of that name is there, with or without a value.
    pub fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_values_flags_and_quotes() {
        let params = Params::new(b"; Branch = z9 ;lr;;x=\"a;b=c\"");
        assert_eq!(params.value("branch"), Some(&b"z9"[..]));
        assert_eq!(params.get("lr"), Some(None));
        assert_eq!(params.value("x"), Some(&b"\"a;b=c\""[..]));
        assert!(!params.has("b"));
        assert_eq!(params.iter().count(), 3);
    }
}
