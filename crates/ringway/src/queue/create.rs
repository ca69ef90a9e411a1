//! Creating and opening a queue, and what it is called.

use super::Queue;
use crate::handle::object_methods;
use crate::message::Payload;

object_methods! {
    [T: Payload + ?Sized] Queue<T>,
    "queue", "Queue::<u32>";
    [maxsize: u64 = "3"];
    |queue| queue.shared.channel.object()
}
