//! What calls are answered with: VOIP.MS's own words, as its customers' tools know them.

use account::ChangeError;
use node::CommandError;

use crate::problem::Problem;

/// A status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(pub(crate) &'static str);

impl Status {
    pub(crate) const SUCCESS: Self = Self("success");
    pub(crate) const MISSING_CREDENTIALS: Self = Self("missing_credentials");
    pub(crate) const INVALID_CREDENTIALS: Self = Self("invalid_credentials");
    pub(crate) const API_NOT_ENABLED: Self = Self("api_not_enabled");
    pub(crate) const IP_NOT_ENABLED: Self = Self("ip_not_enabled");
    pub(crate) const API_LIMIT_EXCEEDED: Self = Self("api_limit_exceeded");
    pub(crate) const MISSING_METHOD: Self = Self("missing_method");
    pub(crate) const INVALID_METHOD: Self = Self("invalid_method");
    pub(crate) const MISSING_PARAMS: Self = Self("missing_params");
    pub(crate) const NO_CALLSTATUS: Self = Self("no_callstatus");
    pub(crate) const INVALID_DATE: Self = Self("invalid_date");
    pub(crate) const INVALID_DATERANGE: Self = Self("invalid_daterange");
    pub(crate) const INVALID_DATE_FROM: Self = Self("invalid_date_from");
    pub(crate) const INVALID_TIMEZONE: Self = Self("invalid_timezone");
    pub(crate) const INVALID_CALL_TYPE: Self = Self("invalid_call_type");
    pub(crate) const INVALID_CALLBILLING: Self = Self("invalid_billingtype");
    pub(crate) const INVALID_ACCOUNT: Self = Self("invalid_account");
    pub(crate) const INVALID_ID: Self = Self("invalid_id");
    pub(crate) const INVALID_ROUTE: Self = Self("invalid_route");
    pub(crate) const INVALID_SERVERPOP: Self = Self("invalid_serverpop");
    pub(crate) const MISSING_LOCKINTERNATIONAL: Self = Self("missing_lockinternational");
    pub(crate) const INVALID_LOCKINTERNATIONAL: Self = Self("invalid_lockinternational");
    pub(crate) const MISSING_IP_RESTRICTION: Self = Self("missing_ip_restriction");
    pub(crate) const INVALID_DESCRIPTION: Self = Self("invalid_description");
    pub(crate) const INVALID_CALLERID: Self = Self("invalid_callerid");
    pub(crate) const INVALID_IP: Self = Self("invalid_ip");
    pub(crate) const INVALID_IP_AUTH: Self = Self("invalid_ip_auth");
    pub(crate) const INVALID_PASSWORD: Self = Self("invalid_password");
    pub(crate) const INVALID_PASSWORD_AUTH: Self = Self("invalid_password_auth");
    pub(crate) const WEAK_PASSWORD: Self = Self("weak_password");
    pub(crate) const NO_ACCOUNT: Self = Self("no_account");
    pub(crate) const NO_CDR: Self = Self("no_cdr");
    pub(crate) const NO_DID: Self = Self("no_did");
    pub(crate) const NO_RATE: Self = Self("no_rate");
    pub(crate) const NO_SUBACCOUNT: Self = Self("no_subaccount");
    pub(crate) const NO_TRANSACTIONS: Self = Self("no_transactions");
    /// Ours alone, with HTTP's 503: nothing was done, ask again.
    pub(crate) const UNAVAILABLE: Self = Self("unavailable");
}

/// Why a call is not answered with success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The caller's to see to.
    Status(Status),
    /// Ours: the tables cannot be read, or the node does not answer.
    Problem(Problem),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Problem(error.into())
    }
}

/// Why the node does not make a change.
pub(crate) fn of_command(error: CommandError) -> Failure {
    match error {
        CommandError::Account(ChangeError::NoLine(_)) => Status::INVALID_ID.into(),
        CommandError::AddressTaken(_) => Status::INVALID_IP.into(),
        error => Problem::Command(error).into(),
    }
}
