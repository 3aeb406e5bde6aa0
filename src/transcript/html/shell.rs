//! The frame of a page: head, styles, content policy and navigation.
//!
//! Invariant: the policy allows only the one style sheet, by its digest, and the icon embedded in the page; a page cannot
//! run, load, send or frame anything.

use super::escape::escape_text;
use crate::ident::Digest;
use std::io;
use std::io::Write;

/// Style sheet embedded in every page.
const STYLE: &str = include_str!("style.css");

/// An anchor in the page that the navigation lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAnchor {
    /// The `id` of the element.
    pub id: String,
    /// Text of the link to it.
    pub name: String,
}

impl PageAnchor {
    /// Names the element with this `id`.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into() }
    }
}

/// Writes everything before the page's content, which must begin with an `h1`. Fails when `to` cannot be written.
pub fn write_page_start(title: &str, anchors: &[PageAnchor], to: &mut (impl Write + ?Sized)) -> io::Result<()> {
    writeln!(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    let digest = encode_base64(&digest_bytes(&Digest::of_bytes(STYLE.as_bytes())));
    writeln!(
        to,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'; \
         img-src data:; base-uri 'none'; form-action 'none'\">"
    )?;
    writeln!(to, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(to, "<meta name=\"referrer\" content=\"no-referrer\">")?;
    writeln!(to, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    // An empty icon keeps browsers from requesting one.
    writeln!(to, "<link rel=\"icon\" href=\"data:,\">")?;
    writeln!(to, "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>", escape_text(title))?;
    writeln!(to, "<a class=\"skip\" href=\"#content\">Skip to the content</a>")?;
    if !anchors.is_empty() {
        writeln!(to, "<nav aria-label=\"Parts of this page\">\n<ul>")?;
        for anchor in anchors {
            writeln!(to, "<li><a href=\"#{}\">{}</a></li>", escape_text(&anchor.id), escape_text(&anchor.name))?;
        }
        writeln!(to, "</ul>\n</nav>")?;
    }
    writeln!(to, "<main id=\"content\">")
}

/// Writes everything after the page's content. Fails when `to` cannot be written.
pub fn write_page_end(to: &mut (impl Write + ?Sized)) -> io::Result<()> {
    writeln!(to, "</main>\n</body>\n</html>")
}

fn digest_bytes(digest: &Digest) -> Vec<u8> {
    let digits: Vec<u8> =
        digest.to_string().chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

/// Encodes bytes as padded base64, as content policies require.
fn encode_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for index in 0..4 {
            let digit = DIGITS.get(bits >> (18 - 6 * index) & 63).copied().unwrap_or_default();
            out.push(if index > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let of = |text: &str| encode_base64(text.as_bytes());
        assert_eq!([of(""), of("f"), of("fo"), of("foo"), of("foobar")], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }

    #[test]
    fn a_title_cannot_leave_its_place() {
        let mut page = Vec::new();
        write_page_start("</title><script>", &[PageAnchor::new("a\"b", "<i>")], &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(!page.contains("<script>") && !page.contains("<i>") && !page.contains("a\"b"), "{page}");
    }
}
