//! How fields are archived whose types rkyv leaves to a wrapper.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Field, GenericArgument, Path, PathArguments, Type};

/// The wrapper of a field: the caller's own, or that of its type, if it has one.
pub fn of_field(field: &Field) -> syn::Result<Option<TokenStream>> {
    match written(field)? {
        Some(path) => Ok(Some(quote! { #path })),
        None => Ok(of_type(&field.ty)),
    }
}

/// What the caller has written as `#[rkyv(with = ...)]`.
pub fn written(field: &Field) -> syn::Result<Option<Type>> {
    let mut found = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("rkyv")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("with") {
                found = Some(meta.value()?.parse()?);
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            } else if meta.input.peek(syn::token::Paren) {
                let content;
                syn::parenthesized!(content in meta.input);
                content.parse::<TokenStream>()?;
            }
            Ok(())
        })?;
    }
    Ok(found)
}

fn of_type(ty: &Type) -> Option<TokenStream> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let rkyv = quote!(::ringway::rkyv);
    match last.ident.to_string().as_str() {
        "PathBuf" | "OsString" => Some(quote!(#rkyv::with::AsString)),
        "SystemTime" => Some(quote!(#rkyv::with::AsUnixTime)),
        "Cow" => Some(quote!(#rkyv::with::AsOwned)),
        "Option" | "Vec" => {
            let inner = of_type(only_argument(&path.path)?)?;
            Some(quote!(#rkyv::with::Map<#inner>))
        }
        _ => None,
    }
}

fn only_argument(path: &Path) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}
