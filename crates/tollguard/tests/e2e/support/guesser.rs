//! A guesser of passwords that does what the fiercest public tool does: 200 threads, 500 source ports and Call-IDs, a
//! phone's user agent, 900 guesses a second.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::{Message, Name};

use super::sipp::AGENT;

const THREADS: usize = 200;
const PORTS: usize = 500;
const GUESSES_EACH_S: u32 = 900;
/// How long it waits for a challenge before it tries the next word.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long it waits to hear what became of a word.
const LONG_PATIENCE: Duration = Duration::from_secs(5);

/// What a guesser saw.
#[derive(Debug, Default)]
pub struct Guessed {
    /// Words it sent a digest of.
    pub answered_challenges: usize,
    /// Digests that were looked at and found wrong: 401 to a request with credentials.
    pub rejected: usize,
    /// Requests with credentials that were put off with 503.
    pub put_off: usize,
    /// The words that fitted.
    pub found: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Tries `words` as the secret of `name`, all threads at once, each word once, from ports of its own at `here`.
#[allow(clippy::disallowed_methods, reason = "a load of so many guesses a second is the point, not a wait")]
pub fn guess(node: SocketAddr, here: Ipv4Addr, name: &str, words: &[String]) -> Guessed {
    let sockets: Vec<UdpSocket> = (0..PORTS).map(|_| UdpSocket::bind((here, 0)).unwrap()).collect();
    for socket in &sockets {
        socket.connect(node).unwrap();
    }
    let (next, seen, together) = (AtomicUsize::new(0), Mutex::new(Guessed::default()), Barrier::new(THREADS));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (sockets, next, seen, together) = (&sockets, &next, &seen, &together);
            scope.spawn(move || {
                // The ports are dealt out: no two threads share one.
                let mut own = (thread..PORTS).step_by(THREADS).cycle();
                together.wait();
                loop {
                    let word_number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(word) = words.get(word_number) else { return };
                    let due = start + Duration::from_secs(1) * u32::try_from(word_number).unwrap() / GUESSES_EACH_S;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let port = own.next().unwrap();
                    one(&sockets[port], port, word_number, name, word, seen);
                }
            });
        }
    });
    Guessed { took: start.elapsed(), ..seen.into_inner().unwrap() }
}

/// Notes what became of one word.
fn one(socket: &UdpSocket, port: usize, word_number: usize, name: &str, word: &str, seen: &Mutex<Guessed>) {
    let Some(tried) = try_word(socket, port, word_number, name, word) else { return };
    let mut seen = seen.lock().unwrap();
    seen.answered_challenges += 1;
    match tried.status {
        Some(200) => seen.found.push(word.to_owned()),
        Some(401) => seen.rejected += 1,
        Some(503) => seen.put_off += 1,
        _ => {}
    }
}

/// A word that was tried.
pub struct Tried {
    /// When its digest was sent.
    #[allow(dead_code, reason = "for the benches")]
    pub at: Instant,
    /// What came back, if anything did.
    pub status: Option<u16>,
}

/// One word: a REGISTER without credentials, and one with the answer to its challenge; `None` where there is none.
pub fn try_word(socket: &UdpSocket, port: usize, word_number: usize, name: &str, word: &str) -> Option<Tried> {
    let challenged = exchange(socket, &request(socket, port, 1, word_number, name, None), 1, PATIENCE)?;
    let value = challenged.header(Name::WwwAuthenticate)?;
    let mut auth = ClientAuth::new(&Challenge::parse(value).unwrap());
    let uri = format!("sip:{}", socket.peer_addr().unwrap());
    let answer = auth.answer(Credentials { username: name, secret: word }, b"REGISTER", uri.as_bytes(), "0a4f113b");
    let request = request(socket, port, 2, word_number, name, Some(&answer));
    let at = Instant::now();
    let answered = exchange(socket, &request, 2, LONG_PATIENCE);
    Some(Tried { at, status: answered.and_then(|message| message.status()) })
}

/// Sends a request and waits for its final answer, by CSeq.
fn exchange(socket: &UdpSocket, request: &str, cseq: u32, patience: Duration) -> Option<Message> {
    socket.send(request.as_bytes()).ok()?;
    let mut buffer = [0; 4_096];
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        socket.set_read_timeout(Some(left)).ok()?;
        let length = socket.recv(&mut buffer).ok()?;
        let message = Message::parse(&buffer[..length]).ok()?;
        if message.cseq().is_ok_and(|found| found.number == cseq) {
            return Some(message);
        }
    }
}

fn request(
    socket: &UdpSocket,
    port: usize,
    cseq: u32,
    word_number: usize,
    name: &str,
    answer: Option<&[u8]>,
) -> String {
    let (here, to) = (socket.local_addr().unwrap(), socket.peer_addr().unwrap());
    let credentials =
        answer.map(|answer| format!("Authorization: {}\r\n", String::from_utf8_lossy(answer))).unwrap_or_default();
    format!(
        "REGISTER sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{word_number}x{cseq}x{};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{name}@{to}>;tag={word_number}\r\nTo: <sip:{name}@{to}>\r\n\
         Call-ID: call-{port}@{here}\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{name}@{here}>\r\nExpires: 60\r\n\
         Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO\r\n\
         Supported: replaces, path, outbound\r\nUser-Agent: {AGENT}\r\n{credentials}Content-Length: 0\r\n\r\n",
        here.port()
    )
}
