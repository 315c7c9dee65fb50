//! A dialog: what two user agents must remember to send each other requests (RFC 3261 section 12).
//!
//! It can be serialised, so that a node that was restarted can still end the calls of the run before.

mod build;
mod id;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use self::id::DialogId;
use crate::flow::{Flow, Transport};
use crate::limits::{MAX_CSEQ, MAX_URI_BYTES};
use crate::{Message, Method, NameAddr};

/// Most routes in a route set: more proxies than that between two user agents are a loop.
pub const MAX_ROUTES: usize = 32;
/// Longest Call-ID, and longest tag.
pub const MAX_ID_BYTES: usize = 512;
/// How far the CSeq jumps in a dialog recovered after a restart: requests sent after it was last stored may have
/// used higher numbers than the stored one.
pub const RECOVERED_CSEQ_GAP: u32 = 10_000;

/// How far a dialog has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DialogState {
    /// Made by a provisional response.
    Early,
    /// Made or confirmed by a 2xx.
    Confirmed,
}

/// Why messages make no dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialogError {
    /// A header that must be there is missing or cannot be read.
    #[error("the {0} header is missing or malformed")]
    Missing(&'static str),
    /// A header is longer than a dialog stores.
    #[error("the {0} header is too long for a dialog")]
    TooLong(&'static str),
    /// More than [`MAX_ROUTES`] Record-Route values.
    #[error("there are more than {MAX_ROUTES} Record-Route values")]
    TooManyRoutes,
}

/// Whether a request within a dialog comes in its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// It does.
    InOrder,
    /// Its CSeq is lower than one already seen: answer 500 (RFC 3261 section 12.2.2).
    OutOfOrder,
}

/// One end of a dialog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    id: DialogId,
    state: DialogState,
    /// Our From in requests: name and address, without the tag.
    local: Box<str>,
    /// Our To in requests: name and address, without the tag.
    remote: Box<str>,
    /// CSeq of the last request we sent; 0 if none.
    local_cseq: u32,
    /// CSeq of the last request we received, if any.
    remote_cseq: Option<u32>,
    /// URI of the peer's Contact.
    remote_target: Box<str>,
    /// Route values for our requests, as written, in the order we send them.
    route_set: Box<[Box<str>]>,
    /// Made by a request to a sips URI over TLS.
    secure: bool,
    /// The path to the next hop.
    flow: Flow,
}

/// The parts of an INVITE of ours that a dialog is made of.
#[derive(Clone, Debug)]
pub struct Sent<'a> {
    /// The Request-URI.
    pub uri: &'a [u8],
    /// From: name and address, without the tag.
    pub local: Cow<'a, str>,
    /// Our tag.
    pub tag: &'a [u8],
    /// Call-ID.
    pub call_id: &'a [u8],
    /// CSeq number.
    pub cseq: u32,
    /// Whether the Request-URI was a sips URI.
    pub secure: bool,
}

impl<'a> Sent<'a> {
    /// From the INVITE, or from a response to it.
    fn read(message: &'a Message, uri: &'a [u8]) -> Result<Self, DialogError> {
        let from = message.from().map_err(|_| DialogError::Missing("From"))?;
        let cseq = message.cseq().map_err(|_| DialogError::Missing("CSeq"))?;
        Ok(Self {
            uri,
            local: Cow::Owned(address(&from, "From")?.into()),
            tag: from.tag().unwrap_or_default(),
            call_id: message.call_id(),
            cseq: cseq.number,
            secure: is_sips(uri),
        })
    }
}

impl Dialog {
    /// The dialog as its UAS sees it (RFC 3261 section 12.1.1), made by a response of ours with `local_tag` to a
    /// received INVITE. It begins early; see [`Dialog::confirm`].
    ///
    /// # Errors
    /// If the request lacks what a dialog needs: answer 400.
    pub fn uas(request: &Message, local_tag: &str, flow: Flow) -> Result<Self, DialogError> {
        let from = request.from().map_err(|_| DialogError::Missing("From"))?;
        let to = request.to().map_err(|_| DialogError::Missing("To"))?;
        let cseq = request.cseq().map_err(|_| DialogError::Missing("CSeq"))?;
        let contact = match contact(request)? {
            Some(contact) => contact,
            None if is_rfc2543(request) => target(&from, "From")?,
            None => return Err(DialogError::Missing("Contact")),
        };
        Ok(Self {
            id: DialogId::new(request.call_id(), local_tag.as_bytes(), from.tag())?,
            state: DialogState::Early,
            local: address(&to, "To")?,
            remote: address(&from, "From")?,
            local_cseq: 0,
            remote_cseq: Some(cseq.number),
            remote_target: contact,
            route_set: route_set(request)?.into(),
            secure: is_sips(request.request_uri()) && flow.transport == Transport::Tls,
            flow,
        })
    }

