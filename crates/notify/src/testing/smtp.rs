//! A mail server on loopback that does what its script says, one entry for each connection.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How the server treats a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Takes the mail.
    Take,
    /// Answers RCPT with this line.
    AnswerRcpt(&'static str),
    /// Answers the end of the mail with this line.
    AnswerData(&'static str),
    /// Closes the connection after DATA was asked for.
    Drop,
}

/// What it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) data: String,
}

/// The server; after its script it takes everything.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    pub(crate) async fn start(script: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (taken, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (book, count) = (Arc::clone(&taken), Arc::clone(&connections));
        let mut script: VecDeque<Act> = script.iter().copied().collect();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let act = script.pop_front().unwrap_or(Act::Take);
                // One after the other, as the worker sends; a broken connection ends with an error, which is its point.
                let _ = serve(stream, act, &book).await;
            }
        });
        Self { addr, taken, connections }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

async fn serve(stream: TcpStream, act: Act, book: &Mutex<Vec<Taken>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test ESMTP\r\n").await?;
    let (mut from, mut to) = (String::new(), String::new());
    while let Some(line) = lines.next_line().await? {
        let command = line.to_ascii_uppercase();
        let answer = if command.starts_with("EHLO") {
            "250-test\r\n250 8BITMIME".to_owned()
        } else if command.starts_with("MAIL FROM:") {
            from = line;
            "250 ok".to_owned()
        } else if command.starts_with("RCPT TO:") {
            to = line;
            match act {
                Act::AnswerRcpt(answer) => answer.to_owned(),
                _ => "250 ok".to_owned(),
            }
        } else if command == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            if matches!(act, Act::Drop) {
                return Ok(());
            }
            let mut data = String::new();
            while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                data.push_str(line.strip_prefix('.').unwrap_or(&line));
                data.push_str("\r\n");
            }
            match act {
                Act::AnswerData(answer) => answer.to_owned(),
                _ => {
                    let taken = Taken { from: from.clone(), to: to.clone(), data };
                    book.lock().unwrap().push(taken);
                    "250 taken".to_owned()
                }
            }
        } else if command == "QUIT" {
            write.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            "250 ok".to_owned()
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
