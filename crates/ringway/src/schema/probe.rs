//! Describing a type if it can describe itself, for fields that are archived by a wrapper.
//!
//! A call `(&Probe::<T>::new()).describe(..)` finds the method of [`ProbeKnown`] first, if `T` is
//! [`Describe`], and else by one more reference that of [`ProbeUnknown`].

use core::marker::PhantomData;

use super::{Describe, SchemaBuilder};

/// Stands for a type.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<fn() -> Box<T>>);

impl<T: ?Sized> Probe<T> {
    /// For the type `T`.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: ?Sized> Default for Probe<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// For types that describe themselves.
pub trait ProbeKnown {
    /// How the field refers to the type, which the program calls `written`.
    fn describe(&self, schema: &mut SchemaBuilder, written: &str) -> String;
}

impl<T: Describe + ?Sized> ProbeKnown for Probe<T> {
    fn describe(&self, schema: &mut SchemaBuilder, _written: &str) -> String {
        T::describe(schema)
    }
}

/// For all others, of which only the text in the program is known.
pub trait ProbeUnknown {
    /// How the field refers to the type, which the program calls `written`.
    fn describe(&self, schema: &mut SchemaBuilder, written: &str) -> String;
}

impl<T: ?Sized> ProbeUnknown for &Probe<T> {
    fn describe(&self, _schema: &mut SchemaBuilder, written: &str) -> String {
        written.to_owned()
    }
}
