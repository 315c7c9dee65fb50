//! Whose packets pass, whose do not, and when a call is dead: one test for each rule of the module's description.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;
use crate::{MAX_STREAMS, Side};

const PHONE_SSRC: u32 = 0x1111_1111;
const THIEF_SSRC: u32 = 0x6666_6666;
/// What phone and carrier announce; the phone's is a private address behind NAT.
const PHONE_SDP: &str = "192.168.1.5:4000";
const CARRIER: &str = "198.51.100.7:6000";
/// What the phone's packets come from.
const PHONE: &str = "203.0.113.9:31000";
const THIEF: &str = "203.0.113.66:5555";

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn above(rtp: &str) -> SocketAddr {
    let rtp = addr(rtp);
    SocketAddr::new(rtp.ip(), rtp.port() + 1)
}

fn rtp_head(ssrc: u32) -> Vec<u8> {
    [[0x80, 0, 0, 1, 0, 0, 0, 160].as_slice(), &ssrc.to_be_bytes()].concat()
}

fn rtcp_head(ssrc: u32) -> Vec<u8> {
    [[0x81, 201, 0, 7].as_slice(), &ssrc.to_be_bytes(), &[0; 4]].concat()
}

struct Call(RelaySession);

impl Call {
    /// A call at 0 ms whose sides have announced themselves.
    fn announced() -> Call {
        let mut session = RelaySession::new(1, 0);
        session.set_announced(Side::A, 0, addr(PHONE_SDP), above(PHONE_SDP), 0);
        session.set_announced(Side::B, 0, addr(CARRIER), above(CARRIER), 0);
        Call(session)
    }

    fn rtp(&mut self, side: Side, from: &str, ssrc: u32, now_ms: u64) -> Fate {
        let head = rtp_head(ssrc);
        let kind = PacketKind::Rtp;
        self.0.on_packet(&Arrival { side, stream: 0, kind, from: addr(from), len: 172, head: &head }, now_ms)
    }

    fn phone(&mut self, from: &str, ssrc: u32, now_ms: u64) -> Fate {
        self.rtp(Side::A, from, ssrc, now_ms)
    }

    /// Where the carrier's voice goes now.
    fn voice_goes_to(&mut self, now_ms: u64) -> SocketAddr {
        match self.rtp(Side::B, CARRIER, 2, now_ms) {
            Fate::Forward { to, out_side: Side::A } => to,
            other => panic!("the carrier's packet was not sent on: {other:?}"),
        }
    }
}

fn to_carrier() -> Fate {
    Fate::Forward { to: addr(CARRIER), out_side: Side::B }
}

const STRANGER: Fate = Fate::Drop(DropReason::Stranger);

#[test]
fn before_the_phone_speaks_its_announced_address_is_used_and_then_the_learnt_one() {
    let mut call = Call::announced();
    assert_eq!(call.voice_goes_to(0), addr(PHONE_SDP));
    assert_eq!(call.phone(PHONE, PHONE_SSRC, 20), to_carrier());
    assert_eq!(call.voice_goes_to(40), addr(PHONE));
}

#[test]
fn rtcp_is_learnt_on_its_own() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    let head = rtcp_head(PHONE_SSRC);
    let from = addr("203.0.113.9:31999");
    let mut report = Arrival { side: Side::A, stream: 0, kind: PacketKind::Rtcp, from, len: 60, head: &head };
    assert_eq!(call.0.on_packet(&report, 10), Fate::Forward { to: above(CARRIER), out_side: Side::B });
    report.side = Side::B;
    report.from = above(CARRIER);
    assert_eq!(call.0.on_packet(&report, 20), Fate::Forward { to: from, out_side: Side::A });
    assert_eq!(call.voice_goes_to(30), addr(PHONE));
}

