//! Derives the facts about one command from its syntax tree.
//!
//! Invariant: programs and words are stated only for a clear command. An opaque one has only placeholders and variables,
//! and promises nothing. Refuses to know: bash's own verdict on the command.

use super::parse::masking::MaskedText;
use super::parse::reading::{CommandInContext, ParsedText, VariableUse};
use super::parse::{limits, rable, shuck};
use super::programs::{endless, harmless, session, terminal};
use super::split;
use super::{
    Clarity, CommandFacts, Definition, DefinitionKind, NotACommand, Placeholder, ProgramName, SessionChange,
    SimpleCommand, StatusSource, VariableAssignment, VariableRead,
};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// How many of the latest assignments are searched for a repeated name.
const MAX_COMPARED_ASSIGNMENTS: usize = 64;

/// Describes one command in the same way as the splitter. Also used for a command that an operator typed.
pub fn describe_command(text: &str) -> CommandFacts {
    if let Some(reason) = limits::exceeded_limit(text) {
        return opaque_facts(text, reason.to_owned());
    }
    let described = limits::with_enough_stack(text, || {
        let masked = MaskedText::new(text);
        match shuck::parse_text(&masked) {
            Ok(reading) => match split::find_unclosed(masked.masked_text(), &reading) {
                Some((reason, _)) => opaque_facts(text, reason.to_owned()),
                None => derive_facts(&masked, reading),
            },
            Err(refusal) => opaque_facts(text, format!("no reading of it: {}", refusal.message)),
        }
    });
    described.unwrap_or_else(|| opaque_facts(text, "no room to read it".to_owned()))
}

/// The facts about a text that cannot be parsed: placeholders, and the reason.
pub(super) fn opaque_facts(text: &str, reason: String) -> CommandFacts {
    let masked = MaskedText::new(text);
    CommandFacts {
        clarity: Clarity::Opaque(reason),
        placeholders: live_placeholders(&masked, &[]),
        not_a_command: detect_non_command(text, None),
        ..CommandFacts::default()
    }
}

/// The facts that follow from a parsed text.
pub(super) fn derive_facts(masked: &MaskedText<'_>, reading: ParsedText) -> CommandFacts {
    let text = masked.original_slice(0..masked.masked_text().len());
    let clarity = assess_clarity(masked, &reading);
    let clear = clarity == Clarity::Clear;
    let defines = if clear { session_definitions(masked, &reading) } else { Vec::new() };
    let first = reading.commands.first().map(|found| &found.command);
    let mut facts = CommandFacts {
        never_ends_reason: endless::why_never_ends(&reading),
        interactive_reason: terminal::why_interactive(&reading),
        placeholders: live_placeholders(masked, &reading.extent.comments),
        not_a_command: detect_non_command(text, first),
        reads_only: clear && harmless::only_runs_readers(&reading),
        session_changes: session_changes(&reading),
        definitions: defines,
        status_source: StatusSource { pipeline_members: None, own_status_only: clear && reading.own_status_only },
        clarity,
        ..CommandFacts::default()
    };
    let ParsedText { commands: found, pipeline_members: pipeline, variable_uses: variables, .. } = reading;
    let only_assigns = matches!(
        pipeline.as_deref(),
        Some(&[index]) if found.get(index).is_some_and(|command| command.command.program == ProgramName::None)
    );
    (facts.assignments, facts.variable_reads) = collect_variables(variables, only_assigns && clear);
    // A name that is not in the original text comes from a masked word, as in `${<name>}`.
    let names: HashSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    // The name of a parameter, such as `1` or `@`, may stand within a longer word.
    let is_original = |name: &str| names.contains(name) || (name.len() < 2 && text.contains(name));
    facts.assignments.retain(|assign| is_original(&assign.name));
    facts.variable_reads.retain(|read| is_original(&read.name));
    if clear {
        facts.status_source.pipeline_members = pipeline;
        facts.simple_commands = found.into_iter().map(|found| found.command).collect();
    }
    facts
}

