//! Files: redirections, and the programs that take files away or write over them.
//!
//! Invariant: a file that may exist is lost when it is written over. Refuses to know: whether it exists.

use super::judge::{CommandInput, Judge, command_span};
use super::line::{OptionRules, ParsedLine};
use super::verdict::{Flag, Level};
use crate::shell::simple_command::{CommandWord, EXPANSION_MARK, Redirection, RedirectionKind};
use std::ops::Range;

/// Programs of this room. False if it is none of them.
pub(super) fn judge_file_program(
    judge: &mut Judge<'_>,
    name: &str,
    program: &CommandWord,
    args: &[CommandWord],
    _input: &CommandInput,
) -> bool {
    let span = command_span(program, args);
    match name {
        "rm" | "grm" => judge_rm(judge, args, &span),
        "mv" | "gmv" => judge_mv(judge, args, &span),
        "cp" | "gcp" => judge_cp(judge, args, &span),
        "scp" | "pscp" => {
            judge.add_flag(Flag::Remote);
            judge_scp(judge, args, &span);
        }
        "dd" => judge_dd(judge, args, &span),
        "tee" => judge_tee(judge, args, &span),
        _ => return false,
    }
    true
}

/// Judges a redirection by its target.
pub(super) fn judge_redirection(judge: &mut Judge<'_>, redirect: &Redirection) {
    let target = &redirect.target;
    match redirect.kind {
        RedirectionKind::Read if !target.raw.starts_with("<(") => judge.record_read_file(target),
        RedirectionKind::Read | RedirectionKind::HereText | RedirectionKind::Duplicate => {}
        RedirectionKind::Append | RedirectionKind::ReadWrite => {
            if let Some(device) = device_write(judge, target, true) {
                device.apply_to(judge, target);
            } else {
                judge.raise_level(Level::Changes, &target.span, format!("`>>` writes to `{}`", target.display_text()));
                judge.add_object(Level::Changes, "path", target);
            }
        }
        RedirectionKind::Overwrite => judge_written_file(judge, target, "`>` empties and writes"),
    }
}

/// Judges a file that the command overwrites.
pub(super) fn judge_written_file(judge: &mut Judge<'_>, target: &CommandWord, how: &str) {
    if let Some(device) = device_write(judge, target, false) {
        return device.apply_to(judge, target);
    }
    if has_unique_name(target) {
        return judge.raise_level(
            Level::Changes,
            &target.span,
            format!("{how} `{}`, whose name is new each time", target.display_text()),
        );
    }
    judge.raise_level(Level::Destroys, &target.span, format!("{how} `{}`", target.display_text()));
    judge.add_object(Level::Destroys, "path", target);
}

/// A name with the time to the second, the process or a random part in it.
fn has_unique_name(target: &CommandWord) -> bool {
    let raw = target.raw.as_str();
    ["$$", "$RANDOM", "${RANDOM}", "$(mktemp", "`mktemp"].iter().any(|part| raw.contains(part))
        || (raw.contains("date") && ["%s", "%S", "%N", "%T", "%c"].iter().any(|part| raw.contains(part)))
}

/// Effect of writing to a device.
enum DeviceWrite {
    Nothing,
    Setting,
    Disk,
    Odd,
}

impl DeviceWrite {
    fn apply_to(self, judge: &mut Judge<'_>, target: &CommandWord) {
        let shown = target.display_text().to_owned();
        match self {
            Self::Nothing => {}
            Self::Setting => {
                judge.raise_level(
                    Level::Destroys,
                    &target.span,
                    format!("`{shown}` is a setting of the running kernel"),
                );
                judge.add_object(Level::Destroys, "path", target);
            }
            Self::Disk => {
                judge.raise_level(Level::Irreversible, &target.span, format!("writes over the device `{shown}`"));
                judge.add_object(Level::Irreversible, "device", target);
            }
            Self::Odd => judge.mark_unknown(&target.span, format!("`{shown}` is a device")),
        }
    }
}

