//! An Alertmanager webhook (version 4) → the part of it that an incident needs.
//!
//! Invariant: an alert is untrusted text. Everything in it is data of bounded length; nothing in it is run or followed.
//! Refuses to know: HTTP, files, which procedure is meant.

use crate::history::{IncidentRules, Severity};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

const MAX_TITLE_CHARACTERS: usize = 200;
const MAX_VALUE_CHARACTERS: usize = 1000;
const MAX_LABELS: usize = 64;
const MAX_ALERTS_LISTED: usize = 20;
const WEBHOOK_VERSION: &str = "4";

/// An alert as an incident records it, every text bounded in length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    /// The alert's summary, else its name.
    pub title: String,
    /// The label `severity`, as sent.
    pub severity: Option<String>,
    /// The labels that all firing alerts of the group share.
    pub labels: BTreeMap<String, String>,
    /// Start of the earliest firing alert.
    pub started_at: Option<Timestamp>,
    /// The annotation `runbook_url`.
    pub runbook_url: Option<String>,
    /// Alertmanager's key for the group (`groupKey`).
    pub group_key: String,
    /// Summary of the firing alerts in a few lines, for the record.
    pub summary: String,
}

#[derive(Deserialize)]
struct Webhook {
    version: Option<String>,
    #[serde(rename = "groupKey", default)]
    group_key: String,
    #[serde(default)]
    status: String,
    #[serde(rename = "commonLabels", default)]
    common_labels: BTreeMap<String, String>,
    #[serde(rename = "commonAnnotations", default)]
    common_annotations: BTreeMap<String, String>,
    #[serde(default)]
    alerts: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    status: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(rename = "startsAt", default)]
    starts_at: String,
}

impl Alert {
    /// Parses the body of a webhook. Fails with a sentence if it is malformed, of another version, or resolved.
    pub fn parse_webhook(bytes: &[u8]) -> Result<Self, String> {
        let webhook: Webhook =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no Alertmanager webhook: {error}"))?;
        match webhook.version.as_deref() {
            Some(WEBHOOK_VERSION) => {}
            Some(other) => return Err(format!("its version is `{}`; version 4 is read", truncate_line(other, 20))),
            None => return Err("it is no Alertmanager webhook: it has no `version`".to_owned()),
        }
        let firing: Vec<&One> = webhook.alerts.iter().filter(|one| one.status != "resolved").collect();
        if webhook.status == "resolved" || firing.is_empty() {
            return Err("it says that the alert is resolved, and opens nothing".to_owned());
        }
        let labels = if webhook.common_labels.is_empty() {
            shared_pairs(&firing, |one| &one.labels)
        } else {
            webhook.common_labels
        };
        let annotations = if webhook.common_annotations.is_empty() {
            shared_pairs(&firing, |one| &one.annotations)
        } else {
            webhook.common_annotations
        };
        let first = |name: &str| {
            annotations
                .get(name)
                .or_else(|| firing.first().and_then(|one| one.annotations.get(name)))
                .map(String::as_str)
        };
        let title = ["summary", "title", "message", "description"].iter().find_map(|name| first(name));
        let title = title.or_else(|| labels.get("alertname").map(String::as_str)).unwrap_or("an alert without a name");
        let more = if firing.len() > 1 { format!(" ({} alerts)", firing.len()) } else { String::new() };
        let since =
            firing.iter().filter_map(|one| one.starts_at.parse::<Timestamp>().ok()).filter(|at| at.as_second() > 0);
        Ok(Self {
            title: format!("{}{more}", truncate_line(title, MAX_TITLE_CHARACTERS)),
            severity: labels.get("severity").map(|word| truncate_line(word, 40)),
            started_at: since.min(),
            runbook_url: first("runbook_url").map(|url| truncate_line(url, MAX_VALUE_CHARACTERS)),
            group_key: truncate_line(&webhook.group_key, MAX_VALUE_CHARACTERS),
            summary: list_firing_alerts(&firing),
            labels: labels
                .into_iter()
                .take(MAX_LABELS)
                .map(|(name, value)| (truncate_line(&name, 100), truncate_line(&value, MAX_VALUE_CHARACTERS)))
                .collect(),
        })
    }

    /// The anchor in `runbook_url`; `None` if there is none or it has blanks.
    pub fn runbook_anchor(&self) -> Option<&str> {
        let (_, anchor) = self.runbook_url.as_deref()?.split_once('#')?;
        let plain = !anchor.is_empty() && !anchor.chars().any(|c| c.is_control() || c.is_whitespace());
        plain.then_some(anchor)
    }

