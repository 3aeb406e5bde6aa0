//! What waits for a value in public runbooks, against labels checked by hand.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests"
)]
#![expect(clippy::print_stdout, reason = "the figures are what the test is for")]
#![expect(clippy::disallowed_methods, reason = "the corpus' place comes from the environment")]

use runbook::document::{CellKind, LineRole, Runbook};
use runbook::ident::Digest;
use runbook::plan::{Planner, Values};
use runbook::shell::{Hole, ShellPart, find_holes, split_commands};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    std::env::var_os("RUNBOOK_TEST_CORPUS").map(PathBuf::from)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// A command cell: its document, line, shell text.
struct Cell {
    file: String,
    line: u32,
    text: String,
}

impl Cell {
    fn digest(&self) -> String {
        Digest::of_bytes(self.text.as_bytes()).to_string().chars().take(12).collect()
    }

    /// What waits for a value, by its place in the cell.
    fn holes(&self) -> Vec<Hole> {
        let mut starts = vec![0];
        starts.extend(self.text.match_indices('\n').map(|(at, _)| at + 1));
        let mut all = Vec::new();
        for part in split_commands(&self.text) {
            let (first, text) = match part {
                ShellPart::Command(command) => (command.lines.first, command.text),
                // Never run, so nothing is asked for.
                ShellPart::NotShell(_) | ShellPart::Comment(_) => continue,
            };
            let offset = starts[first];
            all.extend(find_holes(&text).into_iter().map(|mut hole| {
                hole.span = hole.span.start + offset..hole.span.end + offset;
                hole
            }));
        }
        all
    }
}

fn cells(corpus: &Path) -> Vec<Cell> {
    let mut files = Vec::new();
    collect(corpus, &mut files);
    files.sort();
    files.extend(Some(corpus.join("../seed/RUNBOOK.md")).filter(|seed| seed.is_file()));
    let mut out = Vec::new();
    for file in files {
        let runbook = Runbook::parse_bytes(&fs::read(&file).unwrap());
        for cell in runbook.cells.iter().filter(|cell| cell.kind == CellKind::Command) {
            let mut text = String::new();
            for line in &cell.content {
                if line.role == LineRole::Shell {
                    text.push_str(&line.text);
                }
                text.push('\n');
            }
            let file = file.strip_prefix(corpus).unwrap().to_string_lossy().into_owned();
            out.push(Cell { file, line: cell.line, text });
        }
    }
    out
}

/// `kind@offset+length` for each thing a careful person would fill in, by cell; `other` for what no kind names.
type Labels = BTreeMap<(String, u32, String), BTreeSet<String>>;

fn labels(text: &str) -> Labels {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let label = |line: &str| {
        let [file, line, digest, holes] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let holes = holes.split(' ').filter(|hole| *hole != "-").map(ToOwned::to_owned).collect();
        ((file.to_owned(), line.parse().unwrap(), digest.to_owned()), holes)
    };
    lines.map(label).collect()
}

/// Right, wrong and missed, by kind.
type Counts = BTreeMap<String, [usize; 3]>;

/// What is found in the labelled cells, against their labels; each disagreement is printed.
fn compared(cells: &[Cell], labels: &Labels) -> Counts {
    let mut counts = Counts::new();
    let mut seen = 0;
    for cell in cells {
        let Some(wanted) = labels.get(&(cell.file.clone(), cell.line, cell.digest())) else { continue };
        seen += 1;
        let name = |hole: &Hole| format!("{}@{}+{}", hole.kind.as_str(), hole.span.start, hole.span.len());
        let found: BTreeSet<String> = cell.holes().iter().map(name).collect();
        let mut add = |hole: &String, which: usize| {
            let kind = hole.split('@').next().unwrap().to_owned();
            counts.entry(kind).or_default()[which] += 1;
            if which > 0 {
                println!("{} {}:{} {hole}", ["", "wrong", "missed"][which], cell.file, cell.line);
            }
        };
        found.intersection(wanted).for_each(|hole| add(hole, 0));
        found.difference(wanted).for_each(|hole| add(hole, 1));
        wanted.difference(&found).for_each(|hole| add(hole, 2));
    }
    assert_eq!(seen, labels.len(), "labels of cells that are not there");
    println!("{seen} cells");
    for (kind, count) in &counts {
        let [right, wrong, missed] = count;
        let (precision, recall) = shares(*count);
        println!(
            "{kind:<9} {right:>3} right {wrong:>3} wrong {missed:>3} missed  precision {precision:>5.1} %  recall {recall:>5.1} %"
        );
    }
    counts
}

