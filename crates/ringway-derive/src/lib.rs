//! The derive of Ringway's messages. Use it as `ringway::Message`, where it is documented.

mod describe;
mod mirror;
mod with;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Makes a type a message; see `ringway::Message`.
#[proc_macro_derive(Message, attributes(rkyv))]
pub fn message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = mirror::expand(&input).and_then(|mirror| {
        let (fields, described) = (describe::fields_first(&input)?, describe::expand(&input)?);
        Ok(quote! { #fields #mirror #described })
    });
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
