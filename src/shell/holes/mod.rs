//! Placeholders in documents that were written for people.
//!
//! `<pod-name>` is certain, since bash reads it as a redirection. The other kinds are doubtful: they are also words, and
//! are offered, never insisted on.
//!
//! Invariant: lexical, total and linear; the places are in order and do not overlap; nothing in a comment, in `$name`, or
//! in a command's name is taken. Refuses to know: which names a document sets.

mod kind;
mod lexed;
mod prompt;
mod stand_ins;
mod vocabulary;

use self::lexed::{LexedText, Word};
use self::vocabulary as words;
use super::parse::masking::MaskedText;
pub use kind::HoleKind;
pub use prompt::prompt_length;
use std::ops::Range;

/// A placeholder in a command's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Byte range in the text, brackets included.
    pub span: Range<usize>,
    /// Name of the value: `pod-name` for `<pod-name>`.
    pub name: String,
    /// Notation of the hole.
    pub kind: HoleKind,
}

/// The most holes looked for in one text.
const MOST_HOLES: usize = 10_000;
/// The most bytes looked at for one of them.
const REACH_BYTES: usize = 400;

/// Finds the placeholders in a command's text, in order.
pub fn find_holes(text: &str) -> Vec<Hole> {
    // A tree of folders or a bullet that was pasted: no command begins so.
    if text.trim_start().starts_with(|c: char| !c.is_ascii() && !c.is_alphanumeric()) {
        return Vec::new();
    }
    let masked = MaskedText::new(text);
    let lexed = LexedText::new(text);
    let mut found = HoleFinder { text, out: Vec::new() };
    let angles: Vec<Range<usize>> =
        masked.placeholder_spans().filter(|span| !lexed.is_comment_at(span.start)).collect();
    for span in &angles {
        let name = text.get(span.start + 1..span.end - 1).unwrap_or("").trim().to_owned();
        found.push_hole(span.clone(), name, HoleKind::Angle);
    }
    let mut next = angles.iter().peekable();
    for word in lexed.split_words() {
        if found.out.len() > MOST_HOLES {
            break;
        }
        while next.next_if(|span| span.end <= word.span.start).is_some() {}
        let mut ahead = next.clone();
        found.inspect_word(&word, &mut ahead);
    }
    let mut out = found.out;
    out.sort_by_key(|hole| hole.span.start);
    out.dedup_by(|b, a| b.span.start < a.span.end);
    out
}

struct HoleFinder<'a> {
    text: &'a str,
    out: Vec<Hole>,
}

impl<'a> HoleFinder<'a> {
    fn text_of(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or("")
    }