fn device_write(judge: &mut Judge<'_>, target: &CommandWord, _append: bool) -> Option<DeviceWrite> {
    let text = target.text.as_str();
    if text.starts_with("/dev/tcp/") || text.starts_with("/dev/udp/") {
        judge.add_flag(Flag::Remote);
        judge.raise_level(Level::Changes, &target.span, format!("sends to `{text}`"));
        return Some(DeviceWrite::Nothing);
    }
    if text == "/proc/sysrq-trigger" {
        return Some(DeviceWrite::Disk);
    }
    if text.starts_with("/proc/") || text.starts_with("/sys/") {
        return Some(DeviceWrite::Setting);
    }
    let name = text.strip_prefix("/dev/")?;
    let quiet =
        ["null", "stdout", "stderr", "tty", "stdin", "full", "zero", "random", "urandom", "console", "log", "kmsg"];
    Some(match name {
        _ if quiet.contains(&name)
            || name.starts_with("fd/")
            || name.starts_with("pts/")
            || name.starts_with("tty") =>
        {
            DeviceWrite::Nothing
        }
        _ if name.starts_with("shm/") => return None,
        _ if is_disk_name(text) => DeviceWrite::Disk,
        _ => DeviceWrite::Odd,
    })
}

/// True if the path names a disk or a partition.
pub(super) fn is_disk_name(name: &str) -> bool {
    let Some(name) = name.strip_prefix("/dev/") else { return false };
    [
        "sd",
        "hd",
        "vd",
        "xvd",
        "nvme",
        "mmcblk",
        "mapper/",
        "md",
        "dm-",
        "disk",
        "rdisk",
        "loop",
        "zvol/",
        "zd",
        "sr",
        "mem",
        "nbd",
        "drbd",
        "vg",
        "ubuntu-vg",
        "rbd",
        "mtd",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
        || name.contains(EXPANSION_MARK)
}

fn file_operands<'a>(line: &'a ParsedLine<'_>) -> impl Iterator<Item = &'a CommandWord> {
    line.operands.iter().filter_map(|&at| line.args.get(at))
}

fn judge_rm(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let line = ParsedLine::parse_args(args, OptionRules { gnu: true, ..OptionRules::default() });
    let recursive = line.has_any_option(&["-r", "-R", "--recursive"])
        // `-{r,f}` and the like.
        || args.iter().any(|arg| arg.text.starts_with("-{") && arg.text.contains('r'));
    let level = if recursive { Level::Irreversible } else { Level::Destroys };
    judge.raise_level(
        level,
        span,
        if recursive { "`rm -r` removes folders with everything in them" } else { "`rm` removes files" },
    );
    if line.has_option("--dry-run") {
        judge.add_flag(Flag::Unbounded);
    }
    judge.add_flag(Flag::NoDryRun);
    for arg in file_operands(&line) {
        judge.add_object(level, "path", arg);
        if let Some(why) = why_unbounded(arg) {
            judge.add_flag(Flag::Unbounded);
            judge.raise_level(level, &arg.span, why);
        }
    }
}

/// Why a path may be far more than it seems.
fn why_unbounded(arg: &CommandWord) -> Option<String> {
    let text = arg.text.trim_end_matches(['*', '/']);
    let shown = arg.display_text();
    if text.is_empty()
        || matches!(
            text,
            "~" | "."
                | ".."
                | "/etc"
                | "/usr"
                | "/var"
                | "/home"
                | "/bin"
                | "/lib"
                | "/boot"
                | "/opt"
                | "/srv"
                | "/root"
        )
    {
        return Some(format!("`{shown}` is everything there"));
    }
    let only_holes = text.chars().all(|c| c == EXPANSION_MARK || c == '/');
    let guarded = arg.raw.contains(":?");
    (only_holes && arg.text.len() > text.len() && !guarded)
        .then(|| format!("`{shown}` is `{}` when the variable is empty", arg.text.replace(EXPANSION_MARK, "")))
}

fn judge_mv(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let line = ParsedLine::parse_args(
        args,
        OptionRules { valued: &["-t", "-S", "--target-directory", "--suffix"], gnu: true, ..OptionRules::default() },
    );
    let target = line
        .option_value_arg("-t")
        .or_else(|| line.option_value_arg("--target-directory"))
        .or_else(|| file_operands(&line).last().cloned());
    if let Some(target) = &target
        && (is_disk_name(&target.text) || target.text == "/dev/null")
    {
        judge.raise_level(Level::Irreversible, span, format!("`mv` to `{}` loses the file", target.display_text()));
    }
    if line.has_any_option(&["-n", "--no-clobber"]) {
        return judge.raise_level(Level::Changes, span, "`mv -n` moves files, over none");
    }
    judge.raise_level(Level::Destroys, span, "`mv` takes files from their place, and may write over others");
    if let Some(target) = target {
        judge.add_object(Level::Destroys, "path", &target);
    }
}

fn judge_cp(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let line = ParsedLine::parse_args(
        args,
        OptionRules { valued: &["-t", "-S", "--target-directory", "--suffix"], gnu: true, ..OptionRules::default() },
    );
    let to = line.option_value_arg("-t").or_else(|| line.option_value_arg("--target-directory"));
    let Some(target) = to.or_else(|| file_operands(&line).last().cloned()) else {
        return judge.raise_level(Level::Changes, span, "`cp` copies files");
    };
    if line.has_any_option(&["-n", "--no-clobber"]) {
        return judge.raise_level(Level::Changes, span, "`cp -n` copies files, over none");
    }
    // Into a folder of its own only new names come.
    let into_new_folder = target.text.ends_with('/') || matches!(target.text.as_str(), "." | "..");
    let beside =
        file_operands(&line).next().is_some_and(|from| {
            let name = from.text.rsplit('/').next().unwrap_or("");
            target.text.starts_with(from.text.as_str())
                || (!name.is_empty() && target.text.contains(name) && target.text.len() > from.text.len())
        }) && [".bak", ".old", ".orig", ".backup", ".save", "~", ".broken"].iter().any(|end| target.text.contains(end));
    if beside {
        return judge.raise_level(Level::Changes, span, format!("`cp` keeps a copy as `{}`", target.display_text()));
    }
    if into_new_folder && !target.text.starts_with("/etc") {
        judge.raise_level(Level::Changes, span, format!("`cp` copies into `{}`", target.display_text()));
        return judge.add_object(Level::Changes, "path", &target);
    }
    judge_written_file(judge, &target, "`cp` writes over");
}

fn judge_scp(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let line = ParsedLine::parse_args(
        args,
        OptionRules { valued: &["-P", "-i", "-o", "-F", "-J", "-l", "-c", "-S", "-D", "-X"], ..OptionRules::default() },
    );
    let Some(target) = file_operands(&line).last() else { return };
    if target.text.ends_with(['/', ':']) || target.text == "." {
        judge.raise_level(Level::Changes, span, format!("`scp` copies into `{}`", target.display_text()));
        return judge.add_object(Level::Changes, "path", target);
    }
    judge_written_file(judge, target, "`scp` writes over");
}

fn judge_dd(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let output = args.iter().find(|arg| arg.text.starts_with("of="));
    match output {
        Some(output) => {
            let target = CommandWord {
                text: output.text.trim_start_matches("of=").to_owned(),
                raw: output.raw.trim_start_matches("of=").to_owned(),
                span: output.span.clone(),
            };
            if target.text.contains(EXPANSION_MARK) && !target.text.starts_with('/') {
                judge.raise_level(Level::Irreversible, span, format!("`dd` writes over `{}`", target.display_text()));
                return judge.add_object(Level::Irreversible, "device", &target);
            }
            judge_written_file(judge, &target, "`dd` writes over");
        }
        None if args.iter().any(|arg| arg.fixed_text().is_none()) => {
            judge.mark_unknown(span, "`dd` with words that are not known");
        }
        None => {}
    }
}

fn judge_tee(judge: &mut Judge<'_>, args: &[CommandWord], span: &Range<usize>) {
    let line = ParsedLine::parse_args(args, OptionRules { gnu: true, ..OptionRules::default() });
    let append = line.has_any_option(&["-a", "--append"]);
    if append && line.operands.is_empty() {
        judge.raise_level(Level::Changes, span, "`tee -a` writes to files");
    }
    for target in file_operands(&line) {
        let flow = if append { RedirectionKind::Append } else { RedirectionKind::Overwrite };
        if append {
            judge_redirection(judge, &Redirection { kind: flow, fd: None, target: target.clone() });
        } else {
            judge_written_file(judge, target, "`tee` empties and writes");
        }
    }
}
