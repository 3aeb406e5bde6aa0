//! What is fuzzed, each over any bytes: no panic, no hang, and the facts that must hold whatever comes.

use runbook::document::Runbook;
use runbook::journal::Reader;
use runbook::mask::Masker;
use runbook::plan::Planner;
use runbook::recorder::protocol::{Decoder, Reply, Request};
use runbook::shell;
use std::path::Path;

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

/// A document, and the plan of the whole of it.
pub fn document(bytes: &[u8]) {
    let runbook = Runbook::parse(bytes);
    let is_file = |_: &str| false;
    if let Ok(selected) = runbook.select("") {
        let plan = Planner::new(&runbook, &is_file).plan(selected.section);
        assert!(plan.reachable().iter().all(|&place| place < plan.steps.len()));
    }
}

/// A cell's text into its commands.
pub fn splitter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    drop(shell::split(&text));
}

/// A stream with secrets in it: however it is cut, the same comes out, and no secret does.
pub fn masker(bytes: &[u8]) {
    let mut masker = Masker::new();
    drop(masker.add("a", b"hunter22"));
    drop(masker.add("b", b"two\nlines of it"));
    let cut = usize::from(bytes.first().copied().unwrap_or(1)).max(1);
    let mut whole = Vec::new();
    let mut stream = masker.stream();
    stream.push(bytes, &mut whole);
    stream.finish(&mut whole);
    let mut pieces = Vec::new();
    for piece in bytes.chunks(cut) {
        stream.push(piece, &mut pieces);
    }
    stream.finish(&mut pieces);
    assert_eq!(whole, pieces);
    assert!(!whole.windows(8).any(|part| part == b"hunter22"));
}

/// What a client may send to a recorder, and a recorder to a client.
pub fn protocol(bytes: &[u8]) {
    let (mut requests, mut replies) = (Decoder::<Request>::default(), Decoder::<Reply>::default());
    for piece in bytes.chunks(7) {
        requests.push(piece);
        replies.push(piece);
        while let Ok(Some(_)) = requests.next_frame() {}
        while let Ok(Some(_)) = replies.next_frame() {}
    }
}

/// A journal: read and merely checked, it is the same.
pub fn journal(bytes: &[u8]) {
    let path = Path::new("journal.jsonl");
    let read = Reader::new(bytes, path).map(|reader| reader.map_while(Result::ok).count());
    let checked = Reader::new(bytes, path).map(|mut reader| {
        let mut count = 0;
        while let Ok(Some(_)) = reader.next_checked() {
            count += 1;
        }
        count
    });
    match (read, checked) {
        (Ok(read), Ok(checked)) => assert!(read <= checked),
        (read, checked) => assert_eq!(read.is_ok(), checked.is_ok()),
    }
}

/// A value into a text: what is before the first newline, in the place of the first `@`.
pub fn placing(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (value, text) = text.split_once('\n').unwrap_or(("value", &text));
    let Some(at) = text.find('@') else { return };
    let fill = shell::Fill { span: at..at + 1, value, filter: shell::Filter::None, by: shell::By::Text };
    drop(shell::place(text, &[fill]));
}
