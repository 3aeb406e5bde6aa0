//! `runbook`: runs an ordinary Markdown runbook step by step in one real shell, and keeps the record.
//!
//! The stages, one direction: `document` → `plan` → `engine` → `history` → `transcript`, with the operator, the kernel
//! and the recorder at the ports. `ARCHITECTURE.md` is the map.

pub mod cli;
pub mod document;
pub mod engine;
pub mod history;
pub mod ident;
pub mod incident;
pub mod interpolate;
pub mod journal;
pub mod kernel;
pub mod mask;
pub mod operator;
pub mod plan;
pub mod ports;
pub mod recorder;
pub mod review;
pub mod risk;
pub mod session;
pub mod shell;
pub mod term;
pub mod transcript;
