//! Opens files of a run's folder, which somebody may have replaced by something else.
//!
//! Invariant: nothing waits for a pipe or reads from a device.

use std::fs::{File, OpenOptions};
use std::io;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a file to read it. Refuses a pipe or a device, which might never end, without waiting for one.
pub(super) fn open_ordinary(path: &Path) -> io::Result<File> {
    // A pipe without a writer does not block the opening either.
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?;
    let is_ordinary = file.metadata()?.is_file();
    if is_ordinary { Ok(file) } else { Err(io::Error::other("it is no ordinary file")) }
}

/// Reads a whole file, unless it is a pipe or a device.
pub(super) fn read_ordinary(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_ordinary(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
