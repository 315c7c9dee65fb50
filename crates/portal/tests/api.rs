//! The JSON API: who is let in, what each address answers, what is done once although it is sent twice, and the document.
#![allow(clippy::unwrap_used, reason = "an answer that is not as it should be fails the test")]

mod client;
mod fixture;

use account::Change;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{Request, StatusCode};
use client::{Api, Key};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

#[tokio::test]
async fn everything_that_can_be_read_is_read() {
    let api = Api::new();
    for path in [
        "/accounts",
        "/accounts/law-000",
        "/accounts/law-000/exposure",
        "/accounts/law-000/audit",
        "/accounts/law-000/lines",
        "/accounts/law-000/lines/107",
        "/accounts/law-000/calls",
        "/accounts/law-000/running",
        "/accounts/law-000/incidents",
        "/accounts/law-000/ledger?holds=true",
        "/accounts/law-000/dids",
        "/accounts/law-000/usage?by=day&from=2026-01-01",
        "/keys",
        "/lockout",
        "/bans",
        "/decks",
        "/carriers",
        "/carriers/wholesale",
        "/health",
        "/audit",
        "/users",
        "/users/dana",
        "/users/dana/sessions",
        "/guessed",
        "/block-lists",
        "/accounts/law-000/locks",
        "/accounts/law-000/prices?find=355&limit=2",
        "/accounts/law-000/webhooks",
        "/accounts/law-000/deliveries",
    ] {
        api.ok(path, &Key::Node).await;
    }
    let account = api.ok("/accounts/law-000", &Key::LawReads).await;
    assert_eq!(account["money"]["currency"], "USD", "{account}");
    let calls = api.ok("/accounts/law-000/calls", &Key::LawReads).await;
    let call = &calls["items"][0];
    assert!(call["money"]["charge_micros"].is_i64() && call["times"]["start_ms"].is_u64(), "{call}");
    let one = api.ok(&format!("/accounts/law-000/calls/{}", call["call"].as_str().unwrap()), &Key::LawReads).await;
    assert_eq!(one, *call, "one shape per thing");
    let running = api.ok("/accounts/law-000/running", &Key::LawReads).await;
    assert_eq!(running[0]["callee"], "+17205550176", "{running}");
}

