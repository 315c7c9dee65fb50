//! VOIP.MS's API: who is let in, what each method answers, and what is refused with which word.
#![allow(clippy::unwrap_used, reason = "an answer that is not as it should be fails the test")]

mod fixture;

use std::net::SocketAddr;

use account::{Actor, Change, Line};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode};
use fixture::{House, id, now_ms};
use node::Command;
use portal::Programs;
use serde_json::Value;
use store::ApiAccess;
use tower::ServiceExt;

const URL: &str = "http://portal.example";
const PASSWORD: &str = "abcdefghjkmnpqrstuvwxyz2";
const OFFICE: [u8; 4] = [192, 0, 2, 9];

struct Api {
    house: House,
    router: Router,
    from: SocketAddr,
}

fn weak(secret: &str, about: &[&str]) -> Option<String> {
    (secret.len() < 12 || about.contains(&secret)).then(|| "short".to_owned())
}

impl Api {
    fn new() -> Self {
        let house = House::full(URL);
        let access = ApiAccess {
            account: id("law-000"),
            username: "dana@law.example".into(),
            password_hash: ApiAccess::hash(PASSWORD),
            allowed: vec![id("192.0.2.0/24")],
            is_on: true,
            created_ms: now_ms(),
        };
        house.desk.put_api_access(&access).unwrap();
        let programs = Programs {
            payment_secrets: Vec::new(),
            weakness: weak,
            max_expiry_s: 3600,
            silence_s: 60,
            ring_limit_s: 90,
        };
        let router = portal::router(house.state.clone()).merge(portal::programs(house.state.clone(), programs));
        Self { house, router, from: (OFFICE, 40_000).into() }
    }

