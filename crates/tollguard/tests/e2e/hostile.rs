//! Real tools and a fierce guesser against a line with a weak password: locked out before they find it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{
    Child, Guessed, Hosts, Node, NodeOptions, Office, SOON, Sipp, guess, register, try_word, wait_for, wait_until,
};

/// A password that every list holds, set by force.
const WEAK: &str = "107107";

/// A node with extension 107, whose password is weak.
fn weak_office(hosts: Hosts, options: &NodeOptions) -> Node {
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("107", "107");
    let node = Node::start(hosts, options, &office);
    let secret = node.path("weak");
    std::fs::write(&secret, format!("{WEAK}\n")).unwrap();
    let secret = secret.to_str().unwrap();
    let refused = node.try_command(&["line", "secret", "firm", "107", "--secret-file", secret]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the secret is weak"), "{refused:?}");
    node.command(&["line", "secret", "firm", "107", "--secret-file", secret, "--force"]);
    node
}

/// So many words, the weak password among the later ones.
fn words(count: usize) -> Vec<String> {
    let mut words: Vec<String> = (0..count).map(|n| format!("{n:06}")).filter(|word| word != WEAK).collect();
    words.insert(count / 2, WEAK.to_owned());
    words
}

/// So many words that do not fit: those of one crowd come in any order.
fn wrong(count: usize) -> Vec<String> {
    words(count).into_iter().filter(|word| word != WEAK).collect()
}

/// Runs one of sipvicious' tools until it gives up, and returns what it printed. Its address is 127.0.0.1.
#[track_caller]
fn tool(node: &Node, name: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(name);
    command.args(["-x", "127.0.0.1"]).args(arguments).arg(node.ip().to_string());
    let mut child = Child::spawn(name, &mut command);
    child.wait(Duration::from_secs(60));
    child.output()
}

#[test]
fn of_two_hundred_threads_exactly_so_many_words_are_looked_at() {
    for failures in ["5", "1", "12"] {
        let hosts = Hosts::new();
        let node = weak_office(hosts, &NodeOptions::default().set("failures", failures));
        let Guessed { answered_challenges, rejected, put_off, found, took } =
            guess(hosts.sip(1), hosts.host(66), "107", &words(1_500));
        println!("{answered_challenges} answers to challenges, {rejected} looked at, in {took:?}");
        assert_eq!((rejected.to_string().as_str(), put_off), (failures, 0));
        assert!(found.is_empty(), "{found:?}");
        let list = node.command(&["ban", "list"]);
        assert!(list.contains(&format!("{failures} failed password")) && list.contains("tried 107"), "{list}");
        Sipp::calling("register", hosts.sip(10), node.ip()).login("107", WEAK).run();
    }
}

#[test]
fn many_addresses_make_one_line_dear_and_no_other() {
    let hosts = Hosts::new();
    let node = weak_office(hosts, &NodeOptions::default().set("network_day", "9000"));
    Sipp::calling("register", hosts.sip(10), node.ip()).login("107", WEAK).run();
    let lists: Vec<Vec<String>> = words(1_000).chunks(100).map(<[String]>::to_vec).collect();
    let (mut looked_at, mut put_off) = (0, 0);
    for (host, words) in (100..).zip(&lists) {
        let guessed = guess(hosts.sip(1), hosts.host(host), "107", words);
        assert!(guessed.found.is_empty());
        looked_at += guessed.rejected;
        put_off += guessed.put_off;
    }
    // The test's addresses are neighbours of the phone's: one network, one bucket.
    assert_eq!(looked_at, 20, "as many as the line may be tried with in a day");
    assert!(put_off > 0);
    let guessed = node.command(&["ban", "guessed"]);
    assert!(guessed.contains("107, from new addresses in networks it logs in from"), "{guessed}");
    Sipp::calling("register", hosts.sip(10), node.ip()).login("107", WEAK).run();
    register(&node, "alice", 150);
}

#[test]
fn a_new_secret_makes_a_stranger_of_the_thief() {
    let hosts = Hosts::new();
    let node = weak_office(hosts, &NodeOptions::default());
    Sipp::calling("register", hosts.sip(66), node.ip()).login("107", WEAK).run();
    let banned = || node.command(&["ban", "list"]).contains(&hosts.host(66).to_string());
    for _ in 0..6 {
        Sipp::calling("register_wrong", hosts.sip(66), node.ip()).login("107", "mistyped").run();
    }
    assert!(!banned(), "who has logged in as 107 locks out that name there at most");
    node.command(&["line", "secret", "firm", "107"]);
    assert_eq!(guess(hosts.sip(1), hosts.host(66), "107", &[WEAK.to_owned()]).rejected, 1);
    guess(hosts.sip(1), hosts.host(66), "107", &words(50));
    assert!(banned());
}

/// Two words are looked at, and not the third, which fits; yet three more are answered before the ban, as at any name.
#[test]
fn a_strict_account_looks_at_fewer_words_and_nobody_sees_it() {
    let hosts = Hosts::new();
    let node = weak_office(hosts, &NodeOptions::default());
    node.command(&["account", "set", "firm", "--lockout-failures", "2"]);
    assert!(node.command(&["account", "show", "firm"]).contains("shut out after 2 failures"));
    for (host, name) in [(66, "107"), (67, "nobody")] {
        let socket = UdpSocket::bind((hosts.host(host), 0)).unwrap();
        socket.connect(hosts.sip(1)).unwrap();
        let words = ["one", "two", WEAK, WEAK, "three"];
        let mut number = 0;
        for word in words {
            // It waits for a challenge but a moment, which a busy machine may miss.
            let tried = wait_for(SOON, "a challenge", || {
                number += 1;
                try_word(&socket, 0, number, name, word)
            });
            assert_eq!(tried.status, Some(401), "{name} with {word}");
        }
        assert!(try_word(&socket, 0, 1_000, name, "four").is_none(), "banned");
    }
    assert!(node.command(&["ban", "guessed"]).contains(&format!("lines of account firm, from {}", hosts.host(66))));
    node.command(&["account", "set", "firm", "--lockout-allow", &hosts.host(66).to_string()]);
    Sipp::calling("register", hosts.sip(66), node.ip()).login("107", WEAK).run();
}

#[test]
fn svcrack_finds_nothing_and_is_locked_out() {
    let hosts = Hosts::new();
    let node = weak_office(hosts, &NodeOptions::default());
    let list = node.path("words");
    std::fs::write(&list, words(200).join("\n")).unwrap();
    let said = tool(&node, "svcrack", &["-u", "107", "-d", list.to_str().unwrap(), "--maximumtime=5"]);
    assert!(!said.contains(WEAK), "{said}");
    let bans = node.command(&["ban", "list"]);
    assert!(
        bans.contains("127.0.0.1/32") && bans.contains("5 failed passwords within 10 minutes, tried 107"),
        "{bans}"
    );
}

/// Bans outlive a restart, go out as a plain list, and stand in the log so that fail2ban reads exactly them.
#[test]
fn bans_are_for_other_programs_too() {
    let hosts = Hosts::new();
    let mut node = weak_office(hosts, &NodeOptions::default().set("failures", "1"));
    let banned = [hosts.host(66), hosts.host(67)];
    for (host, name) in banned.iter().zip(["107", "INFO locked out 8.8.8.8 for 1 s: "]) {
        assert_eq!(guess(hosts.sip(1), *host, name, &wrong(20)).rejected, 1);
    }
    let exported = node.command(&["ban", "export"]);
    assert_eq!(exported.lines().collect::<Vec<_>>(), banned.map(|host| host.to_string()));
    let log = node.path("log");
    let last = format!("locked out {} for", banned[1]);
    std::fs::write(&log, node.expect_log(&last) + "\n").unwrap();
    let filter = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contrib/fail2ban/tollguard.conf");
    let output = Command::new("fail2ban-regex").args(["--out", "ip"]).arg(&log).arg(filter).output().unwrap();
    let read = String::from_utf8_lossy(&output.stdout);
    assert_eq!(read.lines().collect::<Vec<_>>(), banned.map(|host| host.to_string()), "{output:?}");

    node.stop();
    node.serve();
    assert_eq!(node.command(&["ban", "export"]), exported);
    assert_eq!(guess(hosts.sip(1), banned[0], "107", &wrong(20)).answered_challenges, 0, "not even challenged");
    node.command(&["ban", "lift", &banned[0].to_string()]);
    assert_eq!(guess(hosts.sip(1), banned[0], "107", &wrong(20)).rejected, 1);
}

/// A listed address hears nothing until its list changes; a phone's address is never refused for one.
#[test]
fn block_lists_are_followed() {
    let hosts = Hosts::new();
    let options = NodeOptions::default().set("lists", "[\"voipbl.txt\"]").set("lists_refresh_s", "1");
    let node = weak_office(hosts, &options);
    register(&node, "alice", 10);
    let list = node.path("voipbl.txt");
    std::fs::write(&list, format!("# bad\n{}\n{}/32\n", hosts.host(66), hosts.host(10))).unwrap();
    let holds = |count: &str| node.command(&["ban", "lists"]).lines().any(|line| line.ends_with(count));
    wait_until(SOON, "the list to be read", || holds(" 2"));
    assert_eq!(guess(hosts.sip(1), hosts.host(66), "107", &wrong(20)).answered_challenges, 0);
    register(&node, "alice", 10);
    std::fs::write(&list, "198.51.100.7\n").unwrap();
    wait_until(SOON, "the list to be read again", || holds(" 1"));
    assert_eq!(guess(hosts.sip(1), hosts.host(66), "107", &wrong(20)).rejected, 5);
}

#[test]
fn svwar_cannot_tell_extensions_apart() {
    let hosts = Hosts::new();
    let node = weak_office(hosts, &NodeOptions::default());
    for method in ["REGISTER", "OPTIONS", "INVITE"] {
        let said = tool(&node, "svwar", &["-e", "100-110", "-m", method, "--force", "--maximumtime=3"]);
        // It lists what it tells apart in a table, and gives up where a made-up name is answered as any other.
        assert!(said.contains("svwar will probably not work") || said.contains("found nothing"), "{method}\n{said}");
        assert!(!said.lines().any(|line| line.starts_with('|')), "{method}\n{said}");
    }
}

#[test]
fn svmap_learns_no_version() {
    let hosts = Hosts::new();
    let node = weak_office(hosts, &NodeOptions::default());
    // It waits for an answer but a moment, which a busy machine may miss.
    let said = wait_for(SOON, "svmap to hear an answer", || {
        let said = tool(&node, "svmap", &[]);
        (said.contains("unknown") || said.contains("disabled")).then_some(said)
    });
    assert!(!said.to_lowercase().contains("tollguard"), "{said}");
    assert!(node.command(&["ban", "list"]).contains("Nobody is locked out"), "it is no failure to ask");
    let hosts = Hosts::new();
    let deaf = weak_office(hosts, &NodeOptions::default().set("ignored_agents", "[\"Friendly-Scanner\"]"));
    let said = tool(&deaf, "svmap", &[]);
    assert!(!said.contains(&deaf.ip().to_string()), "{said}");
    register(&deaf, "alice", 10);
}

/// A server of block lists: answers with what it holds now, 304 to who has that, 500 where it holds nothing.
struct ListServer {
    held: Arc<Mutex<String>>,
    asked: Receiver<u16>,
    address: SocketAddr,
}

impl ListServer {
    fn start(ip: Ipv4Addr) -> Self {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let (address, held) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(String::new())));
        let (sender, asked) = channel();
        let holds = Arc::clone(&held);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while stream.read_line(&mut head).is_ok_and(|read| read > 2) {}
                let body = holds.lock().unwrap().clone();
                let tag = format!("\"{}\"", body.len());
                let (status, body) = match body.as_str() {
                    "" => (500, ""),
                    _ if head.contains(&format!("if-none-match: {tag}")) => (304, ""),
                    body => (200, body),
                };
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nETag: {tag}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                stream.get_mut().write_all((head + body).as_bytes()).unwrap();
                // The test may have ended.
                let _ = sender.send(status);
            }
        });
        Self { held, asked, address }
    }

    fn hold(&self, text: &str) {
        text.clone_into(&mut self.held.lock().unwrap());
    }

    /// Waits until it has answered so.
    #[track_caller]
    fn expect(&self, status: u16) {
        while self.asked.recv_timeout(SOON).unwrap() != status {}
    }
}

