//! Values reach the program byte for byte, or are refused: bash itself is the judge.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "how much was tried is worth reading")]
#![expect(clippy::disallowed_methods, reason = "bash is looked for where the test's own PATH says")]

use proptest::prelude::{Strategy as _, any, prop};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use runbook::interpolate::{Delivery, Filter, RejectReason, Substitution, interpolate_values};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

struct Template {
    name: String,
    text: String,
    /// None: must be refused.
    expect: Option<String>,
}

fn templates() -> Vec<Template> {
    let file: Value = serde_json::from_str(include_str!("../fixtures/placing/placing-templates.json")).unwrap();
    let list = file["templates"].as_array().unwrap().iter().map(|one| Template {
        name: one["name"].as_str().unwrap().to_owned(),
        text: one["template"].as_str().unwrap().to_owned(),
        expect: one["expect"].as_str().map(ToOwned::to_owned),
    });
    list.collect()
}

fn hostile_values() -> Vec<String> {
    serde_json::from_str(include_str!("../fixtures/placing/hostile-values.json")).unwrap()
}

/// Values of the pieces that trouble shells, each run the same.
fn random_values(count: usize) -> Vec<String> {
    let pieces = [
        "'",
        "\"",
        "\\",
        "`",
        "$",
        "$(touch CANARY)",
        "`touch CANARY`",
        ";touch CANARY;",
        "|touch CANARY|",
        "&",
        "\n",
        "\t",
        "\r",
        " ",
        "!",
        "!!",
        "*",
        "?",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        "#",
        "~",
        "-",
        "--",
        "-rf",
        "=",
        "%s",
        "\\n",
        "EOF",
        "\nEOF\n",
        "A",
        "\nA\n",
        "B",
        "q",
        "${x}",
        "$x",
        "$((1))",
        "\u{1}",
        "\u{7f}",
        "\u{1b}[31m",
        "é",
        "漢",
        "🙂",
        "\u{2028}",
        "\u{feff}",
        "{{x}}",
        "\\\n",
        "''",
        "a",
        "0",
        "ab c",
        "do",
        "done",
        "fi",
        "esac",
        "||touch CANARY;",
        "\ntouch CANARY\n",
        "';touch CANARY;'",
        "\";touch CANARY;\"",
    ];
    let piece = prop::sample::select(pieces.to_vec()).prop_map(str::to_owned);
    let char = any::<char>().prop_filter("bash holds no NUL", |c| *c != '\0').prop_map(String::from);
    let value =
        prop::collection::vec(proptest::prop_oneof![6 => piece, 1 => char], 0..9).prop_map(|list| list.concat());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count).map(|_| value.new_tree(&mut runner).unwrap().current()).collect()
}

fn rendered(template: &str, value: &str, by: Delivery<'_>, filter: Filter) -> Result<String, RejectReason> {
    let fills: Vec<Substitution<'_>> = template
        .match_indices("{{x}}")
        .map(|(at, found)| Substitution { span: at..at + found.len(), value, filter, by })
        .collect();
    interpolate_values(template, &fills).map_err(|refused| refused.why)
}

/// Runs texts, each with its value in `V` and `__rb_x`, and returns what each printed. Panics on a canary.
fn run(texts: &[(String, String)]) -> Vec<String> {
    const LOOP: &str = r#"
        set +H; base=$PWD; touch f
        while IFS= read -r -d '' text <&9 && IFS= read -r -d '' V <&9; do
            cd "$base"; export V; __rb_x=$V
            case $text in
                *'declare -r'*) ( eval "$text" ) </dev/null ;;
                *) eval "$text" </dev/null ;;
            esac
            printf '\0<<<%s>>>\0' END-OF-ONE
            unset v w a m f i W
        done 2>/dev/null
        "#;
    let mut outputs = Vec::new();
    for batch in texts.chunks(4_000) {
        let folder = tempfile::tempdir().unwrap();
        let mut input = tempfile::tempfile().unwrap();
        for (text, value) in batch {
            write!(input, "{text}\0{value}\0").unwrap();
        }
        std::io::Seek::rewind(&mut input).unwrap();
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-c", &format!("exec 9<&0 </dev/null; {LOOP}")]);
        bash.current_dir(folder.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        bash.env("LC_ALL", "C.UTF-8").env("HOME", folder.path());
        let output = bash.stdin(Stdio::from(input)).stderr(Stdio::null()).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let before = outputs.len();
        outputs.extend(printed.split("\0<<<END-OF-ONE>>>\0").map(ToOwned::to_owned));
        outputs.pop();
        if outputs.len() != before + batch.len() {
            let last = batch.get(outputs.len() - before);
            panic!("bash ended early: {last:?}");
        }
        let canary = Command::new("find").args([".", "-name", "CANARY"]).current_dir(folder.path()).output().unwrap();
        assert!(canary.stdout.is_empty(), "a value was run");
    }
    outputs
}