    async fn send(&self, mut request: Request<Body>) -> (StatusCode, Value) {
        request.extensions_mut().insert(ConnectInfo(self.from));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// A GET with these fields, written as they are.
    async fn get(&self, fields: &str) -> Value {
        let (status, answer) =
            self.send(Request::get(format!("/api/v1/rest.php?{fields}")).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// A method with the right credentials.
    async fn call(&self, method: &str, fields: &str) -> Value {
        self.get(&format!("api_username=dana@law.example&api_password={PASSWORD}&method={method}&{fields}")).await
    }

    #[track_caller]
    fn is(answer: &Value, status: &str) {
        assert_eq!(answer["status"], status, "{answer}");
    }

    fn changes(&self) -> Vec<(Actor, Line)> {
        let asked = self.house.script.asked.lock().unwrap();
        let line = |command: &Command| match command {
            Command::Account { by, change: Change::PutLine(line), .. } => Some((by.clone(), line.clone())),
            _ => None,
        };
        asked.iter().filter_map(line).collect()
    }
}

/// Every value in it is text.
fn is_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(values) => values.iter().all(is_text),
        Value::Object(fields) => fields.values().all(is_text),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The days of the fixture's calls.
fn days() -> String {
    let day = |ms: u64| {
        jiff::Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap().strftime("%Y-%m-%d").to_string()
    };
    let now = now_ms();
    format!("date_from={}&date_to={}&timezone=-7", day(now - 40 * 86_400_000), day(now + 86_400_000))
}

#[tokio::test]
async fn every_method_answers_in_text() {
    let api = Api::new();
    let days = days();
    let cdr = format!("{days}&answered=1&noanswer=1&busy=1&failed=1");
    for (method, fields, list) in [
        ("getBalance", "advanced=True", "balance"),
        ("getCDR", cdr.as_str(), "cdr"),
        ("getCallTypes", "", "call_types"),
        ("getCallBilling", "", "call_billing"),
        ("getCallAccounts", "", "accounts"),
        ("getSubAccounts", "", "accounts"),
        ("getRegistrationStatus", "account=law-000_101", "registrations"),
        ("getTransactionHistory", &days, "transactions"),
        ("getLockInternational", "", "lock_international"),
        ("getRoutes", "", "routes"),
        ("getAuthTypes", "", "auth_types"),
        ("getDIDsInfo", "", "dids"),
        ("getServersInfo", "", "servers"),
        ("getIP", "", "ip"),
    ] {
        let answer = api.call(method, fields).await;
        Api::is(&answer, "success");
        assert!(is_text(&answer), "{method}: {answer}");
        assert!(!answer[list].is_null(), "{method} has no {list}: {answer}");
    }
    let balance = api.call("getBalance", "").await;
    assert_eq!(balance["balance"].as_object().unwrap().len(), 1, "{balance}");
    let line = &api.call("getSubAccounts", "account=101").await["accounts"][0];
    assert_eq!((&line["account"], &line["password"]), (&"law-000_101".into(), &"".into()));
    Api::is(&api.call("getSubAccounts", "account=nobody").await, "invalid_account");
    let cdrs = api.call("getCDR", &format!("{cdr}&account=law-000_101")).await;
    assert!(cdrs["cdr"].as_array().unwrap().iter().all(|cdr| cdr["account"] == "law-000_101"), "{cdrs}");
    assert!(!cdrs["cdr"].to_string().contains("law-000_107"));
}

#[tokio::test]
async fn what_is_missing_or_wrong_has_its_word() {
    let api = Api::new();
    for (method, fields, status) in [
        ("", "", "missing_method"),
        ("getVoicemails", "", "invalid_method"),
        ("getCDR", "", "missing_params"),
        ("getCDR", "date_from=2026-01-01&date_to=2026-01-02&answered=1", "missing_params"),
        ("getCDR", "date_from=2026-01-01&date_to=2026-01-02&timezone=-7", "no_callstatus"),
        ("getCDR", "date_from=2026-01-40&date_to=2026-01-02&timezone=-7&answered=1", "invalid_date"),
        ("getCDR", "date_from=2026-01-03&date_to=2026-01-02&timezone=-7&answered=1", "invalid_date_from"),
        ("getCDR", "date_from=2026-01-01&date_to=2026-04-04&timezone=-7&answered=1", "invalid_daterange"),
        ("getCDR", "date_from=2026-01-01&date_to=2026-01-02&timezone=Mars&answered=1", "invalid_timezone"),
        ("getCDR", "date_from=2026-01-01&date_to=2026-01-02&timezone=-7&answered=1&account=x", "invalid_account"),
        ("getCDR", "date_from=2001-01-01&date_to=2001-01-02&timezone=-7&answered=1", "no_cdr"),
        ("getTransactionHistory", "date_from=2001-01-01&date_to=2001-01-02", "no_transactions"),
        ("getRegistrationStatus", "account=x", "invalid_account"),
        ("getRates", "package=1", "missing_params"),
        ("getRates", "package=1&query=Atlantis", "no_rate"),
        ("getTerminationRates", "route=7&query=1", "invalid_route"),
        ("getDIDsInfo", "did=3035559999", "no_did"),
        ("getServersInfo", "server_pop=2", "invalid_serverpop"),
        ("setSubAccount", "id=5", "invalid_id"),
    ] {
        Api::is(&api.call(method, fields).await, status);
    }
}

#[tokio::test]
async fn who_calls_is_proven_by_name_password_and_address() {
    let mut api = Api::new();
    for (fields, status) in [
        ("method=getIP".to_owned(), "missing_credentials"),
        ("api_username=dana@law.example&method=getIP".to_owned(), "missing_credentials"),
        ("api_username=dana@law.example&api_password=x&method=getIP".to_owned(), "invalid_credentials"),
        ("api_username=nobody@law.example&api_password=x&method=getIP".to_owned(), "invalid_credentials"),
        (format!("api_username=Dana%40Law.example&api_password={PASSWORD}&method=getIP"), "success"),
    ] {
        Api::is(&api.get(&fields).await, status);
    }
    api.from = ([198, 51, 100, 66], 1).into();
    Api::is(&api.call("getBalance", "").await, "ip_not_enabled");
    assert_eq!(api.call("getIP", "").await["ip"], "198.51.100.66");
    for _ in 0..10 {
        api.get("api_username=dana@law.example&api_password=guess&method=getIP").await;
    }
    Api::is(&api.call("getIP", "").await, "api_limit_exceeded");
    api.from = (OFFICE, 1).into();
    Api::is(&api.call("getIP", "").await, "success");
    let mut answers = Vec::new();
    for _ in 0..120 {
        answers.push(api.call("getIP", "").await["status"] == "success");
    }
    assert!(answers.contains(&false), "so many a minute are too many");
}

#[tokio::test]
async fn a_post_is_multipart_or_nothing() {
    let api = Api::new();
    let part =
        |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = part("api_username", "dana@law.example")
        + &part("api_password", PASSWORD)
        + &part("method", "getIP")
        + "--x--\r\n";
    let post = |kind: &str, body: String| {
        Request::post("/api/v1/rest.php").header(CONTENT_TYPE, kind).body(Body::from(body)).unwrap()
    };
    let (status, answer) = api.send(post("multipart/form-data; boundary=x", body)).await;
    assert_eq!((status, answer["ip"].as_str()), (StatusCode::OK, Some("192.0.2.9")), "{answer}");
    let form = format!("api_username=dana@law.example&api_password={PASSWORD}&method=getIP");
    let (status, _) = api.send(post("application/x-www-form-urlencoded", form)).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let many: String = (0..200).map(|n| part(&format!("f{n}"), "")).collect();
    let (status, _) = api.send(post("multipart/form-data; boundary=x", many + "--x--\r\n")).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// The fields of a line as they were read, with some of them changed.
fn written(line: &Value, changes: &[(&str, Option<&str>)]) -> String {
    let mut fields: Vec<(String, String)> = line
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    for (name, value) in changes {
        fields.retain(|(field, _)| field != name);
        fields.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
    }
    fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "%20"))).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn a_line_is_read_changed_and_written() {
    let api = Api::new();
    let read = api.call("getSubAccounts", "account=law-000_101").await["accounts"][0].clone();
    let before = api.house.line("101");
    Api::is(&api.call("setSubAccount", &written(&read, &[])).await, "success");
    Api::is(&api.call("setSubAccount", &written(&read, &[("lock_international", Some("1"))])).await, "success");
    let renamed = [("description", Some("Front desk")), ("callerid_number", Some("3035550100"))];
    Api::is(&api.call("setSubAccount", &written(&read, &renamed)).await, "success");
    let changes = api.changes();
    assert_eq!(changes[0].0, Actor::User("dana@law.example (API)".into()));
    let lines: Vec<&Line> = changes.iter().map(|(_, line)| line).collect();
    assert_eq!(lines[0], &before, "written as it was read, nothing changes");
    assert_eq!(lines[1], &Line { international: false, ..before.clone() });
    assert_eq!((lines[2].name.as_str(), lines[2].caller_id), ("Front desk", Some(id("+13035550100"))));
    let secret = [("password", Some("a-strong-secret-of-ours"))];
    Api::is(&api.call("setSubAccount", &written(&read, &secret)).await, "success");
    assert!(api.changes()[3].1.secrets.is_some());
    for (field, value, status) in [
        ("lock_international", None, "missing_lockinternational"),
        ("lock_international", Some("2"), "invalid_lockinternational"),
        ("nat", None, "missing_params"),
        ("music_on_hold", Some("jazz"), "invalid_musiconhold"),
        ("international_route", Some("2"), "invalid_internationalroute"),
        ("auth_type", Some("2"), "invalid_authtype"),
        ("enable_ip_restriction", Some("1"), "missing_ip_restriction"),
        ("record_calls", Some("1"), "invalid_record_calls"),
        ("callerid_number", Some("2125550199"), "invalid_callerid"),
        ("ip", Some("192.0.2.1"), "invalid_ip_auth"),
        ("password", Some("law-101"), "weak_password"),
        ("id", None, "missing_params"),
    ] {
        let answer = api.call("setSubAccount", &written(&read, &[(field, value)])).await;
        assert_eq!(answer["status"], status, "{field}={value:?}");
    }
    assert_eq!(api.changes().len(), 4, "nothing refused was tried");
}
