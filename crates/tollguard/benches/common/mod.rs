//! What the benches beside other servers share: a network namespace of their own, the peers, the load, and the report.

pub mod agents;
pub mod fail2ban;
pub mod flood;
pub mod kamailio;
pub mod load;
pub mod report;
pub mod server;
pub mod settings;

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Says that this process is in its own network namespace already.
const INSIDE: &str = "TOLLGUARD_BENCH_INSIDE";

/// Begins again in a network namespace of its own, where nothing else runs and packet filters harm nobody. Needs root.
pub fn enter_own_network() {
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let own = std::env::current_exe().unwrap();
    let script = "ip link set lo up && ulimit -n \"$(ulimit -Hn)\" && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", script]).arg(own).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    panic!("no network namespace of its own: {}", command.exec());
}

/// Whether cargo runs the benches as tests: nothing is measured then.
pub fn is_only_a_test() -> bool {
    !std::env::args().any(|argument| argument == "--bench")
}
