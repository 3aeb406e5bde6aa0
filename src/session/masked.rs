//! Masks the secrets of a run in the program's own messages.
//!
//! Invariant: once a secret is registered, by this engine or by another client, no later write shows it. Each write is masked as a
//! whole, and nothing is buffered from one write to the next. Refuses to know: the messages.

use crate::history::{Event, Fact};
use crate::ident::Seq;
use crate::kernel::LearnedSecrets;
use crate::mask::Masker;
use crate::ports::{Finished, Journal, Kernel, KernelError, Request, ShellVariable, Watch};
use crate::shell::ShellDefinitions;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A masker that learns new secrets while the run goes on. Clones share the same state.
#[derive(Clone)]
pub(super) struct KnownSecrets(Rc<RefCell<SecretsState>>);

struct SecretsState {
    masker: Masker,
    /// Secrets that other clients register with the session.
    learned: LearnedSecrets,
    /// Number of entries of `learned` that `masker` already has.
    taken: usize,
}

impl SecretsState {
    fn learn_new(&mut self) {
        let new = self.learned.secrets_after(self.taken);
        if !new.is_empty() {
            self.taken += new.len();
            // A secret may be refused as too short; the client that registered it has been told.
            drop(self.masker.add_secrets(new.iter().map(|(name, value)| (name.as_str(), value.as_slice()))));
        }
    }
}

impl KnownSecrets {
    /// Begins with the secrets of `masker`, and follows those that `learned` receives.
    pub(super) fn new(masker: &Masker, learned: LearnedSecrets) -> Self {
        Self(Rc::new(RefCell::new(SecretsState { masker: masker.clone(), learned, taken: 0 })))
    }

    /// A copy of the masker with every secret known now.
    pub(super) fn current_masker(&self) -> Masker {
        let mut known = self.0.borrow_mut();
        known.learn_new();
        known.masker.clone()
    }

    fn learn_secret(&self, name: &str, value: &str) {
        // A refusal is ignored here: the session gets the same secret and reports it.
        drop(self.0.borrow_mut().masker.add_secret(name, value.as_bytes()));
    }
}

/// A writer that masks secrets.
pub(super) struct MaskedWriter<W> {
    to: W,
    secrets: KnownSecrets,
}

impl<W: Write> MaskedWriter<W> {
    pub(super) fn new(to: W, secrets: &KnownSecrets) -> Self {
        Self { to, secrets: secrets.clone() }
    }
}

/// The ellipsis that ends a shortened text.
const ELLIPSIS: &[u8] = "\u{2026}".as_bytes();
/// Longest beginning of a secret, in bytes, that is left readable.
const READABLE_BYTES: usize = 4;

/// Masks the beginning of a secret that is left where a text was shortened to the window.
fn mask_cut_secret<'b>(masker: &Masker, bytes: &'b [u8]) -> Cow<'b, [u8]> {
    // Fast path: most writes have no ellipsis.
    if masker.secret_values().next().is_none() || !ELLIPSIS.first().is_some_and(|first| bytes.contains(first)) {
        return Cow::Borrowed(bytes);
    }
    let mut out: Vec<u8> = Vec::new();
    let mut done = 0;
    for at in bytes.windows(ELLIPSIS.len()).enumerate().filter(|(_, part)| *part == ELLIPSIS).map(|(at, _)| at) {
        let before = bytes.get(done..at).unwrap_or_default();
        let beginning = |secret: &[u8]| {
            (READABLE_BYTES..secret.len())
                .rev()
                .find(|&length| secret.get(..length).is_some_and(|beginning| before.ends_with(beginning)))
        };
        let found = masker.secret_values().filter_map(|(name, secret)| Some((beginning(secret)?, name))).max();
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

impl<W: Write> Write for MaskedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut known = self.secrets.0.borrow_mut();
        known.learn_new();
        let masked = known.masker.mask_bytes(bytes);
        let masked = known.learned.mask_digests(&masked);
        self.to.write_all(&mask_cut_secret(&known.masker, &masked))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A session that also registers its secrets with the program's own messages.
pub(super) struct MaskedSession<'s, S> {
    session: &'s mut S,
    secrets: KnownSecrets,
}

impl<'s, S> MaskedSession<'s, S> {
    pub(super) fn new(session: &'s mut S, secrets: &KnownSecrets) -> Self {
        Self { session, secrets: secrets.clone() }
    }
}

impl<S: Kernel> Kernel for MaskedSession<'_, S> {
    fn run_request(
        &mut self,
        request: &Request,
        next: Option<&Request>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        self.session.run_request(request, next, watch)
    }

    fn read_variables(&mut self, names: &[String]) -> Result<Vec<ShellVariable>, KernelError> {
        self.session.read_variables(names)
    }

    fn set_variable(&mut self, name: &str, value: &str) -> Result<(), KernelError> {
        self.session.set_variable(name, value)
    }

    fn shell_definitions(&mut self) -> Result<Rc<ShellDefinitions>, KernelError> {
        self.session.shell_definitions()
    }

    fn register_secret(&mut self, name: &str, value: &str) -> Result<Vec<String>, KernelError> {
        self.secrets.learn_secret(name, value);
        self.session.register_secret(name, value)
    }

    fn read_output(&mut self, command: Seq, limit_bytes: usize) -> Vec<u8> {
        self.session.read_output(command, limit_bytes)
    }

    fn path_exists(&mut self, path: &Path) -> bool {
        self.session.path_exists(path)
    }

    fn resolve_path(&mut self, path: &Path) -> Option<PathBuf> {
        self.session.resolve_path(path)
    }
}

impl<S: Journal> Journal for MaskedSession<'_, S> {
    fn append_facts(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError> {
        self.session.append_facts(facts)
    }

    fn flush_record(&mut self) -> Result<(), KernelError> {
        self.session.flush_record()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_was_cut_to_the_window_is_masked_too() {
        let mut masker = Masker::new();
        masker.add_secret("pw", b"correct-horse-battery").unwrap();
        let told = |text: &str| String::from_utf8(mask_cut_secret(&masker, text.as_bytes()).into_owned()).unwrap();
        assert_eq!(told("a correct-ho\u{2026} b corr\u{2026}"), "a [masked:pw]\u{2026} b [masked:pw]\u{2026}");
        assert_eq!(told("a cor\u{2026} horse\u{2026}"), "a cor\u{2026} horse\u{2026}");
    }
}
