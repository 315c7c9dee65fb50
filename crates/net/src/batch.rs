//! Many datagrams with one call of the system (recvmmsg, sendmmsg).
//!
//! This is the only unsafe code of the crate: no safe crate offers both calls without allocating for each batch or reading
//! what the kernel has not written. All pointers lead into slices that live as long as the call that is given them.
#![allow(unsafe_code, reason = "the two calls take arrays of pointers")]

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;
use std::sync::Arc;

use socket2::{SockAddr, SockAddrStorage};

/// Datagrams in one call at most.
pub const BATCH: usize = 64;

/// A datagram and where it goes or came from.
pub type Addressed = (SocketAddr, Arc<[u8]>);

/// A line of the processor's caches.
const LINE: usize = 64;
/// So many bytes lie between the rooms of two datagrams: if these were a power of two apart, all would want the same few
/// lines of each cache.
const STAGGER: usize = 33 * LINE;

/// Room for a batch of received datagrams.
pub struct Inbox {
    /// So many bytes for each, at most.
    slot_bytes: usize,
    /// From the beginning of one to that of the next.
    stride: usize,
    bytes: Box<[u8]>,
    addresses: Box<[SockAddrStorage]>,
    received: Vec<Received>,
}

struct Received {
    from: SocketAddr,
    length: usize,
}

impl Inbox {
    /// For so many datagrams with so many bytes each; a longer one is cut off. Memory that no datagram reaches is never
    /// touched.
    pub fn new(slots: usize, slot_bytes: usize) -> Self {
        let stride = slot_bytes.next_multiple_of(LINE) + STAGGER;
        Self {
            slot_bytes,
            stride,
            bytes: vec![0; stride * slots].into(),
            addresses: (0..slots).map(|_| SockAddrStorage::zeroed()).collect(),
            received: Vec::with_capacity(slots),
        }
    }

    /// Whether what was received last filled it: more may wait then.
    pub fn is_full(&self) -> bool {
        self.received.len() == self.addresses.len()
    }

    /// Reads what waits on a socket that does not block, as far as there is room.
    ///
    /// # Errors
    /// The system's, `WouldBlock` where nothing waits.
    pub fn receive(&mut self, socket: &impl AsFd) -> io::Result<usize> {
        self.received.clear();
        let slots = self.bytes.chunks_exact_mut(self.stride);
        let mut parts: Vec<libc::iovec> =
            slots.map(|slot| libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: self.slot_bytes }).collect();
        let mut headers: Vec<libc::mmsghdr> = parts
            .iter_mut()
            .zip(&mut self.addresses)
            .map(|(part, address)| header(part, ptr::from_mut(address).cast(), address.size_of()))
            .collect();
        let count = u32::try_from(headers.len()).unwrap_or(0);
        let flags = libc::MSG_DONTWAIT;
        // SAFETY: each header points to one part and one address of the slices above, which nobody else uses before the
        // call returns; each part is no longer than its own slot; `count` is the number of headers.
        let got = unsafe {
            libc::recvmmsg(socket.as_fd().as_raw_fd(), headers.as_mut_ptr(), count, flags as _, ptr::null_mut())
        };
        let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
        for (header, address) in headers.iter().zip(&self.addresses).take(got) {
            // SAFETY: the kernel has written an address of that length there, which is plain bytes and may be copied.
            let from = unsafe { SockAddr::new(ptr::read(address), header.msg_hdr.msg_namelen) };
            // A socket of IP has senders with IP addresses.
            let from = from.as_socket().unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)));
            let length = usize::try_from(header.msg_len).unwrap_or(0).min(self.slot_bytes);
            self.received.push(Received { from, length });
        }
        Ok(got)
    }

    /// What was received, in order.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let slots = self.bytes.chunks_exact(self.stride);
        self.received.iter().zip(slots).map(|(one, slot)| (one.from, slot.get(..one.length).unwrap_or_default()))
    }
}

