//! What a line can be told.

use std::net::IpAddr;

use account::{CertificateName, Line, LineKind, Secrets};
use billing::{AccountId, E164, LineId};
use clap::Args;
use serde::Deserialize;
use sip::digest::Ha1Set;

use super::{LimitOptions, Wrong, limits};
use crate::cli::CliError;

/// The longest name a line authenticates with, bytes.
const MAX_AUTH_NAME_BYTES: usize = 64;

/// What a line can be told; what is left out stays as it is, or as a new line has it.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineOptions {
    /// One phone, or a whole PBX [default: extension].
    #[arg(long, value_name = "extension|trunk")]
    kind: Option<String>,
    /// Display name ("Conference room").
    #[arg(long)]
    name: Option<String>,
    /// Name it logs in with, unique on this node [default: ACCOUNT-LINE; none for a trunk with --address or
    /// --certificate].
    #[arg(long, value_name = "NAME")]
    auth_name: Option<String>,
    /// Fixed address that proves a trunk without a secret, again for each.
    #[arg(long = "address", value_name = "IP")]
    addresses: Option<Vec<String>>,
    /// What proves a trunk by its TLS certificate without a secret, again for each: a domain in it, or its fingerprint
    /// (sha256:...).
    #[arg(long = "certificate", value_name = "DOMAIN|FINGERPRINT")]
    certificates: Option<Vec<String>>,
    /// The number it shows [default: the account's first].
    #[arg(long, value_name = "+E164")]
    caller_id: Option<String>,
    /// Whether it may call beyond the home numbering area at all [default: true].
    #[arg(long, value_name = "true|false")]
    international: Option<bool>,
    /// Outside calls at once [default: as many as the account].
    #[arg(long, value_name = "CALLS|none")]
    max_calls: Option<String>,
    /// What else may be called with it.
    #[command(flatten)]
    limits: LimitOptions,
    /// Its secret, in a file for `tollguard apply` only: an argument could be read by every user of the machine.
    #[arg(skip)]
    pub secret: Option<String>,
}

impl LineOptions {
    /// A new line, without its secret.
    ///
    /// # Errors
    /// All mistakes.
    pub fn create(&self, account: &AccountId, id: &LineId) -> Result<Line, CliError> {
        let has_some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        let needs_no_secret = has_some(&self.addresses) || has_some(&self.certificates);
        let name = (!needs_no_secret).then(|| format!("{account}-{id}").into());
        let mut line = Line {
            id: id.clone(),
            kind: if needs_no_secret { LineKind::Trunk } else { LineKind::Extension },
            name: String::new(),
            auth_name: name,
            secrets: None,
            addresses: Vec::new(),
            certificates: Vec::new(),
            caller_id: None,
            international: true,
            max_calls: None,
            limits: account::Limits::default(),
            cut: None,
            bindings: Vec::new(),
            last_seen: None,
            shut_out_ms: 0,
        };
        self.change(&mut line)?;
        Ok(line)
    }

    /// Puts what is given in place of what is there.
    ///
    /// # Errors
    /// All mistakes.
    pub fn change(&self, line: &mut Line) -> Result<(), CliError> {
        let mut wrong = Wrong::default();
        match self.kind.as_deref() {
            Some("extension") => line.kind = LineKind::Extension,
            Some("trunk") => line.kind = LineKind::Trunk,
            Some(word) => wrong.add(format!("kind: `{word}` is neither extension nor trunk")),
            None => {}
        }
        if let Some(name) = &self.name {
            line.name.clone_from(name);
        }
        if let Some(name) = &self.auth_name {
            let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
            if name.is_empty() || name.len() > MAX_AUTH_NAME_BYTES || !name.bytes().all(usable) {
                wrong.add(format!("auth name: `{name}` must be 1 to {MAX_AUTH_NAME_BYTES} of a-z, A-Z, 0-9 and -_.+"));
            }
            line.auth_name = Some(name.as_str().into());
        }
        if let Some(addresses) = &self.addresses {
            line.addresses = wrong.read_all::<IpAddr>("address", addresses);
        }
        if let Some(number) = &self.caller_id {
            line.caller_id = wrong.read::<E164>("caller ID", number);
        }
        if let Some(certificates) = &self.certificates {
            line.certificates = wrong.read_all::<CertificateName>("certificate", certificates);
        }
        let needs_no_secret = !line.addresses.is_empty() || !line.certificates.is_empty();
        if needs_no_secret && line.kind == LineKind::Extension {
            wrong.add("address: only a trunk is proven by its address or certificate; a phone logs in");
        }
        line.international = self.international.unwrap_or(line.international);
        limits::set(&mut line.max_calls, "max calls", self.max_calls.as_deref(), &mut wrong);
        self.limits.change(&mut line.limits, &mut wrong);
        wrong.end()
    }
}

/// What is stored of a secret.
pub fn secrets(auth_name: &str, realm: &str, secret: &str) -> Secrets {
    let (ha1_md5, ha1_sha256) = Ha1Set::new(auth_name.as_bytes(), realm.as_bytes(), secret.as_bytes()).parts();
    Secrets { ha1_md5, ha1_sha256, version: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(options: LineOptions) -> Result<Line, CliError> {
        options.create(&"law".parse().unwrap(), &"101".parse().unwrap())
    }

    #[test]
    fn a_phone_logs_in_and_a_fixed_address_proves_a_trunk() {
        let phone = create(LineOptions::default()).unwrap();
        assert_eq!((phone.kind, phone.auth_name.as_deref()), (LineKind::Extension, Some("law-101")));
        assert!(phone.international);
        let trunk = create(LineOptions { addresses: Some(vec!["192.0.2.7".into()]), ..Default::default() }).unwrap();
        assert_eq!((trunk.kind, trunk.auth_name), (LineKind::Trunk, None));
    }

    #[test]
    fn all_mistakes_are_told() {
        let options = LineOptions {
            kind: Some("fax".into()),
            auth_name: Some("a b".into()),
            addresses: Some(vec!["office".into()]),
            caller_id: Some("x".into()),
            ..Default::default()
        };
        assert_eq!(create(options).unwrap_err().to_string().lines().count(), 4);
        let options = LineOptions {
            kind: Some("extension".into()),
            addresses: Some(vec!["192.0.2.7".into()]),
            ..Default::default()
        };
        assert!(create(options).unwrap_err().to_string().contains("only a trunk"));
    }
}
