//! A value that reaches a command through `$NAME`, a template or a placeholder stays a value: bash and stubs of the programs that read text
//! again are the judges.
//!
//! Each context is tried with each value. Either the combination is refused, or it runs: then nothing of the value may be run, and where
//! the context shows what the program got, it got exactly the value.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "how much was tried is worth reading")]
#![expect(clippy::disallowed_methods, reason = "bash is looked for where the test's own PATH says")]

use runbook::document::Runbook;
use runbook::ident::InputName;
use runbook::interpolate::judge_expansions;
use runbook::plan::Planner;
use runbook::risk::risk_with;
use runbook::shell::{ShellDefinitions, describe_command};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Contexts in which the program shows what it got: `show` prints its arguments, `shown` its input. `@` is the value.
const SHOWN: &[&str] = &[
    "show \"@\"",
    "show @",
    "show a\"@\"b",
    "show /srv/@/x",
    "show --name=@",
    "show --name=\"@\"",
    "show \"a @ b\"",
    "x=@; show \"$x\"",
    "x=\"@\"; show \"$x\"",
    "x=@ y=2; show \"$x\"",
    "export X=@; show \"$X\"",
    "export X=\"@\"; show \"$X\"",
    "local_f() { local y=\"@\"; show \"$y\"; }; local_f",
    "declare Y=@; show \"$Y\"",
    "declare Y=\"@\"; show \"$Y\"",
    "readonly_f() { local -r y=@; show \"$y\"; }; readonly_f",
    "X=@ env_show",
    "X=\"@\" env_show",
    "env X=\"@\" env_show",
    "env X=@ env_show",
    "a=(\"@\"); show \"${a[0]}\"",
    "a=(@); show \"${a[0]}\"",
    "a=([0]=\"@\"); show \"${a[0]}\"",
    "a+=(\"@\"); show \"${a[-1]}\"",
    "declare -A m=([k]=\"@\"); show \"${m[k]}\"",
    "shown <<< \"@\"",
    "shown <<< @",
    "shown <<EOF\n@\nEOF",
    "shown <<EOF\na @ b\nEOF",
    "shown <<-EOF\n\t@\n\tEOF",
    "printf '%s' \"@\" | shown",
    "printf '%s' @ | shown",
    "show \"$(printf '%s' \"@\")\"",
    "show \"$(printf '%s' @)\"",
    "if true; then show \"@\"; fi",
    "for i in 1; do show \"@\"; done",
    "for i in \"@\"; do show \"$i\"; done",
    "while true; do show \"@\"; break; done",
    "case \"@\" in *) show \"@\" ;; esac",
    "case @ in *) show yes ;; esac",
    "[[ -n \"@\" || -z \"@\" ]] && show \"@\"",
    "[[ -n @ || -z @ ]] && show yes",
    "[[ \"@\" == \"@\" ]] && show yes",
    "[ \"@\" = \"@\" ] && show yes",
    "test -n \"@\" && show \"@\"",
    "f() { show \"$1\"; }; f \"@\"",
    "f() { show \"$1\"; }; f @",
    "set -- \"@\"; show \"$1\"",
    "( show \"@\" )",
    "{ show \"@\"; }",
    "! show \"@\"",
    "show \"@\" | cat",
    "show \"@\" 2>&1",
    "true && show \"@\" || true",
    "command show \"@\"",
    "env show \"@\"",
    "nice show \"@\"",
    "timeout 5 show \"@\"",
    "xargs -0 show < <(printf '%s\\0' \"@\")",
    "find f -exec show \"@\" ';'",
    "awk -v v=1 'BEGIN { print ARGV[1] }' \"@\"",
    "printf -v out '%s' \"@\"; show \"$out\"",
    "printf '%s\\n' \"@\"",
    "echo \"@\" > out.txt; cat out.txt",
    "cat > out.txt <<EOF\n@\nEOF\ncat out.txt",
    "show \"@\" # a comment",
    "# @\nshow yes",
    "show '\\@' yes",
    "show \"${HOME:+x}@\"",
];

