//! The description of a type, which is part of the schema of a queue.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, parse_quote};

use crate::with;

pub fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let text = name.to_string();
    let mut generics = input.generics.clone();
    for parameter in input.generics.type_params() {
        let ty = &parameter.ident;
        generics
            .make_where_clause()
            .predicates
            .push(parse_quote!(#ty: ::ringway::schema::Describe));
    }
    let (for_type, arguments, clause) = generics.split_for_impl();
    let steps = match &input.data {
        Data::Struct(data) => {
            let fields = fields(&data.fields)?;
            quote!(#fields)
        }
        Data::Enum(data) => {
            let variants = data.variants.iter().map(|variant| {
                let name = variant.ident.to_string();
                let fields = fields(&variant.fields)?;
                Ok(quote!(definition.variant(#name); #fields))
            });
            let variants = variants.collect::<syn::Result<Vec<_>>>()?;
            quote!(#(#variants)*)
        }
        Data::Union(_) => quote!(),
    };
    Ok(quote! {
        #[automatically_derived]
        impl #for_type ::ringway::schema::Describe for #name #arguments #clause {
            fn describe(schema: &mut ::ringway::schema::SchemaBuilder) -> ::std::string::String {
                schema.define::<Self>(#text, |definition| { #steps })
            }
        }
    })
}

fn fields(fields: &Fields) -> syn::Result<TokenStream> {
    let steps = fields.iter().enumerate().map(|(number, field)| {
        let name = field.ident.as_ref().map_or_else(|| number.to_string(), ToString::to_string);
        let ty = &field.ty;
        // Types with a wrapper of their own describe themselves.
        Ok(match with::written(field)? {
            Some(wrapper) => {
                let text = format!("{} as {}", text(&quote!(#ty)), text(&quote!(#wrapper)));
                quote!(definition.field_of_text(#name, #text);)
            }
            None => quote!(definition.field::<#ty>(#name);),
        })
    });
    let steps = steps.collect::<syn::Result<Vec<_>>>()?;
    Ok(quote!(#(#steps)*))
}

/// Tokens without the space between them, and paths by their last name.
fn text(tokens: &TokenStream) -> String {
    let text = tokens.to_string().replace(' ', "");
    let mut short = String::new();
    for part in
        text.split_inclusive(|letter: char| !(letter.is_alphanumeric() || "_:".contains(letter)))
    {
        let word =
            part.trim_end_matches(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        let rest = &part[word.len()..];
        short.push_str(word.rsplit("::").next().unwrap_or(word));
        short.push_str(rest);
    }
    short
}
