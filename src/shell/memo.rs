//! What was found out about a text, so that it is found out once: a run asks before its start, and again before each command.
//!
//! Invariant: an answer depends on the text alone, so a remembered one is the one that would be given; memory is bounded. Refuses to
//! know: what is asked.

use std::collections::HashMap;

/// With so many bytes of texts all is forgotten.
const LIMIT_BYTES: usize = 1 << 20;

/// See the module.
#[derive(Debug)]
pub(crate) struct Memo<T> {
    answers: HashMap<Box<str>, T>,
    bytes: usize,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { answers: HashMap::new(), bytes: 0 }
    }
}

impl<T: Clone> Memo<T> {
    /// What is remembered of a text.
    pub(crate) fn get(&self, text: &str) -> Option<T> {
        self.answers.get(text).cloned()
    }

    /// Remembers it.
    pub(crate) fn put(&mut self, text: &str, answer: &T) {
        if self.bytes + text.len() > LIMIT_BYTES {
            self.answers.clear();
            self.bytes = 0;
        }
        if text.len() <= LIMIT_BYTES {
            self.bytes += text.len();
            self.answers.insert(text.into(), answer.clone());
        }
    }
}

/// The answer about a text, remembered or found now.
pub(crate) fn recall<T: Clone>(memo: &std::cell::RefCell<Memo<T>>, text: &str, find: impl FnOnce() -> T) -> T {
    let known = memo.borrow().get(text);
    known.unwrap_or_else(|| {
        let found = find();
        memo.borrow_mut().put(text, &found);
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_text_is_looked_at_once_and_memory_is_bounded() {
        let memo = RefCell::new(Memo::default());
        let mut asked = 0;
        for text in ["a", "b", "a"] {
            assert_eq!(
                recall(&memo, text, || {
                    asked += 1;
                    text.len()
                }),
                1
            );
        }
        assert_eq!(asked, 2);
        let long = "x".repeat(LIMIT_BYTES);
        assert_eq!(recall(&memo, &long, || 7), 7);
        assert_eq!(memo.borrow().get("a"), None);
        assert_eq!(recall(&memo, &"y".repeat(LIMIT_BYTES + 1), || 8), 8);
        assert!(memo.borrow().bytes <= LIMIT_BYTES);
    }
}