/// Contexts in which something reads the value again, or bash evaluates it.
const EVALUATED: &[&str] = &[
    "ssh host \"ls @\"",
    "ssh host ls @",
    "ssh host ls \"@\"",
    "ssh -p 22 host \"uptime; ls @\"",
    "ssh host <<EOF\nls @\nEOF",
    "ssh \"@\" uptime",
    "ssh @ uptime",
    "ssh -o \"@\" host uptime",
    "bash -c \"echo @\"",
    "bash -c \"echo '@'\"",
    "sh -c \"ls @\"",
    "bash -lc \"ls @\"",
    "sudo sh -c \"ls @\"",
    "sudo -u app bash -c \"ls @\"",
    "su app -c \"ls @\"",
    "env X=1 sh -c \"ls @\"",
    "timeout 3 sh -c \"ls @\"",
    "nohup sh -c \"ls @\"",
    "xargs -I{} sh -c \"echo {} @\" <<< x",
    "find f -exec sh -c \"echo @\" ';'",
    "docker exec web sh -c \"ls @\"",
    "kubectl exec web -- sh -c \"ls @\"",
    "docker-compose exec web bash -c \"ls @\"",
    "bash <<EOF\nls @\nEOF",
    "bash <<< \"ls @\"",
    "echo \"ls @\" | bash",
    "printf 'ls %s' \"@\" | sh",
    "bash <(echo \"ls @\")",
    "source <(echo \"ls @\")",
    "show $(printf '%s' \"@\")",
    "mapfile -t lines <<< \"@\"; show \"${lines[0]}\"",
    "read -r line <<< \"@\"; show \"$line\"",
    "eval \"ls @\"",
    "eval ls @",
    "eval ls \"@\"",
    "eval x=@",
    "trap \"echo @\" EXIT",
    "trap \"echo @\" EXIT; (trap - EXIT)",
    "alias zz=\"ls @\"",
    "watch -n 1 \"ls @\"",
    "flock lock -c \"ls @\"",
    "script -c \"ls @\" /dev/null",
    "pdsh -w h1 \"args @\"",
    "pssh -H h1 \"args @\"",
    "parallel-ssh -H h1 \"args @\"",
    "clush -w h1 \"args @\"",
    "mosh host -- sh -c \"args @\"",
    "ansible all -a \"args @\"",
    "ansible all -m shell -a \"args @\"",
    "parallel \"echo @\" ::: 1",
    "tmux new -d \"ls @\"",
    "screen -dm \"ls @\"",
    "crontab <<EOF\n* * * * * ls @\nEOF",
    "at now <<EOF\nls @\nEOF",
    "cat > x.sh <<EOF\nargs @\nEOF\nsh x.sh",
    "echo \"args @\" > y.sh",
    "printf 'args %s' \"@\" > y.sh",
    "echo \"args @\" | tee z.sh",
    "tee z.sh <<EOF\nargs @\nEOF",
    "psql shop -c \"select count(*) from @\"",
    "psql shop -c \"select '@'\"",
    "psql shop <<EOF\nselect '@';\nEOF",
    "echo \"select '@'\" | psql shop",
    "sudo -u postgres psql -c \"drop database @\"",
    "docker exec db psql -U app -c \"select '@'\"",
    "mysql -e \"select '@'\"",
    "mysql shop <<EOF\nselect '@';\nEOF",
    "sqlite3 f.db \"select '@'\"",
    "sqlplus u/p <<EOF\nselect '@' from dual;\nEOF",
    "presto --execute \"select '@'\"",
    "spark-sql -e \"select '@'\"",
    "clickhouse-client -q \"select '@'\"",
    "python3 -c \"print('@')\"",
    "python3 <<EOF\nprint('@')\nEOF",
    "perl -e \"print '@'\"",
    "ruby -e \"puts '@'\"",
    "node -e \"console.log('@')\"",
    "awk \"BEGIN { print @ }\"",
    "sed \"s/a/@/\" f",
    "jq \".@\" f",
    "redis-cli eval \"return '@'\" 0",
    "mongosh --eval \"db.@.drop()\"",
    "git -c \"core.pager=@\" log",
    "tar --to-command \"@\" -xf f.tar",
    "rsync -e \"@\" a b:",
    "make X=@",
    "echo $((@))",
    "echo $((@ + 1))",
    "echo $(( x + @ ))",
    "echo \"$((@))\"",
    "(( @ > 3 ))",
    "[[ @ -gt 3 ]]",
    "[[ 3 -lt @ ]]",
    "[[ \"@\" -eq 1 ]]",
    "let x=@",
    "let \"x = @ + 1\"",
    "a=(1 2); echo ${a[@]}",
    "a=(1 2); echo \"${a[@]}\"",
    "x=abc; echo ${x:@}",
    "x=abc; echo ${x:0:@}",
    "a=(); a[@]=1",
    "for ((i = 0; i < @; i++)); do break; done",
    "[[ -v @ ]]",
    "test -v \"@\"",
    "unset \"@\"",
    "read \"@\" <<< x",
    "printf -v \"@\" x",
    "export \"@\"",
    "declare \"@\"",
    "echo \"${!@}\"",
    "@ --version",
    "sudo @",
    "env @ true",
    "exec 9>&@",
    "cat <&@",
    "echo > @",
    "cat < @",
    "exit_f() { return @; }; exit_f",
    "PS4=\"@\"; set -x; true; set +x",
    "PROMPT_COMMAND=\"@\"",
    "mapfile -C \"@\" -c 1 x < f",
    "case x in @) echo no ;; esac",
    "[[ x == @ ]]",
    "[[ x =~ @ ]]",
    "echo `echo @`",
    "x=@; ssh host \"ls $x\"",
    "x=\"@\"; y=$x; eval \"ls $y\"",
    "x=@; [[ $x -gt 3 ]]",
    "x=@; echo $((x))",
    "x=@; (( x > 1 ))",
    "for h in @; do ssh \"$h\" \"ls $h\"; done",
    "for h in @; do echo $((h)); done",
];

