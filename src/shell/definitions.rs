//! Functions and aliases of a shell, which take the place of programs of their names.
//!
//! Invariant: a later definition replaces an earlier one of its kind and name. Refuses to know: whose shell it is, and what
//! the definitions do.

use std::collections::BTreeMap;

/// What takes the place of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShadowKind {
    /// A function.
    Function,
    /// An alias.
    Alias,
}

impl ShadowKind {
    /// `a function`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "a function",
            Self::Alias => "an alias",
        }
    }
}

/// A function or an alias that a text defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Which of them.
    pub kind: ShadowKind,
    /// Its name.
    pub name: String,
    /// A function's whole definition, or what an alias stands for.
    pub text: String,
}

/// The functions and aliases of a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shadows {
    functions: BTreeMap<String, String>,
    aliases: BTreeMap<String, String>,
}

impl Shadows {
    /// One more, or another text for one.
    pub fn define(&mut self, definition: Definition) {
        let Definition { kind, name, text } = definition;
        match kind {
            ShadowKind::Function => self.functions.insert(name, text),
            ShadowKind::Alias => self.aliases.insert(name, text),
        };
    }

    /// Those that a command defines, as far as its text tells.
    pub fn learn(&mut self, definitions: &[Definition]) {
        definitions.iter().for_each(|definition| self.define(definition.clone()));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.aliases.is_empty()
    }

    /// Whether one of them has this name.
    pub fn has(&self, name: &str) -> bool {
        self.functions.contains_key(name) || self.aliases.contains_key(name)
    }

    pub(crate) fn function(&self, name: &str) -> Option<&str> {
        self.functions.get(name).map(String::as_str)
    }

    pub(crate) fn alias(&self, name: &str) -> Option<&str> {
        self.aliases.get(name).map(String::as_str)
    }
}