#[test]
fn a_stranger_cannot_take_a_stream_even_while_it_is_learnt() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    for now_ms in [1, LEARN_MS - 1, LEARN_MS, LEARN_MS + 60_000] {
        call.phone(PHONE, PHONE_SSRC, now_ms);
        assert_eq!(call.phone(THIEF, THIEF_SSRC, now_ms), STRANGER);
        assert_eq!(call.phone(THIEF, PHONE_SSRC, now_ms), STRANGER, "nor with the right SSRC while the owner talks");
    }
    assert_eq!(call.voice_goes_to(70_000), addr(PHONE));
}

#[test]
fn a_stranger_who_came_first_loses_to_whoever_fits_the_announcement_better() {
    let mut call = Call::announced();
    assert_eq!(call.rtp(Side::B, THIEF, THIEF_SSRC, 0), Fate::Forward { to: addr(PHONE_SDP), out_side: Side::A });
    assert!(matches!(call.rtp(Side::B, CARRIER, 2, LEARN_MS - 1), Fate::Forward { .. }));
    assert_eq!(call.rtp(Side::B, THIEF, THIEF_SSRC, LEARN_MS - 1), STRANGER);
    assert_eq!(call.phone(PHONE, PHONE_SSRC, LEARN_MS - 1), to_carrier());
}

#[test]
fn a_stranger_who_came_first_and_fell_silent_loses_to_the_announced_address_at_any_time() {
    let mut call = Call::announced();
    call.rtp(Side::B, THIEF, THIEF_SSRC, 0);
    call.rtp(Side::B, THIEF, THIEF_SSRC, LEARN_MS);
    assert_eq!(call.rtp(Side::B, CARRIER, 2, LEARN_MS), STRANGER);
    let quiet_ms = LEARN_MS + MOVE_SILENCE_MS;
    assert!(matches!(call.rtp(Side::B, CARRIER, 2, quiet_ms), Fate::Forward { .. }));
}

#[test]
fn a_nat_may_change_the_port_of_a_running_stream() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    let moved = "203.0.113.9:45000";
    assert_eq!(call.phone(moved, PHONE_SSRC, LEARN_MS + 20), to_carrier());
    assert_eq!(call.voice_goes_to(LEARN_MS + 40), addr(moved));
}

#[test]
fn another_port_with_another_ssrc_waits_for_silence() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 10_000);
    let restarted = "203.0.113.9:45000";
    assert_eq!(call.phone(restarted, 7, 10_000 + MOVE_SILENCE_MS - 1), STRANGER);
    assert_eq!(call.phone(restarted, 7, 10_000 + MOVE_SILENCE_MS), to_carrier());
}

#[test]
fn a_phone_that_changes_networks_keeps_its_stream_by_its_ssrc() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 10_000);
    let mobile = "100.64.3.3:1025";
    let quiet_ms = 10_000 + MOVE_SILENCE_MS;
    assert_eq!(call.phone(THIEF, THIEF_SSRC, quiet_ms + 3_600_000), STRANGER, "silence alone opens nothing");
    assert_eq!(call.phone(mobile, PHONE_SSRC, quiet_ms - 1), STRANGER);
    assert_eq!(call.phone(mobile, PHONE_SSRC, quiet_ms), to_carrier());
    assert_eq!(call.phone(PHONE, PHONE_SSRC, quiet_ms + 1), STRANGER, "it has moved");
}

#[test]
fn the_latched_source_may_change_its_ssrc() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    assert_eq!(call.phone(PHONE, 9, 9_000), to_carrier());
    assert_eq!(call.phone("100.64.3.3:1025", PHONE_SSRC, 60_000), STRANGER, "the old SSRC is worth nothing now");
    assert_eq!(call.phone("100.64.3.3:1025", 9, 60_000), to_carrier());
}

#[test]
fn a_new_announcement_moves_the_voice_and_late_packets_of_the_old_place_do_not_bring_it_back() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    call.0.set_announced(Side::A, 0, addr("192.168.1.6:4000"), above("192.168.1.6:4000"), 20_000);
    assert_eq!(call.voice_goes_to(20_000), addr("192.168.1.6:4000"));
    assert_eq!(call.phone(PHONE, PHONE_SSRC, 20_010), to_carrier(), "still under way");
    assert_eq!(call.phone("203.0.113.10:9000", 5, 20_020), to_carrier());
    assert_eq!(call.phone(PHONE, PHONE_SSRC, 20_030), STRANGER);
    assert_eq!(call.voice_goes_to(20_040), addr("203.0.113.10:9000"));
}

