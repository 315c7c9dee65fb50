//! Booking what was told: at once where the account takes it, else again and again until it does.

use std::future::Future;
use std::time::Duration;

use account::{Actor, Change, ChangeError};
use node::{Command, CommandError};
use store::Payment;

use crate::state::{PortalState, now_ms};

/// Who books, in ledger and audit log. No login name holds a space.
const BY: &str = "payment hook";
/// How often it is looked whether a payment is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many are tried at one look.
const TRIES_A_LOOK: usize = 100;
/// When a payment is tried again: first after two seconds, each time after twice as long, at most after five minutes. A
/// try that fails is a record in the journal.
const FIRST_RETRY_MS: u64 = 2_000;
const LAST_RETRY_MS: u64 = 5 * 60 * 1000;

/// What became of a try.
pub(super) enum Booked {
    /// It is in the ledger.
    Now,
    /// It waits, for the reason told.
    Waits(String),
}

/// Tries to book a payment that is kept.
pub(super) async fn book(state: &PortalState, payment: &Payment) -> Booked {
    let (account, reference) = (payment.account.clone(), payment.reference.clone());
    let change = Change::AutoTopUp { amount: payment.amount, reference: reference.clone() };
    let command = Command::Account { account: account.clone(), by: Actor::User(BY.to_owned()), change };
    let booked = match state.control.send(command).await {
        // Booked before: a second telling, or by hand under the same reference.
        Ok(_) | Err(CommandError::Account(ChangeError::DuplicatePayment(_))) => Booked::Now,
        Err(error) => Booked::Waits(error.to_string()),
    };
    let now = now_ms();
    let next_ms = now.saturating_add(wait_ms(payment.attempts));
    let why = match &booked {
        Booked::Now => None,
        Booked::Waits(why) => Some(why.clone()),
    };
    let noted = state.desk(move |desk| match why {
        None => desk.payment_booked(&account, &reference, now),
        Some(why) => desk.payment_waits(&account, &reference, &why, next_ms),
    });
    if let Err(error) = noted.await {
        // It is tried again, and then found to be booked.
        tracing::error!(%error, reference = payment.reference, "what became of a payment could not be noted");
    }
    booked
}

fn wait_ms(attempts: u32) -> u64 {
    FIRST_RETRY_MS.saturating_mul(1 << attempts.min(16)).min(LAST_RETRY_MS)
}

/// Payments that wait.
pub struct WaitingPayments(PortalState);

impl WaitingPayments {
    /// Those of a node.
    #[must_use]
    pub fn of(state: PortalState) -> Self {
        Self(state)
    }

    /// Books them as soon as their accounts take them, until `stop` is done.
    pub async fn book(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(LOOK_EVERY) => self.book_due().await,
            }
        }
    }

    async fn book_due(&self) {
        for _ in 0..TRIES_A_LOOK {
            let now = now_ms();
            let payment = match self.0.desk(move |desk| desk.next_payment(now)).await {
                Ok(Some(payment)) => payment,
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "payments that wait cannot be read");
                    return;
                }
            };
            let Payment { account, reference, .. } = &payment;
            match book(&self.0, &payment).await {
                Booked::Now => tracing::info!(%account, reference, "a payment that waited is booked"),
                Booked::Waits(why) => tracing::info!(%account, reference, why, "a payment waits"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_waits_ever_longer_and_never_long() {
        let waits: Vec<u64> = [0, 1, 2, 7, 8, 40].into_iter().map(wait_ms).collect();
        assert_eq!(waits, [2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
    }
}
