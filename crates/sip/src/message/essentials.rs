//! What everybody asks of a message, read once as it is framed: its top Via, From, To, first Contact and CSeq.

use super::{CSeq, Head, Span};
use crate::name::Names;
use crate::{Host, HostPort, Malformed, Method, Name, NameAddr, Params, Transport, Via, scan};

/// The headers that nearly every step asks for; `None` for one that is missing or cannot be read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Essentials {
    pub via: Option<ViaAt>,
    /// Whether another Via stands in the line of the topmost.
    pub via_shares_line: bool,
    pub contact: Option<AddressAt>,
    /// Whether another Contact stands in the line of the first.
    pub contact_shares_line: bool,
    pub from: Option<AddressAt>,
    pub to: Option<AddressAt>,
    pub cseq: Option<CSeqAt>,
}

impl Essentials {
    /// The names of them.
    pub const NAMES: Names = Names::of(&[Name::Via, Name::Contact, Name::From, Name::To, Name::CSeq]);

    /// Reads the first line of a header, if it is one of these; `value` is a slice of `bytes`.
    pub fn read(&mut self, name: Name, value: &[u8], bytes: &[u8]) {
        match name {
            Name::Via => {
                let mut list = scan::List::new(value);
                self.via = Via::parse(list.next().unwrap_or_default()).ok().map(|via| ViaAt::of(&via, bytes));
                self.via_shares_line = list.has_more();
            }
            Name::Contact => {
                let mut list = scan::List::new(value);
                self.contact = AddressAt::read(list.next().unwrap_or_default(), bytes);
                self.contact_shares_line = list.has_more();
            }
            Name::From => self.from = AddressAt::read(value, bytes),
            Name::To => self.to = AddressAt::read(value, bytes),
            Name::CSeq => self.cseq = CSeqAt::read(value, bytes).ok(),
            _ => {}
        }
    }
}

impl Head {
    /// Whether there is a Via below the topmost.
    pub fn has_more_vias(&self) -> bool {
        self.essentials.via_shares_line || self.fields.is_repeated(Name::Via)
    }

    /// Whether there is a Contact behind the first.
    pub fn has_more_contacts(&self) -> bool {
        self.essentials.contact_shares_line || self.fields.is_repeated(Name::Contact)
    }
}

/// Where the parts of a Via lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct ViaAt {
    transport: Option<Transport>,
    transport_raw: Span,
    host: HostAt,
    port: Option<u16>,
    params: Span,
    branch: Option<Span>,
}

#[derive(Debug, Clone, Copy)]
enum HostAt {
    Ip(std::net::IpAddr),
    Name(Span),
}

impl ViaAt {
    fn of(via: &Via<'_>, bytes: &[u8]) -> Self {
        Self {
            transport: via.transport,
            transport_raw: Span::of(via.transport_raw, bytes),
            host: match via.sent_by.host {
                Host::Ip(ip) => HostAt::Ip(ip),
                Host::Name(name) => HostAt::Name(Span::of(name.as_bytes(), bytes)),
            },
            port: via.sent_by.port,
            params: Span::of(via.params.raw(), bytes),
            branch: via.branch().map(|branch| Span::of(branch, bytes)),
        }
    }

    /// The Via itself.
    pub fn on<'a>(&self, bytes: &'a [u8]) -> Via<'a> {
        let host = match self.host {
            HostAt::Ip(ip) => Host::Ip(ip),
            HostAt::Name(name) => Host::Name(std::str::from_utf8(name.on(bytes)).unwrap_or_default()),
        };
        Via {
            transport: self.transport,
            transport_raw: self.transport_raw.on(bytes),
            sent_by: HostPort { host, port: self.port },
            params: Params::new(self.params.on(bytes)),
            branch: self.branch.map(|branch| branch.on(bytes)),
        }
    }
}

/// Where the parts of a name and address lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddressAt {
    display_raw: Span,
    uri: Span,
    params: Span,
    tag: Option<Span>,
}

impl AddressAt {
    /// `None` if it cannot be read.
    fn read(value: &[u8], bytes: &[u8]) -> Option<Self> {
        let address = NameAddr::parse(value).ok()?;
        Some(Self {
            display_raw: Span::of(address.display_raw, bytes),
            uri: Span::of(address.uri, bytes),
            params: Span::of(address.params.raw(), bytes),
            tag: address.tag().map(|tag| Span::of(tag, bytes)),
        })
    }

    /// The name and address themselves.
    pub fn on<'a>(&self, bytes: &'a [u8]) -> NameAddr<'a> {
        NameAddr {
            display_raw: self.display_raw.on(bytes),
            uri: self.uri.on(bytes),
            params: Params::new(self.params.on(bytes)),
            tag: self.tag.map(|tag| tag.on(bytes)),
        }
    }
}

/// A CSeq, and where its method lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct CSeqAt {
    pub value: CSeq,
    method: Span,
}

impl CSeqAt {
    fn read(value: &[u8], bytes: &[u8]) -> Result<Self, Malformed> {
        const BAD: Malformed = Malformed::new("CSeq");
        let (number, rest) = scan::begin_number(value).ok_or(BAD)?;
        let method = scan::trim(rest);
        // White space stands between them.
        if method.len() == rest.len() || number > crate::limits::MAX_CSEQ || !scan::is_token(method) {
            return Err(BAD);
        }
        Ok(Self { value: CSeq { number, method: Method::from_token(method) }, method: Span::of(method, bytes) })
    }

    /// The method as written.
    pub fn method<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.method.on(bytes)
    }
}
