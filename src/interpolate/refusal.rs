//! Why a value may not be placed, in words.

use thiserror::Error;

/// Why a value cannot be placed where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RejectReason {
    /// The command cannot be read reliably.
    #[error("the command cannot be read reliably: {0}")]
    Unreadable(String),
    /// No place in the tree is known to take a value.
    #[error("it stands where no rule says how to quote it")]
    NoContext,
    /// It would name the program.
    #[error("it stands where a command's name stands, and a value must not decide what is run")]
    CommandName,
    /// In an arithmetic expression.
    #[error("it stands in arithmetic, where only a whole number is safe")]
    Arithmetic,
    /// Inside a subscript.
    #[error("it stands in a subscript, which bash evaluates")]
    Subscript,
    /// Within `${…}`.
    #[error("it stands within `${{…}}`, where bash reads it in ways of its own")]
    Operand,
    /// Within backticks.
    #[error("it stands within backticks; write `$(…)` instead")]
    Backticks,
    /// A name of a variable, a function or a loop.
    #[error("it stands where a name stands")]
    Name,
    /// Directly behind `$name`.
    #[error("it is glued to a `$name`; write `${{name}}`")]
    Glued,
    /// The word that ends a heredoc.
    #[error("it stands in the word that ends a heredoc")]
    Delimiter,
    /// Number of a file descriptor.
    #[error("it stands where a file descriptor stands")]
    Descriptor,
    /// Behind a backslash.
    #[error("a backslash stands before it")]
    Backslash,
    /// Behind a tilde.
    #[error("a `~` stands before it, and would make it a user's name")]
    Tilde,
    /// Within a bracket pattern.
    #[error("it stands within a `[…]` pattern")]
    Bracket,
    /// Read by a second interpreter, through a variable.
    #[error("it stands in text that {0} reads again; there only letters, digits and `_.,:/@%+-` are safe")]
    ReadAgain(&'static str),
    /// Without quotes, where bash splits it into words and matches file names.
    #[error(
        "it stands without quotes, and the value has blanks or `*?[`, which bash would split or match against files"
    )]
    Unquoted,
    /// Without quotes in a pattern.
    #[error("it stands without quotes in a pattern, and the value has characters that mean something there")]
    Pattern,
    /// Read by a second interpreter.
    #[error(
        "it stands in text that {0} reads again; there only letters, digits and `_.,:/@%+-` are safe, unless the \
         document says `| sh`, `| sql` or `| raw`"
    )]
    Interpreted(&'static str),
    /// A filter that does not fit.
    #[error("`| {0}` does not fit there: {1}")]
    Filter(&'static str, &'static str),
    /// A line of the value would end the heredoc.
    #[error("a line of the value would end the heredoc `{0}`")]
    EndsHeredoc(String),
    /// Tabs at the beginning of a line are taken away by `<<-`.
    #[error("`<<-` would take the tabs at the beginning of its lines away")]
    Tabs,
    /// A backslash before a line's end, in `$( )` within a heredoc.
    #[error("a backslash at the end of a line is lost within a heredoc")]
    LineEnd,
    /// A comment ends with its line.
    #[error("it stands in a comment, which a second line would end")]
    CommentLine,
    /// Contains a NUL byte.
    #[error("the value has a NUL byte, which no shell can hold")]
    Nul,
    /// Control characters in a text.
    #[error("the value has control characters, which no text can carry unharmed")]
    Control,
    /// A secret would stand in a text.
    #[error("a secret must not stand in the text of a heredoc whose word is quoted")]
    SecretInText,
    /// Longer than a program's argument may be.
    #[error("the value is longer than {0} KiB")]
    Long(usize),
    /// More values than one command may have.
    #[error("there are {0} values in one command; the most is {1}")]
    Many(usize, usize),
    /// The command would become another one.
    #[error("with the value in its place it would be another command")]
    Changes,
}
