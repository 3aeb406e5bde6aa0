//! Parts of facts whose form in the record is not one field for one value.
//!
//! Invariant: as in [`fields`](super::fields): names and words once used keep their meaning, and free text is payload.

use super::fact::CommandSource;
use super::outcome::{Answer, Answers, Outcome};
use super::output::Captured;
use super::record::{FieldReader, FieldWriter, Fields, Read, Unreadable};
use super::runbook_identity::RunbookIdentity;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// The document of an incident's rules: it may be missing, and the word `title` is taken by the incident's own.
impl Fields for Option<RunbookIdentity> {
    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
        let Some(runbook) = self else { return Ok(()) };
        to.write_field("path", &runbook.path)?;
        to.write_field("runbook_digest", &runbook.digest)?;
        to.write_optional("git_commit", runbook.git_commit.as_ref())?;
        to.write_field("git_modified", &runbook.git_modified)?;
        to.write_text("runbook_title", &runbook.title)
    }

    fn read_fields<R: FieldReader>(from: &mut R) -> Read<Self> {
        let Some(path) = from.read_optional("path")? else { return Ok(None) };
        Ok(Some(RunbookIdentity {
            path,
            title: from.read_optional_text("runbook_title")?.unwrap_or_default(),
            digest: from.read_field("runbook_digest")?,
            git_commit: from.read_optional("git_commit")?,
            git_modified: from.read_field("git_modified")?,
        }))
    }
}

impl Fields for CommandSource {
    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
        let (word, original) = match self {
            Self::Document => ("document", None),
            Self::Edited(original) => ("edited", Some(original)),
            Self::Placed(original) => ("placed", Some(original)),
            Self::Own => ("own", None),
            Self::Until => ("until", None),
            Self::Sampled(original) => ("sampled", Some(original)),
        };
        to.write_field("source", word)?;
        to.write_optional_text("original", original.map(String::as_str))
    }

    fn read_fields<R: FieldReader>(from: &mut R) -> Read<Self> {
        Ok(match from.read_keyword("source")? {
            "document" => Self::Document,
            "edited" => Self::Edited(from.read_text("original")?),
            "placed" => Self::Placed(from.read_text("original")?),
            "own" => Self::Own,
            "until" => Self::Until,
            "sampled" => Self::Sampled(from.read_text("original")?),
            _ => return Err(Unreadable),
        })
    }
}

impl Fields for Answers {
    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
        to.write_field("answers", &RecordedAnswers(&self.0))
    }

    fn read_fields<R: FieldReader>(from: &mut R) -> Read<Self> {
        from.read_field("answers")
    }
}

/// Answers as they are recorded. They differ from their own `Serialize` in that `only_if_printed` is left out when it is
/// none.
struct RecordedAnswers<'a>(&'a [Vec<Answer>]);
struct RecordedMember<'a>(&'a [Answer]);
struct RecordedAnswer<'a>(&'a Answer);

impl Serialize for RecordedAnswers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|member| RecordedMember(member)))
    }
}

impl Serialize for RecordedMember<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(RecordedAnswer))
    }
}

impl Serialize for RecordedAnswer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Answer { status, meaning, only_if_printed } = self.0;
        let mut members = serializer.serialize_struct("Answer", 2 + usize::from(only_if_printed.is_some()))?;
        members.serialize_field("status", status)?;
        members.serialize_field("meaning", meaning)?;
        if let Some(text) = only_if_printed {
            members.serialize_field("only_if_printed", text)?;
        }
        members.end()
    }
}

impl Fields for Outcome {
    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
        let word = match self {
            Self::Succeeded => "succeeded",
            Self::Negative(_) => "negative",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::EndedByOperator => "ended-by-operator",
            Self::EndedByTime => "ended-by-time",
            Self::TimedOut => "timed-out",
            Self::Suspended => "suspended",
            Self::Exited => "exited",
            Self::ShellEnded => "shell-ended",
            Self::Unknown => "unknown",
        };
        to.write_field("outcome", word)?;
        if let Self::Negative(meaning) = self { to.write_field("meaning", meaning) } else { Ok(()) }
    }

    fn read_fields<R: FieldReader>(from: &mut R) -> Read<Self> {
        Ok(match from.read_keyword("outcome")? {
            "succeeded" => Self::Succeeded,
            "negative" => Self::Negative(from.read_field("meaning")?),
            "failed" => Self::Failed,
            "interrupted" => Self::Interrupted,
            "ended-by-operator" => Self::EndedByOperator,
            "ended-by-time" => Self::EndedByTime,
            "timed-out" => Self::TimedOut,
            "suspended" => Self::Suspended,
            "exited" => Self::Exited,
            "shell-ended" => Self::ShellEnded,
            "unknown" => Self::Unknown,
            _ => return Err(Unreadable),
        })
    }
}

impl Fields for Captured {
    fn write_fields<W: FieldWriter>(&self, to: &mut W) -> Result<(), W::Error> {
        to.write_field("length_bytes", &self.length_bytes)?;
        to.write_field("kept_bytes", &self.kept_bytes)?;
        to.write_field("output_digest", &self.digest)?;
        to.write_optional("all_digest", self.all_digest.as_ref())?;
        // Payload, because a short output could be guessed from its digest by whoever still has the salt.
        to.write_text("output_salt", &self.salt)?;
        self.inline.as_ref().map_or(Ok(()), |bytes| to.write_bytes("output", "output_hex", bytes))
    }

    fn read_fields<R: FieldReader>(from: &mut R) -> Read<Self> {
        Ok(Self {
            length_bytes: from.read_field("length_bytes")?,
            kept_bytes: from.read_field("kept_bytes")?,
            digest: from.read_field("output_digest")?,
            all_digest: from.read_optional("all_digest")?,
            salt: from.read_text_or_empty("output_salt")?,
            inline: from.read_bytes("output", "output_hex")?,
        })
    }
}