/// How the commands change the session, each kind of change once, in order of the text.
fn session_changes(reading: &ParsedText) -> Vec<SessionChange> {
    let mut changes: Vec<_> = reading.commands.iter().filter_map(session::session_change).collect();
    if reading.shell_effects.defines_function {
        changes.push(SessionChange::Definitions);
    }
    let mut seen = HashSet::new();
    changes.retain(|change| seen.insert(*change));
    changes
}

/// The functions and aliases that are defined in the session.
fn session_definitions(masked: &MaskedText<'_>, reading: &ParsedText) -> Vec<Definition> {
    let functions = reading.functions.iter().filter(|function| function.in_session).map(|function| Definition {
        kind: DefinitionKind::Function,
        name: function.name.clone(),
        text: masked.original_slice(function.span.clone()).to_owned(),
    });
    let is_alias_command = |found: &&CommandInContext| {
        found.context.in_session && found.command.program == ProgramName::Named("alias".to_owned())
    };
    let words = reading.commands.iter().filter(is_alias_command).flat_map(|found| found.command.words.iter().flatten());
    let aliases = words.filter_map(|word| word.split_once('=')).map(|(name, text)| Definition {
        kind: DefinitionKind::Alias,
        name: name.to_owned(),
        text: text.to_owned(),
    });
    functions.chain(aliases).collect()
}

/// Decides if the tree can be trusted: nothing may hide a command, and both parsers must count the same words.
pub(crate) fn assess_clarity(masked: &MaskedText<'_>, reading: &ParsedText) -> Clarity {
    if masked.original_slice(0..masked.masked_text().len()).contains('\0') {
        return Clarity::Opaque("a NUL byte, which bash drops".to_owned());
    }
    if let Some(range) = &reading.suspect_span {
        let excerpt: String = masked.original_slice(range.clone()).chars().take(40).collect();
        return Clarity::Opaque(format!("`{excerpt}` may hide a command"));
    }
    if reading.has_unseparated_statements {
        return Clarity::Opaque("two commands with nothing between them".to_owned());
    }
    match rable::word_counts(masked.masked_text()) {
        Ok(signature) if signature == reading.word_counts => Clarity::Clear,
        Ok(_) => Clarity::Opaque("the two parsers see different commands".to_owned()),
        Err(reason) => Clarity::Opaque(reason.to_owned()),
    }
}

/// Separates the variables that are set in the session from those that are read before the command sets them.
///
/// Values are kept only if `keep_values`.
fn collect_variables(variables: Vec<VariableUse>, keep_values: bool) -> (Vec<VariableAssignment>, Vec<VariableRead>) {
    let mut assigns: Vec<VariableAssignment> = Vec::new();
    let mut reads: Vec<VariableRead> = Vec::new();
    let mut already_set = HashSet::new();
    let mut read_indices: HashMap<String, usize> = HashMap::new();
    for variable in variables {
        match variable {
            VariableUse::Set { name, literal, value, in_session } => {
                already_set.insert(name.clone());
                // Where the text gives no value (`read NAME`, `NAME=`), one entry for a name is enough. Only the latest
                // entries are compared, so that the time stays linear.
                let is_repeated = value.is_empty()
                    && assigns.iter().rev().take(MAX_COMPARED_ASSIGNMENTS).any(|known| known.name == name);
                if in_session && !is_repeated {
                    assigns.push(VariableAssignment {
                        name,
                        literal: literal.filter(|_| keep_values),
                        value_span: value,
                    });
                }
            }
            VariableUse::Read { name, .. } if already_set.contains(&name) => {}
            VariableUse::Read { name, has_default } => {
                if let Some(read) = read_indices.get(&name).and_then(|&index| reads.get_mut(index)) {
                    read.has_default &= has_default;
                } else {
                    read_indices.insert(name.clone(), reads.len());
                    reads.push(VariableRead { name, has_default });
                }
            }
        }
    }
    (assigns, reads)
}

/// The placeholders in the text, except those in comments.
fn live_placeholders(masked: &MaskedText<'_>, comments: &[Range<usize>]) -> Vec<Placeholder> {
    let spans = masked.placeholder_spans().filter(|span| !comments.iter().any(|comment| comment.contains(&span.start)));
    spans.map(|span| Placeholder { text: masked.original_slice(span.clone()).to_owned(), span }).collect()
}

