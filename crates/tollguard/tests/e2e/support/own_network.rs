//! A network namespace for one test: for programs that look for an address of the machine itself.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::Command;

use nix::sched::{CloneFlags, unshare};

/// Puts this thread, and the programs it starts from now on, where there is nothing but a loopback device, which has an
/// address more and is the way to everywhere. Needs root.
#[track_caller]
pub fn enter_own_network(address: Ipv4Addr) {
    unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace: run the tests as root");
    let address = address.to_string();
    ip(&["link", "set", "lo", "up"]);
    ip(&["address", "add", &address, "dev", "lo"]);
    ip(&["route", "add", "default", "dev", "lo", "src", &address]);
}

/// The same with these IPv6 addresses. Needs root.
#[track_caller]
pub fn enter_own_network_v6(addresses: &[Ipv6Addr]) {
    unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace: run the tests as root");
    ip(&["link", "set", "lo", "up"]);
    for address in addresses {
        ip(&["address", "add", &format!("{address}/128"), "dev", "lo", "nodad"]);
    }
}

/// The largest packet of the network that this thread is in. Needs root.
#[track_caller]
pub fn set_mtu(bytes: u16) {
    ip(&["link", "set", "lo", "mtu", &bytes.to_string()]);
}

#[track_caller]
fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().unwrap();
    assert!(status.success(), "ip {arguments:?}: {status}");
}
