//! What all handles have: made by a line for each kind.

/// Creating, opening and naming, for a handle of what can have a segment of its own.
///
/// ```text
/// handle_methods! {
///     [T: Payload + ?Sized] Queue<T>,    // generics, and the type
///     "queue", "Queue::<u32>";           // what texts call it, and the type in examples
///     [maxsize: u64 = "3"];              // the option that each creator has to give, if any
///     |queue| (the attachment, the label, the name)
/// }
/// ```
macro_rules! handle_methods {
    (
        [$($generics:tt)*] $handle:ty,
        $kind:literal, $example:literal;
        [$($option:ident: $type:ty = $value:literal)?];
        |$this:ident| ($attachment:expr, $label:expr, $name:expr)
    ) => {
        /// Creating, opening, and what it is called.
        impl<$($generics)*> $handle {
            #[doc = concat!("More ways to create and open a ", $kind, ".")]
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("let options = ", $example, "::options().participants(8);")]
            /// ```
            pub fn options() -> crate::Options<Self> {
                crate::Options::new()
            }

            #[doc = concat!("Creates a new ", $kind, ", under a name or at another [`Place`].")]
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("# let name = &format!(\"doc-", $kind, "-create-{}\", std::process::id());")]
            #[doc = concat!("let it = ", $example, "::create(name", $(", ", $value,)? ")?;")]
            /// assert_eq!(it.name(), Some(name.as_str()));
            /// it.remove()?;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As of [`Options::create`](crate::Options::create).
            ///
            /// [`Place`]: crate::Place
            pub fn create(
                place: impl Into<ringway_segment::place::Place>,
                $($option: $type,)?
            ) -> Result<Self, ringway_segment::error::CreateError> {
                Self::options()$(.$option($option))?.create(place)
            }

            #[doc = concat!("Creates a new ", $kind, " without a name, for this process and its children.")]
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("let it = ", $example, "::unnamed(", $($value,)? ")?;")]
            /// let fd = it.inheritable_fd()?; // a child that is started now has it, too
            #[doc = concat!("let same = ", $example, "::options().open_fd(&fd)?;")]
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As of [`Options::create`](crate::Options::create).
            pub fn unnamed(
                $($option: $type)?
            ) -> Result<Self, ringway_segment::error::CreateError> {
                Self::create(ringway_segment::place::Place::Unnamed $(, $option)?)
            }

            #[doc = concat!("Opens an existing ", $kind, ".")]
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("# let name = &format!(\"doc-", $kind, "-open-{}\", std::process::id());")]
            #[doc = concat!("# let it = ", $example, "::create(name", $(", ", $value,)? ")?;")]
            #[doc = concat!("let same = ", $example, "::open(name)?;")]
            /// # it.remove()?;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As of [`Options::open`](crate::Options::open).
            pub fn open(
                place: impl Into<ringway_segment::place::Place>,
            ) -> Result<Self, ringway_segment::error::OpenError> {
                Self::options().open(place)
            }

            #[doc = concat!("Opens the ", $kind, ", or creates it if there is none.")]
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("# let name = &format!(\"doc-", $kind, "-open-or-create-{}\", std::process::id());")]
            #[doc = concat!("let it = ", $example, "::open_or_create(name", $(", ", $value,)? ")?; // in each process")]
            /// # it.remove()?;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As of [`Options::open_or_create`](crate::Options::open_or_create).
            pub fn open_or_create(
                place: impl Into<ringway_segment::place::Place>,
                $($option: $type,)?
            ) -> Result<Self, ringway_segment::error::CreateError> {
                Self::options()$(.$option($option))?.open_or_create(place)
            }

            /// What errors call it: its kind and name.
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("let it = ", $example, "::unnamed(", $($value,)? ")?;")]
            #[doc = concat!("assert_eq!(it.label().to_string(), \"unnamed ", $kind, "\");")]
            /// # Ok::<(), ringway::CreateError>(())
            /// ```
            #[must_use]
            pub fn label(&self) -> crate::error::Label {
                let $this = self;
                crate::error::Label(std::sync::Arc::clone($label))
            }

            /// The name that it can be opened by, if it has one. What lies at a path of its own has
            /// none: see [`place`](Self::place). The name of an object in a context is the one that
            /// it has there.
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("# let name = &format!(\"doc-", $kind, "-name-{}\", std::process::id());")]
            #[doc = concat!("let it = ", $example, "::create(name", $(", ", $value,)? ")?;")]
            #[doc = concat!("let same = ", $example, "::open(it.name().expect(\"it has one\"))?;")]
            /// # it.remove()?;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            #[must_use]
            pub fn name(&self) -> Option<&str> {
                let $this = self;
                $name
            }

            /// Where its segment is, as it was given to the call that created or opened it;
            /// [`Unnamed`](crate::Place::Unnamed) for one that was opened by a descriptor.
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("# let path = std::env::temp_dir().join(format!(\"doc-", $kind, "-place-{}\", std::process::id()));")]
            #[doc = concat!("let it = ", $example, "::create(&path", $(", ", $value,)? ")?;")]
            #[doc = concat!("let same = ", $example, "::open(it.place())?;")]
            /// # it.remove()?;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            #[must_use]
            pub fn place(&self) -> &ringway_segment::place::Place {
                let $this = self;
                $attachment.segment().place()
            }

            /// A descriptor that child processes inherit, to be opened there by
            /// [`Options::open_fd`](crate::Options::open_fd). Close it when the children have been
            /// started.
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("let it = ", $example, "::unnamed(", $($value,)? ")?;")]
            /// let fd = it.inheritable_fd()?;
            /// let number = std::os::fd::AsRawFd::as_raw_fd(&fd); // what to tell the child
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// When it has none (on the heap), there are no more descriptors, or in a forked child.
            pub fn inheritable_fd(&self) -> std::io::Result<std::os::fd::OwnedFd> {
                let $this = self;
                crate::handle::inheritable_fd($attachment, $label)
            }
        }
    };
}