const VALUES: &[&str] = &[
    "a",
    "app-1",
    "10.0.0.7",
    "42",
    "a b",
    "x; touch CANARY",
    "x\ntouch CANARY",
    "$(touch CANARY)",
    "`touch CANARY`",
    "a[$(touch CANARY)]",
    "a[`touch CANARY`]",
    "1+a[$(touch CANARY)]",
    "x && touch CANARY",
    "x | touch CANARY",
    "x & touch CANARY",
    "x || touch CANARY",
    "' ; touch CANARY ; '",
    "\"; touch CANARY; \"",
    "'; drop table t; --",
    "\\'; touch CANARY; #",
    "x'); touch CANARY; ('",
    "-oProxyCommand=touch CANARY",
    "--to-command=touch CANARY",
    "-rf",
    "*",
    "?",
    "[ab]*",
    "~",
    "${HOME}",
    "$HOME",
    "{a,b}",
    "> CANARY",
    "x > CANARY",
    "EOF\ntouch CANARY\ncat <<EOF",
    "system('touch CANARY')",
    "__import__('os').system('touch CANARY')",
    "\" + require('child_process').execSync('touch CANARY') + \"",
    "e touch CANARY",
    "a\tb",
];

/// How a value comes into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Variable,
    Template,
}

/// One text to run, with the variable that holds the value.
struct Attempt {
    context: &'static str,
    value: &'static str,
    way: Way,
    text: String,
    is_shown: bool,
}

/// The text with the value in it, or none if it is refused.
fn text_of(context: &str, value: &str, way: Way) -> Option<String> {
    let text = match way {
        Way::Variable => {
            // `${a[@]}` and the like already stand in braces or arithmetic.
            let text = context.replace("!@}", "!V}").replace('@', "$V");
            let values = BTreeMap::from([("V".to_owned(), value.to_owned())]);
            let facts = describe_command(&text);
            judge_expansions(&text, &values, &facts.assignments).unfit.is_empty().then_some(text)
        }
        Way::Template => text_with_template(context, value),
    };
    // What may be taken for an option is asked about, if it is known what that would do.
    text.filter(|text| {
        !value.starts_with('-') || !risk_with(&text.replace("$V", value), &ShellDefinitions::default()).unknown
    })
}

/// The text of a command in which a template stands for the value, bound as a run binds it.
fn text_with_template(context: &str, value: &str) -> Option<String> {
    let text = context.replace('@', "{{ v }}");
    let document = format!("---\ninputs:\n  v: {{type: string}}\n---\n# R\n\n```bash\n{text}\n```\n");
    let runbook = Runbook::parse_bytes(document.as_bytes());
    let plan = Planner::new(&runbook, &|_| false).plan_section(0);
    let [step] = plan.steps.as_slice() else { return None };
    let [command] = step.commands.as_slice() else { return None };
    let values = [(InputName::new("v"), value.to_owned())].into_iter().collect();
    let runnable = command.bind_values(&values).ok().filter(|runnable| runnable.passed_variables().is_empty())?;
    let judged = command.judge_expansions(runnable.text(), &values, &BTreeMap::new());
    judged.unfit.is_empty().then(|| runnable.text().to_owned())
}

