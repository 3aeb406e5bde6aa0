//! The two third-party parsers, and their results as types of our own.
//!
//! Invariant: no type of a parser leaves this room except through [`shuck::with_tree`]. Refuses to know: the meaning of any
//! program.

mod full;
pub(crate) mod limits;
pub(crate) mod masking;
pub(crate) mod rable;
pub(crate) mod reading;
pub(crate) mod shuck;
mod simple;
mod words;

pub(crate) use self::rable::word_counts;
