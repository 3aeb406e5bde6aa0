//! The journal of one session, and the facts that have not reached it yet.
//!
//! Invariant: secrets are masked in every fact before it is written; after a failed write nothing is recorded until the
//! failure itself is. Refuses to know: the shell and the engine.

use super::fact_masking::without_secrets;
use crate::history::{Event, Fact, RecordFailed};
use crate::ident::{Clock as _, Moment, Seq, SystemClock};
use crate::journal::{JournalError, JournalWriter, Salts, round_to_record};
use crate::mask::Masker;
use std::time::Duration;

/// Events that are in no journal are numbered from here.
const FIRST_UNRECORDED: u64 = 1 << 40;

/// How facts are put into the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    /// Synced before the act that the facts announce.
    BeforeAct,
    /// Synced after the act; may use the journal's reserved space.
    AfterAct,
    /// Written after the act; synced with the next append.
    Deferred,
}

/// A stretch of the session that could not be recorded.
#[derive(Debug, Default)]
struct Gap {
    why: String,
    events: u64,
    output_bytes: u64,
    /// True once the gap has been recorded, out of the reserved space.
    is_recorded: bool,
}

impl Gap {
    fn to_fact(&self) -> Fact {
        let why = self.why.clone();
        Fact::RecordFailed(RecordFailed { why, lost_events: self.events, lost_bytes: self.output_bytes })
    }
}

/// The session's journal with everything that decides what is written to it, and when.
pub(super) struct Record {
    clock: SystemClock,
    journal: JournalWriter,
    salts: Salts,
    /// Masks every text of a fact.
    masker: Masker,
    /// `Some` from a failed write until the failure is in the journal.
    gap: Option<Gap>,
    /// Facts about the shell; the next append writes them first.
    pending: Vec<Fact>,
    /// Deadline for syncing a command's end that the engine has already received.
    sync_at: Option<Duration>,
}

impl Record {
    pub(super) fn new(clock: SystemClock, journal: JournalWriter) -> std::io::Result<Self> {
        let (salts, masker) = (Salts::open_source()?, Masker::new());
        Ok(Self { clock, journal, salts, masker, gap: None, pending: Vec::new(), sync_at: None })
    }

    pub(super) fn next_salt(&mut self) -> std::io::Result<String> {
        self.salts.next_salt()
    }

    pub(super) fn fact_masker(&self) -> &Masker {
        &self.masker
    }

    pub(super) fn fact_masker_mut(&mut self) -> &mut Masker {
        &mut self.masker
    }

    /// Records a fact about the shell with the next append.
    pub(super) fn add_pending(&mut self, fact: Fact) {
        self.pending.push(fact);
    }

    /// Counts output bytes that could not be kept.
    pub(super) fn count_lost_output(&mut self, bytes: usize) {
        self.gap.get_or_insert_default().output_bytes += bytes as u64;
    }