/// Sends datagrams, at most a batch; how many the kernel took.
///
/// # Errors
/// The system's about the first of them, none of which is sent then.
pub fn send(socket: &impl AsFd, datagrams: &[Addressed]) -> io::Result<usize> {
    let datagrams = datagrams.get(..BATCH).unwrap_or(datagrams);
    let addresses: Vec<SockAddr> = datagrams.iter().map(|(to, _)| SockAddr::from(*to)).collect();
    let mut parts: Vec<libc::iovec> = datagrams
        .iter()
        .map(|(_, bytes)| libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() })
        .collect();
    let mut headers: Vec<libc::mmsghdr> = parts
        .iter_mut()
        .zip(&addresses)
        .map(|(part, address)| header(part, address.as_ptr().cast_mut().cast(), address.len()))
        .collect();
    let count = u32::try_from(headers.len()).unwrap_or(0);
    let flags = libc::MSG_DONTWAIT;
    // SAFETY: each header points to one part and one address of the slices above; the kernel only reads what they lead to.
    let sent = unsafe { libc::sendmmsg(socket.as_fd().as_raw_fd(), headers.as_mut_ptr(), count, flags as _) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// The header of one datagram with one part.
fn header(part: &mut libc::iovec, address: *mut libc::c_void, address_bytes: libc::socklen_t) -> libc::mmsghdr {
    // SAFETY: all zeros is a valid header: no address, no parts, no control data. It has private padding on some systems,
    // so that it cannot be written out.
    let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
    header.msg_hdr.msg_name = address;
    header.msg_hdr.msg_namelen = address_bytes;
    header.msg_hdr.msg_iov = part;
    header.msg_hdr.msg_iovlen = 1;
    header
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    fn pair(ip: &str) -> (UdpSocket, UdpSocket) {
        let bind = || UdpSocket::bind(format!("{ip}:0")).unwrap();
        (bind(), bind())
    }

    #[test]
    fn what_is_sent_is_received_in_order_with_its_sender() {
        for ip in ["127.0.0.1", "[::1]"] {
            let (here, there) = pair(ip);
            let to = there.local_addr().unwrap();
            let all: Vec<Addressed> = (0..BATCH + 6).map(|n| (to, vec![b'x'; n].into())).collect();
            assert_eq!(send(&here, &all).unwrap(), BATCH);
            assert_eq!(send(&here, &all[BATCH..]).unwrap(), 6);
            let mut inbox = Inbox::new(BATCH, 2_000);
            let mut lengths = Vec::new();
            for expected in [BATCH, 6] {
                assert_eq!((inbox.receive(&there).unwrap(), inbox.is_full()), (expected, expected == BATCH));
                assert!(inbox.datagrams().all(|(from, _)| from == here.local_addr().unwrap()));
                lengths.extend(inbox.datagrams().map(|(_, bytes)| bytes.len()));
            }
            assert!(lengths.into_iter().eq(0..BATCH + 6));
            assert_eq!(inbox.receive(&there).unwrap_err().kind(), io::ErrorKind::WouldBlock);
            assert_eq!(inbox.datagrams().count(), 0);
        }
    }

    #[test]
    fn a_datagram_that_cannot_be_sent_is_told_and_what_is_too_long_is_cut_off() {
        let (here, there) = pair("127.0.0.1");
        let to = there.local_addr().unwrap();
        let too_long: Addressed = (to, vec![0; 70_000].into());
        assert!(send(&here, std::slice::from_ref(&too_long)).is_err());
        assert_eq!(send(&here, &[(to, vec![1; 30].into()), too_long]).unwrap(), 1);
        let mut inbox = Inbox::new(BATCH, 10);
        assert_eq!(inbox.receive(&there).unwrap(), 1);
        assert_eq!(inbox.datagrams().next().unwrap().1, [1; 10]);
    }
}