#[test]
fn the_same_announcement_again_moves_nothing() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    call.0.set_announced(Side::A, 0, addr(PHONE_SDP), above(PHONE_SDP), 20_000);
    assert_eq!(call.phone(THIEF, THIEF_SSRC, 20_000), STRANGER);
    assert_eq!(call.voice_goes_to(20_000), addr(PHONE));
}

#[test]
fn relatching_keeps_the_old_target_until_a_new_one_speaks() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    call.0.relatch(Side::A, 20_000);
    assert_eq!(call.voice_goes_to(20_000), addr(PHONE));
    call.phone("203.0.113.10:9000", 5, 20_010);
    assert_eq!(call.voice_goes_to(20_020), addr("203.0.113.10:9000"));
}

#[test]
fn addresses_that_cannot_receive_are_never_sent_to() {
    for bad in ["0.0.0.0:4000", "224.0.0.1:4000", "255.255.255.255:4000", "10.0.0.1:0", "[ff02::1]:4000", "[::]:4000"] {
        let mut call = Call(RelaySession::new(1, 0));
        call.0.set_announced(Side::A, 0, addr(bad), addr(bad), 0);
        assert_eq!(call.rtp(Side::B, CARRIER, 2, 0), Fate::Drop(DropReason::NoDestination), "{bad}");
    }
}

#[test]
fn what_is_not_media_is_dropped_and_teaches_nothing() {
    let mut call = Call::announced();
    let stun = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0];
    let dtls = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let rtp = rtp_head(1);
    let rtcp = rtcp_head(1);
    let cases: [(&[u8], usize, PacketKind, DropReason); 9] = [
        (&stun, 20, PacketKind::Rtp, DropReason::NotMedia),
        (&dtls, 60, PacketKind::Rtp, DropReason::NotMedia),
        (&rtcp, 60, PacketKind::Rtp, DropReason::WrongPort),
        (&rtp, 172, PacketKind::Rtcp, DropReason::WrongPort),
        (&rtp, 11, PacketKind::Rtp, DropReason::BadLength),
        (&rtp, MAX_MEDIA_BYTES + 1, PacketKind::Rtp, DropReason::BadLength),
        (&rtcp, 7, PacketKind::Rtcp, DropReason::BadLength),
        (&rtp[..11], 172, PacketKind::Rtp, DropReason::BadLength),
        (&[], 0, PacketKind::Rtcp, DropReason::BadLength),
    ];
    for (head, len, kind, reason) in cases {
        let packet = Arrival { side: Side::A, stream: 0, kind, from: addr(THIEF), len, head };
        assert_eq!(call.0.on_packet(&packet, 5), Fate::Drop(reason), "{head:?}");
    }
    let packet = Arrival { side: Side::A, stream: 1, kind: PacketKind::Rtp, from: addr(THIEF), len: 172, head: &rtp };
    assert_eq!(call.0.on_packet(&packet, 5), Fate::Drop(DropReason::NoSuchStream));
    assert_eq!(call.voice_goes_to(5), addr(PHONE_SDP));
    assert_eq!(call.0.counters()[0].dropped, 10);
    assert_eq!(call.0.counters()[0].last_packet_ms, None);
}

#[test]
fn packets_are_counted_on_the_side_they_came_from() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 20);
    call.phone(PHONE, PHONE_SSRC, 40);
    call.phone(THIEF, THIEF_SSRC, 60);
    let [a, b] = call.0.counters();
    assert_eq!((a.packets, a.bytes, a.dropped, a.last_packet_ms), (2, 344, 1, Some(40)));
    assert_eq!(b, crate::SideCounters::default());
}

#[test]
fn a_session_has_no_more_streams_than_the_maximum() {
    assert_eq!(RelaySession::new(usize::MAX, 0).stream_count(), MAX_STREAMS);
}