/// All of that, and the ways into a context, for a handle of an object.
///
/// ```text
/// object_methods! {
///     [T: Payload + ?Sized] Queue<T>,    // generics, and the type
///     "queue", "Queue::<u32>";           // what texts call it, and the type in examples
///     [maxsize: u64 = "3"];              // the option that each creator has to give, if any
///     |queue| queue.object()             // its object in the directory
/// }
/// ```
macro_rules! object_methods {
    (
        [$($generics:tt)*] $handle:ty,
        $kind:literal, $example:literal;
        [$($option:ident: $type:ty = $value:literal)?];
        |$this:ident| $object:expr
    ) => {
        crate::handle::handle_methods! {
            [$($generics)*] $handle,
            $kind, $example;
            [$($option: $type = $value)?];
            |$this| ($object.attachment(), $object.label(), $object.name())
        }

        crate::handover::can_be_handed! {
            [$($generics)*] $handle, $kind,
            |$this| crate::handover::Handed::object($this), open_object
        }

        impl<$($generics)*> crate::handle::OfObject for $handle {
            fn object(&self) -> &ringway_segment::directory::Object {
                let $this = self;
                $object
            }
        }

        /// In a context, and the end of its name.
        impl<$($generics)*> $handle {
            #[doc = concat!("Creates a new ", $kind, " beside the other objects of a context.")]
            ///
            /// ```
            /// # use ringway::*;
            /// let context = Context::unnamed()?;
            #[doc = concat!("let it = ", $example, "::create_in(&context, \"first\"", $(", ", $value,)? ")?;")]
            /// assert_eq!(it.name(), Some("first"));
            /// # Ok::<(), ringway::CreateError>(())
            /// ```
            ///
            /// # Errors
            /// As of [`Options::create_in`](crate::Options::create_in).
            pub fn create_in(
                context: &crate::Context,
                name: &str,
                $($option: $type,)?
            ) -> Result<Self, ringway_segment::error::CreateError> {
                Self::options()$(.$option($option))?.create_in(context, name)
            }

            #[doc = concat!("Opens a ", $kind, " of a context.")]
            ///
            /// ```
            /// # use ringway::*;
            /// let context = Context::unnamed()?;
            #[doc = concat!("let it = ", $example, "::create_in(&context, \"first\"", $(", ", $value,)? ")?;")]
            #[doc = concat!("let same = ", $example, "::open_in(&context, \"first\")?;")]
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As of [`Options::open_in`](crate::Options::open_in).
            pub fn open_in(
                context: &crate::Context,
                name: &str,
            ) -> Result<Self, ringway_segment::error::OpenError> {
                Self::options().open_in(context, name)
            }

            #[doc = concat!("Opens a ", $kind, " of a context, or creates it if there is none.")]
            ///
            /// ```
            /// # use ringway::*;
            /// let context = Context::unnamed()?;
            #[doc = concat!("let it = ", $example, "::open_or_create_in(&context, \"first\"", $(", ", $value,)? ")?;")]
            /// # Ok::<(), ringway::CreateError>(())
            /// ```
            ///
            /// # Errors
            /// As of [`Options::open_or_create_in`](crate::Options::open_or_create_in).
            pub fn open_or_create_in(
                context: &crate::Context,
                name: &str,
                $($option: $type,)?
            ) -> Result<Self, ringway_segment::error::CreateError> {
                Self::options()$(.$option($option))?.open_or_create_in(context, name)
            }

            /// Removes its name. Processes that have it open go on using it. Returns whether the
            /// name still stood for it.
            ///
            /// ```
            /// # use ringway::*;
            #[doc = concat!("# let name = &format!(\"doc-", $kind, "-remove-{}\", std::process::id());")]
            #[doc = concat!("let it = ", $example, "::create(name", $(", ", $value,)? ")?;")]
            /// assert!(it.remove()?);
            /// assert!(!it.remove()?);
            #[doc = concat!("assert!(", $example, "::open(name).is_err());")]
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// [`RemoveError`](crate::RemoveError) when the system refuses, and in a forked child:
            /// then nothing has changed.
            pub fn remove(&self) -> Result<bool, ringway_segment::error::RemoveError> {
                crate::handle::remove(crate::handle::OfObject::object(self))
            }
        }
    };
}

pub(crate) use {handle_methods, object_methods};
