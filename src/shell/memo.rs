//! A cache of answers about texts. A run asks the same question before it starts and again before each command.
//!
//! Invariant: an answer depends only on the text, so a cached answer is always current. Memory is bounded. Refuses to
//! know: the question.

use std::collections::HashMap;

/// Total size of the cached texts, in bytes. The cache is emptied when a new text would exceed it.
const LIMIT_BYTES: usize = 1 << 20;

/// Answers by text, up to a total size of the texts.
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
    /// The cached answer about a text, if there is one.
    pub(crate) fn get(&self, text: &str) -> Option<T> {
        self.answers.get(text).cloned()
    }

    /// Caches an answer. An answer about a text larger than the whole cache is not kept.
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

/// Returns the cached answer about a text, or computes and caches it.
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
