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

/// Datagrams, or runs of them, in one call at most.
pub const BATCH: usize = 64;
/// Datagrams that go as one at most, and their bytes: what the kernel takes.
const MAX_RUN: usize = 64;
const MAX_RUN_BYTES: usize = 65_000;
/// The longest datagram that goes together with others: what any link carries in one piece (RFC 8200 section 5, less the
/// headers).
const MAX_PIECE: usize = 1_232;

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
            .map(|(part, address)| header(std::slice::from_mut(part), ptr::from_mut(address).cast(), address.size_of()))
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

/// Sends datagrams, at most a batch of runs; how many the kernel took. What follows upon one another for one destination
/// and is equally long is a run: where `in_runs` says so, the system takes it as one datagram and cuts it again
/// (UDP_SEGMENT), which costs it little more than one would.
///
/// # Errors
/// The system's about the first of them, or the first run, none of which is sent then. A run is refused where the way out
/// cannot cut.
pub fn send(socket: &impl AsFd, datagrams: &[&Addressed], in_runs: bool) -> io::Result<usize> {
    let runs = runs(datagrams, if in_runs { MAX_RUN } else { 1 });
    let taken: usize = runs.iter().map(|run| run.len()).sum();
    let mut parts: Vec<libc::iovec> = datagrams
        .iter()
        .take(taken)
        .map(|(_, bytes)| libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() })
        .collect();
    let mut ends: Vec<(SockAddr, Cut)> = runs
        .iter()
        .filter_map(|run| run.first())
        .map(|(to, bytes)| (SockAddr::from(*to), Cut::into(bytes.len())))
        .collect();
    let mut left = parts.as_mut_slice();
    let mut headers: Vec<libc::mmsghdr> = Vec::with_capacity(runs.len());
    for (run, (address, cut)) in runs.iter().zip(&mut ends) {
        let Some((these, others)) = left.split_at_mut_checked(run.len()) else { break };
        left = others;
        let mut header = header(these, address.as_ptr().cast_mut().cast(), address.len());
        if run.len() > 1 {
            header.msg_hdr.msg_control = ptr::from_mut(cut).cast();
            header.msg_hdr.msg_controllen = size_of::<Cut>() as _;
        }
        headers.push(header);
    }
    let count = u32::try_from(headers.len()).unwrap_or(0);
    let flags = libc::MSG_DONTWAIT;
    // SAFETY: each header points to parts of its own, and to one address and one control message, of the slices above; the
    // kernel only reads what they lead to.
    let sent = unsafe { libc::sendmmsg(socket.as_fd().as_raw_fd(), headers.as_mut_ptr(), count, flags as _) };
    let sent = usize::try_from(sent).map_err(|_| io::Error::last_os_error())?;
    Ok(runs.iter().take(sent).map(|run| run.len()).sum())
}

/// The first runs of these, none of more than `longest` datagrams.
fn runs<'a, 'b>(datagrams: &'a [&'b Addressed], longest: usize) -> Vec<&'a [&'b Addressed]> {
    let mut runs = Vec::with_capacity(datagrams.len().min(BATCH));
    let mut left = datagrams;
    while let Some((to, bytes)) = left.first()
        && runs.len() < BATCH
    {
        let fits = if bytes.len() > MAX_PIECE { 1 } else { MAX_RUN_BYTES / bytes.len().max(1) };
        let alike =
            left.iter().take(longest.min(fits)).take_while(|(there, next)| (there, next.len()) == (to, bytes.len()));
        let (run, others) = left.split_at(alike.count().max(1));
        runs.push(run);
        left = others;
    }
    runs
}

/// The control message that says how long the datagrams of a run are.
#[repr(C)]
struct Cut {
    header: libc::cmsghdr,
    bytes: u16,
}

impl Cut {
    fn into(bytes: usize) -> Self {
        // SAFETY: all zeros is a valid header; it has private padding on some systems, so that it cannot be written out.
        let mut header: libc::cmsghdr = unsafe { std::mem::zeroed() };
        header.cmsg_len = (size_of::<libc::cmsghdr>() + size_of::<u16>()) as _;
        header.cmsg_level = libc::SOL_UDP;
        header.cmsg_type = libc::UDP_SEGMENT;
        Self { header, bytes: u16::try_from(bytes).unwrap_or(0) }
    }
}

/// The header of one datagram, or of one run of them.
fn header(parts: &mut [libc::iovec], address: *mut libc::c_void, address_bytes: libc::socklen_t) -> libc::mmsghdr {
    // SAFETY: as of the control message's: no address, no parts, no control data.
    let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
    header.msg_hdr.msg_name = address;
    header.msg_hdr.msg_namelen = address_bytes;
    header.msg_hdr.msg_iov = parts.as_mut_ptr();
    header.msg_hdr.msg_iovlen = parts.len() as _;
    header
}

