//! Shell completion: clap generates the scripts, and the program itself completes `FILE#<TAB>` and `--input <TAB>`.
//!
//! Invariant: a document that cannot be read completes to nothing; completion never prints an error.

use super::args::Cli;
use super::open::{self, ProcedureTarget};
use crate::plan::{Planner, canonical_name};
use clap::CommandFactory as _;
use clap_complete::Shell;
use std::fmt::Write as _;

/// Completion script for a shell, with our own functions appended for bash, zsh and fish.
pub(super) fn completion_script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "runbook", &mut bytes);
    let mut script = String::from_utf8_lossy(&bytes).into_owned();
    match shell {
        Shell::Bash => script.push_str(BASH),
        Shell::Zsh => script.push_str(ZSH),
        Shell::Fish => script.push_str(FISH),
        _ => {}
    }
    script
}

const BASH: &str = r#"
# Offers the first fields of the lines that begin so. They are a document's words: bash never expands them, neither here nor on
# the command line, where they are quoted.
_runbook_offer() {
    local line
    while IFS= read -r line; do
        line=${line%%$'\t'*}
        [[ $line && $line == "$1"* ]] && COMPREPLY+=( "$(printf %q "$line")" )
    done
}
# FILE#<TAB> and --input <TAB>: the program itself knows the anchors, and what a procedure asks for.
_runbook_anchors() {
    local word="${COMP_WORDS[COMP_CWORD]}"
    if (( COMP_CWORD > 0 )) && [[ ${COMP_WORDS[COMP_CWORD-1]} == --input ]]; then
        COMPREPLY=()
        local file
        for file in "${COMP_WORDS[@]:2}"; do
            [[ -f ${file%%#*} ]] && break
        done
        _runbook_offer "" < <(runbook __complete "$word" --inputs-of "$file" 2>/dev/null)
        compopt -o nospace 2>/dev/null
        return 0
    fi
    if [[ $word == *'#'* ]]; then
        COMPREPLY=()
        _runbook_offer "" < <(runbook __complete "$word" 2>/dev/null)
        return 0
    fi
    local names=
    case "${COMP_WORDS[COMP_CWORD-1]}" in
        --incident) names=incidents ;;
        --severity) names=severities ;;
    esac
    if [[ ${COMP_WORDS[1]} == incident && $COMP_CWORD == 3 && $word != -* ]]; then
        case "${COMP_WORDS[2]}" in
            show | close | report) names=incidents ;;
            severity) names=severities ;;
        esac
    fi
    if [[ $names ]]; then
        COMPREPLY=()
        _runbook_offer "$word" < <(runbook __complete --what "$names" "$word" 2>/dev/null)
        return 0
    fi
    _runbook "$@"
    case " ${COMP_WORDS[*]} " in
        *' run '* | *' list '* | *' show '* | *' inputs '*)
            if [[ $word != -* ]]; then
                _runbook_offer "" < <(compgen -f -X '!*.md' -- "$word"; compgen -d -- "$word")
            fi
            ;;
    esac
}
complete -F _runbook_anchors -o nosort -o bashdefault -o default runbook 2>/dev/null ||
    complete -F _runbook_anchors -o bashdefault -o default runbook
"#;

