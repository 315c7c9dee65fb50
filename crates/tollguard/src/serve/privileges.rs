//! Running as somebody unprivileged: what is on the disk is theirs from the start, root is used to bind and to read the
//! TLS key, and then given up for good.

use net::NetError;
use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setegid, seteuid, setresgid, setresuid};

use super::ServeError;

/// Why it cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegesError {
    /// No such user.
    #[error("there is no user {0} on this machine")]
    Unknown(String),
    /// The system refused.
    #[error("the rights of user {0} cannot be taken on")]
    Refused(String, #[source] nix::Error),
}

/// Root for the time being, on the way to be somebody else.
#[derive(Debug)]
pub(super) struct Privileges {
    name: String,
    uid: Uid,
    gid: Gid,
}

impl Privileges {
    /// Acts as this user from now on, with a way back; `None` where there is nothing to give up. Call it before any thread
    /// is started.
    pub(super) fn lower(name: Option<&str>) -> Result<Option<Self>, PrivilegesError> {
        let Some(name) = name.filter(|_| geteuid().is_root()) else { return Ok(None) };
        let unknown = || PrivilegesError::Unknown(name.to_owned());
        let user = User::from_name(name).map_err(|_| unknown())?.ok_or_else(unknown)?;
        let own = Self { name: name.to_owned(), uid: user.uid, gid: user.gid };
        let c_name = std::ffi::CString::new(name).map_err(|_| unknown())?;
        initgroups(&c_name, own.gid).map_err(|error| own.refused(error))?;
        setegid(own.gid).map_err(|error| own.refused(error))?;
        seteuid(own.uid).map_err(|error| own.refused(error))?;
        Ok(Some(own))
    }

    /// Does something as root again.
    pub(super) fn as_root<T>(own: Option<&Self>, work: impl FnOnce() -> T) -> Result<T, PrivilegesError> {
        let Some(own) = own else { return Ok(work()) };
        seteuid(Uid::from_raw(0)).map_err(|error| own.refused(error))?;
        let done = work();
        seteuid(own.uid).map_err(|error| own.refused(error))?;
        Ok(done)
    }

    /// Binds as root, then gives root up for good, in all threads.
    pub(super) fn bound<T>(own: Option<Self>, bind: impl FnOnce() -> Result<T, NetError>) -> Result<T, ServeError> {
        let bound = Self::as_root(own.as_ref(), bind)??;
        Self::give_up(own)?;
        Ok(bound)
    }

    fn give_up(own: Option<Self>) -> Result<(), PrivilegesError> {
        let Some(own) = own else { return Ok(()) };
        let all = || {
            seteuid(Uid::from_raw(0))?;
            setresgid(own.gid, own.gid, own.gid)?;
            setresuid(own.uid, own.uid, own.uid)
        };
        all().map_err(|error| own.refused(error))
    }

    fn refused(&self, error: nix::Error) -> PrivilegesError {
        PrivilegesError::Refused(self.name.clone(), error)
    }
}
