//! What accounts, lines and carriers can be told, on the command line and in a file for `tollguard apply` alike.

mod account;
mod carrier;
mod limits;
mod line;
mod lockout;
mod terms;

use std::fmt::Display;
use std::str::FromStr;

pub use account::AccountOptions;
pub use carrier::CarrierOptions;
pub use limits::LimitOptions;
pub use line::{LineOptions, secrets};
pub use lockout::LockoutOptions;
pub use terms::TermOptions;

use super::CliError;

/// Mistakes in options, told together.
#[derive(Debug, Default)]
pub struct Wrong(Vec<String>);

impl Wrong {
    /// Adds one.
    pub fn add(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    /// Reads one value.
    pub fn read<T: FromStr>(&mut self, option: &str, text: &str) -> Option<T>
    where
        T::Err: Display,
    {
        text.parse().map_err(|error| self.add(format!("{option}: {error}"))).ok()
    }

    /// Reads all values of a list.
    pub fn read_all<T: FromStr>(&mut self, option: &str, texts: &[String]) -> Vec<T>
    where
        T::Err: Display,
    {
        texts.iter().filter_map(|text| self.read(option, text)).collect()
    }

    /// Replaces a value where an option is given.
    pub fn set<T: FromStr>(&mut self, value: &mut T, option: &str, text: Option<&String>)
    where
        T::Err: Display,
    {
        if let Some(read) = text.and_then(|text| self.read(option, text)) {
            *value = read;
        }
    }

    /// The end: all mistakes at once.
    ///
    /// # Errors
    /// Where there is a mistake.
    pub fn end(self) -> Result<(), CliError> {
        if self.0.is_empty() { Ok(()) } else { Err(CliError::Refused(self.0.join("\n"))) }
    }
}
