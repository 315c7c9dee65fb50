//! The JSON API of administrators and owners: users, webhooks, keys, carriers, prices, and what may be taken away.
#![allow(clippy::unwrap_used, reason = "an answer that is not as it should be fails the test")]

mod client;
mod fixture;

use account::Change;
use axum::http::StatusCode;
use client::{Api, Key};
use node::{Command, NodeChange};
use serde_json::{Value, json};
use store::Reader;

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;

fn audit(api: &Api) -> Vec<(String, String)> {
    let reader = Reader::open(&api.house.database()).unwrap();
    reader.audit(None, 50).unwrap().into_iter().map(|row| (row.by, row.text)).collect()
}

#[tokio::test]
async fn users_are_invited_changed_and_removed() {
    let api = Api::new();
    let own = api.ok("/users", &Key::LawReads).await;
    let logins: Vec<&Value> = own["items"].as_array().unwrap().iter().map(|user| &user["login"]).collect();
    assert_eq!(logins, ["dana", "vic"], "those of its account");
    assert_eq!(api.ok("/users", &Key::Node).await["items"].as_array().unwrap().len(), 4);
    assert_eq!(api.get("/users/hank", &Key::LawReads).await.0, NOT_FOUND);

    let ben = json!({"login": "ben", "name": "Ben Baker", "email": "ben@law.example", "role": "owner"});
    assert_eq!(api.post("/users", &Key::Law, ben.clone()).await.0, FORBIDDEN, "that takes the scope `people`");
    let of_law = |mut user: Value| {
        user["account"] = json!("law-000");
        user
    };
    let (status, made) = api.post("/users", &Key::Node, of_law(ben.clone())).await;
    assert_eq!((status, &made["user"]["is_invited"], &made["link"]), (CREATED, &json!(true), &Value::Null), "{made}");
    let (status, problem) = api.post("/users", &Key::Node, of_law(ben)).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    for wrong in [
        json!({"login": "a b", "email": "x@law.example", "role": "viewer", "account": "law-000"}),
        json!({"login": "c", "email": "nobody", "role": "viewer", "account": "law-000"}),
        json!({"login": "c", "email": "c@law.example", "role": "viewer"}),
        json!({"login": "c", "email": "c@law.example", "role": "admin", "account": "law-000"}),
    ] {
        let (status, problem) = api.post("/users", &Key::Node, wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    }
    let change = json!({"role": "viewer", "name": "Benjamin Baker"});
    let (status, user) = api.make("PATCH", "/users/ben", &Key::Node, Some(change)).await;
    assert_eq!((status, &user["role"], &user["email"]), (OK, &json!("viewer"), &json!("ben@law.example")), "{user}");
    assert_eq!(user, api.ok("/users/ben", &Key::Law).await);
    let (status, _) = api.make("PATCH", "/users/ben", &Key::Node, Some(json!({"role": "admin"}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(api.make("POST", "/users/ben/new-password", &Key::Node, None).await.0, OK);
    assert_eq!(api.make("DELETE", "/users/ben/second-step", &Key::Node, None).await.0, StatusCode::CONFLICT);
    assert_eq!(api.make("DELETE", "/users/ben/sessions", &Key::Node, None).await.0, OK);
    assert_eq!(
        api.make("DELETE", &format!("/users/ben/sessions/{}", "0".repeat(64)), &Key::Node, None).await.0,
        NOT_FOUND
    );
    assert_eq!(api.make("DELETE", "/users/ben", &Key::Law, None).await.0, FORBIDDEN);
    assert_eq!(api.make("DELETE", "/users/ben", &Key::Node, None).await.0, OK);
    assert_eq!(api.get("/users/ben", &Key::Node).await.0, NOT_FOUND);
    let log = audit(&api);
    assert_eq!(log[0], ("API key ktg_node".to_owned(), "ben was removed and is logged out.".to_owned()), "{log:?}");
    assert!(api.ok("/audit", &Key::Node).await["items"][0]["text"].as_str().unwrap().contains("ben was removed"));
    assert_eq!(api.get("/audit", &Key::Law).await.0, FORBIDDEN);
}

#[tokio::test]
async fn webhooks_are_added_tried_and_sent_again() {
    let api = Api::new();
    let path = "/accounts/law-000/webhooks";
    let hook = json!({"url": "https://hooks.example/x", "events": ["balance.low"]});
    assert_eq!(api.post(path, &Key::LawReads, hook.clone()).await.0, FORBIDDEN);
    let (status, made) = api.post(path, &Key::Law, hook).await;
    assert_eq!((status, &made["webhook"]["is_on"]), (CREATED, &json!(true)), "{made}");
    let secret = made["secret"].as_str().unwrap();
    let listed = api.ok(path, &Key::LawReads).await;
    assert!(!listed.to_string().contains(secret), "shown once: {listed}");
    for wrong in [json!({"url": "ftp://x"}), json!({"url": "https://x.example", "events": ["everything"]})] {
        assert_eq!(api.post(path, &Key::Law, wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let one = format!("{path}/{}", made["webhook"]["id"]);
    for _ in 0..3 {
        assert_eq!(api.make("POST", &format!("{one}/test"), &Key::Law, None).await.0, OK);
    }
    let sent = api.ok("/accounts/law-000/deliveries?limit=2", &Key::LawReads).await;
    assert_eq!((sent["items"].as_array().unwrap().len(), &sent["items"][0]["event"]), (2, &json!("test")), "{sent}");
    let rest = format!("/accounts/law-000/deliveries?limit=2&after={}", sent["next"].as_str().unwrap());
    let rest = api.ok(&rest, &Key::LawReads).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null), "{rest}");
    let again = format!("deliveries/{}/replay", sent["items"][0]["id"]);
    assert_eq!(api.make("POST", &format!("/accounts/harbor/{again}"), &Key::Node, None).await.0, NOT_FOUND);
    assert_eq!(api.make("POST", &format!("/accounts/law-000/{again}"), &Key::Law, None).await.0, OK);
    let (status, off) = api.make("PATCH", &one, &Key::Law, Some(json!({"is_on": false}))).await;
    assert_eq!((status, &off["is_on"]), (OK, &json!(false)), "{off}");
    let foreign = one.replace("law-000", "harbor");
    assert_eq!(api.make("DELETE", &foreign, &Key::Node, None).await.0, NOT_FOUND);
    assert_eq!(api.make("DELETE", &one, &Key::Law, None).await.0, OK);
    assert_eq!(api.ok(path, &Key::Law).await["items"], json!([]));
}

fn node_changes(api: &Api) -> Vec<NodeChange> {
    let asked = api.house.script.asked.lock().unwrap();
    let change = |command: &Command| match command {
        Command::Node { change, .. } => Some(change.clone()),
        _ => None,
    };
    asked.iter().filter_map(change).collect()
}

#[tokio::test]
async fn carriers_and_decks_are_set_up_and_removed() {
    let api = Api::new();
    let carrier =
        json!({"address": "sip.third.example", "login": {"username": "law", "secret": "a secret", "register_s": 300}});
    assert_eq!(api.make("PUT", "/carriers/third", &Key::Law, Some(carrier.clone())).await.0, FORBIDDEN);
    let (status, made) = api.make("PUT", "/carriers/third", &Key::Node, Some(carrier)).await;
    assert_eq!((status, &made["transport"], &made["register_s"]), (OK, &json!("dns"), &json!(300)), "{made}");
    assert!(!made.to_string().contains("a secret"), "{made}");
    let [NodeChange::PutCarrier(put)] = &node_changes(&api)[..] else { panic!("one carrier") };
    assert_eq!((put.options_s, put.plus, put.transport), (60, true, None));
    for wrong in [json!({"address": "192.0.2.1"}), json!({"address": "192.0.2.1:5060", "options_s": 5}), json!({})] {
        let (status, problem) = api.make("PUT", "/carriers/third", &Key::Node, Some(wrong)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    }
    assert_eq!(api.ok("/carriers/third", &Key::Node).await, made);
    assert_eq!(api.make("DELETE", "/carriers/third", &Key::Node, None).await.0, OK);
    assert_eq!(api.make("DELETE", "/carriers/third", &Key::Node, None).await.0, NOT_FOUND);
    let decks = api.ok("/decks", &Key::Node).await;
    let retail = decks["items"].as_array().unwrap().iter().find(|deck| deck["id"] == "retail").unwrap();
    assert!(retail["accounts"].as_array().unwrap().contains(&json!("law-000")), "{retail}");
    assert_eq!(api.make("DELETE", "/decks/none", &Key::Node, None).await.0, NOT_FOUND);
    assert_eq!(api.make("DELETE", "/decks/retail", &Key::Node, None).await.0, OK);
    let health = api.ok("/health", &Key::Node).await;
    assert_eq!((&health["well"], &health["journal"]["durable_lsn"]), (&json!(false), &json!(1_200_007)), "{health}");
    assert!(health["wrong"][0].as_str().unwrap().starts_with("Carrier backup"), "{health}");
}

#[tokio::test]
async fn terms_are_set_and_taken_away_and_prices_are_the_nodes() {
    let api = Api::new();
    let path = "/accounts/law-000";
    let patch = async |key: Key, body: Value| api.make("PATCH", path, &key, Some(body)).await;
    let (status, account) =
        patch(Key::Law, json!({"low_balance_micros": 5_000_000, "auto_top_up_max_micros": 1})).await;
    assert_eq!((status, &account["money"]["low_balance_micros"]), (OK, &json!(5_000_000)), "{account}");
    let (_, account) = patch(Key::Law, json!({"low_balance_micros": null})).await;
    let money = &account["money"];
    assert_eq!(
        (&money["low_balance_micros"], &money["auto_top_up_max_micros"]),
        (&Value::Null, &json!(1)),
        "{account}"
    );
    let dearer = json!({"routing": {"markup_bp": 2_500}});
    assert_eq!(patch(Key::Law, dearer.clone()).await.0, FORBIDDEN);
    let find = "/accounts/law-000/prices?find=355";
    let long = format!("/accounts/law-000/prices?find={}", "0".repeat(81));
    assert_eq!(api.get(&long, &Key::LawReads).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let before = api.ok(find, &Key::LawReads).await["items"][0]["per_minute_micros"].as_i64().unwrap();
    let (status, account) = patch(Key::Node, dearer).await;
    assert_eq!((status, &account["routing"]["markup_bp"]), (OK, &json!(2_500)), "{account}");
    assert!(matches!(api.changes().last(), Some((_, Change::Settings(_)))));
    let after = api.ok(find, &Key::LawReads).await["items"][0]["per_minute_micros"].as_i64().unwrap();
    assert_eq!(after, before * 5 / 4);
}
