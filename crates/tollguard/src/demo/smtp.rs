//! A small real SMTP server (the receiving half of RFC 5321) that puts what it gets into a Maildir.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Builder;
use std::time::Duration;

/// The longest command line (RFC 5321 section 4.5.3.1.4, with room for extensions), bytes.
const MAX_LINE: u64 = 2_048;
/// The largest mail, bytes.
const MAX_MAIL: usize = 4 << 20;
/// Recipients of one mail (RFC 5321 section 4.5.3.1.8 asks for 100).
const MAX_RECIPIENTS: usize = 100;
/// A client that says nothing for this long is let go.
const PATIENCE: Duration = Duration::from_secs(60);

/// A mail server at work until the process ends.
#[derive(Debug)]
pub(super) struct MailServer {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// The Maildir.
    pub(super) folder: PathBuf,
}

impl MailServer {
    /// Starts it on a free port of this machine; mails go to `folder`.
    ///
    /// # Errors
    /// Where there is no port, no thread, or the folder cannot be made.
    pub(super) fn start(folder: &Path) -> io::Result<Self> {
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(folder.join(part))?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let mails = Arc::new(Mails { folder: folder.to_owned(), count: AtomicU64::new(0) });
        // One client at a time: the node sends its mails one after the other.
        let serve = move || {
            for stream in listener.incoming().flatten() {
                // A client that breaks off has delivered nothing.
                let _ = converse(stream, &mails);
            }
        };
        Builder::new().name("mail server".into()).spawn(serve)?;
        Ok(Self { address, folder: folder.to_owned() })
    }

    /// The mails received so far, in order.
    pub(super) fn received(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.join("new")).into_iter().flatten().flatten();
        let mut mails: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        mails.sort_unstable();
        mails
    }
}

struct Mails {
    folder: PathBuf,
    count: AtomicU64,
}

impl Mails {
    /// Puts a mail into the folder: written whole under `tmp`, then moved to `new`.
    fn keep(&self, mail: &[u8]) -> io::Result<()> {
        let name = format!("{:04}.eml", self.count.fetch_add(1, Ordering::Relaxed) + 1);
        let written = self.folder.join("tmp").join(&name);
        std::fs::write(&written, mail)?;
        std::fs::rename(written, self.folder.join("new").join(name))
    }
}

/// One client: what it says of the envelope so far.
#[derive(Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

fn converse(stream: TcpStream, mails: &Mails) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut envelope = Envelope::default();
    writer.write_all(b"220 mail.example ESMTP\r\n")?;
    while let Some(line) = line(&mut reader)? {
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        let answer: &[u8] = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => b"250-mail.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "HELO" => b"250 mail.example\r\n",
            "NOOP" => b"250 OK\r\n",
            "RSET" => {
                envelope = Envelope::default();
                b"250 OK\r\n"
            }
            "MAIL" => {
                envelope = Envelope { from: Some(rest.to_owned()), to: Vec::new() };
                b"250 OK\r\n"
            }
            "RCPT" if envelope.from.is_none() => b"503 MAIL comes first\r\n",
            "RCPT" if envelope.to.len() >= MAX_RECIPIENTS => b"452 too many recipients\r\n",
            "RCPT" => {
                envelope.to.push(rest.to_owned());
                b"250 OK\r\n"
            }
            "DATA" if envelope.to.is_empty() => b"503 RCPT comes first\r\n",
            "DATA" => {
                writer.write_all(b"354 end with a dot on a line of its own\r\n")?;
                let Some(mail) = data(&mut reader)? else { return writer.write_all(b"552 too large\r\n") };
                envelope = Envelope::default();
                match mails.keep(&mail) {
                    Ok(()) => b"250 received\r\n",
                    Err(_) => b"451 the mail cannot be written\r\n",
                }
            }
            "QUIT" => return writer.write_all(b"221 bye\r\n"),
            _ => b"502 no such command\r\n",
        };
        writer.write_all(answer)?;
    }
    Ok(())
}

/// A command line without its end; `None` when the client has gone or talks nonsense.
fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
    if read == 0 || line.last() != Some(&b'\n') {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

/// The mail up to the line with a single dot, dots at the beginning of lines undone (RFC 5321 section 4.5.2); `None`
/// where it is too large or breaks off.
fn data(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut mail = Vec::new();
    loop {
        let mut line = Vec::new();
        let room = (MAX_MAIL - mail.len()) as u64;
        let read = reader.by_ref().take(room).read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(None);
        }
        if line == b".\r\n" || line == b".\n" {
            return Ok(Some(mail));
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_taken_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path()).unwrap();
        let stream = TcpStream::connect(server.address).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        let mut say = |text: &str, code: &str| {
            writer.write_all(text.as_bytes()).unwrap();
            loop {
                let answer = line(&mut reader).unwrap().unwrap();
                assert!(answer.starts_with(code), "{answer} to {text}");
                if !answer[3..].starts_with('-') {
                    return;
                }
            }
        };
        say("", "220");
        say("EHLO node\r\n", "250");
        say("DATA\r\n", "503");
        say("RCPT TO:<a@example.org>\r\n", "503");
        say("MAIL FROM:<n@example.org>\r\n", "250");
        say("RCPT TO:<a@example.org>\r\n", "250");
        say("DATA\r\n", "354");
        say("Subject: x\r\n\r\n..dot\r\ntext\r\n.\r\n", "250");
        say("HOLA\r\n", "502");
        say("QUIT\r\n", "221");
        let mails = server.received();
        assert_eq!(mails.len(), 1);
        assert_eq!(std::fs::read(&mails[0]).unwrap(), b"Subject: x\r\n\r\n.dot\r\ntext\r\n");
    }

    #[test]
    fn what_breaks_off_or_has_no_end_is_no_mail() {
        assert_eq!(data(&mut &b"half a"[..]).unwrap(), None);
        let endless = vec![b'x'; MAX_MAIL + 10];
        assert_eq!(data(&mut &endless[..]).unwrap(), None);
        assert_eq!(line(&mut &vec![b'x'; 5_000][..]).unwrap(), None);
    }
}
