//! Commands that never end by themselves.
//!
//! Invariant: a table of programs, subcommands and options, nothing else. Refuses to know: how such a command is ended.

use super::options::{Effective, Words, behind, has, operands, program_of, valued_before_subcommand};
use super::reading::Reading;

/// When a row of the table holds.
enum When {
    Always,
    /// With one of these options.
    With(&'static [&'static str]),
    /// Unless one of these options stands there.
    Unless(&'static [&'static str]),
    /// With an interval and no count: exactly one operand that is a number.
    IntervalOnly,
    /// With this word.
    Word(&'static str),
}

use When::{Always, IntervalOnly, Unless, With, Word};

const FOLLOW: When = With(&["-f", "--follow"]);

/// From the manuals of the programs, as of 2026.
const ENDLESS: &[(&str, &[&str], When, &str)] = &[
    ("top", &[], Unless(&["-n"]), "`top` runs until it is quit"),
    ("htop", &[], Unless(&["-n", "--max-iterations", "--version"]), "`htop` runs until it is quit"),
    ("atop", &[], Unless(&["-r", "-P"]), "`atop` runs until it is quit"),
    ("btop", &[], Always, "`btop` runs until it is quit"),
    ("ctop", &[], Always, "`ctop` runs until it is quit"),
    ("glances", &[], Unless(&["--stop-after"]), "`glances` runs until it is quit"),
    ("iftop", &[], Unless(&["-s"]), "`iftop` runs until it is quit"),
    ("nethogs", &[], Unless(&["-c"]), "`nethogs` runs until it is quit"),
    ("iotop", &[], Unless(&["-n", "--iter"]), "`iotop` runs until it is quit"),
    ("nload", &[], Always, "`nload` runs until it is quit"),
    ("bmon", &[], Always, "`bmon` runs until it is quit"),
    ("k9s", &[], Always, "`k9s` runs until it is quit"),
    ("perf", &["top"], Always, "`perf top` runs until it is quit"),
    ("watch", &[], Unless(&["-g", "--chgexit", "-e", "--errexit"]), "`watch` repeats for ever"),
    ("docker", &["stats"], Unless(&["--no-stream"]), "`docker stats` streams"),
    ("docker", &["container", "stats"], Unless(&["--no-stream"]), "`docker stats` streams"),
    ("docker", &["compose", "stats"], Unless(&["--no-stream"]), "`docker compose stats` streams"),
    ("podman", &["stats"], Unless(&["--no-stream"]), "`podman stats` streams"),
    ("docker-compose", &["stats"], Unless(&["--no-stream"]), "`docker-compose stats` streams"),
    ("docker", &["events"], Unless(&["--until"]), "`docker events` streams"),
    ("docker", &["logs"], FOLLOW, "`docker logs -f` follows"),
    ("docker", &["container", "logs"], FOLLOW, "`docker logs -f` follows"),
    ("docker", &["service", "logs"], FOLLOW, "`docker service logs -f` follows"),
    ("docker", &["compose", "logs"], FOLLOW, "`docker compose logs -f` follows"),
    ("docker-compose", &["logs"], FOLLOW, "`docker-compose logs -f` follows"),
    ("docker", &["compose", "up"], Unless(COMPOSE_UP_ENDS), "`docker compose up` stays in the foreground"),
    ("docker-compose", &["up"], Unless(COMPOSE_UP_ENDS), "`docker-compose up` stays in the foreground"),
    ("podman", &["logs"], FOLLOW, "`podman logs -f` follows"),
    ("kubectl", &["logs"], FOLLOW, "`kubectl logs -f` follows"),
    ("oc", &["logs"], FOLLOW, "`oc logs -f` follows"),
    ("kubectl", &["get"], With(&["-w", "--watch", "--watch-only"]), "`kubectl get -w` watches"),
    ("oc", &["get"], With(&["-w", "--watch", "--watch-only"]), "`oc get -w` watches"),
    ("kubectl", &["events"], With(&["-w", "--watch"]), "`kubectl events -w` watches"),
    ("kubectl", &["port-forward"], Always, "`kubectl port-forward` holds the port"),
    ("oc", &["port-forward"], Always, "`oc port-forward` holds the port"),
    ("kubectl", &["proxy"], Always, "`kubectl proxy` serves until it is ended"),
    ("minikube", &["tunnel"], Always, "`minikube tunnel` stays open"),
    ("stern", &[], Unless(&["--no-follow"]), "`stern` follows"),
    ("kubetail", &[], Unless(&["--follow=false"]), "`kubetail` follows"),
    ("tail", &[], With(&["-f", "-F", "--follow"]), "`tail -f` follows"),
    ("multitail", &[], Always, "`multitail` follows"),
    ("journalctl", &[], FOLLOW, "`journalctl -f` follows"),
    ("dmesg", &[], With(&["-w", "-W", "--follow", "--follow-new"]), "`dmesg -w` follows"),
    ("less", &[], Word("+F"), "`less +F` follows"),
    ("aws", &["logs", "tail"], With(&["--follow"]), "`aws logs tail --follow` follows"),
    ("heroku", &["logs"], With(&["-t", "--tail"]), "`heroku logs --tail` follows"),
    ("pm2", &["logs"], Unless(&["--nostream"]), "`pm2 logs` follows"),
    ("consul", &["monitor"], Always, "`consul monitor` streams"),
    ("etcdctl", &["watch"], Always, "`etcdctl watch` watches"),
    ("inotifywait", &[], With(&["-m", "--monitor"]), "`inotifywait -m` watches"),
    ("ping", &[], Unless(&["-c", "-w"]), "`ping` without `-c` repeats for ever"),
    ("ping6", &[], Unless(&["-c", "-w"]), "`ping6` without `-c` repeats for ever"),
    ("mtr", &[], Unless(&["-r", "--report", "-w", "--report-wide", "-c", "--report-cycles"]), "`mtr` runs until quit"),
    ("tcpdump", &[], Unless(&["-c", "-r", "-D", "--list-interfaces"]), "`tcpdump` without `-c` captures for ever"),
    ("tshark", &[], Unless(&["-c", "-a", "-r", "-D"]), "`tshark` captures for ever"),
    ("ssh", &[], With(&["-N"]), "`ssh -N` holds the tunnel"),
    ("yes", &[], Always, "`yes` repeats for ever"),
    ("vmstat", &[], IntervalOnly, "`vmstat` with an interval and no count repeats for ever"),
    ("iostat", &[], IntervalOnly, "`iostat` with an interval and no count repeats for ever"),
    ("mpstat", &[], IntervalOnly, "`mpstat` with an interval and no count repeats for ever"),
    ("pidstat", &[], IntervalOnly, "`pidstat` with an interval and no count repeats for ever"),
    ("sar", &[], IntervalOnly, "`sar` with an interval and no count repeats for ever"),
    ("sleep", &[], Word("infinity"), "`sleep infinity` never ends"),
    ("redis-cli", &[], With(&["--stat", "--latency", "--latency-history", "--latency-dist"]), "`redis-cli` repeats"),
    ("redis-cli", &[], Word("monitor"), "`redis-cli monitor` streams"),
    ("redis-cli", &[], Word("MONITOR"), "`redis-cli MONITOR` streams"),
    ("redis-cli", &[], Word("subscribe"), "`redis-cli subscribe` streams"),
    ("redis-cli", &[], Word("SUBSCRIBE"), "`redis-cli SUBSCRIBE` streams"),
    ("kafka-console-consumer", &[], Unless(CONSUMER_ENDS), "the consumer waits for more messages"),
    ("kafka-console-consumer.sh", &[], Unless(CONSUMER_ENDS), "the consumer waits for more messages"),
    ("python", &["http.server"], With(&["-m"]), "a web server runs until it is ended"),
    ("python3", &["http.server"], With(&["-m"]), "a web server runs until it is ended"),
];

