//! Commands that never end by themselves.
//!
//! Invariant: a table of programs, subcommands and options, nothing else. Refuses to know: how such a command is ended.

use super::options::{
    EffectiveProgram, ProgramWords, effective_program, find_operands, has_any_flag, valued_before_subcommand,
    words_behind_subcommands,
};
use crate::shell::parse::reading::ParsedText;

/// When a row of the table holds.
enum EndlessWhen {
    Always,
    /// With one of these options.
    With(&'static [&'static str]),
    /// Unless one of these options stands there.
    Unless(&'static [&'static str]),
    /// With an interval and no count: exactly one operand that is a number.
    IntervalOnly,
    /// True if this word is among the operands.
    Word(&'static str),
}

use EndlessWhen::{Always, IntervalOnly, Unless, With, Word};

const FOLLOW: EndlessWhen = With(&["-f", "--follow"]);

/// From the manuals of the programs, as of 2026.
const ENDLESS: &[(&str, &[&str], EndlessWhen, &str)] = &[
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
pub(crate) fn why_never_ends(reading: &ParsedText) -> Option<String> {
    let waited_for =
        |context: &crate::shell::parse::reading::CommandContext| !context.in_function_body && !context.in_background;
    for (at, found) in reading.commands.iter().enumerate() {
        let Some(effective) = effective_program(&found.command).filter(|_| waited_for(&found.context)) else {
            continue;
        };
        let Some(why) = why_program_never_ends(effective) else { continue };
        let cut_short = found.context.pipeline_position.is_some_and(|seat| {
            reading.commands.iter().skip(at + 1).any(|later| {
                later
                    .context
                    .pipeline_position
                    .is_some_and(|other| other.pipeline == seat.pipeline && other.member_index > seat.member_index)
                    && effective_program(&later.command).is_some_and(ends_its_input)
            })
        });
        if !cut_short {
            return Some(why.to_owned());
        }
    }
    reading.loops_forever.then(|| "a loop that nothing in it ends".to_owned())
}

/// Readers that stop before the end of what they read.
fn ends_its_input(reader: EffectiveProgram<'_>) -> bool {
    match reader.program {
        "head" => true,
        "grep" | "egrep" | "fgrep" | "rg" => has_any_flag(reader.words, &["-q", "--quiet", "-m", "--max-count"]),
        _ => false,
    }
}

/// Why a program with these words never ends, also where it is run inside a container.
pub(crate) fn why_program_never_ends(effective: EffectiveProgram<'_>) -> Option<&'static str> {
    if effective.bounded {
        return None;
    }
    let EffectiveProgram { program, words, .. } = effective;
    let valued = valued_before_subcommand(program);
    let row = ENDLESS.iter().filter(|row| row.0 == program).find(|(_, path, when, _)| match program {
        "python" | "python3" => {
            has_any_flag(words, &["-m"]) && words.iter().flatten().any(|word| word == "http.server")
        }
        _ => words_behind_subcommands(words, path, valued).is_some_and(|rest| condition_holds(when, rest)),
    });
    row.map(|row| row.3).filter(|_| !has_any_flag(words, &["--help", "--version"]))
}

fn condition_holds(when: &EndlessWhen, words: ProgramWords<'_>) -> bool {
    match when {
        Always => true,
        With(flags) => has_any_flag(words, flags),
        Unless(flags) => !has_any_flag(words, flags),
        Word(word) => words.iter().flatten().any(|other| other == word),
        IntervalOnly => {
            let numbers = find_operands(words, &["-p", "-d", "-P", "-n", "-u"]);
            let count = numbers.iter().flatten().filter(|word| word.bytes().all(|b| b.is_ascii_digit())).count();
            count == 1
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::shell::describe_command;

    #[test]
    fn commands_that_run_until_they_are_ended_are_known() {
        for text in [
            "top",
            "top -b",
            "sudo iftop -i eth0",
            "nethogs",
            "watch -n 30 'curl -s https://api.example.net/health'",
            "watch -n 5 docker stats web",
            "docker stats",
            "docker stats --format '{{.Name}}'",
            "docker-compose -f prod.yml logs -f",
            "docker-compose logs --tail=50 -f web",
            "docker compose -f prod.yml -p x logs --follow web",
            "docker --context far logs -f web",
            "docker logs -tf web",
            "docker compose up",
            "kubectl -n prod logs deploy/web -f",
            "kubectl logs --follow=true web",
            "kubectl get pods -w",
            "kubectl port-forward svc/web 8080:80",
            "tail -f /var/log/syslog",
            "tail -n 100 -F a.log",
            "tail -n100 -f a.log | grep x",
            "journalctl -u nginx -f",
            "journalctl -fu nginx",
            "ping 10.0.0.1",
            "sudo tcpdump -i any port 80",
            "yes",
            "vmstat 5",
            "iostat -x 2",
            "sleep infinity",
            "redis-cli -h cache monitor",
            "redis-cli --stat",
            "stern web",
            "cd /srv && tail -f app.log",
            "while true; do curl -s x; sleep 1; done",
            "for ((;;)); do date; done",
            "ssh -N -L 5432:db:5432 bastion",
        ] {
            assert!(describe_command(text).never_ends_reason.is_some(), "{text}");
        }
    }

    #[test]
    fn commands_that_end_are_not_taken_for_endless() {
        for text in [
            "top -b -n1",
            "top -n 1",
            "docker stats --no-stream",
            "docker-compose -f prod.yml logs web",
            "docker-compose -f prod.yml up -d",
            "docker compose -f a.yml logs --tail 5",
            "docker logs --tail 100 web",
            "docker logs --follow=false web",
            "kubectl -f x apply",
            "kubectl logs web --tail=5",
            "kubectl get pods -o wide",
            "kubectl port-forward svc/web 8080:80 &",
            "tail -n 100 a.log",
            "tail -f a.log | head -5",
            "tail -f a.log | grep -m1 ready",
            "timeout 30 tail -f a.log",
            "ping -c 4 10.0.0.1",
            "ping -c4 10.0.0.1",
            "tcpdump -c 100 -i any",
            "vmstat 1 5",
            "vmstat",
            "sleep 30",
            "follow() { tail -f \"$1\"; }",
            "while true; do x && break; sleep 1; done",
            "while read -r x; do echo $x; done < f",
            "echo top",
            "redis-cli info",
        ] {
            assert_eq!(describe_command(text).never_ends_reason, None, "{text}");
        }
    }
}
