//! Our own words, without the secrets of the run.
//!
//! Invariant: a secret that the session is told to hide, by its own engine or by others, is in nothing that is written after
//! that; what one write holds is masked as a whole, and nothing is held back from one write to the next. Refuses to know:
//! what is written.

use crate::history::{Event, Fact};
use crate::ident::Seq;
use crate::kernel::Learned;
use crate::mask::Masker;
use crate::ports::{Finished, Journal, Kernel, KernelError, LiveValue, Request, Watch};
use crate::shell::Shadows;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

/// A masker that learns, for everyone who holds it.
#[derive(Clone)]
pub(super) struct Secrets(Rc<RefCell<Known>>);

struct Known {
    masker: Masker,
    /// What others teach the session.
    learned: Learned,
    /// How much of it the masker knows.
    taken: usize,
}

impl Known {
    fn catch_up(&mut self) {
        let new = self.learned.since(self.taken);
        if !new.is_empty() {
            self.taken += new.len();
            // What is refused was said to whoever told it.
            drop(self.masker.add_all(new.iter().map(|(name, value)| (name.as_str(), value.as_slice()))));
        }
    }
}

impl Secrets {
    /// What is known to begin with, and what the session learns from others.
    pub(super) fn new(masker: &Masker, learned: Learned) -> Self {
        Self(Rc::new(RefCell::new(Known { masker: masker.clone(), learned, taken: 0 })))
    }

    /// What is known now.
    pub(super) fn masker(&self) -> Masker {
        let mut known = self.0.borrow_mut();
        known.catch_up();
        known.masker.clone()
    }

    fn learn(&self, name: &str, value: &str) {
        // What is refused is told by the session, which is asked to hide the same.
        drop(self.0.borrow_mut().masker.add(name, value.as_bytes()));
    }
}

/// A writer that lets no secret through.
pub(super) struct Masked<W> {
    to: W,
    secrets: Secrets,
}

impl<W: Write> Masked<W> {
    pub(super) fn new(to: W, secrets: &Secrets) -> Self {
        Self { to, secrets: secrets.clone() }
    }
}

/// What a cut text ends in.
const CUT: &[u8] = "\u{2026}".as_bytes();
/// So much of a secret gives nothing away.
const SHORT: usize = 4;

/// Without what is left of a secret where a text was cut to the window.
fn without_beginnings<'b>(masker: &Masker, bytes: &'b [u8]) -> Cow<'b, [u8]> {
    // Most of what is written has nothing of the kind.
    if masker.secrets().next().is_none() || !CUT.first().is_some_and(|first| bytes.contains(first)) {
        return Cow::Borrowed(bytes);
    }
    let mut out: Vec<u8> = Vec::new();
    let mut done = 0;
    for at in bytes.windows(CUT.len()).enumerate().filter(|(_, part)| *part == CUT).map(|(at, _)| at) {
        let before = bytes.get(done..at).unwrap_or_default();
        let beginning = |secret: &[u8]| {
            (SHORT..secret.len())
                .rev()
                .find(|&length| secret.get(..length).is_some_and(|beginning| before.ends_with(beginning)))
        };
        let found = masker.secrets().filter_map(|(name, secret)| Some((beginning(secret)?, name))).max();
        if let Some((length, name)) = found {
            out.extend_from_slice(before.get(..before.len() - length).unwrap_or_default());
            out.extend_from_slice(format!("[masked:{name}]").as_bytes());
            done = at;
        }
    }
    if done == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut known = self.secrets.0.borrow_mut();
        known.catch_up();
        self.to.write_all(&without_beginnings(&known.masker, &known.masker.bytes(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A session whose secrets are kept out of our own words too.
pub(super) struct Discreet<'s, S> {
    session: &'s mut S,
    secrets: Secrets,
}

impl<'s, S> Discreet<'s, S> {
    pub(super) fn new(session: &'s mut S, secrets: &Secrets) -> Self {
        Self { session, secrets: secrets.clone() }
    }
}

impl<S: Kernel> Kernel for Discreet<'_, S> {
    fn run(
        &mut self,
        request: &Request,
        next: Option<&Request>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        self.session.run(request, next, watch)
    }

    fn values(&mut self, names: &[String]) -> Result<Vec<LiveValue>, KernelError> {
        self.session.values(names)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), KernelError> {
        self.session.set(name, value)
    }

    fn shadows(&mut self) -> Result<Rc<Shadows>, KernelError> {
        self.session.shadows()
    }

    fn hide(&mut self, name: &str, value: &str) -> Result<Vec<String>, KernelError> {
        self.secrets.learn(name, value);
        self.session.hide(name, value)
    }

    fn printed(&mut self, command: Seq, limit_bytes: usize) -> Vec<u8> {
        self.session.printed(command, limit_bytes)
    }

    fn is_there(&mut self, path: &Path) -> bool {
        self.session.is_there(path)
    }
}

impl<S: Journal> Journal for Discreet<'_, S> {
    fn append(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError> {
        self.session.append(facts)
    }

    fn settle(&mut self) -> Result<(), KernelError> {
        self.session.settle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_was_cut_to_the_window_is_masked_too() {
        let mut masker = Masker::new();
        masker.add("pw", b"correct-horse-battery").unwrap();
        let told = |text: &str| String::from_utf8(without_beginnings(&masker, text.as_bytes()).into_owned()).unwrap();
        assert_eq!(told("a correct-ho\u{2026} b corr\u{2026}"), "a [masked:pw]\u{2026} b [masked:pw]\u{2026}");
        assert_eq!(told("a cor\u{2026} horse\u{2026}"), "a cor\u{2026} horse\u{2026}");
    }
}