    /// Rest of the line behind an offset, at most [`REACH_BYTES`] bytes.
    fn rest_of_line(&self, at: usize) -> &'a str {
        let end = (at..=(at + REACH_BYTES).min(self.text.len())).rev().find(|end| self.text.is_char_boundary(*end));
        let near = end.and_then(|end| self.text.get(at..end)).unwrap_or("");
        near.split('\n').next().unwrap_or(near)
    }

    fn push_hole(&mut self, span: Range<usize>, name: String, kind: HoleKind) {
        if !name.is_empty() {
            self.out.push(Hole { span, name, kind });
        }
    }

    fn inspect_word<'s>(
        &mut self,
        word: &Word,
        angles: &mut std::iter::Peekable<impl Iterator<Item = &'s Range<usize>>>,
    ) {
        let program = self.text_of(&word.program);
        // A line of output that was pasted begins like a sentence, or with a label.
        if program.starts_with(|c: char| c.is_uppercase()) || program.ends_with(':') {
            return;
        }
        let text = self.text_of(&word.span);
        let inner = text.trim_matches(['"', '\'']);
        if let Some(span) = self.find_elision(word, text, inner) {
            return self.push_hole(span, "...".to_owned(), HoleKind::Elision);
        }
        let scene = WordContext::for_word(self, word, inner);
        let mut at = word.span.start;
        while at < word.span.end {
            let rest = self.text.get(at..word.span.end).unwrap_or("");
            let Some(c) = rest.chars().next() else { break };
            while angles.next_if(|span| span.end <= at).is_some() {}
            if let Some(span) = angles.peek().filter(|span| span.contains(&at)) {
                at = span.end;
                continue;
            }
            if let Some(hole) = self.out.last().filter(|hole| hole.kind != HoleKind::Angle && hole.span.contains(&at)) {
                at = hole.span.end;
                continue;
            }
            let before = self.text.get(word.span.start..at).and_then(|text| text.chars().next_back());
            // What stands in brackets may go on in the next words.
            let line = || self.rest_of_line(at);
            let found = match c {
                '[' => bracket_hole(line(), before, &scene).map(|(len, name)| (0, len, name, HoleKind::Bracket)),
                '{' => brace_hole(line(), before, &scene).map(|(len, name)| (0, len, name, HoleKind::Brace)),
                _ if c.is_alphanumeric() && !before.is_some_and(|b| b.is_alphanumeric() || b == '_') => {
                    hole_at_letter(rest, before, &scene)
                }
                _ => None,
            };
            let found = found.or_else(|| {
                let above = self.text.get(word.span.start..at).unwrap_or("");
                let aside = scene.first || scene.heredoc;
                let (len, name, kind) = stand_ins::find_stand_in(&stand_ins::WordStart { rest, above, aside })?;
                Some((0, len, name, kind))
            });
            match found {
                Some((skip, len, name, kind)) => {
                    self.push_hole(at + skip..at + skip + len, name, kind);
                    at += skip + len;
                }
                None if c.is_alphanumeric() => {
                    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                    at += end.max(c.len_utf8());
                }
                // `$NAME` and `${…}` are the shell's; `{{ … }}` is somebody's.
                None if c == '$' => at += 1 + expansion_length(rest.get(1..).unwrap_or("")),
                None if rest.starts_with("{{") => at += self.rest_of_line(at).find("}}").map_or(2, |end| end + 2),
                None => at += c.len_utf8(),
            }
        }
    }

    /// `...` as a word, or as a value.
    fn find_elision(&self, word: &Word, text: &str, inner: &str) -> Option<Range<usize>> {
        let dots = |text: &str| matches!(text, "..." | "…");
        if word.heredoc {
            return None;
        }
        let value = text.split_once('=').map_or("", |(_, value)| value).trim_matches(['"', '\'']);
        let after = self.rest_of_line(word.span.end).trim_start();
        let last = after.is_empty() || after.starts_with(['|', ';', ')', '&', '\\', '#']);
        let inner = if last { inner } else { "" };
        let found = if dots(value) { value } else { Some(inner).filter(|inner| dots(inner) && !word.first)? };
        let start = word.span.start + text.rfind(found)?;
        Some(start..start + found.len())
    }
}

/// How long a name, `{…}` behind a dollar is.
fn expansion_length(rest: &str) -> usize {
    match rest.chars().next() {
        Some('{') => rest.find('}').map_or(1, |end| end + 1),
        Some('(') => 1,
        _ => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
    }
}

/// The surroundings of a word: its program, its option, its position.
#[expect(clippy::struct_excessive_bools, reason = "what is known of a word, each independent of the others")]
struct WordContext<'a> {
    program: &'a str,
    before: &'a str,
    /// The word without the quotes around it.
    inner: &'a str,
    /// It is a text of several words in quotes.
    prose: bool,
    /// It is read by something that has uses of its own for brackets and capitals.
    code: bool,
    first: bool,
    heredoc: bool,
}

impl<'a> WordContext<'a> {
    fn for_word(finder: &HoleFinder<'a>, word: &Word, inner: &'a str) -> Self {
        let program = lexed::base_name(finder.text_of(&word.program));
        let before = finder.text_of(&word.before);
        let code = words::CODE_PROGRAMS.contains(&program)
            || matches!(before, "-c" | "--eval" | "-e" | "--jsonpath" | "--format" | "-o")
            || inner.contains("SELECT ")
            || inner.contains("=>");
        let prose = inner.contains([' ', '\n']);
        Self { program, before, inner, prose, code, first: word.first, heredoc: word.heredoc }
    }
}

/// The text up to a closing sign, if it is a name or words: its characters, and what stands behind it.
fn text_until_close(rest: &str, close: char) -> Option<(&str, Option<char>)> {
    let inner = rest.get(1..)?;
    let fits = |c: char| c.is_alphanumeric() || "_- .,/'".contains(c);
    let (end, last) = inner.char_indices().take(80).find(|(_, c)| !fits(*c))?;
    let name = inner.get(..end)?;
    let named = name.starts_with(char::is_alphabetic) && !name.ends_with([' ', '-', '.', '/']) && name.len() >= 2;
    (last == close && named).then_some((name, inner.get(end + close.len_utf8()..)?.chars().next()))
}

/// Several words, as a person writes them.
fn is_phrase(name: &str) -> bool {
    name.contains(' ') && name.split(' ').filter(|word| word.chars().all(char::is_alphabetic)).count() >= 2
}

