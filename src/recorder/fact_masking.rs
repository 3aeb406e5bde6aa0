//! Secrets kept out of the texts of facts.
//!
//! Invariant: every text of a fact passes here before it is written or sent. Refuses to know: what a secret is for.

use crate::history::Fact;
use crate::mask::Masker;

/// Takes the secrets out of every text of a fact.
pub(super) fn without_secrets(fact: &mut Fact, masker: &Masker) {
    fact.rewrite_texts(&mut |text| masker.mask_if_secret(text));
}
