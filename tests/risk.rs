//! The risk of commands against what their tools' documentation says of them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that prints its table, and helpers of it"
)]

use runbook::risk::{Flag, Level, judge_risk, risk_with};
use runbook::shell::{Definition, DefinitionKind, ShellDefinitions, describe_command};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A labelled command: its level, or none where it must be unknown.
struct Labelled {
    level: Option<u8>,
    family: String,
    text: String,
}

fn labelled() -> Vec<Labelled> {
    let files = [
        include_str!("../fixtures/risk/commands.tsv"),
        include_str!("../fixtures/risk/held_out.tsv"),
        include_str!("../fixtures/risk/held_out_2.tsv"),
    ];
    let lines = files.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let mut fields = line.splitn(3, '\t');
            let level = fields.next().unwrap().parse().ok();
            let family = fields.next().unwrap().to_owned();
            Labelled { level, family, text: fields.next().unwrap().replace('␤', "\n") }
        })
        .collect()
}

fn label(level: Option<u8>) -> &'static str {
    match level {
        Some(0) => "0 reads",
        Some(1) => "1 changes",
        Some(2) => "2 destroys",
        Some(_) => "3 final",
        None => "unknown",
    }
}

/// What was told of a labelled command.
struct Told {
    command: Labelled,
    level: u8,
    unknown: bool,
}

impl Told {
    fn flagged(&self) -> bool {
        self.level >= 2 || self.unknown
    }

    fn destroys(&self) -> bool {
        self.command.level.is_some_and(|level| level >= 2)
    }

    fn harmless(&self) -> bool {
        self.command.level.is_some_and(|level| level < 2)
    }

    fn line(&self) -> String {
        let (family, text) = (&self.command.family, self.command.text.replace('\n', "␤"));
        format!("{}{} {family} `{text}`", self.level, if self.unknown { "?" } else { "" })
    }
}

fn told() -> Vec<Told> {
    let told = labelled().into_iter().map(|command| {
        let found = judge_risk(&command.text);
        Told { level: found.level.as_number(), unknown: found.unknown, command }
    });
    told.collect()
}

/// The tables as they stand in BENCHMARKS.md.
fn confusion(told: &[Told]) -> String {
    let mut out =
        String::from("| labelled | 0 | 1 | 2 | 3 | 0? | 1? | 2? | 3? |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for wanted in [Some(0), Some(1), Some(2), Some(3), None] {
        write!(out, "| {} |", label(wanted)).unwrap();
        for (unknown, level) in [false, true].into_iter().flat_map(|unknown| (0..4).map(move |level| (unknown, level)))
        {
            let count =
                told.iter().filter(|one| one.command.level == wanted && one.level == level && one.unknown == unknown);
            write!(out, " {} |", count.count()).unwrap();
        }
        out.push('\n');
    }
    out.push_str("\n| family | commands | destructive | as reading | not flagged | harmless | flagged |\n|---|--:|--:|--:|--:|--:|--:|\n");
    let families: BTreeSet<&str> = told.iter().map(|one| one.command.family.as_str()).collect();
    for family in families.into_iter().map(Some).chain([None]) {
        let of = || told.iter().filter(|one| family.is_none_or(|family| one.command.family == family));
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            family.unwrap_or("all"),
            of().count(),
            of().filter(|one| one.destroys()).count(),
            of().filter(|one| one.destroys() && one.level == 0 && !one.unknown).count(),
            of().filter(|one| one.destroys() && !one.flagged()).count(),
            of().filter(|one| one.harmless()).count(),
            of().filter(|one| one.harmless() && one.flagged()).count(),
        )
        .unwrap();
    }
    out
}