#[test]
fn a_call_with_both_sides_silent_is_dead() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 1_000);
    call.voice_goes_to(2_000);
    assert_eq!(call.0.dead_call(31_999, 30_000), None);
    assert_eq!(call.0.silence(31_999, 30_000), Silence::One(Side::A));
    assert_eq!(call.0.dead_call(32_000, 30_000), Some(2_000));
}

#[test]
fn one_silent_side_is_given_much_longer() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 1_000);
    let dead_ms = 1_000 + 30_000 * ONE_SIDE_FACTOR;
    call.voice_goes_to(dead_ms);
    assert_eq!(call.0.dead_call(dead_ms - 1, 30_000), None);
    assert_eq!(call.0.dead_call(dead_ms, 30_000), Some(dead_ms), "the other side is heard until then");
}

#[test]
fn a_held_call_is_not_silent_and_starts_afresh_after_the_hold() {
    let mut call = Call::announced();
    call.0.set_held(true, 1_000);
    assert!(call.0.held());
    assert_eq!(call.0.dead_call(3_600_000, 30_000), None);
    call.0.set_held(false, 3_600_000);
    assert_eq!(call.0.dead_call(3_629_999, 30_000), None);
    assert_eq!(call.0.dead_call(3_630_000, 30_000), Some(3_600_000));
}

#[test]
fn a_call_being_set_up_is_not_silent() {
    let mut session = RelaySession::new(1, 0);
    session.set_announced(Side::A, 0, addr(PHONE_SDP), above(PHONE_SDP), 0);
    assert_eq!(session.dead_call(600_000, 30_000), None);
    session.set_announced(Side::B, 0, addr(CARRIER), above(CARRIER), 600_000);
    assert_eq!(session.dead_call(600_001, 30_000), None, "the answer itself is a sign of life");
    assert_eq!(session.dead_call(630_000, 30_000), Some(600_000));
}

#[test]
fn a_strangers_packets_keep_no_call_alive() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    call.phone(THIEF, THIEF_SSRC, 29_000);
    assert_eq!(call.0.dead_call(30_000, 30_000), Some(0));
}

proptest! {
    /// With the owner talking, no packet of others from other addresses changes where the voice goes.
    #[test]
    fn no_flood_of_strangers_moves_a_talking_stream(
        packets in prop::collection::vec((any::<[u8; 4]>(), 1u16.., any::<u32>(), any::<[u8; 12]>(), any::<bool>()), 0..60),
    ) {
        let mut call = Call::announced();
        call.phone(PHONE, PHONE_SSRC, 0);
        for (at, (ip, port, ssrc, junk, plausible)) in packets.into_iter().enumerate() {
            let now_ms = at as u64 * 200;
            let from = SocketAddr::from((ip, port));
            prop_assume!(from.ip() != addr(PHONE).ip() && from.ip() != addr(PHONE_SDP).ip() && port != 4000);
            let head = if plausible { rtp_head(ssrc) } else { junk.to_vec() };
            let packet = Arrival { side: Side::A, stream: 0, kind: PacketKind::Rtp, from, len: 172, head: &head };
            prop_assert!(matches!(call.0.on_packet(&packet, now_ms), Fate::Drop(_)));
            prop_assert_eq!(call.phone(PHONE, PHONE_SSRC, now_ms), to_carrier());
        }
        prop_assert_eq!(call.voice_goes_to(20_000), addr(PHONE));
    }
}

/// A party that has left two joined calls and still speaks takes neither session from the other.
#[test]
fn a_pinned_side_is_not_learnt() {
    let mut call = Call::announced();
    call.phone(PHONE, PHONE_SSRC, 0);
    call.0.set_announced(Side::A, 0, addr("192.0.2.1:20000"), above("192.0.2.1:20000"), 10);
    call.0.pin(Side::A, 0, 10);
    assert_eq!(call.phone(PHONE, PHONE_SSRC, 20), Fate::Drop(DropReason::Stranger));
    assert!(matches!(call.phone("192.0.2.1:20000", 7, 30), Fate::Forward { .. }));
}
