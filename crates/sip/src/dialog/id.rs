//! What a dialog is found by: Call-ID and both tags (RFC 3261 section 12).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{DialogError, MAX_ID_BYTES};
use crate::{Message, Params, scan};

/// Call-ID, our tag and the peer's. A peer of RFC 2543 may have no tag: then its tag is empty here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DialogId {
    /// Call-ID, our tag and the peer's, one behind the other: shared, since who looks a dialog up keeps its id beside it.
    text: Arc<str>,
    /// Where our tag and the peer's begin.
    tags: (u16, u16),
}

impl DialogId {
    pub(super) fn new(call_id: &[u8], local_tag: &[u8], remote_tag: Option<&[u8]>) -> Result<Self, DialogError> {
        if call_id.is_empty() {
            return Err(DialogError::Missing("Call-ID"));
        }
        let remote_tag = remote_tag.unwrap_or_default();
        let parts = [(call_id, "Call-ID"), (local_tag, "tag"), (remote_tag, "tag")];
        if let Some((_, name)) = parts.iter().find(|(part, _)| part.len() > MAX_ID_BYTES) {
            return Err(DialogError::TooLong(name));
        }
        let mut text = Vec::with_capacity(call_id.len() + local_tag.len() + remote_tag.len());
        parts.iter().for_each(|(part, _)| text.extend_from_slice(part));
        let text = str::from_utf8(&text).map_err(|_| DialogError::Missing("Call-ID"))?;
        // Both fit: the parts are bounded.
        let tags = (call_id.len() as u16, (call_id.len() + local_tag.len()) as u16);
        if !(text.is_char_boundary(tags.0.into()) && text.is_char_boundary(tags.1.into())) {
            return Err(DialogError::Missing("tag"));
        }
        Ok(Self { text: text.into(), tags })
    }

    /// The dialog a received request belongs to: ours is the To tag. `None` if it has none, since then it is within
    /// no dialog.
    pub fn of_request(request: &Message) -> Option<Self> {
        let to = request.to().ok()?;
        let from = request.from().ok()?;
        Self::new(request.call_id(), to.tag()?, from.tag()).ok()
    }

    /// The dialog a received response makes or belongs to: ours is the From tag. `None` if the peer gave no tag and
    /// the response is provisional: then it makes no dialog.
    pub fn of_response(response: &Message) -> Option<Self> {
        let to = response.to().ok()?;
        let from = response.from().ok()?;
        if to.tag().is_none() && response.status().is_none_or(|status| status < 200) {
            return None;
        }
        Self::new(response.call_id(), from.tag()?, to.tag()).ok()
    }

    /// Whether a received response makes this dialog or belongs to it: its From tag is ours.
    pub fn is_of_response(&self, response: &Message) -> bool {
        let (Ok(from), Ok(to)) = (response.from(), response.to()) else { return false };
        let theirs = match (to.tag(), response.status()) {
            (Some(tag), _) => tag,
            (None, Some(200..)) => &[],
            (None, _) => return false,
        };
        from.tag() == Some(self.local_tag().as_bytes())
            && theirs == self.remote_tag().as_bytes()
            && response.call_id() == self.call_id().as_bytes()
    }

    /// The dialog a Replaces header names (RFC 3891 section 6.1), as the one who receives it knows it: the to-tag is
    /// ours. `None` if it names none.
    pub fn of_replaces(value: &[u8]) -> Option<Self> {
        let (call_id, params) = scan::split_once(value, b';');
        let params = Params::new(params?);
        let tag = |name| params.value(name).filter(|tag| !tag.is_empty());
        Self::new(call_id.trim_ascii(), tag("to-tag")?, tag("from-tag")).ok()
    }

    /// The Replaces header that names this dialog to the one at its other end.
    pub fn to_replaces(&self) -> String {
        format!("{};to-tag={};from-tag={}", self.call_id(), self.remote_tag(), self.local_tag())
    }

    /// The Call-ID.
    pub fn call_id(&self) -> &str {
        self.text.get(..usize::from(self.tags.0)).unwrap_or_default()
    }

    /// The tag we gave.
    pub fn local_tag(&self) -> &str {
        self.text.get(usize::from(self.tags.0)..usize::from(self.tags.1)).unwrap_or_default()
    }

    /// The tag the peer gave.
    pub fn remote_tag(&self) -> &str {
        self.text.get(usize::from(self.tags.1)..).unwrap_or_default()
    }
}
