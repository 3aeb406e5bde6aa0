//! Finds every text of a fact, so that secrets can be taken out of all of them.
//!
//! Invariant: each type says for itself which texts it has, so a field cannot be forgotten: a text is found unless the
//! table in [`fields`](super::fields) says `unmasked`. Refuses to know: what a secret is.

use super::fact::{CommandSource, ConsentForm, Decision, InputOrigin, Mode, Other, RunResult, StepForm, StepResult};
use super::incident::{IncidentEvent, Milestone};
use super::incident_rules::{
    Contact, EscalationStep, IncidentRules, PostMortem, Response, Seconds, Severity, UpdateInterval,
};
use super::outcome::End;
use crate::ident::{Anchor, Digest, RunId, Seq, StepId};
use jiff::Timestamp;

/// Returns the text to put in place of the one it is given; none to leave that as it is.
pub(crate) type Rewrite<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// A value that may have texts in it.
pub(crate) trait Texts {
    /// Shows each text to `rewrite` and replaces those for which it returns another.
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>);
}

impl Texts for String {
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
        if let Some(text) = rewrite(self) {
            *self = text;
        }
    }
}

/// Steps and anchors are named after headings and commands, so their names are texts too.
macro_rules! named_after_texts {
    ($($type:ident),*) => {$(
        impl Texts for $type {
            fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
                if let Some(text) = rewrite(self.as_str()) {
                    *self = Self::new(text);
                }
            }
        }
    )*};
}

named_after_texts!(Anchor, StepId);

macro_rules! without_texts {
    ($($type:ty),*) => {$(
        impl Texts for $type {
            fn rewrite_texts(&mut self, _: &mut Rewrite<'_>) {}
        }
    )*};
}

without_texts!(bool, u8, u32, u64, i32, Seq, Digest, RunId, Seconds, Timestamp);
without_texts!(ConsentForm, Decision, End, InputOrigin, Milestone, Mode, RunResult, StepForm, StepResult);

impl<T: Texts> Texts for Option<T> {
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
        if let Some(value) = self {
            value.rewrite_texts(rewrite);
        }
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
        for value in self {
            value.rewrite_texts(rewrite);
        }
    }
}

impl<T: Texts> Texts for Box<T> {
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
        (**self).rewrite_texts(rewrite);
    }
}

impl<A: Texts, B: Texts> Texts for (A, B) {
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
        self.0.rewrite_texts(rewrite);
        self.1.rewrite_texts(rewrite);
    }
}

impl Texts for CommandSource {
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
        match self {
            Self::Edited(original) | Self::Placed(original) | Self::Sampled(original) => {
                original.rewrite_texts(rewrite);
            }
            Self::Document | Self::Own | Self::Until => {}
        }
    }
}

impl Texts for Response {
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
        match self {
            Self::Words(words) => words.rewrite_texts(rewrite),
            Self::Immediate | Self::Within(_) | Self::NextBusinessDay => {}
        }
    }
}

/// Lists every field of a struct; one that is left out does not compile.
macro_rules! texts_of {
    ($($type:ident { $($field:ident),* })*) => {$(
        impl Texts for $type {
            fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
                let Self { $($field),* } = self;
                $($field.rewrite_texts(rewrite);)*
            }
        }
    )*};
}

texts_of! {
    IncidentRules { severities, escalation, contacts, updates, post_mortem }
    Severity { name, title, impact, response, alerts, line }
    EscalationStep { who, after, condition, line }
    Contact { who, ways, line }
    UpdateInterval { least, most, line }
    PostMortem { within, severities, parts, line }
    IncidentEvent { by, host, boot, seen, what }
}

impl Texts for Other {
    /// Nobody knows which of its JSON texts is free text, so all of them are shown.
    fn rewrite_texts(&mut self, rewrite: &mut Rewrite<'_>) {
        for json in self.fields.values_mut() {
            json.rewrite_texts(rewrite);
        }
    }
}
