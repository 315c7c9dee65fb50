//! The most mails an account's contacts get within an hour.

use std::collections::{BTreeMap, VecDeque};

use billing::AccountId;

/// Mails an account's contacts get within an hour, all contacts together; what is above waits. Counted in memory: a
/// restarted node begins anew.
pub const MAX_MAILS_AN_HOUR: usize = 20;
/// How many of them only emergency calls may use.
pub const KEPT_FOR_EMERGENCIES: usize = 5;
/// The window, milliseconds.
pub const HOUR_MS: u64 = 60 * 60 * 1000;

/// When mails went to each account within the last hour.
#[derive(Debug, Default)]
pub(crate) struct HourlyLimit {
    sent_ms: BTreeMap<AccountId, VecDeque<u64>>,
}

impl HourlyLimit {
    /// `None` where another mail may go now, otherwise when the next one may.
    pub(crate) fn wait_until_ms(&mut self, account: &AccountId, emergency: bool, now_ms: u64) -> Option<u64> {
        self.forget_old(now_ms);
        let most = if emergency { MAX_MAILS_AN_HOUR } else { MAX_MAILS_AN_HOUR - KEPT_FOR_EMERGENCIES };
        let sent = self.sent_ms.get(account)?;
        let too_many = sent.len().checked_sub(most)?;
        sent.get(too_many).map(|oldest_ms| oldest_ms.saturating_add(HOUR_MS))
    }

    /// A mail went out (or may have gone: a lost answer counts).
    pub(crate) fn count(&mut self, account: &AccountId, now_ms: u64) {
        self.sent_ms.entry(account.clone()).or_default().push_back(now_ms);
    }

    fn forget_old(&mut self, now_ms: u64) {
        self.sent_ms.retain(|_, sent| {
            while sent.front().is_some_and(|at_ms| at_ms.saturating_add(HOUR_MS) <= now_ms) {
                sent.pop_front();
            }
            !sent.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_holds_so_many_mails_and_some_are_kept_for_emergencies() {
        let account = AccountId::new("law-000").unwrap();
        let other = AccountId::new("law-001").unwrap();
        let mut limit = HourlyLimit::default();
        let ordinary = MAX_MAILS_AN_HOUR - KEPT_FOR_EMERGENCIES;
        for n in 0..ordinary {
            assert_eq!(limit.wait_until_ms(&account, false, 1000 + n as u64), None);
            limit.count(&account, 1000 + n as u64);
        }
        assert_eq!(limit.wait_until_ms(&account, false, 2000), Some(1000 + HOUR_MS));
        assert_eq!(limit.wait_until_ms(&other, false, 2000), None);
        for _ in 0..KEPT_FOR_EMERGENCIES {
            assert_eq!(limit.wait_until_ms(&account, true, 2000), None);
            limit.count(&account, 2000);
        }
        assert_eq!(limit.wait_until_ms(&account, true, 2000), Some(1000 + HOUR_MS));
        // An ordinary one waits until enough of the others are old.
        assert_eq!(limit.wait_until_ms(&account, false, 2000), Some(1005 + HOUR_MS));
        assert_eq!(limit.wait_until_ms(&account, true, 1000 + HOUR_MS), None);
        assert_eq!(limit.wait_until_ms(&account, false, 2000 + HOUR_MS), None);
        assert!(limit.sent_ms.is_empty(), "nothing is kept of an account that was not written to");
    }
}
