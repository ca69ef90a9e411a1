//! Messages that cannot be misread: a queue opens only for the types that it was made for, and what
//! a put accepts a get can read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ringway::{Dynamic, Message, OpenError, Place, PutErrorKind, Queue};
use ringway_tests::Name;

/// The types of a program before a change.
mod old {
    use ringway::Message;

    #[derive(Message)]
    pub enum Job {
        Pay { cents: u32, to: String },
        Refund { cents: u32, to: String },
    }

    #[derive(Message)]
    pub struct Order {
        pub id: u32,
        pub items: Vec<Item>,
    }

    #[derive(Message)]
    pub struct Item {
        pub sku: u32,
        pub count: u32,
    }

    #[derive(Message)]
    pub struct Size {
        pub width: u32,
        pub height: u32,
    }
}

/// The same after it.
mod new {
    use ringway::Message;

    #[derive(Message)]
    pub enum Job {
        Refund { cents: u32, to: String },
        Pay { cents: u32, to: String },
    }

    #[derive(Message)]
    pub struct Order {
        pub id: u32,
        pub items: Vec<Item>,
    }

    #[derive(Message)]
    pub struct Item {
        pub sku: u32,
        pub discount: u32,
        pub count: u32,
    }

    #[derive(Message)]
    pub struct Size {
        pub height: u32,
        pub width: u32,
    }
}

