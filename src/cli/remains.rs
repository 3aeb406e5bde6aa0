//! The places of a run's folder that still hold a text.
//!
//! Invariant: every file of the folder is searched, in every form in which programs print a secret. Refuses to know: how a place is
//! cleared.

use super::error::Failure;
use crate::history::{CommandSource, Event, Fact};
use crate::ident::{Digest, Seq};
use crate::journal::{Folder, JournalReader, Salts, search_events};
use crate::mask::Masker;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Text that takes the place of a removed one.
const REPLACEMENT: &[u8] = b"[redacted]";
/// Texts of an event that are shorter are not searched for: they stand in much that is no secret.
const MIN_EVENT_TEXT_BYTES: usize = 8;
/// Length from which a step id that was cut within a text counts as holding it.
const MIN_CUT_SLUG_BYTES: usize = 5;
const CHUNK_BYTES: usize = 256 << 10;

/// Texts that are to be removed from a run.
pub(super) struct SoughtText {
    masker: Masker,
    /// The texts as they stand in step ids and anchors.
    slugs: Vec<String>,
    is_empty: bool,
    /// True once a secret itself is searched for, and not only texts that may have one in them.
    is_exact: bool,
    /// Makes the names that replace step ids.
    salt: String,
}

impl SoughtText {
    /// The texts of events.
    pub(super) fn of_events(folder: &Folder, events: &BTreeSet<Seq>) -> io::Result<Self> {
        let salt = Salts::open_source()?.next_salt()?;
        let mut sought = Self { masker: Masker::new(), slugs: Vec::new(), is_empty: true, is_exact: false, salt };
        let Ok(reader) = JournalReader::open_journal(folder.folder_path()) else { return Ok(sought) };
        let mut texts = Vec::new();
        for event in reader.filter_map(Result::ok).filter(|event| events.contains(&event.seq)) {
            texts.extend(payload_texts(event));
        }
        sought.add_texts(texts.iter().map(|text| text.trim_ascii()).filter(|text| text.len() >= MIN_EVENT_TEXT_BYTES));
        Ok(sought)
    }

    /// Searches for a secret as well. Fails for one that stands in much ordinary text.
    pub(super) fn add_secret(&mut self, secret: &[u8]) -> Result<(), Failure> {
        self.is_exact = true;
        match self.add_texts([secret]).first() {
            Some(why) => Err(Failure::usage_error(why.clone())),
            None => Ok(()),
        }
    }

    /// Returns the reasons for texts that are not searched for.
    fn add_texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t [u8]>) -> Vec<String> {
        let texts: Vec<&[u8]> = texts.into_iter().collect();
        // No file has this label already.
        let label = format!("sought-{}", self.salt);
        let refused = self.masker.add_secrets(texts.iter().map(|text| (label.as_str(), *text)));
        let slugs = texts.iter().map(|text| slug_of(&String::from_utf8_lossy(text)));
        self.slugs.extend(slugs.filter(|slug| slug.len() >= MIN_CUT_SLUG_BYTES));
        self.is_empty = self.masker.secret_names().next().is_none();
        refused.iter().map(ToString::to_string).collect()
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        !self.is_empty && holds_secret(&self.masker, bytes)
    }

    fn is_in_file(&self, path: &Path) -> io::Result<bool> {
        if self.is_empty || !std::fs::metadata(path)?.is_file() {
            return Ok(false);
        }
        let mut file = std::fs::File::open(path)?;
        let (mut stream, mut shown, mut chunk) = (self.masker.start_stream(), Vec::new(), vec![0; CHUNK_BYTES]);
        loop {
            let count = file.read(&mut chunk)?;
            match count {
                0 => stream.finish_stream(&mut shown),
                count => stream.push_bytes(chunk.get(..count).unwrap_or_default(), &mut shown),
            }
            if has_label(&self.masker, &shown) {
                return Ok(true);
            }
            if count == 0 {
                return Ok(false);
            }
            // A label may be cut between two chunks.
            shown.drain(..shown.len().saturating_sub(256));
        }
    }

    /// The bytes with every form of the texts replaced.
    pub(super) fn replace_in(&self, bytes: &[u8]) -> Vec<u8> {
        let masked = self.masker.mask_bytes(bytes);
        let Some(name) = self.masker.secret_names().next() else { return masked.into_owned() };
        let label = format!("[masked:{name}]");
        let (mut out, mut rest) = (Vec::with_capacity(masked.len()), masked.as_ref());
        while let Some((before, after)) = split_at_text(rest, label.as_bytes()) {
            out.extend_from_slice(before);
            out.extend_from_slice(REPLACEMENT);
            rest = after;
        }
        out.extend_from_slice(rest);
        out
    }

    /// A name of the journal, such as a step id, with the texts replaced. None if they are not in it.
    pub(super) fn replace_name(&self, name: &str, text: &str) -> Option<String> {
        let slug = slug_of(text);
        // Ids are cut, so the end of one may be the beginning of a text.
        let (stem, _) = slug.rsplit_once('-').unwrap_or((&slug, ""));
        let is_cut = |sought: &String| {
            (MIN_CUT_SLUG_BYTES..=sought.len().min(stem.len()))
                .any(|length| sought.get(..length).is_some_and(|start| stem.ends_with(start)))
        };
        let is_slug = matches!(name, "step" | "next" | "procedure");
        if is_slug && self.slugs.iter().any(|sought| slug.contains(sought.as_str()) || is_cut(sought)) {
            // Ids stay apart. With the salt, nobody can confirm a guess of the text by them.
            let digest = Digest::of_parts(&[self.salt.as_bytes(), text.as_bytes()]).to_string();
            return Some(format!("redacted-{}", digest.get(..6).unwrap_or_default()));
        }
        self.is_in(text.as_bytes()).then(|| String::from_utf8_lossy(&self.replace_in(text.as_bytes())).into_owned())
    }
}

