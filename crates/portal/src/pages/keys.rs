//! API keys of an account or of the node: made, shown once, revoked.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use store::{ApiKey, KeyScope};

use crate::circle::Circle;
use crate::forms::Signed;
use crate::frame::{Frame, Tab, page};
use crate::kept::{self, NewKey};
use crate::problem::Problem;
use crate::state::now_ms;

const PAGE: &str = "/keys";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// The longest time after which a key ends, days.
const MAX_DAYS: u64 = 36_500;

struct Row {
    id: String,
    name: String,
    scopes: String,
    reach: Option<String>,
    made: String,
    used: String,
    ends: String,
}

struct Scope {
    word: &'static str,
    what: &'static str,
    is_usual: bool,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    f: Frame,
    rows: Vec<Row>,
    scopes: Vec<Scope>,
    may_change: bool,
    is_node: bool,
    here: String,
    api: String,
}

#[derive(Template)]
#[template(path = "key_text.html")]
struct TextPage {
    f: Frame,
    name: String,
    id: String,
    text: String,
    scopes: String,
    api: String,
    back: String,
}

fn words(scope: KeyScope) -> &'static str {
    match scope {
        KeyScope::Read => "look at everything",
        KeyScope::Write => "change lines, limits, incidents and whatever else is not named below",
        KeyScope::Money => "book payments",
        KeyScope::Screen => "ask about calls of another switch, and report on them",
        KeyScope::Keys => "make and revoke keys, none stronger than itself",
        KeyScope::People => "invite, change and remove people, who may then do what their role allows",
    }
}

/// Keys of the circle; the node's page shows those of accounts, too.
fn is_within(circle: &Circle, key: &ApiKey) -> bool {
    circle.account().is_none() || key.account.as_ref() == circle.account()
}

/// The page.
pub(crate) async fn show(circle: Circle) -> Result<Response, Problem> {
    let visitor = circle.visitor();
    let (keys, zone) = (visitor.state.desk(|desk| desk.api_keys()).await?, circle.zone());
    let is_node = circle.account().is_none();
    let row = |key: &ApiKey| Row {
        id: key.id.clone(),
        name: key.name.clone(),
        scopes: key.scopes_in_words(),
        reach: is_node.then(|| key.account.as_ref().map_or("the whole node".to_owned(), |id| format!("account {id}"))),
        made: format!("made {} by {}", zone.short(key.created_ms), key.created_by),
        used: key.last_used_ms.map_or("never used".to_owned(), |ms| format!("last used {}", zone.short(ms))),
        ends: match key.expires_ms {
            None => "does not end by itself".to_owned(),
            Some(ms) if ms <= now_ms() => format!("ended {}", zone.short(ms)),
            Some(ms) => format!("ends {}", zone.short(ms)),
        },
    };
    let scopes = KeyScope::ALL.into_iter().filter(|scope| is_node || *scope != KeyScope::Money);
    page(&KeysPage {
        rows: keys.iter().filter(|key| is_within(&circle, key)).map(row).collect(),
        scopes: scopes
            .map(|scope| Scope { word: scope.as_str(), what: words(scope), is_usual: scope == KeyScope::Read })
            .collect(),
        f: circle.frame(Tab::Keys, "API keys"),
        may_change: visitor.is_allowed_to_change(),
        is_node,
        here: circle.path(PAGE),
        api: format!("{}/api/v1", visitor.state.settings.url.trim_end_matches('/')),
    })
}

/// A new key: form fields come as pairs, since several scopes may be ticked.
pub(crate) async fn make(circle: Circle, Signed(fields): Signed<Vec<(String, String)>>) -> Result<Response, Problem> {
    let visitor = circle.visitor();
    visitor.may_change()?;
    let made = match wanted(&circle, &fields) {
        Ok(new) => visitor.kept(move |desk, hand| kept::make_key(desk, hand, new)).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok((key, text)) => page(&TextPage {
            f: circle.frame(Tab::Keys, "The new key"),
            id: key.id.clone(),
            scopes: key.scopes_in_words(),
            name: key.name,
            text,
            api: format!("{}/api/v1", visitor.state.settings.url.trim_end_matches('/')),
            back: circle.path(PAGE),
        }),
        Err(problem) => visitor.then(Err(problem), &circle.page(PAGE)),
    }
}

fn wanted(circle: &Circle, fields: &[(String, String)]) -> Result<NewKey, Problem> {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
    let scopes = fields.iter().filter(|(key, _)| key == "scope").map(|(_, word)| word.parse());
    let scopes: Result<Vec<KeyScope>, store::Error> = scopes.collect();
    let days = match field("days") {
        "" => None,
        text => Some(text.parse::<u64>().ok().filter(|days| (1..=MAX_DAYS).contains(days)).ok_or_else(|| {
            Problem::Typed(format!("a key ends after 1 to {MAX_DAYS} days, or, with nothing here, not by itself"))
        })?),
    };
    Ok(NewKey {
        name: field("name").to_owned(),
        scopes: scopes.map_err(|error| Problem::Typed(error.to_string()))?,
        account: circle.account().cloned(),
        expires_ms: days.map(|days| now_ms().saturating_add(days * DAY_MS)),
    })
}

/// A key on the page.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    key: String,
}

/// Revokes a key.
pub(crate) async fn revoke(circle: Circle, Signed(Chosen { key }): Signed<Chosen>) -> Result<Response, Problem> {
    let visitor = circle.visitor();
    visitor.may_change()?;
    let keys = visitor.state.desk(|desk| desk.api_keys()).await?;
    let found = keys.into_iter().find(|one| one.id == key && is_within(&circle, one)).ok_or(Problem::NotFound)?;
    let done = visitor.kept(move |desk, hand| kept::revoke_key(desk, hand, &found)).await;
    visitor.then(done, &circle.page(PAGE))
}
