//! Quoting for bash.
//!
//! Invariant: bash reads a quoted text as one word with exactly these bytes. Refuses to know: what the word is for.

use std::path::Path;

/// Quotes a path as one word of bash.
pub(super) fn quote_path(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    quote_bytes(path.as_os_str().as_bytes())
}

/// Quotes any bytes as one word of bash.
pub(super) fn quote_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in bytes {
        if byte == b'\'' {
            quoted.extend_from_slice(b"'\\''");
        } else {
            quoted.push(byte);
        }
    }
    quoted.push(b'\'');
    quoted
}
