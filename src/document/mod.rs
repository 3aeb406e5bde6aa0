//! Markdown → a runbook: sections with anchors, blocks, cells with spans and lines, front matter.
//!
//! Invariant: every part keeps its span in the original text, as byte offsets into [`Runbook::text`]. Any bytes give a runbook.
//! Refuses to know: steps, running, files.

mod anchors;
mod cells;
mod containers;
mod decode;
mod fence;
mod front_matter;
mod info;
mod kinds;
mod lines;
mod lists;
mod model;
mod nearest;
mod numbering;
mod outline;
mod reading;
mod roles;
mod sections;
mod select;
mod text;
mod yaml;

pub use model::{
    Attributes, Block, Cell, CellIndex, CellKind, DocumentFinding, FrontMatter, Item, Lead, LineRole, List, Runbook,
    Section, SectionIndex, SourceLine, Span,
};
pub use select::{SectionCandidate, SelectError, Selection};
pub use yaml::{Yaml, YamlEntry, read_values};
