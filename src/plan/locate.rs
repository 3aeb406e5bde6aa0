//! The full path of what a command names.
//!
//! Invariant: a link that is named itself is not followed, since removing it leaves what it leads to. Refuses to know: the
//! file system, which is asked through a function.

use std::path::{Component, Path, PathBuf};

/// The full path of an object that a command names in this directory. `resolve` follows links, and knows only what exists. `None`
/// if the path cannot be told, as for `~user`.
pub fn locate_object(cwd: &Path, name: &str, mut resolve: impl FnMut(&Path) -> Option<PathBuf>) -> Option<String> {
    if name.starts_with('~') {
        return None;
    }
    let is_pattern = |part: &str| part.contains(['*', '?', '[', '{']);
    let parts: Vec<&str> = name.split('/').collect();
    let fixed = parts.iter().position(|part| is_pattern(part)).unwrap_or(parts.len());
    // The last part is named and not followed, unless it ends in a slash or is `.` or `..`.
    let followed = match parts.last() {
        Some(&last) if fixed == parts.len() && !matches!(last, "" | "." | "..") => fixed - 1,
        _ => fixed,
    };
    let (head, tail) = parts.split_at(followed.min(parts.len()));
    let head = match head {
        [""] => "/".to_owned(),
        head => head.join("/"),
    };
    let folder = cwd.join(&head);
    let folder = resolve(&folder).unwrap_or_else(|| without_dots(&folder));
    let path = tail.iter().filter(|part| !part.is_empty()).fold(folder, |path, part| path.join(part));
    path.into_os_string().into_string().ok()
}

/// The path with `.` and `..` taken out by their text alone, for a folder that is not there.
fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_to_type_is_the_full_path_that_the_command_would_touch() {
        let resolve = |path: &Path| {
            let text = path.to_str()?;
            match text {
                "/srv/app" | "/srv/app/" | "/srv/app/." => Some("/srv/app".into()),
                "/srv/app/current" | "/srv/app/current/" => Some("/srv/releases/7".into()),
                "/srv/app/.." | "/srv" => Some("/srv".into()),
                "/" => Some("/".into()),
                _ => None,
            }
        };
        let located = |name: &str| locate_object(Path::new("/srv/app"), name, resolve);
        for (name, full) in [
            ("old", "/srv/app/old"),
            ("./old", "/srv/app/old"),
            ("../vict", "/srv/vict"),
            ("current", "/srv/app/current"),
            ("current/", "/srv/releases/7"),
            ("current/tmp", "/srv/releases/7/tmp"),
            ("current/*.log", "/srv/releases/7/*.log"),
            ("*.log", "/srv/app/*.log"),
            (".", "/srv/app"),
            ("/var//lib/x", "/var/lib/x"),
            ("/", "/"),
            ("/x", "/x"),
            ("missing/../../y", "/srv/y"),
        ] {
            assert_eq!(located(name).as_deref(), Some(full), "{name}");
        }
        assert_eq!(located("~/x"), None);
    }
}
