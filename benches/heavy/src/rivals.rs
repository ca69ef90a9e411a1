//! Rivals between processes that bring much with them. One file a rival.

mod boost;
mod cloudtoid;
mod iceoryx2;
mod ipc_channel;
mod ipc_channel_typed;
mod ipmpsc;
mod shmem_ipc;

use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ringway_benches::rival::Contestant;
use ringway_benches::rivals::spinning::Wait;
use ringway_benches::typed::{Record, Small};

/// All of them.
pub fn all() -> Vec<Box<dyn Contestant>> {
    vec![
        Box::new(cloudtoid::Cloudtoid(Wait::Spin)),
        Box::new(cloudtoid::Cloudtoid(Wait::Pause)),
        Box::new(cloudtoid::Cloudtoid(Wait::Sleep)),
        Box::new(shmem_ipc::ShmemIpc(Wait::Sleep)),
        Box::new(shmem_ipc::ShmemIpc(Wait::Spin)),
        Box::new(shmem_ipc::ShmemIpc(Wait::Pause)),
        Box::new(iceoryx2::Iceoryx2(Wait::Spin)),
        Box::new(iceoryx2::Iceoryx2(Wait::Pause)),
        Box::new(iceoryx2::Iceoryx2(Wait::Sleep)),
        Box::new(ipmpsc::Ipmpsc(Wait::Sleep)),
        Box::new(ipmpsc::Ipmpsc(Wait::Spin)),
        Box::new(ipmpsc::Ipmpsc(Wait::Pause)),
        Box::new(ipc_channel::IpcChannel),
        Box::new(ipc_channel_typed::Typed::<Small>(PhantomData)),
        Box::new(ipc_channel_typed::Typed::<Record>(PhantomData)),
        Box::new(boost::Boost),
    ]
}

/// A name that no other link has.
fn fresh_name() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("rwbench-{}-{}", std::process::id(), LAST.fetch_add(1, Relaxed))
}

/// A folder in shared memory, which goes with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, String> {
        let path = PathBuf::from("/dev/shm").join(fresh_name());
        std::fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