#[test]
fn destructive_commands_are_told_from_harmless_ones() {
    let told = told();
    let list = |wanted: &dyn Fn(&Told) -> bool| -> Vec<String> {
        told.iter().filter(|one| wanted(one)).map(Told::line).collect()
    };
    let as_reading = list(&|one| one.destroys() && one.level == 0 && !one.unknown);
    let missed = list(&|one| one.destroys() && !one.flagged());
    let alarms = list(&|one| one.harmless() && one.flagged());
    let unseen = list(&|one| one.command.level.is_none() && !one.unknown);
    let off = list(&|one| one.command.level.is_some_and(|wanted| wanted != one.level));
    println!("{}", confusion(&told));
    println!("not flagged: {missed:#?}\nflagged: {alarms:#?}\nunknown, but told as known: {unseen:#?}");
    println!("another level than labelled: {off:#?}");
    let destructive = told.iter().filter(|one| one.destroys()).count();
    let harmless = told.iter().filter(|one| one.harmless()).count();
    assert_eq!(as_reading, Vec::<String>::new(), "destructive commands classed as reading");
    assert!(missed.len() * 50 <= destructive, "{missed:#?}");
    assert!(alarms.len() * 20 <= harmless, "{alarms:#?}");
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
fn the_confusion_table_stands_in_the_benchmarks() {
    let table = confusion(&told());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/BENCHMARKS.md");
    let page = std::fs::read_to_string(path).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let (before, rest) = page.split_once("| labelled |").unwrap();
        let (_, after) = rest.split_once("\n\n## ").unwrap();
        std::fs::write(path, format!("{before}{table}\n## {after}")).unwrap();
        return;
    }
    assert!(page.contains(&table), "run the test once with UPDATE_DOCS=1; the table is now\n{table}");
}

/// The object that a confirmation asks for.
fn object(text: &str) -> Option<(String, String)> {
    judge_risk(text).object_to_type().map(|object| (object.kind.clone(), object.name.clone()))
}

#[test]
fn the_object_is_what_would_be_lost_or_written() {
    for (text, kind, name) in [
        ("docker-compose exec db psql -U app -c 'DROP DATABASE shop'", "database", "shop"),
        ("gunzip -c b.gz | docker exec -i db psql -U app -d shop", "database", "shop"),
        ("psql shop < dump.sql", "database", "shop"),
        ("docker volume rm shop-data", "volume", "shop-data"),
        ("rm -rf /srv/cache", "path", "/srv/cache"),
        ("rm -rf \"$CACHE\"", "path", "$CACHE"),
        ("kubectl -n x delete ns shop", "namespace", "shop"),
        ("mkfs.ext4 /dev/sdb1", "device", "/dev/sdb1"),
        ("aws s3 rb s3://shop --force", "path", "s3://shop"),
        ("ssh db1 'sudo reboot'", "host", "db1"),
        ("git push --force origin main", "branch", "main"),
    ] {
        assert_eq!(object(text), Some((kind.to_owned(), name.to_owned())), "{text}");
    }
}

#[test]
fn flags_say_what_else_there_is_to_know() {
    for (text, flag) in [
        ("sudo rm x", Flag::Privileged),
        ("ssh db1 uptime", Flag::Remote),
        ("docker-compose -f compose.prod.yml stop web", Flag::Production),
        ("iptables -F", Flag::NetworkLockout),
        ("rm -rf /", Flag::Unbounded),
        ("rm -rf \"$DIR\"/*", Flag::Unbounded),
        ("psql -c 'DELETE FROM t'", Flag::Unbounded),
        ("find /tmp -delete", Flag::Unbounded),
        ("mkfs.ext4 /dev/sdb", Flag::NoDryRun),
        ("PGPASSWORD=x psql -c 'SELECT 1'", Flag::Credential),
        ("crontab -e", Flag::Interactive),
        ("docker logs -f web", Flag::NeverEnds),
        ("docker exec -it web ls", Flag::NeedsTty),
    ] {
        assert!(judge_risk(text).flags.contains(&flag), "{text}: {:?}", judge_risk(text).flags);
    }
    for (text, flag) in [
        ("rm -rf /srv/x", Flag::Unbounded),
        ("docker exec web ls -t", Flag::NeedsTty),
        ("ls /products", Flag::Production),
    ] {
        assert!(!judge_risk(text).flags.contains(&flag), "{text}");
    }
}

fn shadows(kind: DefinitionKind, list: &[(&str, &str)]) -> ShellDefinitions {
    let mut shadows = ShellDefinitions::default();
    for (name, text) in list {
        shadows.add_or_replace(Definition { kind, name: (*name).to_owned(), text: (*text).to_owned() });
    }
    shadows
}

