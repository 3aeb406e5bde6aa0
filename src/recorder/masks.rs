//! Masking of output while it streams, before it is recorded or shown.
//!
//! Invariant: bytes leave in the order in which they came. Refuses to know: where masked output goes.

use super::protocol::OutputChannel;
use super::unseen::UnseenLines;
use crate::mask;
use crate::mask::{LearnedValue, MaskedStream, Masker};
use std::time::Duration;

/// The masking of one command's output: one stream for each channel.
pub(super) struct Masks {
    out: MaskedStream,
    err: MaskedStream,
    /// At this moment a short piece that may begin a secret is released, if no more output comes.
    silent_at: Option<Duration>,
}

impl Masks {
    pub(super) fn new(masker: &Masker) -> Self {
        Self { out: masker.start_stream(), err: masker.start_stream(), silent_at: None }
    }

    fn stream_mut(&mut self, channel: OutputChannel) -> &mut MaskedStream {
        match channel {
            OutputChannel::Out => &mut self.out,
            OutputChannel::Err => &mut self.err,
        }
    }

    /// Masks `bytes`. Returns the length of their beginning that needs no masking; if `None`, the masked bytes are in `masked`.
    pub(super) fn mask_bytes(
        &mut self,
        channel: OutputChannel,
        bytes: &[u8],
        masked: &mut Vec<u8>,
        now: Duration,
    ) -> Option<usize> {
        let stream = self.stream_mut(channel);
        let passed = stream.pass_clean(bytes);
        if passed.is_none() {
            stream.push_bytes(bytes, masked);
        }
        self.silent_at = (self.out.held_bytes() + self.err.held_bytes() > 0).then(|| now + mask::SILENCE);
        passed
    }

    /// Next moment at which buffered bytes must be released.
    pub(super) fn release_deadline(&self) -> Option<Duration> {
        self.silent_at
    }

    /// Releases buffered bytes that turned out not to begin a secret.
    pub(super) fn flush_after_silence(&mut self) -> Vec<(OutputChannel, Vec<u8>)> {
        self.release_with(MaskedStream::flush_after_silence)
    }

    /// Releases all buffered bytes: no more output comes, so they are no secret.
    pub(super) fn release_all(&mut self) -> Vec<(OutputChannel, Vec<u8>)> {
        self.release_with(MaskedStream::finish_stream)
    }

    /// Masks the secrets of `masker` from here on; releases what was buffered for the old ones.
    pub(super) fn learn_secrets(&mut self, masker: &Masker) -> Vec<(OutputChannel, Vec<u8>)> {
        self.release_with(|stream, out| stream.learn_secrets(masker, out))
    }

    /// Takes the secrets that output showed beside their names.
    pub(super) fn take_learned(&mut self) -> Vec<LearnedValue> {
        let mut learned = self.out.take_learned();
        learned.append(&mut self.err.take_learned());
        learned
    }

    fn release_with(&mut self, mut act: impl FnMut(&mut MaskedStream, &mut Vec<u8>)) -> Vec<(OutputChannel, Vec<u8>)> {
        self.silent_at = None;
        let mut released = Vec::new();
        for channel in [OutputChannel::Out, OutputChannel::Err] {
            let mut masked = Vec::new();
            act(self.stream_mut(channel), &mut masked);
            if !masked.is_empty() {
                released.push((channel, masked));
            }
        }
        released
    }
}

/// Masking of output while no command runs, and a buffer for masked bytes.
pub(super) struct Masking {
    pub(super) background: Masks,
    /// Reused for every piece of output; empty between uses.
    pub(super) buffer: Vec<u8>,
    /// Passwords that were typed, for snapshots.
    pub(super) unseen: UnseenLines,
}

impl Masking {
    pub(super) fn new(masker: &Masker) -> Self {
        Self { background: Masks::new(masker), buffer: Vec::new(), unseen: UnseenLines::default() }
    }
}
