//! Secrets kept out of everything that a run records and tells.
//!
//! Invariant: every text of a fact and every byte of output passes here before it is written or shown. Refuses to know:
//! what a secret is for.

use super::protocol::{Channel, Secret};
use super::session::{Activity, Session};
use crate::history::Fact;
use crate::mask;
use crate::mask::{Masker, Stream};
use std::time::Duration;

/// A command's output on its way through the masker: a stream for each channel.
pub(super) struct Masks {
    out: Stream,
    err: Stream,
    /// At this moment a short piece that is held back is let go.
    silent_at: Option<Duration>,
}

impl Masks {
    pub(super) fn new(masker: &Masker) -> Self {
        Self { out: masker.stream(), err: masker.stream(), silent_at: None }
    }

    fn of(&mut self, channel: Channel) -> &mut Stream {
        match channel {
            Channel::Out => &mut self.out,
            Channel::Err => &mut self.err,
        }
    }

    /// Takes bytes; what can be let go is the beginning of `bytes`, so long, or else stands in `masked`.
    fn push(&mut self, channel: Channel, bytes: &[u8], masked: &mut Vec<u8>, now: Duration) -> Option<usize> {
        let stream = self.of(channel);
        let passed = stream.pass(bytes);
        if passed.is_none() {
            stream.push(bytes, masked);
        }
        self.silent_at = (self.out.held() + self.err.held() > 0).then(|| now + mask::SILENCE);
        passed
    }

    /// The next moment at which something is due.
    pub(super) fn due(&self) -> Option<Duration> {
        self.silent_at
    }

    fn each(&mut self, mut act: impl FnMut(&mut Stream, &mut Vec<u8>)) -> Vec<(Channel, Vec<u8>)> {
        self.silent_at = None;
        let mut let_go = Vec::new();
        for channel in [Channel::Out, Channel::Err] {
            let mut masked = Vec::new();
            act(self.of(channel), &mut masked);
            if !masked.is_empty() {
                let_go.push((channel, masked));
            }
        }
        let_go
    }
}

impl Session {
    /// Output came.
    pub(super) fn printed(&mut self, channel: Channel, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let now = self.now();
        let mut masked = std::mem::take(&mut self.masked);
        match self.masks().push(channel, bytes, &mut masked, now) {
            Some(length) => self.record_output(channel, bytes.get(..length).unwrap_or_default()),
            None => self.record_output(channel, &masked),
        }
        masked.clear();
        self.masked = masked;
    }

    fn masks(&mut self) -> &mut Masks {
        match &mut self.activity {
            Activity::Command(running) => &mut running.masks,
            _ => &mut self.background_masks,
        }
    }

    /// Nothing came for a while.
    pub(super) fn fell_silent(&mut self, now: Duration) {
        if self.masks().due().is_some_and(|at| at <= now) {
            let let_go = self.masks().each(Stream::flush_after_silence);
            self.record_pieces(&let_go);
        }
    }

    /// The output is over: what is held back is no secret.
    pub(super) fn end_masks(&mut self) {
        let let_go = self.masks().each(Stream::finish);
        self.record_pieces(&let_go);
    }

    fn record_pieces(&mut self, pieces: &[(Channel, Vec<u8>)]) {
        for (channel, masked) in pieces {
            self.record_output(*channel, masked);
        }
    }

    /// Learns secrets; from here on they are in nothing that is recorded. Returns which are refused, and why.
    pub(super) fn hide(&mut self, secrets: &[Secret]) -> Vec<String> {
        let refused = self.masker.add_all(secrets.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
        let masker = self.masker.clone();
        let let_go = self.masks().each(|stream, out| stream.learn(&masker, out));
        self.record_pieces(&let_go);
        if matches!(self.activity, Activity::Command(_)) {
            self.background_masks = Masks::new(&masker);
        }
        refused.iter().map(ToString::to_string).collect()
    }
}

/// Takes the secrets out of every text of a fact.
pub(super) fn without_secrets(fact: &mut Fact, masker: &Masker) {
    fact.rewrite_texts(&mut |text| masker.masked(text));
}
