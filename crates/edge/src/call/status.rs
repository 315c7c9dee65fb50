//! What each refusal and each end is in SIP, towards the caller and in BYE.

use account::{CallEnd, Refusal, RefusalCode};

use super::fork::Target;

/// Status of a refusal, and the Q.850 cause of its Reason header (RFC 3326).
///
/// | refusal | status | cause |
/// |---|---|---|
/// | not a number | 484 Address Incomplete | 28 invalid number format |
/// | no such extension or DID | 404 Not Found | 1 unallocated number |
/// | nobody registered | 480 Temporarily Unavailable | 20 subscriber absent |
/// | not permitted, cut, guard, exposure ceiling, the owner's limit | 403 Forbidden | 21 call rejected |
/// | no credit | 402 Payment Required | 21 call rejected |
/// | too many calls, full disk | 503 Service Unavailable | 42 congestion |
/// | no carrier | 503 Service Unavailable | 38 network out of order |
pub(super) const fn of_refusal(code: RefusalCode) -> (u16, u8) {
    match code {
        RefusalCode::BadNumber => (484, 28),
        RefusalCode::NoSuchLine => (404, 1),
        RefusalCode::NotRegistered => (480, 20),
        RefusalCode::NotPermitted
        | RefusalCode::Cut
        | RefusalCode::Guard
        | RefusalCode::Exposure
        | RefusalCode::Limit => (403, 21),
        RefusalCode::NoCredit => (402, 21),
        RefusalCode::TooManyCalls | RefusalCode::DiskFull => (503, 42),
        RefusalCode::NoCarrier => (503, 38),
    }
}

/// The Reason header of a refusal: the owner's sentence, readable in any trace and on many phones.
pub(super) fn refusal_reason(refusal: &Refusal) -> String {
    let (_, cause) = of_refusal(refusal.code);
    format!("Q.850;cause={cause};text={}", crate::text::quoted(&refusal.text))
}

/// Status for a caller whose call this node ends before it was answered, and the sentence for CDR and Reason.
pub(super) const fn of_end(end: CallEnd) -> (u16, &'static str) {
    let status = match end {
        CallEnd::Normal | CallEnd::Operator | CallEnd::Silence { .. } => 480,
        CallEnd::CreditEnded => 402,
        CallEnd::Cut | CallEnd::SecretChanged => 403,
        CallEnd::Recovered | CallEnd::Shutdown => 503,
    };
    (status, end.why())
}

/// The Reason header of a BYE this node sends on its own account: Q.850 cause 16 (normal clearing) or 31 (unspecified).
pub(super) fn bye_reason(end: CallEnd) -> Option<String> {
    match end {
        CallEnd::Normal => None,
        _ => Some(format!("Q.850;cause=31;text=\"{}\"", of_end(end).1)),
    }
}

/// Whether another carrier is tried: this one had trouble of its own, the callee did not decide anything.
pub(super) const fn fails_over(status: u16) -> bool {
    matches!(status, 401 | 407 | 408 | 500..=599)
}

/// Whether it is the server that is out of order: no answer, no connection, or 503 (RFC 3263 section 4.3).
pub(super) const fn is_out_of_order(status: u16) -> bool {
    matches!(status, 408 | 503)
}

/// A callee's final failure as the caller hears it.
///
/// What is between us and a carrier (its challenge of our credentials, its opinion of our requests) is no business of
/// the caller: a phone that was passed a 401 would answer it with its own password. Redirections are not followed, since
/// each would be a new call that must be screened.
pub(super) const fn towards_caller(status: u16, target: &Target) -> u16 {
    match status {
        401 | 407 if matches!(target, Target::Carrier(_)) => 503,
        408 if matches!(target, Target::Carrier(_)) => 504,
        401 | 407 => 480,
        300..=399 | 408 | 430 | 481 | 487 | 491 => 480,
        400 | 405 | 406 | 413..=416 | 420..=423 | 493 | 494 => 500,
        _ => status,
    }
}

/// The better of several failures has the lower rank: everywhere first (RFC 3261 section 16.7 step 6), then what a person
/// did, then the rest.
pub(super) const fn rank(status: u16) -> u8 {
    match status {
        600..=699 => 0,
        486 => 1,
        408 | 480 | 487 => 3,
        400..=499 => 2,
        300..=399 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::LineId;

    #[test]
    fn a_challenge_is_never_passed_on() {
        let carrier = Target::Carrier("a".parse().unwrap());
        let phone = Target::Line(LineId::new("101").unwrap());
        for status in 300..700 {
            for target in [&carrier, &phone] {
                let told = towards_caller(status, target);
                assert!(!matches!(told, 401 | 407 | 300..=399), "{status}");
                assert!((400..700).contains(&told), "{status}");
            }
        }
        assert_eq!(towards_caller(486, &phone), 486);
        assert_eq!(towards_caller(603, &phone), 603);
    }

    #[test]
    fn a_users_answer_does_not_fail_over() {
        assert!([403, 404, 480, 486, 487, 600, 603].into_iter().all(|status| !fails_over(status)));
        assert!([401, 408, 500, 503, 504].into_iter().all(fails_over));
        assert!(rank(603) < rank(486) && rank(486) < rank(404) && rank(404) < rank(480) && rank(480) < rank(503));
    }
}
