//! Documents that name tests name tests that are there: `path/of/file.rs::name_of_the_test`.

use std::path::Path;

use anyhow::Result;

use super::Finding;

/// The documents.
const DOCUMENTS: &[&str] = &["docs/conformance.md"];

/// Looks for every test that is named.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root.join(document))?;
        for (file, test) in named(&text) {
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            if !source.contains(&format!("fn {test}(")) {
                let text = format!("there is no test {test} in {file}");
                findings.push(Finding { place: (*document).to_owned(), rule: "shown", text });
            }
        }
    }
    Ok(findings)
}

fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|quoted| quoted.split_once(".rs::").map(|(file, test)| (&quoted[..file.len() + 3], test)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_between_backticks() {
        let text = "run `cargo test`: `crates/a/b.rs::one`, `crates/c.rs::two`";
        assert_eq!(named(text).collect::<Vec<_>>(), [("crates/a/b.rs", "one"), ("crates/c.rs", "two")]);
    }
}