/// Makes a queue for `A` and opens it for `B`; returns what was found, and what was expected.
fn refused<A: Message, B: Message>() -> (String, String) {
    let name = Name::new("messages");
    let made = Queue::<A>::create(&name, 3).expect("a new queue");
    let before = made.snapshot().expect("a sound queue").holders.len();
    let error = Queue::<B>::open(&name).expect_err("other messages");
    assert_eq!(made.snapshot().expect("a sound queue").holders.len(), before);
    assert!(Queue::<A>::open(&name).is_ok());
    match error {
        OpenError::Refused { field: "the schema of its messages", found, expected, .. } => {
            (found, expected)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn variants_in_another_order_are_refused() {
    let (found, expected) = refused::<old::Job, new::Job>();
    assert_eq!((&*found, &*expected), ("`Pay` in `Job`", "`Refund` in `Job`"));
}

#[test]
fn a_new_field_within_a_list_is_refused() {
    let (found, expected) = refused::<old::Order, new::Order>();
    assert_eq!((&*found, &*expected), ("`count: u32` in `Item`", "`discount: u32` in `Item`"));
}

/// P5: same name, same size, other fields.
#[test]
fn p05_fields_in_another_order_are_refused() {
    let (found, expected) = refused::<old::Size, new::Size>();
    assert_eq!((&*found, &*expected), ("`width: u32` in `Size`", "`height: u32` in `Size`"));
}

#[test]
fn what_is_behind_a_cow_is_described_too() {
    mod before {
        #[derive(ringway::Message, Clone)]
        pub struct Item {
            pub sku: u32,
            pub count: u32,
        }
        #[derive(ringway::Message)]
        pub struct Bought {
            pub items: super::Cow<'static, [Item]>,
        }
    }
    mod after {
        #[derive(ringway::Message, Clone)]
        pub struct Item {
            pub count: u32,
            pub sku: u32,
        }
        #[derive(ringway::Message)]
        pub struct Bought {
            pub items: super::Cow<'static, [Item]>,
        }
    }
    let (found, expected) = refused::<before::Bought, after::Bought>();
    assert_eq!((&*found, &*expected), ("`sku: u32` in `Item`", "`count: u32` in `Item`"));
}

#[test]
fn what_is_behind_a_wrapper_is_described_too() {
    mod before {
        #[derive(ringway::Message)]
        pub struct Item {
            pub sku: u32,
            pub count: u32,
        }
        #[derive(ringway::Message)]
        pub struct Bought {
            #[rkyv(with = ringway::rkyv::with::AsBox)]
            pub item: Item,
        }
    }
    mod after {
        #[derive(ringway::Message)]
        pub struct Item {
            pub count: u32,
            pub sku: u32,
        }
        #[derive(ringway::Message)]
        pub struct Bought {
            #[rkyv(with = ringway::rkyv::with::AsBox)]
            pub item: Item,
        }
    }
    let (found, expected) = refused::<before::Bought, after::Bought>();
    assert_eq!((&*found, &*expected), ("`sku: u32` in `Item`", "`count: u32` in `Item`"));
}

/// In a context, too, a process with the wrong type changes nothing: it leaves no use behind that
/// would keep the object.
#[test]
fn p05_in_a_context_the_wrong_type_is_refused_by_field() {
    let context = ringway::Context::options().create(Place::Heap).expect("a context");
    let _made = Queue::<old::Size>::create_in(&context, "sizes", 3).expect("a queue");
    let error = Queue::<new::Size>::open_in(&context, "sizes").expect_err("other fields");
    assert!(error.to_string().contains("`width: u32` in `Size`"), "{error}");
    assert!(Queue::<old::Size>::open_in(&context, "sizes").is_ok());
}

#[test]
fn numbers_of_another_type_are_refused() {
    assert_eq!(refused::<u32, f32>(), ("`u32`".to_owned(), "`f32`".to_owned()));
    assert_eq!(refused::<Vec<u32>, Vec<i32>>().0, "`Vec<u32>`");
}

/// A table that is full says so only to those who could have used the queue.
#[test]
fn a_wrong_type_is_told_before_a_full_table() {
    let name = Name::new("messages");
    let _made =
        Queue::<u32>::options().participants(1).create(&*name).expect("a queue for one process");
    assert!(matches!(Queue::<f32>::open(&name), Err(OpenError::Refused { .. })));
    assert!(matches!(Queue::<u32>::open(&name), Err(OpenError::TableFull { .. })));
}

#[test]
fn a_name_of_its_own_overrides_the_fields() {
    let name = Name::new("messages");
    let _made = Queue::<old::Size>::options().schema("size").create(&*name).expect("a new queue");
    assert!(Queue::<new::Size>::options().schema("size").open(&*name).is_ok());
    let error = Queue::<u32>::options().schema("size").open(&*name).expect_err("it is smaller");
    assert!(error.to_string().contains("`size: 8 bytes` in `size`"), "{error}");
}

/// C5: what the build of rkyv decides is part of the schema, and is read from the build.
#[test]
fn c05_the_schema_tells_how_rkyv_was_built() {
    let queue = Queue::<u64>::options().create(Place::Heap).expect("a queue");
    let schema = queue.snapshot().expect("a sound queue").schema;
    assert!(schema.starts_with("u64\n"), "{schema}");
    assert!(
        schema.ends_with("rkyv 0.8, little-endian, pointers of 32 bits, integers aligned to 8"),
        "{schema}"
    );
}

#[derive(Message, Debug, PartialEq)]
struct Nested {
    number: u32,
    within: Option<Box<Nested>>,
}

fn nested(depth: u32) -> Nested {
    let innermost = Nested { number: 0, within: None };
    (1..depth).fold(innermost, |within, number| Nested { number, within: Some(Box::new(within)) })
}

/// C6: what a put accepts a get can read; what is too deep comes back with the reason.
#[test]
fn c06_a_value_that_is_nested_too_deeply_is_refused_by_put() {
    let queue = Queue::<Nested>::options().create(Place::Heap).expect("a queue");
    let mut accepted = 0;
    for depth in (1..=300).chain([1000]) {
        match queue.try_put(nested(depth)) {
            Ok(()) => {
                let got = queue.try_get().expect("it was put");
                assert_eq!(got.deserialize().expect("a value"), nested(depth));
                accepted = depth;
            }
            Err(error) => {
                assert!(matches!(error.kind, PutErrorKind::Encode(_)), "{error}");
                assert_eq!(error.value, nested(depth));
                assert!(error.kind.to_string().contains("deep"), "{}", error.kind);
            }
        }
    }
    assert!((200..300).contains(&accepted), "{accepted} levels");
}

#[derive(Message, Debug, Clone, PartialEq)]
struct Wrapped {
    within: Cow<'static, [Wrapped]>,
}

/// The same through a wrapper.
#[test]
fn c06_what_is_nested_behind_a_wrapper_is_measured_too() {
    let queue = Queue::<Wrapped>::options().create(Place::Heap).expect("a queue");
    let mut value = Wrapped { within: Cow::Owned(vec![]) };
    let mut refused = 0;
    for _ in 1..300 {
        match queue.try_put(&value) {
            Ok(()) => {
                assert_eq!(queue.try_get().expect("it was put").deserialize().unwrap(), value)
            }
            Err(error) => {
                assert!(error.kind.to_string().contains("deep"), "{}", error.kind);
                refused += 1;
            }
        }
        value = Wrapped { within: Cow::Owned(vec![value]) };
    }
    assert!((1..100).contains(&refused), "{refused}");
}

/// As large as an array in a message may be, on the stack of an ordinary thread.
#[test]
fn the_largest_array_fits_the_stack_of_a_thread() {
    type Large = Box<[u64; 32 << 10]>;
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let queue = Queue::<Large>::options().max_message(1 << 20).maxsize(2).create(Place::Heap);
        let queue = queue.expect("a queue");
        let large: Large = vec![7; 32 << 10].try_into().expect("as many");
        queue.put(&large).expect("a place");
        assert_eq!(queue.get().expect("a message").deserialize().expect("a value"), large);
    });
    thread.expect("a thread").join().expect("no overflow");
}

/// Two types that contain each other, and one that contains itself in a map.
#[derive(Message, Debug, PartialEq, Clone)]
struct Folder {
    path: PathBuf,
    read: Option<SystemTime>,
    entries: Vec<Entry>,
    named: HashMap<String, Folder>,
    kept: Duration,
}

#[derive(Message, Debug, PartialEq, Clone)]
enum Entry {
    File(String, u64),
    Folder(Box<Folder>),
}

#[test]
fn types_of_std_and_types_that_contain_each_other_are_messages() {
    let queue = Queue::<Folder>::options().create(Place::Heap).expect("a queue");
    let inner = Folder {
        path: "a/b".into(),
        read: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(7)),
        entries: vec![Entry::File("x".into(), 1)],
        named: HashMap::new(),
        kept: Duration::from_millis(3),
    };
    let folder = Folder {
        path: "a".into(),
        read: None,
        entries: vec![Entry::Folder(Box::new(inner.clone()))],
        named: HashMap::from([("b".to_owned(), inner)]),
        kept: Duration::ZERO,
    };
    queue.put(&folder).expect("a place");
    assert_eq!(queue.get().expect("a message").deserialize().expect("a value"), folder);
}