/// `[DATASET]`, `[pod-name]`, `[container ID for postgres]`.
fn bracket_hole(rest: &str, before: Option<char>, scene: &WordContext<'_>) -> Option<(usize, String)> {
    let (name, behind) = text_until_close(rest, ']')?;
    let starts = before.is_none_or(|c| "\"'/=:@.-_".contains(c));
    let stops = behind.is_none_or(|c| c.is_whitespace() || "\"'/:@.,-_;|)".contains(c));
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let lower = name.chars().any(|c| c.is_ascii_lowercase());
    let capitals = plain && name.chars().any(|c| c.is_ascii_uppercase()) && !lower;
    let worded = plain && name.len() >= 4 && name.contains(['-', '_']);
    let named = ((capitals || worded) && !is_character_class(name)) || is_phrase(name);
    let loose = scene.prose && !scene.inner.starts_with('[');
    let fits = starts && stops && named && !loose && !scene.code && !scene.first && !scene.heredoc;
    (fits && !words::PATTERN_PROGRAMS.contains(&scene.program)).then(|| (name.len() + 2, name.to_owned()))
}

/// `[a-z]`, `[A-Za-z0-9_]`: ranges between signs of one kind.
fn is_character_class(name: &str) -> bool {
    let range = |w: &[u8]| matches!(w, [a, b'-', b] if a < b && a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric());
    name.len() <= 12 && name.len() % 3 != 2 && name.as_bytes().chunks(3).next().is_some_and(range)
}

/// `{commit}`, `projects/{project_id}`, `{{NAMESPACE}}`.
fn brace_hole(rest: &str, before: Option<char>, scene: &WordContext<'_>) -> Option<(usize, String)> {
    if let Some(inner) = rest.strip_prefix("{{") {
        let name = inner.split_once("}}")?.0;
        // `{{REV - 1}}`
        let word = name.split([' ', '+', '-']).next().filter(|_| name.trim_start() == name).unwrap_or(name);
        let sum = name.get(word.len()..).unwrap_or_default().trim().strip_prefix(['+', '-']).map(str::trim);
        let word =
            if sum.is_some_and(|sum| !sum.is_empty() && sum.bytes().all(|b| b.is_ascii_digit())) { word } else { name };
        let plain =
            !word.is_empty() && word.trim().chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let bare =
            plain && !scene.prose && !scene.code && !scene.heredoc && before != Some('$') && name.trim().len() >= 2;
        return bare.then(|| (name.len() + 4, name.trim().to_owned()));
    }
    let (name, behind) = text_until_close(rest, '}')?;
    let starts = before.is_none_or(|c| "\"'/=:.-_,".contains(c) || c.is_ascii_alphanumeric());
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let own = matches!(name, "range" | "end" | "print" | "next" | "exit" | "else" | "upstream" | "u" | "push");
    let loose = scene.prose && !before.is_some_and(|c| "/=-_.".contains(c));
    let named = (plain && !own) || is_phrase(name);
    let fits = starts && named && behind != Some('}') && !scene.code && !scene.first && !scene.heredoc && !loose;
    (fits && !words::PATTERN_PROGRAMS.contains(&scene.program)).then(|| (name.len() + 2, name.to_owned()))
}

/// Finds a hole at a letter or digit: bytes before it, length, name and kind.
fn hole_at_letter(
    rest: &str,
    before: Option<char>,
    scene: &WordContext<'_>,
) -> Option<(usize, usize, String, HoleKind)> {
    let run = |more: &str| rest.find(|c: char| !(c.is_ascii_alphanumeric() || more.contains(c))).unwrap_or(rest.len());
    let whole = |len: usize, kind: HoleKind| Some((0, len, rest.get(..len)?.to_owned(), kind));
    let dotted = rest.get(..run("_-."))?.trim_end_matches(['.', '-']);
    // `env.example` is a file.
    let file = dotted.ends_with(".example") && !scene.inner.contains(['/', '@', ':']);
    if is_example_host(dotted) && !file && !scene.first && before != Some('$') {
        return whole(dotted.len(), HoleKind::Host);
    }
    let dashed = rest.get(..run("_-"))?.trim_end_matches('-');
    if is_your_phrase(dashed) && !scene.first {
        return whole(dashed.len(), HoleKind::Your);
    }
    if is_filler_value(dashed, before, scene) {
        return whole(dashed.len(), HoleKind::Filler);
    }
    let plain = rest.get(..run("_"))?;
    if scene.heredoc || scene.first || dashed.len() > 128 {
        return None;
    }
    hole_in_capitals(rest, plain, dashed, before, scene)
}

