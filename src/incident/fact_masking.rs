//! Secrets kept out of everything that an incident records.
//!
//! Invariant: every text of a fact that a person, a document or an alert wrote passes here before it is written.

use crate::history::IncidentFact;
use crate::history::record::FieldWriter;
use crate::mask::Masker;
use serde::Serialize;
use std::convert::Infallible;

/// Takes the secrets out of every text of a fact.
pub(super) fn without_secrets(fact: &mut IncidentFact, masker: &Masker) {
    fact.rewrite_texts(&mut |text| masker.mask_if_secret(text));
}

/// The texts of a fact that go when its payload is dropped, but for what comes from the runbook: its title and its rules.
pub fn texts(fact: &IncidentFact) -> Vec<String> {
    let mut texts = PayloadTexts(Vec::new());
    match fact.write_fields(&mut texts) {
        Ok(()) => texts.0,
    }
}

/// Collects the texts of a payload instead of writing them.
struct PayloadTexts(Vec<String>);

impl FieldWriter for PayloadTexts {
    type Error = Infallible;

    fn write_field<T: Serialize + ?Sized>(&mut self, _: &str, _: &T) -> Result<(), Infallible> {
        Ok(())
    }

    fn write_text(&mut self, name: &str, text: &str) -> Result<(), Infallible> {
        if name != "runbook_title" && !text.is_empty() {
            self.0.push(text.to_owned());
        }
        Ok(())
    }

    fn write_texts(&mut self, name: &str, texts: &[String]) -> Result<(), Infallible> {
        texts.iter().try_for_each(|text| self.write_text(name, text))
    }

    /// The rules of the runbook, which stay in it.
    fn write_structure<T: Serialize>(&mut self, _: &str, _: &T) -> Result<(), Infallible> {
        Ok(())
    }

    fn write_bytes(&mut self, _: &str, _: &str, _: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    fn write_verbatim(&mut self, _: &str, _: &str) -> Result<(), Infallible> {
        Ok(())
    }
}
