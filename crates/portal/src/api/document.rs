//! The OpenAPI document: what is said beside the handlers' own words.

use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi as Document, Ref, Required, ResponseBuilder, Server};

use super::fault::Fault;
use super::shapes::{
    AccountName, CallName, CarrierName, CountryCode, CurrencyCode, DeckName, Digits, Email, IncidentName, IpAddress,
    IpPrefix, KeyName, LineName, LoginName, Number, SessionName,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tollguard",
        description = "A phone service that watches its own bill. docs/api.md is the guide. Money is in micro-units \
                       (millionths) of the account's currency, times are milliseconds since the Unix epoch.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "accounts", description = "Customers: settings, limits, exposure."),
        (name = "lines", description = "Phones and trunks: secrets, registrations, permissions."),
        (name = "calls", description = "Calls that run, and the records of those that are over."),
        (name = "incidents", description = "What the guard noticed and did, and the owner's answers."),
        (name = "money", description = "Ledger and payments."),
        (name = "screening", description = "Calls that another switch carries: asked about, reported."),
        (name = "webhooks", description = "Where an account's events are sent, and what was delivered."),
        (name = "people", description = "Who may log in to the portal, and where they are logged in."),
        (name = "keys", description = "What programs prove themselves with."),
        (name = "lock-out", description = "Who is locked out, and who never is."),
        (name = "node", description = "Carriers, decks, health: for keys of the whole node.")
    ),
    components(schemas(
        Fault, AccountName, CallName, CarrierName, CountryCode, CurrencyCode, DeckName, Digits, Email, IncidentName, IpAddress,
        IpPrefix, KeyName, LineName, LoginName, Number, SessionName
    )),
    security(("key" = []))
)]
struct Frame;

/// The document before the handlers have their say.
pub(super) fn frame() -> Document {
    Frame::openapi()
}

/// The document as it is served below a base path, as text.
pub(super) fn finished(mut document: Document, base: &str) -> String {
    document.servers = Some(vec![Server::new(format!("{base}/api/v1"))]);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("tg_...");
    let bearer = bearer.description(Some("A key: `tollguard api-key add`, or POST /keys."));
    document
        .components
        .get_or_insert_with(Components::new)
        .add_security_scheme("key", SecurityScheme::Http(bearer.build()));
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            // Handlers in different files have the same names.
            let words = path.split(['/', '{', '}', '-']).filter(|word| !word.is_empty());
            operation.operation_id = Some(words.fold(method.to_owned(), |id, word| format!("{id}_{word}")));
            problems(operation);
            if method != "get" {
                operation.parameters.get_or_insert_default().push(idempotency_key().into());
            }
        }
    }
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// What a request may carry so that it is done once.
fn idempotency_key() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!#-~]{1,128}$"));
    let header = ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header);
    let header = header.required(Required::False).schema(Some(text.build()));
    header.description(Some("Sent again with the same key and body within a day, the request is done once.")).build()
}

/// Every operation may have a problem.
fn problems(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = ResponseBuilder::new().description("A problem, RFC 9457.");
    let problem = problem.content("application/problem+json", content).build();
    operation.responses.responses.insert("default".to_owned(), problem.into());
}

/// The document, as `docs/openapi.json` holds it.
#[must_use]
pub fn openapi() -> String {
    finished(super::routes().split_for_parts().1, "")
}
