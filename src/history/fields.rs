//! The table of facts: under which kind each is recorded, and how each of its fields is.
//!
//! Invariant: writing, reading and masking all follow from this table, so none of them can miss a field. A kind or name once
//! used keeps its meaning, and the names in `journal::line::LINE_NAMES` are never used for a field. Refuses to know: the
//! syntax of the file, who masks.

use super::fact::{
    ChoiceMade, CommandFinished, CommandStarted, Decided, EngineLost, Fact, GatePassed, InputGiven, LeftRunning,
    MessageFilled, NoteAdded, Other, OutputCompared, RecordFailed, Redacted, RunFinished, RunResumed, RunStarted,
    ShellDied, ShellStarted, StateLost, StepEntered, StepFinished,
};
use super::incident::{
    Escalated, HandedOver, IncidentClosed, IncidentEvent, IncidentFact, IncidentJoined, IncidentOpened, Noted, Reached,
    RunJoined, SeverityChanged, StatusSent, StatusWritten,
};
use super::record::{FieldReader, FieldWriter, Fields, Read, Unreadable, facts, record};
use super::runbook_identity::RunbookIdentity;
use super::texts::{Rewrite, Texts};

facts! {
    Fact {
        RunStarted(RunStarted) = "run-started" {
            run: field,
            runbook: part,
            procedure: field,
            procedure_title: text,
            steps: field,
            host: field,
            user: field,
            cwd: field,
            mode: word,
            // Our own version, from the build.
            version: field unmasked,
            flags: texts,
        }
        ShellStarted(ShellStarted) = "shell-started" {
            pid: field,
            program: field,
            version: field,
        }
        ShellDied(ShellDied) = "shell-died" {
            how: field,
        }
        StateLost(StateLost) = "state-lost" {
            what: text,
        }
        LeftRunning(LeftRunning) = "left-running" {
            processes: texts,
        }
        StepEntered(StepEntered) = "step-entered" {
            step: field,
            number: field,
            position: field,
            form: word,
            title: text,
            headings: texts,
            line: field,
            end_line: field,
            prose: field,
        }
        Decided(Decided) = "decided" {
            step: field,
            command: optional,
            decision: word,
            reason: text,
        }
        GatePassed(GatePassed) = "gate-passed" {
            step: field,
            command: optional,
            level: field,
            unknown: field,
            text: text,
            asked: text,
            consent: word,
            given: text,
        }
        InputGiven(InputGiven) = "input-given" {
            step: optional,
            // The label that stands for a masked value: `[masked:NAME]`.
            name: field unmasked,
            value: text,
            origin: word,
        }
        CommandStarted(CommandStarted) = "command-started" {
            step: field,
            command: optional,
            of: field,
            attempt: field,
            text: text,
            source: part,
            line: field,
            level: optional,
            never_ends: field,
            // Meanings from our own tables; the recorder compares with them.
            answers: part unmasked,
        }
        CommandFinished(CommandFinished) = "command-finished" {
            started: field,
            end: word,
            // A meaning from our own tables.
            outcome: part unmasked,
            status: optional,
            pipestatus: field,
            cwd: field,
            took_ns: field,
            // Masked as it came back, byte by byte; its digest is of the masked bytes.
            output: part unmasked,
        }
        OutputCompared(OutputCompared) = "output-compared" {
            command: field,
            expected: text,
            percent: field,
            met: field,
            decides: field,
        }
        NoteAdded(NoteAdded) = "note-added" {
            step: optional,
            text: text,
        }
        ChoiceMade(ChoiceMade) = "choice-made" {
            question: text,
            option: optional_text,
            line: field,
        }
        MessageFilled(MessageFilled) = "message-filled" {
            step: field,
            text: text,
        }
        StepFinished(StepFinished) = "step-finished" {
            step: field,
            result: word,
        }
        EngineLost(EngineLost) = "engine-lost" {
            then: field,
        }
        RunResumed(RunResumed) = "run-resumed" {
            user: field,
            host: field,
            runbook_digest: field,
            attached: field,
            lost: texts,
            // Our own version, from the build.
            version: field unmasked,
        }
        Redacted(Redacted) = "redacted" {
            events: field,
            // The first writers of this kind did not record who did it.
            user: defaulted,
            reason: text,
            document: optional,
            head_before: optional,
        }
        RecordFailed(RecordFailed) = "record-failed" {
            why: text,
            lost_events: field,
            lost_bytes: field,
        }
        RunFinished(RunFinished) = "run-finished" {
            result: word,
            reason: text,
            next: optional,
        }
        IncidentJoined(IncidentJoined) = "incident-joined" {
            incident: field,
            severity: field,
            title: text,
        }
    }
    beside { Incident, Other }
}