/// True if a line is meant for a chat, not for a shell: a slash and a plain word, `/incident create …`.
pub fn is_slash_command(text: &str) -> bool {
    text.split_ascii_whitespace().next().is_some_and(is_slash_word)
}

fn is_slash_word(word: &str) -> bool {
    word.strip_prefix('/').is_some_and(|name| {
        name.starts_with(|c: char| c.is_alphabetic())
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    })
}

/// Recognises a text that parses as shell but is meant for a crontab, a YAML file or a chat.
fn detect_non_command(text: &str, first: Option<&SimpleCommand>) -> Option<NotACommand> {
    let mut fields = text.split_ascii_whitespace();
    let first_fields: Vec<&str> = fields.by_ref().take(5).collect();
    if is_cron_schedule(&first_fields) && fields.next().is_some() {
        return Some(NotACommand::Cron);
    }
    let named = first.and_then(|simple| match &simple.program {
        ProgramName::Named(name) => Some(name.as_str()),
        ProgramName::Dynamic | ProgramName::None => None,
    });
    let unparsed = || if first.is_none() { first_fields.first().copied() } else { None };
    let word = named.or_else(unparsed)?;
    if word == "-" || is_yaml_key(word) {
        return Some(NotACommand::Yaml);
    }
    is_slash_word(word).then(|| NotACommand::Slash(word.to_owned()))
}

fn is_yaml_key(word: &str) -> bool {
    word.strip_suffix(':')
        .is_some_and(|key| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))
}

/// True for the five fields of a cron schedule, of which at least one begins with `*`.
fn is_cron_schedule(fields: &[&str]) -> bool {
    let [minute, hour, day, month, weekday] = fields else { return false };
    let numeric = |field: &&&str| field.bytes().all(|b| b.is_ascii_digit() || b"*,/-".contains(&b));
    let named = |field: &&&str| field.bytes().all(|b| b.is_ascii_alphanumeric() || b"*,/-".contains(&b));
    [minute, hour, day].iter().all(numeric)
        && [month, weekday].iter().all(named)
        && fields.iter().any(|field| field.starts_with('*'))
        && minute.starts_with(|c: char| c.is_ascii_digit() || c == '*')
}

#[cfg(test)]
mod tests {
    use super::describe_command;
    use crate::shell::{Clarity, NotACommand, ProgramName, SessionChange};

    fn programs(text: &str) -> Vec<String> {
        let name = |program: &ProgramName| match program {
            ProgramName::Named(name) => name.clone(),
            ProgramName::Dynamic => "?".to_owned(),
            ProgramName::None => "=".to_owned(),
        };
        describe_command(text).simple_commands.iter().map(|simple| name(&simple.program)).collect()
    }

    fn reads(text: &str) -> Vec<(String, bool)> {
        describe_command(text).variable_reads.into_iter().map(|read| (read.name, read.has_default)).collect()
    }

    #[test]
    fn every_simple_command_is_seen_at_any_depth() {
        assert_eq!(programs("a; b | c && d || e &"), ["a", "b", "c", "d", "e"]);
        assert_eq!(programs("echo \"$(a $(b))\" `c` <(d) >(e)"), ["echo", "a", "b", "c", "d", "e"]);
        assert_eq!(programs("f() { a; (b); { c; }; }"), ["a", "b", "c"]);
        assert_eq!(programs("if a; then b; elif c; then d; else e; fi"), ["a", "b", "c", "d", "e"]);
        assert_eq!(programs("for x in $(a); do b; done; while c; do d; done"), ["a", "b", "c", "d"]);
        assert_eq!(programs("case $(a) in x) b;; esac"), ["a", "b"]);
        assert_eq!(programs("cat <<E\n$(a)\nE"), ["cat", "a"]);
        assert_eq!(programs("x=$(a) y=1"), ["=", "a"]);
        assert_eq!(programs("echo ${x:-$(a)} $(( $(b) + 1 ))"), ["echo", "a", "b"]);
        assert_eq!(programs("time a | b; ! c; $X d; \"e\" f"), ["a", "b", "c", "?", "e"]);
        assert_eq!(programs("export A=$(a); exit 1"), ["export", "a", "exit"]);
    }

