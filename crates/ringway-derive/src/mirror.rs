//! The implementations of rkyv's traits.
//!
//! A derive cannot add derives to its type, and rkyv's code is in its own. So a hidden copy of the
//! type derives them as for a type of another crate (`remote`), and the type's own implementations
//! call those of the copy.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Fields, GenericParam, Ident, parse_quote};

use crate::with;

pub fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    if let Data::Union(data) = &input.data {
        return Err(syn::Error::new(data.union_token.span, "a union cannot be a message"));
    }
    let rkyv = quote!(::ringway::rkyv);
    let name = &input.ident;
    let hidden = format_ident!("__Message{name}");
    let (archived, resolver) = (format_ident!("Archived{name}"), format_ident!("{name}Resolver"));
    let generics = &input.generics;
    let (_, arguments, _) = generics.split_for_impl();
    let turbofish = arguments.as_turbofish();

    // Each parameter that is a type has to be a message itself; fields need no bounds then, and a
    // type may contain itself.
    let types: Vec<&Ident> = generics.type_params().map(|parameter| &parameter.ident).collect();
    let serialized = quote!(
        __S: #rkyv::ser::Writer + #rkyv::ser::Allocator,
        __S::Error: #rkyv::rancor::Source
        #(, #types: #rkyv::Serialize<__S>)*
    );
    let deserialized = quote!(
        __D: #rkyv::rancor::Fallible,
        __D::Error: #rkyv::rancor::Source
        #(, #types: #rkyv::Archive, #rkyv::Archived<#types>: #rkyv::Deserialize<#types, __D>)*
    );
    let checked = quote!(
        __C: #rkyv::validation::ArchiveContext,
        __C::Error: #rkyv::rancor::Source
        #(, #rkyv::Archived<#types>: #rkyv::bytecheck::CheckBytes<__C>)*
    );

    let copy = copy_of(input, &hidden)?;
    let of_user = input.attrs.iter().filter(|attribute| attribute.path().is_ident("rkyv"));
    let path = match turbofish.to_owned() {
        _ if generics.params.is_empty() => quote!(#name),
        _ => quote!(#name #turbofish),
    };
    let moved = moves(input, &hidden);

    let with_bounds = |more: Vec<TokenStream>, bounds: &TokenStream| {
        let mut generics = generics.clone();
        for parameter in more {
            generics.params.push(parse_quote!(#parameter));
        }
        let clause = generics.make_where_clause();
        for ty in &types {
            clause.predicates.push(parse_quote!(#ty: #rkyv::Archive));
        }
        let bounds: syn::punctuated::Punctuated<syn::WherePredicate, syn::Token![,]> =
            parse_quote!(#bounds);
        clause.predicates.extend(bounds);
        generics
    };
    let plain = with_bounds(vec![], &quote!());
    let (for_archive, _, archive_where) = plain.split_for_impl();
    let serialize = with_bounds(vec![quote!(__S: #rkyv::rancor::Fallible + ?Sized)], &serialized);
    let (for_serialize, _, serialize_where) = serialize.split_for_impl();
    let deserialize =
        with_bounds(vec![quote!(__D: #rkyv::rancor::Fallible + ?Sized)], &deserialized);
    let (for_deserialize, _, deserialize_where) = deserialize.split_for_impl();
    let (for_move, _, move_where) = plain.split_for_impl();

    Ok(quote! {
        #[allow(dead_code, missing_docs)]
        #[doc(hidden)]
        #[derive(#rkyv::Archive, #rkyv::Serialize, #rkyv::Deserialize)]
        #[rkyv(
            crate = #rkyv,
            remote = #path,
            archived = #archived,
            resolver = #resolver,
            serialize_bounds(#serialized),
            deserialize_bounds(#deserialized),
            bytecheck(bounds(#checked))
        )]
        #(#of_user)*
        #copy

        #[automatically_derived]
        impl #for_move ::core::convert::From<#hidden #arguments> for #name #arguments #move_where {
            fn from(copy: #hidden #arguments) -> Self {
                #moved
            }
        }

        #[automatically_derived]
        impl #for_archive #rkyv::Archive for #name #arguments #archive_where {
            type Archived = #archived #arguments;
            type Resolver = #resolver #arguments;
            fn resolve(&self, resolver: Self::Resolver, out: #rkyv::Place<Self::Archived>) {
                <#hidden #arguments as #rkyv::with::ArchiveWith<Self>>::resolve_with(
                    self, resolver, out,
                )
            }
        }

        #[automatically_derived]
        impl #for_serialize #rkyv::Serialize<__S> for #name #arguments #serialize_where {
            fn serialize(
                &self,
                serializer: &mut __S,
            ) -> ::core::result::Result<Self::Resolver, __S::Error> {
                ::ringway::schema::nested(|| {
                    <#hidden #arguments as #rkyv::with::SerializeWith<Self, __S>>::serialize_with(
                        self, serializer,
                    )
                })
            }
        }

        #[automatically_derived]
        impl #for_deserialize #rkyv::Deserialize<#name #arguments, __D> for #archived #arguments
            #deserialize_where
        {
            fn deserialize(
                &self,
                deserializer: &mut __D,
            ) -> ::core::result::Result<#name #arguments, __D::Error> {
                <#hidden #arguments as #rkyv::with::DeserializeWith<
                    Self,
                    #name #arguments,
                    __D,
                >>::deserialize_with(self, deserializer)
            }
        }
    })
}

/// The type under another name, with the attributes of its fields that rkyv needs.
fn copy_of(input: &DeriveInput, hidden: &Ident) -> syn::Result<TokenStream> {
    let mut copy = input.clone();
    copy.ident = hidden.clone();
    copy.attrs.retain(|attribute| attribute.path().is_ident("repr"));
    for parameter in &mut copy.generics.params {
        if let GenericParam::Type(parameter) = parameter {
            parameter.default = None;
        }
    }
    let clause = copy.generics.make_where_clause();
    for parameter in input.generics.type_params() {
        let ty = &parameter.ident;
        clause.predicates.push(parse_quote!(#ty: ::ringway::rkyv::Archive));
    }
    match &mut copy.data {
        Data::Struct(data) => prepare(&mut data.fields)?,
        Data::Enum(data) => {
            for variant in &mut data.variants {
                variant.attrs.clear();
                prepare(&mut variant.fields)?;
            }
        }
        Data::Union(_) => {}
    }
    Ok(quote!(#copy))
}

fn prepare(fields: &mut Fields) -> syn::Result<()> {
    for field in fields {
        let is_written = with::written(field)?.is_some();
        let wrapper = with::of_field(field)?;
        field.attrs.retain(|attribute| attribute.path().is_ident("rkyv"));
        if let (Some(wrapper), false) = (wrapper, is_written) {
            field.attrs.push(parse_quote!(#[rkyv(with = #wrapper)]));
        }
        field.attrs.push(parse_quote!(#[rkyv(omit_bounds)]));
    }
    Ok(())
}

/// Makes the type of its copy, field by field.
fn moves(input: &DeriveInput, hidden: &Ident) -> TokenStream {
    match &input.data {
        Data::Struct(data) => {
            let members: Vec<_> = data.fields.members().collect();
            quote!(Self { #(#members: copy.#members),* })
        }
        Data::Enum(data) => {
            let arms = data.variants.iter().map(|variant| {
                let name = &variant.ident;
                let members: Vec<_> = variant.fields.members().collect();
                let locals: Vec<_> =
                    (0..members.len()).map(|number| format_ident!("field{number}")).collect();
                quote! {
                    #hidden::#name { #(#members: #locals),* } => Self::#name { #(#members: #locals),* }
                }
            });
            quote!(match copy { #(#arms),* })
        }
        Data::Union(_) => quote!(),
    }
}
