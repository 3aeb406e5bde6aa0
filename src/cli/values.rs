//! Values given beforehand: `--input`, `--inputs FILE`, `RUNBOOK_INPUT_NAME`.
//!
//! Invariant: a secret comes only from a file, because others on the machine can read arguments and environments. A flag overrides
//! a file, and a file overrides the environment.

use super::args::RunArgs;
use super::environment::Environment;
use super::error::Failure;
use super::open::OpenedDocument;
use super::output::print_notices;
use crate::document::SectionIndex;
use crate::ident::{InputName, is_secret_name};
use crate::plan::{Plan, Planner, Values, canonical_name};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

const ENVIRONMENT_PREFIX: &str = "RUNBOOK_INPUT_";
/// Largest file of values, and largest secret, in bytes.
const LIMIT_BYTES: u64 = 1024 * 1024;

/// Values from flags, files and the environment.
pub(super) struct GivenValues {
    /// Values by the name of their input.
    pub(super) values: Values,
    /// Name and value of each secret among them, masked from the start.
    pub(super) hidden: Vec<(String, String)>,
    /// Names of `--input` flags, as typed.
    flags: Vec<String>,
    /// Names from `--inputs` files, each with its file.
    files: Vec<(PathBuf, String)>,
}

/// Gathers the values for a new run. Fails when a secret comes from an argument or the environment, when a file cannot be read, and
/// when a value is malformed.
pub(super) fn gather_values(
    args: &RunArgs,
    opened: &OpenedDocument,
    section: SectionIndex,
    environment: &Environment,
) -> Result<GivenValues, Failure> {
    let secrets = SecretNames::new(&args.secret, opened, section);
    let mut values = Values::new();
    for (name, value) in environment.all_variables() {
        let Some(name) =
            name.to_str().and_then(|name| name.strip_prefix(ENVIRONMENT_PREFIX)).filter(|name| !name.is_empty())
        else {
            continue;
        };
        if secrets.is_secret(name) {
            return Err(exposed_secret(name, &format!("the environment variable `{ENVIRONMENT_PREFIX}{name}`")));
        }
        let value =
            value.to_str().ok_or_else(|| Failure::usage_error(format!("`{ENVIRONMENT_PREFIX}{name}` is not UTF-8")))?;
        values.insert(InputName::new(name), value.to_owned());
    }
    let mut files = Vec::new();
    for file in &args.input_files {
        for (name, value) in parse_value_file(file)? {
            put_value(&mut values, &name, value)?;
            files.push((file.clone(), name));
        }
    }
    values_from_flags(values, &args.inputs, files, &secrets)
}

/// Gathers the values for a resumed run, which come from `--input` alone. `secrets` names the inputs that the operator calls secret.
pub(super) fn gather_resumed_values(
    inputs: &[String],
    secrets: &[String],
    opened: &OpenedDocument,
    section: SectionIndex,
) -> Result<GivenValues, Failure> {
    values_from_flags(Values::new(), inputs, Vec::new(), &SecretNames::new(secrets, opened, section))
}

fn values_from_flags(
    mut values: Values,
    inputs: &[String],
    files: Vec<(PathBuf, String)>,
    secrets: &SecretNames,
) -> Result<GivenValues, Failure> {
    let flags = put_flag_values(&mut values, inputs, &|name| secrets.is_secret(name))?;
    let is_secret = |(name, _): &(&InputName, &String)| secrets.is_secret(name.as_str());
    let hidden = values.iter().filter(is_secret).map(|(name, value)| (name.to_string(), value.clone())).collect();
    Ok(GivenValues { values, hidden, flags, files })
}

impl GivenValues {
    /// True if a flag or a file gives a value, so that its name is worth checking.
    pub(super) fn names_any(&self) -> bool {
        !self.flags.is_empty() || !self.files.is_empty()
    }