    /// Appends and syncs facts, after the pending ones. Pending facts go behind a leading `RunStarted`.
    ///
    /// Fails when the journal cannot be written. Once a sync has failed, every later append fails too.
    pub(super) fn append_synced(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, String> {
        self.append_facts(facts, Durability::BeforeAct, self.clock.now())
    }

    /// Like [`Record::append_synced`], for what has already happened: uses the reserved space when the disk is full.
    pub(super) fn append_with_reserve(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, String> {
        self.append_facts(facts, Durability::AfterAct, self.clock.now())
    }

    /// Predicts the event that `fact` becomes if it is appended next.
    ///
    /// `None` if the journal has failed, or if other facts would be recorded before it.
    pub(super) fn foresee_event(&self, mut fact: Fact) -> Option<Event> {
        if self.gap.is_some() || !self.pending.is_empty() || self.journal.write_failure().is_some() {
            return None;
        }
        without_secrets(&mut fact, &self.masker);
        Some(Event { seq: self.journal.next_seq(), at: round_to_record(self.clock.now()), fact })
    }

    /// Writes a foreseen event that the engine has already received. The next append syncs it, or the deadline does.
    pub(super) fn append_foreseen(&mut self, foreseen: Event) {
        self.sync_at = Some(self.clock.now().mono + super::SETTLE_LIMIT);
        // A failure cannot be reported here: the engine has the event, and the command has run. The next record names the gap.
        let recorded = self.append_facts(vec![foreseen.fact], Durability::Deferred, foreseen.at);
        debug_assert!(recorded.is_err() || recorded.is_ok_and(|events| events.iter().all(|e| e.seq == foreseen.seq)));
    }

    /// Deadline for the sync of an end that was reported early; `None` when there is no such end.
    pub(super) fn sync_deadline(&self) -> Option<Duration> {
        self.sync_at
    }

    /// Forgets the deadline: another message tells the engine that the end is durable.
    pub(super) fn clear_sync_deadline(&mut self) {
        self.sync_at = None;
    }

    /// Syncs what was deferred. True if the engine waits to hear of it.
    pub(super) fn sync_deferred(&mut self) -> bool {
        if let Err(error) = self.journal.sync_appended() {
            // Unknown how much of it is on disk; nothing is recorded after this.
            self.gap.get_or_insert_with(|| Gap { why: error.to_string(), ..Gap::default() }).events += 1;
        }
        self.sync_at.take().is_some()
    }

    /// Makes events of facts that the operator agreed to leave unrecorded.
    pub(super) fn unrecorded_events(&mut self, mut facts: Vec<Fact>) -> Vec<Event> {
        let gap = self.gap.get_or_insert_default();
        let first = FIRST_UNRECORDED + gap.events;
        gap.events += facts.len() as u64;
        for fact in &mut facts {
            without_secrets(fact, &self.masker);
        }
        let at = self.clock.now();
        (first..).zip(facts).map(|(seq, fact)| Event { seq: Seq(seq), at, fact }).collect()
    }

    /// Like [`Record::unrecorded_events`]; `already_counted` if a failed append has counted the facts as lost.
    pub(super) fn unrecorded_end(&mut self, facts: Vec<Fact>, already_counted: bool) -> Vec<Event> {
        let events = self.unrecorded_events(facts);
        if let Some(gap) = self.gap.as_mut().filter(|_| already_counted) {
            gap.events = gap.events.saturating_sub(events.len() as u64);
        }
        events
    }

    fn append_facts(&mut self, mut facts: Vec<Fact>, durability: Durability, at: Moment) -> Result<Vec<Event>, String> {
        let has_happened = durability != Durability::BeforeAct;
        let pending = self.pending.len();
        let first_pending = usize::from(matches!(facts.first(), Some(Fact::RunStarted(_))));
        facts.splice(first_pending..first_pending, self.pending.drain(..));
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        for fact in &mut facts {
            without_secrets(fact, &self.masker);
        }
        let appended = self.write_events(&facts, at, durability).or_else(|error| {
            self.gap.get_or_insert_with(|| Gap { why: error.to_string(), ..Gap::default() });
            if has_happened { self.write_into_reserve(&facts, at) } else { Err(error) }
        });
        appended.map_err(|error| {
            if has_happened {
                let gap = self.gap.get_or_insert_default();
                gap.events += (facts.len() - pending) as u64;
            }
            self.pending.extend(facts.drain(first_pending..first_pending + pending));
            error.to_string()
        })
    }

    /// Writes the gap first, if there was one: it is over once this succeeds.
    fn write_events(&mut self, facts: &[Fact], at: Moment, durability: Durability) -> Result<Vec<Event>, JournalError> {
        let gap = self.gap.as_ref().map(Gap::to_fact);
        let all: Vec<Fact> = gap.into_iter().chain(facts.iter().cloned()).collect();
        let appended = if durability == Durability::Deferred {
            self.journal.append_unsynced(&all, at)
        } else {
            self.journal.append_facts(&all, at)
        };
        let mut events = appended?;
        self.gap = None;
        Ok(events.split_off(all.len() - facts.len()))
    }

    fn write_into_reserve(&mut self, facts: &[Fact], at: Moment) -> Result<Vec<Event>, JournalError> {
        let gap = self.gap.as_ref().filter(|gap| !gap.is_recorded).map(Gap::to_fact);
        let all: Vec<Fact> = gap.into_iter().chain(facts.iter().cloned()).collect();
        let mut events = self.journal.append_from_reserve(&all, at)?;
        if let Some(gap) = &mut self.gap {
            *gap = Gap { why: std::mem::take(&mut gap.why), is_recorded: true, ..Gap::default() };
        }
        Ok(events.split_off(all.len() - facts.len()))
    }
}
