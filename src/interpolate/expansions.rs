//! Values that reach a command through its variables: whether each fits where bash, or a second reader, reads it.
//!
//! The document wrote `$NAME`, so nothing is quoted here. Each expansion is held by a token, like a template, and its place says what
//! the value may be: anything within quotes, whole numbers in arithmetic, plain words in what a second interpreter reads.
//!
//! Invariant: a place that no rule names takes plain words alone. Refuses to know: where values come from, and what runs.

use super::leaves::FoundLeaves;
use super::readers::{self, WordRole};
use super::refusal::RejectReason;
use super::render::{self, QuotingContext};
use super::{Delivery, Filter, MOST_VALUES, Substitution, TokenProbe, is_within};
use crate::shell::VariableAssignment;
use crate::shell::parse::limits;
use std::collections::BTreeMap;
use std::ops::Range;

/// Values of variables by name.
type VariableValues = BTreeMap<String, String>;

/// An expansion whose value does not fit where it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfitExpansion {
    /// Name of the variable.
    pub name: String,
    /// Reason why the value does not fit.
    pub why: RejectReason,
}

/// Judgement on the expansions of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgedExpansions {
    /// Expansions whose values do not fit, in order of the text.
    pub unfit: Vec<UnfitExpansion>,
    /// The text with the values in place of the expansions, for judging what it would do. It is never run.
    pub expanded: String,
}

/// An expansion of a variable whose value is known.
struct Expansion {
    span: Range<usize>,
    name: String,
    /// The values that it may have here; several for the variable of a loop.
    values: Vec<String>,
    /// Plain `$NAME` or `${NAME}`: the value is read as it is.
    is_plain: bool,
    /// `${!NAME}`: the value names another variable.
    is_indirect: bool,
}

/// Judges every expansion of a known variable in a command's text. `assignments` are those of the command itself, which carry
/// values on within it.
pub fn judge_expansions(text: &str, values: &VariableValues, assignments: &[VariableAssignment]) -> JudgedExpansions {
    let local = carry_values(text, values, assignments);
    let expansions = find_expansions(text, &local);
    let bare = bare_arithmetic_names(text, &local);
    if expansions.is_empty() && bare.is_empty() {
        return JudgedExpansions { unfit: Vec::new(), expanded: text.to_owned() };
    }
    let plain_only = |why: &RejectReason| {
        let unfit = expansions.iter().filter(|one| !one.values.iter().all(|value| render::is_plain_word(value)));
        let unfit = unfit.map(|one| UnfitExpansion { name: one.name.clone(), why: why.clone() }).collect();
        JudgedExpansions { unfit, expanded: text.to_owned() }
    };
    if expansions.len() > MOST_VALUES {
        return plain_only(&RejectReason::Many(expansions.len(), MOST_VALUES));
    }
    if let Some(reason) = limits::exceeded_limit(text) {
        return plain_only(&RejectReason::Unreadable(reason.to_owned()));
    }
    let fills: Vec<Substitution<'_>> = expansions
        .iter()
        .map(|one| Substitution { span: one.span.clone(), value: "", filter: Filter::None, by: Delivery::Text })
        .collect();
    let probe = TokenProbe::with_tokens(text, &fills);
    let judged = limits::with_enough_stack(&probe.text, || {
        let (_, found) = probe.find_leaves()?;
        Ok(judge_places(&probe, &found, &expansions))
    });
    let mut judged = match judged {
        Some(Ok(judged)) => judged,
        Some(Err(why)) => plain_only(&why),
        None => plain_only(&RejectReason::Unreadable("no room to read it".to_owned())),
    };
    let is_number = |value: &String| render::is_plain_number(value, None, None);
    let unfit_names = bare.into_iter().filter(|name| !local.get(name).is_some_and(|all| all.iter().all(is_number)));
    judged.unfit.extend(unfit_names.map(|name| UnfitExpansion { name, why: RejectReason::Arithmetic }));
    judged
}

/// The values that a command's own assignments and loops carry on from known ones; one of several is enough to know that the name
/// carries such values.
pub fn carried_values(text: &str, values: &VariableValues, assignments: &[VariableAssignment]) -> VariableValues {
    let local = carry_values(text, values, assignments);
    let is_known = |name: &String| values.get(name).is_some_and(|value| !value.is_empty());
    let carried = local.into_iter().filter(|(name, _)| !is_known(name));
    carried.filter_map(|(name, values)| Some((name, values.into_iter().next()?))).collect()
}