    #[test]
    fn words_are_given_without_quotes_where_they_are_fixed() {
        let facts = describe_command(r#"echo a\ b "c $x" 'd e' f"g"'h' *.gz {i,j} <pod> pod/<name> $'k'"#);
        let words = facts.simple_commands.first().map(|simple| simple.words.clone()).unwrap_or_default();
        let text = |word: &Option<String>| word.clone().unwrap_or_else(|| "?".to_owned());
        let words: Vec<_> = words.iter().map(text).collect();
        assert_eq!(words, ["a b", "?", "d e", "fgh", "*.gz", "?", "<pod>", "pod/<name>", "k"]);
    }

    #[test]
    fn a_span_is_the_command_with_its_redirections() {
        let text = "A=1 a b 2>&1 | c > d; e";
        let spans: Vec<_> = describe_command(text)
            .simple_commands
            .into_iter()
            .map(|s| text.get(s.span).unwrap_or("").to_owned())
            .collect();
        assert_eq!(spans, ["A=1 a b 2>&1", "c > d", "e"]);
    }

    #[test]
    fn a_loop_and_a_negated_pipeline_speak_by_their_status_alone() {
        for text in ["while read -r x | y; do z; done", "if a | b; then c; fi", "! a | b", "cd x; { a | b; }"] {
            assert!(describe_command(text).status_source.own_status_only, "{text}");
        }
        for text in ["a | b", "a && b | c", "[[ a ]]", "time a | b"] {
            assert!(!describe_command(text).status_source.own_status_only, "{text}");
        }
    }

    #[test]
    fn a_pipeline_is_told_from_lists_and_compounds() {
        assert_eq!(describe_command("a $(b) | c | d").status_source.pipeline_members, Some(vec![0, 2, 3]));
        assert_eq!(describe_command("<x a | b").status_source.pipeline_members, Some(vec![0, 1]));
        assert_eq!(describe_command("! a | b").status_source.pipeline_members, Some(vec![0, 1]));
        assert_eq!(describe_command("a").status_source.pipeline_members, Some(vec![0]));
        for text in ["a; b", "a && b", "a | b &", "for x in y; do a; done", "a | while read x; do b; done", "(a)"] {
            assert_eq!(describe_command(text).status_source.pipeline_members, None, "{text}");
        }
    }

    #[test]
    fn a_literal_assignment_keeps_its_value_and_place() {
        let text = "BACKUP_FILE='backups/db 1.gz'";
        let assigns = describe_command(text).assignments;
        let [only] = assigns.as_slice() else { unreachable!("{assigns:?}") };
        assert_eq!((only.name.as_str(), only.literal.as_deref()), ("BACKUP_FILE", Some("backups/db 1.gz")));
        assert_eq!(text.get(only.value_span.clone()), Some("'backups/db 1.gz'"));
    }

    #[test]
    fn only_what_the_session_keeps_is_assigned() {
        let names = |text: &str| -> Vec<(String, bool)> {
            describe_command(text).assignments.into_iter().map(|a| (a.name, a.literal.is_some())).collect()
        };
        assert_eq!(names("A=1 B=$x"), [("A".to_owned(), true), ("B".to_owned(), false)]);
        assert_eq!(names("A=1 cmd"), []);
        assert_eq!(names("(A=1)"), []);
        assert_eq!(names("A=1 && ls"), [("A".to_owned(), false)]);
        assert_eq!(names("export A=1"), [("A".to_owned(), false)]);
        assert_eq!(names("read -r a b"), [("a".to_owned(), false), ("b".to_owned(), false)]);
        assert_eq!(names("for i in 1 2; do ls; done"), [("i".to_owned(), false)]);
        assert_eq!(names("A=~/x"), [("A".to_owned(), false)]);
        assert_eq!(names("A+=x"), [("A".to_owned(), false)]);
    }

    #[test]
    fn variables_read_leave_out_those_set_before_and_special_ones() {
        let plain = |name: &str| (name.to_owned(), false);
        assert_eq!(reads("echo $A \"${B}\" '$C' ${#D} ${E[0]} ${F%.gz}"), ["A", "B", "D", "E", "F"].map(plain));
        assert_eq!(reads("cat <<X\n$A\nX\ncat <<'X'\n$B\nX"), [plain("A")]);
        assert_eq!(reads("A=1; echo $A $B"), [plain("B")]);
        assert_eq!(reads("A=$A:x"), [plain("A")]);
        assert_eq!(reads("for i in $L; do echo $i; done"), [plain("L")]);
        assert_eq!(reads("while read -r x; do echo $x; done"), []);
        assert_eq!(reads("echo $1 $@ $? $$ $_ $#"), []);
        assert_eq!(reads("echo ${A:-x} ${B?no} ${C+x}"), ["A", "B", "C"].map(|name| (name.to_owned(), true)));
        assert_eq!(reads("echo ${A:-x} $A"), [plain("A")]);
        assert_eq!(reads("ls $(( $N + 1 ))"), [plain("N")]);
    }

    #[test]
    fn changes_to_the_session_are_marked() {
        for (text, change) in [
            ("cd /srv && ls", SessionChange::Directory),
            ("export A=1", SessionChange::Variables),
            ("f() { ls; }", SessionChange::Definitions),
            ("source ./env", SessionChange::Definitions),
            ("set -e", SessionChange::Options),
            ("trap 'rm x' EXIT", SessionChange::Traps),
            ("exec bash", SessionChange::Exec),
            ("ls || exit 1", SessionChange::Exit),
        ] {
            assert_eq!(describe_command(text).session_changes, [change], "{text}");
        }
        for text in ["(cd x && ls)", "cd x | y", "f() { cd x; }; true", "echo $(cd x)", "cd x &"] {
            assert!(!describe_command(text).session_changes.contains(&SessionChange::Directory), "{text}");
        }
    }

    #[test]
    fn a_command_that_hides_another_is_opaque() {
        for text in ["echo {{ a; rm -rf x; }}", "echo {a; rm x}", "ls {{ x | tee y }}", "x (a) y", "r\0m x", "echo 'a"]
        {
            let facts = describe_command(text);
            assert!(matches!(facts.clarity, Clarity::Opaque(_)), "{text}: {facts:?}");
            assert!(!facts.reads_only && facts.status_source.pipeline_members.is_none(), "{text}");
        }
        for text in
            ["echo {{ name }}", "docker ps --format '{{.Names | x}}'", "ls {a,b}", "[[ a < b ]]", "((a = b | c))"]
        {
            assert_eq!(describe_command(text).clarity, Clarity::Clear, "{text}");
        }
    }

    #[test]
    fn placeholders_are_found_in_quotes_and_not_in_comments() {
        let text = "psql -c \"SELECT '<id>'\" <db> # see <doc>";
        let found: Vec<_> = describe_command(text).placeholders.into_iter().map(|p| p.text).collect();
        assert_eq!(found, ["<id>", "<db>"]);
    }

    #[test]
    fn yaml_chat_lines_and_schedules_are_no_commands() {
        for text in ["environment:", "DATABASE_POOL_SIZE: 30  # up from 20", "- name: x", "a.b-c: d"] {
            assert_eq!(describe_command(text).not_a_command, Some(NotACommand::Yaml), "{text}");
        }
        let slash = Some(NotACommand::Slash("/incident".to_owned()));
        assert_eq!(describe_command("/incident create 'API down'").not_a_command, slash);
        for text in ["0 3 * * * cd /srv && make", "*/5 * * * 1-5 /x/y", "0 0 1 jan * x"] {
            assert_eq!(describe_command(text).not_a_command, Some(NotACommand::Cron), "{text}");
        }
        for text in ["ls", "/usr/bin/ls", ": nothing", "echo a: b", "10 20"] {
            assert_eq!(describe_command(text).not_a_command, None, "{text}");
        }
    }
}
