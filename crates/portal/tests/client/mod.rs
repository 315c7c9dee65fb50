//! A program that uses the API: its keys, and the requests it makes.
#![allow(dead_code, reason = "shared by the tests, which use different parts")]
#![allow(clippy::unwrap_used, reason = "an answer that is not as it should be fails the test")]

use std::net::SocketAddr;

use account::{Actor, Change};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, StatusCode};
use node::Command;
use portal::Programs;
use serde_json::Value;
use store::{ApiKey, KeyScope};
use tower::ServiceExt;

use crate::fixture::{House, id, now_ms};

pub const URL: &str = "http://portal.example";

/// The program.
pub struct Api {
    pub house: House,
    pub router: Router,
}

/// Keys of the tests.
pub enum Key {
    Node,
    Law,
    LawReads,
    None,
}

impl Key {
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Node => "tg_node",
            Self::Law => "tg_law",
            Self::LawReads => "tg_reads",
            Self::None => "tg_unknown",
        }
    }
}

impl Api {
    pub fn new() -> Self {
        Self::at(URL)
    }

    pub fn at(url: &str) -> Self {
        let house = House::full(url);
        let keys = [
            (Key::Node, None, KeyScope::ALL.to_vec()),
            (Key::Law, Some("law-000"), vec![KeyScope::Read, KeyScope::Write, KeyScope::Screen, KeyScope::Keys]),
            (Key::LawReads, Some("law-000"), vec![KeyScope::Read]),
        ];
        for (key, account, scopes) in keys {
            let kept = ApiKey {
                id: format!("k{}", key.text()),
                account: account.map(id),
                name: "a test".into(),
                scopes,
                created_by: "the command line".into(),
                created_ms: now_ms(),
                expires_ms: None,
                last_used_ms: None,
            };
            assert!(house.desk.add_api_key(&kept, &ApiKey::hash(key.text())).unwrap());
        }
        let programs = Programs {
            payment_secrets: Vec::new(),
            weakness: |_, _| None,
            max_expiry_s: 3600,
            silence_s: 60,
            ring_limit_s: 90,
        };
        let router = portal::router(house.state.clone()).merge(portal::programs(house.state.clone(), programs));
        Self { house, router }
    }

    pub async fn send(&self, mut request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 9], 40_000))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub fn request(method: &str, path: &str, key: &Key, body: Option<&Value>) -> Request<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", key.text()));
        match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap(),
            None => request.body(Body::empty()).unwrap(),
        }
    }

    pub async fn get(&self, path: &str, key: &Key) -> (StatusCode, Value) {
        let (status, _, answer) = self.send(Self::request("GET", &format!("/api/v1{path}"), key, None)).await;
        (status, answer)
    }

    pub async fn ok(&self, path: &str, key: &Key) -> Value {
        let (status, answer) = self.get(path, key).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    pub async fn post(&self, path: &str, key: &Key, body: Value) -> (StatusCode, Value) {
        let path = format!("/api/v1{path}");
        let (status, _, answer) = self.send(Self::request("POST", &path, key, Some(&body))).await;
        (status, answer)
    }

    pub fn changes(&self) -> Vec<(Actor, Change)> {
        let asked = self.house.script.asked.lock().unwrap();
        let change = |command: &Command| match command {
            Command::Account { by, change, .. } => Some((by.clone(), change.clone())),
            _ => None,
        };
        asked.iter().filter_map(change).collect()
    }

    /// A request with another method than GET or POST.
    pub async fn make(&self, method: &str, path: &str, key: &Key, body: Option<Value>) -> (StatusCode, Value) {
        let path = format!("/api/v1{path}");
        let (status, _, answer) = self.send(Self::request(method, &path, key, body.as_ref())).await;
        (status, answer)
    }
}
