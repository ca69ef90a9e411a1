//! The description of a type, which is part of the schema of a queue.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, Type, parse_quote};

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

/// Names the fields that are no messages at their place, before rkyv's code fails of them all over.
pub fn fields_first(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields: Vec<&Field> = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    let mut bounds = Vec::new();
    for field in fields {
        if with::of_field(field)?.is_none() {
            let ty = &field.ty;
            if let Type::Reference(_) = ty {
                let text = "a message owns what is in it: take a `String`, `Vec` or `Box` here";
                return Err(syn::Error::new(ty.span(), text));
            }
            bounds.push(quote_spanned!(ty.span() => #ty: ::ringway::schema::Describe));
        }
    }
    if !input.generics.params.is_empty() {
        return Ok(quote!()); // whether they are messages is not known yet
    }
    Ok(quote! {
        const _: () = {
            #[allow(dead_code, trivial_bounds)]
            fn fields_are_messages() where #(#bounds),* {}
        };
    })
}

fn fields(fields: &Fields) -> syn::Result<TokenStream> {
    let steps = fields.iter().enumerate().map(|(number, field)| {
        let name = field.ident.as_ref().map_or_else(|| number.to_string(), ToString::to_string);
        let ty = &field.ty;
        Ok(match with::written(field)? {
            // The type is described, too, if it can: the wrapper may write what is in it.
            Some(wrapper) => {
                let (text, wrapper) = (as_written(&quote!(#ty)), as_written(&quote!(#wrapper)));
                quote!(definition.wrapped_field(#name, #wrapper, |schema| {
                    use ::ringway::schema::{Probe, ProbeKnown as _, ProbeUnknown as _};
                    (&Probe::<#ty>::new()).describe(schema, #text)
                });)
            }
            None => quote!(definition.field::<#ty>(#name);),
        })
    });
    let steps = steps.collect::<syn::Result<Vec<_>>>()?;
    Ok(quote!(#(#steps)*))
}

/// Tokens as one text, whatever stands between them.
fn as_written(tokens: &TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}
