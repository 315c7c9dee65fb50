//! The gate: what is wrong with a request outside any dialog before anybody asks who sent it (RFC 3261 section 8.2).

use sip::{Message, Method, Name, eq_ignore_case};

use crate::core::{ALLOW, Asked, Core, SDP};

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
        Method::Invite if hops_left(core, &asked) && body_taken(core, &asked) => Passed::Invite(asked),
        Method::Options => {
            options(core, &asked);
            Passed::No
        }
        _ => Passed::No,
    }
}

/// A request that carries a branch of this run is one of our own that came back (RFC 3261 section 16.3 item 4).
fn came_round(core: &Core, request: &Message) -> bool {
    request
        .headers(Name::Via)
        .filter_map(|value| sip::Via::parse(value).ok())
        .filter_map(|via| via.branch())
        .any(|branch| core.mint.is_ours(branch))
}

/// RFC 3261 section 8.2.1. A request that lives in dialogs only is answered 481.
fn method_taken(core: &mut Core, asked: &Asked, method: Method) -> bool {
    let status = match method {
        Method::Register | Method::Invite | Method::Options => return true,
        Method::Bye | Method::Info | Method::Update | Method::Prack => 481,
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

/// RFC 3261 section 8.2.2.3: we know no extension, so whatever is required is not supported.
pub(crate) fn requirements_met(core: &mut Core, asked: &Asked) -> bool {
    let required: Vec<&[u8]> = asked.request.headers(Name::Require).filter(|option| !option.is_empty()).collect();
    if required.is_empty() {
        return true;
    }
    let unsupported = required.join(&b", "[..]);
    core.brush_off(asked, 420, |builder| {
        builder.header(Name::Unsupported, &unsupported);
    });
    false
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

/// RFC 3261 section 8.2.3: a body is a session description, plainly encoded.
pub(crate) fn body_taken(core: &mut Core, asked: &Asked) -> bool {
    let request = &asked.request;
    let encoded = request.headers(Name::ContentEncoding).any(|coding| !eq_ignore_case(coding, "identity"));
    if request.body().is_empty() || (is_sdp(request) && !encoded) {
        return true;
    }
    core.brush_off(asked, 415, |builder| {
        builder.header(Name::Accept, SDP).header(Name::AcceptEncoding, "identity");
    });
    false
}

/// Whether the body is a session description.
pub(crate) fn is_sdp(message: &Message) -> bool {
    !message.body().is_empty() && media_type(message).eq_ignore_ascii_case(SDP)
}

/// Content-Type without its parameters.
pub(crate) fn media_type(message: &Message) -> &[u8] {
    let value = message.content_type().unwrap_or_default();
    value.split(|&b| b == b';').next().unwrap_or_default().trim_ascii()
}

/// RFC 3261 section 11.2.
pub(crate) fn options(core: &mut Core, asked: &Asked) {
    core.brush_off(asked, 200, |builder| {
        builder.header(Name::Allow, ALLOW).header(Name::Accept, SDP).header(Name::AcceptEncoding, "identity");
    });
}
