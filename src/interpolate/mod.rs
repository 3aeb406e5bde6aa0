//! Values into a command's text, so that the program gets exactly that value.
//!
//! Each place is held by a word-like token while the text is parsed; the innermost stretch around the token says how bash
//! reads it, and that says how to quote. Only what a rule names takes a value.
//!
//! Invariant: a value never becomes syntax: the text with its values has the same commands as with the tokens. Refuses to
//! know: where values come from, and what runs.

mod leaves;
mod readers;
mod refusal;
mod render;
mod token;

pub use refusal::Why;

use crate::shell::parse::masking::Masked;
use crate::shell::parse::{limits, shuck, signature};
use crate::shell::split;
use leaves::{Body, Found};
use readers::Role;
use render::Context;
use std::ops::Range;

/// The most values in one command.
const MOST: usize = 500;
/// The longest value, in KiB: the longest argument that Linux gives a program.
const LONGEST_KIB: usize = 127;

/// How a value is to be changed before it is placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Not at all.
    #[default]
    None,
    /// For a second shell.
    Sh,
    /// For SQL.
    Sql,
    /// As it is, as text of the command: the document's own responsibility.
    Raw,
}

/// How a value gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By<'v> {
    /// As text.
    Text,
    /// By this variable of the session, which holds it.
    Variable(&'v str),
    /// The same, and the value must be in no text at all.
    Secret(&'v str),
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Fill<'v> {
    /// The bytes of the text it takes the place of.
    pub span: Range<usize>,
    /// The value.
    pub value: &'v str,
    /// What is done to it.
    pub filter: Filter,
    /// How it gets there.
    pub by: By<'v>,
}

/// A value that cannot be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which of the fills.
    pub fill: usize,
    /// Why.
    pub why: Why,
}

