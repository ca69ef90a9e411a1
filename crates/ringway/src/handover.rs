//! Handles among the arguments of a process: each takes the descriptor of its segment along, to
//! exactly that child.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use ringway_segment::attachment::Attachment;
use ringway_segment::directory::Wanted;
use ringway_segment::error::OpenError;
use ringway_segment::segment::{Segment, Trust};
use ringway_sys::shm;

use crate::Message;
use crate::context::Context;
use crate::handle::{Handle, Luggage, ObjectHandle, OfObject};
use crate::options::Options;

/// The unique id of a segment.
pub(crate) type Id = [u8; 16];

/// What is archived of a handle.
#[derive(Message, Debug, Clone)]
pub struct Handed {
    /// Which of the descriptors that go along.
    slot: u32,
    /// Its name in a context; `None` if it is alone in its segment, or a context itself.
    name: Option<String>,
    /// Whether it only gets.
    only_gets: bool,
    /// What errors call it.
    label: String,
}

/// Why a handle does not come along.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotHanded {
    #[error("{0} cannot be in a message: only a process that is started can be handed a handle")]
    NoProcess(String),
    #[error("{0} is of this process alone; create it at `Place::Unnamed` to hand it on")]
    OnHeap(String),
    #[error("{0}: cannot open its segment once more to hand it on: {1}")]
    Io(String, io::Error),
    #[error("{0} was not handed to this process")]
    NotThere(String),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// The segments of the handles among some arguments.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) segments: Vec<Gift>,
    /// Keep this process among the users until the child is one, so that they are never without.
    keepers: Vec<Arc<dyn Send + Sync>>,
}

/// A segment that is handed over.
pub(crate) struct Gift {
    pub(crate) id: Id,
    pub(crate) file: File,
}

/// The same in the child.
pub(crate) struct Taken {
    segments: Vec<Arrival>,
}

struct Arrival {
    id: Id,
    descriptor: OwnedFd,
    /// One for all handles of the segment.
    attachment: Option<Arc<Attachment>>,
}

thread_local! {
    static GIVEN: RefCell<Option<Given>> = const { RefCell::new(None) };
    static TAKEN: RefCell<Option<Taken>> = const { RefCell::new(None) };
}

/// Lets `write` archive handles, and returns what has to go along with them.
pub(crate) fn giving<R>(write: impl FnOnce() -> R) -> (R, Given) {
    let outer = GIVEN.replace(Some(Given::default()));
    let written = write();
    let given = GIVEN.replace(outer).unwrap_or_default();
    (written, given)
}

/// Lets `read` open the handles for which these descriptors came.
pub(crate) fn taking<R>(
    descriptors: impl IntoIterator<Item = (Id, OwnedFd)>,
    read: impl FnOnce() -> R,
) -> R {
    let arrival = |(id, descriptor)| Arrival { id, descriptor, attachment: None };
    let segments = descriptors.into_iter().map(arrival).collect();
    let outer = TAKEN.replace(Some(Taken { segments }));
    let read = read();
    TAKEN.replace(outer);
    read
}

impl Handed {
    /// Hands an object over.
    pub(crate) fn object<O: ObjectHandle + OfObject>(handle: &O) -> Result<Self, NotHanded> {
        let object = handle.object();
        let name = if object.is_alone() { None } else { object.name().map(str::to_owned) };
        Self::of(object.attachment(), name, object.label(), handle.luggage())
    }

    /// Hands a context over.
    pub(crate) fn context(attachment: &Arc<Attachment>, label: &str) -> Result<Self, NotHanded> {
        let keeper = Arc::<Attachment>::clone(attachment);
        Self::of(attachment, None, label, Luggage { only_gets: false, keeper })
    }

    fn of(
        at: &Attachment,
        name: Option<String>,
        label: &str,
        luggage: Luggage,
    ) -> Result<Self, NotHanded> {
        let Luggage { only_gets, keeper } = luggage;
        let label = label.to_owned();
        GIVEN.with_borrow_mut(|given| {
            let Some(given) = given else { return Err(NotHanded::NoProcess(label)) };
            let segment = at.segment();
            if segment.file().is_none() {
                return Err(NotHanded::OnHeap(label));
            }
            let id = segment.header().unique_id;
            let slot = match given.segments.iter().position(|gift| gift.id == id) {
                Some(slot) => slot,
                None => {
                    let file = at.reopened().map_err(|why| NotHanded::Io(label.clone(), why))?;
                    given.segments.push(Gift { id, file });
                    given.segments.len() - 1
                }
            };
            given.keepers.push(keeper);
            Ok(Self { slot: slot as u32, name, only_gets, label })
        })
    }
}

