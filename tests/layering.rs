//! Fails when a module imports one it must not.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests"
)]

use std::{collections::BTreeMap, fs, path::Path};

/// Each module, and the modules it may name.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("ident", &[]),
    ("shell", &["ident"]),
    ("risk", &["shell", "ident"]),
    ("interpolate", &["shell", "ident"]),
    ("document", &["shell", "ident"]),
    ("plan", &["document", "risk", "interpolate", "shell", "mask", "ident"]),
    ("review", &["plan", "document", "risk", "shell", "ident"]),
    ("history", &["ident"]),
    ("ports", &["plan", "risk", "shell", "history", "ident"]),
    ("engine", &["plan", "risk", "shell", "history", "ports", "ident"]),
    ("mask", &["ident"]),
    ("journal", &["history", "ident"]),
    ("recorder", &["journal", "history", "mask", "ident"]),
    ("kernel", &["plan", "shell", "history", "ports", "recorder", "ident"]),
    ("operator", &["plan", "document", "risk", "shell", "history", "ports", "term", "ident"]),
    ("transcript", &["document", "history", "mask", "ident"]),
    ("incident", &["journal", "transcript", "document", "history", "mask", "ident"]),
    ("term", &[]),
    // `session` wires everything but `cli`; `cli` may import all.
];

/// Each third-party crate, and the only modules that may name it.
const OWNERS: &[(&str, &[&str])] = &[
    ("aho_corasick", &["mask"]),
    ("pulldown_cmark", &["document", "term", "transcript"]),
    ("shuck_parser", &["shell"]),
    // `interpolate` walks the whole tree: where each stretch stands decides how a value is quoted there.
    ("shuck_ast", &["shell", "interpolate"]),
    ("rable", &["shell"]),
    ("serde_saphyr", &["document"]),
    ("memchr", &["document", "journal", "mask", "recorder", "term", "transcript"]),
    ("regex", &["plan"]),
    ("duct", &["kernel"]),
    ("rustyline", &["operator"]),
    ("similar", &["transcript"]),
    ("avt", &["transcript"]),
    ("sha2", &["ident", "recorder", "journal"]),
    ("uuid", &["ident"]),
    ("rustix", &["recorder", "kernel", "operator", "term", "journal"]),
    ("signal_hook", &["recorder", "kernel"]),
    ("serde_json", &["journal", "recorder", "kernel", "transcript", "incident"]),
    ("annotate_snippets", &[]),
    ("clap", &[]),
    ("clap_complete", &[]),
    ("clap_mangen", &[]),
    ("etcetera", &[]),
    ("toml", &[]),
];

fn sources(dir: &Path, out: &mut Vec<(String, usize, String)>, root: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out, root);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let rel = path.strip_prefix(root).unwrap();
            let top = rel.iter().next().unwrap().to_str().unwrap();
            // How many `super::` lead from this file's module to the crate's root.
            let depth = rel.iter().count() - usize::from(path.ends_with("mod.rs"));
            out.push((top.trim_end_matches(".rs").to_owned(), depth, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn names<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| {
            line.match_indices(prefix)
                .map(|(i, _)| {
                    let rest = &line[i + prefix.len()..];
                    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                    &rest[..end]
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn modules_import_only_what_the_layering_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files, &root);
    let rules: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut broken = Vec::new();
    for (module, depth, text) in &files {
        if matches!(module.as_str(), "lib" | "main" | "cli" | "session") {
            continue;
        }
        let allowed = rules.get(module.as_str()).unwrap_or_else(|| panic!("`{module}` has no layering rule"));
        for used in names(text, "crate::") {
            if used != module && !allowed.contains(&used) {
                broken.push(format!("{module} imports {used}"));
            }
        }
        // `super::plan` in a top-level module is `crate::plan` by another name.
        for used in names(text, &"super::".repeat(*depth)) {
            if rules.contains_key(used) && used != module && !allowed.contains(&used) {
                broken.push(format!("{module} imports {used} through super"));
            }
        }
        for (krate, owners) in OWNERS {
            if text.contains(&format!("{krate}::")) && !owners.contains(&module.as_str()) {
                broken.push(format!("{module} names the crate {krate}"));
            }
        }
    }
    assert!(broken.is_empty(), "layering broken:\n{}", broken.join("\n"));
}