fn judge_places(probe: &TokenProbe, found: &FoundLeaves, expansions: &[Expansion]) -> JudgedExpansions {
    let mut judged = JudgedExpansions::default();
    let mut from = 0;
    for hole in &probe.holes {
        let Some(one) = expansions.get(hole.fill) else { continue };
        let place = Place { probe, found, at: &hole.at };
        let why = one.values.iter().find_map(|value| {
            if one.is_indirect {
                (!is_identifier(value)).then_some(RejectReason::Name)
            } else {
                place.reject_reason(value, one.is_plain)
            }
        });
        judged.unfit.extend(why.map(|why| UnfitExpansion { name: one.name.clone(), why }));
        judged.expanded.push_str(probe.text.get(from..hole.at.start).unwrap_or(""));
        judged.expanded.push_str(&place.render_value(one));
        from = hole.at.end;
    }
    judged.expanded.push_str(probe.text.get(from..).unwrap_or(""));
    judged
}

/// The place of one expansion.
struct Place<'p> {
    probe: &'p TokenProbe,
    found: &'p FoundLeaves,
    at: &'p Range<usize>,
}

impl Place<'_> {
    /// Why a value does not fit here.
    fn reject_reason(&self, value: &str, is_plain: bool) -> Option<RejectReason> {
        let is_word = render::is_plain_word(value);
        let unless = |fits: bool, why: RejectReason| (!fits).then_some(why);
        match self.innermost_context() {
            // Bash expands nothing there.
            Ok(QuotingContext::Single | QuotingContext::Ansi | QuotingContext::Literal | QuotingContext::Comment) => {
                None
            }
            Ok(QuotingContext::Number) => unless(self.is_number(value), RejectReason::Arithmetic),
            Ok(context) => self.reason_in_word(value, context, is_plain),
            Err(RejectReason::Delimiter) => None,
            Err(why @ RejectReason::Name) => unless(is_identifier(value), why),
            Err(why @ (RejectReason::Subscript | RejectReason::Descriptor)) => unless(self.is_number(value), why),
            Err(RejectReason::Operand) if self.is_in_subscript() => {
                unless(self.is_number(value), RejectReason::Subscript)
            }
            Err(RejectReason::Interpreted(shown)) => unless(is_word, RejectReason::ReadAgain(shown)),
            Err(why) => unless(is_word, why),
        }
    }

    /// Why a value does not fit in a word that bash expands.
    fn reason_in_word(&self, value: &str, context: QuotingContext, is_plain: bool) -> Option<RejectReason> {
        let is_word = render::is_plain_word(value);
        let unless = |fits: bool, why: RejectReason| (!fits).then_some(why);
        let by_role = match readers::role_at(self.found, self.at) {
            WordRole::Data => None,
            WordRole::Program => unless(is_word, RejectReason::CommandName),
            WordRole::Name => unless(is_identifier(value), RejectReason::Name),
            WordRole::Arithmetic => unless(self.is_number(value), RejectReason::Arithmetic),
            WordRole::Shell(shown, _) | WordRole::Sql(shown) | WordRole::Code(shown) => {
                unless(is_word, RejectReason::ReadAgain(shown))
            }
        };
        if by_role.is_some() || context != QuotingContext::Bare {
            return by_role;
        }
        let is_globbed = value.contains(['*', '?', '[', '\\']);
        let is_split = value.contains([' ', '\t', '\n']);
        if self.is_in(&self.found.patterns) {
            let is_literal = !value.contains(|c: char| "*?[\\]^$+(){}|".contains(c));
            return unless(is_literal, RejectReason::Pattern);
        }
        // The list of a loop is meant to be split.
        let splits = !self.is_in(&self.found.unsplit) && !self.is_in(&self.found.lists);
        let globs = !self.is_in(&self.found.unsplit);
        unless(!(is_split && splits && is_plain || is_globbed && globs), RejectReason::Unquoted)
    }

    fn is_in(&self, ranges: &[Range<usize>]) -> bool {
        ranges.iter().any(|range| is_within(range, self.at))
    }

    fn is_number(&self, value: &str) -> bool {
        render::is_plain_number(value, self.probe.char_before(self.at), self.probe.char_after(self.at))
    }

    /// True within `${name[…]}`, which bash evaluates as arithmetic.
    fn is_in_subscript(&self) -> bool {
        let before = self.probe.text.get(..self.at.start).unwrap_or("");
        let operand = before.rfind("${").and_then(|at| before.get(at..)).unwrap_or("");
        let closed = operand.matches(']').count();
        operand.matches('[').count() > closed
            || operand.split_once(':').is_some_and(|(_, rest)| {
                // `${name:offset:length}` is arithmetic, too; `${name:-word}` is not.
                !rest.starts_with(['-', '=', '?', '+'])
            })
    }

    /// Context of the innermost construct around the token, without looking at what stands beside it: an expansion is not read
    /// together with its neighbours.
    fn innermost_context(&self) -> Result<QuotingContext, RejectReason> {
        let mut innermost: Option<(usize, QuotingContext)> = None;
        let mut is_number = false;
        for leaf in self.found.leaves.iter().filter(|leaf| is_within(&leaf.range, self.at)) {
            match &leaf.takes {
                Err(why) => return Err(why.clone()),
                Ok(QuotingContext::Number) => is_number = true,
                Ok(context) if innermost.is_none_or(|(len, _)| leaf.range.len() <= len) => {
                    innermost = Some((leaf.range.len(), *context));
                }
                Ok(_) => {}
            }
        }
        if is_number {
            return Ok(QuotingContext::Number);
        }
        innermost.map(|(_, context)| context).ok_or(RejectReason::NoContext)
    }

    /// The value as text of its place, or the expansion as a name that stands for nothing where it cannot be text.
    fn render_value(&self, one: &Expansion) -> String {
        let value = one.values.first().map_or("", String::as_str);
        let (before, after) = (self.probe.char_before(self.at), self.probe.char_after(self.at));
        match self.innermost_context() {
            Ok(QuotingContext::Single | QuotingContext::Ansi | QuotingContext::Literal | QuotingContext::Comment) => {
                format!("${{{}}}", one.name)
            }
            Ok(QuotingContext::Number) if self.is_number(value) => value.to_owned(),
            Ok(context @ (QuotingContext::Bare | QuotingContext::Double | QuotingContext::Open)) => {
                render::quote_inline(context, value, before, after)
            }
            _ if render::is_plain_word(value) => value.to_owned(),
            _ => format!("${{{}}}", one.name),
        }
    }
}

