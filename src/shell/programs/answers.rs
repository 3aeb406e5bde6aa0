//! Exit statuses that are answers and not failures.
//!
//! Invariant: a status is an answer only where the program's own documentation says so, named with its row; any other
//! status is a failure. Refuses to know: what becomes of an answer.

use super::options::{Effective, behind, has, program_of, valued_before_subcommand};
use crate::shell::{Facts, TabledAnswer};

/// A row: the program, its subcommands, the option it must have (any, if none is named), and the answer.
type Row = (&'static str, &'static [&'static str], &'static [&'static str], TabledAnswer);

const fn answer(status: i32, meaning: &'static str) -> TabledAnswer {
    TabledAnswer { status, meaning, only_if_printed: None }
}

const TABLE: &[Row] = &[
    // grep(1), EXIT STATUS: "0 if a line is selected, 1 if no lines were selected, and 2 if an error occurred".
    ("grep", &[], &[], answer(1, "no match")),
    ("egrep", &[], &[], answer(1, "no match")),
    ("fgrep", &[], &[], answer(1, "no match")),
    // zgrep(1): "exit status is 0 for a match, 1 for no matches, and 2 if trouble".
    ("zgrep", &[], &[], answer(1, "no match")),
    // ripgrep's guide: "If no match is found, then the exit status is 1".
    ("rg", &[], &[], answer(1, "no match")),
    // pgrep(1), EXIT STATUS: "1 No processes matched".
    ("pgrep", &[], &[], answer(1, "no match")),
    // diff(1): "Exit status is 0 if inputs are the same, 1 if different, 2 if trouble"; cmp(1) likewise.
    ("diff", &[], &[], answer(1, "differs")),
    ("cmp", &[], &[], answer(1, "differs")),
    // test(1) and bash(1): 1 when the expression is false, 2 on an error.
    ("test", &[], &[], answer(1, "false")),
    ("[", &[], &[], answer(1, "false")),
    ("[[", &[], &[], answer(1, "false")),
    // expr(1): "1 if EXPRESSION is null or 0, 2 if EXPRESSION is syntactically invalid".
    ("expr", &[], &[], answer(1, "empty or zero")),
    // systemctl(1), EXIT STATUS, after the LSB: 3 "program is not running" of `status`; `is-active` likewise.
    ("systemctl", &["status"], &[], answer(3, "inactive")),
    ("systemctl", &["is-active"], &[], answer(3, "inactive")),
    // systemctl(1): `is-failed` "returns an exit code of 0 if at least one has failed, non-zero otherwise";
    // `is-enabled` likewise for enabled.
    ("systemctl", &["is-failed"], &[], answer(1, "not failed")),
    ("systemctl", &["is-enabled"], &[], answer(1, "not enabled")),
    // terraform plan -help, -detailed-exitcode: "2 - Succeeded, but there is a diff".
    ("terraform", &["plan"], &["-detailed-exitcode", "--detailed-exitcode"], answer(2, "changes")),
    ("tofu", &["plan"], &["-detailed-exitcode", "--detailed-exitcode"], answer(2, "changes")),
    // git-diff(1): "--exit-code ... exits with 1 if there were differences"; "--quiet ... implies --exit-code".
    ("git", &["diff"], &["--exit-code", "--quiet"], answer(1, "differs")),
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
pub fn answers(facts: &Facts) -> Vec<Vec<TabledAnswer>> {
    if facts.status.alone {
        return vec![Vec::new()];
    }
    let members = facts.status.pipeline.iter().flatten();
    members
        .map(|&at| facts.simple.get(at).and_then(program_of).filter(|member| !member.collected))
        .map(|member| member.map_or_else(Vec::new, tabled))
        .collect()
}

fn tabled(effective: Effective<'_>) -> Vec<TabledAnswer> {
    let Effective { program, words, .. } = effective;
    let valued = valued_before_subcommand(program);
    let holds = |row: &&Row| {
        row.0 == program
            && behind(words, row.1, valued).is_some_and(|rest| {
                row.2.is_empty() || has(rest, row.2) || rest.iter().flatten().any(|w| row.2.contains(&w.as_str()))
            })
    };
    TABLE.iter().filter(holds).map(|row| row.3.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::answers;
    use crate::shell::describe;

    fn said(text: &str) -> Vec<Vec<(i32, &'static str)>> {
        let table = answers(&describe(text));
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
        let expiry = answers(&describe("openssl x509 -in c -checkend 1"));
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
