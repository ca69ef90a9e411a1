//! By what means to wait.

/// How a blocked call waits. Each handle that is opened chooses for itself; its clones wait alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum WaitStrategy {
    /// Never sleeps. Least delay; it burns a core for each waiting thread and yields it now and
    /// then.
    Spin,
    /// Spins for some microseconds, then sleeps in the kernel. The right choice without measuring.
    #[default]
    Adaptive,
    /// Sleeps at once. Least processor time.
    Park,
}
