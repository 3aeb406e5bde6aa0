//! Markdown → a runbook: sections with anchors, blocks, cells with spans and lines, front matter.
//!
//! Invariant: every part keeps its place in the original text; spans are byte offsets into [`Runbook::text`]. Total on any bytes.
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
    Attributes, Block, Cell, CellIndex, CellKind, Finding, FrontMatter, Item, Lead, LineRole, List, Runbook, Section,
    SectionIndex, SourceLine, Span,
};
pub use select::{Candidate, SelectError, Selected};
pub use yaml::{Entry as YamlEntry, Node as Yaml, read_values};
