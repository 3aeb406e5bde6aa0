//! Functions and aliases of a shell, which hide programs of the same name.
//!
//! Invariant: a later definition replaces an earlier one of the same kind and name. Refuses to know: which shell holds the
//! definitions, and what they do.

use std::collections::BTreeMap;

/// Kind of definition that can hide a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefinitionKind {
    /// A shell function.
    Function,
    /// An entry of the `alias` builtin.
    Alias,
}

impl DefinitionKind {
    /// The kind with its article, for messages: `a function`.
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
    /// Function or alias.
    pub kind: DefinitionKind,
    /// Name that commands call it by.
    pub name: String,
    /// Full source of a function's definition, or the text an alias expands to.
    pub text: String,
}

/// All functions and aliases known of one shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellDefinitions {
    functions: BTreeMap<String, String>,
    aliases: BTreeMap<String, String>,
}

impl ShellDefinitions {
    /// Adds a definition, or replaces the text of one with the same kind and name.
    pub fn add_or_replace(&mut self, definition: Definition) {
        let Definition { kind, name, text } = definition;
        match kind {
            DefinitionKind::Function => self.functions.insert(name, text),
            DefinitionKind::Alias => self.aliases.insert(name, text),
        };
    }

    /// Adds every definition that a command's text contains.
    pub fn add_all(&mut self, definitions: &[Definition]) {
        for definition in definitions {
            self.add_or_replace(definition.clone());
        }
    }

    /// True if no function and no alias is defined.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.aliases.is_empty()
    }

    /// True if a function or an alias has this name.
    pub fn defines_name(&self, name: &str) -> bool {
        self.functions.contains_key(name) || self.aliases.contains_key(name)
    }

    pub(crate) fn function_text(&self, name: &str) -> Option<&str> {
        self.functions.get(name).map(String::as_str)
    }

    pub(crate) fn alias_text(&self, name: &str) -> Option<&str> {
        self.aliases.get(name).map(String::as_str)
    }
}