const ZSH: &str = r#"
# FILE#<TAB> and --input <TAB>: the program itself knows the anchors, and what a procedure asks for.
_runbook_anchors() {
    if [[ ${words[CURRENT-1]} == --input ]]; then
        local -a inputs
        local file
        for file in "${(@)words[3,-1]}"; do
            [[ -f ${${(Q)file}%%'#'*} ]] && break
        done
        inputs=("${(@f)$(runbook __complete "${(Q)PREFIX}" --inputs-of "${(Q)file}" 2>/dev/null | cut -f1)}")
        compadd -S '' -- "${(@)inputs}"
        return
    fi
    if [[ $PREFIX == *'#'* ]]; then
        local -a anchors
        anchors=("${(@f)$(runbook __complete "${(Q)PREFIX}" 2>/dev/null | cut -f1)}")
        compadd -U -Q -- "${(@q)anchors}"
        return
    fi
    local names=
    case "${words[CURRENT-1]}" in
        --incident) names=incidents ;;
        --severity) names=severities ;;
    esac
    if [[ ${words[2]} == incident && $CURRENT == 4 && $PREFIX != -* ]]; then
        case "${words[3]}" in
            show | close | report) names=incidents ;;
            severity) names=severities ;;
        esac
    fi
    if [[ -n $names ]]; then
        local -a found
        found=("${(@f)$(runbook __complete --what $names "$PREFIX" 2>/dev/null | cut -f1)}")
        compadd -- "${found[@]}"
        return
    fi
    _runbook "$@"
}
compdef _runbook_anchors runbook
"#;

const FISH: &str = r#"
# FILE#<TAB> and --input <TAB>: the program itself knows the anchors, and what a procedure asks for.
function __runbook_inputs
    for word in (commandline -opc)[3..-1]
        if test -f (string replace -r '#.*' '' -- $word)
            runbook __complete (commandline -ct) --inputs-of $word 2>/dev/null
            return
        end
    end
end
complete -c runbook -n "string match -q -- --input (commandline -opc)[-1]" -f -a "(__runbook_inputs)"
complete -c runbook -n "string match -q '*#*' -- (commandline -ct)" -f -a "(runbook __complete (commandline -ct) 2>/dev/null)"
complete -c runbook -n "__fish_seen_argument -l incident; or __fish_seen_subcommand_from show close report" -l incident -x -a "(runbook __complete --what incidents (commandline -ct) 2>/dev/null)"
complete -c runbook -n "__fish_seen_subcommand_from open severity" -l severity -x -a "(runbook __complete --what severities (commandline -ct) 2>/dev/null)"
"#;

/// Completes `FILE#part` to the anchors that begin so. Each line is `FILE#anchor`, a tab and the section's title.
pub(super) fn complete_anchors(word: &str) -> String {
    let Ok(target) = ProcedureTarget::from_arguments(word, None) else { return String::new() };
    let Ok(opened) = open::open_document(&target.path) else { return String::new() };
    let is_file = |path: &str| std::path::Path::new(path).is_file();
    let mut planner = Planner::new(&opened.runbook, &is_file);
    let mut out = String::new();
    for (index, section) in opened.runbook.sections.iter().enumerate().skip(1) {
        let anchor = section.anchor.as_str();
        if anchor.starts_with(&target.procedure) && !planner.outline_section(index).root.is_empty() {
            let title = section.title.replace(['\t', '\n'], " ");
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}#{anchor}\t{title}", target.path.display());
        }
    }
    out
}

/// Completes `--input part` to the inputs of a procedure. Each line is `NAME=` (`NAME=@` for a secret, which comes from a file), a
/// tab and a description.
pub(super) fn complete_inputs(file: &str, word: &str) -> String {
    let Ok(target) = ProcedureTarget::from_arguments(file, None) else { return String::new() };
    let Ok(opened) = open::open_document(&target.path) else { return String::new() };
    let Ok((section, _)) = opened.select_section(&target.procedure) else { return String::new() };
    let is_file = |path: &str| std::path::Path::new(path).is_file();
    let plan = Planner::new(&opened.runbook, &is_file).plan_section(section);
    let mut out = String::new();
    for input in &plan.inputs {
        let name = input.name.as_str();
        // Offer the canonical form of a name that the shell would split or expand.
        let as_it_is = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let name = if as_it_is { name.to_owned() } else { canonical_name(name) };
        if name.starts_with(word) {
            let sign = if input.rules.secret { "=@" } else { "=" };
            let what = input.rules.description.as_deref().unwrap_or(&input.shown).replace(['\t', '\n'], " ");
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{name}{sign}\t{what}");
        }
    }
    out
}
