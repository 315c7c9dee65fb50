//! Mails to users of the portal.
use super::steps::Words;

pub(in crate::render) const INVITED: &str = "You are invited";
pub(in crate::render) const RESET: &str = "Choose a new password";
pub(in crate::render) const SECURITY: &str = "Your login was changed";
pub(in crate::render) const LOGIN: &str = "Login name";
pub(in crate::render) const NO_MORE: &str = "If that was you, there is nothing to do.";
pub(in crate::render) const CHOOSE_FIRST: Words =
    ["Choose your password", "You log in with it and your login name from then on.", "Choose a password"];
pub(in crate::render) const CHOOSE_NEW: Words = [
    "Choose another password, if you asked for this",
    "You are logged out everywhere when it is set. If you did not ask, do nothing: your password stays as it is.",
    "Choose a new password",
];
pub(in crate::render) const NOT_YOU: Words = [
    "If that was not you, act now",
    "Log in and choose another password, or ask for one by mail on the login page; then look where you are logged in.",
    "Open the login",
];
pub(in crate::render) fn subject(title: &str, node: &str) -> String {
    format!("{title} ({node})")
}
pub(in crate::render) fn once_until(when: &str) -> String {
    format!("The link below works once, until {when}.")
}
pub(in crate::render) fn footer(node: &str) -> String {
    format!("You get this because you may log in at {node}. Nobody there ever asks for your password.")
}
