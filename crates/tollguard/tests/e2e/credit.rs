//! A call ends when its credit ends (invariants 1 and 3).

use billing::{HungUpBy, Money};

use crate::support::{Hosts, Node, NodeOptions, Office, Sipp, secret};

#[test]
fn a_call_whose_credit_runs_out_is_hung_up_on_both_legs() {
    let hosts = Hosts::new();
    // Six seconds at one cent a minute, of which the last covers hanging up.
    let office = Office::new(hosts.sip(2), "0.001").extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    let phone = Sipp::calling("call_until_bye", hosts.sip(10), node.ip()).dial("13035550123");
    let heard = phone.login("alice", &secret("alice")).run();
    let carried = carrier.finish();
    for told in [&heard, &carried] {
        assert!(told.contains("Reason: Q.850;cause=31;text=\"the credit or a limit of the day ran out\""), "{told}");
    }
    let cdr = node.expect_cdr();
    assert_eq!(cdr.result.hung_up_by, HungUpBy::Node { why: "the credit or a limit of the day ran out".into() });
    assert!((5_000..5_200).contains(&cdr.times.talk_ms()), "{:?}", cdr.times);
    assert_eq!((cdr.money.billed_s, cdr.money.charge), (6, Money::from_micros(1_000)));
    assert_eq!(node.check_books(), Money::ZERO);
}

#[test]
fn calls_side_by_side_never_spend_more_than_there_is() {
    let hosts = Hosts::new();
    // Enough for the holds of two calls of six seconds, tried by five.
    let office = Office::new(hosts.sip(2), "0.002").extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let _carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(5, 10).start();
    let phones = Sipp::calling("call_until_bye", hosts.sip(10), node.ip()).dial("13035550123").calls(5, 10);
    phones.login("alice", &secret("alice")).start().end();
    let cdrs = node.expect_cdrs(5);
    let answered = cdrs.iter().filter(|cdr| cdr.times.answer_ms.is_some()).count();
    let refused = cdrs.iter().filter(|cdr| cdr.result.sip_status == 402).count();
    assert_eq!((answered + refused, answered >= 1), (5, true), "{cdrs:#?}");
    assert!(node.check_books() >= Money::ZERO);
}
