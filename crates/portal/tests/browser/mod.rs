//! A browser as the tests need it: it keeps one cookie, reads forms' tokens and posts.
#![allow(dead_code, reason = "shared by the tests, which use different parts")]
#![allow(clippy::unwrap_used, reason = "an answer that is not as it should be fails the test")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use store::Session;
use tower::ServiceExt;

use crate::fixture::{House, now_ms};

/// An answer.
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    pub fn location(&self) -> &str {
        self.headers.get(LOCATION).unwrap().to_str().unwrap()
    }

    /// The token in its forms.
    pub fn csrf(&self) -> String {
        let rest = self.text.split_once("name=\"csrf\" value=\"").expect("the page has a form").1;
        rest.split_once('"').unwrap().0.to_owned()
    }
}

/// A browser.
pub struct Browser {
    router: Router,
    pub cookies: Vec<(String, String)>,
}

impl Browser {
    pub fn new(house: &House) -> Self {
        Self { router: portal::router(house.state.clone()), cookies: Vec::new() }
    }

    /// A browser in which somebody has logged in.
    pub async fn of(house: &House, login: &str) -> Self {
        let mut browser = Self::new(house);
        browser.get("/login").await;
        let now = now_ms();
        let token = browser.cookies[0].1.clone();
        let session = Session {
            token_hash: Sha256::digest(token.as_bytes()).into(),
            login: login.into(),
            created_ms: now,
            last_used_ms: now,
            expires_ms: now + 60_000,
            ip: "192.0.2.7".into(),
            agent: "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0".into(),
            is_whole: true,
        };
        house.desk.add_session(&session).unwrap();
        browser
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path), Body::empty()).await
    }

    /// Posts fields as they are, without adding the token.
    pub async fn post_raw(&mut self, path: &str, form: &str) -> Page {
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(form.to_owned())).await
    }

    /// Posts a form with a file, whose parts are between lines that say `edge`.
    pub async fn post_form(&mut self, path: &str, form: &str) -> Page {
        let request = Request::post(path).header(CONTENT_TYPE, "multipart/form-data; boundary=edge");
        self.send(request, Body::from(form.to_owned())).await
    }

    /// Posts a form as it was shown on a page.
    pub async fn post(&mut self, shown: &str, path: &str, form: &str) -> Page {
        let csrf = self.get(shown).await.csrf();
        self.post_raw(path, &format!("csrf={csrf}&{form}")).await
    }

    /// The first events of a stream that does not end.
    pub async fn events(&mut self, path: &str, count: usize) -> Vec<String> {
        let response = self.response(Request::get(path), Body::empty()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let parts: Vec<_> = response.into_body().into_data_stream().take(count).collect().await;
        parts.into_iter().map(|part| String::from_utf8(part.unwrap().to_vec()).unwrap()).collect()
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Page {
        let response = self.response(request, body).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
        Page { status, headers, text }
    }

    async fn response(&mut self, request: axum::http::request::Builder, body: Body) -> axum::response::Response {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(COOKIE, cookies.join("; ")).body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        for line in response.headers().get_all(SET_COOKIE) {
            let (name, value) = line.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        response
    }
}
