//! Completion of incident ids and severities.
//!
//! Invariant: a record that cannot be read completes to nothing; completion never prints an error.

use super::context::recorded_incidents;
use super::open;
use crate::cli::environment::Environment;

/// Completes the `incidents` or `severities` named by `what`: a word, a tab and its title on each line.
pub(in crate::cli) fn complete_words(what: &str, environment: &Environment) -> String {
    let Ok(incidents) = recorded_incidents(environment) else { return String::new() };
    let line = |word: &str, about: &str| format!("{word}\t{}\n", about.replace(['\t', '\n'], " "));
    match what {
        "incidents" => {
            let all = incidents.read_all().unwrap_or_default().into_iter().flatten();
            all.map(|incident| line(incident.id().as_str(), incident.state.title())).collect()
        }
        "severities" => {
            let of_open = incidents.read_open().unwrap_or_default().into_iter().next();
            let rules = of_open.and_then(|incident| incident.state.rules().cloned());
            let rules = rules.or_else(|| open::rules_here(None));
            rules.iter().flat_map(|rules| &rules.severities).map(|found| line(&found.name, &found.title)).collect()
        }
        _ => String::new(),
    }
}