    /// Fails when a flag names a value that the plan does not ask for: that is a slip, and the value would be missing elsewhere. A name
    /// from a file only causes a warning, since a file may serve several procedures. The environment is not checked.
    pub(super) fn check_asked_for(&self, plan: &Plan, file: &Path) -> Result<(), Failure> {
        let hash = if plan.procedure.anchor.as_str().is_empty() { "" } else { "#" };
        let target = format!("{}{hash}{}", file.display(), plan.procedure.anchor);
        let lists = format!("`runbook inputs '{target}'` lists what it asks for");
        for name in &self.flags {
            if let Some(meant) = plan.suggest_for_unknown_value(name) {
                // Giving a secret nothing asks for is useful: it is masked whatever prints it.
                if self.hidden.iter().any(|(hidden, _)| hidden == name) {
                    print_notices(&[format!("`{name}` is asked for by nothing here; it is kept out of the record")]);
                    continue;
                }
                let message = format!("`--input {name}=…` gives a value that `{target}` does not ask for");
                let help = meant.map_or_else(|| lists.clone(), |meant| format!("did you mean `{meant}`? {lists}"));
                return Err(Failure::usage_error(message).with_help(help));
            }
        }
        for (file, name) in &self.files {
            if let Some(meant) = plan.suggest_for_unknown_value(name) {
                let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
                let file = file.display();
                print_notices(&[format!(
                    "warning: `{name}` in `{file}` is a value that `{target}` does not ask for{meant}"
                )]);
            }
        }
        Ok(())
    }
}

fn put_flag_values(
    values: &mut Values,
    inputs: &[String],
    is_secret: &dyn Fn(&str) -> bool,
) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for input in inputs {
        let Some((name, value)) = input.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(
                Failure::usage_error(format!("`--input {input}` has no `=`")).with_help("write `--input NAME=VALUE`")
            );
        };
        let value = match value.strip_prefix('@').filter(|_| is_secret(name)) {
            Some(file) => read_secret_file(Path::new(file))?,
            None if is_secret(name) => return Err(exposed_secret(name, "an argument")),
            None => value.to_owned(),
        };
        put_value(values, name, value)?;
        names.push(name.to_owned());
    }
    Ok(names)
}

fn put_value(values: &mut Values, name: &str, value: String) -> Result<(), Failure> {
    if value.contains('\0') {
        return Err(Failure::usage_error(format!("the value of `{name}` has a NUL byte, which no shell can hold")));
    }
    // `pod-name` and `POD_NAME` are the same input.
    values.retain(|known, _| canonical_name(known.as_str()) != canonical_name(name));
    values.insert(InputName::new(name), value);
    Ok(())
}

fn exposed_secret(name: &str, source: &str) -> Failure {
    let message = format!("`{name}` is a secret, and {source} can be read by others");
    Failure::usage_error(message)
        .with_help(format!("write it to a file only you can read, and give `--input {name}=@FILE`"))
}

/// Canonical names of the secret inputs that the document or the operator declares, and of placeholders for a secret's variable.
struct SecretNames(BTreeSet<String>);

impl SecretNames {
    fn new(called: &[String], opened: &OpenedDocument, section: SectionIndex) -> Self {
        let declared = opened.runbook.front_matter.inputs.iter().filter(|(_, properties)| {
            properties.get("type").is_some_and(|kind| kind == "secret")
                || matches!(properties.get("secret").map(String::as_str), Some("true" | "yes" | "1"))
        });
        let named = declared.map(|(name, _)| canonical_name(name));
        let plan = Planner::new(&opened.runbook, &|path| Path::new(path).is_file()).plan_section(section);
        let placed = plan.inputs.iter().filter(|input| input.rules.secret);
        let placed = placed.map(|input| canonical_name(input.name.as_str()));
        Self(named.chain(placed).chain(called.iter().map(|name| canonical_name(name))).collect())
    }

    fn is_secret(&self, name: &str) -> bool {
        is_secret_name(name) || self.0.contains(&canonical_name(name))
    }
}

fn read_value_file(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let failed = |error: std::io::Error| Failure::usage_error(format!("`{shown}` cannot be read: {error}"));
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LIMIT_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT_BYTES {
        return Err(Failure::usage_error(format!("`{shown}` is larger than 1 MiB")));
    }
    String::from_utf8(bytes).map_err(|_| Failure::usage_error(format!("`{shown}` is not UTF-8")))
}

