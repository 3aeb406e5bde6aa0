//! Two parsers and what they found, in our own words.
//!
//! Invariant: no type of a parser leaves this room except through [`shuck::with_tree`]. Refuses to know: what any program does.

mod full;
pub(crate) mod limits;
pub(crate) mod masking;
pub(crate) mod rable;
pub(crate) mod reading;
pub(crate) mod shuck;
mod simple;
mod words;

pub(crate) use self::rable::signature;
