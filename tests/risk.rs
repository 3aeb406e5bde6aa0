//! The risk of commands against what their tools' documentation says of them.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that prints its table")]

use runbook::shell::{Level, risk};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A labelled command: its level, or none where it must be unknown.
struct Labelled {
    level: Option<u8>,
    family: String,
    text: String,
}

fn labelled() -> Vec<Labelled> {
    let files = [include_str!("../fixtures/risk/commands.tsv"), include_str!("../fixtures/risk/held_out.tsv")];
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

#[test]
fn destructive_commands_are_told_from_harmless_ones() {
    let mut table: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let (mut as_reading, mut missed, mut alarms) = (Vec::new(), Vec::new(), Vec::new());
    let (mut destructive, mut harmless, mut unseen) = (0, 0, Vec::new());
    let mut off = Vec::new();
    for command in labelled() {
        let found = risk(&command.text);
        let level = found.level.number();
        let flagged = found.level >= Level::Destroys || found.unknown;
        let said = format!("{level}{}", if found.unknown { "?" } else { "" });
        *table.entry((label(command.level), said.clone())).or_default() += 1;
        let line = format!("{said} {} `{}`", command.family, command.text.replace('\n', "␤"));
        match command.level {
            Some(2..) => {
                destructive += 1;
                if level == 0 && !found.unknown {
                    as_reading.push(line.clone());
                }
                if !flagged {
                    missed.push(line.clone());
                }
            }
            Some(_) => {
                harmless += 1;
                if flagged {
                    alarms.push(line.clone());
                }
            }
            None if !found.unknown => unseen.push(line.clone()),
            None => {}
        }
        if command.level.is_some_and(|wanted| wanted != level) {
            off.push(format!("{} got {line}", label(command.level)));
        }
    }
    println!("label        told      commands");
    for ((wanted, said), count) in &table {
        println!("{wanted:<12} {said:<9} {count}");
    }
    println!("destructive {destructive}, of those not flagged {}: {missed:#?}", missed.len());
    println!("harmless {harmless}, of those flagged {}: {alarms:#?}", alarms.len());
    println!("unknown, but told as known: {unseen:#?}");
    println!("another level: {off:#?}");
    assert_eq!(as_reading, Vec::<String>::new(), "destructive commands classed as reading");
    assert!(missed.len() * 50 <= destructive, "{missed:#?}");
    assert!(alarms.len() * 20 <= harmless, "{alarms:#?}");
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn the_risk_of_one_command_takes_no_millisecond() {
    let commands = labelled();
    let mut took: Vec<Duration> = commands
        .iter()
        .map(|command| {
            let best = (0..3).map(|_| {
                let began = Instant::now();
                std::hint::black_box(risk(&command.text));
                began.elapsed()
            });
            best.min().unwrap()
        })
        .collect();
    took.sort();
    let at = |part: usize| took.get(took.len() * part / 100).copied().unwrap_or_default();
    println!("risk of one command: p50 {:?}, p99 {:?}", at(50), at(99));
    // The build without optimisation is several times slower than the one the limit of 1 ms is for.
    let limit = if cfg!(debug_assertions) { Duration::from_millis(20) } else { Duration::from_millis(1) };
    assert!(at(99) <= limit, "{:?}", at(99));
}
