//! The numbers of an account, and which lines each rings.

use account::{Change, Did};
use askama::Template;
use axum::response::Response;
use billing::{E164, LineId};

use crate::access::Scope;
use crate::forms::Signed;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::line_in_full;

const PAGE: &str = "/numbers";

struct Choice {
    id: String,
    name: String,
    rings: bool,
}

struct Row {
    number: String,
    rings: String,
    is_silent: bool,
    lines: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "numbers.html")]
struct NumbersPage {
    f: Frame,
    rows: Vec<Row>,
    /// Numbers that lines may show to whom they call.
    shown: Vec<String>,
    here: String,
    lines: String,
    may_change: bool,
    may_add: bool,
}

/// The page.
pub(crate) async fn show(scope: Scope) -> Result<Response, Problem> {
    let id = scope.id().clone();
    let (dids, lines) =
        scope.visitor.state.read(move |reader| Ok((reader.dids(Some(&id))?, reader.lines(&id)?))).await?;
    let row = |did: &Did| Row {
        number: did.number.to_string(),
        rings: did.lines.iter().map(LineId::to_string).collect::<Vec<_>>().join(", "),
        is_silent: did.lines.is_empty(),
        lines: lines
            .iter()
            .map(|row| Choice {
                rings: did.lines.contains(&row.line.id),
                id: row.line.id.to_string(),
                name: line_in_full(&row.line),
            })
            .collect(),
    };
    page(&NumbersPage {
        f: Frame::of_account(&scope, Tab::Lines, "Numbers"),
        rows: dids.iter().map(|row_of_did| row(&row_of_did.did)).collect(),
        shown: scope.account.settings.numbers.iter().map(E164::to_string).collect(),
        here: scope.path(PAGE),
        lines: scope.path("/lines"),
        may_change: scope.visitor.is_allowed_to_change(),
        may_add: scope.visitor.is_admin(),
    })
}

/// Which lines a number rings: form fields come as pairs, since several lines may be ticked.
pub(crate) async fn set(scope: Scope, Signed(fields): Signed<Vec<(String, String)>>) -> Result<Response, Problem> {
    scope.visitor.may_change()?;
    let done = match read(&scope, &fields).await {
        Ok(did) => scope.change(Change::PutDid(did)).await,
        Err(problem) => Err(problem),
    };
    scope.visitor.then(done, &scope.page(PAGE))
}

async fn read(scope: &Scope, fields: &[(String, String)]) -> Result<Did, Problem> {
    let of = |name: &'static str| fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim());
    let typed = of("number").next().unwrap_or_default();
    let number: E164 =
        typed.parse().map_err(|_| Problem::Typed(format!("`{typed}` is no number such as +13035550100")))?;
    let lines: Result<Vec<LineId>, _> = of("line").map(str::parse).collect();
    let lines = lines.map_err(|error: billing::Error| Problem::Typed(error.to_string()))?;
    // Whose a number is, the operator says; the owner, what it rings.
    let id = scope.id().clone();
    let dids = scope.visitor.state.read(move |reader| reader.dids(Some(&id))).await?;
    if !scope.visitor.is_admin() && !dids.iter().any(|row| row.did.number == number) {
        return Err(Problem::NotAllowed);
    }
    Ok(Did { number, lines })
}
