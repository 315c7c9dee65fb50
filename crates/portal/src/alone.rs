//! What stands around a page of somebody who is not logged in, or not yet.

use axum::http::HeaderMap;

use crate::cookies;
use crate::state::PortalState;

/// The frame of a page that stands alone.
pub(crate) struct Alone {
    pub(crate) base: String,
    pub(crate) title: String,
    pub(crate) node: String,
    pub(crate) role: String,
    pub(crate) note: Option<(bool, String)>,
}

impl Alone {
    /// Around a page of this title.
    pub(crate) fn new(state: &PortalState, headers: &HeaderMap, title: &str) -> Self {
        let settings = &state.settings;
        Self {
            base: settings.base().to_owned(),
            title: title.to_owned(),
            node: settings.node_name.clone(),
            role: settings.role.clone(),
            note: cookies::note(headers),
        }
    }
}