const COMPOSE_UP_ENDS: &[&str] =
    &["-d", "--detach", "--wait", "--no-start", "--abort-on-container-exit", "--exit-code-from", "--help"];
const CONSUMER_ENDS: &[&str] = &["--max-messages", "--timeout-ms"];

/// Why the commands of a reading never end, for the first that does not.
pub(super) fn never_ends(reading: &Reading) -> Option<String> {
    let waited_for = |place: &super::reading::Place| !place.deferred && !place.background;
    for (at, found) in reading.found.iter().enumerate() {
        let Some(effective) = program_of(&found.simple).filter(|_| waited_for(&found.place)) else { continue };
        let Some(why) = endless(effective) else { continue };
        let cut_short = found.place.seat.is_some_and(|seat| {
            reading.found.iter().skip(at + 1).any(|later| {
                later.place.seat.is_some_and(|other| other.pipe == seat.pipe && other.index > seat.index)
                    && program_of(&later.simple).is_some_and(ends_its_input)
            })
        });
        if !cut_short {
            return Some(why.to_owned());
        }
    }
    reading.loops_for_ever.then(|| "a loop that nothing in it ends".to_owned())
}

/// Readers that stop before the end of what they read.
fn ends_its_input(reader: Effective<'_>) -> bool {
    match reader.program {
        "head" => true,
        "grep" | "egrep" | "fgrep" | "rg" => has(reader.words, &["-q", "--quiet", "-m", "--max-count"]),
        _ => false,
    }
}

/// Why a program with these words never ends, also where it is run inside a container.
pub(super) fn endless(effective: Effective<'_>) -> Option<&'static str> {
    if effective.bounded {
        return None;
    }
    let Effective { program, words, .. } = effective;
    let valued = valued_before_subcommand(program);
    let row = ENDLESS.iter().filter(|row| row.0 == program).find(|(_, path, when, _)| match program {
        "python" | "python3" => has(words, &["-m"]) && words.iter().flatten().any(|word| word == "http.server"),
        _ => behind(words, path, valued).is_some_and(|rest| holds(when, rest)),
    });
    row.map(|row| row.3).filter(|_| !has(words, &["--help", "--version"]))
}

fn holds(when: &When, words: Words<'_>) -> bool {
    match when {
        Always => true,
        With(flags) => has(words, flags),
        Unless(flags) => !has(words, flags),
        Word(word) => words.iter().flatten().any(|other| other == word),
        IntervalOnly => {
            let numbers = operands(words, &["-p", "-d", "-P", "-n", "-u"]);
            let count = numbers.iter().flatten().filter(|word| word.bytes().all(|b| b.is_ascii_digit())).count();
            count == 1
        }
    }
}
