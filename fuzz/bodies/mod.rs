//! What is fuzzed, each over any bytes: no panic, no hang, and the facts that must hold whatever comes.

use runbook::document::Runbook;
use runbook::ident::Digest;
use runbook::interpolate;
use runbook::journal::JournalReader;
use runbook::mask::Masker;
use runbook::plan::{Gate, Planner, Values};
use runbook::recorder::protocol::{Decoder, ProtocolError, WireReply, WireRequest, encode_frame};
use runbook::shell;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::path::Path;
use std::sync::LazyLock;

/// What is done with an input.
pub type Body = fn(&[u8]);

/// A target's name and its body.
pub const TARGETS: &[(&str, Body)] = &[
    ("document", document),
    ("splitter", splitter),
    ("masker", masker),
    ("protocol", protocol),
    ("journal", journal),
    ("placing", placing),
];

/// A document, the plan of the whole of it, and what stands before each of its commands.
pub fn document(bytes: &[u8]) {
    let runbook = Runbook::parse_bytes(bytes);
    let is_file = |_: &str| false;
    let Ok(selected) = runbook.select_section("") else { return };
    let plan = Planner::new(&runbook, &is_file).plan_section(selected.section);
    let places = plan.reachable_steps();
    assert!(places.iter().all(|&place| place < plan.steps.len()));
    let values = Values::new();
    for step in places.iter().filter_map(|&place| plan.steps.get(place)) {
        for command in &step.commands {
            if let Ok(runnable) = command.bind_values(&values) {
                drop(Gate::for_text(step, runnable.text(), "db1", &runbook::shell::ShellDefinitions::default()));
            }
        }
    }
}

/// A cell's text into its commands, in order, none of them overlapping.
pub fn splitter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut next = 0;
    for part in shell::split_commands(&text) {
        let (first, last) = match &part {
            shell::ShellPart::Comment(comment) => (comment.line, comment.line),
            shell::ShellPart::Command(command) => (command.lines.first, command.lines.last),
            shell::ShellPart::NotShell(other) => (other.lines.first, other.lines.last),
        };
        assert!(next <= first && first <= last);
        next = last + 1;
    }
}

static MASKER: LazyLock<Masker> = LazyLock::new(|| {
    let mut masker = Masker::new();
    let secrets: [(&str, &[u8]); 3] = [("a", b"hunter22"), ("b", b"two\nlines of it"), ("c", b"r22hunt\x1be")];
    assert!(masker.add_secrets(secrets).is_empty());
    masker
});

/// A stream with secrets in it: however it is cut, the same comes out, and no secret does.
pub fn masker(bytes: &[u8]) {
    let mut stream = MASKER.start_stream();
    let mut whole = Vec::new();
    stream.push_bytes(bytes, &mut whole);
    stream.finish_stream(&mut whole);
    for cut in [1, usize::from(bytes.first().copied().unwrap_or(7)).max(2)] {
        let mut pieces = Vec::new();
        for piece in bytes.chunks(cut) {
            stream.push_bytes(piece, &mut pieces);
        }
        stream.finish_stream(&mut pieces);
        assert_eq!(whole, pieces, "cut every {cut}");
    }
    for secret in [b"hunter22".as_slice(), b"68756e7465723232", b"aHVudGVyMj", b"two\nlines of it"] {
        assert!(!whole.windows(secret.len()).any(|part| part == secret));
    }
}

/// What a client may send to a recorder, and a recorder to a client; what is understood is sent as it came.
pub fn protocol(bytes: &[u8]) {
    decode::<WireRequest>(bytes);
    decode::<WireReply>(bytes);
}

fn decode<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    let mut decoder = Decoder::<T>::default();
    for piece in bytes.chunks(7) {
        decoder.push_bytes(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => {
                    let mut again = Vec::new();
                    if encode_frame(&frame.message, &frame.blob, &mut again).is_ok() {
                        let mut decoder = Decoder::<T>::default();
                        decoder.push_bytes(&again);
                        let read = decoder.next_frame().ok().flatten().map(|frame| (frame.message, frame.blob));
                        assert_eq!(read, Some((frame.message, frame.blob)));
                    }
                }
                Ok(None) => break,
                Err(ProtocolError::TooLarge(_) | ProtocolError::Malformed(_)) => return,
            }
        }
    }
}

/// A journal: read and merely checked, it is the same. Once as it is, once with its hashes made right, so that what is
/// behind them is reached too.
pub fn journal(bytes: &[u8]) {
    read_journal(bytes);
    read_journal(&with_right_hashes(bytes));
}

fn read_journal(bytes: &[u8]) {
    let path = Path::new("journal.jsonl");
    let read = JournalReader::new(bytes, path).map(|reader| reader.map_while(Result::ok).count());
    let checked = JournalReader::new(bytes, path).map(|mut reader| {
        let mut count = 0;
        while let Ok(Some(_)) = reader.verify_next() {
            count += 1;
        }
        count
    });
    match (read, checked) {
        (Ok(read), Ok(checked)) => assert!(read <= checked),
        (read, checked) => assert_eq!(read.is_ok(), checked.is_ok()),
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|part| part == what)
}

/// Puts digits behind the first mark.
fn put(line: &mut [u8], mark: &[u8], digest: &Digest) {
    let Some(at) = find(line, mark).map(|at| at + mark.len()) else { return };
    if let Some(place) = line.get_mut(at..at + 64) {
        place.copy_from_slice(digest.to_string().as_bytes());
    }
}

fn with_right_hashes(bytes: &[u8]) -> Vec<u8> {
    const HASH: &[u8] = b",\"hash\":\"";
    const PAYLOAD: &[u8] = b",\"payload\":";
    let mut out = Vec::with_capacity(bytes.len());
    let mut prev: Option<Digest> = None;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let mut line = line.to_vec();
        if let (Some(salt), Some(payload)) = (find(&line, b"\"salt\":\""), find(&line, PAYLOAD)) {
            let salt = line.get(salt + 8..salt + 40).unwrap_or_default().to_vec();
            let end = line.len().saturating_sub(2);
            let payload = line.get(payload + PAYLOAD.len()..end).unwrap_or_default().to_vec();
            put(&mut line, b"\"digest\":\"", &Digest::of_parts(&[&salt, &payload]));
        }
        if let Some(prev) = &prev {
            put(&mut line, b"\"prev\":\"", prev);
        }
        if let Some(at) = find(&line, HASH) {
            let hash = Digest::of_bytes(line.get(..at + HASH.len()).unwrap_or_default());
            put(&mut line, HASH, &hash);
            prev = Some(hash);
        }
        out.extend_from_slice(&line);
    }
    out
}

/// A value into one complete command: what is before the first newline, in the place of the first `@`. It stays one.
pub fn placing(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (value, text) = text.split_once('\n').unwrap_or(("value", &text));
    let Some(at) = text.find('@') else { return };
    for (filter, by) in [
        (interpolate::Filter::None, interpolate::Delivery::Text),
        (interpolate::Filter::Sh, interpolate::Delivery::Text),
        (interpolate::Filter::Sql, interpolate::Delivery::Text),
        (interpolate::Filter::None, interpolate::Delivery::Variable("VALUE")),
    ] {
        let fill = interpolate::Substitution { span: at..at + 1, value, filter, by };
        match interpolate::interpolate_values(text, &[fill]) {
            Ok(placed) if is_one_command(text) => assert!(is_one_command(&placed), "{placed:?}"),
            _ => {}
        }
    }
}

fn is_one_command(text: &str) -> bool {
    matches!(shell::split_commands(text).as_slice(), [shell::ShellPart::Command(_)])
}