/// Makes a socket compute no checksums, for which the system refuses runs.
#[cfg(test)]
pub fn refuse_runs(socket: &impl AsFd) {
    let one: libc::c_int = 1;
    let bytes = libc::socklen_t::try_from(size_of_val(&one)).unwrap_or(0);
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel reads one integer of that size.
    let done =
        unsafe { libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_NO_CHECK, ptr::from_ref(&one).cast(), bytes) };
    assert_eq!(done, 0, "SO_NO_CHECK");
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    fn pair(ip: &str) -> (UdpSocket, UdpSocket) {
        let bind = || UdpSocket::bind(format!("{ip}:0")).unwrap();
        (bind(), bind())
    }

    /// All that waits, in order.
    fn received(from: &UdpSocket, there: &UdpSocket) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        let mut inbox = Inbox::new(BATCH, 2_000);
        while inbox.receive(there).is_ok() {
            assert!(inbox.datagrams().all(|(sender, _)| sender == from.local_addr().unwrap()));
            all.extend(inbox.datagrams().map(|(_, bytes)| bytes.to_vec()));
        }
        all
    }

    #[test]
    fn what_is_sent_is_received_in_order_with_its_sender() {
        for ip in ["127.0.0.1", "[::1]"] {
            let (here, there) = pair(ip);
            let to = there.local_addr().unwrap();
            let all: Vec<Addressed> = (0..BATCH + 6).map(|n| (to, vec![b'x'; n].into())).collect();
            let all: Vec<&Addressed> = all.iter().collect();
            assert_eq!(send(&here, &all, true).unwrap(), BATCH);
            assert_eq!(send(&here, &all[BATCH..], true).unwrap(), 6);
            let mut inbox = Inbox::new(BATCH, 2_000);
            for expected in [BATCH, 6] {
                let waits = (inbox.receive(&there).unwrap(), inbox.is_full());
                assert_eq!(waits, (expected, expected == BATCH));
            }
            assert_eq!(inbox.receive(&there).unwrap_err().kind(), io::ErrorKind::WouldBlock);
            assert_eq!(inbox.datagrams().count(), 0);
            assert_eq!(send(&here, &all[..60], false).unwrap(), 60);
            assert!(received(&here, &there).iter().map(Vec::len).eq(0..60));
        }
    }

    #[test]
    fn runs_arrive_as_the_datagrams_that_they_are() {
        for ip in ["127.0.0.1", "[::1]"] {
            let (here, there) = pair(ip);
            let to = there.local_addr().unwrap();
            // Runs of 3, 1 and 64 datagrams and what is left of the last; one of two that are too long to go together.
            let lengths = [300; 3].into_iter().chain([301]).chain([400; 66]).chain([1_500; 2]);
            let all: Vec<Addressed> = lengths.zip(0u8..).map(|(length, n)| (to, vec![n; length].into())).collect();
            let refs: Vec<&Addressed> = all.iter().collect();
            assert_eq!(runs(&refs, MAX_RUN).iter().map(|run| run.len()).collect::<Vec<_>>(), [3, 1, 64, 2, 1, 1]);
            assert_eq!(send(&here, &refs, true).unwrap(), all.len());
            assert!(received(&here, &there).iter().eq(all.iter().map(|(_, bytes)| &**bytes)));
        }
    }

    #[test]
    fn a_run_has_one_destination_and_no_more_bytes_than_a_datagram_may() {
        let to = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let all: Vec<Addressed> = [1, 1, 2, 2, 2]
            .into_iter()
            .map(|port| (to(port), vec![0; 9].into()))
            .chain((0..60).map(|_| (to(3), vec![0; 1_232].into())))
            .collect();
        let refs: Vec<&Addressed> = all.iter().collect();
        assert_eq!(runs(&refs, MAX_RUN).iter().map(|run| run.len()).collect::<Vec<_>>(), [2, 3, 52, 8]);
        assert_eq!(runs(&refs, 1).len(), BATCH);
    }

    #[test]
    fn a_run_that_is_refused_is_told_and_none_of_it_is_sent() {
        let (here, there) = pair("127.0.0.1");
        refuse_runs(&here);
        let one: Addressed = (there.local_addr().unwrap(), vec![1; 30].into());
        assert!(send(&here, &[&one, &one], true).is_err());
        assert_eq!(send(&here, &[&one, &one], false).unwrap(), 2);
        assert_eq!(received(&here, &there).len(), 2);
    }

    #[test]
    fn a_datagram_that_cannot_be_sent_is_told_and_what_is_too_long_is_cut_off() {
        let (here, there) = pair("127.0.0.1");
        let to = there.local_addr().unwrap();
        let too_long: Addressed = (to, vec![0; 70_000].into());
        assert!(send(&here, &[&too_long], true).is_err());
        assert_eq!(send(&here, &[&(to, vec![1; 30].into()), &too_long], true).unwrap(), 1);
        let mut inbox = Inbox::new(BATCH, 10);
        assert_eq!(inbox.receive(&there).unwrap(), 1);
        assert_eq!(inbox.datagrams().next().unwrap().1, [1; 10]);
    }
}