/// The text with every value in its place. The fills are in order and do not overlap.
pub fn place(text: &str, fills: &[Fill<'_>]) -> Result<String, Refused> {
    if fills.len() > MOST {
        return Err(Refused { fill: 0, why: Why::Many(fills.len(), MOST) });
    }
    for (index, fill) in fills.iter().enumerate() {
        let why = if fill.value.len() > LONGEST_KIB * 1024 {
            Why::Long(LONGEST_KIB)
        } else if fill.value.contains('\0') {
            Why::Nul
        } else {
            continue;
        };
        return Err(Refused { fill: index, why });
    }
    let probe = Probe::new(text, fills);
    if probe.holes.is_empty() {
        return Ok(probe.text);
    }
    let all = |why: Why| Refused { fill: probe.holes.first().map_or(0, |hole| hole.fill), why };
    if let Some(reason) = limits::exceeded(&probe.text) {
        return Err(all(Why::Unreadable(reason.to_owned())));
    }
    let placed = limits::with_room(&probe.text, || probe.placed(fills));
    let placed = placed.unwrap_or_else(|| Err(all(Why::Unreadable("no room to read it".to_owned()))))?;
    // What reads a text into commands asks more of it than the parsers do.
    if is_one_command(text) && !is_one_command(&placed) {
        return Err(all(Why::Changes));
    }
    Ok(placed)
}

fn is_one_command(text: &str) -> bool {
    matches!(split::split(text).as_slice(), [crate::shell::Part::Command(_)])
}

/// Why each of these places takes no value whatever; none where some value can be placed.
pub fn refusals(text: &str, spans: &[Range<usize>]) -> Vec<Option<Why>> {
    let fills: Vec<Fill<'_>> =
        spans.iter().map(|span| Fill { span: span.clone(), value: "1", filter: Filter::None, by: By::Text }).collect();
    let beyond = match limits::exceeded(text) {
        _ if fills.len() > MOST => Some(Why::Many(fills.len(), MOST)),
        reason => reason.map(|reason| Why::Unreadable(reason.to_owned())),
    };
    if beyond.is_some() {
        return spans.iter().map(|_| beyond.clone()).collect();
    }
    let probe = Probe::new(text, &fills);
    let tried = limits::with_room(&probe.text, || match probe.found() {
        Ok((_, found)) => probe.holes.iter().map(|hole| probe.context(&found, &hole.at).err()).collect(),
        Err(why) => spans.iter().map(|_| Some(why.clone())).collect(),
    });
    tried.unwrap_or_default()
}

/// A text with tokens in the place of values.
struct Probe {
    text: String,
    holes: Vec<Hole>,
}

struct Hole {
    fill: usize,
    /// Where its token stands.
    at: Range<usize>,
}

impl Probe {
    fn new(text: &str, fills: &[Fill<'_>]) -> Self {
        let raw: String = fills.iter().filter(|fill| fill.filter == Filter::Raw).map(|fill| fill.value).collect();
        let salt = token::salt(&format!("{text}{raw}"));
        let mut probe = Self { text: String::with_capacity(text.len() + 16 * fills.len()), holes: Vec::new() };
        let mut from = 0;
        for (index, fill) in fills.iter().enumerate() {
            probe.text.push_str(text.get(from..fill.span.start).unwrap_or(""));
            let start = probe.text.len();
            if fill.filter == Filter::Raw {
                probe.text.push_str(fill.value);
            } else {
                probe.text.push_str(&token::token(index, salt));
                probe.holes.push(Hole { fill: index, at: start..probe.text.len() });
            }
            from = fill.span.end.max(from);
        }
        probe.text.push_str(text.get(from..).unwrap_or(""));
        probe
    }

    fn found(&self) -> Result<(Shape, Found), Why> {
        let shape = Shape::of(&self.text)?;
        Ok((shape, leaves::find(&Masked::new(&self.text))?))
    }

    /// The probe with each token replaced.
    fn placed(&self, fills: &[Fill<'_>]) -> Result<String, Refused> {
        let first = self.holes.first().map_or(0, |hole| hole.fill);
        let (shape, found) = self.found().map_err(|why| Refused { fill: first, why })?;
        let mut out = String::with_capacity(self.text.len());
        let mut rendered = Vec::with_capacity(self.holes.len());
        let mut from = 0;
        for hole in &self.holes {
            let Some(fill) = fills.get(hole.fill) else { continue };
            let text = self.rendered(&found, hole, fill).map_err(|why| Refused { fill: hole.fill, why })?;
            out.push_str(self.text.get(from..hole.at.start).unwrap_or(""));
            let start = out.len();
            out.push_str(&text);
            rendered.push((hole, start..out.len()));
            from = hole.at.end;
        }
        out.push_str(self.text.get(from..).unwrap_or(""));
        for (hole, range) in rendered {
            let why = found
                .bodies
                .iter()
                .filter(|body| within(&body.range, &hole.at))
                .find_map(|body| ends(body, &out, &range));
            if let Some(why) = why {
                return Err(Refused { fill: hole.fill, why });
            }
        }
        if Shape::of(&out) != Ok(shape) {
            return Err(Refused { fill: first, why: Why::Changes });
        }
        Ok(out)
    }

    /// The text for one value.
    fn rendered(&self, found: &Found, hole: &Hole, fill: &Fill<'_>) -> Result<String, Why> {
        let context = self.context(found, &hole.at)?;
        let (before, after) = (self.before(&hole.at), self.after(&hole.at));
        if context == Context::Comment && fill.value.contains('\n') {
            return Err(Why::CommentLine);
        }
        if context == Context::Number {
            let number = render::is_number(fill.value, before, after) && !matches!(fill.by, By::Secret(_));
            return if number { Ok(fill.value.to_owned()) } else { Err(Why::Arithmetic) };
        }
        let role = if context == Context::Comment { Role::Data } else { readers::role(found, &hole.at) };
        let value = self.filtered(hole, fill, role, context)?;
        if let By::Variable(name) | By::Secret(name) = fill.by
            && value == fill.value
            && let Some(text) = render::reference(context, name)
        {
            return Ok(text);
        }
        let control = |c: char| c.is_control() && c != '\n' && c != '\t';
        match fill.by {
            By::Secret(_) => return Err(Why::SecretInText),
            _ if value.chars().any(control) && context != Context::Comment => {
                // Bash itself doubles two of them in some places, and a text with others cannot be shown.
                return Err(Why::Control);
            }
            _ => {}
        }
        let surrounding = found.bodies.iter().any(|body| body.expands && within(&body.range, &hole.at));
        if surrounding && context != Context::Open && value.contains("\\\n") {
            return Err(Why::LineEnd);
        }
        Ok(render::inline(context, &value, before, after))
    }

    /// The value as its filter makes it, if what reads it then gets it as it is.
    fn filtered(&self, hole: &Hole, fill: &Fill<'_>, role: Role, context: Context) -> Result<String, Why> {
        let value = fill.value;
        let same = || Ok(value.to_owned());
        match (role, fill.filter) {
            (Role::Program, _) => Err(Why::CommandName),
            (Role::Name, _) => Err(Why::Name),
            (Role::Arithmetic, _) if render::is_number(value, self.before(&hole.at), self.after(&hole.at)) => same(),
            (Role::Arithmetic, _) => Err(Why::Arithmetic),
            (Role::Data, Filter::None | Filter::Raw) => same(),
            (Role::Data | Role::Sql(_), Filter::Sql) => {
                let quoted = self.before(&hole.at) == Some('\'') && context != Context::Bare;
                let quoted = quoted && !matches!(context, Context::Single | Context::Ansi);
                render::sql(value, quoted).ok_or(Why::Filter("sql", "the value has a backslash or a control character"))
            }
            (Role::Data, Filter::Sh) => Ok(crate::shell::quote(value)),
            (Role::Shell(_, Some(whole)), Filter::Sh) => self.for_shell(&whole, hole, value),
            (Role::Shell(shown, _) | Role::Sql(shown) | Role::Code(shown), _) => {
                if render::is_plain_word(value) {
                    same()
                } else {
                    Err(Why::Interpreted(shown))
                }
            }
        }
    }

    /// The value for the text that a second shell reads, by the place it has there.
    fn for_shell(&self, whole: &str, hole: &Hole, value: &str) -> Result<String, Why> {
        let unfit = Why::Filter("sh", "the second shell's text is not known");
        let token = self.text.get(hole.at.clone()).ok_or(unfit.clone())?;
        let start = whole.find(token).ok_or(unfit)?;
        if whole.matches(token).count() != 1 {
            return Err(Why::Filter("sh", "it stands there more than once"));
        }
        let inner = Fill { span: start..start + token.len(), value, filter: Filter::None, by: By::Text };
        let placed = place(whole, std::slice::from_ref(&inner)).map_err(|refused| refused.why)?;
        let end = placed.len() - (whole.len() - inner.span.end);
        Ok(placed.get(start..end).unwrap_or("").to_owned())
    }

    /// How bash reads the place of a token.
    fn context(&self, found: &Found, at: &Range<usize>) -> Result<Context, Why> {
        let around = found.leaves.iter().filter(|leaf| within(&leaf.range, at));
        let mut innermost: Option<(usize, Context)> = None;
        let mut number = false;
        for leaf in around {
            match &leaf.takes {
                Err(why) => return Err(why.clone()),
                Ok(Context::Number) => number = true,
                Ok(context) if innermost.is_none_or(|(len, _)| leaf.range.len() <= len) => {
                    innermost = Some((leaf.range.len(), *context));
                }
                Ok(_) => {}
            }
        }
        if number {
            return Ok(Context::Number);
        }
        let (_, context) = innermost.ok_or(Why::NoContext)?;
        self.beside(at, context)?;
        Ok(context)
    }

    /// What stands before a token must not take hold of the value.
    fn beside(&self, at: &Range<usize>, context: Context) -> Result<(), Why> {
        let before = self.text.get(..at.start).unwrap_or("");
        let odd = |text: &str| text.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
        let expanded = matches!(context, Context::Bare | Context::Double | Context::Open | Context::Ansi);
        if expanded && odd(before) {
            return Err(Why::Backslash);
        }
        // `\x4` and the like go on with the value's digits.
        let digits = before.trim_end_matches(|c: char| c.is_ascii_hexdigit());
        if context == Context::Ansi && (odd(digits) || odd(digits.trim_end_matches(['x', 'u', 'U', 'c']))) {
            return Err(Why::Backslash);
        }
        if context == Context::Bare {
            let word = before.rsplit([' ', '\t', '\n', '=', ':', '"', '\'', '(']).next().unwrap_or("");
            if word.rsplit('/').next_back().is_some_and(|first| first.starts_with('~')) && !word.contains('/') {
                return Err(Why::Tilde);
            }
            let after = self.text.get(at.end..).unwrap_or("");
            let rest = after.split([' ', '\t', '\n', ';', '|', '&']).next().unwrap_or("");
            let open = word.rfind('[').is_some_and(|open| !word.get(open..).unwrap_or("").contains(']'));
            if open && rest.contains(']') {
                return Err(Why::Bracket);
            }
        }
        Ok(())
    }

    fn before(&self, at: &Range<usize>) -> Option<char> {
        self.text.get(..at.start)?.chars().next_back()
    }

    fn after(&self, at: &Range<usize>) -> Option<char> {
        self.text.get(at.end..)?.chars().next()
    }
}

fn within(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether a value in a heredoc ends it, or loses tabs in it.
fn ends(body: &Body, out: &str, range: &Range<usize>) -> Option<Why> {
    let start = out.get(..range.start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = out.get(range.end..)?.find('\n').map_or(out.len(), |at| range.end + at);
    let lines = out.get(start..end)?;
    let stripped = |line: &str| body.strips_tabs && line.starts_with('\t');
    let bare = |line: &str| if body.strips_tabs { line.trim_start_matches('\t').to_owned() } else { line.to_owned() };
    if lines.split('\n').any(|line| bare(line) == body.delimiter) {
        return Some(Why::EndsHeredoc(body.delimiter.clone()));
    }
    let value = out.get(range.clone())?;
    let leads = out.get(start..range.start)?.chars().all(|c| c == '\t');
    let loses = value.split('\n').enumerate().any(|(i, line)| (i > 0 || leads) && stripped(line));
    (body.strips_tabs && loses).then_some(Why::Tabs)
}

/// The commands of a text, as both parsers see them.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    words: Vec<usize>,
    programs: Vec<crate::shell::Program>,
    simple: usize,
}

impl Shape {
    fn of(text: &str) -> Result<Self, Why> {
        let masked = Masked::new(text);
        let reading = shuck::read(&masked).map_err(|refusal| Why::Unreadable(refusal.message))?;
        if reading.hides.is_some() || reading.crowded {
            return Err(Why::Unreadable("a word may hide a command".to_owned()));
        }
        if let Some((why, _)) = split::open(masked.masked(), &reading) {
            return Err(Why::Unreadable(why.to_owned()));
        }
        let words = signature(masked.masked()).map_err(|why| Why::Unreadable(why.to_owned()))?;
        if words != reading.signature {
            return Err(Why::Unreadable("the two parsers see different commands".to_owned()));
        }
        let simple = reading.found.len();
        let programs = reading.found.into_iter().map(|found| found.simple.program).collect();
        Ok(Self { words, programs, simple })
    }
}
