//! Bounds on what is read, so that no text takes long or ends the process.
//!
//! Invariant: the bounds depend on the text alone. Refuses to know: what is read.

/// The longest text.
pub(crate) const LONGEST: usize = 256 * 1024;
/// The most lines one command may have.
pub(crate) const MOST_LINES: usize = 400;
/// How deep a text may nest.
const DEEPEST: usize = 100;
/// How many strains a text may hold.
const MOST_STRAIN: usize = 24;
/// Texts within these are read on the caller's stack.
const SHORT: usize = 2 * 1024;
const SHALLOW: usize = 24;
/// Room for the deepest text within the bounds; the system hands it out page by page.
const STACK: usize = 256 * 1024 * 1024;

/// Why a text is not read at all.
pub(crate) fn exceeded(text: &str) -> Option<&'static str> {
    if text.len() > LONGEST {
        return Some("longer than 256 KiB");
    }
    if depth(text) > DEEPEST {
        return Some("nested more than 100 deep");
    }
    (strain(text) > MOST_STRAIN).then_some("more nested patterns and quotes than can be read in good time")
}

/// How many things stand in a text that the first parser may read again and again: quotes within `${…}`, and groups
/// of patterns. Each more of them can multiply its time when they are left open.
pub(crate) fn strain(text: &str) -> usize {
    let expansions = text.match_indices("${");
    let quoted = expansions.filter(|(at, _)| {
        let rest = text.as_bytes().get(at + 2..).unwrap_or(&[]);
        let inside = rest.iter().take(64).take_while(|b| !matches!(b, b'}' | b'\n' | b' '));
        inside.into_iter().any(|b| matches!(b, b'"' | b'\'' | b'`' | b'$'))
    });
    let quoted = quoted.count();
    if !["[[", "case", "${"].iter().any(|place| text.contains(place)) {
        return quoted;
    }
    let groups = text.as_bytes().windows(2).filter(|pair| matches!(pair, [b'@' | b'!' | b'?' | b'*' | b'+', b'(']));
    quoted.max(groups.count() * 2)
}

/// Runs on the caller's stack if the text is small, and on a large one if not. None if there is no room.
pub(crate) fn with_room<T: Send>(text: &str, work: impl FnOnce() -> T + Send) -> Option<T> {
    if text.len() <= SHORT && depth(text) <= SHALLOW {
        return Some(work());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}

/// At least how deep a text nests: openers of each kind that are still open, quotes or not.
pub(crate) fn depth(text: &str) -> usize {
    let (mut parens, mut braces, mut brackets, mut words, mut signs) = (0_usize, 0_usize, 0_usize, 0_usize, 0_usize);
    let mut deepest = 0;
    let mut word = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => parens += 1,
            b')' => parens = parens.saturating_sub(1),
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            b'[' => brackets += 1,
            b']' => brackets = brackets.saturating_sub(1),
            // Unary operators and negations nest as well; a line ends them.
            b'!' | b'~' | b'?' => signs += 1,
            b'\n' => signs = 0,
            _ => {}
        }
        if byte.is_ascii_lowercase() {
            continue;
        }
        match bytes.get(word..at) {
            Some(b"if" | b"while" | b"until" | b"for" | b"case" | b"select") => words += 1,
            Some(b"fi" | b"done" | b"esac") => words = words.saturating_sub(1),
            Some(b"time" | b"coproc" | b"function") => signs += 1,
            _ => {}
        }
        word = at + 1;
        deepest = deepest.max(parens + braces + brackets + words + signs);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::{depth, exceeded};

    #[test]
    fn ordinary_text_is_shallow_and_nested_text_is_not() {
        assert!(depth("for x in a b; do if true; then echo \"$(ls (x))\"; fi; done") < 8);
        assert!(exceeded(&"$(".repeat(200_000)).is_some());
        assert!(exceeded(&"if ".repeat(1_000)).is_some());
        assert!(exceeded(&"echo hi!\n".repeat(1_000)).is_none());
    }
}