/// The known values, and those that the command itself carries on from them: by an assignment, or as the variable of a loop.
fn carry_values(
    text: &str,
    values: &VariableValues,
    assignments: &[VariableAssignment],
) -> BTreeMap<String, Vec<String>> {
    let mut local: BTreeMap<String, Vec<String>> =
        values.iter().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
    let loops = loop_variables(text);
    // Each round carries values one assignment further.
    for _ in 0..=(assignments.len() + loops.len()).min(16) {
        let before = local.len();
        let is_known = |name: &str| values.get(name).is_some_and(|value| !value.is_empty());
        for assign in assignments.iter().filter(|assign| !is_known(&assign.name)) {
            let value = text.get(assign.value_span.clone()).unwrap_or("");
            carry_to(&mut local, &assign.name, value, false);
        }
        for (name, list) in &loops {
            carry_to(&mut local, name, text.get(list.clone()).unwrap_or(""), true);
        }
        if local.len() == before {
            break;
        }
    }
    local
}

/// Gives `name` what the known expansions in `source` bring, if there are any.
fn carry_to(local: &mut BTreeMap<String, Vec<String>>, name: &str, source: &str, is_split: bool) {
    let found = find_expansions(source, local);
    let brought: Vec<String> = match found.as_slice() {
        [] => return,
        [one] if one.is_plain && !is_split => {
            // The text around it is the author's.
            let (before, after) = (source.get(..one.span.start), source.get(one.span.end..));
            let (before, after) = (before.unwrap_or(""), after.unwrap_or(""));
            let bare = |text: &str| text.replace(['"', '\''], "");
            let carry = |value: &String| match value.as_str() {
                // Not known yet.
                "" => String::new(),
                value => format!("{}{value}{}", bare(before), bare(after)),
            };
            one.values.iter().map(carry).collect()
        }
        all => all.iter().flat_map(|one| one.values.clone()).collect(),
    };
    let brought = brought
        .into_iter()
        .flat_map(|value| if is_split { value.split_whitespace().map(str::to_owned).collect() } else { vec![value] });
    let known = local.entry(name.to_owned()).or_default();
    // An empty value stood for one that nobody knew.
    known.retain(|value| !value.is_empty());
    for value in brought.take(MOST_VALUES) {
        if !known.contains(&value) && known.len() < MOST_VALUES {
            known.push(value);
        }
    }
}

