//! Lines of Rust files and functions, by the compiler's own grammar.

use anyhow::{Context as _, Result};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Size;

/// Adds the functions of a file; returns the file's lines without its test modules.
pub(super) fn measure(name: &str, text: &str, functions: &mut Vec<Size>) -> Result<usize> {
    let file = syn::parse_file(text).with_context(|| format!("cannot parse {name}"))?;
    let mut reader = Reader { file: name, functions, test_lines: 0 };
    reader.visit_file(&file);
    Ok(text.lines().count() - reader.test_lines)
}

struct Reader<'a> {
    file: &'a str,
    functions: &'a mut Vec<Size>,
    test_lines: usize,
}

impl Reader<'_> {
    /// From the signature to the closing brace; attributes and comments above do not count.
    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let lines = body.span().end().line + 1 - signature.span().start().line;
        self.functions.push(Size { name: format!("{} {}", self.file, signature.ident), lines });
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_some() && is_for_tests(&module.attrs) {
            self.test_lines += module.span().end().line + 1 - module.span().start().line;
        } else {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// `#[cfg(test)]`
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_count_from_signature_to_brace_and_tests_not_at_all() {
        let text = "/// Doc.\n#[inline]\nfn one() {\n    let s = \"}{\";\n}\n\nimpl T {\n    fn two(\n        &self,\n    ) {}\n}\n\n\
                    #[cfg(test)]\nmod tests {\n    fn long() {\n\n\n    }\n}\n";
        let mut functions = Vec::new();
        let lines = measure("a.rs", text, &mut functions).unwrap();
        assert_eq!(lines, 12);
        let found: Vec<_> = functions.iter().map(|size| (size.name.as_str(), size.lines)).collect();
        assert_eq!(found, [("a.rs one", 3), ("a.rs two", 3)]);
    }
}
