//! What transfers have in common: a REFER with its password, the reports that come of it, and the new session.

use sip::{Message, Name};

use super::peer::{Peer, find};
use super::{World, summary, text};

/// A REFER within the dialog of `known`, with the password asked for; what came back after it is still on the wire.
#[track_caller]
pub fn refer(world: &mut World, peer: &mut Peer, known: &Message, headers: &[&str]) {
    let headers: Vec<String> = headers.iter().map(|&line| line.to_owned()).collect();
    peer.extra.clone_from(&headers);
    world.datagram(peer.at, peer.within(known, "REFER", "").as_bytes());
    let challenge = world.one(peer.at);
    assert_eq!(summary(&challenge), "401 REFER");
    peer.extra = headers;
    let uri = text(known.contacts().next().unwrap().unwrap().uri);
    peer.authorize(&challenge, "REFER", &uri);
    world.datagram(peer.at, peer.within(known, "REFER", "").as_bytes());
}

/// The reports among these messages, answered: state of the subscription and first line of what is told.
pub fn reports(world: &mut World, peer: &Peer, messages: &[Message]) -> Vec<(String, String)> {
    let notifies = messages.iter().filter(|message| summary(message) == "NOTIFY");
    let mut told = Vec::new();
    for notify in notifies {
        peer.answer(world, notify, 200, "");
        assert_eq!(text(notify.content_type().unwrap()), "message/sipfrag;version=2.0");
        let state = text(notify.header(Name::SubscriptionState).unwrap());
        let state = state.split(';').next().unwrap().to_owned();
        told.push((state, text(notify.body()).lines().next().unwrap().to_owned()));
    }
    told
}

pub fn report(state: &str, told: &str) -> (String, String) {
    (state.to_owned(), told.to_owned())
}

/// The one who stays is asked for an offer, the other gets it, and the answer comes back.
pub fn agree(world: &mut World, stays: &mut Peer, other_at: &str, other: &Peer) -> (Message, Message) {
    let asked = world.take(stays.at);
    let asked = find(&asked, "INVITE").clone();
    assert!(asked.body().is_empty(), "{}", text(asked.body()));
    stays.answer(world, &asked, 200, &stays.sdp(4_100, "sendrecv"));
    let offered = world.take(other_at);
    let offered = find(&offered, "INVITE").clone();
    assert!(text(offered.body()).contains("m=audio") && !text(offered.body()).contains("4100"));
    other.answer(world, &offered, 200, &other.sdp(6_100, "sendrecv"));
    let acked = world.take(stays.at);
    assert!(text(find(&acked, "ACK").body()).contains("m=audio"));
    assert_eq!(world.lines(other_at), ["ACK"]);
    (asked, offered)
}
