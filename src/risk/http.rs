//! Requests to well-known servers: the endpoints that remove data or stop a service.
//!
//! Invariant: it judges a method, an address and a body; an endpoint it does not know is judged by its method alone.
//! Refuses to know: who sends the request.

use super::sql;
use super::verdict::Level;

/// Parts of an address that remove data at the server, whatever the method, from the servers' manuals.
const REMOVING_PARTS: &[&str] = &[
    "_delete_by_query",
    "delete_series",
    "clean_tombstones",
    "/api/v2/delete",
    "/delete_by_query",
    "action=delete",
    "action=unload",
    "action=deletereplica",
    "action=deleteshard",
    "action=deletecollection",
    "/loki/api/v1/delete",
    "/admin/tsdb/delete",
    "deleteindex=true",
    "deletedatadir=true",
    "deleteinstancedir=true",
];

/// Parts of an address that stop or close something when they are posted to.
const STOPPING_PARTS: &[&str] = &[
    "/_close",
    "/shutdown",
    "/actuator/restart",
    "/-/quit",
    "/quitquitquit",
    "/_shrink",
    "/_rollover",
    "/_restore",
    "/_freeze",
    "/cluster/reroute",
    "/v1/agent/leave",
    "/force-leave",
    "/sys/seal",
    "/step-down",
    "/safeexit",
    "/exit",
    "/delete",
    "/destroy",
    "/purge",
    "/terminate",
    "/kill",
    "/drop",
    "/truncate",
    "/wipe",
];

/// Level of a request, and a phrase for it.
pub(super) fn judge_request(method: &str, url: &str, body: &str) -> (Level, String) {
    let lower = url.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or("");
    if REMOVING_PARTS.iter().any(|part| lower.contains(part)) {
        return (Level::Irreversible, "the address removes data at the server".to_owned());
    }
    if let Some(level) = sql_level(&lower, body).filter(|level| *level >= Level::Destroys) {
        return (level, "sends SQL that removes or stops something".to_owned());
    }
    let reads = matches!(method, "GET" | "HEAD" | "OPTIONS");
    let solr_delete = path.contains("/update") && (body.contains("<delete") || body.contains("\"delete\""));
    if solr_delete || lower.contains("stream.body=%3cdelete") || lower.contains("stream.body=<delete") {
        return (Level::Irreversible, "removes documents from the index".to_owned());
    }
    if !reads && path.contains("_bulk") && body.contains("\"delete\"") {
        return (Level::Destroys, "removes documents from the index".to_owned());
    }
    // A part of a path, and not the beginning of a longer word.
    let stops = |part: &str| {
        path.match_indices(part).any(|(at, part)| {
            path.get(at + part.len()..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        })
    };
    if !reads && STOPPING_PARTS.iter().any(|part| stops(part)) {
        return (Level::Destroys, "the address stops or removes something at the server".to_owned());
    }
    match method {
        "DELETE" if is_search_index(url) => (Level::Irreversible, "removes an index".to_owned()),
        "DELETE" | "PURGE" => (Level::Destroys, format!("`{method}` removes something at the server")),
        _ if reads => (Level::Reads, "reads".to_owned()),
        _ => (Level::Changes, format!("`{method}` sends something to the server")),
    }
}

/// `http://es:9200/index`, as search servers are asked.
pub(super) fn is_search_index(url: &str) -> bool {
    url.contains(":9200/") || url.contains("elasticsearch") || url.contains("opensearch") || url.contains("/solr/")
}

/// SQL in the address (`query=`, `q=`) or in the body, as column stores and time series databases take it.
fn sql_level(url: &str, body: &str) -> Option<Level> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let in_url = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        matches!(name, "query" | "q" | "sql" | "db_query").then(|| value.replace('+', " ").replace("%20", " "))
    });
    let in_body = body.lines().map(|line| {
        let line = line.trim_start();
        ["q=", "query=", "sql="].iter().find_map(|name| line.strip_prefix(name)).unwrap_or(line).replace('+', " ")
    });
    let begins_sql = |text: &String| {
        let first: String = text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
        let verbs = ["drop", "delete", "truncate", "alter", "detach", "system", "kill", "optimize", "select", "insert"];
        verbs.iter().any(|verb| first.eq_ignore_ascii_case(verb))
    };
    let texts = in_url.chain(in_body).filter(begins_sql);
    texts.flat_map(|text| sql::read_statements(&text, sql::SqlDialect::Other)).map(|statement| statement.level).max()
}
