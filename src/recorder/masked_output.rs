//! Secrets kept out of a session's output, and the learning of new ones.
//!
//! Invariant: every byte of output passes here before it is recorded or shown. Refuses to know: what a secret is for.

use super::activity::Activity;
use super::masks::Masks;
use super::protocol::{OutputChannel, Secret};
use super::session::Session;
use crate::mask::LearnedValue;
use std::time::Duration;

/// Number of secrets from which on no more are learned from output. Each makes masking a little slower.
const LEARNED_LIMIT: usize = 64;

impl Session {
    /// Masks output of the shell and records it.
    pub(super) fn accept_output(&mut self, channel: OutputChannel, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let now = self.elapsed_time();
        let mut masked = std::mem::take(&mut self.masking.buffer);
        match self.current_masks().mask_bytes(channel, bytes, &mut masked, now) {
            Some(length) => self.record_output(channel, bytes.get(..length).unwrap_or_default()),
            None => self.record_output(channel, &masked),
        }
        masked.clear();
        self.masking.buffer = masked;
        let learned = self.current_masks().take_learned();
        self.learn_values(learned);
    }

    /// Masks values that stood beside a secret's name without that name, too.
    fn learn_values(&mut self, learned: Vec<LearnedValue>) {
        let room = LEARNED_LIMIT.saturating_sub(self.record.fact_masker().secret_names().count());
        if room > 0 && !learned.is_empty() {
            let secrets: Vec<Secret> = learned.into_iter().take(room).collect();
            // Nobody asked for them, so nobody waits for the reasons of refusals.
            self.register_secrets(&secrets);
        }
    }

    /// Learns the values that a command's text gives to names of secrets.
    pub(super) fn learn_from_text(&mut self, text: &str) {
        let learned = self.record.fact_masker().find_named_values(text.as_bytes());
        self.learn_values(learned);
    }

    fn current_masks(&mut self) -> &mut Masks {
        match &mut self.activity {
            Activity::Command(running) => &mut running.output.masks,
            _ => &mut self.masking.background,
        }
    }

    /// Releases buffered output if none has followed it in time.
    pub(super) fn release_after_silence(&mut self, now: Duration) {
        if self.current_masks().release_deadline().is_some_and(|at| at <= now) {
            let released = self.current_masks().flush_after_silence();
            self.record_pieces(&released);
        }
    }

    /// Records the output that is still buffered for masking; no more follows.
    pub(super) fn finish_masks(&mut self) {
        let released = self.current_masks().release_all();
        self.record_pieces(&released);
    }

    fn record_pieces(&mut self, pieces: &[(OutputChannel, Vec<u8>)]) {
        for (channel, masked) in pieces {
            self.record_output(*channel, masked);
        }
    }

    /// Masks these secrets in everything recorded and shown from here on. Returns a message for each that is refused.
    pub(super) fn register_secrets(&mut self, secrets: &[Secret]) -> Vec<String> {
        let named = secrets.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let refused = self.record.fact_masker_mut().add_secrets(named);
        let masker = self.record.fact_masker().clone();
        let released = self.current_masks().learn_secrets(&masker);
        self.record_pieces(&released);
        if matches!(self.activity, Activity::Command(_)) {
            self.masking.background = Masks::new(&masker);
        }
        refused.iter().map(ToString::to_string).collect()
    }
}
