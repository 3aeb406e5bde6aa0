//! Reads the value beside a secret's name: `NAME=…`, `"name": "…"`, `<name>…</name>`, `?name=…`, `--name …`, `Name: …`.
//!
//! Invariant: name and value are bounded in length, and a value on another line counts only where a format says so.

use super::secret_names::{NameGrade, grade_name};
use super::shape_rule::{NAME_LIMIT, ReaderStep};
use super::values;

/// Maximum length of a value in bytes. A longer one is masked up to there.
const VALUE_LIMIT: usize = 8 << 10;
/// Maximum number of blanks and other signs between name and value.
const GAP_LIMIT: u32 = 64;
/// Words between the name of a variable and its value that say its type.
const TYPES: &[&[u8]] = &[b"string", b"str", b"String", b"text", b"varchar", b"SecureString", b"securestring"];
/// Schemes before credentials.
const SCHEMES: &[&[u8]] =
    &[b"bearer", b"basic", b"token", b"apikey", b"api-key", b"negotiate", b"ntlm", b"digest", b"splunk"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Name,
    /// After the name, before the sign that gives it a value.
    Gap,
    /// After that sign.
    Separated,
    Value,
}

/// Reads a name to its end, and the value beside it.
#[derive(Clone, Debug)]
pub(super) struct NamedReader {
    name: Vec<u8>,
    /// The byte before the name; none at the beginning of the stream.
    opener: Option<u8>,
    grade: NameGrade,
    phase: Phase,
    /// The signs between name and value, without blanks.
    signs: Vec<u8>,
    /// A word between name and value: a type, or `value`.
    word: Vec<u8>,
    gap: Gap,
    /// The quote around the value, and the backslashes before it.
    quote: Option<(u8, u32)>,
    value: Vec<u8>,
    /// True if a scheme such as `Bearer` precedes the value.
    after_scheme: bool,
    /// Backslashes at the end of the value so far.
    backslashes: u32,
}

/// The state after the signs between name and value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Parting {
    #[default]
    None,
    /// Blanks followed the signs, so that further signs belong to the value.
    Blank,
    /// A block of YAML: the value is on the next line.
    Block,
}

/// The signs and blanks between name and value.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    count: u32,
    blanks: u32,
    backslashes: u32,
    quote_closed: bool,
    newline: bool,
    parting: Parting,
    /// The name was itself a value, and the word `value` followed.
    names_value: bool,
}

/// True if no value can follow a name that ends before `rest`, so that no reader is needed for it. Most words end so.
pub(super) fn cannot_have_value(rest: &[u8]) -> bool {
    let name = rest.iter().take(NAME_LIMIT).take_while(|byte| is_name_byte(**byte)).count();
    match rest.get(name..).unwrap_or_default() {
        [] => name == NAME_LIMIT,
        [b' ', next, ..] => next.is_ascii_alphabetic() && !matches!(next, b's' | b'S' | b't' | b'T' | b'v' | b'V'),
        [b' '] => false,
        [next, ..] => !may_follow_name(*next),
    }
}

/// True for the bytes that may stand between a name and its value.
fn may_follow_name(byte: u8) -> bool {
    matches!(
        byte,
        b'=' | b':'
            | b'"'
            | b'\''
            | b'`'
            | b'\\'
            | b' '
            | b'\t'
            | b'>'
            | b'?'
            | b'|'
            | b'\n'
            | b'\r'
            | b']'
            | b'+'
            | b'\x1b'
    )
}

/// True for the bytes of a name.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

impl NamedReader {
    /// A reader behind `before`, the beginning of a name; none if that is too long for one.
    pub(super) fn new(before: &[u8], opener: Option<u8>) -> Option<Self> {
        (before.len() < NAME_LIMIT).then(|| Self {
            name: before.to_vec(),
            opener,
            grade: NameGrade::Key,
            phase: Phase::Name,
            signs: Vec::new(),
            word: Vec::new(),
            gap: Gap::default(),
            quote: None,
            value: Vec::new(),
            after_scheme: false,
            backslashes: 0,
        })
    }

    pub(super) fn reads_name(&self) -> bool {
        self.phase == Phase::Name
    }

    pub(super) fn learned_value(&self) -> Option<(String, Vec<u8>)> {
        let is_list = matches!(self.grade, NameGrade::Cookie | NameGrade::SetCookie);
        let name = String::from_utf8_lossy(&self.name).trim_start_matches(['-', '.']).to_owned();
        (!is_list && values::is_worth_learning(&self.value)).then(|| (name, self.value.clone()))
    }

    pub(super) fn is_complete(&mut self) -> bool {
        self.trim_value();
        self.phase == Phase::Value && self.quote.is_none() && self.is_secret()
    }

