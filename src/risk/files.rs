//! Files: redirections, and the programs that take files away or write over them.
//!
//! Invariant: a file that may exist is lost when it is written over. Refuses to know: whether it exists.

use super::judge::{Input, Judge, span_of};
use super::line::{Line, Rules};
use super::verdict::{Flag, Level};
use crate::shell::simple_command::{Arg, Flow, HOLE, Redirection};
use std::ops::Range;

/// Programs of this room. False if it is none of them.
pub(super) fn judge(judge: &mut Judge<'_>, name: &str, program: &Arg, args: &[Arg], _input: &Input) -> bool {
    let span = span_of(program, args);
    match name {
        "rm" | "grm" => rm(judge, args, &span),
        "mv" | "gmv" => mv(judge, args, &span),
        "cp" | "gcp" => cp(judge, args, &span),
        "scp" | "pscp" => {
            judge.flag(Flag::Remote);
            scp(judge, args, &span);
        }
        "dd" => dd(judge, args, &span),
        "tee" => tee(judge, args, &span),
        _ => return false,
    }
    true
}

/// A redirection.
pub(super) fn redirection(judge: &mut Judge<'_>, redirect: &Redirection) {
    let target = &redirect.target;
    match redirect.flow {
        Flow::From if !target.raw.starts_with("<(") => judge.reads_path(target),
        Flow::From | Flow::Text | Flow::Copy => {}
        Flow::Behind | Flow::Both => {
            if let Some(device) = device(judge, target, true) {
                device.apply(judge, target);
            } else {
                judge.raise(Level::Changes, &target.span, format!("`>>` writes to `{}`", target.shown()));
                judge.stake(Level::Changes, "path", target);
            }
        }
        Flow::Over => written(judge, target, "`>` empties and writes"),
    }
}

/// A file that is written over.
pub(super) fn written(judge: &mut Judge<'_>, target: &Arg, how: &str) {
    if let Some(device) = device(judge, target, false) {
        return device.apply(judge, target);
    }
    if is_fresh(target) {
        return judge.raise(
            Level::Changes,
            &target.span,
            format!("{how} `{}`, whose name is new each time", target.shown()),
        );
    }
    judge.raise(Level::Destroys, &target.span, format!("{how} `{}`", target.shown()));
    judge.stake(Level::Destroys, "path", target);
}

/// A name with the time to the second, the process or a random part in it.
fn is_fresh(target: &Arg) -> bool {
    let raw = target.raw.as_str();
    ["$$", "$RANDOM", "${RANDOM}", "$(mktemp", "`mktemp"].iter().any(|part| raw.contains(part))
        || (raw.contains("date") && ["%s", "%S", "%N", "%T", "%c"].iter().any(|part| raw.contains(part)))
}

/// What writing to a device does.
enum Device {
    Nothing,
    Setting,
    Disk,
    Odd,
}

impl Device {
    fn apply(self, judge: &mut Judge<'_>, target: &Arg) {
        let shown = target.shown().to_owned();
        match self {
            Self::Nothing => {}
            Self::Setting => {
                judge.raise(Level::Destroys, &target.span, format!("`{shown}` is a setting of the running kernel"));
                judge.stake(Level::Destroys, "path", target);
            }
            Self::Disk => {
                judge.raise(Level::Irreversible, &target.span, format!("writes over the device `{shown}`"));
                judge.stake(Level::Irreversible, "device", target);
            }
            Self::Odd => judge.doubt(&target.span, format!("`{shown}` is a device")),
        }
    }
}

fn device(judge: &mut Judge<'_>, target: &Arg, _append: bool) -> Option<Device> {
    let text = target.text.as_str();
    if text.starts_with("/dev/tcp/") || text.starts_with("/dev/udp/") {
        judge.flag(Flag::Remote);
        judge.raise(Level::Changes, &target.span, format!("sends to `{text}`"));
        return Some(Device::Nothing);
    }
    if text == "/proc/sysrq-trigger" {
        return Some(Device::Disk);
    }
    if text.starts_with("/proc/") || text.starts_with("/sys/") {
        return Some(Device::Setting);
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
            Device::Nothing
        }
        _ if name.starts_with("shm/") => return None,
        _ if is_disk(text) => Device::Disk,
        _ => Device::Odd,
    })
}

/// Whether a name is a disk's.
pub(super) fn is_disk(name: &str) -> bool {
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
        || name.contains(HOLE)
}

fn operands<'a>(line: &'a Line<'_>) -> impl Iterator<Item = &'a Arg> {
    line.operands.iter().filter_map(|&at| line.args.get(at))
}

fn rm(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    let line = Line::read(args, Rules { gnu: true, ..Rules::default() });
    let recursive = line.has_any(&["-r", "-R", "--recursive"])
        // `-{r,f}` and the like.
        || args.iter().any(|arg| arg.text.starts_with("-{") && arg.text.contains('r'));
    let level = if recursive { Level::Irreversible } else { Level::Destroys };
    judge.raise(
        level,
        span,
        if recursive { "`rm -r` removes folders with everything in them" } else { "`rm` removes files" },
    );
    if line.has("--dry-run") {
        judge.flag(Flag::Unbounded);
    }
    judge.flag(Flag::NoDryRun);
    for arg in operands(&line) {
        judge.stake(level, "path", arg);
        if let Some(why) = unbounded(arg) {
            judge.flag(Flag::Unbounded);
            judge.raise(level, &arg.span, why);
        }
    }
}

