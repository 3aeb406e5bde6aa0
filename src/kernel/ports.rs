//! The session as the engine's ports.
//!
//! Invariant: what was gated is what runs and what is recorded. Refuses to know: how requests travel.

use super::session::Session;
use crate::history::{Event, Fact};
use crate::ident::Seq;
use crate::ports::{Finished, Journal, Kernel, KernelError, LiveValue, Request, Watch};
use crate::recorder::protocol::Run;
use crate::shell::Shadows;
use std::path::Path;
use std::rc::Rc;

impl Kernel for Session {
    fn run(
        &mut self,
        request: &Request,
        next: Option<&Request>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        self.run_commands(wire(request), next.map(wire), watch)
    }

    fn values(&mut self, names: &[String]) -> Result<Vec<LiveValue>, KernelError> {
        self.live_values(names)
    }

    fn shadows(&mut self) -> Result<Rc<Shadows>, KernelError> {
        self.live_shadows()
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), KernelError> {
        self.set_value(name, value)
    }

    fn hide(&mut self, name: &str, value: &str) -> Result<Vec<String>, KernelError> {
        Self::hide(self, vec![(name.to_owned(), value.as_bytes().to_vec())])
    }

    fn printed(&mut self, command: Seq, limit_bytes: usize) -> Vec<u8> {
        self.output_head(command, limit_bytes)
    }

    fn is_there(&mut self, path: &Path) -> bool {
        path.exists()
    }
}

impl Journal for Session {
    fn append(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError> {
        self.append_facts(facts)
    }

    fn settle(&mut self) -> Result<(), KernelError> {
        self.settle_record()
    }
}

/// The form in which a request travels to the recorder.
fn wire(request: &Request) -> Run {
    Run {
        before: request.before.clone(),
        // What was gated is what runs and what is recorded.
        started: request.started(),
        name: request.name.clone(),
        limit: request.limit,
        size: None,
        unrecorded: request.unrecorded,
        goes_on: request.goes_on,
        is_ahead: false,
    }
}
