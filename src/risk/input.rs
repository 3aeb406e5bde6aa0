//! Standard input of a command, as far as a text tells it.

/// Where a command's input comes from.
#[derive(Clone, Debug, Default)]
pub(super) enum CommandInput {
    #[default]
    Terminal,
    /// Input known as a text.
    Text(String),
    /// A file of this name.
    File(String),
    /// Something another command prints.
    Stream,
}