facts! {
    IncidentFact {
        Opened(IncidentOpened) = "incident-opened" {
            incident: field,
            title: text,
            severity: field,
            runbook: part,
            rules: structure,
            alert: text,
            alert_group: text,
            // Our own version, from the build.
            version: field unmasked,
        }
        RunJoined(RunJoined) = "incident-run-joined" {
            run: field,
            path: field,
            procedure: field,
            title: text,
        }
        Noted(Noted) = "incident-noted" {
            text: text,
        }
        Reached(Reached) = "incident-milestone" {
            milestone: word,
            stated: optional_time,
            source: text,
        }
        SeverityChanged(SeverityChanged) = "incident-severity" {
            from: field,
            to: field,
            reason: text,
        }
        Escalated(Escalated) = "incident-escalated" {
            to: text,
            text: text,
        }
        HandedOver(HandedOver) = "incident-handed-over" {
            to: text,
            text: text,
        }
        StatusWritten(StatusWritten) = "incident-status" {
            text: text,
        }
        StatusSent(StatusSent) = "incident-status-sent" {
            status: field,
            command: text,
            exit: optional,
            output: text,
        }
        Closed(IncidentClosed) = "incident-closed" {
            reason: text,
        }
    }
}

record! { RunbookIdentity {
    path: field,
    title: text,
    digest: field = "runbook_digest",
    // A commit's hash, or nothing.
    git_commit: optional unmasked,
    git_modified: field,
} }

impl Fact {
    /// Reads the fact of a kind; [`Unreadable`] for an unknown kind, or fields that do not fit the kind.
    pub(crate) fn read_kind<R: FieldReader>(kind: &str, from: &mut R) -> Read<Self> {
        match Self::read_listed(kind, from)? {
            Some(fact) => Ok(fact),
            None => IncidentEvent::read_kind(kind, from).map(Self::Incident),
        }
    }
}

impl IncidentEvent {
    fn kind(&self) -> &str {
        self.what.kind()
    }

    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
        to.write_field("by", &self.by)?;
        to.write_field("host", &self.host)?;
        to.write_field("boot", &self.boot)?;
        to.write_field("seen", &self.seen)?;
        self.what.write_fields(to)
    }

    fn read_kind<R: FieldReader>(kind: &str, from: &mut R) -> Read<Self> {
        let what = IncidentFact::read_listed(kind, from)?.ok_or(Unreadable)?;
        Ok(Self {
            by: from.read_field("by")?,
            host: from.read_field("host")?,
            boot: from.read_field("boot")?,
            seen: from.read_field("seen")?,
            what,
        })
    }
}

impl Other {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
        self.fields.iter().try_for_each(|(name, json)| to.write_verbatim(name, json))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{MARK, every_fact};
    use super::{Fact, IncidentFact};

    #[test]
    fn the_samples_have_a_fact_of_every_kind() {
        let facts = every_fact();
        for kind in Fact::KINDS.iter().chain(IncidentFact::KINDS) {
            assert!(facts.iter().any(|fact| fact.kind() == *kind), "{kind} has no sample");
        }
    }

    #[test]
    fn no_text_of_any_fact_is_kept_from_the_masker() {
        for mut fact in every_fact() {
            let kind = fact.kind().to_owned();
            fact.rewrite_texts(&mut |text| text.contains(MARK).then(|| text.replace(MARK, "x")));
            let left = format!("{fact:?}");
            assert!(!left.contains(MARK), "{kind}: {left}");
        }
    }

    #[test]
    fn texts_without_a_secret_stay_as_they_are() {
        for fact in every_fact() {
            let mut same = fact.clone();
            same.rewrite_texts(&mut |_| None);
            assert_eq!(same, fact);
        }
    }
}
