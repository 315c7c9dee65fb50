//! The same path in the words of the account (stored with bindings) and of the SIP layer.

use account::{Flow, Transport};

/// As the SIP layer has it.
pub(crate) const fn to_sip(flow: Flow) -> sip::Flow {
    let transport = transport_to_sip(flow.transport);
    sip::Flow { local: flow.local, remote: flow.remote, transport, connection: flow.connection }
}

/// As the SIP layer has it.
pub(crate) const fn transport_to_sip(transport: Transport) -> sip::Transport {
    match transport {
        Transport::Udp => sip::Transport::Udp,
        Transport::Tcp => sip::Transport::Tcp,
        Transport::Tls => sip::Transport::Tls,
    }
}

/// As the account has it.
pub(crate) fn to_account(flow: sip::Flow) -> Flow {
    let transport = match flow.transport {
        sip::Transport::Udp => Transport::Udp,
        sip::Transport::Tcp => Transport::Tcp,
        sip::Transport::Tls => Transport::Tls,
    };
    Flow { local: flow.local, remote: flow.remote, transport, connection: flow.connection }
}