#[tokio::test]
async fn pages_follow_one_another() {
    let api = Api::new();
    for list in ["calls", "incidents", "ledger", "lines", "audit"] {
        let whole = api.ok(&format!("/accounts/law-000/{list}?limit=1000"), &Key::Law).await;
        let whole = whole["items"].as_array().unwrap().clone();
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = api.ok(&format!("/accounts/law-000/{list}?limit=1{after}"), &Key::Law).await;
            seen.extend(page["items"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, whole, "{list}");
    }
    let (status, problem) = api.get("/accounts/law-000/calls?after=yesterday", &Key::Law).await;
    assert_eq!((status, &problem["type"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("urn:tollguard:problem:wrong")));
}

#[tokio::test]
async fn a_key_reaches_no_further_than_it_should() {
    let api = Api::new();
    let (status, headers, problem) = api.send(Api::request("GET", "/api/v1/accounts/law-000", &Key::None, None)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(headers.contains_key(WWW_AUTHENTICATE));
    assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
    assert_eq!((&problem["status"], &problem["type"]), (&json!(401), &json!("urn:tollguard:problem:no-key")));
    for (path, key, status) in [
        ("/accounts/harbor", Key::Law, StatusCode::NOT_FOUND),
        ("/accounts/nobody", Key::Node, StatusCode::NOT_FOUND),
        ("/accounts/..%2Fharbor/lines", Key::Law, StatusCode::NOT_FOUND),
        ("/bans", Key::Law, StatusCode::FORBIDDEN),
        ("/keys", Key::LawReads, StatusCode::FORBIDDEN),
        ("/nothing", Key::Node, StatusCode::NOT_FOUND),
    ] {
        assert_eq!(api.get(path, &key).await.0, status, "{path}");
    }
    let own = api.ok("/accounts", &Key::Law).await;
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    for (path, key, body) in [
        ("/accounts/law-000/lines/107/secret", Key::LawReads, json!({})),
        ("/accounts/law-000/payments", Key::Law, json!({"amount_micros": 1, "reference": "r"})),
        ("/screen", Key::LawReads, json!({"line": "101", "dialled": "011355691234567", "ip": "192.0.2.9"})),
        ("/keys", Key::Law, json!({"name": "n", "scopes": ["money"]})),
        ("/keys", Key::Law, json!({"name": "n", "scopes": ["read"], "account": "harbor"})),
    ] {
        assert_eq!(api.post(path, &key, body).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    let raised = Api::request("PATCH", "/api/v1/accounts/law-000", &Key::Law, Some(&json!({"max_calls": 10_000})));
    assert_eq!(api.send(raised).await.0, StatusCode::FORBIDDEN);
    assert!(api.changes().is_empty(), "nothing of it was done");
}

#[tokio::test]
async fn keys_are_made_shown_once_and_revoked() {
    let api = Api::new();
    let (status, made) = api.post("/keys", &Key::Law, json!({"name": "the PBX", "scopes": ["screen", "read"]})).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let text = made["text"].as_str().unwrap();
    let listed = api.ok("/keys", &Key::Law).await;
    assert!(!listed.to_string().contains(text) && !listed.to_string().contains("knode"), "{listed}");
    let with = |path: &str| Request::get(path).header(AUTHORIZATION, format!("bearer {text}")).body(Body::empty());
    assert_eq!(api.send(with("/api/v1/accounts/law-000").unwrap()).await.0, StatusCode::OK);
    let key = made["key"]["id"].as_str().unwrap();
    let revoke = Api::request("DELETE", &format!("/api/v1/keys/{key}"), &Key::Law, None);
    assert_eq!(api.send(revoke).await.0, StatusCode::OK);
    assert_eq!(api.send(with("/api/v1/accounts/law-000").unwrap()).await.0, StatusCode::UNAUTHORIZED);
    let foreign = Api::request("DELETE", "/api/v1/keys/ktg_node", &Key::Law, None);
    assert_eq!(api.send(foreign).await.0, StatusCode::NOT_FOUND, "that of the node is not its to revoke");
}

#[tokio::test]
async fn what_is_sent_twice_is_done_once() {
    let api = Api::new();
    let pay = |reference: &str, repeat: &str| {
        let body = json!({"amount_micros": 5_000_000, "reference": reference});
        let mut request = Api::request("POST", "/api/v1/accounts/law-000/payments", &Key::Node, Some(&body));
        request.headers_mut().insert("idempotency-key", repeat.parse().unwrap());
        request
    };
    let (first, _, answer) = api.send(pay("wire-1", "a")).await;
    assert_eq!(first, StatusCode::CREATED, "{answer}");
    let (again, headers, same) = api.send(pay("wire-1", "a")).await;
    assert_eq!((again, &same, &headers["idempotency-replayed"]), (first, &answer, &"true".parse().unwrap()));
    assert_eq!(api.changes().len(), 1);
    assert_eq!(api.send(pay("wire-2", "a")).await.0, StatusCode::UNPROCESSABLE_ENTITY, "another request");
    assert_eq!(api.send(pay("wire-2", "two words")).await.0, StatusCode::BAD_REQUEST);

    let line = |repeat: &str| {
        let body = json!({"id": "202", "name": "Reception"});
        let mut request = Api::request("POST", "/api/v1/accounts/law-000/lines", &Key::Law, Some(&body));
        request.headers_mut().insert("idempotency-key", repeat.parse().unwrap());
        request
    };
    let (status, _, made) = api.send(line("b")).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (_, _, same) = api.send(line("b")).await;
    assert_eq!((made["secret"].as_str().unwrap().len(), &same), (23, &made), "the secret is shown to whoever asked");
    let (status, _, problem) = api.send(line("c")).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
}

#[tokio::test]
async fn changes_are_those_of_the_pages_and_name_the_key() {
    let api = Api::new();
    let (status, secret) = api.post("/accounts/law-000/lines/107/secret", &Key::Law, json!({})).await;
    assert_eq!((status, secret["realm"].as_str()), (StatusCode::OK, Some("sip.rockymtn.example")), "{secret}");
    let incidents = api.ok("/accounts/law-000/incidents", &Key::Law).await;
    let incident = incidents["items"][0]["id"].as_str().unwrap();
    for answer in ["theirs", "take-back", "ours"] {
        let (status, done) =
            api.post(&format!("/accounts/law-000/incidents/{incident}/{answer}"), &Key::Law, json!({})).await;
        assert_eq!(status, StatusCode::OK, "{answer}: {done}");
    }
    let body = json!({"international": false, "limits": {"denied": ["CU"], "max_rate_micros": 500_000}});
    let patch = Api::request("PATCH", "/api/v1/accounts/law-000/lines/101", &Key::Law, Some(&body));
    let (status, _, line) = api.send(patch).await;
    assert_eq!((status, &line["limits"]["denied"]), (StatusCode::OK, &json!(["CU"])), "{line}");
    assert_eq!(line["international"], false);
    let changes = api.changes();
    assert!(matches!(changes[0].1, Change::SetSecret { .. }), "{changes:?}");
    assert!(matches!(changes[3].1, Change::ThatWasUs { .. }), "{changes:?}");
    assert!(changes.iter().all(|(by, _)| by.name() == "API key ktg_law"), "{changes:?}");
}

#[tokio::test]
async fn nonsense_is_told_apart() {
    let api = Api::new();
    let path = "/accounts/law-000/lines";
    for (body, status) in [
        (json!({"id": "not a name"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"id": "203", "colour": "red"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"id": "203", "caller_id": "+442079460000"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"id": "203", "addresses": ["192.0.2.7"]}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"id": "203", "limits": {"hours": "always"}}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let (is, problem) = api.post(path, &Key::Law, body).await;
        assert_eq!(is, status, "{problem}");
    }
    let broken = Request::post(format!("/api/v1{path}")).header(AUTHORIZATION, "Bearer tg_law");
    let broken = broken.header(CONTENT_TYPE, "application/json").body(Body::from("{")).unwrap();
    assert_eq!(api.send(broken).await.0, StatusCode::BAD_REQUEST);
    let form = Request::post(format!("/api/v1{path}")).header(AUTHORIZATION, "Bearer tg_law");
    let form = form.header(CONTENT_TYPE, "text/plain").body(Body::from("id=203")).unwrap();
    assert_eq!(api.send(form).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (status, headers, _) = api.send(Api::request("DELETE", "/api/v1/accounts", &Key::Node, None)).await;
    assert_eq!(
        (status, &headers[CONTENT_TYPE]),
        (StatusCode::METHOD_NOT_ALLOWED, &"application/problem+json".parse().unwrap())
    );
    *api.house.script.refuse.lock().unwrap() = Some(node::CommandError::ShuttingDown);
    let (status, problem) = api.post("/accounts/law-000/lines/107/secret", &Key::Law, json!({})).await;
    assert_eq!((status, &problem["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(503)));
}

#[tokio::test]
async fn another_switch_asks_and_reports() {
    let api = Api::new();
    let asked = json!({"line": "101", "dialled": "011355691234567", "ip": "192.0.2.9", "user_agent": "Asterisk"});
    let (status, verdict) = api.post("/screen", &Key::Law, asked).await;
    assert_eq!((status, &verdict["verdict"]), (StatusCode::OK, &json!("allowed")), "{verdict}");
    let call = verdict["call"].as_str().unwrap();
    let (status, answered) = api.post(&format!("/screen/{call}/answered"), &Key::Law, json!({})).await;
    assert_eq!((status, &answered["lease"]["paid_until_s"]), (StatusCode::OK, &json!(30)), "{answered}");
    let unknown = billing::CallId(78).to_string();
    let (status, _) = api.post(&format!("/screen/{unknown}/end"), &Key::Law, json!({"talk_s": 3})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let whose = json!({"line": "101", "dialled": "911", "ip": "::1"});
    let (status, problem) = api.post("/screen", &Key::Node, whose).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
}

#[tokio::test]
async fn events_tell_of_calls_and_incidents() {
    let api = Api::new();
    let request = Api::request("GET", "/api/v1/accounts/law-000/events", &Key::LawReads, None);
    let response = api.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let mut heard = String::new();
    let mut expect = async |what: &str| {
        while !heard.contains(what) {
            heard.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
        }
        std::mem::take(&mut heard)
    };
    let calls = expect("event: calls").await;
    assert!(calls.contains("+17205550176"), "{calls}");
    let told = expect("event: incident").await;
    let incident = api.ok("/accounts/law-000/incidents?open=true", &Key::LawReads).await["items"][0].clone();
    assert!(told.contains(incident["id"].as_str().unwrap()), "{told}");
    let answer = format!("/accounts/law-000/incidents/{}/lift", incident["id"].as_str().unwrap());
    let (status, done) = api.post(&answer, &Key::Law, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let closed = expect("\"state\":\"lifted\"").await;
    assert!(closed.contains("event: incident"), "{closed}");
}

#[tokio::test]
async fn below_a_path_the_document_says_so() {
    let api = Api::at("https://portal.example/phones");
    for path in ["/phones/api/v1/openapi.json", "/api/v1/openapi.json"] {
        let (status, _, document) = api.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((status, &document["servers"][0]["url"]), (StatusCode::OK, &json!("/phones/api/v1")));
    }
}

#[test]
fn the_document_is_the_golden_one() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let is = portal::openapi();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &is).unwrap();
    }
    let was = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(is == was, "docs/openapi.json is another: UPDATE_GOLDEN=1 cargo test -p portal --test api, then read it");
    let document: Value = serde_json::from_str(&is).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let says = |field: &str| operation[field].as_str().is_some_and(|text| !text.is_empty());
            assert!(says("operationId") && says("summary"), "{method} {path}");
            assert!(operation["responses"]["default"].is_object(), "{method} {path} has no problems");
        }
    }
}
