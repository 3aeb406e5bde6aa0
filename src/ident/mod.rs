//! Names and numbers that several stages share, each a type of its own, and [`Clock`], the one source of time.
//!
//! Invariant: a value of one of these types is well formed. Refuses to know: files, the shell, the terminal.

mod clock;
mod digest;
mod secret_names;

pub use clock::{Clock, Moment, SystemClock};
pub use digest::Digest;
pub use secret_names::{has_user_information, is_secret_name, may_name_secret};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! text_ident {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps text that is known to be such a name; nothing is checked.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_ident! {
    /// Name of a section in a document, built as GitHub builds it, without the `#`.
    Anchor
}
text_ident! {
    /// Name of a step, built from its heading path and content, so that an unrelated edit does not change it.
    StepId
}
text_ident! {
    /// Name of an input: a value that a procedure needs.
    InputName
}

/// Name of a run: its start in UTC and six random hexadecimal digits, `20261124-225103-7c1d9e`.
///
/// Run ids sort by time, need no quotes in a shell, and name the run's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// Name of an incident, built, written and sorted like that of a run.
pub type IncidentId = RunId;

/// The text is not a [`RunId`].
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a run id; a run id looks like `20261124-225103-7c1d9e`")]
pub struct BadRunId(String);

impl RunId {
    /// Generates an id for a run that starts at `moment`. The digits come from the random part of a version 7 UUID.
    pub fn generate_at(moment: &Moment) -> Self {
        let stamp = moment.utc.strftime("%Y%m%d-%H%M%S");
        let random = uuid::Uuid::now_v7().simple().to_string();
        let tail: String = random.chars().skip(26).collect();
        Self(format!("{stamp}-{tail}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The random digits, enough to tell the runs of one day apart.
    pub fn random_part(&self) -> &str {
        self.0.rsplit('-').next().unwrap_or(&self.0)
    }
}

impl FromStr for RunId {
    type Err = BadRunId;

    fn from_str(text: &str) -> Result<Self, BadRunId> {
        let shape = [8, 6, 6];
        let parts: Vec<&str> = text.split('-').collect();
        let well_formed = parts.len() == shape.len()
            && parts.iter().zip(shape).all(|(part, length)| {
                part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
            });
        if well_formed { Ok(Self(text.to_owned())) } else { Err(BadRunId(text.to_owned())) }
    }
}

impl TryFrom<String> for RunId {
    type Error = BadRunId;

    fn try_from(text: String) -> Result<Self, BadRunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Number of an event in its journal, from 1. Order is by this number, never by a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The number that follows.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_run_id_parses_and_sorts_by_time() {
        let clock = SystemClock::start_now();
        let id = RunId::generate_at(&clock.now());
        assert_eq!(id.as_str().parse::<RunId>().unwrap(), id);
        assert_eq!(id.random_part().len(), 6);
    }

    #[test]
    fn a_path_is_not_a_run_id() {
        for text in ["", "../x", "20261124-225103", "20261124-225103-7C1D9E", "20261124-225103-7c1d9e/.."] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
