//! The findings over one document, with bash and this machine consulted.
//!
//! Invariant: nothing of a document is run; bash is asked only for its syntax. Refuses to know: how findings are printed.

use super::environment::Environment;
use super::open::OpenedDocument;
use crate::kernel::{BashSyntax, PathProbe, find_program};
use crate::ports::{Probe as _, Syntax as _, SyntaxVerdict};
use crate::review::{Finding, Probes, Review};
use std::cell::RefCell;

/// A document with its findings.
pub(super) struct CheckedDocument {
    pub(super) opened: OpenedDocument,
    pub(super) findings: Vec<Finding>,
}

/// Reviews a document, with bash for the syntax and this machine for programs, files and variables.
pub(super) fn review_document(opened: &OpenedDocument, environment: &Environment) -> Vec<Finding> {
    let path = environment.get("PATH");
    let mut syntax = BashSyntax::new(find_program("bash", path));
    let review = Review::new(&opened.runbook);
    syntax.prefetch_verdicts(review.texts_to_check());
    let probe = RefCell::new(PathProbe::new(path.map(ToOwned::to_owned)));
    let folder = opened.path.parent().unwrap_or(std::path::Path::new("")).to_owned();
    let variables = environment.all_variables();
    let mut given = Probes {
        syntax_error: &mut |text| match syntax.check_syntax(text) {
            SyntaxVerdict::Rejected { message, line } => Some((message, line)),
            SyntaxVerdict::Accepted | SyntaxVerdict::Unavailable(_) => None,
        },
        is_program_installed: &|name| probe.borrow_mut().is_executable(name),
        path_exists: &|file| Some(folder.join(file).exists()),
        is_variable_set: &|name| {
            variables.keys().any(|known| known == name) || crate::session::BASH_SETS.contains(&name)
        },
    };
    review.run_checks(&mut given)
}

/// Line and column of the byte at an offset. Both count from 1, the column in characters.
pub(super) fn line_and_column(opened: &OpenedDocument, at: usize) -> (u32, usize) {
    let text = opened.runbook.text.as_str();
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let column = text.get(start..at).map_or(1, |before| before.chars().count() + 1);
    (opened.runbook.line_of(at), column)
}
