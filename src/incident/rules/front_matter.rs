//! The rules in the front matter, under `incident`.
//!
//! Invariant: a key of the front matter replaces the rules of the document's text for that key. A key that cannot be read is
//! reported, and the text counts. Refuses to know: the document's text.

use super::lengths::{find_length, find_range, parse_response};
use crate::document::{Yaml, YamlEntry};
use crate::history::{Contact, EscalationStep, IncidentRules, PostMortem, Severity, UpdateInterval};

/// Line reported for every rule of the front matter, as YAML entries have none here.
const FRONT_MATTER_LINE: u32 = 1;

/// Replaces rules of the text with those of the front matter. Returns a sentence for each key that cannot be read.
pub(super) fn override_rules(rules: &mut IncidentRules, entries: &[YamlEntry]) -> Vec<String> {
    let mut problems = Vec::new();
    for YamlEntry { key, value, .. } in entries {
        let read = match key.as_str() {
            "severities" => parse_severities(value).map(|found| rules.severities = found),
            "escalation" => parse_escalation(value).map(|found| rules.escalation = found),
            "contacts" => parse_contacts(value).map(|found| rules.contacts = found),
            "updates" => parse_update_interval(value).map(|found| rules.updates = Some(found)),
            "post_mortem" => parse_post_mortem(value).map(|found| rules.post_mortem = Some(found)),
            _ => {
                problems.push(format!(
                    "`incident.{key}` in the front matter says nothing here; the keys are `severities`, `escalation`, `contacts`, `updates` and `post_mortem`"
                ));
                continue;
            }
        };
        if read.is_none() {
            problems.push(format!(
                "`incident.{key}` in the front matter is not of the form that `docs/incidents.md` shows"
            ));
        }
    }
    problems
}

fn as_text(value: &Yaml) -> Option<&str> {
    if let Yaml::Text(text) = value { Some(text) } else { None }
}

fn as_text_list(value: &Yaml) -> Option<Vec<String>> {
    match value {
        Yaml::Text(one) => {
            Some(one.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect())
        }
        Yaml::List(all) => all.iter().map(|value| as_text(value).map(ToOwned::to_owned)).collect(),
        Yaml::Map(_) => None,
    }
}

fn find_member<'a>(map: &'a [YamlEntry], name: &str) -> Option<&'a Yaml> {
    map.iter().find(|entry| entry.key == name).map(|entry| &entry.value)
}

/// Parses `P0: 5 minutes`, or `P0: {title: …, response: …, impact: …, alerts: [critical]}`.
fn parse_severities(value: &Yaml) -> Option<Vec<Severity>> {
    let Yaml::Map(entries) = value else { return None };
    let read = |entry: &YamlEntry| {
        let mut severity = Severity {
            name: entry.key.clone(),
            title: String::new(),
            impact: String::new(),
            response: None,
            alerts: Vec::new(),
            line: FRONT_MATTER_LINE,
        };
        match &entry.value {
            Yaml::Text(words) => severity.response = parse_response(words),
            Yaml::Map(map) => {
                let word = |name| find_member(map, name).and_then(as_text).unwrap_or_default().to_owned();
                (severity.title, severity.impact) = (word("title"), word("impact"));
                severity.response = parse_response(&word("response"));
                severity.alerts = find_member(map, "alerts").map_or(Some(Vec::new()), as_text_list)?;
            }
            Yaml::List(_) => return None,
        }
        Some(severity)
    };
    entries.iter().map(read).collect()
}

/// Parses `[{who: Team lead, after: 30 minutes}]`, or `Team lead: 30 minutes`.
fn parse_escalation(value: &Yaml) -> Option<Vec<EscalationStep>> {
    let rung = |who: &str, after: &str| EscalationStep {
        who: who.to_owned(),
        after: find_length(after),
        condition: after.to_owned(),
        line: FRONT_MATTER_LINE,
    };
    match value {
        Yaml::Map(entries) => entries.iter().map(|entry| Some(rung(&entry.key, as_text(&entry.value)?))).collect(),
        Yaml::List(all) => all
            .iter()
            .map(|value| match value {
                Yaml::Text(who) => Some(rung(who, "")),
                Yaml::Map(map) => Some(rung(
                    as_text(find_member(map, "who")?)?,
                    find_member(map, "after").and_then(as_text).unwrap_or_default(),
                )),
                Yaml::List(_) => None,
            })
            .collect(),
        Yaml::Text(_) => None,
    }
}

/// Parses `Platform lead: +1 555 0100`.
fn parse_contacts(value: &Yaml) -> Option<Vec<Contact>> {
    let Yaml::Map(entries) = value else { return None };
    let read = |entry: &YamlEntry| {
        let ways = match &entry.value {
            Yaml::Text(way) => vec![(String::new(), way.clone())],
            Yaml::List(_) => as_text_list(&entry.value)?.into_iter().map(|way| (String::new(), way)).collect(),
            Yaml::Map(map) => {
                let way = |entry: &YamlEntry| Some((entry.key.clone(), as_text(&entry.value)?.to_owned()));
                map.iter().map(way).collect::<Option<Vec<_>>>()?
            }
        };
        Some(Contact { who: entry.key.clone(), ways, line: FRONT_MATTER_LINE })
    };
    entries.iter().map(read).collect()
}

/// Parses `15-30 minutes`.
fn parse_update_interval(value: &Yaml) -> Option<UpdateInterval> {
    let (least, most) = find_range(as_text(value)?)?;
    Some(UpdateInterval { least: least.min(most), most: most.max(least), line: FRONT_MATTER_LINE })
}

/// Parses `48 hours`, or `{within: 48 hours, severities: [P0, P1], parts: […]}`.
fn parse_post_mortem(value: &Yaml) -> Option<PostMortem> {
    let none = PostMortem { within: None, severities: Vec::new(), parts: Vec::new(), line: FRONT_MATTER_LINE };
    match value {
        Yaml::Text(within) => Some(PostMortem { within: Some(find_length(within)?), ..none }),
        Yaml::Map(map) => Some(PostMortem {
            within: find_member(map, "within").and_then(as_text).and_then(find_length),
            severities: find_member(map, "severities").map_or(Some(Vec::new()), as_text_list)?,
            parts: find_member(map, "parts").map_or(Some(Vec::new()), as_text_list)?,
            ..none
        }),
        Yaml::List(_) => None,
    }
}
