//! Users: invited, changed, given another password, removed. They choose their passwords themselves, by a link.

use billing::AccountId;
use store::{Desk, LetterKind, Role, Session, User};

use super::{Hand, KeptError, changed, is_text};

/// Somebody to invite.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Login name.
    pub login: String,
    /// Name.
    pub name: String,
    /// E-mail address; may be empty where nobody is written to.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// The account of an owner or viewer.
    pub account: Option<AccountId>,
}

/// Adds a user without a password and writes to them, in the words `why`.
///
/// # Errors
/// [`KeptError`]: a name or address that is none, a login name that is taken; database errors.
pub fn invite(desk: &Desk, hand: &Hand, new: NewUser, has_mail: bool, why: &str) -> Result<User, KeptError> {
    checked(&new.name, &new.email)?;
    if !User::is_login(&new.login) {
        return Err(KeptError::Login);
    }
    if new.email.is_empty() && has_mail {
        return Err(KeptError::Email(new.email));
    }
    if (new.role == Role::Admin) != new.account.is_none() {
        return Err(KeptError::Belongs);
    }
    let user = User {
        login: new.login,
        name: new.name,
        email: new.email,
        role: new.role,
        account: new.account,
        password_hash: String::new(),
        created_ms: hand.at_ms,
    };
    desk.add_user(&user)?;
    let text = format!("{} was invited as {}.", user.login, user.role.in_words());
    hand.note(desk, user.account.as_ref(), &text, changed(named(&user), "", user.role))?;
    desk.write_letter(&user.login, LetterKind::Invitation, why, hand.at_ms)?;
    Ok(user)
}

fn named(user: &User) -> String {
    format!("user {}", user.login)
}

fn checked(name: &str, email: &str) -> Result<(), KeptError> {
    if !is_text(name) {
        return Err(KeptError::Name);
    }
    let is_address = email.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.'));
    if !email.is_empty() && (!is_address || !is_text(email) || email.contains(char::is_whitespace)) {
        return Err(KeptError::Email(email.to_owned()));
    }
    Ok(())
}

/// Gives a user another name, address and role, as `new` has them.
///
/// # Errors
/// [`KeptError`]: a name or address that is none, a role for which there is another reach; database errors.
pub fn change_user(desk: &Desk, hand: &Hand, old: &User, new: &User) -> Result<String, KeptError> {
    checked(&new.name, &new.email)?;
    if (new.role == Role::Admin) != (old.role == Role::Admin) {
        return Err(KeptError::OtherReach);
    }
    desk.change_user(&old.login, &new.name, &new.email, new.role)?;
    let mut changes = changed(named(old), old.role, new.role);
    changes.extend(changed(format!("{}.name", named(old)), &old.name, &new.name));
    changes.extend(changed(format!("{}.email", named(old)), &old.email, &new.email));
    let text = format!("{} is {} now.", old.login, new.role.in_words());
    let text = if old.role == new.role { format!("{} is changed.", old.login) } else { text };
    hand.note(desk, old.account.as_ref(), &text, changes)?;
    Ok(text)
}

/// Removes a user, who is logged out at once. What was done, in a sentence.
///
/// # Errors
/// Database errors.
pub fn remove_user(desk: &Desk, hand: &Hand, user: &User) -> Result<String, KeptError> {
    desk.remove_user(&user.login)?;
    let text = format!("{} was removed and is logged out.", user.login);
    hand.note(desk, user.account.as_ref(), &text, changed(named(user), user.role, ""))?;
    Ok(text)
}

/// Lets a user choose a new password: writes to them, in the words `why`, where there is a mail server.
///
/// # Errors
/// [`KeptError`]: nobody to write to, enough mails that wait; database errors.
pub fn new_password(desk: &Desk, hand: &Hand, user: &User, has_mail: bool, why: &str) -> Result<(), KeptError> {
    if has_mail && user.email.is_empty() {
        return Err(KeptError::NoEmail(user.login.clone()));
    }
    let kind = if user.password_hash.is_empty() { LetterKind::Invitation } else { LetterKind::Reset };
    if has_mail && !desk.write_letter(&user.login, kind, why, hand.at_ms)? {
        return Err(KeptError::MailsWait(user.login.clone()));
    }
    hand.note(desk, user.account.as_ref(), &format!("{} may choose a new password.", user.login), Vec::new())?;
    Ok(())
}

/// Turns a user's second step off, where it is on, and tells them in the words `why`. Whether it was on.
///
/// # Errors
/// Database errors.
pub fn factor_off(desk: &Desk, hand: &Hand, user: &User, why: &str) -> Result<bool, KeptError> {
    if !desk.remove_second_factor(&user.login)? {
        return Ok(false);
    }
    let text = format!("{} logs in with the password alone until they set up a second step anew.", user.login);
    hand.note(desk, user.account.as_ref(), &text, changed(format!("{}.second step", named(user)), "on", "off"))?;
    desk.write_letter(&user.login, LetterKind::Security, why, hand.at_ms)?;
    Ok(true)
}

/// Ends one session of a user. What was done, in a sentence.
///
/// # Errors
/// Database errors.
pub fn end_session(desk: &Desk, hand: &Hand, user: &User, session: &Session) -> Result<String, KeptError> {
    desk.remove_session(&session.token_hash)?;
    hand.note(desk, user.account.as_ref(), &format!("A session of {} was ended.", user.login), Vec::new())?;
    Ok("The session has ended.".to_owned())
}

/// Logs a user out everywhere. What was done, in a sentence.
///
/// # Errors
/// Database errors.
pub fn end_sessions(desk: &Desk, hand: &Hand, user: &User) -> Result<String, KeptError> {
    // No session has such a name.
    let ended = desk.end_other_sessions(&user.login, &[0; 32])?;
    let text = format!("{} is logged out everywhere ({ended}).", user.login);
    hand.note(desk, user.account.as_ref(), &text, Vec::new())?;
    Ok(text)
}
