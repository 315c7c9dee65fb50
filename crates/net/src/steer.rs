//! Answers come to the worker that asked: a small program for the kernel (classic BPF, SO_ATTACH_REUSEPORT_CBPF) that reads
//! the worker's number out of the branch in the top Via, where [`sip::ids`] has written it. What it cannot tell the kernel
//! spreads as it would without, and a message that reaches another worker is handed over as ever. Who floods may aim at one
//! worker with it, as everybody can who floods from one address.

use std::os::fd::AsFd;

use libc::{
    BPF_ABS, BPF_ADD, BPF_ALU, BPF_B, BPF_H, BPF_IMM, BPF_IND, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_K,
    BPF_LD, BPF_LDX, BPF_LEN, BPF_LSH, BPF_MEM, BPF_RET, BPF_ST, BPF_SUB, BPF_W, BPF_X, sock_filter, sock_fprog,
};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::AttachReusePortCbpf;

/// Where in an answer a branch may begin: behind the shortest status line and Via, and where the kernel looks last.
const FIRST: u32 = 24;
const LAST: u32 = 160;
/// From the beginning of a branch to the hyphen behind the worker's number.
const TO_HYPHEN: u32 = 11;
/// No socket has that number: the kernel chooses.
const ANY: u32 = u32::MAX;
/// Instructions that look at one place; and those that give up, behind which the number is read.
const LOOK: u32 = 4;
const GIVE_UP: u32 = 1;

/// Makes the sockets of an address, of which this one was bound last, take answers by their branch. A kernel that cannot do
/// it spreads them.
pub fn answers(socket: &impl AsFd) {
    let mut program = program();
    let Ok(len) = u16::try_from(program.len()) else { return };
    if let Err(error) = setsockopt(socket, AttachReusePortCbpf, &sock_fprog { len, filter: program.as_mut_ptr() }) {
        tracing::debug!(%error, "answers are spread over the workers by the kernel");
    }
}

/// What runs for each datagram: in an answer it looks for the branch at one place after the other.
fn program() -> Vec<sock_filter> {
    let mut program = vec![
        step(BPF_LD | BPF_W | BPF_LEN, 0),
        when(BPF_JGT, LAST + TO_HYPHEN, 1, 0),
        step(BPF_RET, ANY),
        step(BPF_LD | BPF_W | BPF_ABS, 0),
        when(BPF_JEQ, word(*b"SIP/"), 1, 0),
        step(BPF_RET, ANY),
    ];
    for place in FIRST..LAST {
        let left = (LAST - 1 - place) * LOOK;
        program.extend([
            step(BPF_LD | BPF_W | BPF_ABS, place),
            when(BPF_JEQ, word(*b"z9hG"), 0, 2),
            step(BPF_LDX | BPF_W | BPF_IMM, place),
            step(BPF_JMP | BPF_JA, left + GIVE_UP),
        ]);
    }
    program.push(step(BPF_RET, ANY));
    program.extend(number());
    program
}

/// Reads the number, four hexadecimal digits of which the first two are zeros (there are 64 workers at most), behind the
/// cookie that begins at X.
fn number() -> [sock_filter; 22] {
    let (zero, ten) = (u32::from(b'0'), u32::from(b'a') - 10);
    [
        step(BPF_LD | BPF_W | BPF_IND, 3),
        when(BPF_JEQ, word(*b"G4bK"), 1, 0),
        step(BPF_RET, ANY),
        step(BPF_LD | BPF_H | BPF_IND, 7),
        when(BPF_JEQ, word([0, 0, b'0', b'0']), 1, 0),
        step(BPF_RET, ANY),
        step(BPF_LD | BPF_B | BPF_IND, TO_HYPHEN),
        when(BPF_JEQ, u32::from(b'-'), 1, 0),
        step(BPF_RET, ANY),
        step(BPF_LD | BPF_B | BPF_IND, 9),
        step(BPF_ALU | BPF_SUB | BPF_K, zero),
        when(BPF_JGT, 9, 0, 1),
        step(BPF_RET, ANY),
        step(BPF_ALU | BPF_LSH | BPF_K, 4),
        step(BPF_ST, 0),
        step(BPF_LD | BPF_B | BPF_IND, 10),
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
        answers(bound.last().unwrap());
        bound
    }

    fn answer(status: &str, via: &str, worker: usize) -> String {
        let slot = Slot { index: 7, generation: 11 };
        let branch = Origin { worker: worker as u16, epoch: 14, slot }.branch([0xab; 8]);
        let rest =
            "\r\nFrom: <sip:1000@sip.test>;tag=1\r\nTo: <sip:2000@sip.test>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE";
        format!("SIP/2.0 {status}\r\nVia: SIP/2.0/UDP {via};branch={branch}{rest}\r\nContent-Length: 0\r\n\r\n")
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
    fn what_does_not_tell_is_spread() {
        let workers = workers();
        let of_nobody = answer("200 OK", "192.0.2.1", WORKERS + 1);
        let of_others = of_nobody.replace("-0000000e", "x0000000e");
        let request = of_nobody.replace("SIP/2.0 200 OK", "BYE sip:192.0.2.1 SIP/2.0");
        for text in [&of_nobody, &of_others, &request, "SIP/2.0 200 OK\r\n\r\n", ""] {
            let readers: std::collections::BTreeSet<_> = (0..40).map(|_| reader(&workers, text)).collect();
            assert!(readers.len() > 3, "{text}: {readers:?}");
        }
    }
}
