//! Bounds on the texts that are parsed, so that no text takes long or overflows the stack.
//!
//! Invariant: the bounds depend only on the text. Refuses to know: the parsers.

/// Longest text that is parsed, in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Most lines that one command may have.
pub(crate) const MAX_COMMAND_LINES: usize = 400;
/// Deepest nesting that is parsed.
const MAX_DEPTH: usize = 100;
/// Most costly constructs, such as nested patterns and quotes, in a text that is parsed.
const MAX_COSTLY_NESTING: usize = 24;
/// Most heredocs that one line may begin. The first parser reads the line again for each.
const MAX_LINE_HEREDOCS: usize = 40;
/// Longest text, in bytes, that is parsed on the caller's stack.
const SMALL_TEXT_BYTES: usize = 2 * 1024;
/// Deepest nesting that is parsed on the caller's stack.
const SMALL_TEXT_DEPTH: usize = 24;
/// Stack size in bytes, enough for the deepest text within the bounds. The system allocates it page by page.
const LARGE_STACK_BYTES: usize = 256 * 1024 * 1024;

/// Returns the reason why a text is not parsed at all. None if it is within the bounds.
pub(crate) fn exceeded_limit(text: &str) -> Option<&'static str> {
    if text.len() > MAX_TEXT_BYTES {
        return Some("longer than 256 KiB");
    }
    if nesting_depth(text) > MAX_DEPTH {
        return Some("nested more than 100 deep");
    }
    if text.lines().any(|line| line.matches("<<").count() > MAX_LINE_HEREDOCS) {
        return Some("more than 40 heredocs on one line");
    }
    (count_costly_nesting(text) > MAX_COSTLY_NESTING)
        .then_some("more nested patterns and quotes than can be read in good time")
}

/// Counts constructs that the first parser may read repeatedly: quotes within `${…}`, and pattern groups such as `@(…)`.
/// Each further one that is left open can multiply the parser's time.
pub(crate) fn count_costly_nesting(text: &str) -> usize {
    let expansions = text.match_indices("${");
    let quoted = expansions.filter(|(at, _)| {
        let rest = text.as_bytes().get(at + 2..).unwrap_or(&[]);
        let inside = rest.iter().take(64).take_while(|b| !matches!(b, b'}' | b'\n' | b' '));
        inside.into_iter().any(|b| matches!(b, b'"' | b'\'' | b'`' | b'$'))
    });
    let quoted = quoted.count();
    let may_hold_patterns = ["[[", "case", "${"].iter().any(|opener| text.contains(opener));
    if !may_hold_patterns {
        return quoted;
    }
    let groups = text.as_bytes().windows(2).filter(|pair| matches!(pair, [b'@' | b'!' | b'?' | b'*' | b'+', b'(']));
    quoted.max(groups.count() * 2)
}

/// Runs `work` on the caller's stack for a small text, and on a large stack otherwise.
///
/// Returns None if the thread for the large stack cannot start or panics.
pub(crate) fn with_enough_stack<T: Send>(text: &str, work: impl FnOnce() -> T + Send) -> Option<T> {
    if text.len() <= SMALL_TEXT_BYTES && nesting_depth(text) <= SMALL_TEXT_DEPTH {
        return Some(work());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(LARGE_STACK_BYTES).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}

/// Estimates how deep a text nests: the most openers that are open at the same time. Quotes are not considered.
pub(crate) fn nesting_depth(text: &str) -> usize {
    let (mut parens, mut braces, mut brackets, mut compounds, mut prefixes) =
        (0_usize, 0_usize, 0_usize, 0_usize, 0_usize);
    let mut deepest = 0;
    let mut word_start = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => parens += 1,
            b')' => parens = parens.saturating_sub(1),
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            b'[' => brackets += 1,
            b']' => brackets = brackets.saturating_sub(1),
            // Unary operators and negations nest as well. The end of the line ends them.
            b'!' | b'~' | b'?' => prefixes += 1,
            b'\n' => prefixes = 0,
            _ => {}
        }
        if byte.is_ascii_lowercase() {
            continue;
        }
        // A run of lowercase letters has ended, which may be a reserved word.
        match bytes.get(word_start..at) {
            Some(b"if" | b"while" | b"until" | b"for" | b"case" | b"select") => compounds += 1,
            Some(b"fi" | b"done" | b"esac") => compounds = compounds.saturating_sub(1),
            Some(b"time" | b"coproc" | b"function") => prefixes += 1,
            _ => {}
        }
        word_start = at + 1;
        deepest = deepest.max(parens + braces + brackets + compounds + prefixes);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::{exceeded_limit, nesting_depth};

    #[test]
    fn ordinary_text_is_shallow_and_nested_text_is_not() {
        assert!(nesting_depth("for x in a b; do if true; then echo \"$(ls (x))\"; fi; done") < 8);
        assert!(exceeded_limit(&"$(".repeat(200_000)).is_some());
        assert!(exceeded_limit(&"if ".repeat(1_000)).is_some());
        assert!(exceeded_limit(&"echo hi!\n".repeat(1_000)).is_none());
    }
}