fn is_example_host(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if !lower.contains('.') {
        return false;
    }
    words::EXAMPLE_HOSTS.iter().any(|host| {
        lower.strip_suffix(host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.') || host.starts_with('.'))
    }) || lower.split('.').any(|label| {
        let own = ["your", "my"]
            .iter()
            .find_map(|own| label.strip_prefix(own))
            .map(|rest| rest.trim_start_matches(['-', '_']));
        own.is_some_and(|rest| matches!(rest, "domain" | "company" | "site" | "server" | "host" | "org" | "website"))
    })
}

fn is_your_phrase(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let named = lower.strip_prefix("your").or_else(|| lower.strip_prefix("<your"));
    named.is_some_and(|rest| rest.starts_with(['-', '_']) && rest.len() > 2)
}

fn is_filler_value(text: &str, before: Option<char>, scene: &WordContext<'_>) -> bool {
    let longest = |x: char| text.split(|c| c != x).map(str::len).max().unwrap_or(0);
    let run = longest('x').max(longest('X'));
    // Between letters it is a word of some language, not a gap.
    let apart = text.split(['-', '_']).any(|part| {
        let rest = part.trim_matches(['x', 'X']);
        part.len() - rest.len() >= 3 && rest.chars().all(|c| c.is_ascii_digit())
    });
    let template = scene.program == "mktemp" || (before == Some('.') && run >= 6 && text.contains("XXXXXX"));
    run >= 3 && apart && !template && before != Some('-') && before != Some('\\')
}

/// `DB_NAME` as a word or a part of one, `TIMESTAMP` in `backup_TIMESTAMP.sql`.
fn hole_in_capitals(
    rest: &str,
    plain: &str,
    dashed: &str,
    before: Option<char>,
    scene: &WordContext<'_>,
) -> Option<(usize, usize, String, HoleKind)> {
    let is_capitals = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.len() >= 2
            && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
    };
    let behind = |len: usize| rest.get(len..).and_then(|rest| rest.chars().next());
    let names_variables = words::NAMING_PROGRAMS.contains(&scene.program)
        || matches!(
            scene.before,
            "-e" | "--env" | "--build-arg" | "-v" | "--from-literal" | "-X" | "-s" | "--signal" | "for" | "select"
        );
    if names_variables || words::PATTERN_PROGRAMS.contains(&scene.program) || before == Some('%') {
        return None;
    }
    let word = if is_capitals(dashed) && dashed.contains('-') { dashed } else { plain };
    if is_capitals(word) {
        let next = behind(word.len());
        let key =
            next == Some('=') || (next == Some(':') && behind(word.len() + 1).is_none_or(|c| c == ' ' || c == '.'));
        let called = before == Some('(') && next == Some(')');
        let quoted = before == Some('\'') && next == Some('\'');
        let joined = before.is_some_and(|c| "/=:@.,".contains(c)) || next.is_some_and(|c| "/:@.".contains(c));
        let alone = scene.inner == word;
        // An option's letters, `-DNAME`.
        let option = before == Some('-');
        let compound = alone && word.contains('_');
        let fits =
            if scene.prose || scene.code { called || quoted || compound } else { alone || called || quoted || joined };
        let own = alone && words::FILE_NAMES.contains(&word);
        return (fits && !key && !option && !own && words::is_value_noun(word, alone || called || quoted))
            .then(|| (0, word.len(), word.to_owned(), HoleKind::Capitals));
    }
    // A capital part of a longer name.
    if scene.code && scene.prose {
        return None;
    }
    let mut at = 0;
    for segment in plain.split('_') {
        let skip = at;
        at += segment.len() + 1;
        let tail = plain.get(skip..)?;
        let len = tail
            .find(|c: char| c.is_ascii_lowercase())
            .map_or(tail.len(), |end| tail.get(..end).and_then(|t| t.rfind('_')).unwrap_or(0));
        let part = tail.get(..len)?.trim_end_matches('_');
        let lower = plain.get(..skip).is_some_and(|before| before.contains(|c: char| c.is_ascii_lowercase()));
        let mixed =
            lower || plain.get(skip + part.len()..).is_some_and(|rest| rest.contains(|c: char| c.is_ascii_lowercase()));
        if is_capitals(part) && mixed && behind(skip + part.len()) != Some('=') && words::is_value_noun(part, false) {
            return Some((skip, part.len(), part.to_owned(), HoleKind::Capitals));
        }
    }
    None
}