fn install_stubs(bin: &Path) {
    fs::create_dir(bin).unwrap();
    let stub = |name: &str, text: &str| {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/bash\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    stub("show", "printf '<%s>' \"$@\"");
    stub("shown", "printf '<'; cat; printf '>'");
    stub("env_show", "printf '<%s>' \"$X\"");
    // These hand what they are told to a shell.
    for name in ["pdsh", "pssh", "parallel-ssh", "clush", "watch", "tmux", "screen", "ansible", "parallel"] {
        stub(name, "shift; while [[ $1 == -* ]]; do shift 2; done; sh -c \"$*\"; cat | sh");
    }
    stub(
        "ssh",
        "while [[ $1 == -* ]]; do case $1 in -o?*) c=${1#-o}; sh -c \"${c#*=}\"; shift ;; -o) c=$2; sh -c \"${c#*=}\"; shift 2 ;; \
         *) shift 2 ;; esac; done; shift; sh -c \"$*\"; cat | sh",
    );
    stub("mosh", "shift 2; \"$@\"");
    for name in ["docker", "kubectl", "docker-compose"] {
        stub(name, "shift 2; [[ $1 == -- ]] && shift; \"$@\"");
    }
    stub("sudo", "[[ $1 == -u ]] && shift 2; \"$@\"");
    stub("su", "sh -c \"$3\"");
    stub("script", "sh -c \"$2\"");
    stub("flock", "sh -c \"$3\"");
    for name in ["crontab", "at"] {
        stub(name, "sed 's/^[* ]*//' | sh");
    }
    // A database that runs what is not within a literal.
    let database = "text=\"$* $(cat)\"; [[ $text == *\"';\"*drop*  || $text == *touch* ]] && touch CANARY; true";
    for name in
        ["psql", "mysql", "sqlplus", "presto", "spark-sql", "clickhouse-client", "sqlite3", "redis-cli", "mongosh"]
    {
        stub(name, database);
    }
    for name in ["git", "tar", "rsync", "make", "ruby"] {
        stub(name, "for word; do sh -c \"${word#*=}\"; done");
    }
}

/// Runs texts, each in its own bash. Returns what each printed. Fails for a text that leaves a canary.
fn run_all(attempts: &[Attempt]) -> Vec<String> {
    const LOOP: &str = r#"
        mkdir w; cd w; echo a > f
        while IFS= read -r -d '' text <&9 && IFS= read -r -d '' V <&9; do
            ( export V; eval "$text" ) </dev/null 2>/dev/null
            [ -e CANARY ] && { printf '\0CANARY\0'; rm -rf CANARY; }
            printf '\0<<<%s>>>\0' END-OF-ONE
        done
        "#;
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    install_stubs(&bin);
    let mut input = tempfile::tempfile().unwrap();
    for attempt in attempts {
        write!(input, "{}\0{}\0", attempt.text, attempt.value).unwrap();
    }
    std::io::Seek::rewind(&mut input).unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-c", &format!("exec 9<&0 </dev/null; {LOOP}")]);
    bash.current_dir(folder.path()).env_clear().env("PATH", format!("{}:{path}", bin.display()));
    bash.env("LC_ALL", "C.UTF-8").env("HOME", folder.path());
    let output = bash.stdin(Stdio::from(input)).stderr(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut outputs: Vec<String> = printed.split("\0<<<END-OF-ONE>>>\0").map(ToOwned::to_owned).collect();
    outputs.pop();
    let next = attempts.get(outputs.len()).map(|one| &one.text);
    assert_eq!(outputs.len(), attempts.len(), "bash ended early: {next:?}");
    outputs
}

#[test]
fn no_value_is_run_and_none_is_changed_however_it_arrives() {
    let mut attempts = Vec::new();
    let mut refused: BTreeMap<Way, usize> = BTreeMap::new();
    let contexts = SHOWN.iter().map(|one| (*one, true)).chain(EVALUATED.iter().map(|one| (*one, false)));
    for (context, is_shown) in contexts {
        for value in VALUES {
            for way in [Way::Variable, Way::Template] {
                match text_of(context, value, way) {
                    Some(text) => attempts.push(Attempt { context, value, way, text, is_shown }),
                    None => *refused.entry(way).or_default() += 1,
                }
            }
        }
    }
    // Every third in an ordinary run of the tests; which ones changes with the context.
    if std::env::var_os("RUNBOOK_TEST_CONTEXTS").is_none() {
        let mut count = 0;
        attempts.retain(|_| {
            count += 1;
            count % 3 == 0
        });
    }
    let outputs = run_all(&attempts);
    let mut wrong: BTreeMap<(Way, &str), String> = BTreeMap::new();
    for (attempt, output) in attempts.iter().zip(&outputs) {
        let Attempt { context, value, way, text, is_shown } = attempt;
        let is_exact = !is_shown || output.contains(value) || output.contains("yes") || context.starts_with("awk");
        if output.contains("\0CANARY\0") || !is_exact {
            wrong.insert((*way, context), format!("with {value:?}, text {text:?}, came {output:?}"));
        }
    }
    let contexts = SHOWN.len() + EVALUATED.len();
    let tried = contexts * VALUES.len();
    println!(
        "{contexts} contexts, {} values, {tried} by each way: {} ran, refused {refused:?}",
        VALUES.len(),
        attempts.len()
    );
    assert!(wrong.is_empty(), "{} contexts wrong: {wrong:#?}", wrong.len());
}

#[test]
fn plain_values_are_refused_nowhere_that_takes_words() {
    for context in SHOWN.iter().chain(EVALUATED) {
        let takes_numbers = text_of(context, "42", Way::Variable).is_some();
        let takes_words = text_of(context, "app", Way::Variable).is_some();
        assert!(takes_numbers || takes_words, "`{context}` takes nothing");
    }
}
