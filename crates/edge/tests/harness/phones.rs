//! Two phones, Ana and Ben, in a call.

use sip::Message;

use super::peer::Peer;
use super::{World, summary};

pub const ANA: &str = "198.51.100.1:5070";
pub const BEN: &str = "198.51.100.2:5080";

/// Ana has called Ben; his INVITE comes back.
pub fn ringing(world: &mut World) -> (Peer, Peer, Message) {
    world.allow_phones(&[("102", "sip:102@10.0.0.2:5080", BEN)]);
    let (mut ana, ben) = (Peer::new(ANA, "101"), Peer::new(BEN, "102"));
    let offer = ana.sdp(4_000, "sendrecv");
    ana.authenticated(world, "INVITE", "sip:102@pbx.example", &offer);
    assert!(world.lines(ANA).is_empty());
    let invite = world.one(BEN);
    (ana, ben, invite)
}

/// Ana and Ben talk; the 200 Ana got comes back too.
pub fn talking(world: &mut World) -> (Peer, Peer, Message, Message) {
    let (mut ana, ben, invite) = ringing(world);
    let answer = ben.sdp(5_000, "sendrecv");
    ben.answer(world, &invite, 200, &answer);
    assert_eq!(world.lines(BEN), ["ACK"]);
    let ok = world.one(ANA);
    assert_eq!(summary(&ok), "200 INVITE");
    ana.ack(world, &ok);
    (ana, ben, invite, ok)
}
