//! Writes JSON objects member by member, and splits them into members without changing a byte.
//!
//! Invariant: a written object is one line; the members of a split object are the text as it stood.

use serde::Serialize;
use serde_json::Result;

/// Appends the members of an object to a buffer.
pub(super) struct MemberWriter<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> MemberWriter<'a> {
    /// Starts the members of an object whose brace was just written.
    pub(super) fn start_object(out: &'a mut Vec<u8>) -> Self {
        Self { out, first: true }
    }

    fn write_name(&mut self, name: &str) -> Result<()> {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        serde_json::to_writer(&mut *self.out, name)?;
        self.out.push(b':');
        Ok(())
    }

    /// Writes a member.
    pub(super) fn write_member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        self.write_name(name)?;
        serde_json::to_writer(&mut *self.out, value)
    }

    /// Writes a member whose value is JSON already.
    pub(super) fn write_raw_member(&mut self, name: &str, json: &str) -> Result<()> {
        self.write_name(name)?;
        self.out.extend_from_slice(json.as_bytes());
        Ok(())
    }
}

/// The members of a JSON object, each with its value's text as it stands. None when the text is no such object.
pub(super) fn split_members(text: &str) -> Option<Vec<(String, String)>> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let bytes = text.as_bytes();
    let mut at = skip_blanks(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut found = Vec::new();
    at = skip_blanks(bytes, at + 1);
    while bytes.get(at) == Some(&b'"') {
        let name_end = value_end(bytes, at);
        let name = serde_json::from_str(text.get(at..name_end)?).ok()?;
        let value_start = skip_blanks(bytes, skip_blanks(bytes, name_end) + 1);
        let end = value_end(bytes, value_start);
        found.push((name, text.get(value_start..end)?.to_owned()));
        at = skip_blanks(bytes, end);
        if bytes.get(at) == Some(&b',') {
            at = skip_blanks(bytes, at + 1);
        }
    }
    Some(found)
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// End of the value that begins at `from`, in text known to be JSON.
fn value_end(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for (i, &byte) in bytes.iter().enumerate().skip(from) {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_string = false;
                    if depth == 0 {
                        return i + 1;
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return i,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return i + 1;
                }
            }
            _ if depth == 0 && byte.is_ascii_whitespace() => return i,
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_taken_apart_as_it_was_written() {
        let text = r#"{"a":1.0e5,"b":{"c":["}",{}]},"d\n":"x\"y,","e":[],"f":null}"#;
        let found = split_members(text).unwrap();
        let pairs: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [("a", "1.0e5"), ("b", r#"{"c":["}",{}]}"#), ("d\n", r#""x\"y,""#), ("e", "[]"), ("f", "null")]
        );
        assert_eq!(split_members("{}"), Some(vec![]));
        assert_eq!(split_members("[1]"), None);
        assert_eq!(split_members(r#"{"a":}"#), None);
    }
}
