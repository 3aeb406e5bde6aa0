//! Exit statuses that are answers and not failures.
//!
//! Invariant: a status is an answer only where the program's own documentation says so, named with its row; any other
//! status is a failure. Refuses to know: what becomes of an answer.

use super::options::{
    EffectiveProgram, effective_program, has_any_flag, valued_before_subcommand, words_behind_subcommands,
};
use crate::shell::{CommandFacts, TabledAnswer};

/// A row: the program, its subcommands, the option it must have (any, if none is named), and the answer.
type AnswerRow = (&'static str, &'static [&'static str], &'static [&'static str], TabledAnswer);

const fn always_answer(status: i32, meaning: &'static str) -> TabledAnswer {
    TabledAnswer { status, meaning, only_if_printed: None }
}

const ANSWER_TABLE: &[AnswerRow] = &[
    // grep(1), EXIT STATUS: "0 if a line is selected, 1 if no lines were selected, and 2 if an error occurred".
    ("grep", &[], &[], always_answer(1, "no match")),
    ("egrep", &[], &[], always_answer(1, "no match")),
    ("fgrep", &[], &[], always_answer(1, "no match")),
    // zgrep(1): "exit status is 0 for a match, 1 for no matches, and 2 if trouble".
    ("zgrep", &[], &[], always_answer(1, "no match")),
    // ripgrep's guide: "If no match is found, then the exit status is 1".
    ("rg", &[], &[], always_answer(1, "no match")),
    // pgrep(1), EXIT STATUS: "1 No processes matched".
    ("pgrep", &[], &[], always_answer(1, "no match")),
    // diff(1): "Exit status is 0 if inputs are the same, 1 if different, 2 if trouble"; cmp(1) likewise.
    ("diff", &[], &[], always_answer(1, "differs")),
    ("cmp", &[], &[], always_answer(1, "differs")),
    // test(1) and bash(1): 1 when the expression is false, 2 on an error.
    ("test", &[], &[], always_answer(1, "false")),
    ("[", &[], &[], always_answer(1, "false")),
    ("[[", &[], &[], always_answer(1, "false")),
    // expr(1): "1 if EXPRESSION is null or 0, 2 if EXPRESSION is syntactically invalid".
    ("expr", &[], &[], always_answer(1, "empty or zero")),
    // systemctl(1), EXIT STATUS, after the LSB: 3 "program is not running" of `status`; `is-active` likewise.
    ("systemctl", &["status"], &[], always_answer(3, "inactive")),
    ("systemctl", &["is-active"], &[], always_answer(3, "inactive")),
    // systemctl(1): `is-failed` "returns an exit code of 0 if at least one has failed, non-zero otherwise";
    // `is-enabled` likewise for enabled.
    ("systemctl", &["is-failed"], &[], always_answer(1, "not failed")),
    ("systemctl", &["is-enabled"], &[], always_answer(1, "not enabled")),
    // terraform plan -help, -detailed-exitcode: "2 - Succeeded, but there is a diff".
    ("terraform", &["plan"], &["-detailed-exitcode", "--detailed-exitcode"], always_answer(2, "changes")),
    ("tofu", &["plan"], &["-detailed-exitcode", "--detailed-exitcode"], always_answer(2, "changes")),
    // git-diff(1): "--exit-code ... exits with 1 if there were differences"; "--quiet ... implies --exit-code".
    ("git", &["diff"], &["--exit-code", "--quiet"], always_answer(1, "differs")),
    // openssl-x509(1), -checkend: "exits nonzero if yes it will expire". A file it cannot read is 1 as well, so the
    // line it prints decides.
    (
        "openssl",
        &["x509"],
        &["-checkend"],
        TabledAnswer { status: 1, meaning: "will expire", only_if_printed: Some("will expire") },
    ),
];

/// The tabled answers of each member of a pipeline, in order; nothing for what is no pipeline of simple commands. One
/// member without answers stands for what is judged by its status alone.
pub fn pipeline_answers(facts: &CommandFacts) -> Vec<Vec<TabledAnswer>> {
    if facts.status_source.own_status_only {
        return vec![Vec::new()];
    }
    let members = facts.status_source.pipeline_members.iter().flatten();
    members
        .map(|&at| facts.simple_commands.get(at).and_then(effective_program).filter(|member| !member.collected))
        .map(|member| member.map_or_else(Vec::new, answers_of_program))
        .collect()
}

fn answers_of_program(effective: EffectiveProgram<'_>) -> Vec<TabledAnswer> {
    let EffectiveProgram { program, words, .. } = effective;
    let valued = valued_before_subcommand(program);
    let holds = |row: &&AnswerRow| {
        row.0 == program
            && words_behind_subcommands(words, row.1, valued).is_some_and(|rest| {
                row.2.is_empty()
                    || has_any_flag(rest, row.2)
                    || rest.iter().flatten().any(|w| row.2.contains(&w.as_str()))
            })
    };
    ANSWER_TABLE.iter().filter(holds).map(|row| row.3.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::pipeline_answers;
    use crate::shell::describe_command;

    fn said(text: &str) -> Vec<Vec<(i32, &'static str)>> {
        let table = pipeline_answers(&describe_command(text));
        table.iter().map(|member| member.iter().map(|a| (a.status, a.meaning)).collect()).collect()
    }

    #[test]
    fn a_status_the_manual_calls_an_answer_is_one() {
        for (text, status, meaning) in [
            ("grep -i x log", 1, "no match"),
            ("sudo grep x log", 1, "no match"),
            ("timeout 5 grep x log", 1, "no match"),
            ("diff a b", 1, "differs"),
            ("[ -f x ]", 1, "false"),
            ("[[ -f x ]]", 1, "false"),
            ("sudo systemctl status nginx", 3, "inactive"),
            ("systemctl is-active --quiet nginx", 3, "inactive"),
            ("terraform plan -detailed-exitcode -out=p", 2, "changes"),
            ("git -C x diff --quiet", 1, "differs"),
            ("openssl x509 -in c.pem -noout -checkend 86400", 1, "will expire"),
        ] {
            assert_eq!(said(text), [[(status, meaning)]], "{text}");
        }
        let expiry = pipeline_answers(&describe_command("openssl x509 -in c -checkend 1"));
        assert_eq!(expiry.first().and_then(|m| m.first()).and_then(|a| a.only_if_printed), Some("will expire"));
    }

    #[test]
    fn each_member_of_a_pipe_has_its_own() {
        assert_eq!(said("docker-compose logs api | grep ERROR | wc -l"), [vec![], vec![(1, "no match")], vec![]]);
    }

    #[test]
    fn nothing_else_is_an_answer() {
        for text in ["git diff", "terraform plan", "docker-compose exec web grep x f", "xargs grep x", "ls", "$X a"] {
            assert_eq!(said(text), [vec![]], "{text}");
        }
        assert!(said("grep a x; grep b x").is_empty());
        // That it runs after all is what `!` was there to stop at.
        for text in ["for x in a; do grep $x y; done", "! pgrep nginx"] {
            assert_eq!(said(text), [vec![]], "{text}");
        }
    }
}