/// Precision and recall, in percent.
#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn shares([right, wrong, missed]: [usize; 3]) -> (f64, f64) {
    let share = |rest: usize| 100.0 * right as f64 / ((right + rest).max(1)) as f64;
    (share(wrong), share(missed))
}

#[test]
fn placeholders_agree_with_the_labels_checked_by_hand() {
    let Some(corpus) = corpus() else {
        println!("skipped: RUNBOOK_TEST_CORPUS is not set");
        return;
    };
    let cells = cells(&corpus);
    println!("against the labels made blind:");
    compared(&cells, &labels(include_str!("../fixtures/placeholders/blind.tsv")));
    println!("against the labels after both were compared:");
    let labels = labels(include_str!("../fixtures/placeholders/labels.tsv"));
    assert!(labels.len() >= 300, "{}", labels.len());
    for (kind, counts) in compared(&cells, &labels) {
        let (precision, recall) = shares(counts);
        if kind == "angle" {
            assert!(precision >= 99.0 && recall >= 99.0, "{precision} {recall}");
        } else if kind != "other" {
            assert!(precision >= 90.0, "{kind}: {precision}");
        }
    }
}

/// Writes what is found, to be labelled, to the file that `RUNBOOK_TEST_DUMP` names.
#[test]
#[ignore = "a tool for making labels"]
fn dump() {
    let (Some(corpus), Some(to)) = (corpus(), std::env::var_os("RUNBOOK_TEST_DUMP")) else { return };
    let mut out = String::new();
    for cell in cells(&corpus) {
        let _ = writeln!(out, "@@ {}\t{}\t{}", cell.file, cell.line, cell.digest());
        for hole in cell.holes() {
            let _ = writeln!(out, "  {}@{}+{}\t{}", hole.kind.as_str(), hole.span.start, hole.span.len(), hole.name);
        }
        for line in cell.text.lines() {
            let _ = writeln!(out, "  | {line}");
        }
    }
    fs::write(to, out).unwrap();
}

fn found(text: &str) -> Vec<String> {
    find_holes(text).into_iter().map(|hole| format!("{}:{}", hole.kind.as_str(), hole.name)).collect()
}