    /// The dialog as its UAC sees it (RFC 3261 section 12.1.2), made by a response to `request`, which is the INVITE
    /// as we sent it. It is confirmed if the response is a 2xx, else early.
    ///
    /// # Errors
    /// If the response lacks what a dialog needs. A missing or unreadable Contact is borne with: better to send BYE
    /// to the address we called than to leave a callee talking to nobody.
    pub fn uac(request: &Message, response: &Message, flow: Flow) -> Result<Self, DialogError> {
        Self::of_sent(Sent::read(request, request.request_uri())?, response, flow)
    }

    /// The dialog a 2xx makes whose INVITE is no longer known (sent before a restart, or given up long ago): all of it
    /// but the Request-URI comes back in the response. Without a Contact the address in To stands in. It is good for
    /// ACK and BYE.
    ///
    /// # Errors
    /// As [`Dialog::uac`].
    pub fn uac_of_stray(response: &Message, flow: Flow) -> Result<Self, DialogError> {
        let to = response.to().map_err(|_| DialogError::Missing("To"))?;
        // The INVITE went where the response comes from; whether to a sips URI nobody knows any more.
        let called = target(&to, "To")?;
        Self::of_sent(Sent { secure: false, ..Sent::read(response, called.as_bytes())? }, response, flow)
    }

    /// As [`Dialog::uac`], of an INVITE whose parts are known.
    ///
    /// # Errors
    /// As [`Dialog::uac`].
    pub fn of_sent(sent: Sent<'_>, response: &Message, flow: Flow) -> Result<Self, DialogError> {
        let to = response.to().map_err(|_| DialogError::Missing("To"))?;
        let target = match contact(response) {
            Ok(Some(contact)) => contact,
            _ => text(sent.uri, MAX_URI_BYTES, "Contact")?.into(),
        };
        let mut routes = route_set(response)?;
        routes.reverse();
        Ok(Self {
            id: DialogId::new(sent.call_id, sent.tag, to.tag())?,
            state: if is_2xx(response) { DialogState::Confirmed } else { DialogState::Early },
            local: sent.local.into(),
            remote: address(&to, "To")?,
            local_cseq: sent.cseq,
            remote_cseq: None,
            remote_target: target,
            route_set: routes.into(),
            secure: sent.secure && flow.transport == Transport::Tls,
            flow,
        })
    }

    /// What the dialog is found by.
    pub const fn id(&self) -> &DialogId {
        &self.id
    }

    /// How far the dialog has come.
    pub const fn state(&self) -> DialogState {
        self.state
    }

    /// The path to the next hop.
    pub const fn flow(&self) -> Flow {
        self.flow
    }

    /// The peer moved, or its connection was opened anew.
    pub const fn set_flow(&mut self, flow: Flow) {
        self.flow = flow;
    }

    /// Whether requests must stay on TLS all the way (RFC 3261 section 12.1.1).
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// CSeq of the last request we sent; 0 if none.
    pub const fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// URI of the peer's Contact.
    pub fn remote_target(&self) -> &str {
        &self.remote_target
    }

    /// Our own 2xx went out: the dialog is confirmed.
    pub const fn confirm(&mut self) {
        self.state = DialogState::Confirmed;
    }

    /// The peer's 2xx came for an early dialog: it is confirmed, with the route set of the 2xx (RFC 3261 section
    /// 13.2.2.4) and its Contact. Once confirmed the route set stays for good; then this only refreshes the target.
    ///
    /// # Errors
    /// If the routes are too many or too long; the dialog is then as before.
    pub fn confirm_from(&mut self, response: &Message) -> Result<(), DialogError> {
        if self.state == DialogState::Early {
            let mut routes = route_set(response)?;
            routes.reverse();
            self.route_set = routes.into();
        }
        self.refresh_target(response);
        self.state = DialogState::Confirmed;
        Ok(())
    }

