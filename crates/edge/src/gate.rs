//! The gate: what is wrong with a request outside any dialog before anybody asks who sent it (RFC 3261 section 8.2).

use sip::multipart::{self, Part};
use sip::{Message, Method, Name, Via, eq_ignore_case};

use crate::call;
use crate::core::{ALLOW, Asked, Core, SDP};

/// Body types we read in calls.
const ACCEPT: &str = "application/sdp, multipart/mixed, multipart/alternative";

/// The extensions we know: session timers, reliable provisional responses, replaced dialogs, transfers without reports.
const KNOWN: [&str; 4] = ["timer", "100rel", "replaces", "norefersub"];

/// What the gate made of a request.
pub(crate) enum Passed {
    /// It was answered.
    No,
    /// REGISTER: the registrar's.
    Register(Asked),
    /// INVITE: a new call.
    Invite(Asked),
}

/// Looks at a request without a To tag and answers it if it goes no further.
pub(crate) fn pass(core: &mut Core, asked: Asked) -> Passed {
    if is_ignored(core, &asked.request) {
        core.transactions.forget(asked.server);
        return Passed::No;
    }
    if came_round(core, &asked.request) {
        core.brush_off(&asked, 482, |_| {});
        return Passed::No;
    }
    let method = asked.request.method().unwrap_or(Method::Other);
    if !method_taken(core, &asked, method) || !requirements_met(core, &asked) {
        return Passed::No;
    }
    match method {
        Method::Register => Passed::Register(asked),
        Method::Invite if hops_left(core, &asked) && body_taken(core, &asked) && session_long_enough(core, &asked) => {
            Passed::Invite(asked)
        }
        Method::Options => {
            options(core, &asked);
            Passed::No
        }
        _ => Passed::No,
    }
}

/// Whether the sender calls itself something that nobody answers.
fn is_ignored(core: &Core, request: &Message) -> bool {
    let agent = request.user_agent().unwrap_or_default();
    core.common
        .settings
        .ignored_agents
        .iter()
        .any(|ignored| agent.get(..ignored.len()).is_some_and(|start| start.eq_ignore_ascii_case(ignored.as_bytes())))
}

/// A request that carries a branch of this run is one of our own that came back (RFC 3261 section 16.3 item 4).
fn came_round(core: &Core, request: &Message) -> bool {
    // The topmost was read with the message, and most have no other.
    let others = request.headers(Name::Via).skip(1).filter_map(|value| Via::parse(value).ok());
    let mut vias = request.top_via().into_iter().chain(others);
    vias.any(|via| via.branch().is_some_and(|branch| core.mint.is_ours(branch)))
}

/// RFC 3261 section 8.2.1. A request that lives in dialogs only is answered 481.
fn method_taken(core: &mut Core, asked: &Asked, method: Method) -> bool {
    let status = match method {
        Method::Register | Method::Invite | Method::Options => return true,
        Method::Bye | Method::Info | Method::Update | Method::Prack | Method::Refer => 481,
        Method::Other => 501,
        _ => 405,
    };
    core.brush_off(asked, status, |builder| {
        if status != 481 {
            builder.header(Name::Allow, ALLOW);
        }
    });
    false
}

/// RFC 3261 section 8.2.2.3: the extensions that may be required are those of [`KNOWN`].
pub(crate) fn requirements_met(core: &mut Core, asked: &Asked) -> bool {
    let required: Vec<&[u8]> = asked
        .request
        .headers(Name::Require)
        .filter(|option| !option.is_empty() && !KNOWN.iter().any(|known| eq_ignore_case(option, known)))
        .collect();
    if required.is_empty() {
        return true;
    }
    let unsupported = required.join(&b", "[..]);
    core.brush_off(asked, 420, |builder| {
        builder.header(Name::Unsupported, &unsupported);
    });
    false
}

/// RFC 4028 section 9.
pub(crate) fn session_long_enough(core: &mut Core, asked: &Asked) -> bool {
    let too_brief = call::is_too_brief(&asked.request);
    if too_brief {
        core.brush_off(asked, 422, |builder| {
            builder.header_display(Name::MinSe, call::MIN_SE_S);
        });
    }
    !too_brief
}

/// Max-Forwards: a call goes on from here, so it must have a hop left (RFC 3261 section 16.3 item 3). REGISTER and
/// OPTIONS end here and are answered whatever it says.
fn hops_left(core: &mut Core, asked: &Asked) -> bool {
    if asked.request.max_forwards() != Some(0) {
        return true;
    }
    core.brush_off(asked, 483, |_| {});
    false
}

/// RFC 3261 section 8.2.3: a body is a session description, plainly encoded, alone or in a multipart body, and the
/// sender must bear with one in the answer.
pub(crate) fn body_taken(core: &mut Core, asked: &Asked) -> bool {
    let request = &asked.request;
    let encoded = request.headers(Name::ContentEncoding).any(|coding| !eq_ignore_case(coding, "identity"));
    let status = match content(request) {
        Content::Encrypted => 493,
        Content::Empty | Content::Sdp(_) if !encoded && accepts_sdp(request) => return true,
        Content::Empty | Content::Sdp(_) if !encoded => 406,
        _ => 415,
    };
    core.brush_off(asked, status, |builder| {
        builder.header(Name::Accept, ACCEPT).header(Name::AcceptEncoding, "identity");
    });
    false
}

/// What a message carries.
enum Content<'a> {
    Empty,
    Sdp(&'a [u8]),
    /// For somebody whose key we have not (RFC 3261 section 23.4.3).
    Encrypted,
    Unknown,
}

fn content(message: &Message) -> Content<'_> {
    let body = message.body();
    if body.is_empty() {
        return Content::Empty;
    }
    match multipart::essence(message.content_type().unwrap_or_default()) {
        known if known == SDP || known.eq_ignore_ascii_case(SDP) => Content::Sdp(body),
        known if eq_ignore_case(known, "application/pkcs7-mime") => Content::Encrypted,
        // What else is there (a location, another network's signalling) is not for a call through here, and is left out
        // unless its sender says that it must be understood (RFC 5621 section 8.3). A part that says nothing counts as
        // optional: an emergency call with its location must not fail over it.
        _ => {
            let parts = multipart::parts(message);
            let is_sdp = |part: &Part<'_>| part.media_type().eq_ignore_ascii_case(SDP);
            if parts.clone().any(|part| part.is_required() && !is_sdp(&part)) {
                return Content::Unknown;
            }
            let mut descriptions = parts.filter(is_sdp);
            descriptions.next().map_or(Content::Unknown, |part| Content::Sdp(part.body))
        }
    }
}

/// The session description a message carries.
pub(crate) fn description(message: &Message) -> Option<&[u8]> {
    match content(message) {
        Content::Sdp(sdp) => Some(sdp),
        _ => None,
    }
}

/// Whether Accept, if there is one, lets us answer with a session description (RFC 3261 section 20.1).
fn accepts_sdp(request: &Message) -> bool {
    let fits = |range: &[u8]| {
        let range = multipart::essence(range);
        ["*/*", "application/*", "application/sdp"].iter().any(|known| eq_ignore_case(range, known))
    };
    request.header(Name::Accept).is_none() || request.headers(Name::Accept).any(fits)
}

/// RFC 3261 section 11.2.
pub(crate) fn options(core: &mut Core, asked: &Asked) {
    core.brush_off(asked, 200, |builder| {
        builder.header(Name::Allow, ALLOW).header(Name::Accept, ACCEPT).header(Name::AcceptEncoding, "identity");
        builder.header(Name::Supported, KNOWN.join(", "));
    });
}
