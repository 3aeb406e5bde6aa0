//! The session as the engine's ports.
//!
//! Invariant: what was gated is what runs and what is recorded. Refuses to know: how requests travel.

use super::session::Session;
use crate::history::{Event, Fact};
use crate::ident::Seq;
use crate::ports::{Finished, Journal, Kernel, KernelError, Request, ShellVariable, Watch};
use crate::recorder::protocol::RunRequest;
use crate::shell::ShellDefinitions;
use std::path::{Path, PathBuf};
use std::rc::Rc;

impl Kernel for Session {
    fn run_request(
        &mut self,
        request: &Request,
        next: Option<&Request>,
        watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        self.run_commands(to_wire_run(request), next.map(to_wire_run), watch)
    }

    fn read_variables(&mut self, names: &[String]) -> Result<Vec<ShellVariable>, KernelError> {
        self.query_variables(names)
    }

    fn shell_definitions(&mut self) -> Result<Rc<ShellDefinitions>, KernelError> {
        self.query_definitions()
    }

    fn set_variable(&mut self, name: &str, value: &str) -> Result<(), KernelError> {
        self.send_variable(name, value)
    }

    fn register_secret(&mut self, name: &str, value: &str) -> Result<Vec<String>, KernelError> {
        Self::register_secrets(self, vec![(name.to_owned(), value.as_bytes().to_vec())])
    }

    fn read_output(&mut self, command: Seq, limit_bytes: usize) -> Vec<u8> {
        self.read_output_file(command, limit_bytes)
    }

    fn path_exists(&mut self, path: &Path) -> bool {
        path.exists()
    }

    fn resolve_path(&mut self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok()
    }
}

impl Journal for Session {
    fn append_facts(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError> {
        self.send_facts(facts)
    }

    fn flush_record(&mut self) -> Result<(), KernelError> {
        self.await_durable_end()
    }
}

/// The form in which a request travels to the recorder.
fn to_wire_run(request: &Request) -> RunRequest {
    RunRequest {
        before: request.before.clone(),
        // What was gated is what runs and what is recorded.
        started: request.started_fact(),
        name: request.file_name.clone(),
        limit: request.time_limit,
        size: None,
        unrecorded: request.may_run_unrecorded,
        goes_on: request.goes_on,
        is_ahead: false,
        unechoed: request.start.unechoed.clone(),
    }
}