/// The variables of the `for` loops in a text, each with the bytes of its list.
pub fn loop_variables(text: &str) -> Vec<(String, Range<usize>)> {
    let mut loops = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("for ")).map(|offset| at + offset) {
        at = found + "for ".len();
        let before = text.get(..found).unwrap_or("");
        if before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            continue;
        }
        let rest = text.get(at..).unwrap_or("");
        let Some((name, list)) = rest.trim_start().split_once(char::is_whitespace) else { continue };
        let Some(list) = list.trim_start().strip_prefix("in ").filter(|_| is_identifier(name)) else { continue };
        let start = text.len() - list.len();
        let end = start + list.find([';', '\n']).unwrap_or(list.len());
        loops.push((name.to_owned(), start..end));
    }
    loops
}

/// The expansions of known variables in a text, in order and without overlap. One whose `$` is escaped is none.
fn find_expansions(text: &str, values: &BTreeMap<String, Vec<String>>) -> Vec<Expansion> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| rest.find('$')).map(|offset| at + offset) {
        at = next + 1;
        let escapes = text.get(..next).unwrap_or("").bytes().rev().take_while(|byte| *byte == b'\\').count();
        let Some(rest) = text.get(at..).filter(|_| escapes % 2 == 0) else { continue };
        let braced = rest.strip_prefix('{');
        let inside = braced.map_or(rest, |inside| inside.trim_start_matches(['!', '#']));
        let skipped = rest.len() - inside.len();
        let name_len = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
        let name = inside.get(..name_len).unwrap_or("");
        let Some(of_name) = values.get(name).filter(|_| is_identifier(name)) else { continue };
        let (end, is_plain) = if braced.is_some() {
            let Some(close) = find_closing_brace(inside) else { continue };
            // The length of a value is a number.
            if rest.starts_with("{#") {
                at += skipped + close + 1;
                continue;
            }
            (at + skipped + close + 1, close == name_len && skipped == 1)
        } else {
            (at + name_len, true)
        };
        let is_indirect = rest.starts_with("{!");
        let (name, values) = (name.to_owned(), of_name.clone());
        found.push(Expansion { span: next..end, name, values, is_plain, is_indirect });
        at = end;
    }
    found
}

