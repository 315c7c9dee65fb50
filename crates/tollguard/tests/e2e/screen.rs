//! Calls that another switch places: Kamailio, which asks the API before it does and reports on them, and Kamailio, which
//! asks the node as a redirect server.

use billing::{CallId, Decision, Money};

use crate::support::{Hosts, Kamailio, Node, NodeOptions, Office, SOON, Sipp, wait_for};

/// Abroad, and not dear.
const LONDON: &str = "011442079460123";
const NEAR: &str = "13035550123";

/// A firm whose PBX is at host 20, and a key for it.
fn node(options: &NodeOptions) -> (Node, String) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").trunk_at("pbx", hosts.host(20));
    let node = Node::start(hosts, options, &office);
    let said =
        node.command(&["api-key", "add", "the proxy", "--account", "firm", "--scope", "screen", "--scope", "read"]);
    let key = said.split_once("shown this once: ").unwrap().1.trim().to_owned();
    (node, key)
}

/// Somebody behind the proxy calls.
fn call(node: &Node, scenario: &str, number: &str) -> String {
    Sipp::calling(scenario, node.hosts.sip(21), node.hosts.host(20)).dial(number).login("101", "").run()
}

#[test]
fn kamailio_asks_before_it_places_a_call_and_reports_its_end() {
    let (node, key) = node(&NodeOptions::default());
    let hosts = node.hosts;
    let _proxy = Kamailio::screening(hosts.host(20), node.ip(), &key, hosts.host(2));
    let carrier = Sipp::answering("answer", hosts.sip(2), hosts.host(20)).start();
    call(&node, "inbound", NEAR);
    carrier.finish();
    let cdr = node.expect_cdr();
    assert_eq!((cdr.verdict.decision, cdr.result.sip_status), (Decision::Allowed, 200), "{cdr:?}");
    assert_eq!(cdr.who.line, Some("pbx".parse().unwrap()));
    assert_eq!(cdr.number.e164, Some("+13035550123".parse().unwrap()));
    assert_eq!(cdr.from.ip.to_string(), hosts.host(21).to_string(), "where the phone is, as the proxy told");
    assert!(cdr.times.talk_ms() > 0 && cdr.money.charge.is_positive(), "{cdr:?}");
    assert!(node.check_books() < Money::from_cents(1_000));

    // Nobody answers at the other end: the attempt is on record, and nothing is charged.
    let carrier = Sipp::answering("answer_busy", hosts.sip(2), hosts.host(20)).start();
    let busy = Sipp::calling("busy", hosts.sip(21), hosts.host(20)).dial(NEAR).login("101", "").run();
    carrier.finish();
    assert!(busy.contains("486"), "{busy}");
    let cdrs = node.expect_cdrs(2);
    assert_eq!((cdrs[1].result.sip_status, cdrs[1].money.charge), (486, Money::ZERO), "{cdrs:?}");

    // The owner forbids calls abroad: they are declined, and the caller hears why.
    node.command(&["line", "set", "firm", "pbx", "--international", "false"]);
    let heard = call(&node, "declined", LONDON);
    assert!(heard.contains("is not allowed to call United Kingdom"), "{heard}");
    let cdrs = node.expect_cdrs(3);
    assert_eq!((cdrs[2].verdict.decision, cdrs[2].result.sip_status), (Decision::Refused, 403));
    node.check_books();
}

#[test]
fn kamailio_asks_a_redirect_server() {
    let (node, key) = node(&NodeOptions::default().set("redirect", "[\"firm/pbx\"]"));
    let hosts = node.hosts;
    let _proxy = Kamailio::redirected(hosts.host(20), node.ip());
    let carrier = Sipp::answering("answer", hosts.sip(2), hosts.host(20)).start();
    call(&node, "inbound", NEAR);
    let seen = carrier.finish();
    assert!(!seen.contains(&node.ip().to_string()), "the call went from the proxy to the carrier: {seen}");

    // Nobody has reported its end yet: it runs, with its hold, until somebody does.
    let running = |node: &Node| -> Vec<edge::CallView> {
        match node.ask(&node::Command::Calls { account: None }) {
            node::CommandReply::Calls(calls) => calls,
            reply => panic!("{reply:?}"),
        }
    };
    let view = running(&node).remove(0);
    assert!(view.is_remote && view.answer_ms.is_none(), "{view:?}");
    assert!(node.account().held.is_positive());
    end(&node, &key, view.call, r#"{"talk_s":7}"#);
    let cdr = node.expect_cdr();
    // Nobody can have talked for longer than the call ran.
    assert_eq!((cdr.result.sip_status, cdr.times.answer_ms), (200, Some(cdr.times.start_ms)), "{cdr:?}");
    assert!(cdr.money.charge.is_positive(), "{cdr:?}");
    assert!(running(&node).is_empty());
    node.check_books();

    node.command(&["line", "set", "firm", "pbx", "--international", "false"]);
    let heard = call(&node, "declined", LONDON);
    assert!(heard.contains("Reason: Q.850;cause=21;text=") && heard.contains("is not allowed to call"), "{heard}");
    assert_eq!(node.expect_cdrs(2)[1].verdict.decision, Decision::Refused);
}

/// Reports the end of a call.
fn end(node: &Node, key: &str, call: CallId, body: &str) {
    let url = format!("http://{}:8080/api/v1/screen/{call}/end", node.ip());
    let request = ureq::post(&url).header("Authorization", &format!("Bearer {key}"));
    let mut answer = request.header("Content-Type", "application/json").send(body).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    assert!(text.contains(&call.to_string()), "{text}");
}

#[test]
fn a_call_elsewhere_is_settled_when_the_node_starts_again() {
    let (mut node, key) = node(&NodeOptions::default());
    let url = format!("http://{}:8080/api/v1/screen", node.ip());
    let post = |url: &str, body: &str| {
        let request = ureq::post(url).header("Authorization", &format!("Bearer {key}"));
        let mut answer = request.header("Content-Type", "application/json").send(body).unwrap();
        answer.body_mut().read_to_string().unwrap()
    };
    let said = post(&url, &format!(r#"{{"line":"pbx","dialled":"{NEAR}","ip":"192.0.2.7"}}"#));
    let call = said.split_once("\"call\":\"").unwrap().1.split('"').next().unwrap().to_owned();
    post(&format!("{url}/{call}/answered"), "{}");
    node.kill();
    node.serve();
    let cdr = wait_for(SOON, "the call to be settled", || node.cdrs().pop());
    assert_eq!((cdr.call.to_string(), cdr.result.recovered, cdr.result.sip_status), (call.clone(), true, 200));
    assert!(cdr.money.charge.is_positive());
    let again = post(&format!("{url}/{call}/end"), "{}");
    assert!(again.contains("\"recovered\":true"), "the report that comes late is answered with the record: {again}");
    node.check_books();
}
