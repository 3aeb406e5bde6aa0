//! Values into a command's text, so that the program gets exactly that value.
//!
//! Each place is held by a word-like token while the text is parsed; the innermost stretch around the token says how bash
//! reads it, and that says how to quote. Only what a rule names takes a value.
//!
//! Invariant: a value never becomes syntax: the text with its values has the same commands as with the tokens. Refuses to
//! know: where values come from, and what runs.

mod expansions;
mod leaves;
mod readers;
mod refusal;
mod render;
mod token;

pub use expansions::{JudgedExpansions, UnfitExpansion, carried_values, judge_expansions, loop_variables};
pub use refusal::RejectReason;

use crate::shell::parse::masking::MaskedText;
use crate::shell::parse::{limits, shuck, word_counts};
use crate::shell::split;
use leaves::{FoundLeaves, HeredocBody};
use readers::WordRole;
use render::QuotingContext;
use std::ops::Range;

/// The most values in one command.
const MOST_VALUES: usize = 500;
/// The longest value, in KiB: the longest argument that Linux gives a program.
const LONGEST_VALUE_KIB: usize = 127;

/// Change to a value before it is interpolated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Quoted as it is.
    #[default]
    None,
    /// For a second shell.
    Sh,
    /// Quoted as an SQL literal.
    Sql,
    /// As it is, as text of the command: the document's own responsibility.
    Raw,
}

/// Delivery of a value: in the text, or through a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'v> {
    /// Written into the text.
    Text,
    /// By this variable of the session, which holds it.
    Variable(&'v str),
    /// The same, and the value must be in no text at all.
    Secret(&'v str),
}

/// A value and the byte range of the text that it replaces.
#[derive(Clone, Debug)]
pub struct Substitution<'v> {
    /// The bytes of the text it takes the place of.
    pub span: Range<usize>,
    /// Value to interpolate.
    pub value: &'v str,
    /// Filter applied before quoting.
    pub filter: Filter,
    /// Delivery into the text.
    pub by: Delivery<'v>,
}

/// A value that cannot be interpolated, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which of the fills.
    pub fill: usize,
    /// Reason of the rejection.
    pub why: RejectReason,
}