/// The bytes before and after the first occurrence of a text.
fn split_at_text<'b>(bytes: &'b [u8], text: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = bytes.windows(text.len().max(1)).position(|window| window == text)?;
    Some((bytes.get(..at)?, bytes.get(at + text.len()..)?))
}

/// The free texts of an event, and its output if that is in the event.
fn payload_texts(event: Event) -> Vec<Vec<u8>> {
    let texts: Vec<String> = match event.fact {
        Fact::CommandStarted(started) => {
            let original = match started.source {
                CommandSource::Edited(text) | CommandSource::Placed(text) | CommandSource::Sampled(text) => Some(text),
                CommandSource::Document | CommandSource::Own | CommandSource::Until => None,
            };
            original.into_iter().chain([started.text]).collect()
        }
        Fact::CommandFinished(finished) => return finished.output.inline.into_iter().collect(),
        Fact::StepEntered(entered) => std::iter::once(entered.title).chain(entered.headings).collect(),
        Fact::InputGiven(input) => vec![input.value],
        Fact::Decided(decided) => vec![decided.reason],
        Fact::NoteAdded(note) => vec![note.text],
        Fact::MessageFilled(message) => vec![message.text],
        Fact::ChoiceMade(choice) => choice.option.into_iter().chain([choice.question]).collect(),
        Fact::StateLost(lost) => vec![lost.what],
        Fact::LeftRunning(left) => left.processes,
        Fact::RunStarted(started) => started.flags,
        _ => Vec::new(),
    };
    texts.into_iter().map(String::into_bytes).collect()
}

/// The text in the form in which step ids and anchors have it.
fn slug_of(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}

/// Places of a run's folder that hold a text.
#[derive(Default)]
pub(super) struct Remains {
    /// Events whose payload or output holds it.
    pub(super) events: BTreeSet<Seq>,
    /// Number of events that have it in a name, such as a step id.
    names: usize,
    pub(super) is_in_document: bool,
    is_in_transcript: bool,
    /// Words for the snapshot; none if there is none, or if it does not hold the text.
    snapshot: Option<&'static str>,
    /// Other files of the folder.
    others: Vec<PathBuf>,
}

