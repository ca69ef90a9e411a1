//! Who is measured. One file a rival.

pub mod array_queue;
pub mod channels;
pub mod futex;
pub mod pipe;
pub mod pipe_typed;
pub mod posix_mq;
pub mod python;
pub mod ringway;
pub mod ringway_typed;
pub mod rtrb;
pub mod seqpacket;
pub mod spinning;
pub mod thingbuf;

use std::marker::PhantomData;

use crate::rival::{Between, Contestant};
use crate::typed::{Record, Small};
use ringway::Way;
use spinning::Wait;

/// All that need little.
pub fn all() -> Vec<Box<dyn Contestant>> {
    let mut all: Vec<Box<dyn Contestant>> = vec![
        Box::new(ringway::Ringway(Way::Default)),
        Box::new(ringway::Ringway(Way::Spin)),
        Box::new(ringway::Ringway(Way::Pause)),
        Box::new(ringway::Ringway(Way::Park)),
        Box::new(ringway::Ringway(Way::Batch)),
        Box::new(ringway::Ringway(Way::Loan)),
        Box::new(ringway_typed::Typed::<Small>(PhantomData)),
        Box::new(ringway_typed::Typed::<Record>(PhantomData)),
        Box::new(pipe::Pipe),
        Box::new(pipe_typed::Typed::<Small>(PhantomData)),
        Box::new(pipe_typed::Typed::<Record>(PhantomData)),
        Box::new(seqpacket::Seqpacket),
        Box::new(posix_mq::PosixMq),
        Box::new(array_queue::Array(Between::Forked, Wait::Spin)),
        Box::new(array_queue::Array(Between::Forked, Wait::Pause)),
        Box::new(thingbuf::Forked(Wait::Spin)),
        Box::new(thingbuf::Forked(Wait::Pause)),
        Box::new(rtrb::Forked(Wait::Spin)),
        Box::new(rtrb::Forked(Wait::Pause)),
        Box::new(array_queue::Array(Between::Threads, Wait::Spin)),
        Box::new(array_queue::Array(Between::Threads, Wait::Pause)),
        Box::new(futex::PingPong),
        Box::new(channels::Crossbeam),
        Box::new(channels::Kanal),
        Box::new(channels::Std),
    ];
    all.extend(python::all());
    all
}
