//! `#[app_test]` runs one test on every store: the embedded one and PostgreSQL.
//!
//! ```text
//! #[app_test]
//! async fn editor_creates_survey(app: TestApp) { … }
//! ```
//!
//! becomes the tests `editor_creates_survey::embedded` and `editor_creates_survey::postgres`. Each awaits
//! `TestApp::start_embedded(name)` or `TestApp::start_postgres(name)`, gives the body a clone, and awaits `finish()`,
//! which fails the test when something is left over. `TestApp` is whatever type the argument names, so that the macro
//! depends on no crate; it needs these three functions and `Clone`. A body that panics never reaches `finish()`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, ItemFn, ReturnType, Type};

/// Runs the test on every store; see the crate's documentation.
#[proc_macro_attribute]
pub fn app_test(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(arguments.into(), item.into()).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream, Error> {
    if !arguments.is_empty() {
        return Err(Error::new(arguments.span(), "`#[app_test]` takes no arguments"));
    }
    let test: ItemFn = syn::parse2(item)?;
    let app = app_type(&test)?;
    let name = &test.sig.ident;
    let label = name.to_string();
    let on_store = |store: &str| {
        let (store, start) = (format_ident!("{store}"), format_ident!("start_{store}"));
        quote! {
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            pub(super) async fn #store() {
                let app = <#app>::#start(#label).await;
                super::#name(::core::clone::Clone::clone(&app)).await;
                app.finish().await;
            }
        }
    };
    let (embedded, postgres) = (on_store("embedded"), on_store("postgres"));
    Ok(quote! {
        #[cfg(test)]
        #test
        #[cfg(test)]
        mod #name {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use super::*;
            #embedded
            #postgres
        }
    })
}

/// The type of the only argument; anything but `async fn name(app: Type)` is an error at the place that is wrong.
fn app_type(test: &ItemFn) -> Result<&Type, Error> {
    let signature = &test.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new(signature.fn_token.span, "an app test is an `async fn`"));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new(signature.generics.span(), "an app test is not generic"));
    }
    if let ReturnType::Type(_, returned) = &signature.output {
        return Err(Error::new(returned.span(), "an app test returns nothing: let it panic"));
    }
    if let Some(attribute) = test.attrs.iter().find(|attribute| attribute.path().is_ident("ignore")) {
        return Err(Error::new(attribute.span(), "an app test is never ignored: mend it or delete it"));
    }
    match signature.inputs.iter().collect::<Vec<_>>().as_slice() {
        [FnArg::Typed(argument)] if matches!(*argument.ty, Type::Path(_)) => Ok(&argument.ty),
        _ => Err(Error::new(signature.paren_token.span.join(), "an app test takes one argument: `app: TestApp`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(source: &str) -> String {
        expand(TokenStream::new(), source.parse().unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_signature_is_explained() {
        assert_eq!(refusal("fn a(app: TestApp) {}"), "an app test is an `async fn`");
        assert_eq!(refusal("async fn a() {}"), "an app test takes one argument: `app: TestApp`");
        assert_eq!(refusal("async fn a(app: &TestApp) {}"), "an app test takes one argument: `app: TestApp`");
        assert_eq!(refusal("async fn a<T>(app: T) {}"), "an app test is not generic");
        assert_eq!(refusal("async fn a(app: TestApp) -> u8 { 1 }"), "an app test returns nothing: let it panic");
        assert!(refusal("#[ignore] async fn a(app: TestApp) {}").starts_with("an app test is never ignored"));
    }

    #[test]
    fn arguments_are_refused() {
        let refused = expand(
            quote!(embedded),
            quote!(
                async fn a(app: TestApp) {}
            ),
        )
        .unwrap_err();
        assert_eq!(refused.to_string(), "`#[app_test]` takes no arguments");
    }
}