/// Offset of the `}` that closes a `${`, whose inside this is.
fn find_closing_brace(inside: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Known names that arithmetic reads without a `$`: `((N > 3))`, `$((N))`, `let N+1`, `[[ N -gt 3 ]]`, `${list[N]}`.
fn bare_arithmetic_names(text: &str, values: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    if values.is_empty() {
        return Vec::new();
    }
    let mut names: Vec<String> = Vec::new();
    let mut add_all = |stretch: &str| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for (at, word) in stretch.match_indices(is_word).filter(|(at, _)| {
            *at == 0 || !stretch.get(..*at).unwrap_or("").ends_with(|c: char| is_word(c) || c == '$' || c == '{')
        }) {
            let rest = stretch.get(at..).unwrap_or(word);
            let name = rest.split(|c: char| !is_word(c)).next().unwrap_or("");
            if values.contains_key(name) && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    };
    for (open, close) in [("((", "))"), ("[[", "]]"), ("[", "]")] {
        let mut rest = text;
        while let Some((before, inside)) = rest.split_once(open) {
            rest = inside;
            let is_subscript = open != "[" || before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let stretch = inside.split(close).next().unwrap_or("");
            let compares = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"].iter().any(|test| stretch.contains(test));
            if is_subscript && (open != "[[" || compares) {
                add_all(stretch);
            }
        }
    }
    for line in text.lines() {
        if let Some(words) = line.trim_start().strip_prefix("let ") {
            add_all(words);
        }
    }
    names
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str, value: &str) -> Option<RejectReason> {
        let values = [("V".to_owned(), value.to_owned())].into_iter().collect();
        let facts = crate::shell::describe_command(text);
        judge_expansions(text, &values, &facts.assignments).unfit.into_iter().next().map(|unfit| unfit.why)
    }

    #[test]
    fn within_quotes_a_value_is_data_whatever_it_holds() {
        for text in
            ["ls \"$V\"", "echo \"a ${V} b\"", "x=$V", "cat <<< \"$V\"", "ls '$V'", "echo \\$V", "cat <<E\n$V\nE"]
        {
            for value in ["a b", "x; rm -rf /", "$(touch x)", "`id`", "a'b\"c", "*", "a[$(id)]"] {
                assert_eq!(judge(text, value), None, "{text} with {value}");
            }
        }
    }

    #[test]
    fn an_unquoted_value_must_stay_one_word() {
        for text in ["ls $V", "ls /srv/$V/x", "cp a ${V}", "echo > $V"] {
            assert_eq!(judge(text, "a b"), Some(RejectReason::Unquoted), "{text}");
            assert_eq!(judge(text, "*.log"), Some(RejectReason::Unquoted), "{text}");
            assert_eq!(judge(text, "x;y"), None, "{text}");
        }
        assert_eq!(judge("for h in $V; do echo \"$h\"; done", "a b"), None);
        assert_eq!(judge("for h in $V; do ssh \"$h\" \"ls $h\"; done", "a b"), None);
    }

    #[test]
    fn a_second_reader_takes_plain_words_alone() {
        for text in [
            "ssh host \"ls $V\"",
            "bash -c \"ls $V\"",
            "psql shop -c \"select $V\"",
            "eval ls $V",
            "x=$V; ssh host \"ls $x\"",
            "x=\"a-$V\"; y=$x; ssh host \"ls $y\"",
            "for h in $V; do ssh db \"ls $h\"; done",
            "pdsh -w h1 \"args $V\"",
            "psql shop <<E\nselect '$V';\nE",
            "cat > x.sh <<E\nargs $V\nE",
            "echo \"ls $V\" | sh",
            "ssh host \"ls ${V%.gz}\"",
        ] {
            assert_eq!(judge(text, "shop"), None, "{text}");
            assert!(judge(text, "x;id").is_some(), "{text}");
            assert!(judge(text, "$(id)").is_some(), "{text}");
        }
    }

    #[test]
    fn arithmetic_takes_whole_numbers_alone() {
        for text in [
            "echo $((V))",
            "echo $(( $V + 1 ))",
            "[[ $V -gt 3 ]]",
            "[[ V -gt 3 ]]",
            "(( V > 3 ))",
            "let V+1",
            "let \"x = $V\"",
            "echo ${list[V]}",
            "echo ${list[$V]}",
            "echo ${list:$V}",
            "x=$V; [[ $x -gt 3 ]]",
        ] {
            assert_eq!(judge(text, "42"), None, "{text}");
            assert!(judge(text, "a[$(id)]").is_some(), "{text}");
        }
        assert_eq!(judge("[[ -z $V ]]", "a b"), None);
        assert_eq!(judge("[ \"$V\" -gt 3 ]", "a[$(id)]"), None, "`[` evaluates nothing");
    }

    #[test]
    fn a_value_names_no_command_unless_it_is_a_plain_word() {
        assert_eq!(judge("$V get pods", "kubectl"), None);
        assert!(judge("$V get pods", "sh -c").is_some());
        assert!(judge("sudo $V", "a b").is_some());
    }

    #[test]
    fn the_text_with_values_is_for_judging() {
        let expanded = |text: &str, value: &str| {
            let values = [("V".to_owned(), value.to_owned())].into_iter().collect();
            judge_expansions(text, &values, &[]).expanded
        };
        assert_eq!(expanded("ssh \"$V\" uptime", "-oProxyCommand=x"), "ssh \"-oProxyCommand=x\" uptime");
        assert_eq!(expanded("ls $V", "a b"), "ls 'a b'");
        assert_eq!(expanded("echo '$V'", "a"), "echo '${V}'");
        assert_eq!(expanded("$V -rf x", "rm"), "rm -rf x");
    }
}
