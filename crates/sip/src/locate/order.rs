//! In which order one request tries the servers of a destination (RFC 2782).

use super::{Server, Target};

/// The targets of one request: servers of a lower priority number first, among equals by chance in the measure of their
/// weights. `random` gives an unguessable number each time.
pub fn order(servers: &[Server], mut random: impl FnMut() -> u32) -> Vec<Target> {
    let mut left: Vec<&Server> = servers.iter().collect();
    // Those without weight stand first among their equals, so that they have a small chance.
    left.sort_by_key(|server| (server.priority, server.weight != 0));
    let mut targets = Vec::new();
    while let Some(first) = left.first() {
        let equals = left.iter().take_while(|server| server.priority == first.priority).count();
        let next = left.remove(draw(left.get(..equals).unwrap_or_default(), &mut random));
        targets.extend(next.targets());
    }
    targets
}

/// Which of several servers of one priority comes first.
fn draw(equals: &[&Server], random: &mut impl FnMut() -> u32) -> usize {
    if equals.len() < 2 {
        return 0;
    }
    let sum: u64 = equals.iter().map(|server| u64::from(server.weight)).sum();
    let mark = u64::from(random()) % (sum + 1);
    let mut running = 0;
    let reaches = |server: &&Server| {
        running += u64::from(server.weight);
        running >= mark
    };
    equals.iter().position(reaches).unwrap_or(0)
}