impl Remains {
    /// Searches the folder of a run. The payloads of `dropped` do not count. Fails when a file cannot be read.
    pub(super) fn find_in_run(folder: &Folder, sought: &SoughtText, dropped: &BTreeSet<Seq>) -> io::Result<Self> {
        let mut found = Self::default();
        search_events(folder, &|name, text| sought.replace_name(name, text), &mut |seq, is_in_names, payload| {
            found.names += usize::from(is_in_names);
            if sought.is_in(payload) && !dropped.contains(&seq) {
                found.events.insert(seq);
            }
        })?;
        let reader = JournalReader::open_journal(folder.folder_path()).map_err(io::Error::other)?;
        for event in reader.filter_map(Result::ok) {
            let Fact::CommandFinished(finished) = &event.fact else { continue };
            let path = folder.output_path(finished.started);
            if !dropped.contains(&event.seq) && path.exists() && sought.is_in_file(&path)? {
                found.events.insert(event.seq);
            }
        }
        found.snapshot = match sought.is_in_file(&folder.snapshot_path()) {
            Ok(true) => Some("snapshot"),
            // A part of an event's text may be the value of a variable.
            Ok(false) if !sought.is_exact => Some("snapshot, which may hold it as a variable's value"),
            _ => None,
        };
        found.is_in_document = folder.document_path().exists() && sought.is_in_file(&folder.document_path())?;
        found.is_in_transcript = folder.transcript_path().exists() && sought.is_in_file(&folder.transcript_path())?;
        let known = [folder.journal_path(), folder.snapshot_path(), folder.document_path(), folder.transcript_path()];
        for entry in std::fs::read_dir(folder.folder_path())? {
            let path = entry?.path();
            if !known.contains(&path) && path.is_file() && sought.is_in_file(&path)? {
                found.others.push(path);
            }
        }
        Ok(found)
    }

    /// True if the snapshot holds the text, or may hold it.
    pub(super) fn has_snapshot(&self) -> bool {
        self.snapshot.is_some()
    }

    /// True if no place that can be cleared holds the text.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.names == 0 && !self.is_in_document && self.snapshot.is_none()
    }

    /// Describes what a redaction of these events would remove.
    pub(super) fn describe_plan(&self, events: &BTreeSet<Seq>, everywhere: bool) -> Vec<String> {
        let mut lines = Vec::new();
        if !events.is_empty() {
            lines.push(format!("would drop the text of event {}, and its output", list_numbers(events)));
        }
        let verb = if everywhere { "would clear" } else { "would leave" };
        if !everywhere && self.events.iter().any(|seq| !events.contains(seq)) {
            let others = self.events.iter().filter(|seq| !events.contains(seq)).copied().collect();
            lines.push(format!("{verb}: event {}, which has the same text", list_numbers(&others)));
        }
        lines.extend(self.describe_places().into_iter().map(|place| format!("{verb}: {place}")));
        if !events.is_empty() || (everywhere && !self.is_empty()) || self.is_in_transcript {
            lines.push("would write anew: transcript.md".to_owned());
        }
        lines.extend(self.others.iter().map(|path| format!("would leave: {}", path.display())));
        lines.push("nothing was changed".to_owned());
        lines
    }

    /// Describes where a text still is after a redaction. `none` says that it is nowhere.
    pub(super) fn describe_rest(&self, folder: &Folder, none: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.events.is_empty() {
            lines.push(format!("the same text is still in event {}", list_numbers(&self.events)));
        }
        lines.extend(self.describe_places().into_iter().map(|place| format!("still there: {place}")));
        let can_clear = !lines.is_empty();
        lines.extend(self.others.iter().map(|path| format!("left as it is, and has the text: {}", path.display())));
        if lines.is_empty() {
            lines.push(none.to_owned());
        }
        if can_clear {
            lines.push(format!(
                "`runbook redact {} --secret --everywhere` asks for the text and clears all of these",
                folder.run_id()
            ));
        }
        lines
    }

    fn describe_places(&self) -> Vec<String> {
        let mut places = Vec::new();
        if self.names > 0 {
            places.push(format!("step ids and other names in {} events of journal.jsonl", self.names));
        }
        if self.is_in_document {
            places.push("runbook.md".to_owned());
        }
        places.extend(self.snapshot.map(str::to_owned));
        places
    }
}

fn list_numbers(events: &BTreeSet<Seq>) -> String {
    events.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Numbers of the events whose journal lines hold a secret of the masker.
pub(super) fn events_with_secret(folder: &Folder, masker: &Masker) -> Vec<usize> {
    let journal = std::fs::read(folder.journal_path()).unwrap_or_default();
    let lines = journal.split(|&byte| byte == b'\n').enumerate().skip(1);
    lines.filter(|(_, line)| holds_secret(masker, line)).map(|(seq, _)| seq).collect()
}

/// True if bytes hold a secret of the masker, in any form.
pub(super) fn holds_secret(masker: &Masker, bytes: &[u8]) -> bool {
    let Cow::Owned(hidden) = masker.mask_bytes(bytes) else { return false };
    has_label(masker, &hidden)
}

/// True if masked bytes have the label of a secret.
fn has_label(masker: &Masker, hidden: &[u8]) -> bool {
    let hidden = String::from_utf8_lossy(hidden);
    masker.secret_names().any(|name| hidden.contains(&format!("[masked:{name}]")))
}
