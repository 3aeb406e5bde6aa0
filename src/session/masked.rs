//! Our own words, without the secrets of the run.
//!
//! Invariant: a secret that the session is told to hide is in nothing that is written after that; what one write holds is
//! masked as a whole, and nothing is held back from one write to the next. Refuses to know: what is written.

use crate::history::{Event, Fact};
use crate::ident::Seq;
use crate::mask::Masker;
use crate::plan::Shadows;
use crate::ports::{Finished, Journal, Kernel, KernelError, LiveValue, Request, Watch};
use std::cell::RefCell;
use std::io;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

/// A masker that learns, for everyone who holds it.
#[derive(Clone)]
pub(super) struct Secrets(Rc<RefCell<Masker>>);

impl Secrets {
    pub(super) fn new(masker: &Masker) -> Self {
        Self(Rc::new(RefCell::new(masker.clone())))
    }

    /// What is known now.
    pub(super) fn masker(&self) -> Masker {
        self.0.borrow().clone()
    }

    fn learn(&self, name: &str, value: &str) {
        // What is refused is told by the session, which is asked to hide the same.
        drop(self.0.borrow_mut().add(name, value.as_bytes()));
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

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write_all(&self.secrets.0.borrow().bytes(bytes))?;
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
    fn run(&mut self, request: &Request, watch: &mut dyn Watch) -> Result<Finished, KernelError> {
        self.session.run(request, watch)
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
}
