//! Passwords and secrets on the command line: from a file, from a terminal without echo, or made up here. Never from an
//! argument, which every user of the machine could read.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;

use super::CliError;
use super::error::refused;
use super::strength::weakness;

/// Letters and digits that nobody confuses with each other.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
/// 24 characters of 5 bits: 120 bits, beyond any guessing.
const GENERATED_CHARS: usize = 24;

/// Where a user's password comes from.
#[derive(Debug, Default, Args)]
pub struct PasswordArgs {
    /// Read the password from the first line of this file (- for standard input).
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Make up a password and print it once.
    #[arg(long, conflicts_with = "password_file")]
    pub generate: bool,
}

/// A password, and whether it was made up here and must be shown.
pub struct Chosen {
    /// The password.
    pub text: String,
    /// Made up here.
    pub generated: bool,
}

impl Chosen {
    /// Prints a password that was made up here, this once.
    pub fn show(&self) {
        if self.generated {
            super::output::print(&format!("Password, shown this once: {}\n", self.text));
        }
    }
}

impl PasswordArgs {
    /// From the file; else asked for twice on a terminal; else made up.
    pub fn choose(&self, login: &str) -> Result<Chosen, CliError> {
        if let Some(path) = &self.password_file {
            return Ok(Chosen { text: first_line(path)?, generated: false });
        }
        if self.generate || !std::io::stdin().is_terminal() {
            return Ok(Chosen { text: generate()?, generated: true });
        }
        let ask = |prompt: String| {
            rpassword::prompt_password(prompt)
                .map_err(|source| CliError::Terminal { what: "ask for a password", source })
        };
        let text = ask(format!("Password for {login} (empty: make one up): "))?;
        if text.is_empty() {
            return Ok(Chosen { text: generate()?, generated: true });
        }
        if text != ask("The same again: ".into())? {
            return refused("the two passwords differ; try again");
        }
        Ok(Chosen { text, generated: false })
    }
}

/// Where a line's or a carrier's secret comes from.
#[derive(Debug, Default, Args)]
pub struct SecretArgs {
    /// Read the secret from the first line of this file (- for standard input); otherwise one is made up and printed.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Take the secret although it would be guessed.
    #[arg(long, requires = "secret_file")]
    pub force: bool,
}

impl SecretArgs {
    /// From the file, or made up. `about` is what a guesser would know of the line.
    pub fn choose(&self, about: &[&str]) -> Result<Chosen, CliError> {
        let Some(path) = &self.secret_file else {
            return Ok(Chosen { text: generate()?, generated: true });
        };
        let text = first_line(path)?;
        if let Some(why) = weakness(&text, about).filter(|_| !self.force) {
            let offer = generate()?;
            return refused(format!(
                "the secret is weak: {why}\nLeave --secret-file out and a strong one is made up, such as {offer}; or insist on \
                 yours with --force"
            ));
        }
        Ok(Chosen { text, generated: false })
    }
}

/// A secret nobody can guess.
///
/// # Errors
/// Where the system has no random bytes.
pub fn generate() -> Result<String, CliError> {
    let mut bytes = [0; GENERATED_CHARS];
    getrandom::fill(&mut bytes)
        .map_err(|error| CliError::Refused(format!("the system has no random bytes to give: {error}")))?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// The first line of a file, or of standard input.
pub fn first_line(path: &Path) -> Result<String, CliError> {
    let read = |source| CliError::File { what: "read", path: path.to_owned(), source };
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin()).map_err(read)?
    } else {
        std::fs::read_to_string(path).map_err(read)?
    };
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.to_owned()),
        None => refused(format!("{} is empty: its first line must hold the secret", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_is_long_and_never_the_same() {
        let (a, b) = (generate().unwrap(), generate().unwrap());
        assert_eq!(a.len(), GENERATED_CHARS);
        assert_ne!(a, b);
    }

    #[test]
    fn a_secret_is_the_first_line_of_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "correct horse battery\nnext\n").unwrap();
        assert_eq!(first_line(&path).unwrap(), "correct horse battery");
        std::fs::write(&path, "107107\n").unwrap();
        let choose = |force| SecretArgs { secret_file: Some(path.clone()), force }.choose(&["107"]);
        assert!(choose(false).is_err_and(|error| error.to_string().contains("the secret is weak")));
        assert_eq!(choose(true).unwrap().text, "107107", "set by force");
        std::fs::write(&path, "").unwrap();
        assert!(first_line(&path).is_err());
    }
}