#[derive(Message, Debug, PartialEq)]
struct Pair<A, B> {
    first: A,
    second: Vec<B>,
}

#[test]
fn a_type_with_parameters_is_a_message_for_each() {
    let queue = Queue::<Pair<u8, String>>::options().create(Place::Heap).expect("a queue");
    let pair = Pair { first: 1, second: vec!["x".to_owned()] };
    queue.put(&pair).expect("a place");
    assert_eq!(queue.get().expect("a message").deserialize().expect("a value"), pair);
    let (found, expected) = refused::<Pair<u8, String>, Pair<u8, u16>>();
    assert_eq!(
        (&*found, &*expected),
        ("`second: Vec<String>` in `Pair`", "`second: Vec<u16>` in `Pair`")
    );
}

/// A path that rkyv's wrapper cannot carry: the reason is there, and so is the value.
#[test]
fn the_reason_of_a_value_that_cannot_be_sent_is_told() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let queue = Queue::<Folder>::options().create(Place::Heap).expect("a queue");
    let path = PathBuf::from(OsString::from_vec(vec![0xe9]));
    let folder =
        Folder { path, read: None, entries: vec![], named: HashMap::new(), kept: Duration::ZERO };
    let error = queue.put(folder.clone()).expect_err("no UTF-8");
    assert_eq!(error.value, folder);
    // That of `rancor` which keeps its reason in release builds, too; the default one does not.
    let PutErrorKind::Encode(reason) = error.kind else { panic!("{error}") };
    let reason = reason.to_string();
    assert!(!reason.is_empty() && !reason.contains("without error information"), "{reason}");
}

#[test]
fn anything_can_be_sent_as_a_dynamic_value() {
    let queue = Queue::<Dynamic>::options().create(Place::Heap).expect("a queue");
    let value = Dynamic::from([
        ("none", Dynamic::None),
        ("text", "a".into()),
        ("list", vec![1, 2].into()),
        ("bytes", Dynamic::from(&b"\xff"[..])),
    ]);
    queue.put(&value).expect("a place");
    let got = queue.get().expect("a message").deserialize().expect("a value");
    assert_eq!(got, value);
    assert_eq!(got.get("text"), Some(&"a".into()));
    assert_eq!(got.get("none"), Some(&Dynamic::None));
    assert_eq!(got.get(1), None);
    assert_eq!(got.to_string(), r#"{"none": null, "text": "a", "list": [1, 2], "bytes": b"\xff"}"#);
    assert_eq!(Dynamic::from(vec![7_u8]), Dynamic::Bytes(vec![7]));
    assert_eq!(Dynamic::from([(1, 2.5.into())]).get(1), Some(&Dynamic::Float(2.5)));
}