impl ArchivedHanded {
    /// Opens the object.
    pub(crate) fn open_object<O: ObjectHandle>(&self) -> Result<O, NotHanded> {
        let mut options = Options::new();
        if self.only_gets {
            options = O::only_getting(options);
        }
        let wanted = self.name.as_ref().map_or(Wanted::Only, |name| Wanted::Named(name));
        let check = |segment: &_| O::check(segment, wanted, &self.label, &options);
        let attachment = self.attachment(check)?;
        Ok(O::open(&attachment, wanted, &self.label, &options)?)
    }

    /// Opens the context.
    pub(crate) fn open_context(&self) -> Result<Context, NotHanded> {
        let options = Options::new();
        let check = |segment: &_| Context::check(segment, &self.label, &options);
        let attachment = self.attachment(check)?;
        Ok(Context::find(&attachment, &self.label, &options)?)
    }

    fn attachment(
        &self,
        check: impl FnOnce(&Segment) -> Result<(), OpenError>,
    ) -> Result<Arc<Attachment>, NotHanded> {
        let label = || self.label.as_str().to_owned();
        TAKEN.with_borrow_mut(|taken| {
            let arrival = taken
                .as_mut()
                .and_then(|taken| taken.segments.get_mut(self.slot.to_native() as usize));
            let Some(arrival) = arrival else { return Err(NotHanded::NotThere(label())) };
            if let Some(attachment) = &arrival.attachment {
                return Ok(Arc::clone(attachment));
            }
            let io = |why| NotHanded::Io(label(), why);
            let file = File::from(arrival.descriptor.try_clone().map_err(io)?);
            // The parent has it open, and so trusts its owner.
            let trust = Trust { owner: Some(shm::owner(&file).map_err(io)?.0) };
            let fd = arrival.descriptor.as_fd();
            let attachment = Attachment::open_descriptor(fd, &self.label, trust, check)?;
            if attachment.segment().header().unique_id != arrival.id {
                return Err(NotHanded::NotThere(label()));
            }
            arrival.attachment = Some(Arc::clone(&attachment));
            Ok(attachment)
        })
    }
}

/// What an archived handle resolves to.
pub struct HandleResolver {
    pub(crate) handed: Handed,
    pub(crate) resolver: HandedResolver,
}

/// Lets a handle be an argument of a process, alone or in other values.
macro_rules! can_be_handed {
    ([$($generics:tt)*] $handle:ty, $kind:literal, |$this:ident| $handed:expr, $open:ident) => {
        impl<$($generics)*> crate::schema::Describe for $handle {
            fn describe(schema: &mut crate::schema::SchemaBuilder) -> String {
                schema.handle(concat!("handle of a ", $kind))
            }
        }

        impl<$($generics)*> rkyv::Archive for $handle {
            type Archived = crate::handover::ArchivedHanded;
            type Resolver = crate::handover::HandleResolver;

            fn resolve(&self, resolver: Self::Resolver, out: rkyv::Place<Self::Archived>) {
                resolver.handed.resolve(resolver.resolver, out);
            }
        }

        impl<S, $($generics)*> rkyv::Serialize<S> for $handle
        where
            S: rkyv::ser::Writer + rkyv::ser::Allocator + rkyv::rancor::Fallible + ?Sized,
            S::Error: rkyv::rancor::Source,
        {
            fn serialize(&self, serializer: &mut S) -> Result<Self::Resolver, S::Error> {
                let $this = self;
                let handed = $handed.map_err(<S::Error as rkyv::rancor::Source>::new)?;
                let resolver = rkyv::Serialize::serialize(&handed, serializer)?;
                Ok(crate::handover::HandleResolver { handed, resolver })
            }
        }

        impl<D, $($generics)*> rkyv::Deserialize<$handle, D> for crate::handover::ArchivedHanded
        where
            D: rkyv::rancor::Fallible + ?Sized,
            D::Error: rkyv::rancor::Source,
        {
            fn deserialize(&self, _: &mut D) -> Result<$handle, D::Error> {
                self.$open().map_err(<D::Error as rkyv::rancor::Source>::new)
            }
        }
    };
}

pub(crate) use can_be_handed;
