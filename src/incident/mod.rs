//! Incidents: severity, clock, escalation, milestones, and the post-mortem written from them.
//!
//! Invariant: what is due follows from the recorded facts and one reading of the clock. A time that nobody stated or recorded
//! stays blank. Refuses to know: the terminal, the command line, how runs are executed.

mod acts;
mod alert;
mod clock;
mod fact_masking;
mod measures;
mod message;
mod moment;
mod order;
mod report;
mod rules;
mod state;
mod store;
mod times;

pub use acts::{
    IncidentAction, InvalidAction, PROMPT_USAGE, close_action, escalation_action, format_utc_time, handover_action,
    milestone_action, note_action, parse_prompt_line as said, resolve_severity, severity_action, status_action,
};
pub use alert::Alert;
pub use clock::{Obligation, ObligationKind, Urgency, format_length, is_same_person, list_obligations, was_called_in};
pub use fact_masking::texts;
pub use measures::{BlankReason, Measure, measure_incident};
pub use message::{MessageChoice, MessageTemplate, fill_choice, list_choices, list_messages};
pub use moment::{EventTime, Now};
pub use report::{
    IncidentRecords, MergeResult, TemplateError, build_own_template, merge_facts, render_post_mortem,
    write_post_mortem_page,
};
pub use rules::{RulesRead, find_length, read_rules};
pub use state::{IncidentState, RecordedFact};
pub use store::{Author, Incident, IncidentError, IncidentStore};
pub use times::parse_stated_time;
