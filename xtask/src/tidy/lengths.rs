//! Files of at most 500 lines that open by saying what lives there, functions under 70 lines, structs under 15 fields.

use anyhow::{Context, Result};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const STRUCT_FIELDS: usize = 15;

/// Checks one file.
pub fn check(place: &str, text: &str) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES {
        findings.push(Finding {
            place: place.into(),
            rule: "file-length",
            text: format!("{lines} lines, at most {FILE_LINES}"),
        });
    }
    if !text.starts_with("//!") {
        let text = "does not open with a sentence (//!) on what lives there".into();
        findings.push(Finding { place: place.into(), rule: "opening", text });
    }
    let file = syn::parse_file(text).with_context(|| format!("{place} is not Rust"))?;
    let mut visitor = Lengths { place, findings };
    visitor.visit_file(&file);
    Ok(visitor.findings)
}

struct Lengths<'a> {
    place: &'a str,
    findings: Vec<Finding>,
}

impl Lengths<'_> {
    fn function(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        let lines = whole.end().line + 1 - whole.start().line;
        if lines > FUNCTION_LINES {
            let text = format!("function {name} has {lines} lines, at most {FUNCTION_LINES}");
            self.findings.push(Finding { place: self.place.into(), rule: "function-length", text });
        }
    }
}

impl<'ast> Visit<'ast> for Lengths<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig.ident, item.sig.span().join(item.block.span()).unwrap_or(item.block.span()));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, item.sig.span().join(item.block.span()).unwrap_or(item.block.span()));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        let fields = item.fields.len();
        if fields > STRUCT_FIELDS {
            let text = format!("struct {} has {fields} fields, at most {STRUCT_FIELDS}", item.ident);
            self.findings.push(Finding { place: self.place.into(), rule: "struct-fields", text });
        }
        visit::visit_item_struct(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_functions_and_files_are_found() {
        let body = "    let _ = 0;\n".repeat(FUNCTION_LINES);
        let source = format!("//! Test.\nfn long() {{\n{body}}}\n");
        let rules: Vec<_> = check("x.rs", &source).unwrap().iter().map(|f| f.rule).collect();
        assert_eq!(rules, ["function-length"]);
        let source = format!("//! Test.\n{}", "\n".repeat(FILE_LINES));
        assert_eq!(check("x.rs", &source).unwrap()[0].rule, "file-length");
    }

    #[test]
    fn a_file_must_say_what_lives_there() {
        assert_eq!(check("x.rs", "fn f() {}\n").unwrap()[0].rule, "opening");
        assert!(check("x.rs", "//! Here.\nfn f() {}\n").unwrap().is_empty());
    }
}
