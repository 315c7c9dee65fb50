//! One station of the demonstration, whatever its kind: a telephone, the carrier, the attacker.

use std::net::SocketAddr;

use sim::attacker::{self, Attacker};
use sim::carrier::{self, Carrier};
use sim::ua::{self, Input, Output, UserAgent};

/// A station.
pub(in crate::demo) enum Station {
    Phone(Box<UserAgent>),
    Carrier(Box<Carrier>),
    Attacker(Box<Attacker>),
}

/// What a station is to do.
pub(in crate::demo) enum Order {
    Phone(ua::Command),
    Carrier(carrier::Command),
    Attacker(attacker::Command),
}

/// What happened to a station.
#[derive(Debug)]
pub(in crate::demo) enum Happening {
    Phone(ua::Event),
    Carrier(carrier::Event),
    Attacker(attacker::Event),
}

impl From<ua::Command> for Order {
    fn from(command: ua::Command) -> Self {
        Self::Phone(command)
    }
}

impl From<carrier::Command> for Order {
    fn from(command: carrier::Command) -> Self {
        Self::Carrier(command)
    }
}

impl From<attacker::Command> for Order {
    fn from(command: attacker::Command) -> Self {
        Self::Attacker(command)
    }
}

impl Station {
    /// A datagram came to its SIP address, or to the voice port `voice`.
    pub(super) fn datagram(&mut self, now_ms: u64, voice: Option<SocketAddr>, from: SocketAddr, bytes: &[u8]) {
        match self {
            Self::Phone(phone) => phone.handle(now_ms, arrived(voice, from, bytes)),
            Self::Carrier(carrier) => carrier.handle(now_ms, arrived(voice, from, bytes)),
            Self::Attacker(attacker) => attacker.handle(now_ms, arrived(voice, from, bytes)),
        }
    }

    /// It is to do something; an order for another kind of station is none.
    pub(super) fn order(&mut self, now_ms: u64, order: Order) {
        match (self, order) {
            (Self::Phone(phone), Order::Phone(command)) => phone.handle(now_ms, Input::Command(command)),
            (Self::Carrier(carrier), Order::Carrier(command)) => carrier.handle(now_ms, Input::Command(command)),
            (Self::Attacker(attacker), Order::Attacker(command)) => attacker.handle(now_ms, Input::Command(command)),
            _ => {}
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now_ms: u64) {
        match self {
            Self::Phone(phone) => phone.handle(now_ms, Input::Tick),
            Self::Carrier(carrier) => carrier.handle(now_ms, Input::Tick),
            Self::Attacker(attacker) => attacker.handle(now_ms, Input::Tick),
        }
    }

    /// When it wants to be ticked.
    pub(super) fn next_wake_ms(&self) -> Option<u64> {
        match self {
            Self::Phone(phone) => phone.next_wake_ms(),
            Self::Carrier(carrier) => carrier.next_wake_ms(),
            Self::Attacker(attacker) => attacker.next_wake_ms(),
        }
    }

    /// The next thing it wants done or tells.
    pub(super) fn poll_output(&mut self) -> Option<Output<Happening>> {
        Some(match self {
            Self::Phone(phone) => told(phone.poll_output()?, Happening::Phone),
            Self::Carrier(carrier) => told(carrier.poll_output()?, Happening::Carrier),
            Self::Attacker(attacker) => told(attacker.poll_output()?, Happening::Attacker),
        })
    }
}

fn arrived<C>(voice: Option<SocketAddr>, from: SocketAddr, bytes: &[u8]) -> Input<'_, C> {
    match voice {
        Some(local) => Input::Rtp { local, from, bytes },
        None => Input::Datagram { from, bytes },
    }
}

fn told<E>(output: Output<E>, happening: impl FnOnce(E) -> Happening) -> Output<Happening> {
    match output {
        Output::Send { to, bytes } => Output::Send { to, bytes },
        Output::Rtp { local, to, bytes } => Output::Rtp { local, to, bytes },
        Output::Event(event) => Output::Event(happening(event)),
    }
}
