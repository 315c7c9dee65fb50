//! Answers, and requests of a dialog, come to the worker that has it: a small program for the kernel (classic BPF,
//! SO_ATTACH_REUSEPORT_CBPF) that reads the worker's number where [`sip::ids`] has written it: in the branch of an answer's
//! top Via, in the user of a Request-URI that is our Contact. What it cannot tell the kernel spreads as it would without, and
//! a message that reaches another worker is handed over as ever. Who floods may aim at one worker with it, as everybody can
//! who floods from one address.

use std::ops::Range;
use std::os::fd::AsFd;

use libc::{
    BPF_ABS, BPF_ADD, BPF_ALU, BPF_B, BPF_H, BPF_IMM, BPF_IND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_K,
    BPF_LD, BPF_LDX, BPF_LEN, BPF_LSH, BPF_MEM, BPF_RET, BPF_ST, BPF_SUB, BPF_W, BPF_X, sock_filter, sock_fprog,
};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::AttachReusePortCbpf;

/// Where in an answer a branch may begin: behind the shortest status line and Via, up to where the kernel looks last.
const BRANCH: Range<u32> = 24..160;
/// The same of a request's URI: behind the method.
const URI: Range<u32> = 4..9;
/// The fewest bytes of a message that is looked at: all that is looked for lies in front of it.
const FEWEST: u32 = BRANCH.end + 12;
/// No socket has that number: the kernel chooses.
const ANY: u32 = u32::MAX;
/// Instructions that look at one place; and those that give up, behind which the number is read.
const LOOK: u32 = 4;
const GIVE_UP: u32 = 1;

/// Makes the sockets of an address, of which this one was bound last, take messages of the worker they are for. A kernel
/// that cannot do it spreads them.
pub fn to_workers(socket: &impl AsFd) {
    let mut program = program();
    let Ok(len) = u16::try_from(program.len()) else { return };
    if let Err(error) = setsockopt(socket, AttachReusePortCbpf, &sock_fprog { len, filter: program.as_mut_ptr() }) {
        tracing::debug!(%error, "the kernel spreads all messages over the workers");
    }
}

/// What runs for each datagram.
fn program() -> Vec<sock_filter> {
    let mut uri = find(URI, *b"sip:");
    uri.extend([step(BPF_LD | BPF_B | BPF_IND, 4), when(BPF_JEQ, u32::from(b'w'), 1, 0), step(BPF_RET, ANY)]);
    uri.extend(number(5, b'@'));
    let mut branch = find(BRANCH, *b"z9hG");
    branch.extend([step(BPF_LD | BPF_W | BPF_IND, 3), when(BPF_JEQ, word(*b"G4bK"), 1, 0), step(BPF_RET, ANY)]);
    branch.extend(number(7, b'-'));
    let mut program = vec![
        step(BPF_LD | BPF_W | BPF_LEN, 0),
        when(BPF_JGE, FEWEST, 1, 0),
        step(BPF_RET, ANY),
        step(BPF_LD | BPF_W | BPF_ABS, 0),
        when(BPF_JEQ, word(*b"SIP/"), 0, 1),
        step(BPF_JMP | BPF_JA, uri.len() as u32),
    ];
    program.extend(uri);
    program.extend(branch);
    program
}

/// Looks for a text at one place after the other: X becomes the first that has it.
fn find(places: Range<u32>, text: [u8; 4]) -> Vec<sock_filter> {
    let end = places.end;
    let look = |place| {
        let left = (end - 1 - place) * LOOK;
        [
            step(BPF_LD | BPF_W | BPF_ABS, place),
            when(BPF_JEQ, word(text), 0, 2),
            step(BPF_LDX | BPF_W | BPF_IMM, place),
            step(BPF_JMP | BPF_JA, left + GIVE_UP),
        ]
    };
    places.flat_map(look).chain([step(BPF_RET, ANY)]).collect()
}

/// Reads the number so far behind X, four hexadecimal digits of which the first two are zeros (there are 64 workers at most),
/// and the character behind it.
fn number(at: u32, behind: u8) -> [sock_filter; 19] {
    let (zero, ten) = (u32::from(b'0'), u32::from(b'a') - 10);
    [
        step(BPF_LD | BPF_H | BPF_IND, at),
        when(BPF_JEQ, word([0, 0, b'0', b'0']), 1, 0),
        step(BPF_RET, ANY),
        step(BPF_LD | BPF_B | BPF_IND, at + 4),
        when(BPF_JEQ, u32::from(behind), 1, 0),
        step(BPF_RET, ANY),
        step(BPF_LD | BPF_B | BPF_IND, at + 2),
        step(BPF_ALU | BPF_SUB | BPF_K, zero),
        when(BPF_JGT, 9, 0, 1),
        step(BPF_RET, ANY),
        step(BPF_ALU | BPF_LSH | BPF_K, 4),
        step(BPF_ST, 0),
        step(BPF_LD | BPF_B | BPF_IND, at + 3),
        when(BPF_JGE, u32::from(b'a'), 0, 1),
        step(BPF_ALU | BPF_SUB | BPF_K, ten - zero),
        step(BPF_ALU | BPF_SUB | BPF_K, zero),
        step(BPF_LDX | BPF_W | BPF_MEM, 0),
        step(BPF_ALU | BPF_ADD | BPF_X, 0),
        // The accumulator.
        step(BPF_RET | libc::BPF_A, 0),
    ]
}

