//! Whether a framed message may be acted on, and the status that refuses it if not.

use super::{Defect, Head, Message};
use crate::limits::{MAX_MAX_FORWARDS, MAX_MESSAGE_BYTES, MAX_URI_BYTES, MAX_VIAS};
use crate::uri::{Uri, UriError};
use crate::{Method, Name, NameAddr, reason_phrase, scan};

/// What is wrong with a message that could be framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The version is not SIP/2.0.
    #[error("the SIP version is not 2.0")]
    Version,
    /// The method is not a token.
    #[error("the method is not a token")]
    Method,
    /// The Request-URI is longer than `MAX_URI_BYTES`.
    #[error("the Request-URI is longer than {MAX_URI_BYTES} bytes")]
    UriTooLong,
    /// The Request-URI is neither sip, sips nor tel.
    #[error("the Request-URI has an unsupported scheme")]
    UriScheme,
    /// The Request-URI is not a URI.
    #[error("the Request-URI is malformed")]
    Uri,
    /// A line that is no header.
    #[error("a header line is malformed")]
    HeaderLine,
    /// No empty line ends the headers.
    #[error("no empty line ends the headers")]
    NoEnd,
    /// A mandatory header is missing.
    #[error("the {0} header is missing")]
    Missing(Name),
    /// A header that may stand once stands twice.
    #[error("the {0} header is repeated")]
    Repeated(Name),
    /// A header cannot be read.
    #[error("the {0} header is malformed")]
    Header(Name),
    /// The CSeq names another method than the request line.
    #[error("the method of the CSeq header is not that of the request")]
    CSeqMethod,
    /// The same, and the method is one we do not know: that weighs more (RFC 4475 section 3.1.2.18).
    #[error("the method is unknown and the CSeq header names another")]
    UnknownMethod,
    /// More than `MAX_VIAS` Via values.
    #[error("the message has more than {MAX_VIAS} Via values")]
    TooManyVias,
    /// Content-Length counts more bytes than a message may have.
    #[error("the body is larger than a message may be")]
    BodyTooLarge,
    /// Content-Length counts more bytes than arrived.
    #[error("the body is shorter than Content-Length says")]
    BodyShort,
}

impl Invalid {
    /// The status that refuses such a request.
    pub const fn status(self) -> u16 {
        match self {
            Invalid::UnknownMethod => 501,
            Invalid::Version => 505,
            Invalid::UriTooLong => 414,
            Invalid::BodyTooLarge => 513,
            Invalid::UriScheme => 416,
            Invalid::TooManyVias => 482,
            _ => 400,
        }
    }

    /// The reason phrase that goes with the status.
    pub const fn reason(self) -> &'static str {
        reason_phrase(self.status())
    }
}

pub(super) fn validate(message: &Message) -> Result<(), Invalid> {
    if !scan::eq_ignore_case(message.version(), "SIP/2.0") {
        return Err(Invalid::Version);
    }
    if message.is_request() {
        request_line(message)?;
    }
    match message.0.defect {
        Some(Defect::HeaderLine) => return Err(Invalid::HeaderLine),
        Some(Defect::NoEnd) => return Err(Invalid::NoEnd),
        Some(Defect::ContentLength) => return Err(Invalid::Header(Name::ContentLength)),
        Some(Defect::BodyShort) if is_too_large(message) => return Err(Invalid::BodyTooLarge),
        Some(Defect::BodyShort) => return Err(Invalid::BodyShort),
        None => {}
    }
    singles(message)?;
    addresses(message)?;
    vias(message)?;
    numbers(message)
}

fn is_too_large(message: &Message) -> bool {
    let length = message.content_length().and_then(|length| usize::try_from(length).ok());
    length.is_none_or(|length| length > MAX_MESSAGE_BYTES)
}

fn request_line(message: &Message) -> Result<(), Invalid> {
    if !scan::is_token(message.method_raw()) {
        return Err(Invalid::Method);
    }
    let uri = message.request_uri();
    if uri.len() > MAX_URI_BYTES {
        return Err(Invalid::UriTooLong);
    }
    match Uri::parse(uri) {
        Ok(_) => Ok(()),
        Err(UriError::Scheme) => Err(Invalid::UriScheme),
        Err(UriError::Malformed(_)) => Err(Invalid::Uri),
    }
}

/// Headers that stand exactly once, and those that stand at most once (RFC 3261 section 7.3.1).
fn singles(message: &Message) -> Result<(), Invalid> {
    for name in [Name::To, Name::From, Name::CallId, Name::CSeq] {
        if !message.0.fields.has(name) {
            return Err(Invalid::Missing(name));
        }
        if message.0.fields.is_repeated(name) {
            return Err(Invalid::Repeated(name));
        }
    }
    for name in [Name::MaxForwards, Name::Expires, Name::ContentType] {
        if message.0.fields.is_repeated(name) {
            return Err(Invalid::Repeated(name));
        }
    }
    let call_id = message.call_id();
    if call_id.is_empty() || !scan::is_graphic(call_id) {
        return Err(Invalid::Header(Name::CallId));
    }
    Ok(())
}

fn addresses(message: &Message) -> Result<(), Invalid> {
    let Head { buf, essentials, .. } = &*message.0;
    for (name, address) in [(Name::To, &essentials.to), (Name::From, &essentials.from)] {
        // Any scheme will do here: a registrar may meet an address of record it does not know (RFC 4475 §3.3.4).
        if !address.is_some_and(|address| memchr::memchr(b':', address.on(buf).uri).is_some()) {
            return Err(Invalid::Header(name));
        }
    }
    if message.0.fields.has(Name::Contact) && essentials.contact.is_none() {
        return Err(Invalid::Header(Name::Contact));
    }
    if message.0.has_more_contacts() {
        for contact in message.contacts() {
            contact.map_err(|_| Invalid::Header(Name::Contact))?;
        }
    }
    for name in [Name::Route, Name::RecordRoute] {
        for value in message.headers(name) {
            NameAddr::parse(value).map_err(|_| Invalid::Header(name))?;
        }
    }
    Ok(())
}

fn vias(message: &Message) -> Result<(), Invalid> {
    if !message.0.fields.has(Name::Via) {
        return Err(Invalid::Missing(Name::Via));
    }
    if message.0.essentials.via.is_none() {
        return Err(Invalid::Header(Name::Via));
    }
    if message.0.has_more_vias() {
        for (before, via) in message.vias().enumerate() {
            if before >= MAX_VIAS {
                return Err(Invalid::TooManyVias);
            }
            via.map_err(|_| Invalid::Header(Name::Via))?;
        }
    }
    Ok(())
}

fn numbers(message: &Message) -> Result<(), Invalid> {
    let cseq = message.0.essentials.cseq.ok_or(Invalid::Header(Name::CSeq))?;
    let method = cseq.method(&message.0.buf);
    if message.is_request() && method != message.method_raw() {
        let known = message.method() != Some(Method::Other);
        return Err(if known { Invalid::CSeqMethod } else { Invalid::UnknownMethod });
    }
    // A request of RFC 2543 has no Max-Forwards; one that has it must have a number (RFC 4475 section 3.1.2.4).
    let too_far = |n: u32| n > MAX_MAX_FORWARDS;
    match message.header(Name::MaxForwards) {
        Some(hops) if scan::number(hops).is_none_or(too_far) => Err(Invalid::Header(Name::MaxForwards)),
        _ => Ok(()),
    }
}
