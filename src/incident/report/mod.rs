//! The post-mortem: facts from the records, and blanks for judgements, which people write.
//!
//! Invariant: the same records and the same template give the same text. Refuses to know: files.

mod drawing;
mod merge;
mod page;
mod parts;
mod records;
mod template;
mod timeline;

pub use merge::{MergeResult, merge_facts};
pub use page::write_post_mortem_page;
pub use records::IncidentRecords;
pub use template::TemplateError;

use super::state::IncidentState;
use std::fmt::Write as _;

/// Renders a post-mortem. Without a template, our own is used, with the sections that the runbook asks for. Fails if the
/// template asks for an unknown part, or for a part twice.
pub fn render_post_mortem(records: &IncidentRecords, template: Option<&str>) -> Result<String, TemplateError> {
    let parts = parts::render_parts(records);
    match template {
        Some(template) => template::render_template(template, &parts),
        None => template::render_template(
            &build_own_template(&IncidentState::from_events(&records.incident.events)),
            &parts,
        ),
    }
}

/// Sections of our own template: heading, words by which a runbook's own heading for it is recognised, and body.
const SECTIONS: [(&str, &[&str], &str); 6] = [
    ("Timeline", &["timeline", "what happened", "chronolog"], "{{ timeline }}"),
    ("Root cause", &["root cause", "cause", "why"], "{{ write root-cause }}"),
    ("Impact", &["impact", "noticed", "affected"], "{{ impact }}\n\n{{ write impact }}"),
    (
        "Actions taken",
        &["actions taken", "what we did", "response", "mitigation"],
        "{{ actions }}\n\n{{ write actions }}",
    ),
    (
        "Lessons",
        &["lesson", "learned", "went well"],
        "### What went well\n\n{{ write went-well }}\n\n### What went badly\n\n{{ write went-badly }}\n\n\
         ### What we know now\n\n{{ write lessons }}",
    ),
    (
        "Action items",
        &["action item", "follow-up", "follow up", "prevent", "what we change", "to do"],
        "{{ write action-items }}",
    ),
];

/// Builds our own template, with the headings that the runbook asks for, in its order.
pub fn build_own_template(state: &IncidentState) -> String {
    let mut out = String::from("# Post-mortem: {{ title }}\n\n{{ overview }}\n\n## Summary\n\n{{ write summary }}\n");
    let mut section = |heading: &str, body: &str| {
        // Writing to a string never fails.
        let _: std::fmt::Result = write!(out, "\n## {heading}\n\n{body}\n");
    };
    let asked = state.rules().and_then(|rules| rules.post_mortem.as_ref()).map(|found| found.parts.as_slice());
    let mut left: Vec<_> = SECTIONS.to_vec();
    for (at, asked) in asked.unwrap_or_default().iter().enumerate() {
        let lower = asked.to_lowercase();
        // Searched from the end, so that "action items to prevent" is not taken for "actions taken".
        let found = left.iter().rposition(|(_, words, _)| words.iter().any(|word| lower.contains(word)));
        let heading = crate::transcript::escape_inline(asked).replace("{{", "{ {");
        match found.map(|found| left.remove(found)) {
            Some((_, _, body)) => section(&heading, body),
            None => section(&heading, &format!("{{{{ write part-{} }}}}", at + 1)),
        }
    }
    for (heading, _, body) in left {
        section(heading, body);
    }
    section("How long it took", "{{ measures }}");
    section("Status updates", "{{ updates }}");
    section("Deviations from the runbook", "{{ deviations }}");
    section("Integrity", "{{ integrity }}");
    out
}