#[test]
fn words_of_a_person_for_a_value_are_found() {
    for (text, expected) in [
        ("kubectl logs <pod-name> -n <ns>", vec!["angle:pod-name", "angle:ns"]),
        (
            "arn=\"<e.g. arn:aws:rds:eu-west-1:123456789012:snapshot:rds:a-db-2022-07-05-01-09-manual>\"",
            vec!["angle:e.g. arn:aws:rds:eu-west-1:123456789012:snapshot:rds:a-db-2022-07-05-01-09-manual"],
        ),
        ("gunzip -c backups/app_TIMESTAMP.sql.gz | psql", vec!["capitals:TIMESTAMP"]),
        ("psql -c \\\n  \"SELECT pg_terminate_backend(PID);\"", vec!["capitals:PID"]),
        ("psql -c \"SELECT * FROM t WHERE tenant = 'xxx';\"", vec!["filler:xxx"]),
        ("aws ec2 stop-instances --instance-ids i-xxxxxxxx", vec!["filler:i-xxxxxxxx"]),
        ("pg_restore -d DB_NAME dump", vec!["capitals:DB_NAME"]),
        ("kill -9 PID", vec!["capitals:PID"]),
        ("bq show [DATASET]", vec!["bracket:DATASET"]),
        ("rbd map [pool-name]/img", vec!["bracket:pool-name"]),
        ("docker inspect [container ID of the database]", vec!["bracket:container ID of the database"]),
        ("git checkout {commit}", vec!["brace:commit"]),
        ("curl https://h/projects/{project_id}/runs", vec!["brace:project_id"]),
        ("helm list -n {{NAMESPACE}}", vec!["brace:NAMESPACE"]),
        ("gcloud config set project your-project-id", vec!["your:your-project-id"]),
        ("export KEY=YOUR_API_KEY", vec!["your:YOUR_API_KEY"]),
        ("curl https://api.yourdomain.com/health", vec!["host:api.yourdomain.com"]),
        ("cp /etc/live/api.your-domain.com/key.pem k", vec!["host:api.your-domain.com"]),
        ("dig db1.example.com", vec!["host:db1.example.com"]),
        ("export NAME=...", vec!["elision:..."]),
        ("cd /path/to/app", vec!["your:/path/to/app"]),
        ("curl https://assets.shop.org/path/to/a.pdf", vec!["your:/path/to/a.pdf"]),
        ("dd if=a of=/dev/sdX", vec!["filler:/dev/sdX"]),
        (
            "snapshot --name ${your-snapshot-name} ${db-instance-name}",
            vec!["your:your-snapshot-name", "your:db-instance-name"],
        ),
        ("export CLUSTER_NAME=cluster-name", vec!["your:cluster-name"]),
        ("echo \"new-payment-key\" > key.txt", vec!["your:new-payment-key"]),
        ("export A='Placeholder 1'", vec!["filler:Placeholder 1"]),
        ("install --version 4.x.y", vec!["filler:4.x.y"]),
        ("vacuumdb --jobs=N", vec!["capitals:N"]),
        ("helm rollback app {{REV_NUM - 1}}", vec!["brace:REV_NUM - 1"]),
        ("certbot renew --hook \"...\"", vec!["elision:..."]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn real_shell_is_never_taken_for_a_value() {
    for text in [
        "a 2>&1 <in >out",
        "cat <<EOF\nx\nEOF",
        "diff <(sort a) <(sort b)",
        "aws s3 cp a s3://b --storage-class STANDARD_IA",
        "go test ./...",
        "echo {1..3}",
        "[ -f x ]",
        "if [ -d foo ]; then ls; fi",
        "[[ $a == [a-z]* ]]",
        "ls [a-z]*.log",
        "rm file[0-9]",
        "git diff main...topic",
        "curl -X POST http://localhost",
        "psql -c 'SELECT NOW() FROM users'",
        "kill -TERM $$",
        "kill -HUP 12",
        "trap 'rm x' EXIT",
        "export DB_NAME",
        "echo $DB_NAME ${DB_HOST}",
        "unset DB_NAME",
        "docker run -e DB_PASSWORD img",
        "DB_NAME=app make x",
        "env | grep AWS_REGION",
        "find . -exec ls {} \\;",
        "awk '{print $1}' f",
        "awk '{next}' f",
        "docker ps --format '{{.Names}}'",
        "kubectl get po -o jsonpath='{.items}'",
        "kubectl get po -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName",
        "mktemp /tmp/a.XXXXXX",
        "git show HEAD@{upstream}",
        "git reset HEAD~1",
        "curl -w '%{time_total}' u",
        "sed 's/[A-Z]/x/' f",
        "psql -c \"DELETE FROM a WHERE t < CURRENT_TIMESTAMP\"",
        "tar xf a.tar -C /",
        "curl -H 'X-AUTH-TOKEN: a' u",
        "a[INDEX]=1",
        "echo ${a[KEY]}",
        "cp env.example env",
        "for NODE_NAME in a b; do ls; done",
        "cat VERSION",
        "ls && echo 'API down: all requests fail...'",
        "docker-compose exec api python -c \"print(f'{x}')\"",
        "LC_ALL=C sort",
        "helm upgrade --set image.tag=1",
        "jq '{name}' f",
        "ls # <x> DB_NAME example.com",
        "mysql -e 'SHOW TABLES'",
        "redis-cli CONFIG SET maxmemory 1",
        "gpg --recv-keys 409B6B17",
        "set -o pipefail",
        "python - <<'PY'\nNAME = {x}\nPY",
        "cat > f <<EOF\nDB_NAME=app\nEOF",
        "echo ${#a[@]} ${a%%.*}",
        "➕ config/<name>/x",
        "├── <name>.yaml",
        "echo ${foo-bar} ${name-default} ${a-b-c}",
        "ls /dev/sda /dev/null /dev/disk/by-id/X",
        "git checkout release-4.x",
        "mysql -u app; mysqldump app; myisamchk x",
        "cat my.cnf",
        "export POSTGRES=postgres REDIS_HOST=redis",
        "ssh-keygen -f new-key; echo 'a new-style key'",
        "cf ssh my-app",
        "export GROUP=\"myResourceGroup$RANDOM\"",
        "tar -N --newer=N2",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn ten_thousand_places_and_deep_braces_take_no_time() {
    for text in [
        "echo <a>".repeat(10_000),
        "{".repeat(200_000),
        "[x ".repeat(100_000),
        "<a ".repeat(100_000),
        "{{A".repeat(60_000),
        "A_".repeat(100_000),
        "'\"".repeat(100_000),
    ] {
        let _ = find_holes(&text).len();
    }
}

/// What each procedure of the user's runbook asks for.
#[test]
fn the_runbook_asks_for_what_a_careful_person_would_ask_for() {
    let Some(text) = corpus().and_then(|corpus| fs::read(corpus.join("../seed/RUNBOOK.md")).ok()) else {
        println!("skipped: there is no runbook beside RUNBOOK_TEST_CORPUS");
        return;
    };
    let runbook = Runbook::parse_bytes(&text);
    let asked = |anchor: &str| -> Vec<String> {
        let section = runbook.select_section(anchor).unwrap().section;
        let plan = Planner::new(&runbook, &|_| false).plan_section(section);
        plan.inputs.iter().map(|input| input.name.to_string()).collect()
    };
    for (anchor, inputs) in [
        ("database-backup--restore", vec!["TIMESTAMP"]),
        ("cpu-spikes", vec!["PID"]),
        ("query-performance-analysis", vec!["xxx"]),
        ("database-recovery", vec!["BACKUP_FILE", "api.yourdomain.com"]),
        ("complete-service-recovery", vec!["api.yourdomain.com"]),
        ("database-maintenance", vec![]),
        ("suspected-breach", vec![]),
        (
            "",
            vec!["api.yourdomain.com", "BACKUP_FILE", "xxx", "TIMESTAMP", "PID", "new-anthropic-key", "new-openai-key"],
        ),
    ] {
        assert_eq!(asked(anchor), inputs, "{anchor}");
    }
}

#[test]
fn a_command_without_values_is_the_document_s_byte_for_byte() {
    let Some(corpus) = corpus() else {
        println!("skipped: RUNBOOK_TEST_CORPUS is not set");
        return;
    };
    let mut files = Vec::new();
    collect(&corpus, &mut files);
    let (mut commands, mut braces) = (0, 0);
    for file in files {
        let bytes = fs::read(&file).unwrap();
        // Names that foreign templates use too: declared or not, those stay.
        let declared =
            [b"---\ninputs: {Names: {}, labels: {}, range: {}, lookup: {}}\n---\n".as_slice(), &bytes].concat();
        for document in [bytes, declared] {
            let runbook = Runbook::parse_bytes(&document);
            let plan = Planner::new(&runbook, &|_| false).plan_section(0);
            for command in plan.steps.iter().flat_map(|step| &step.commands) {
                commands += 1;
                braces += usize::from(command.text.contains("{{"));
                if let Ok(runnable) = command.bind_values(&Values::new()) {
                    assert_eq!(runnable.text(), command.text, "{}:{}", file.display(), command.line);
                }
                for one in command.uses.iter().filter(|one| one.blocks) {
                    let written = command.text.get(one.span.clone()).unwrap();
                    assert!(written.starts_with('<'), "{}:{}: {written}", file.display(), command.line);
                }
            }
        }
    }
    println!("{commands} commands, {braces} with double braces");
}
