//! Keeps the edge's directory in step with accounts and carriers.

use std::collections::BTreeMap;

use account::{Did, Effect, Line};
use billing::{AccountId, LineId};
use edge::{Directory, LineEntry};
use lockout::OwnSettings;

use crate::NodeState;

/// The directory of a whole state.
pub fn build(state: &NodeState) -> Directory {
    let mut directory = Directory { carriers: state.book.carriers.clone(), ..Directory::default() };
    for (id, account) in &state.accounts {
        if let Some(settings) = account.settings() {
            put_lockout(&mut directory, id, &settings.lockout);
        }
        for line in account.lines().values() {
            put_line(&mut directory, id, line);
        }
        for did in account.dids().values() {
            put_did(&mut directory, id, did);
        }
    }
    directory
}

/// The directory after an account's effect, where that is another.
pub fn apply(directory: &Directory, account: &AccountId, effect: &Effect) -> Option<Directory> {
    // A cheap look before the copy: most changes of a line are none of the directory's.
    if matches!(effect, Effect::Line(line) if listed(directory, account, line)) {
        return None;
    }
    let mut next = directory.clone();
    match effect {
        Effect::Settings(settings) => put_lockout(&mut next, account, &settings.lockout),
        Effect::Line(line) => {
            remove_line(&mut next, account, &line.id);
            put_line(&mut next, account, line);
        }
        Effect::LineRemoved(line) => remove_line(&mut next, account, line),
        Effect::Did(did) => put_did(&mut next, account, did),
        Effect::DidRemoved(number) => {
            next.dids.remove(number);
        }
        _ => return None,
    }
    (next != *directory).then_some(next)
}

fn put_lockout(directory: &mut Directory, account: &AccountId, settings: &OwnSettings) {
    if *settings == OwnSettings::default() {
        directory.lockout.remove(account);
    } else {
        directory.lockout.insert(account.clone(), settings.clone());
    }
}

fn listed(directory: &Directory, account: &AccountId, line: &Line) -> bool {
    let entry = entry(account, line);
    let by_name = match &line.auth_name {
        Some(name) => directory.by_auth_name.get(name) == Some(&entry),
        None => !directory.by_auth_name.values().any(|e| e.account == *account && e.line == line.id),
    };
    let addresses = directory.by_address.iter().filter(|(_, e)| e.account == *account && e.line == line.id).count();
    by_name
        && addresses == line.addresses.len()
        && line.addresses.iter().all(|ip| directory.by_address.get(ip) == Some(&entry))
}

fn entry(account: &AccountId, line: &Line) -> LineEntry {
    LineEntry { account: account.clone(), line: line.id.clone(), kind: line.kind, secrets: line.secrets.clone() }
}

fn put_line(directory: &mut Directory, account: &AccountId, line: &Line) {
    if let Some(name) = &line.auth_name {
        directory.by_auth_name.insert(name.clone(), entry(account, line));
    }
    for ip in &line.addresses {
        directory.by_address.insert(*ip, entry(account, line));
    }
}

fn remove_line(directory: &mut Directory, account: &AccountId, line: &LineId) {
    fn drop_entries<K: Ord>(map: &mut BTreeMap<K, LineEntry>, account: &AccountId, line: &LineId) {
        map.retain(|_, entry| entry.account != *account || entry.line != *line);
    }
    drop_entries(&mut directory.by_auth_name, account, line);
    drop_entries(&mut directory.by_address, account, line);
}

fn put_did(directory: &mut Directory, account: &AccountId, did: &Did) {
    directory.dids.insert(did.number, account.clone());
}