/// Reads a secret from a file, and strips the newline at its end.
fn read_secret_file(path: &Path) -> Result<String, Failure> {
    let text = read_value_file(path)?;
    Ok(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_owned())
}

/// Reads a file of values, in the format that its extension names. Fails for any other extension.
fn parse_value_file(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = read_value_file(path)?;
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let values = match ending.as_str() {
        "yaml" | "yml" | "json" => crate::document::read_values(&text),
        "toml" => parse_lines(&text, true),
        "env" => parse_lines(&text, false),
        _ if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".env")) => {
            parse_lines(&text, false)
        }
        _ => {
            let message = format!("`{}` ends in nothing that says how to read it", path.display());
            return Err(Failure::usage_error(message).with_help("name it `.yaml`, `.toml`, `.json` or `.env`"));
        }
    };
    values.map_err(|why| Failure::usage_error(format!("`{}`: {why}", path.display())))
}

/// Parses `NAME=value` lines, as `.env` files and the top level of a TOML file have them. `toml`: stricter rules for values, and no
/// `export`.
fn parse_lines(text: &str, toml: bool) -> Result<Vec<(String, String)>, String> {
    let mut values = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |why: &str| Err(format!("line {}: {why}", number + 1));
        if toml && line.starts_with('[') {
            return bad("tables are not read here, only `name = \"value\"`");
        }
        let line = if toml { line } else { line.strip_prefix("export ").unwrap_or(line) };
        let Some((name, value)) = line.split_once('=') else { return bad("there is no `=` in it") };
        let name = name.trim().trim_matches(['"', '\'']);
        match parse_scalar(value.trim(), toml) {
            Some(value) if !name.is_empty() => values.push((name.to_owned(), value)),
            Some(_) => return bad("there is no name before the `=`"),
            None => return bad("its value is not one value on one line"),
        }
    }
    Ok(values)
}

/// Parses a value on one line, quoted or plain up to a comment. `None` when it is malformed.
fn parse_scalar(text: &str, toml: bool) -> Option<String> {
    let ends = |rest: &str| rest.trim().is_empty() || rest.trim_start().starts_with('#');
    if let Some(inner) = text.strip_prefix('\'') {
        let (value, rest) = inner.split_once('\'')?;
        return ends(rest).then(|| value.to_owned());
    }
    if let Some(inner) = text.strip_prefix('"') {
        let mut value = String::new();
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => return ends(inner.get(at + 1..)?).then_some(value),
                '\\' => match chars.next()?.1 {
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'r' => value.push('\r'),
                    other @ ('"' | '\\') => value.push(other),
                    // `.env` files keep an unknown escape as written.
                    other if !toml => value.extend(['\\', other]),
                    _ => return None,
                },
                _ => value.push(c),
            }
        }
        return None;
    }
    let plain = text.split(" #").next().unwrap_or(text).trim();
    let one = !toml || (!plain.is_empty() && !plain.starts_with(['[', '{']));
    one.then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse_lines;

    #[test]
    fn env_and_toml_lines_are_read_as_their_writers_mean_them() {
        let env = "# a\nexport A=1\nB='x y' # why\nC=\"a\\nb\"\n\nD=plain # note\nE=\n";
        let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        let wanted = [("A", "1"), ("B", "x y"), ("C", "a\nb"), ("D", "plain"), ("E", "")];
        assert_eq!(parse_lines(env, false), Ok(pairs(&wanted)));
        assert_eq!(parse_lines("a = \"x\"\n\"b-c\" = 12\n", true), Ok(pairs(&[("a", "x"), ("b-c", "12")])));
        assert_eq!(
            parse_lines("[t]\n", true),
            Err("line 1: tables are not read here, only `name = \"value\"`".to_owned())
        );
        assert!(parse_lines("a = [1]\n", true).is_err());
        assert!(parse_lines("nothing\n", false).is_err());
    }
}
