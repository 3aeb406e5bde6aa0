//! bash's opinion of texts.

#![expect(clippy::unwrap_used, reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests")]

use runbook::kernel::BashSyntax;
use runbook::ports::{Syntax as _, SyntaxVerdict};
use std::path::{Path, PathBuf};
use std::process::Command;

fn bash() -> PathBuf {
    ["/usr/bin/bash", "/bin/bash", "/usr/local/bin/bash"].iter().map(PathBuf::from).find(|path| path.exists()).unwrap()
}

/// Texts that try to get something executed, or to change how the rest is read. `CANARY` is a command that leaves a trace.
const HOSTILE: &[&str] = &[
    "CANARY",
    "set +n\nCANARY",
    "set +n; CANARY",
    "; CANARY",
    ") ; CANARY; (",
    ")\nCANARY\n(",
    "}\nCANARY",
    "}; CANARY; {",
    "fi; CANARY",
    "done; CANARY",
    "esac\nCANARY",
    "\"; CANARY; \"",
    "'; CANARY; '",
    "$(CANARY)",
    "`CANARY`",
    "echo $(CANARY) `CANARY` <(CANARY) >(CANARY)",
    "x=$(CANARY)",
    "[[ $(CANARY) ]]",
    "(( $(CANARY) ))",
    "(( a[$(CANARY)] ))",
    "cat <<EOF\n$(CANARY)\nEOF",
    "cat <<EOF\n$(CANARY)\nEOF\nCANARY",
    "cat <<EOF\n$(CANARY)\n",
    "cat <<'EOF'\nEOF\nCANARY",
    "cat <<\"\n\"\n\nCANARY",
    "\\\nCANARY",
    "\nCANARY",
    "\n\n)\nCANARY",
    "f() { CANARY; }; f",
    "trap CANARY EXIT",
    "trap CANARY DEBUG\n:",
    "exec CANARY",
    "exit 0",
    "eval CANARY",
    "alias x='CANARY'\nx",
    "shopt -s extglob expand_aliases\nCANARY",
    "unset -f eval\nset -o history\nCANARY",
    "! CANARY",
    "time CANARY",
    "coproc CANARY",
    "CANARY &",
    "a=(\n$(CANARY)\n)",
    "case x in x) CANARY;; esac",
    "for x in $(CANARY); do CANARY; done",
    "function set { :; }\nCANARY",
    "if true; then CANARY; fi; set +n; CANARY; if",
    "#\nCANARY",
    "{ CANARY",
    "PS4='$(CANARY)'; set -x; :",
];

const ORDINARY: &[&str] = &[
    "",
    "echo hi",
    "if true; then\n  echo\nfi",
    "if then",
    "echo a\n\nif; then\n",
    "echo \"abc",
    "echo 'abc\n",
    "echo `abc",
    "echo $(",
    "echo ${",
    "cat <<EOF\nabc",
    "cat <<EOF\nabc\nEOF",
    "a | | b",
    "a &&",
    "a &&\n\nb",
    "&& a",
    "echo hi \\",
    "echo <pod>",
    "echo <pod> <name>",
    "kubectl get pod <name",
    "[[ a b ]]",
    "[[ -f x ]]",
    "for ((;;",
    "for x in a; do :; done",
    "case x in",
    "a=(1 2",
    "(( 1 + ",
    "f() {",
    "}",
    ")",
    "!(a|b)",
    "ls !(a|b)",
    "echo {a,b}",
    "select x in a; do break; done",
    "key: value",
    "- item",
    "{{ .Name }}",
    "echo \u{a0}x \u{e9}",
    "a\r\nb\r\n",
    "if true; then\r\n  echo\r\nfi\r\n",
    "do",
    "then",
    "while :; do",
    "echo ;; echo",
    "function",
    "coproc",
    "time",
    "!",
    "x=1; y",
];

fn canary(text: &str, trace: &Path) -> String {
    text.replace("CANARY", &format!("touch {}", trace.display()))
}

#[test]
fn nothing_of_a_text_is_executed() {
    let temp = tempfile::tempdir().unwrap();
    let mut syntax = BashSyntax::new(Some(bash()));
    let texts: Vec<String> =
        HOSTILE.iter().enumerate().map(|(i, text)| canary(text, &temp.path().join(i.to_string()))).collect();
    syntax.prefetch_verdicts(texts.clone());
    for text in &texts {
        assert!(!matches!(syntax.check_syntax(text), SyntaxVerdict::Unavailable(_)), "{text}");
    }
    // What would be executed in the background has had time.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let traces: Vec<_> = std::fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(traces.is_empty(), "{traces:?}");
}

