//! What stands around a page: its head, its styles, its policy, and the way through it.
//!
//! Invariant: the policy allows nothing but the one style sheet, by its digest, and the page's own icon, which is in it; a page cannot
//! run, load, send or frame anything.

use super::escape::text;
use crate::ident::Digest;
use std::io;
use std::io::Write;

/// The one style sheet.
const STYLE: &str = include_str!("style.css");

/// A place in the page that its navigation names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The `id` of the element.
    pub id: String,
    /// What it is called.
    pub name: String,
}

impl Place {
    /// A place.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into() }
    }
}

/// Writes everything up to the page's content, which is to begin with its `h1`.
pub fn begin(title: &str, places: &[Place], to: &mut (impl Write + ?Sized)) -> io::Result<()> {
    writeln!(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    let digest = base64(&digest_bytes(&Digest::of(STYLE.as_bytes())));
    writeln!(
        to,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'; \
         img-src data:; base-uri 'none'; form-action 'none'\">"
    )?;
    writeln!(to, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(to, "<meta name=\"referrer\" content=\"no-referrer\">")?;
    writeln!(to, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    // An icon of its own, empty, so that no browser asks for one.
    writeln!(to, "<link rel=\"icon\" href=\"data:,\">")?;
    writeln!(to, "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>", text(title))?;
    writeln!(to, "<a class=\"skip\" href=\"#content\">Skip to the content</a>")?;
    if !places.is_empty() {
        writeln!(to, "<nav aria-label=\"Parts of this page\">\n<ul>")?;
        for place in places {
            writeln!(to, "<li><a href=\"#{}\">{}</a></li>", text(&place.id), text(&place.name))?;
        }
        writeln!(to, "</ul>\n</nav>")?;
    }
    writeln!(to, "<main id=\"content\">")
}

/// Writes what follows the content.
pub fn end(to: &mut (impl Write + ?Sized)) -> io::Result<()> {
    writeln!(to, "</main>\n</body>\n</html>")
}

fn digest_bytes(digest: &Digest) -> Vec<u8> {
    let digits: Vec<u8> =
        digest.to_string().chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

/// Base64 with padding, as policies have digests.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let digit = DIGITS.get(bits >> (18 - 6 * place) & 63).copied().unwrap_or_default();
            out.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let of = |text: &str| base64(text.as_bytes());
        assert_eq!([of(""), of("f"), of("fo"), of("foo"), of("foobar")], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }

    #[test]
    fn a_title_cannot_leave_its_place() {
        let mut page = Vec::new();
        begin("</title><script>", &[Place::new("a\"b", "<i>")], &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(!page.contains("<script>") && !page.contains("<i>") && !page.contains("a\"b"), "{page}");
    }
}