    /// Drops quotes and brackets that close what the value stands in.
    fn trim_value(&mut self) {
        let closes = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b',' | b'}' | b')' | b']' | b';' | b':' | b'\\');
        let length = self.value.iter().rposition(|byte| !closes(byte)).map_or(0, |at| at + 1);
        self.value.truncate(length);
    }

    fn is_secret(&self) -> bool {
        if self.after_scheme {
            return values::is_credentials(&self.value);
        }
        // The next argument of a call is more often something else.
        let grade = if self.signs == b"," { NameGrade::Key } else { self.grade };
        values::is_secret_value(&self.value, grade, self.quote.is_some())
    }

    pub(super) fn step_byte(&mut self, byte: u8) -> ReaderStep {
        match self.phase {
            Phase::Name => self.step_name(byte),
            Phase::Gap => self.step_gap(byte),
            Phase::Separated => self.step_separated(byte),
            Phase::Value if self.quote.is_some() => self.step_quoted(byte),
            Phase::Value => self.step_plain(byte),
        }
    }

    fn step_name(&mut self, byte: u8) -> ReaderStep {
        if is_name_byte(byte) {
            self.name.push(byte);
            return if self.name.len() > NAME_LIMIT { ReaderStep::Out } else { ReaderStep::Pass };
        }
        // Most words are followed by neither.
        if !may_follow_name(byte) {
            return ReaderStep::Out;
        }
        self.phase = Phase::Gap;
        self.step_gap(byte)
    }

    /// True for a name that begins a line or a word, as in the output of `env`.
    fn stands_free(&self) -> bool {
        matches!(self.opener, None | Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    fn is_option(&self) -> bool {
        self.name.starts_with(b"-")
    }

    fn step_gap(&mut self, byte: u8) -> ReaderStep {
        self.gap.count += 1;
        if self.gap.count > GAP_LIMIT {
            return ReaderStep::Out;
        }
        if byte.is_ascii_alphabetic() && self.word.len() < 24 && !self.begins_bare_value() {
            if self.word.is_empty() && self.gap.blanks == 0 && !self.gap.quote_closed && !self.gap.newline {
                return ReaderStep::Out;
            }
            self.word.push(byte);
            return ReaderStep::Pass;
        }
        if !self.word.is_empty() && !self.take_word() {
            return ReaderStep::Out;
        }
        match byte {
            b' ' | b'\t' => {
                self.gap.blanks += if byte == b'\t' { 2 } else { 1 };
                self.gap.backslashes = 0;
                ReaderStep::Pass
            }
            b'\n' | b'\r' if !self.gap.names_value && !self.is_option() => {
                self.gap.newline = true;
                ReaderStep::Pass
            }
            b'=' | b':' | b'?' | b'|' | b'+' | b'.' | b'~' if !self.gap.newline || self.gap.names_value => {
                self.begin_separator(byte)
            }
            b'>' if self.closes_tag() => self.begin_separator(byte),
            b',' if self.gap.quote_closed => self.begin_separator(byte),
            b'\\' => {
                self.gap.backslashes += 1;
                ReaderStep::Pass
            }
            b'"' | b'\'' | b'`' => self.step_gap_quote(byte),
            b']' | b')' if self.gap.quote_closed || self.gap.blanks == 0 => ReaderStep::Pass,
            b'-' | b'/' | b'<' | b'{' | b'}' if self.gap.newline || self.gap.quote_closed => ReaderStep::Pass,
            _ if byte != b'-' && self.begins_bare_value() && self.accepts_name(self.is_option()) => {
                self.begin_value(byte)
            }
            _ => ReaderStep::Out,
        }
    }

    fn begin_separator(&mut self, byte: u8) -> ReaderStep {
        // `"AWS::IAM::AccessKey": …` names a type.
        let names_type = self.opener == Some(b':') && self.gap.quote_closed;
        if names_type || !self.accepts_name(true) {
            return ReaderStep::Out;
        }
        self.signs.push(byte);
        self.phase = Phase::Separated;
        ReaderStep::Pass
    }

    /// Judges the name, which few names that contain a trigger live to see. `keys` tells whether that of a key will do.
    fn accepts_name(&mut self, keys: bool) -> bool {
        if self.name.ends_with(b".") {
            return false;
        }
        let grade = std::str::from_utf8(&self.name).ok().and_then(grade_name);
        self.grade = grade.unwrap_or(self.grade);
        grade.is_some_and(|grade| keys || grade != NameGrade::Key)
    }

    /// True where blanks alone part a name from its value: after an option, and in columns.
    fn begins_bare_value(&self) -> bool {
        let column = self.gap.blanks >= 2 && self.stands_free();
        !self.gap.quote_closed
            && !self.gap.newline
            && !self.gap.names_value
            && self.word.is_empty()
            && ((self.is_option() && self.gap.blanks > 0) || column)
    }

    fn step_gap_quote(&mut self, byte: u8) -> ReaderStep {
        // `PASSWORD 'x'` of SQL, and `--password 'x'`.
        let begins_value = byte != b'`' && self.gap.blanks > 0 && !self.gap.quote_closed && !self.gap.newline;
        if begins_value {
            // To pass "something" is no password.
            if self.name.eq_ignore_ascii_case(b"pass") {
                return ReaderStep::Out;
            }
            if !self.accepts_name(self.is_option()) {
                return ReaderStep::Out;
            }
            self.quote = Some((byte, self.gap.backslashes));
            self.phase = Phase::Value;
            return ReaderStep::Pass;
        }
        self.gap.quote_closed = true;
        self.gap.backslashes = 0;
        ReaderStep::Pass
    }

    /// True if `>` ends a tag that has the name alone in it.
    fn closes_tag(&self) -> bool {
        matches!(self.opener, Some(b'<' | b':')) && self.gap.blanks == 0
            || (self.gap.quote_closed && !self.stands_free())
            || self.signs.is_empty() && self.gap.quote_closed
    }

    /// Judges a word between name and value. False if none should stand there.
    fn take_word(&mut self) -> bool {
        let word = std::mem::take(&mut self.word).to_ascii_lowercase();
        let is_value =
            word.ends_with(b"value") && (self.gap.quote_closed || self.gap.newline || !self.signs.is_empty());
        self.gap.names_value |= is_value;
        if is_value {
            // A quote after this word closes it.
            self.gap.quote_closed = true;
        }
        is_value || TYPES.iter().any(|name| name.eq_ignore_ascii_case(&word))
    }

    fn step_separated(&mut self, byte: u8) -> ReaderStep {
        self.gap.count += 1;
        if self.gap.count > 2 * GAP_LIMIT {
            return ReaderStep::Out;
        }
        let parting = self.gap.parting;
        match byte {
            b'=' | b':' | b'>' | b'|' | b'?'
                if parting == Parting::None && self.signs.len() < 4 && self.gap.backslashes == 0 =>
            {
                self.signs.push(byte);
                ReaderStep::Pass
            }
            b' ' | b'\t' => {
                if !self.has_operator() {
                    return ReaderStep::Out;
                }
                if parting == Parting::None {
                    self.gap.parting = Parting::Blank;
                }
                ReaderStep::Pass
            }
            b'\n' | b'\r' if parting == Parting::Block || matches!(self.signs.as_slice(), b">" | b",") => {
                ReaderStep::Pass
            }
            b'|' | b'>' if parting == Parting::Blank && self.signs == b":" => {
                self.gap.parting = Parting::Block;
                ReaderStep::Pass
            }
            b'-' | b'+' if parting == Parting::Block => ReaderStep::Pass,
            b'\\' => {
                self.gap.backslashes += 1;
                if self.gap.backslashes > 7 { ReaderStep::Out } else { ReaderStep::Pass }
            }
            _ if !self.has_operator() => ReaderStep::Out,
            b'"' | b'\'' | b'`' => {
                self.quote = Some((byte, self.gap.backslashes));
                self.phase = Phase::Value;
                ReaderStep::Pass
            }
            _ if self.gap.backslashes > 0 => ReaderStep::Out,
            // A second argument is in quotes, or it is `value: …` of the same object.
            _ if self.signs == b"," => {
                if !byte.is_ascii_alphabetic() {
                    return ReaderStep::Out;
                }
                self.phase = Phase::Gap;
                self.word.push(byte);
                ReaderStep::Pass
            }
            b'{' | b'[' | b'(' | 0..=b' ' => ReaderStep::Out,
            _ => self.begin_value(byte),
        }
    }

    fn has_operator(&self) -> bool {
        matches!(
            self.signs.as_slice(),
            b"=" | b":"
                | b":="
                | b"::="
                | b":::="
                | b"=>"
                | b"=="
                | b"==="
                | b"?="
                | b"??="
                | b".="
                | b"+="
                | b"~="
                | b">"
                | b","
                | b"|"
                | b"||="
        )
    }

    fn begin_value(&mut self, byte: u8) -> ReaderStep {
        self.phase = Phase::Value;
        self.step_plain(byte)
    }

    fn step_plain(&mut self, byte: u8) -> ReaderStep {
        if self.backslashes > 0 && matches!(byte, b'n' | b'r' | b't' | b'"' | b'\'') {
            self.value.truncate(self.value.len().saturating_sub(1));
            return self.end_value(byte);
        }
        self.backslashes = u32::from(byte == b'\\');
        let ends_cookie = match self.grade {
            NameGrade::Cookie => !matches!(byte, b' ' | b';'),
            NameGrade::SetCookie => byte != b' ',
            _ => true,
        };
        match byte {
            b'=' if self.grade == NameGrade::SetCookie && self.value.len() < 64 && !self.value.contains(&b'=') => {
                self.value.push(byte);
                return ReaderStep::Restart;
            }
            0..=b' ' | 0x7f if ends_cookie => return self.end_value(byte),
            b'<' if self.signs == b">" => return self.end_value(byte),
            b';' if self.grade == NameGrade::SetCookie => return self.end_value(byte),
            b'"' | b'\'' | b'`' | b',' | b'}' | b')' | b']' | b'&' | b';' | b'|'
                if !self.stands_free() && ends_cookie =>
            {
                return self.end_value(byte);
            }
            b'"' if matches!(self.grade, NameGrade::Cookie | NameGrade::SetCookie) => return self.end_value(byte),
            b'"' | b'\'' if self.value.len() <= 2 && self.value.iter().all(|byte| b"bfru@$L".contains(byte)) => {
                // `b"…"` and `f'…'`: letters before a quoted string.
                self.quote = Some((byte, 0));
                self.value.clear();
                return ReaderStep::Restart;
            }
            _ => {}
        }
        if self.value.len() >= VALUE_LIMIT {
            return self.end_value(byte);
        }
        self.value.push(byte);
        let closes = matches!(byte, b'"' | b'\'' | b'`' | b',' | b'}' | b')' | b']' | b';' | b':' | b'\\');
        if closes { ReaderStep::Hold } else { ReaderStep::Take }
    }

    /// Judges an unquoted value that ended before `byte`.
    fn end_value(&mut self, byte: u8) -> ReaderStep {
        let length = self.value.len();
        self.trim_value();
        let is_whole = byte == b' ' && self.value.len() == length && self.grade != NameGrade::Key;
        if is_whole && !self.after_scheme && self.is_scheme() {
            self.after_scheme = true;
            self.value.clear();
            self.gap.parting = Parting::Blank;
            self.phase = Phase::Separated;
            return ReaderStep::Restart;
        }
        let is_type = TYPES.iter().any(|name| **name == *self.value);
        if byte == b' ' && is_type && self.word.is_empty() {
            self.value.clear();
            self.signs.clear();
            self.gap = Gap { blanks: 1, ..Gap::default() };
            self.phase = Phase::Gap;
            return ReaderStep::Restart;
        }
        if self.is_secret() { ReaderStep::Found } else { ReaderStep::Out }
    }

    fn is_scheme(&self) -> bool {
        let lower = self.value.to_ascii_lowercase();
        SCHEMES.contains(&lower.as_slice())
    }

    fn step_quoted(&mut self, byte: u8) -> ReaderStep {
        let Some((quote, escapes)) = self.quote else { return ReaderStep::Out };
        if byte == quote {
            let closes = if escapes == 0 { self.backslashes.is_multiple_of(2) } else { self.backslashes <= escapes };
            if closes {
                let own = self.value.len().saturating_sub(if escapes == 0 { 0 } else { self.backslashes as usize });
                self.value.truncate(own);
                if self.signs == b"," && self.value.to_ascii_lowercase().ends_with(b"value") {
                    // `"name": "DB_PASSWORD", "value": "…"`
                    self.gap = Gap { quote_closed: true, names_value: true, ..Gap::default() };
                    self.signs.clear();
                    self.value.clear();
                    (self.quote, self.phase) = (None, Phase::Gap);
                    return ReaderStep::Restart;
                }
                return if self.is_secret() { ReaderStep::Found } else { ReaderStep::Out };
            }
        }
        if byte == b'\\' {
            self.backslashes += 1;
            self.value.push(byte);
            return if self.value.len() > VALUE_LIMIT { self.cut_quoted() } else { ReaderStep::Hold };
        }
        self.backslashes = 0;
        if byte == b' ' && !self.after_scheme && self.is_scheme() {
            self.after_scheme = true;
            self.value.clear();
            return ReaderStep::Restart;
        }
        if matches!(byte, b'\n' | b'\r') && !self.value.is_empty() {
            return ReaderStep::Out;
        }
        self.value.push(byte);
        if self.value.len() > VALUE_LIMIT { self.cut_quoted() } else { ReaderStep::Take }
    }

    fn cut_quoted(&self) -> ReaderStep {
        if self.is_secret() { ReaderStep::Found } else { ReaderStep::Out }
    }
}