fn check(values: &[String], templates: &[&Template], by: Delivery<'_>, filter: Filter, least: usize) -> (usize, usize) {
    let mut texts = Vec::new();
    let mut expected = Vec::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for template in templates {
        let mut placed = 0;
        for value in values {
            // The one template that makes a file of the value's name.
            if template.name == "redirect target" && (value.contains('/') || value.len() > 200) {
                continue;
            }
            match rendered(&template.text, value, by, filter) {
                Ok(text) => {
                    placed += 1;
                    let expect = template.expect.as_ref().unwrap().replace("{VALUE}", value);
                    expected.push((template.name.clone(), text.clone(), expect));
                    texts.push((text, value.clone()));
                }
                Err(RejectReason::Nul) => assert!(value.contains('\0')),
                Err(why) => {
                    assert!(!value.contains('\0'));
                    *refused.entry(format!("{}: {why}", template.name)).or_default() += 1;
                }
            }
        }
        let own = || refused.iter().filter(|(why, _)| why.starts_with(&template.name)).collect::<Vec<_>>();
        assert!(placed * 100 >= values.len() * least, "`{}` takes next to nothing: {:?}", template.name, own());
    }
    let outputs = run(&texts);
    let mut wrong = Vec::new();
    for ((name, text, expect), output) in expected.iter().zip(&outputs) {
        if output != expect {
            wrong.push(format!("{name}\n  text {text:?}\n  wanted {expect:?}\n  came {output:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), texts.len(), wrong[..wrong.len().min(12)].join("\n"));
    (texts.len(), refused.values().sum())
}

#[test]
fn every_hostile_value_reaches_the_program_as_it_is_in_every_template() {
    let templates = templates();
    let takes: Vec<&Template> = templates.iter().filter(|template| template.expect.is_some()).collect();
    assert!(takes.len() >= 90, "{}", takes.len());
    let values = hostile_values();
    let (placed, refused) = check(&values, &takes, Delivery::Text, Filter::None, 20);
    let (by_variable, kept) = check(&values, &takes, Delivery::Variable("__rb_x"), Filter::None, 20);
    println!("as text: {placed} right, {refused} refused; by variable: {by_variable} right, {kept} refused");
}

/// A template for each way bash reads a place.
const CONTEXTS: &[&str] = &[
    "bare arg",
    "bare glued",
    "double",
    "single",
    "ansi-c",
    "assign bare",
    "array",
    "\"$()\" dq",
    "heredoc",
    "heredoc $() inside",
    "heredoc quoted",
    "heredoc dash",
    "herestring",
    "case pattern",
    "[[ == ]]",
    "comment w quote",
];

#[test]
fn a_thousand_random_values_reach_the_program_as_they_are_in_every_context() {
    let templates = templates();
    let takes: Vec<&Template> = templates.iter().filter(|t| CONTEXTS.contains(&t.name.as_str())).collect();
    assert_eq!(takes.len(), CONTEXTS.len());
    let values = random_values(1_050);
    let (placed, refused) = check(&values, &takes, Delivery::Text, Filter::None, 20);
    let (by_variable, kept) = check(&values, &takes, Delivery::Variable("__rb_x"), Filter::None, 20);
    println!("as text: {placed} right, {refused} refused; by variable: {by_variable} right, {kept} refused");
}

#[test]
fn random_values_reach_the_program_as_they_are_in_every_template() {
    let templates = templates();
    let takes: Vec<&Template> = templates.iter().filter(|template| template.expect.is_some()).collect();
    let values = random_values(60);
    let (placed, refused) = check(&values, &takes, Delivery::Text, Filter::None, 20);
    let (by_variable, kept) = check(&values, &takes, Delivery::Variable("__rb_x"), Filter::None, 20);
    println!("as text: {placed} right, {refused} refused; by variable: {by_variable} right, {kept} refused");
}

/// Texts that a second shell reads; `ssh` is a function that does what the program does with its words.
const SECOND_SHELL: &[&str] = &[
    r#"bash -c "printf '%s\\0' {{x}}""#,
    r#"bash -c "printf '%s\\0' '{{x}}'""#,
    r#"bash -c 'printf "%s\0" "{{x}}"'"#,
    r#"bash -c "printf '%s\\0' \"{{x}}\"""#,
    r#"bash -lc 'v={{x}}; printf "%s\0" "$v"'"#,
    r#"sudo -u db sh -c "printf '%s\\0' {{x}}""#,
    r#"ssh host "printf '%s\\0' {{x}}""#,
    r#"ssh -p 22 db@host "printf '%s\\0' '{{x}}'""#,
    r#"ssh host printf "'%s\\0'" {{x}}"#,
    r#"eval "printf '%s\\0' {{x}}""#,
    "bash <<'EOF'\nprintf '%s\\0' \"{{x}}\"\nEOF\n",
    "bash -s <<EOF\nprintf '%s\\\\0' {{x}}\nEOF\n",
    r#"echo "printf '%s\\0' {{x}}" | bash"#,
    r#"bash <<< "printf '%s\\0' {{x}}""#,
    r#"find . -maxdepth 0 -exec sh -c "printf '%s\\0' {{x}}" \;"#,
    r#"echo 1 | xargs -I{} bash -c "printf '%s\\0' {{x}}""#,
];

#[test]
fn what_a_second_shell_reads_is_right_or_refused() {
    const FUNCTIONS: &str = "ssh() { while [[ $1 == -* ]]; do shift 2; done; shift; bash -c \"$*\"; }; \
                             sudo() { shift 2; \"$@\"; }; ";
    let templates: Vec<Template> = SECOND_SHELL
        .iter()
        .map(|text| Template {
            name: (*text).to_owned(),
            text: format!("{FUNCTIONS}{text}"),
            expect: Some("{VALUE}\0".to_owned()),
        })
        .collect();
    let all: Vec<&Template> = templates.iter().collect();
    let mut values = hostile_values();
    values.extend(random_values(80));
    values.extend(["plain", "db-1.example.com:5432", "a,b", "+1", "50%"].map(str::to_owned));
    let (placed, refused) = check(&values, &all, Delivery::Text, Filter::None, 1);
    let (by_variable, kept) = check(&values, &all, Delivery::Variable("__rb_x"), Filter::None, 1);
    println!("as text: {placed} right, {refused} refused; by variable: {by_variable} right, {kept} refused");
    // What is piped or fed has no text of its own that could be read.
    let told: Vec<&Template> =
        templates.iter().filter(|t| !t.text.contains("<<") && !t.text.contains("| bash")).collect();
    let (placed, refused) = check(&values, &told, Delivery::Text, Filter::Sh, 60);
    println!("with `| sh`: {placed} right, {refused} refused");
}

#[test]
fn where_no_value_is_safe_each_is_refused() {
    let templates = templates();
    let refuses: Vec<&Template> = templates.iter().filter(|template| template.expect.is_none()).collect();
    assert!(refuses.len() >= 35, "{}", refuses.len());
    for template in refuses {
        for value in hostile_values().iter().chain(&random_values(50)) {
            for by in [Delivery::Text, Delivery::Variable("__rb_x")] {
                let number = value.parse::<i64>().is_ok_and(|number| number.to_string() == *value);
                let placed = rendered(&template.text, value, by, Filter::None);
                assert!(placed.is_err() || number, "`{}` took {value:?}: {placed:?}", template.name);
            }
        }
    }
}

#[test]
fn a_second_interpreter_takes_only_plain_words_unless_the_document_says_how() {
    let hostile = "x'; DROP TABLE a; --";
    for text in [
        "psql -U postgres -c \"SELECT '{{x}}'\"",
        "docker-compose exec postgres psql -d app -c \\\n  \"SELECT 1 WHERE t = '{{x}}';\"",
        "kubectl exec -it pod -- mysql -e \"SELECT '{{x}}'\"",
        "psql app <<EOF\nSELECT '{{x}}';\nEOF",
        "echo \"SELECT '{{x}}'\" | psql app",
        "python3 -c \"print('{{x}}')\"",
        "python -c \"\nimport os\nprint('{{x}}')\n\"",
        "awk '/{{x}}/ {print $1}' log",
        "sed -i 's/{{x}}/y/' f",
        "watch -n 5 'curl -s {{x}}'",
        "trap 'rm {{x}}' EXIT",
        "ssh host rm {{x}}",
        "$SHELL -c \"rm {{x}}\"",
        "bash <(echo \"rm {{x}}\")",
        "redis-cli EVAL \"return {{x}}\" 0",
        "git -c core.pager='{{x}}' log",
        "make DIR={{x}}",
        "ansible all -m shell -a \"ls {{x}}\"",
        "kubectl get po -o jsonpath=\"{.items[?(@.name=='{{x}}')]}\"",
        "flock f -c \"rm {{x}}\"",
    ] {
        let refused = rendered(text, hostile, Delivery::Text, Filter::None);
        assert!(matches!(refused, Err(RejectReason::Interpreted(_))), "{text}: {refused:?}");
        let plain = rendered(text, "plain-1.2_x", Delivery::Text, Filter::None);
        assert_eq!(plain, Ok(text.replace("{{x}}", "plain-1.2_x")));
    }
    let sql = rendered("psql -c \"SELECT '{{x}}', {{x}}\"", "O'Hara $1", Delivery::Text, Filter::Sql);
    assert_eq!(sql.as_deref(), Ok("psql -c \"SELECT 'O''Hara \\$1', 'O''Hara \\$1'\""));
    let raw = rendered("psql -c \"SELECT {{x}}\"", "a, b", Delivery::Text, Filter::Raw);
    assert_eq!(raw.as_deref(), Ok("psql -c \"SELECT a, b\""));
}

#[test]
fn data_behind_an_interpreter_is_data() {
    for text in [
        "bash -c 'echo \"$1\"' _ {{x}}",
        "psql -f {{x}}",
        "awk -v name={{x}} '{print name}' log",
        "jq --arg name {{x}} '.[$name]' f.json",
        "grep -e {{x}} bash.log",
        "cat {{x}} | psql app",
        "docker exec db pg_dump -t {{x}}",
    ] {
        let placed = rendered(text, "two words", Delivery::Text, Filter::None);
        assert!(placed.is_ok(), "{text}: {placed:?}");
    }
}

#[test]
fn a_value_names_no_program_no_variable_and_no_descriptor() {
    for (text, why) in [
        ("sudo {{x}} now", RejectReason::CommandName),
        ("timeout 5 {{x}}", RejectReason::CommandName),
        ("find . | xargs {{x}}", RejectReason::CommandName),
        ("unset {{x}}", RejectReason::Name),
        ("read {{x}}", RejectReason::Name),
        ("printf -v {{x}} a", RejectReason::Name),
        ("[ -v {{x}} ]", RejectReason::Name),
        ("let a={{x}}", RejectReason::Arithmetic),
        ("echo a >&{{x}}", RejectReason::Descriptor),
        ("PROMPT_COMMAND={{x}}", RejectReason::Interpreted("bash")),
        ("export PS4=\"{{x}}\"", RejectReason::Interpreted("bash")),
    ] {
        assert_eq!(rendered(text, "x y", Delivery::Text, Filter::None), Err(why), "{text}");
    }
}

#[test]
fn a_secret_is_in_no_text() {
    let by = Delivery::Secret("__rb_x");
    for text in ["curl -H \"Key: {{x}}\" u", "login {{x}}", "login '{{x}}' a", "cat <<EOF\n{{x}}\nEOF\n", "ls # {{x}}"]
    {
        let placed = rendered(text, "hunter2", by, Filter::None).unwrap();
        assert!(!placed.contains("hunter2") && placed.contains("${__rb_x}"), "{placed}");
    }
    for text in ["cat <<'EOF'\n{{x}}\nEOF\n", "echo $(( {{x}} ))"] {
        assert!(rendered(text, "1234", by, Filter::None).is_err(), "{text}");
    }
}

#[test]
fn what_is_too_much_is_refused_at_once() {
    let long = "x".repeat(1_000_000);
    assert_eq!(rendered("echo {{x}}", &long, Delivery::Variable("v"), Filter::None), Err(RejectReason::Long(127)));
    let many = "echo".to_owned() + &" {{x}}".repeat(10_000);
    assert_eq!(rendered(&many, "a", Delivery::Text, Filter::None), Err(RejectReason::Many(10_000, 500)));
    for deep in ["{".repeat(200_000) + "{{x}}", "$(".repeat(200_000) + "{{x}}", "{{".repeat(50_000) + "{{x}}"] {
        assert!(rendered(&deep, "a", Delivery::Text, Filter::None).is_err());
    }
}
