//! Masks the secrets of a run in the program's own messages.
//!
//! Invariant: once a secret is registered, by this engine or by another client, no later write shows it. Each write is masked as a
//! whole, and nothing is buffered from one write to the next. Refuses to know: the messages.

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

/// A masker that learns new secrets while the run goes on. Clones share the same state.
#[derive(Clone)]
pub(super) struct Secrets(Rc<RefCell<Known>>);

struct Known {
    masker: Masker,
    /// Secrets that other clients register with the session.
    learned: Learned,
    /// Number of entries of `learned` that `masker` already has.
    taken: usize,
}

impl Known {
    fn catch_up(&mut self) {
        let new = self.learned.since(self.taken);
        if !new.is_empty() {
            self.taken += new.len();
            // A secret may be refused as too short; the client that registered it has been told.
            drop(self.masker.add_all(new.iter().map(|(name, value)| (name.as_str(), value.as_slice()))));
        }
    }
}

impl Secrets {
    /// Begins with the secrets of `masker`, and follows those that `learned` receives.
    pub(super) fn new(masker: &Masker, learned: Learned) -> Self {
        Self(Rc::new(RefCell::new(Known { masker: masker.clone(), learned, taken: 0 })))
    }

    /// A copy of the masker with every secret known now.
    pub(super) fn masker(&self) -> Masker {
        let mut known = self.0.borrow_mut();
        known.catch_up();
        known.masker.clone()
    }

    fn learn(&self, name: &str, value: &str) {
        // A refusal is ignored here: the session gets the same secret and reports it.
        drop(self.0.borrow_mut().masker.add(name, value.as_bytes()));
    }
}

/// A writer that masks secrets.
pub(super) struct Masked<W> {
    to: W,
    secrets: Secrets,
}

impl<W: Write> Masked<W> {
    pub(super) fn new(to: W, secrets: &Secrets) -> Self {
        Self { to, secrets: secrets.clone() }
    }
}

/// The ellipsis that ends a shortened text.
const CUT: &[u8] = "\u{2026}".as_bytes();
/// Longest beginning of a secret, in bytes, that is left readable.
const SHORT: usize = 4;

/// Masks the beginning of a secret that is left where a text was shortened to the window.
fn without_beginnings<'b>(masker: &Masker, bytes: &'b [u8]) -> Cow<'b, [u8]> {
    // Fast path: most writes have no ellipsis.
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

/// A session that also registers its secrets with the program's own messages.
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