fn step(code: u32, k: u32) -> sock_filter {
    sock_filter { code: u16::try_from(code).unwrap_or(0), jt: 0, jf: 0, k }
}

/// A comparison: how many instructions are left out if it holds, and if it does not.
fn when(comparison: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { jt, jf, ..step(BPF_JMP | comparison | BPF_K, k) }
}

const fn word(text: [u8; 4]) -> u32 {
    u32::from_be_bytes(text)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use sip::arena::Slot;
    use sip::ids::Origin;
    use sip::{Host, HostPort, Method, OwnContact, RequestBuilder, Transport};
    use socket2::{Domain, Socket, Type};

    use super::*;
    use crate::start::Sharing;

    const WORKERS: usize = 12;

    fn workers() -> Vec<UdpSocket> {
        let mut bound: Vec<UdpSocket> = Vec::new();
        for worker in 0..WORKERS {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
            let address = bound.first().map_or("127.0.0.1:0".parse().unwrap(), |first| first.local_addr().unwrap());
            socket.set_nonblocking(true).unwrap();
            Sharing::of(worker, WORKERS).bind(&socket, address).unwrap();
            bound.push(socket.into());
        }
        to_workers(bound.last().unwrap());
        bound
    }

    fn answer(status: &str, via: &str, worker: usize) -> String {
        let slot = Slot { index: 7, generation: 11 };
        let branch = Origin { worker: worker as u16, epoch: 14, slot }.branch([0xab; 8]);
        let rest =
            "\r\nFrom: <sip:1000@sip.test>;tag=1\r\nTo: <sip:2000@sip.test>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE";
        format!("SIP/2.0 {status}\r\nVia: SIP/2.0/UDP {via};branch={branch}{rest}\r\nContent-Length: 0\r\n\r\n")
    }

    fn request(method: &str, uri: &str) -> String {
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK7\r\nFrom: <sip:1000@sip.test>;tag=1\r\n\
             To: <sip:2000@sip.test>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
        )
    }

    /// A worker's Contact, as it is written.
    fn contact(worker: usize) -> String {
        let host_port = HostPort { host: Host::Ip("192.0.2.2".parse().unwrap()), port: Some(5060) };
        let ours = OwnContact { user: sip::ids::user(worker as u16), host_port, transport: Transport::Udp };
        let mut invite = RequestBuilder::new(Method::Invite, "sip:2000@sip.test");
        let written = String::from_utf8(invite.own_contact(ours).clone().finish()).unwrap();
        written.split_once("Contact: <").unwrap().1.split_once('>').unwrap().0.to_owned()
    }

    fn reader(workers: &[UdpSocket], text: &str) -> usize {
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.send_to(text.as_bytes(), workers[0].local_addr().unwrap()).unwrap();
        let mut bytes = [0; 2_000];
        // On loopback a datagram has arrived when it has been sent.
        workers.iter().position(|socket| socket.recv(&mut bytes).is_ok()).unwrap()
    }

    #[test]
    fn answers_reach_the_worker_that_asked() {
        let workers = workers();
        for worker in 0..WORKERS {
            for (status, via) in [("200 OK", "192.0.2.1"), ("183 Session Progress", "[2001:db8::1:2]:5060;rport=5060")]
            {
                assert_eq!(reader(&workers, &answer(status, via, worker)), worker, "{status}");
            }
        }
    }

    #[test]
    fn requests_of_a_dialog_reach_the_worker_that_has_it() {
        let workers = workers();
        for worker in 0..WORKERS {
            for method in ["ACK", "BYE", "INFO", "REFER", "INVITE", "UPDATE", "MESSAGE"] {
                assert_eq!(reader(&workers, &request(method, &contact(worker))), worker, "{method}");
            }
        }
    }

    #[test]
    fn what_does_not_tell_is_spread() {
        let workers = workers();
        let of_nobody = answer("200 OK", "192.0.2.1", WORKERS + 1);
        let of_others = of_nobody.replace("-0000000e", "x0000000e");
        let outside = request("INVITE", "sip:2000@192.0.2.2");
        let alike = request("BYE", "sip:w1@192.0.2.2");
        let long = request("BYE", &contact(1).replace('@', "0@"));
        let to_nobody = request("BYE", &contact(WORKERS));
        for text in [&of_nobody, &of_others, &outside, &alike, &long, &to_nobody, "SIP/2.0 200 OK\r\n\r\n", ""] {
            let readers: std::collections::BTreeSet<_> = (0..40).map(|_| reader(&workers, text)).collect();
            assert!(readers.len() > 3, "{text}: {readers:?}");
        }
    }
}