/// Interpolates every value. The substitutions must be in order and must not overlap.
pub fn interpolate_values(text: &str, fills: &[Substitution<'_>]) -> Result<String, Rejected> {
    if fills.len() > MOST_VALUES {
        return Err(Rejected { fill: 0, why: RejectReason::Many(fills.len(), MOST_VALUES) });
    }
    for (index, fill) in fills.iter().enumerate() {
        let why = if fill.value.len() > LONGEST_VALUE_KIB * 1024 {
            RejectReason::Long(LONGEST_VALUE_KIB)
        } else if fill.value.contains('\0') {
            RejectReason::Nul
        } else {
            continue;
        };
        return Err(Rejected { fill: index, why });
    }
    let probe = TokenProbe::with_tokens(text, fills);
    if probe.holes.is_empty() {
        return Ok(probe.text);
    }
    let all = |why: RejectReason| Rejected { fill: probe.holes.first().map_or(0, |hole| hole.fill), why };
    if let Some(reason) = limits::exceeded_limit(&probe.text) {
        return Err(all(RejectReason::Unreadable(reason.to_owned())));
    }
    let placed = limits::with_enough_stack(&probe.text, || probe.interpolate_all(fills));
    let placed = placed.unwrap_or_else(|| Err(all(RejectReason::Unreadable("no room to read it".to_owned()))))?;
    // What reads a text into commands asks more of it than the parsers do.
    if is_one_command(text) && !is_one_command(&placed) {
        return Err(all(RejectReason::Changes));
    }
    Ok(placed)
}

fn is_one_command(text: &str) -> bool {
    matches!(split::split_commands(text).as_slice(), [crate::shell::ShellPart::Command(_)])
}

/// For each range, why no value at all can go there; none if some value can.
pub fn find_reject_reasons(text: &str, spans: &[Range<usize>]) -> Vec<Option<RejectReason>> {
    let fills: Vec<Substitution<'_>> = spans
        .iter()
        .map(|span| Substitution { span: span.clone(), value: "1", filter: Filter::None, by: Delivery::Text })
        .collect();
    let beyond = match limits::exceeded_limit(text) {
        _ if fills.len() > MOST_VALUES => Some(RejectReason::Many(fills.len(), MOST_VALUES)),
        reason => reason.map(|reason| RejectReason::Unreadable(reason.to_owned())),
    };
    if beyond.is_some() {
        return spans.iter().map(|_| beyond.clone()).collect();
    }
    let probe = TokenProbe::with_tokens(text, &fills);
    let tried = limits::with_enough_stack(&probe.text, || match probe.find_leaves() {
        Ok((_, found)) => probe.holes.iter().map(|hole| probe.context_at(&found, &hole.at).err()).collect(),
        Err(why) => spans.iter().map(|_| Some(why.clone())).collect(),
    });
    tried.unwrap_or_default()
}

/// A text with a token instead of each value, to find out how bash reads each.
struct TokenProbe {
    text: String,
    holes: Vec<ProbeHole>,
}

struct ProbeHole {
    fill: usize,
    /// Where its token stands.
    at: Range<usize>,
}

impl TokenProbe {
    fn with_tokens(text: &str, fills: &[Substitution<'_>]) -> Self {
        let raw: String = fills.iter().filter(|fill| fill.filter == Filter::Raw).map(|fill| fill.value).collect();
        let salt = token::choose_salt(&format!("{text}{raw}"));
        let mut probe = Self { text: String::with_capacity(text.len() + 16 * fills.len()), holes: Vec::new() };
        let mut from = 0;
        for (index, fill) in fills.iter().enumerate() {
            probe.text.push_str(text.get(from..fill.span.start).unwrap_or(""));
            let start = probe.text.len();
            if fill.filter == Filter::Raw {
                probe.text.push_str(fill.value);
            } else {
                probe.text.push_str(&token::make_token(index, salt));
                probe.holes.push(ProbeHole { fill: index, at: start..probe.text.len() });
            }
            from = fill.span.end.max(from);
        }
        probe.text.push_str(text.get(from..).unwrap_or(""));
        probe
    }

    fn find_leaves(&self) -> Result<(CommandShape, FoundLeaves), RejectReason> {
        let shape = CommandShape::of_text(&self.text)?;
        Ok((shape, leaves::find_leaves(&MaskedText::new(&self.text))?))
    }

    /// The probe with each token replaced.
    fn interpolate_all(&self, fills: &[Substitution<'_>]) -> Result<String, Rejected> {
        let first = self.holes.first().map_or(0, |hole| hole.fill);
        let (shape, found) = self.find_leaves().map_err(|why| Rejected { fill: first, why })?;
        let mut out = String::with_capacity(self.text.len());
        let mut rendered = Vec::with_capacity(self.holes.len());
        let mut from = 0;
        for hole in &self.holes {
            let Some(fill) = fills.get(hole.fill) else { continue };
            let text = self.render_value(&found, hole, fill).map_err(|why| Rejected { fill: hole.fill, why })?;
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
                .filter(|body| is_within(&body.range, &hole.at))
                .find_map(|body| why_breaks_heredoc(body, &out, &range));
            if let Some(why) = why {
                return Err(Rejected { fill: hole.fill, why });
            }
        }
        if CommandShape::of_text(&out) != Ok(shape) {
            return Err(Rejected { fill: first, why: RejectReason::Changes });
        }
        Ok(out)
    }

    /// The text for one value.
    fn render_value(
        &self,
        found: &FoundLeaves,
        hole: &ProbeHole,
        fill: &Substitution<'_>,
    ) -> Result<String, RejectReason> {
        let context = self.context_at(found, &hole.at)?;
        let (before, after) = (self.char_before(&hole.at), self.char_after(&hole.at));
        if context == QuotingContext::Comment && fill.value.contains('\n') {
            return Err(RejectReason::CommentLine);
        }
        if context == QuotingContext::Number {
            let number = render::is_plain_number(fill.value, before, after) && !matches!(fill.by, Delivery::Secret(_));
            return if number { Ok(fill.value.to_owned()) } else { Err(RejectReason::Arithmetic) };
        }
        let role = if context == QuotingContext::Comment { WordRole::Data } else { readers::role_at(found, &hole.at) };
        let value = self.apply_filter(hole, fill, role, context)?;
        if let Delivery::Variable(name) | Delivery::Secret(name) = fill.by
            && value == fill.value
            && let Some(text) = render::variable_reference(context, name)
        {
            return Ok(text);
        }
        let control = |c: char| c.is_control() && c != '\n' && c != '\t';
        match fill.by {
            Delivery::Secret(_) => return Err(RejectReason::SecretInText),
            _ if value.chars().any(control) && context != QuotingContext::Comment => {
                // Bash itself doubles two of them in some places, and a text with others cannot be shown.
                return Err(RejectReason::Control);
            }
            _ => {}
        }
        let surrounding = found.bodies.iter().any(|body| body.expands && is_within(&body.range, &hole.at));
        if surrounding && context != QuotingContext::Open && value.contains("\\\n") {
            return Err(RejectReason::LineEnd);
        }
        Ok(render::quote_inline(context, &value, before, after))
    }

    /// The value as its filter makes it, if what reads it then gets it as it is.
    fn apply_filter(
        &self,
        hole: &ProbeHole,
        fill: &Substitution<'_>,
        role: WordRole,
        context: QuotingContext,
    ) -> Result<String, RejectReason> {
        let value = fill.value;
        let same = || Ok(value.to_owned());
        match (role, fill.filter) {
            (WordRole::Program, _) => Err(RejectReason::CommandName),
            (WordRole::Name, _) => Err(RejectReason::Name),
            (WordRole::Arithmetic, _)
                if render::is_plain_number(value, self.char_before(&hole.at), self.char_after(&hole.at)) =>
            {
                same()
            }
            (WordRole::Arithmetic, _) => Err(RejectReason::Arithmetic),
            (WordRole::Data, Filter::None | Filter::Raw) => same(),
            (WordRole::Data | WordRole::Sql(_), Filter::Sql) => {
                let quoted = self.char_before(&hole.at) == Some('\'') && context != QuotingContext::Bare;
                let quoted = quoted && !matches!(context, QuotingContext::Single | QuotingContext::Ansi);
                render::quote_sql(value, quoted)
                    .ok_or(RejectReason::Filter("sql", "the value has a backslash or a control character"))
            }
            (WordRole::Data, Filter::Sh) => Ok(crate::shell::quote_value(value)),
            (WordRole::Shell(_, Some(whole)), Filter::Sh) => self.quote_for_shell(&whole, hole, value),
            (WordRole::Shell(shown, _) | WordRole::Sql(shown) | WordRole::Code(shown), _) => {
                if render::is_plain_word(value) { same() } else { Err(RejectReason::Interpreted(shown)) }
            }
        }
    }

    /// The value for the text that a second shell reads, by the place it has there.
    fn quote_for_shell(&self, whole: &str, hole: &ProbeHole, value: &str) -> Result<String, RejectReason> {
        let unfit = RejectReason::Filter("sh", "the second shell's text is not known");
        let token = self.text.get(hole.at.clone()).ok_or(unfit.clone())?;
        let start = whole.find(token).ok_or(unfit)?;
        if whole.matches(token).count() != 1 {
            return Err(RejectReason::Filter("sh", "it stands there more than once"));
        }
        let inner = Substitution { span: start..start + token.len(), value, filter: Filter::None, by: Delivery::Text };
        let placed = interpolate_values(whole, std::slice::from_ref(&inner)).map_err(|refused| refused.why)?;
        let end = placed.len() - (whole.len() - inner.span.end);
        Ok(placed.get(start..end).unwrap_or("").to_owned())
    }

    /// How bash reads a token, by the innermost construct around it. Fails where a value cannot go.
    fn context_at(&self, found: &FoundLeaves, at: &Range<usize>) -> Result<QuotingContext, RejectReason> {
        let around = found.leaves.iter().filter(|leaf| is_within(&leaf.range, at));
        let mut innermost: Option<(usize, QuotingContext)> = None;
        let mut number = false;
        for leaf in around {
            match &leaf.takes {
                Err(why) => return Err(why.clone()),
                Ok(QuotingContext::Number) => number = true,
                Ok(context) if innermost.is_none_or(|(len, _)| leaf.range.len() <= len) => {
                    innermost = Some((leaf.range.len(), *context));
                }
                Ok(_) => {}
            }
        }
        // In arithmetic only a number is safe, whatever quotes are around it.
        if number {
            return Ok(QuotingContext::Number);
        }
        let (_, context) = innermost.ok_or(RejectReason::NoContext)?;
        self.check_neighbours(at, context)?;
        Ok(context)
    }

    /// Checks that the text before a token does not change how bash reads the value.
    fn check_neighbours(&self, at: &Range<usize>, context: QuotingContext) -> Result<(), RejectReason> {
        let before = self.text.get(..at.start).unwrap_or("");
        let odd = |text: &str| text.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
        let expanded = matches!(
            context,
            QuotingContext::Bare | QuotingContext::Double | QuotingContext::Open | QuotingContext::Ansi
        );
        if expanded && odd(before) {
            return Err(RejectReason::Backslash);
        }
        // `\x4` and the like go on with the value's digits.
        let digits = before.trim_end_matches(|c: char| c.is_ascii_hexdigit());
        if context == QuotingContext::Ansi && (odd(digits) || odd(digits.trim_end_matches(['x', 'u', 'U', 'c']))) {
            return Err(RejectReason::Backslash);
        }
        if context == QuotingContext::Bare {
            let word = before.rsplit([' ', '\t', '\n', '=', ':', '"', '\'', '(']).next().unwrap_or("");
            if word.rsplit('/').next_back().is_some_and(|first| first.starts_with('~')) && !word.contains('/') {
                return Err(RejectReason::Tilde);
            }
            let after = self.text.get(at.end..).unwrap_or("");
            let rest = after.split([' ', '\t', '\n', ';', '|', '&']).next().unwrap_or("");
            let open = word.rfind('[').is_some_and(|open| !word.get(open..).unwrap_or("").contains(']'));
            if open && rest.contains(']') {
                return Err(RejectReason::Bracket);
            }
        }
        Ok(())
    }

    fn char_before(&self, at: &Range<usize>) -> Option<char> {
        self.text.get(..at.start)?.chars().next_back()
    }

    fn char_after(&self, at: &Range<usize>) -> Option<char> {
        self.text.get(at.end..)?.chars().next()
    }
}

fn is_within(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Why a value cannot go into a heredoc: it would end it, or lose its tabs.
fn why_breaks_heredoc(body: &HeredocBody, out: &str, range: &Range<usize>) -> Option<RejectReason> {
    let start = out.get(..range.start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = out.get(range.end..)?.find('\n').map_or(out.len(), |at| range.end + at);
    let lines = out.get(start..end)?;
    let stripped = |line: &str| body.strips_tabs && line.starts_with('\t');
    let bare = |line: &str| if body.strips_tabs { line.trim_start_matches('\t').to_owned() } else { line.to_owned() };
    if lines.split('\n').any(|line| bare(line) == body.delimiter) {
        return Some(RejectReason::EndsHeredoc(body.delimiter.clone()));
    }
    let value = out.get(range.clone())?;
    let leads = out.get(start..range.start)?.chars().all(|c| c == '\t');
    let loses = value.split('\n').enumerate().any(|(i, line)| (i > 0 || leads) && stripped(line));
    (body.strips_tabs && loses).then_some(RejectReason::Tabs)
}

/// The commands of a text, as both parsers see them.
#[derive(Debug, PartialEq, Eq)]
struct CommandShape {
    words: Vec<usize>,
    programs: Vec<crate::shell::ProgramName>,
    simple: usize,
}

impl CommandShape {
    fn of_text(text: &str) -> Result<Self, RejectReason> {
        let masked = MaskedText::new(text);
        let reading = shuck::parse_text(&masked).map_err(|refusal| RejectReason::Unreadable(refusal.message))?;
        if reading.suspect_span.is_some() || reading.has_unseparated_statements {
            return Err(RejectReason::Unreadable("a word may hide a command".to_owned()));
        }
        if let Some((why, _)) = split::find_unclosed(masked.masked_text(), &reading) {
            return Err(RejectReason::Unreadable(why.to_owned()));
        }
        let words = word_counts(masked.masked_text()).map_err(|why| RejectReason::Unreadable(why.to_owned()))?;
        if words != reading.word_counts {
            return Err(RejectReason::Unreadable("the two parsers see different commands".to_owned()));
        }
        let simple = reading.commands.len();
        let programs = reading.commands.into_iter().map(|found| found.command.program).collect();
        Ok(Self { words, programs, simple })
    }
}
