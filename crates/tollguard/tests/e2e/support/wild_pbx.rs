//! A PBX that is trusted by its address and sends whatever bytes it is given.

use std::net::UdpSocket;

use sip::{Message, Method, Name};

use super::hosts::Hosts;
use super::wait::SOON;

/// Requests whose answers are waited for: one for each worker of the node at the very least.
const PROBES: u32 = 16;

/// Host 20 of a network, at the usual port.
pub struct WildPbx {
    socket: UdpSocket,
    probes: u32,
}

impl WildPbx {
    /// Ready to send.
    pub fn new(hosts: Hosts) -> Self {
        let socket = UdpSocket::bind(hosts.sip(20)).unwrap();
        socket.connect(hosts.sip(1)).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        Self { socket, probes: 0 }
    }

    /// The next message from the node.
    pub fn receive(&self) -> Message {
        let mut buffer = vec![0; 65_535];
        let length = self.socket.recv(&mut buffer).expect("the node still answers");
        Message::parse(&buffer[..length]).unwrap()
    }

    /// Sends messages and, behind them, OPTIONS with so many Call-IDs that every worker of the node has some; every answer
    /// that comes before the last of theirs.
    pub fn before_probe(&mut self, messages: &[&[u8]]) -> Vec<Message> {
        for bytes in messages {
            self.socket.send(bytes).unwrap();
        }
        let first = self.probes;
        self.probes += PROBES;
        for probe in first..self.probes {
            self.socket.send(self.probe(probe).as_bytes()).unwrap();
        }
        let (mut answers, mut left) = (Vec::new(), PROBES);
        while left > 0 {
            let answer = self.receive();
            if answer.call_id().starts_with(b"probe-") {
                assert_eq!(answer.status(), Some(200), "the node still answers properly");
                left -= 1;
            } else {
                answers.push(answer);
            }
        }
        answers
    }

    fn probe(&self, number: u32) -> String {
        let local = self.socket.local_addr().unwrap();
        format!(
            "OPTIONS sip:node SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK-probe-{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:probe@pbx>;tag=1\r\nTo: <sip:node>\r\nCall-ID: probe-{number}\r\nCSeq: 1 OPTIONS\r\n\r\n"
        )
    }

    /// Acknowledges the failure of an INVITE, or it would come again; does nothing for other answers.
    pub fn acknowledge(&self, answer: &Message) {
        let failed = answer.status().is_some_and(|status| status >= 300);
        if failed && answer.cseq().is_ok_and(|cseq| cseq.method == Method::Invite) {
            let line = |name: Name| {
                format!("{name}: {}\r\n", String::from_utf8_lossy(answer.header(name).unwrap_or_default()))
            };
            let ack = [
                "ACK sip:node SIP/2.0\r\n".to_owned(),
                line(Name::Via),
                line(Name::From),
                line(Name::To),
                line(Name::CallId),
                format!("CSeq: {} ACK\r\n\r\n", answer.cseq().unwrap().number),
            ];
            self.socket.send(ack.concat().as_bytes()).unwrap();
        }
    }
}
