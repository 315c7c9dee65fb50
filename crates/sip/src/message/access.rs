//! What a message says, read as it is asked for.

use std::sync::Arc;

use super::essentials::AddressAt;
use super::fields::Field;
use super::{Message, Start};
use crate::{Malformed, Method, Name, NameAddr, Via, scan};

/// CSeq: the number and the method of the request it belongs to (RFC 3261 section 20.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31.
    pub number: u32,
    /// `Other` for a method without a name here; its bytes are in the header.
    pub method: Method,
}

/// The values of one header, across its lines, in order.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    message: &'a Message,
    fields: std::slice::Iter<'a, Field>,
    name: Name,
    line: Option<scan::List<'a>>,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(value) = self.line.as_mut().and_then(Iterator::next) {
                return Some(value);
            }
            let field = self.fields.by_ref().find(|field| field.name == self.name)?;
            let line = self.message.bytes(field.value);
            if !self.name.is_list() {
                return Some(line);
            }
            self.line = Some(scan::List::new(line));
        }
    }
}

impl Message {
    /// True for a request, false for a response.
    pub fn is_request(&self) -> bool {
        matches!(self.0.start, Start::Request { .. })
    }

    /// The method of a request.
    pub fn method(&self) -> Option<Method> {
        match self.0.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The method of a request as written; empty for a response.
    pub fn method_raw(&self) -> &[u8] {
        match self.0.start {
            Start::Request { method_span, .. } => self.bytes(method_span),
            Start::Response { .. } => &[],
        }
    }

    /// The Request-URI as written; empty for a response.
    pub fn request_uri(&self) -> &[u8] {
        match self.0.start {
            Start::Request { uri, .. } => self.bytes(uri),
            Start::Response { .. } => &[],
        }
    }

    /// The status code of a response, 100 to 699.
    pub fn status(&self) -> Option<u16> {
        match self.0.start {
            Start::Response { status, .. } => Some(status),
            Start::Request { .. } => None,
        }
    }

    /// The reason phrase of a response, which may be empty; empty for a request.
    pub fn reason(&self) -> &[u8] {
        match self.0.start {
            Start::Response { reason, .. } => self.bytes(reason),
            Start::Request { .. } => &[],
        }
    }

    /// The SIP version as written.
    pub fn version(&self) -> &[u8] {
        self.bytes(self.0.version)
    }

    /// The whole value of the first line of that header.
    pub fn header(&self, name: Name) -> Option<&[u8]> {
        self.0.fields.first(name).map(|field| self.bytes(field.value))
    }

    /// Every value of that header, over all its lines in order, split at commas where the header allows it. An empty
    /// list element comes out as an empty value.
    pub fn headers(&self, name: Name) -> Values<'_> {
        Values { message: self, fields: self.0.fields.among(name).iter(), name, line: None }
    }

    /// The whole value of the first line whose name is `text`, in any case; a known name is also found in its compact
    /// form.
    pub fn header_named(&self, text: &str) -> Option<&[u8]> {
        match Name::from_text(text.as_bytes()) {
            Name::Other => {
                let named = |field: &&Field| scan::eq_ignore_case(self.bytes(field.name_span), text);
                self.0.fields.all().iter().find(named).map(|field| self.bytes(field.value))
            }
            known => self.header(known),
        }
    }

    /// Every header line in order: the name, the name as written, the value.
    pub fn header_lines(&self) -> impl Iterator<Item = (Name, &[u8], &[u8])> {
        self.0.fields.all().iter().map(|field| (field.name, self.bytes(field.name_span), self.bytes(field.value)))
    }

    /// The topmost Via.
    ///
    /// # Errors
    /// `Malformed` if it is missing or not readable.
    pub fn top_via(&self) -> Result<Via<'_>, Malformed> {
        self.0.essentials.via.map(|via| via.on(&self.0.buf)).ok_or(Malformed::new("Via"))
    }

    /// Every Via in order, the topmost first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'_>, Malformed>> {
        let top = self.0.fields.has(Name::Via).then(|| self.top_via());
        let below = self.0.has_more_vias().then(|| self.headers(Name::Via).skip(1).map(Via::parse));
        top.into_iter().chain(below.into_iter().flatten())
    }

    /// Whether there is one Via and no more.
    pub(crate) fn has_one_via(&self) -> bool {
        self.0.fields.has(Name::Via) && !self.0.has_more_vias()
    }

    /// From.
    ///
    /// # Errors
    /// `Malformed` if it is missing or not readable.
    pub fn from(&self) -> Result<NameAddr<'_>, Malformed> {
        self.0.essentials.from.map(|from| from.on(&self.0.buf)).ok_or(Malformed::new("From"))
    }

    /// To.
    ///
    /// # Errors
    /// `Malformed` if it is missing or not readable.
    pub fn to(&self) -> Result<NameAddr<'_>, Malformed> {
        self.0.essentials.to.map(|to| to.on(&self.0.buf)).ok_or(Malformed::new("To"))
    }

    /// Call-ID; empty if missing.
    pub fn call_id(&self) -> &[u8] {
        self.header(Name::CallId).unwrap_or_default()
    }

    /// CSeq.
    ///
    /// # Errors
    /// `Malformed` if it is missing, not readable, or its number is 2^31 or more.
    pub fn cseq(&self) -> Result<CSeq, Malformed> {
        self.0.essentials.cseq.map(|cseq| cseq.value).ok_or(Malformed::new("CSeq"))
    }

    /// Every Contact in order; `Contact: *` comes out as a star.
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> {
        const BAD: Malformed = Malformed::new("Contact");
        let read = |contact: AddressAt| contact.on(&self.0.buf);
        let first = self.0.fields.has(Name::Contact).then(|| self.0.essentials.contact.map(read).ok_or(BAD));
        let more = self.0.has_more_contacts().then(|| self.headers(Name::Contact).skip(1));
        let more = more.into_iter().flatten().map(|value| NameAddr::parse(value).map_err(|_| BAD));
        first.into_iter().chain(more)
    }

    /// Max-Forwards; `None` if absent or not a number.
    pub fn max_forwards(&self) -> Option<u32> {
        self.header(Name::MaxForwards).and_then(scan::number)
    }

    /// Expires in seconds; `None` if absent or not a number below 2^32 (then a default applies).
    pub fn expires(&self) -> Option<u32> {
        self.header(Name::Expires).and_then(scan::number)
    }

    /// Content-Length as written; `None` if absent or not a number.
    pub fn content_length(&self) -> Option<u32> {
        self.header(Name::ContentLength).and_then(scan::number)
    }

    /// Content-Type, parameters included.
    pub fn content_type(&self) -> Option<&[u8]> {
        self.header(Name::ContentType)
    }

    /// The body: as long as Content-Length says, or all that followed the headers.
    pub fn body(&self) -> &[u8] {
        self.bytes(self.0.body)
    }

    /// The message as it came, from its start line on; a copy costs nothing.
    pub fn shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.0.buf)
    }

    /// Bytes in front of the body.
    pub fn head_bytes(&self) -> usize {
        usize::from(self.0.body.from)
    }

    /// The Record-Route values as written, in the order of the message.
    pub fn record_routes(&self) -> Values<'_> {
        self.headers(Name::RecordRoute)
    }

    /// The Route values as written, in the order of the message.
    pub fn routes(&self) -> Values<'_> {
        self.headers(Name::Route)
    }

    /// What the sender calls itself: User-Agent, or Server in a response.
    pub fn user_agent(&self) -> Option<&[u8]> {
        self.header(Name::UserAgent).or_else(|| self.header(Name::Server))
    }
}
