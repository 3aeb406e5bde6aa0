//! Fails when files of a room import each other in a circle.
//!
//! A file that only declares and re-exports (most `mod.rs`) is no stop on the way: an import through it counts for the file that
//! defines the name.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "helpers outside a #[test] fn are not covered by allow-unwrap-in-tests"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The circles that are meant, each with all its files; `ARCHITECTURE.md` says why.
const ALLOWED: &[&[&str]] = &[
    &["shell/describe.rs", "shell/split.rs"],
    &[
        "risk/clients.rs",
        "risk/effects.rs",
        "risk/files.rs",
        "risk/judge.rs",
        "risk/mongo.rs",
        "risk/net.rs",
        "risk/option_commands.rs",
        "risk/programs.rs",
        "risk/redis.rs",
        "risk/wrappers.rs",
    ],
];

type Module = Vec<String>;

/// The sources without tests, by module.
struct Sources {
    code: BTreeMap<Module, String>,
    files: BTreeMap<Module, String>,
}

impl Sources {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut sources = Self { code: BTreeMap::new(), files: BTreeMap::new() };
        sources.add_folder(&root, &root);
        sources
    }

    fn add_folder(&mut self, folder: &Path, root: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "tests" {
                self.add_folder(&path, root);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !["lib.rs", "main.rs", "tests.rs"].contains(&name)
            {
                let file = path.strip_prefix(root).unwrap().to_str().unwrap();
                let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
                let module: Module = module.split('/').map(ToOwned::to_owned).collect();
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
                let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                self.files.insert(module.clone(), file.to_owned());
                self.code.insert(module, code.join("\n"));
            }
        }
    }

    /// Every path that a file names from `crate`, `super`, `self` or a child module, and whether it only passes it on.
    fn paths(&self, module: &Module) -> Vec<(Module, bool)> {
        let code = &self.code[module];
        let mut found = Vec::new();
        let mut rest = String::new();
        for (i, piece) in code.split("use ").enumerate() {
            let begins = i > 0 && !code_before(code, piece).ends_with(|c: char| c.is_alphanumeric() || c == '_');
            match piece.split_once(';').filter(|_| begins) {
                Some((tree, after)) => {
                    let passes_on = code_before(code, piece).trim_end().ends_with(['b', ')']) && self.is_parent(module);
                    found.extend(expand(tree).into_iter().map(|path| (path, passes_on)));
                    rest.push_str(after);
                }
                None => rest.push_str(piece),
            }
        }
        let words = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        found.extend(words.filter(|word| word.contains("::")).map(|word| (expand(word).remove(0), false)));
        found.into_iter().filter_map(|(path, passes_on)| Some((self.absolute(module, &path)?, passes_on))).collect()
    }

    fn is_parent(&self, module: &Module) -> bool {
        self.files[module].ends_with("/mod.rs")
    }

    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut full = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "super" | "self" => module.clone(),
            child if self.code.contains_key(&[module.as_slice(), &[child.to_owned()]].concat()) => {
                return Some([module.as_slice(), path].concat());
            }
            _ => return None,
        };
        for segment in path.iter().skip(usize::from(path[0] == "crate")) {
            match segment.as_str() {
                "super" => drop(full.pop()),
                "self" => {}
                name => full.push(name.to_owned()),
            }
        }
        Some(full)
    }

    /// The file that defines what a path names, through the re-exports of parents.
    fn definer(&self, path: &[String]) -> Option<Module> {
        let module =
            (1..=path.len()).rev().map(|n| path[..n].to_vec()).find(|module| self.code.contains_key(module))?;
        let Some(name) = path.get(module.len()).filter(|_| self.is_parent(&module)) else { return Some(module) };
        let through = self.paths(&module).into_iter().find(|(path, passes_on)| *passes_on && path.last() == Some(name));
        match through {
            Some((path, _)) if path.len() > module.len() + 1 || !path.starts_with(&module) => self.definer(&path),
            _ => Some(module),
        }
    }

    fn imports(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let imports = |module| {
            let own = self.paths(module).into_iter().filter(|(_, passes_on)| !passes_on);
            own.filter_map(|(path, _)| self.definer(&path)).filter(|other| other != module).collect()
        };
        self.code.keys().map(|module| (module, imports(module))).collect()
    }
}

/// What stands before a piece of the code.
fn code_before<'a>(code: &'a str, piece: &str) -> &'a str {
    let offset = piece.as_ptr() as usize - code.as_ptr() as usize;
    code[..offset].strip_suffix("use ").unwrap_or_default()
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let segments = |path: &str| -> Vec<String> {
        let names = path.split("::").map(|name| name.split(" as ").next().unwrap_or_default().trim().to_owned());
        names.filter(|name| !name.is_empty()).collect()
    };
    let Some((prefix, group)) = tree.split_once('{') else { return vec![segments(tree)] };
    let group = group.trim_end().trim_end_matches('}');
    let mut depth = 0;
    let members = group.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    let members = members.filter(|member| !member.trim().is_empty());
    members.flat_map(expand).map(|member| [segments(prefix), member].concat()).collect()
}

/// Everything that can be reached from a file by its imports.
fn reachable<'a>(imports: &'a BTreeMap<&Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<&'a Module> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<&Module> = imports[from].iter().collect();
    while let Some(module) = waiting.pop() {
        if seen.insert(module) {
            waiting.extend(&imports[module]);
        }
    }
    seen
}

#[test]
fn no_files_import_each_other_in_a_circle_but_the_listed_ones() {
    let sources = Sources::read();
    let imports = sources.imports();
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        imports.keys().map(|&module| (module, reachable(&imports, module))).collect();
    let mut circles = BTreeSet::new();
    for (module, reached) in &reach {
        let circle: BTreeSet<&str> = reached
            .iter()
            .filter(|other| reach[**other].contains(module))
            .map(|m| sources.files[*m].as_str())
            .collect();
        if !circle.is_empty() && !ALLOWED.iter().any(|allowed| circle == allowed.iter().copied().collect()) {
            circles.insert(circle);
        }
    }
    assert!(circles.is_empty(), "files that import each other in a circle: {circles:#?}");
}