#[test]
fn a_function_or_an_alias_adds_what_it_does_to_what_the_program_of_its_name_does() {
    let functions = shadows(
        DefinitionKind::Function,
        &[
            ("ls", "ls () { rm -rf /srv; }"),
            ("kubectl", "kubectl () { command kubectl --context prod \"$@\"; }"),
            ("clean", "clean () { rm -r \"$1\"; }"),
            ("look", "look () { df -h; look; }"),
        ],
    );
    let aliases = shadows(DefinitionKind::Alias, &[("df", "df; rm -r /srv"), ("ll", "ls -l"), ("rm", "rm -i")]);
    for (text, shadows, level, unknown) in [
        ("ls", &functions, 3, false),
        ("true && ls /", &functions, 3, false),
        ("eval 'ls /'", &functions, 3, false),
        ("kubectl get pods", &functions, 0, false),
        ("kubectl delete ns x", &functions, 3, false),
        ("clean /srv", &functions, 3, false),
        ("look", &functions, 0, false),
        // Another program is started, or another shell: they know nothing of this one's functions.
        ("sudo ls", &functions, 0, false),
        ("command ls", &functions, 0, false),
        ("ssh db1 clean", &functions, 0, true),
        ("df -h", &aliases, 3, false),
        ("\\df -h", &aliases, 0, false),
        ("ll", &aliases, 0, false),
        ("rm f", &aliases, 2, false),
    ] {
        let found = risk_with(text, shadows);
        assert_eq!((found.level.as_number(), found.unknown), (level, unknown), "{text}: {found:?}");
        let without = judge_risk(text);
        assert!(found.level >= without.level, "{text}");
    }
    assert_eq!(
        risk_with("clean /srv", &functions).object_to_type().map(|object| object.name.clone()),
        Some("/srv".to_owned())
    );
}

#[test]
fn what_a_text_defines_is_known_after_it() {
    let mut shadows = ShellDefinitions::default();
    shadows.add_all(&describe_command("clean() {\n  rm -rf /srv\n}\nalias ll='rm -rf /x'").definitions);
    for text in ["clean", "ll"] {
        assert_eq!(risk_with(text, &shadows).level, Level::Irreversible, "{text}");
    }
    let mut none = ShellDefinitions::default();
    none.add_all(&describe_command("(clean() { :; })").definitions);
    assert!(none.is_empty(), "a subshell keeps what it defines");
}

#[test]
fn a_reason_points_at_the_part_it_is_about() {
    let text = "ls; sudo rm -rf /srv/x && echo done";
    let found = judge_risk(text);
    let reason = found.decisive_reasons().next().unwrap();
    assert_eq!(text.get(reason.span.clone()), Some("rm -rf /srv/x"), "{found:?}");
}

#[test]
fn what_hides_is_never_taken_for_reading() {
    let nested = (0..6).fold("rm -rf x".to_owned(), |text, _| format!("bash -c {}", shell_quote(&text)));
    for text in [
        nested.as_str(),
        "echo cm0gLXJmIHg= | base64 -d | bash",
        "{rm,-rf,x}",
        "$'\\x72\\x6d' x",
        "a=rm; $a x",
        "ls `echo rm x | sh`",
        "x() { rm -rf y; }; x",
        ":(){ :|:& };:",
        "echo {{ a; rm -rf x; }}",
        "find . -name '*' -exec bash -c 'rm \"$0\"' {} \\;",
        "ls | while read f; do rm -rf \"$f\"; done",
        "env -i bash --norc -c 'rm -rf x'",
        "coproc { rm -rf x; }",
        "exec 3<> /dev/sda",
        "cat x > >(sh)",
        "alias ls='rm -rf'",
    ] {
        let found = judge_risk(text);
        assert!(found.unknown || found.level >= Level::Destroys, "{text}: {found:?}");
    }
}

fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

proptest::proptest! {
    #[test]
    fn any_text_has_a_risk_and_its_reasons_lie_within_it(text in r#"([a-z -]{0,6}|rm|bash -c|psql -c|'|"|\$\(|\)|`|;|\||>|<<E\n|\n|\{|\}|é|<x>|\$x|sudo|xargs|-exec|\\){0,24}"#) {
        let found = judge_risk(&text);
        for reason in &found.reasons {
            proptest::prop_assert!(reason.span.end <= text.len() && text.get(reason.span.clone()).is_some(), "{:?} in {:?}", reason, text);
        }
    }
}