    /// Finds the runbook's severity for the alert's label: by name, by the runbook's words for alerts, or by title.
    pub fn find_severity<'r>(&self, rules: &'r IncidentRules) -> Option<&'r Severity> {
        let word = self.severity.as_deref()?;
        let is = |text: &str| text.eq_ignore_ascii_case(word);
        let by = |test: &dyn Fn(&Severity) -> bool| rules.severities.iter().find(|severity| test(severity));
        by(&|severity| is(&severity.name))
            .or_else(|| by(&|severity| severity.alerts.iter().any(|alert| is(alert))))
            .or_else(|| by(&|severity| is(&severity.title)))
    }
}

/// Returns the pairs that every alert has.
fn shared_pairs(alerts: &[&One], part: impl Fn(&One) -> &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let Some((first, rest)) = alerts.split_first() else { return BTreeMap::new() };
    let everywhere = |(name, value): &(&String, &String)| rest.iter().all(|one| part(one).get(*name) == Some(*value));
    part(first).iter().filter(everywhere).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn list_firing_alerts(firing: &[&One]) -> String {
    let mut lines = Vec::new();
    for one in firing.iter().take(MAX_ALERTS_LISTED) {
        let labels: Vec<_> =
            one.labels.iter().take(MAX_LABELS).map(|(name, value)| format!("{name}={value}")).collect();
        lines.push(format!(
            "firing since {}: {}",
            truncate_line(&one.starts_at, 40),
            truncate_line(&labels.join(" "), MAX_VALUE_CHARACTERS)
        ));
        for (name, value) in one.annotations.iter().take(8) {
            lines.push(format!("  {}: {}", truncate_line(name, 100), truncate_line(value, MAX_VALUE_CHARACTERS)));
        }
    }
    if firing.len() > MAX_ALERTS_LISTED {
        lines.push(format!("and {} more", firing.len() - MAX_ALERTS_LISTED));
    }
    lines.join("\n")
}

/// Puts a text on one line and cuts it after `most` characters.
fn truncate_line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most { line } else { line.chars().take(most).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(extra: &str) -> String {
        format!(
            r#"{{"version":"4","groupKey":"{{}}:{{alertname=\"Down\"}}","status":"firing","receiver":"x",
            "commonLabels":{{"alertname":"Down","severity":"critical","instance":"db-1:9100"}},
            "commonAnnotations":{{"summary":"db-1\nis down","runbook_url":"https://wiki/ferry.md#restart-the-booking-service"}},
            "alerts":[{{"status":"firing","labels":{{"alertname":"Down"}},"annotations":{{}},"startsAt":"2026-11-24T22:40:00Z"}}]{extra}}}"#
        )
    }

    #[test]
    fn an_alert_names_its_severity_labels_and_procedure() {
        let alert = Alert::parse_webhook(webhook("").as_bytes()).unwrap();
        assert_eq!(alert.title, "db-1 is down");
        assert_eq!(alert.severity.as_deref(), Some("critical"));
        assert_eq!(alert.runbook_anchor(), Some("restart-the-booking-service"));
        assert_eq!(alert.labels["instance"], "db-1:9100");
        assert_eq!(alert.started_at, "2026-11-24T22:40:00Z".parse().ok());
    }

    #[test]
    fn another_version_a_resolved_alert_and_other_json_open_nothing() {
        let of = |text: &str| Alert::parse_webhook(text.as_bytes()).unwrap_err();
        assert!(of(&webhook("").replace(r#""version":"4""#, r#""version":"5""#)).contains("version 4 is read"));
        assert!(of(&webhook("").replace("firing", "resolved")).contains("resolved"));
        assert!(of("{}").contains("no `version`"));
        assert!(of("[1]").contains("no Alertmanager webhook"));
    }

    #[test]
    fn a_severity_that_the_runbook_does_not_name_is_not_assumed() {
        let mut rules = IncidentRules::default();
        let severity = |name: &str, title: &str, alerts: &[&str]| Severity {
            name: name.into(),
            title: title.into(),
            impact: String::new(),
            response: None,
            alerts: alerts.iter().map(|word| (*word).to_owned()).collect(),
            line: 1,
        };
        let mut alert = Alert { severity: Some("Critical".into()), ..Alert::default() };
        assert_eq!(alert.find_severity(&rules), None);
        rules.severities = vec![severity("P0", "Critical", &[]), severity("P1", "Major", &["warning"])];
        assert_eq!(alert.find_severity(&rules).map(|found| found.name.as_str()), Some("P0"));
        alert.severity = Some("warning".into());
        assert_eq!(alert.find_severity(&rules).map(|found| found.name.as_str()), Some("P1"));
        alert.severity = Some("p1".into());
        assert_eq!(alert.find_severity(&rules).map(|found| found.name.as_str()), Some("P1"));
        alert.severity = Some("page".into());
        assert_eq!(alert.find_severity(&rules), None);
    }
}
