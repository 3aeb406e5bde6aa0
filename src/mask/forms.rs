//! The forms in which programs print a secret: quoted, escaped, encoded.
//!
//! Invariant: every form is what programs print for the secret inside its quotes, and none is so short that it occurs in
//! ordinary text by chance. Refuses to know: streams.

use super::notations::{byte_notations, json_escaped, replace_bytes};
use std::collections::BTreeSet;

/// Minimum length in bytes of a derived form, or of a single line of a secret.
const MIN_DERIVED_BYTES: usize = 6;
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// All forms of a secret, each once.
pub(super) fn secret_forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([secret.to_vec()]);
    let mut add = |form: Vec<u8>| {
        if form.len() >= MIN_DERIVED_BYTES {
            forms.insert(form);
        }
    };
    add(with_crlf(secret));
    // A terminal adds returns even where the secret has them already.
    add(replace_bytes(secret, &[(b'\n', b"\r\n")]));
    for line in secret.split(|&byte| byte == b'\n') {
        add(line.trim_ascii().to_vec());
    }
    add(replace_bytes(secret, &[(b'\'', br"'\''")]));
    add(replace_bytes(secret, &[(b'\'', br#"'"'"'"#)]));
    add(escape_with_backslash(secret, |_, byte| matches!(byte, b'"' | b'\\' | b'$' | b'`')));
    add(escape_with_backslash(secret, |_, byte| is_special(byte)));
    // `#` is special to `printf %q` only where a comment, `~` only where a home folder could begin.
    add(escape_with_backslash(secret, |before, byte| match byte {
        b'#' => before.is_none(),
        b'~' => matches!(before, None | Some(b':' | b'=')),
        _ => is_special(byte),
    }));
    for ascii in [false, true] {
        add(ansi_c_quoted(secret, ascii));
        let json = json_escaped(secret, ascii);
        add(replace_bytes(&json, &[(b'/', br"\/")]));
        add(replace_bytes(&json, &[(b'<', br"\u003c"), (b'>', br"\u003e"), (b'&', br"\u0026")]));
        add(json);
    }
    for kept in [b"-_.~".as_slice(), b"-_.!~*'()", b"-_.!~*'();/?:@&=+$,#"] {
        for lower in [false, true] {
            let url = url_encoded(secret, kept, lower);
            add(url.clone());
            add(spaces_as_plus(&url));
        }
    }
    add(hex_encoded(secret, b"0123456789abcdef"));
    add(hex_encoded(secret, b"0123456789ABCDEF"));
    for offset in 0..3 {
        add(base64_encoded(secret, offset, STANDARD));
        add(base64_encoded(secret, offset, URL_SAFE));
    }
    for form in byte_notations(secret) {
        add(form);
    }
    forms
}

fn with_crlf(secret: &[u8]) -> Vec<u8> {
    let unix = replace_bytes(secret, &[(b'\r', b"")]);
    replace_bytes(&unix, &[(b'\n', b"\r\n")])
}

/// Puts a backslash before each byte that needs one. `wants` also gets the byte before it.
fn escape_with_backslash(secret: &[u8], wants: impl Fn(Option<u8>, u8) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len());
    let mut before = None;
    for &byte in secret {
        if wants(before, byte) {
            out.push(b'\\');
        }
        out.push(byte);
        before = Some(byte);
    }
    out
}

/// True if `printf %q` puts a backslash before this byte.
fn is_special(byte: u8) -> bool {
    byte.is_ascii()
        && !byte.is_ascii_alphanumeric()
        && !matches!(byte, b'_' | b'-' | b'.' | b'/' | b'=' | b':' | b'+' | b'@' | b'%')
}

/// The inside of `$'…'` as bash prints it. Letters beyond ASCII stay as they are where the locale has them.
fn ansi_c_quoted(secret: &[u8], ascii: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len());
    for chunk in secret.utf8_chunks() {
        for c in chunk.valid().chars() {
            if ascii || c.is_ascii() || c.is_control() {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_ansi_c_byte(byte, &mut out));
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        chunk.invalid().iter().for_each(|&byte| push_ansi_c_byte(byte, &mut out));
    }
    out
}

fn push_ansi_c_byte(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\r' => out.extend_from_slice(b"\\r"),
        0x07 => out.extend_from_slice(b"\\a"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0b => out.extend_from_slice(b"\\v"),
        0x0c => out.extend_from_slice(b"\\f"),
        0x1b => out.extend_from_slice(b"\\E"),
        b'\\' | b'\'' => out.extend_from_slice(&[b'\\', byte]),
        0x20..=0x7e => out.push(byte),
        _ => {
            let octal = |shift: u8| b'0' + ((byte >> shift) & 7);
            out.extend_from_slice(&[b'\\', octal(6), octal(3), octal(0)]);
        }
    }
}

fn url_encoded(secret: &[u8], kept: &[u8], lower: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len());
    for &byte in secret {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(byte);
        } else {
            let escaped = if lower { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
            out.extend_from_slice(escaped.as_bytes());
        }
    }
    out
}

fn spaces_as_plus(url: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(url).replace("%20", "+").into_bytes()
}

fn hex_encoded(secret: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let digit = |value: u8| digits.get(usize::from(value)).copied().unwrap_or(b'0');
    secret.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The characters that depend on the secret alone when `offset` other bytes precede it in its group of three.
fn base64_encoded(secret: &[u8], offset: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let first = (8 * offset).div_ceil(6);
    let end = 8 * (offset + secret.len()) / 6;
    let bit = |at: usize| -> u8 {
        let byte = (at / 8).checked_sub(offset).and_then(|index| secret.get(index)).copied().unwrap_or(0);
        (byte >> (7 - at % 8)) & 1
    };
    let character = |position: usize| {
        let index = (0..6).fold(0_u8, |value, k| value << 1 | bit(6 * position + k));
        alphabet.get(usize::from(index)).copied().unwrap_or(b'A')
    };
    (first..end).map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn bash(script: &str, argument: &[u8]) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt as _;
        let argument = std::ffi::OsStr::from_bytes(argument);
        let output = Command::new("bash").args(["-c", script, "bash"]).arg(argument).output().unwrap();
        output.stdout
    }

    #[test]
    fn what_bash_base64_and_od_print_of_a_secret_is_among_its_forms() {
        for secret in
            [b"p@ss w0rd'\"$x\\y".as_slice(), b"two\nlines'of it", "schl\u{fc}ssel!\t7".as_bytes(), b"plain-token"]
        {
            let forms = secret_forms(secret);
            for script in [
                "printf %s \"$1\"",
                "printf %q \"$1\" | sed \"s/^[$]'//; s/'$//\"",
                "printf %s \"${1@Q}\" | sed \"s/^[$]*'//; s/'$//\"",
                "printf %s \"$1\" | od -An -v -tx1 | tr -d ' \\n'",
            ] {
                let printed = bash(script, secret);
                assert!(forms.contains(&printed), "{script}: {:?}", String::from_utf8_lossy(&printed));
            }
            for before in ["", "x", "xy", "xyz"] {
                let printed = bash(&format!("printf '%s' '{before}'\"$1\"' tail' | base64 -w0"), secret);
                let inside = forms.iter().any(|form| {
                    form.len() >= secret.len() && printed.windows(form.len()).any(|part| part == form.as_slice())
                });
                assert!(inside, "{before}: {:?}", String::from_utf8_lossy(&printed));
            }
        }
    }
}
