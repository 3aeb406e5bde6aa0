//! Styles by meaning: code asks for `StepHeading`, never for bold.
//!
//! Invariant: only the sixteen colours of the operator's own theme are used, so that text is readable on any background.
//! Refuses to know: whether the output is a terminal.

use anstyle::{AnsiColor, Style as Ansi};

/// Switch for all styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Styles are written as escape sequences.
    Always,
    /// Text stays as it is, without any escape sequence.
    Never,
}

/// Signs that the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Signs such as `✓`, `›` and `·`.
    Unicode,
    /// ASCII characters and words only.
    Ascii,
}

impl Glyphs {
    /// Sign in front of a success.
    pub fn success_sign(self) -> &'static str {
        self.select_sign("✓", "ok")
    }

    /// Sign in front of a failure.
    pub fn failure_sign(self) -> &'static str {
        self.select_sign("✗", "FAILED")
    }

    /// Sign in front of a negative answer, such as no match.
    pub fn negative_sign(self) -> &'static str {
        self.select_sign("○", "-")
    }

    /// Sign in front of a command that was ended on purpose.
    pub fn ended_sign(self) -> &'static str {
        self.select_sign("■", "ended")
    }

    /// Separator of two items on a line.
    pub fn item_separator(self) -> &'static str {
        self.select_sign(" · ", " | ")
    }

    /// Separator of a heading and its subheading.
    pub fn heading_separator(self) -> &'static str {
        self.select_sign(" › ", " > ")
    }

    /// Prompt in front of a typed answer.
    pub fn prompt_sign(self) -> &'static str {
        self.select_sign("› ", "> ")
    }

    /// Sign in front of work in progress.
    pub fn running_sign(self) -> &'static str {
        self.select_sign("… ", "... ")
    }

    /// Sign in front of the rest of a line that was wrapped.
    pub fn continuation_sign(self) -> &'static str {
        self.select_sign("↳ ", ".. ")
    }

    fn select_sign(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }
}

/// Meaning of a piece of text, which decides how it is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// Ordinary text, drawn plain.
    #[default]
    Prose,
    /// The status line of a run.
    Header,
    /// A heading of the document.
    Heading,
    /// Number and title of a step.
    StepHeading,
    /// The text of a command.
    Command,
    /// Number or marker in front of an item.
    Number,
    /// Emphasised text (`*…*` in Markdown).
    Emphasis,
    /// Strongly emphasised text (`**…**` in Markdown).
    Strong,
    /// Struck-through text (`~~…~~` in Markdown).
    Struck,
    /// Code inside prose.
    Code,
    /// Target of a link.
    Link,
    /// A result that is a success.
    Success,
    /// A result that is a failure.
    Failure,
    /// A negative answer, such as no match: neither success nor failure.
    Negative,
    /// A text that needs attention.
    Warning,
    /// A key that the operator can press.
    Key,
    /// Text of minor importance.
    Dim,
    /// Name of a program, builtin or function in a command.
    Program,
    /// Reserved word of the shell.
    Keyword,
    /// Operator of the shell, such as `|`, `&&` or `>`.
    Operator,
    /// Option of a program, such as `-l`.
    Flag,
    /// Quoted text in a command.
    Quoted,
    /// Expansion in a command, such as `$x`.
    Expansion,
    /// Name that a command assigns to.
    Name,
    /// Comment in a command.
    Comment,
    /// Placeholder in a command that has no value yet.
    Placeholder,
}

impl Style {
    fn to_ansi(self) -> Ansi {
        let plain = Ansi::new();
        let colored = |color: AnsiColor| Ansi::new().fg_color(Some(color.into()));
        match self {
            Self::Prose | Self::Command => plain,
            Self::Header => plain.bold().invert(),
            Self::Heading | Self::Strong | Self::Program => plain.bold(),
            Self::StepHeading => plain.bold().underline(),
            Self::Emphasis => plain.italic(),
            Self::Struck => plain.strikethrough(),
            Self::Number | Self::Dim | Self::Comment => plain.dimmed(),
            Self::Code | Self::Expansion | Self::Flag => colored(AnsiColor::Cyan),
            Self::Link => plain.underline(),
            Self::Success | Self::Quoted => colored(AnsiColor::Green),
            Self::Failure => colored(AnsiColor::Red).bold(),
            Self::Negative | Self::Operator => colored(AnsiColor::Yellow),
            Self::Warning => colored(AnsiColor::Yellow).bold(),
            Self::Key => colored(AnsiColor::Cyan).bold(),
            Self::Keyword => colored(AnsiColor::Magenta),
            Self::Name => colored(AnsiColor::Blue),
            Self::Placeholder => colored(AnsiColor::Yellow).invert(),
        }
    }
}

impl Color {
    /// Returns `text` in this style. The text must be sanitised already.
    pub fn paint_text(self, style: Style, text: &str) -> String {
        let ansi = style.to_ansi();
        if self == Self::Never || ansi.is_plain() || text.is_empty() {
            return text.to_owned();
        }
        format!("{}{text}{}", ansi.render(), ansi.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_a_text_stays_as_it_is() {
        assert_eq!(Color::Never.paint_text(Style::Failure, "failed"), "failed");
        assert_eq!(Color::Always.paint_text(Style::Prose, "plain"), "plain");
        assert!(Color::Always.paint_text(Style::Failure, "failed").ends_with("\u{1b}[0m"));
    }
}
