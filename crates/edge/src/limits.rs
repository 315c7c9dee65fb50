//! Every maximum of the call machine, named in one place; those of messages and transactions are in `sip`.

/// Requests that wait for leave to verify a password or for an account's answer to a REGISTER.
pub(crate) const MAX_WAITING: usize = 4_096;
/// Contacts of one REGISTER.
pub(crate) const MAX_CONTACTS: usize = 8;
/// Bytes of a Contact URI that is stored.
pub(crate) const MAX_CONTACT_BYTES: usize = 512;
/// Phones one call rings at once.
pub(crate) const MAX_FORKS: usize = 16;
/// Early dialogs one try at a callee may make (RFC 3261 section 12.1): it may be forked further on.
pub(crate) const MAX_EARLY_DIALOGS: usize = 8;
/// Provisional responses that wait until the caller has acknowledged the one before.
pub(crate) const MAX_PROVISIONALS: usize = 4;
/// How often one caller is redirected before nobody is tried any more.
pub(crate) const MAX_REDIRECTIONS: u8 = 5;
/// Requests of one call passed from one leg to the other and not yet answered.
pub(crate) const MAX_EXCHANGES: usize = 8;
/// The largest INVITE that a carrier whose transport is left to the DNS gets over UDP, unless it takes no TCP (RFC 3261
/// section 18.1.1).
pub(crate) const MAX_DATAGRAM_BYTES: usize = 1_300;
/// Answers to one carrier's challenges before the carrier counts as unusable for the request.
pub(crate) const MAX_AUTH_TRIES: u8 = 3;
/// Bytes of a user part that is taken from a message: what is dialled, who calls.
pub(crate) const MAX_USER_BYTES: usize = 128;
/// Bytes of a display name, a reason, a user agent.
pub(crate) const MAX_TEXT_BYTES: usize = 128;
/// Bytes of a Reason header that is passed on.
pub(crate) const MAX_REASON_BYTES: usize = 256;
/// Bytes of an authentication name that is reported.
pub(crate) const MAX_AUTH_NAME_BYTES: usize = 64;
/// A carrier that has not even said 100 to an INVITE after this long is passed over, if there is another one; one that has
/// not answered OPTIONS counts as gone.
pub(crate) const CARRIER_PATIENCE_MS: u64 = 6_000;
/// How long a carrier's server that gave a call no answer, or said 503, is tried after others.
pub(crate) const REST_MS: u64 = 60_000;
/// Servers of carriers that are remembered for it.
pub(crate) const MAX_RESTING: usize = 1_024;
/// An answered call whose lease has not come after this long is hung up: paid routes fail closed.
pub(crate) const LEASE_PATIENCE_MS: u64 = 32_000;
/// How long a nonce is good.
pub(crate) const NONCE_VALIDITY_MS: u64 = 300_000;
/// Retry-After of our 503 answers, seconds.
pub(crate) const RETRY_AFTER_S: u32 = 5;
/// Max-Forwards of requests that begin here.
pub(crate) const MAX_FORWARDS: u32 = 70;
/// Calls to short numbers that are taken above the configured maximum, for emergencies.
pub(crate) const EMERGENCY_RESERVE: usize = 64;
/// Most characters of a short number: an emergency number behind an outside-line prefix.
pub(crate) const MAX_SHORT_NUMBER: usize = 6;
/// How long the subscription to the outcome of a transfer is said to last (RFC 3515 section 2.4.4), seconds; a target
/// that rings longer is still reported.
pub(crate) const REPORTS_END_S: u32 = 180;
/// How long a transferor may take to hang up after the last word on its transfer before it is hung up.
pub(crate) const TRANSFEROR_PATIENCE_MS: u64 = 4_000;
/// How often two parties of joined calls are asked to agree on their session.
pub(crate) const MAX_JOIN_TRIES: u8 = 8;