/// Why a path may be far more than it seems.
fn unbounded(arg: &Arg) -> Option<String> {
    let text = arg.text.trim_end_matches(['*', '/']);
    let shown = arg.shown();
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
    let only_holes = text.chars().all(|c| c == HOLE || c == '/');
    let guarded = arg.raw.contains(":?");
    (only_holes && arg.text.len() > text.len() && !guarded)
        .then(|| format!("`{shown}` is `{}` when the variable is empty", arg.text.replace(HOLE, "")))
}

fn mv(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    let line = Line::read(
        args,
        Rules { valued: &["-t", "-S", "--target-directory", "--suffix"], gnu: true, ..Rules::default() },
    );
    let target = line
        .value_arg("-t")
        .or_else(|| line.value_arg("--target-directory"))
        .or_else(|| operands(&line).last().cloned());
    if let Some(target) = &target
        && (is_disk(&target.text) || target.text == "/dev/null")
    {
        judge.raise(Level::Irreversible, span, format!("`mv` to `{}` loses the file", target.shown()));
    }
    if line.has_any(&["-n", "--no-clobber"]) {
        return judge.raise(Level::Changes, span, "`mv -n` moves files, over none");
    }
    judge.raise(Level::Destroys, span, "`mv` takes files from their place, and may write over others");
    if let Some(target) = target {
        judge.stake(Level::Destroys, "path", &target);
    }
}

fn cp(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    let line = Line::read(
        args,
        Rules { valued: &["-t", "-S", "--target-directory", "--suffix"], gnu: true, ..Rules::default() },
    );
    let to = line.value_arg("-t").or_else(|| line.value_arg("--target-directory"));
    let Some(target) = to.or_else(|| operands(&line).last().cloned()) else {
        return judge.raise(Level::Changes, span, "`cp` copies files");
    };
    if line.has_any(&["-n", "--no-clobber"]) {
        return judge.raise(Level::Changes, span, "`cp -n` copies files, over none");
    }
    // Into a folder of its own only new names come.
    let into_new_folder = target.text.ends_with('/') || matches!(target.text.as_str(), "." | "..");
    let beside =
        operands(&line).next().is_some_and(|from| {
            let name = from.text.rsplit('/').next().unwrap_or("");
            target.text.starts_with(from.text.as_str())
                || (!name.is_empty() && target.text.contains(name) && target.text.len() > from.text.len())
        }) && [".bak", ".old", ".orig", ".backup", ".save", "~", ".broken"].iter().any(|end| target.text.contains(end));
    if beside {
        return judge.raise(Level::Changes, span, format!("`cp` keeps a copy as `{}`", target.shown()));
    }
    if into_new_folder && !target.text.starts_with("/etc") {
        judge.raise(Level::Changes, span, format!("`cp` copies into `{}`", target.shown()));
        return judge.stake(Level::Changes, "path", &target);
    }
    written(judge, &target, "`cp` writes over");
}

fn scp(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    let line = Line::read(
        args,
        Rules { valued: &["-P", "-i", "-o", "-F", "-J", "-l", "-c", "-S", "-D", "-X"], ..Rules::default() },
    );
    let Some(target) = operands(&line).last() else { return };
    if target.text.ends_with(['/', ':']) || target.text == "." {
        judge.raise(Level::Changes, span, format!("`scp` copies into `{}`", target.shown()));
        return judge.stake(Level::Changes, "path", target);
    }
    written(judge, target, "`scp` writes over");
}

fn dd(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    let output = args.iter().find(|arg| arg.text.starts_with("of="));
    match output {
        Some(output) => {
            let target = Arg {
                text: output.text.trim_start_matches("of=").to_owned(),
                raw: output.raw.trim_start_matches("of=").to_owned(),
                span: output.span.clone(),
            };
            if target.text.contains(HOLE) && !target.text.starts_with('/') {
                judge.raise(Level::Irreversible, span, format!("`dd` writes over `{}`", target.shown()));
                return judge.stake(Level::Irreversible, "device", &target);
            }
            written(judge, &target, "`dd` writes over");
        }
        None if args.iter().any(|arg| arg.fixed().is_none()) => {
            judge.doubt(span, "`dd` with words that are not known");
        }
        None => {}
    }
}

fn tee(judge: &mut Judge<'_>, args: &[Arg], span: &Range<usize>) {
    let line = Line::read(args, Rules { gnu: true, ..Rules::default() });
    let append = line.has_any(&["-a", "--append"]);
    if append && line.operands.is_empty() {
        judge.raise(Level::Changes, span, "`tee -a` writes to files");
    }
    for target in operands(&line) {
        let flow = if append { Flow::Behind } else { Flow::Over };
        if append {
            redirection(judge, &Redirection { flow, fd: None, target: target.clone() });
        } else {
            written(judge, target, "`tee` empties and writes");
        }
    }
}