    /// Takes the peer's Contact from a target refresh request or the 2xx to one (RFC 3261 sections 12.2.1.2 and
    /// 12.2.2). Without one, or with one that cannot be read, the target stays: the call can still be ended.
    pub fn refresh_target(&mut self, message: &Message) {
        if let Ok(Some(target)) = contact(message) {
            self.remote_target = target;
        }
    }

    /// Takes a request of the peer within the dialog (RFC 3261 section 12.2.2): checks its order, and lets INVITE
    /// and UPDATE refresh the target. ACK and CANCEL have the CSeq of the INVITE they belong to and are not checked.
    pub fn receive_request(&mut self, request: &Message) -> Sequence {
        if matches!(request.method(), Some(Method::Ack | Method::Cancel)) {
            return Sequence::InOrder;
        }
        let Ok(cseq) = request.cseq() else { return Sequence::OutOfOrder };
        if self.remote_cseq.is_some_and(|seen| cseq.number < seen) {
            return Sequence::OutOfOrder;
        }
        self.remote_cseq = Some(cseq.number);
        if matches!(request.method(), Some(Method::Invite | Method::Update)) {
            self.refresh_target(request);
        }
        Sequence::InOrder
    }

    /// The dialog after a restart: its next CSeq lies beyond any that may have been used since it was stored.
    pub fn recovered(mut self) -> Self {
        self.local_cseq = self.local_cseq.saturating_add(RECOVERED_CSEQ_GAP).min(MAX_CSEQ);
        self
    }
}

/// Whether a response to a request within a dialog means that the peer knows no such dialog any more, so that it
/// ends here too, without a BYE: 481, and 408 or no response at all (RFC 3261 section 12.2.1.2). As a UAS, answer
/// 481 to a request whose tags match no dialog.
pub const fn ends_dialog(status: u16) -> bool {
    matches!(status, 408 | 481)
}

fn is_2xx(response: &Message) -> bool {
    matches!(response.status(), Some(200..=299))
}

/// Whether a URI is a sips URI (RFC 3261 section 19.1).
pub fn is_sips(uri: &[u8]) -> bool {
    uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sips:"))
}

/// The URI of the first Contact.
fn contact(message: &Message) -> Result<Option<Box<str>>, DialogError> {
    let Some(contact) = message.contacts().next() else { return Ok(None) };
    target(&contact.map_err(|_| DialogError::Missing("Contact"))?, "Contact").map(Some)
}

/// The URI of an address, which must be one a request line can have.
fn target(address: &NameAddr<'_>, header: &'static str) -> Result<Box<str>, DialogError> {
    let uri = text(address.uri, MAX_URI_BYTES, header)?;
    address.parse_uri().map_err(|_| DialogError::Missing(header))?;
    Ok(uri.into())
}

/// A client of RFC 2543 need not send a Contact: its From stands in.
fn is_rfc2543(request: &Message) -> bool {
    request.top_via().is_ok_and(|via| !via.has_rfc3261_branch())
}

/// The Record-Route values in the order of the message.
fn route_set(message: &Message) -> Result<Vec<Box<str>>, DialogError> {
    let mut routes = Vec::new();
    for value in message.record_routes().filter(|value| !value.is_empty()) {
        if routes.len() == MAX_ROUTES {
            return Err(DialogError::TooManyRoutes);
        }
        NameAddr::parse(value).map_err(|_| DialogError::Missing("Record-Route"))?;
        routes.push(text(value, MAX_URI_BYTES, "Record-Route")?.into());
    }
    Ok(routes)
}

/// Name and address without parameters. A display name need not be UTF-8; it is for people, so what cannot be read
/// is replaced. It is quoted anew, since one that came without quotes may hold some.
fn address(from: &NameAddr<'_>, header: &'static str) -> Result<Box<str>, DialogError> {
    let uri = text(from.uri, MAX_URI_BYTES, header)?;
    if from.display_raw.len() > MAX_URI_BYTES {
        return Err(DialogError::TooLong(header));
    }
    let display = from.display();
    if display.is_empty() {
        return Ok(["<", uri, ">"].concat().into());
    }
    let display = String::from_utf8_lossy(&display).replace('\\', "\\\\").replace('"', "\\\"");
    Ok(["\"", &display, "\" <", uri, ">"].concat().into())
}

fn text<'a>(bytes: &'a [u8], max: usize, header: &'static str) -> Result<&'a str, DialogError> {
    if bytes.len() > max {
        return Err(DialogError::TooLong(header));
    }
    std::str::from_utf8(bytes).map_err(|_| DialogError::Missing(header))
}