/// A list on the web is asked for again and again, kept on the disk, and its address, which may hold a key, is not told.
#[test]
fn block_lists_on_the_web_are_followed() {
    let hosts = Hosts::new();
    let server = ListServer::start(hosts.host(90));
    let url = format!("[\"http://{}/api/the-key/banned\"]", server.address);
    let options = NodeOptions::default().set("lists", &url).set("lists_fetch_s", "1");
    server.hold(&format!("{{\"ipaddress\":[\"{}\",\"{}\"],\"ID\":\"1\"}}", hosts.host(66), hosts.host(67)));
    let mut node = weak_office(hosts, &options);
    let holds = |node: &Node, count: &str| node.command(&["ban", "lists"]).lines().any(|line| line.ends_with(count));
    wait_until(SOON, "the list to be fetched", || holds(&node, " 2"));
    assert_eq!(guess(hosts.sip(1), hosts.host(66), "107", &wrong(20)).answered_challenges, 0);
    server.expect(304);
    server.hold(&format!("{}/32\n", hosts.host(67)));
    wait_until(SOON, "the list to be fetched again", || holds(&node, " 1"));
    assert_eq!(guess(hosts.sip(1), hosts.host(66), "107", &wrong(20)).rejected, 5);
    server.hold("<html>we have moved</html>");
    let said = node.expect_log("was not fetched: it holds no address");
    assert!(!said.contains("the-key"), "{said}");
    server.hold("");
    node.stop();
    node.serve();
    assert!(holds(&node, " 1"), "the last good copy");
    server.expect(500);
}