fn agrees_with_bash_n(texts: &[String]) {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("text");
    let mut syntax = BashSyntax::new(Some(bash()));
    syntax.prefetch_verdicts(texts.to_vec());
    for text in texts {
        std::fs::write(&file, text).unwrap();
        let said = Command::new(bash()).args(["--norc", "-n"]).arg(&file).env("LC_ALL", "C.UTF-8").output().unwrap();
        let message = String::from_utf8_lossy(&said.stderr).into_owned();
        let accepted = said.status.success()
            && !["syntax error", "conditional", "here-document"].iter().any(|bad| message.contains(bad));
        let verdict = syntax.check_syntax(text);
        assert_eq!(verdict == SyntaxVerdict::Accepted, accepted, "{text:?}: {verdict:?}, {message}");
        if let SyntaxVerdict::Rejected { message: ours, line } = verdict {
            let place = format!("line {line}: ");
            let theirs = message.lines().next().unwrap();
            assert!(theirs.contains(&place), "{text:?}: {line}, {theirs}");
            assert!(theirs.ends_with(&ours), "{text:?}: {ours}, {theirs}");
        }
    }
}

#[test]
fn the_verdict_message_and_line_are_those_of_bash_n() {
    let texts: Vec<String> = ORDINARY.iter().chain(HOSTILE).map(|text| text.replace("CANARY", ": canary")).collect();
    agrees_with_bash_n(&texts);
}

#[test]
fn every_beginning_of_a_script_has_the_verdict_of_bash_n() {
    let script = "if [[ -f a ]]; then\n  cat <<EOF | grep \"x $(date)\"\n a ${b:-'c'}\nEOF\nfi\nf() { case $1 in a) ;; *) x=(1 2) ;; esac; }\n";
    let texts: Vec<String> = script.char_indices().map(|(end, _)| script.chars().take(end).collect()).collect();
    agrees_with_bash_n(&texts);
}

/// Fenced blocks, found in the simplest way: here any text will do.
fn blocks(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            blocks(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let fenced = text.split("\n```").skip(1).step_by(2);
            let shell =
                fenced.filter(|block| ["bash", "sh", "shell", "console"].iter().any(|tag| block.starts_with(tag)));
            found.extend(shell.filter_map(|block| Some(block.split_once('\n')?.1.to_owned())));
        }
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the corpus is named by the environment of the test"
)]
fn blocks_of_public_runbooks_have_the_verdict_of_bash_n() {
    let Ok(corpus) = std::env::var("RUNBOOK_TEST_CORPUS") else {
        println!("skipped: RUNBOOK_TEST_CORPUS is not set");
        return;
    };
    let mut found = Vec::new();
    blocks(Path::new(&corpus), &mut found);
    found.retain(|block| !block.contains('\0'));
    found.sort();
    found.dedup();
    println!("{} blocks", found.len());
    agrees_with_bash_n(&found);
}

#[test]
fn a_condition_that_breaks_off_is_rejected_though_bash_n_says_nothing_of_it() {
    assert!(matches!(BashSyntax::new(Some(bash())).check_syntax("[[ -f x && ]]"), SyntaxVerdict::Rejected { .. }));
}

#[test]
fn a_text_with_a_nul_is_rejected_where_it_stands() {
    let mut syntax = BashSyntax::new(Some(bash()));
    let SyntaxVerdict::Rejected { line, .. } = syntax.check_syntax("a\nb\0c") else { panic!() };
    assert_eq!(line, 2);
    assert_eq!(syntax.check_syntax("echo still in step"), SyntaxVerdict::Accepted);
}

#[test]
fn a_huge_text_and_a_deep_one_are_answered() {
    let mut syntax = BashSyntax::new(Some(bash()));
    assert_eq!(syntax.check_syntax(&"echo hello world\n".repeat(15_000)), SyntaxVerdict::Accepted);
    // Which one is bash's affair; that there is one, and that bash goes on, is ours.
    let _verdict = syntax.check_syntax(&format!("{}:{}", "( ".repeat(5000), " )".repeat(5000)));
    let _verdict = syntax.check_syntax(&"$(".repeat(20_000));
    assert_eq!(syntax.check_syntax("echo after"), SyntaxVerdict::Accepted);
}

#[test]
fn without_bash_the_answer_is_that_it_cannot_be_asked() {
    assert!(matches!(BashSyntax::new(None).check_syntax("echo"), SyntaxVerdict::Unavailable(_)));
    assert!(matches!(
        BashSyntax::new(Some("/nowhere/bash".into())).check_syntax("echo"),
        SyntaxVerdict::Unavailable(_)
    ));
    assert!(matches!(BashSyntax::new(Some("/bin/true".into())).check_syntax("echo"), SyntaxVerdict::Unavailable(_)));
}
