//! Notations that write a secret's bytes as numbers or names: entities, escapes, words of a dump.
//!
//! Invariant: pure, and every notation is what some common program prints. Refuses to know: which forms are worth looking for.

/// The notations of a secret. Some are equal to the secret itself.
pub(super) fn byte_notations(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    add_entities(secret, &mut forms);
    add_nested_strings(secret, &mut forms);
    add_escapes(secret, &mut forms);
    add_dump_words(secret, &mut forms);
    forms
}

/// XML and HTML: reserved characters alone by name or number, with and without `>` and quotes, and every character.
fn add_entities(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    let markup: &[(u8, &[u8])] = &[(b'&', b"&amp;"), (b'<', b"&lt;")];
    let above: &[(u8, &[u8])] = &[(b'>', b"&gt;")];
    let double: &[&[(u8, &[u8])]] = &[&[], &[(b'"', b"&quot;")], &[(b'"', b"&#34;")], &[(b'"', b"&#x22;")]];
    let single: &[&[(u8, &[u8])]] = &[
        &[],
        &[(b'\'', b"&apos;")],
        &[(b'\'', b"&#39;")],
        &[(b'\'', b"&#039;")],
        &[(b'\'', b"&#x27;")],
        &[(b'\'', b"&#X27;")],
    ];
    for above in [&[], above] {
        for double in double {
            for single in single {
                let by = [markup, above, double, single].concat();
                forms.push(replace_bytes(secret, &by));
            }
        }
    }
    let text = String::from_utf8_lossy(secret);
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    for every in [false, true] {
        let write = |number: &dyn Fn(u32) -> String| -> Vec<u8> {
            text.chars()
                .map(|c| if is_plain(c) && !every { c.to_string() } else { number(u32::from(c)) })
                .collect::<String>()
                .into()
        };
        forms.push(write(&|code| format!("&#{code};")));
        forms.push(write(&|code| format!("&#x{code:x};")));
        forms.push(write(&|code| format!("&#x{code:X};")));
        forms.push(write(&|code| format!("&#x{code:04x};")));
        forms.push(write(&|code| format!("&#x{code:04X};")));
    }
    // Letters beyond ASCII by number, the reserved characters by name.
    let named = replace_bytes(secret, &[markup, above, double.get(1).copied().unwrap_or_default()].concat());
    let beyond = String::from_utf8_lossy(&named).chars().fold(String::new(), |mut out, c| {
        let written = if c.is_ascii() { c.to_string() } else { format!("&#{};", u32::from(c)) };
        out.push_str(&written);
        out
    });
    forms.push(beyond.into());
}

/// A string within a string: JSON in JSON, JSON in a shell's quotes, and quotes doubled as CSV and SQL do.
fn add_nested_strings(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    for ascii in [false, true] {
        let once = json_escaped(secret, ascii);
        let twice = json_escaped(&once, ascii);
        forms.push(json_escaped(&twice, ascii));
        forms.push(replace_bytes(&twice, &[(b'/', br"\/")]));
        forms.push(replace_bytes(&twice, &[(b'/', br"\\/")]));
        forms.push(replace_bytes(&once, &[(b'\'', br"'\''")]));
        forms.push(twice);
        let html =
            replace_bytes(&once, &[(b'<', br"\u003c"), (b'>', br"\u003e"), (b'&', br"\u0026"), (b'\'', br"\u0027")]);
        forms.push(replace_bytes(&html, &[(b'\\', br"\\")]));
        forms.push(html);
    }
    forms.push(replace_bytes(secret, &[(b'"', b"\"\"")]));
    forms.push(replace_bytes(secret, &[(b'\'', b"''")]));
}

/// Escapes of C and its relatives: control characters and quotes alone, and every character.
fn add_escapes(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    for hex in [false, true] {
        for quotes in [b"\\\"".as_slice(), b"\\'", b"\\\"'", b"\\"] {
            forms.push(c_escaped(secret, quotes, hex));
        }
    }
    let every = |write: &dyn Fn(u8) -> String| secret.iter().map(|&byte| write(byte)).collect::<String>().into_bytes();
    forms.push(every(&|byte| format!("\\x{byte:02x}")));
    forms.push(every(&|byte| format!("\\x{byte:02X}")));
    forms.push(every(&|byte| format!("\\{byte:03o}")));
    forms.push(every(&|byte| format!("\\{byte:04o}")));
    forms.push(every(&|byte| format!("%{byte:02x}")));
    forms.push(every(&|byte| format!("%{byte:02X}")));
    forms.push(every(&|byte| format!("{byte:02x}:")).split_last().map(|(_, form)| form.to_vec()).unwrap_or_default());
    forms.push(every(&|byte| format!("{byte:02X}:")).split_last().map(|(_, form)| form.to_vec()).unwrap_or_default());
    forms.push(every(&|byte| format!("0x{byte:02x}, ")).strip_suffix(b", ").map(<[u8]>::to_vec).unwrap_or_default());
    let text = String::from_utf8_lossy(secret);
    let units = |upper: bool| {
        let write = |unit: u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
        text.encode_utf16().map(write).collect::<String>().into_bytes()
    };
    forms.push(units(false));
    forms.push(units(true));
}

/// The inside of a C string, with `quotes` escaped, and other bytes as octal or hexadecimal numbers.
fn c_escaped(secret: &[u8], quotes: &[u8], hex: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len());
    for &byte in secret {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x20..=0x7e if quotes.contains(&byte) => out.extend_from_slice(&[b'\\', byte]),
            0x20..=0x7e => out.push(byte),
            _ if hex => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
            _ => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
    }
    out
}

/// The data columns of `od` and `hexdump` without their blanks: bytes in octal, and words with the lower byte first.
fn add_dump_words(secret: &[u8], forms: &mut Vec<Vec<u8>>) {
    let octal: Vec<String> = secret.iter().map(|byte| format!("{byte:03o}")).collect();
    forms.push(octal.concat().into());
    // A word may begin at the secret's first or second byte.
    for from in 0..2 {
        let words = || {
            secret.get(from..).unwrap_or_default().chunks_exact(2).map(|pair| match pair {
                [low, high] => u16::from(*high) << 8 | u16::from(*low),
                _ => 0,
            })
        };
        let hex: Vec<String> = words().map(|word| format!("{word:04x}")).collect();
        forms.push(hex.concat().into());
        let octal: Vec<String> = words().map(|word| format!("{word:06o}")).collect();
        forms.push(octal.concat().into());
    }
}

pub(super) fn replace_bytes(secret: &[u8], by: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len());
    for &byte in secret {
        match by.iter().find(|(from, _)| *from == byte) {
            Some((_, to)) => out.extend_from_slice(to),
            None => out.push(byte),
        }
    }
    out
}

/// The inside of a JSON string. Bytes that are not UTF-8 stay as they are.
pub(super) fn json_escaped(secret: &[u8], ascii: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len());
    for chunk in secret.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                '\u{8}' => out.extend_from_slice(b"\\b"),
                '\u{c}' => out.extend_from_slice(b"\\f"),
                c if u32::from(c) < 0x20 || (ascii && !c.is_ascii()) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                    }
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
    out
}
