//! The verdict on a command.
//!
//! Invariant: it only ever grows. Refuses to know: how it was come by.

use crate::shell::DefinitionKind;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

/// Harm that a command can do, from none to permanent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Only reads.
    #[default]
    Reads,
    /// It changes something that can be changed back.
    Changes,
    /// It destroys or stops something.
    Destroys,
    /// It cannot be undone.
    Irreversible,
}

impl Level {
    /// Level as a number from 0 to 3, as in reports and JSON.
    pub fn as_number(self) -> u8 {
        self as u8
    }

    /// Short description for the operator.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Changes => "changes",
            Self::Destroys => "destroys or stops",
            Self::Irreversible => "cannot be undone",
        }
    }
}

/// Property of a command that is independent of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// With all rights of the machine.
    Privileged,
    /// On another machine or at a service.
    Remote,
    /// Names something called production.
    Production,
    /// This machine may not be reached again.
    NetworkLockout,
    /// Nothing limits what it touches.
    Unbounded,
    /// There is no way to try it first.
    NoDryRun,
    /// It shows, takes or makes a secret.
    Credential,
    /// Needs an operator at the terminal.
    Interactive,
    /// It never ends by itself.
    NeverEnds,
    /// It asks for a terminal.
    NeedsTty,
}

impl Flag {
    /// Name in reports and JSON, such as `network-lockout`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Remote => "remote",
            Self::Production => "production",
            Self::NetworkLockout => "network-lockout",
            Self::Unbounded => "unbounded",
            Self::NoDryRun => "no-dry-run",
            Self::Credential => "credential",
            Self::Interactive => "interactive",
            Self::NeverEnds => "never-ends",
            Self::NeedsTty => "needs-tty",
        }
    }

    /// The flag of a name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Privileged,
            Self::Remote,
            Self::Production,
            Self::NetworkLockout,
            Self::Unbounded,
            Self::NoDryRun,
            Self::Credential,
            Self::Interactive,
            Self::NeverEnds,
            Self::NeedsTty,
        ];
        all.into_iter().find(|flag| flag.as_str() == name)
    }
}

/// An object that the command can harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `database`, `volume`, `host`, `path`, …
    pub kind: String,
    /// Name as in the command; an expansion as written.
    pub name: String,
    /// The level at which it is at stake.
    pub level: Level,
}

/// Why a command has the risk it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The bytes of the command it is about.
    pub span: Range<usize>,
    /// Reason as a phrase, with the thing found in backticks.
    pub text: String,
    /// The level it gives; none for what makes it unknown.
    pub level: Option<Level>,
}

/// How much harm a command can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// How much at least.
    pub level: Level,
    /// True if the level may be higher, because something could not be parsed, named or bounded.
    pub unknown: bool,
    /// Properties independent of the level.
    pub flags: BTreeSet<Flag>,
    /// Why, in order of the text.
    pub reasons: Vec<Reason>,
    /// Objects that the command can harm.
    pub objects: Vec<Object>,
    /// The functions and aliases of the shell that run in the place of programs, or beside them.
    pub shadowed: BTreeSet<ShadowedName>,
    /// Files, hosts and other things that the command touches, as far as its text tells.
    pub effects: Box<Effects>,
}

/// A word that the shell takes for something else than a program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShadowedName {
    /// Word that the shell replaces.
    pub name: String,
    /// Kind of the definition.
    pub kind: DefinitionKind,
}

/// Things that a command touches, grouped by how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Files, databases and the like that it reads.
    pub reads: Vec<Touched>,
    /// Things that it writes, changes or removes.
    pub writes: Vec<Touched>,
    /// Services and machines it talks to.
    pub talks_to: Vec<String>,
    /// Programs that must be on this machine.
    pub needs: Vec<String>,
}

/// One thing that a command touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// `path`, `database`, `volume`, …
    pub kind: String,
    /// Name as in the command; an expansion as written.
    pub name: String,
    /// Where, when not here: a container's, a pod's or a machine's name.
    pub within: Option<String>,
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)?;
        self.within.as_ref().map_or(Ok(()), |within| write!(f, " in `{within}`"))
    }
}

/// More reasons and objects than anybody reads.
const MOST_REASONS: usize = 64;

impl Risk {
    /// The object that a typed confirmation asks for: the first of those at stake most.
    pub fn object_to_type(&self) -> Option<&Object> {
        self.objects.iter().filter(|object| !object.name.is_empty()).fold(None, |best: Option<&Object>, object| {
            match best {
                Some(best) if best.level >= object.level => Some(best),
                _ => Some(object),
            }
        })
    }

    /// The reasons for its level, and for its being unknown.
    pub fn decisive_reasons(&self) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(|reason| reason.level.is_none_or(|level| level == self.level))
    }

    pub(super) fn raise_level(&mut self, level: Level, span: Range<usize>, text: impl Into<String>) {
        self.level = self.level.max(level);
        if level > Level::Reads {
            self.add_reason(span, text.into(), Some(level));
        }
    }

    pub(super) fn mark_unknown(&mut self, span: Range<usize>, text: impl Into<String>) {
        self.unknown = true;
        self.add_reason(span, text.into(), None);
    }

    fn add_reason(&mut self, span: Range<usize>, text: String, level: Option<Level>) {
        let reason = Reason { span, text, level };
        if self.reasons.len() < MOST_REASONS && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    pub(super) fn add_object(&mut self, level: Level, kind: &str, name: &str) {
        let object = Object { kind: kind.to_owned(), name: name.to_owned(), level };
        if level > Level::Reads
            && self.objects.len() < MOST_REASONS
            && !name.is_empty()
            && !self.objects.contains(&object)
        {
            self.objects.push(object);
        }
    }
}
