//! Incidents: severity, clock, escalation, milestones, and the post-mortem written from them.
//!
//! Invariant: what is due follows from the recorded facts and one reading of the clock. A time that nobody stated or recorded
//! stays blank. Refuses to know: the terminal, the command line, how runs are executed.

mod acts;
mod alert;
mod clock;
mod hide;
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
    Act, Unclear, WORDS, close, escalated, hand_over, known_severity, mark, note, parse_prompt_line as said, severity,
    stamp, status,
};
pub use alert::Alert;
pub use clock::{Due, DueWhat, Urgency, due, same_person, was_called, words};
pub use hide::texts;
pub use measures::{Blank, Measure, measures};
pub use message::{Choice, Message, choices, choose, messages};
pub use moment::{Now, When};
pub use report::{BadTemplate, Merged, Records, merge, own_template, post_mortem, post_mortem_page};
pub use rules::{RulesRead, length, rules};
pub use state::{State, Told};
pub use store::{Author, Incident, IncidentError, Incidents};
pub use times::time;
