//! Output of the shell on its way into its file and to the engine; secrets are masked already.
//!
//! Invariant: bytes are kept, or counted as lost, before the engine is told of them. Refuses to know: where they come from.

use super::activity::Activity;
use super::protocol::OutputChannel;
use super::session::Session;
use crate::ident::{Clock as _, Seq};

/// A piece of output that is part of its command's end.
pub(super) struct InlinePiece {
    pub(super) channel: OutputChannel,
    pub(super) offset: u64,
    /// This many of the bytes are kept.
    pub(super) kept: usize,
    pub(super) bytes: Vec<u8>,
}

impl Session {
    /// Puts output into its file and tells the engine of it.
    pub(super) fn record_output(&mut self, channel: OutputChannel, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let now = self.elapsed_time();
        let Activity::Command(running) = &mut self.activity else {
            return self.record_background_output(channel, bytes);
        };
        let buffered = &mut running.output.buffered;
        if !buffered.as_mut().is_some_and(|buffered| buffered.buffer_piece(channel, bytes, now)) {
            self.release_buffered_output();
            self.keep_output(channel, bytes);
        }
    }

    /// Puts the buffered output of a command's first moments into its file, where all that follows goes too.
    pub(super) fn release_buffered_output(&mut self) {
        let Activity::Command(running) = &mut self.activity else { return };
        for (channel, bytes) in running.output.buffered.take().map(|buffered| buffered.pieces).unwrap_or_default() {
            self.keep_output(channel, &bytes);
        }
    }

    fn keep_output(&mut self, channel: OutputChannel, bytes: &[u8]) {
        let Activity::Command(running) = &mut self.activity else { return };
        let output = &mut running.output;
        let (offset, kept) = output.capture.keep_in_file(bytes);
        if output.sync_at.is_none() && output.capture.is_dirty() {
            output.sync_at = Some(self.clock.now().mono + super::SYNC_INTERVAL);
        }
        let (kept, rest) = bytes.split_at_checked(kept).unwrap_or((bytes, b""));
        if !rest.is_empty() {
            output.unstored.push_bytes(rest);
        }
        let is_broken = output.capture.is_broken() || !running.start.is_recorded;
        let seq = running.seq;
        self.tell_output(seq, channel, offset, kept);
        if let Some(engine) = self.client.engine.as_mut().filter(|_| is_broken && !rest.is_empty()) {
            engine.send_unstored_output(seq, rest);
        }
        if is_broken && !rest.is_empty() {
            self.record.count_lost_output(rest.len());
        }
    }

    fn tell_output(&mut self, command: Seq, channel: OutputChannel, offset: u64, bytes: &[u8]) {
        if let Some(engine) = self.client.engine.as_mut().filter(|_| !bytes.is_empty()) {
            // Output of a command tells the engine that everything before the command is durable.
            self.record.clear_sync_deadline();
            engine.send_output(Some(command), channel, offset, bytes);
        }
    }

    /// Tells the engine of output that is part of the command's end.
    pub(super) fn tell_inline_output(&mut self, command: Seq, pieces: &[InlinePiece], is_recorded: bool) {
        let Some(engine) = &mut self.client.engine else { return };
        for piece in pieces {
            let kept = piece.bytes.get(..piece.kept).unwrap_or_default();
            if !is_recorded {
                engine.send_unstored_output(command, &piece.bytes);
            } else if !kept.is_empty() {
                engine.send_inline_output(Some(command), piece.channel, piece.offset, kept);
            }
        }
    }

    fn record_background_output(&mut self, channel: OutputChannel, bytes: &[u8]) {
        let limit_bytes = self.options.limits.output_limit_bytes;
        let Some(offset) = self.background.keep_bytes(&self.options.folder, limit_bytes, bytes) else { return };
        if let Some(engine) = &mut self.client.engine {
            engine.send_output(None, channel, offset, bytes);
        }
    }
}
