//! Every check of a document, in turn, and the list of findings that comes of them.
//!
//! Invariant: findings come in the order of the document, none twice, and only so many of one code. Refuses to know: how a
//! single check works.

use super::cells::{self, CellText};
use super::finding::Finding;
use super::probes::Probes;
use super::{allow, flow, prose, shell};
use crate::document::Runbook;
use crate::plan::Planner;
use std::collections::{HashMap, HashSet};

/// A document read once for a review, to give first the texts for bash and then the findings.
pub struct Review<'a> {
    runbook: &'a Runbook,
    cells: Vec<CellText<'a>>,
    /// Problems with the inputs that the document declares or uses.
    inputs: Vec<crate::document::DocumentFinding>,
}

impl<'a> Review<'a> {
    /// Reads a document: its commands, and the problems with its inputs.
    #[must_use]
    pub fn new(runbook: &'a Runbook) -> Self {
        // The two readings are independent and take most of the time of a review, so they run in parallel.
        std::thread::scope(|scope| {
            let plan = || Planner::new(runbook, &|_| true).plan_section(0).findings;
            let elsewhere = std::thread::Builder::new().spawn_scoped(scope, plan);
            let cells = cells::read_cells(runbook);
            let inputs = match elsewhere.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(findings)) => findings,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(_) => plan(),
            };
            Self { runbook, cells, inputs }
        })
    }

    /// Texts whose syntax bash is asked to check, each once, so that a caller can check them all in one go.
    #[must_use]
    pub fn texts_to_check(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        self.cells.iter().flat_map(CellText::texts_to_check).filter(|text| seen.insert(text.clone())).collect()
    }

    /// Runs every check and returns the findings in the order of the document.
    pub fn run_checks(self, probes: &mut Probes<'_>) -> Vec<Finding> {
        let Self { runbook, cells, inputs } = self;
        let mut found = Vec::new();
        prose::add_parser_findings(runbook, &mut found);
        prose::find_odd_characters(runbook, &mut found);
        prose::find_secrets(runbook, &mut found);
        prose::find_environment_influences(runbook, &mut found);
        prose::find_broken_links(runbook, probes, &mut found);
        prose::find_duplicate_headings(runbook, &mut found);
        prose::find_inline_commands(runbook, &mut found);
        shell::check_commands(runbook, &cells, probes, &mut found);
        flow::check_sequences(&cells, runbook.front_matter.env.keys(), probes, &mut found);
        add_input_findings(inputs, &mut found);
        allow::remove_allowed(runbook, &mut found);
        let mut seen = HashSet::new();
        found.retain(|finding| seen.insert((finding.code, finding.span.clone(), finding.message.clone())));
        found.sort_by_key(|finding| (finding.span.start, finding.span.end, finding.code));
        limit_per_code(&mut found);
        for finding in &mut found {
            finding.line = runbook.line_of(finding.span.start);
        }
        found
    }
}

/// Adds the problems with inputs.
fn add_input_findings(odd: Vec<crate::document::DocumentFinding>, found: &mut Vec<Finding>) {
    // Where no value can be interpolated, none is asked for, so the placeholder itself is no finding.
    let unfillable: HashSet<_> = odd.iter().filter(|odd| odd.code == "no-place").map(|odd| odd.span.clone()).collect();
    found.retain(|finding| finding.code != "placeholder" || !unfillable.contains(&finding.span));
    found.extend(odd.into_iter().map(|odd| Finding::new(odd.code, odd.span, odd.message).with_help(odd.help)));
}

/// Most findings of one code; nobody reads more.
const MAX_PER_CODE: usize = 100;

/// Keeps the first findings of each code; the last one kept says how many more there are.
fn limit_per_code(found: &mut Vec<Finding>) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for finding in found.iter() {
        *counts.entry(finding.code).or_default() += 1;
    }
    if counts.values().all(|&count| count <= MAX_PER_CODE) {
        return;
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    found.retain_mut(|finding| {
        let kept = seen.entry(finding.code).or_default();
        *kept += 1;
        let all = counts.get(finding.code).copied().unwrap_or_default();
        if *kept == MAX_PER_CODE && all > MAX_PER_CODE {
            finding.message = format!("{}; and {} more of this kind", finding.message, all - MAX_PER_CODE);
        }
        *kept <= MAX_PER_CODE
    });
}
