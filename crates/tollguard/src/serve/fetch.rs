//! Block lists on the web: asked for only if they have changed, bounded in size and time, the last good copy kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode, header};

/// The largest list that is read, bytes.
pub(super) const MAX_LIST_BYTES: u64 = 16 * 1024 * 1024;
/// How long a server may take for all of it.
const PATIENCE: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: u32 = 3;

/// Why there is no newer list.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// Not reached, not answered, or too large.
    #[error("{}", without_address(.0))]
    Web(ureq::Error),
    /// Another status than 200 and 304.
    #[error("its server answered {0}")]
    Status(StatusCode),
    /// Nothing in it is an address.
    #[error("it holds no address")]
    Empty,
    /// It cannot be kept.
    #[error("it cannot be kept: {0}")]
    Copy(std::io::Error),
}

/// The address of a list may hold a key: of errors that name it only the kind is told.
fn without_address(error: &ureq::Error) -> String {
    match error {
        ureq::Error::BadUri(_) => "its address cannot be read".to_owned(),
        other => other.to_string(),
    }
}

/// A list on the web.
#[derive(Clone, Debug)]
pub(super) struct WebList {
    agent: Agent,
    url: String,
    copy: PathBuf,
    /// What the server says the newest copy is: ETag and Last-Modified.
    etag: Option<String>,
    modified: Option<String>,
}

impl WebList {
    /// A list whose copies are kept in `folder` under `name`.
    pub(super) fn new(url: &str, name: &str, folder: &Path) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(MAX_REDIRECTS)
            .http_status_as_error(false)
            .build()
            .into();
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
        let name: String = name.chars().map(plain).collect();
        Self { agent, url: url.to_owned(), copy: folder.join(name), etag: None, modified: None }
    }

    /// The last good copy, if there is one.
    pub(super) fn kept(&self) -> Option<String> {
        std::fs::read_to_string(&self.copy).ok()
    }

    /// Asks for the list; `None` where it has not changed. What is good for `check` is kept. Takes its time: not for a
    /// thread that others wait for.
    pub(super) fn fetch(&mut self, check: impl Fn(&str) -> bool) -> Result<Option<String>, FetchError> {
        let mut request = self.agent.get(&self.url);
        for (name, value) in [(header::IF_NONE_MATCH, &self.etag), (header::IF_MODIFIED_SINCE, &self.modified)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let mut response = request.call().map_err(FetchError::Web)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(None),
            status => return Err(FetchError::Status(status)),
        }
        let bytes = response.body_mut().with_config().limit(MAX_LIST_BYTES).read_to_vec().map_err(FetchError::Web)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if !check(&text) {
            return Err(FetchError::Empty);
        }
        self.keep(&text).map_err(FetchError::Copy)?;
        self.etag = text_of(response.headers(), &header::ETAG);
        self.modified = text_of(response.headers(), &header::LAST_MODIFIED);
        Ok(Some(text))
    }

    /// Replaces the copy as a whole, so that a crash leaves the old one or the new one.
    fn keep(&self, text: &str) -> std::io::Result<()> {
        if let Some(folder) = self.copy.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let new = self.copy.with_extension("new");
        std::fs::write(&new, text)?;
        std::fs::rename(new, &self.copy)
    }
}

fn text_of(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
