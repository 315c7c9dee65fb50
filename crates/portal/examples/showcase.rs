//! The portal over invented data, to be looked at in a browser: prints a page's address with a session for each user.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::net::SocketAddr;

use fixture::House;
use sha2::{Digest, Sha256};
use store::Session;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let port: u16 = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8099);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let house = match std::env::args().nth(2).as_deref() {
        Some("bare") => House::bare(&format!("http://{address}")),
        Some("empty") => House::empty(&format!("http://{address}")),
        _ => House::full(&format!("http://{address}")),
    };
    for login in ["ada", "dana", "vic", "hank"] {
        let hash = store::hash_password("correct horse").expect("a password of 13 characters");
        house.desk.set_password(login, &hash).expect("the user is there");
    }
    // Sessions whose tokens anybody can know: this is no place for real data.
    for (login, digit) in [("ada", "a"), ("dana", "d"), ("hank", "b"), ("vic", "c")] {
        let token = digit.repeat(64);
        let now = fixture::now_ms();
        let session = Session {
            token_hash: Sha256::digest(token.as_bytes()).into(),
            login: login.into(),
            created_ms: now,
            last_used_ms: now,
            expires_ms: now + 3_600_000,
            ip: "192.0.2.7".into(),
            agent: "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0".into(),
            is_whole: true,
        };
        house.desk.add_session(&session).expect("the user is there");
        println!("{login} (password \"correct horse\"): http://{address}/ with token {token}");
    }
    let listener = TcpListener::bind(address).await.expect("the port is free");
    let router = portal::router(house.state.clone());
    portal::serve(listener, router, std::future::pending()).await.expect("the listener works");
}
