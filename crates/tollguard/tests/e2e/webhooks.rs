//! Webhooks of the real node: signed, tried again, sent again by hand, and led nowhere inside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, secret, wait_for};

/// What came in.
#[derive(Clone, Debug, Default)]
struct Post {
    headers: Vec<String>,
    body: String,
}

impl Post {
    fn header(&self, name: &str) -> &str {
        let of = |line: &String| line.to_lowercase().starts_with(&format!("{name}: "));
        let line = self.headers.iter().find(|line| of(line)).unwrap_or_else(|| panic!("{name} in {self:?}"));
        line.split_once(": ").unwrap().1
    }
}

/// A program that takes posts, or says that it is broken.
struct Receiver {
    posts: Arc<Mutex<Vec<Post>>>,
    is_broken: Arc<AtomicBool>,
}

impl Receiver {
    fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let (posts, is_broken) = (Arc::<Mutex<Vec<Post>>>::default(), Arc::new(AtomicBool::new(false)));
        let (kept, broken) = (Arc::clone(&posts), Arc::clone(&is_broken));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut post = Post::default();
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
                        break;
                    }
                    post.headers.push(line.trim().to_owned());
                }
                let mut body = vec![0; post.header("content-length").parse().unwrap()];
                stream.read_exact(&mut body).unwrap();
                post.body = String::from_utf8(body).unwrap();
                kept.lock().unwrap().push(post);
                let status = if broken.load(Ordering::Relaxed) { "500 Broken" } else { "200 OK" };
                write!(stream.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    .unwrap();
            }
        });
        Self { posts, is_broken }
    }

    fn expect(&self, what: &str, count: usize) -> Vec<Post> {
        wait_for(SOON, what, || {
            let posts = self.posts.lock().unwrap().clone();
            (posts.len() >= count).then_some(posts)
        })
    }
}

/// That a post is signed with a secret.
fn assert_signed(post: &Post, secret: &str) {
    let (time, code) = post.header("tollguard-signature").split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{}.{}", time.strip_prefix("t=").unwrap(), post.body).as_bytes());
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(code, expected);
}

/// The secret that a command showed.
fn shown(output: &str) -> String {
    output.split_whitespace().last().unwrap().to_owned()
}

#[test]
fn events_are_signed_tried_again_and_sent_again_by_hand() {
    let hosts = Hosts::new();
    let receiver = Receiver::start((hosts.host(80), 8090).into());
    let office = Office::new(hosts.sip(2), "50").extension("101", "alice");
    let options = NodeOptions::default().set("webhooks_inside", "[\"127.0.0.0/8\"]");
    let node = Node::start(hosts, &options, &office);
    let url = format!("http://{}:8090/hook", hosts.host(80));
    let key = shown(&node.command(&["webhook", "add", "firm", &url, "--event", "emergency.placed"]));
    node.command(&["webhook", "add", "firm", &url, "--format", "slack", "--event", "emergency.placed"]);
    node.command(&["webhook", "add", "firm", &url, "--event", "incident.opened"]);

    receiver.is_broken.store(true, Ordering::Relaxed);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("911").login("alice", &secret("alice")).run();
    carrier.finish();
    let posts = receiver.expect("two posts", 2);
    let first = posts.iter().find(|post| post.body.contains("\"event\"")).unwrap();
    assert_signed(first, &key);
    assert_eq!(first.header("tollguard-event"), "emergency.placed");
    let told: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!((&told["data"]["number"], &told["account"]), (&"911".into(), &"firm".into()));
    let slack = posts.iter().find(|post| post.body.starts_with("{\"text\":\"*911 was dialled*")).unwrap();
    assert!(slack.body.contains("|Open>"), "{slack:?}");
    let deliveries =
        || -> Vec<Value> { serde_json::from_str(&node.command(&["webhook", "deliveries", "firm", "--json"])).unwrap() };
    wait_for(SOON, "both to have failed once", || {
        let tried = |one: &Value| one["attempts"] == 1 && one["answer"] == "500 Internal Server Error";
        (deliveries().iter().filter(|one| tried(one)).count() == 2).then_some(())
    });

    receiver.is_broken.store(false, Ordering::Relaxed);
    let number = first.header("tollguard-delivery").to_owned();
    node.command(&["webhook", "replay", &number]);
    let again = receiver.expect("a third post", 3).pop().unwrap();
    assert_eq!((again.header("tollguard-delivery"), &again.body), (number.as_str(), &first.body), "the same event");
    assert_signed(&again, &key);
    wait_for(SOON, "it to be delivered", || {
        let is_sent = |one: &Value| one["id"].as_u64() == number.parse().ok() && one["state"] == "sent";
        deliveries().iter().any(is_sent).then_some(())
    });
    let audit = node.command(&["account", "audit", "firm"]);
    assert!(audit.contains("Events are sent to"), "{audit}");
}

#[test]
fn webhooks_lead_nowhere_inside() {
    let hosts = Hosts::new();
    let receiver = Receiver::start((hosts.host(80), 8090).into());
    let office = Office::new(hosts.sip(2), "50").extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let url = format!("http://{}:8090/hook", hosts.host(80));
    node.command(&["webhook", "add", "firm", &url]);
    node.command(&["webhook", "test", "1"]);
    wait_for(SOON, "it to be refused", || {
        let text = node.command(&["webhook", "deliveries", "firm", "--json"]);
        let all: Vec<Value> = serde_json::from_str(&text).unwrap();
        (all[0]["attempts"] == 1).then_some(())
    });
    assert!(receiver.posts.lock().unwrap().is_empty());
}
