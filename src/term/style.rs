//! Styles by meaning. Code says `StepHeading`, never `bold`.
//!
//! Invariant: the sixteen colours of the operator's own theme and nothing else, so that it is readable on any background.

use anstyle::{AnsiColor, Style as Ansi};

/// Whether styles are shown at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// They are.
    Always,
    /// They are not: every text stays as it is.
    Never,
}

/// Which signs the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// `✓`, `›`, `·`.
    Unicode,
    /// ASCII alone.
    Ascii,
}

impl Glyphs {
    /// The sign of a success.
    pub fn success(self) -> &'static str {
        self.pick("✓", "ok")
    }

    /// The sign of a failure.
    pub fn failure(self) -> &'static str {
        self.pick("✗", "FAILED")
    }

    /// The sign of an answer that is no success.
    pub fn negative(self) -> &'static str {
        self.pick("○", "-")
    }

    /// The sign of something ended on purpose.
    pub fn ended(self) -> &'static str {
        self.pick("■", "ended")
    }

    /// Between two things on a line.
    pub fn dot(self) -> &'static str {
        self.pick(" · ", " | ")
    }

    /// Between a heading and one below it.
    pub fn below(self) -> &'static str {
        self.pick(" › ", " > ")
    }

    /// Before what is asked for.
    pub fn prompt(self) -> &'static str {
        self.pick("› ", "> ")
    }

    /// Before what is going on.
    pub fn running(self) -> &'static str {
        self.pick("… ", "... ")
    }

    /// Before the rest of a line that the window is too narrow for.
    pub fn wrapped(self) -> &'static str {
        self.pick("↳ ", ".. ")
    }

    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }
}

/// What a stretch of text means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// Ordinary text.
    #[default]
    Prose,
    /// Where the run stands.
    Header,
    /// A heading of the document.
    Heading,
    /// A step's number and title.
    StepHeading,
    /// The text of a command.
    Command,
    /// A number before something.
    Number,
    /// Emphasised text.
    Emphasis,
    /// Strongly emphasised text.
    Strong,
    /// Text no longer valid.
    Struck,
    /// Code in prose.
    Code,
    /// The address of a link.
    Link,
    /// A success.
    Success,
    /// A failure.
    Failure,
    /// An answer that is no success.
    Negative,
    /// Something that needs attention.
    Warning,
    /// A key to press.
    Key,
    /// Something less important.
    Dim,
    /// The name of a program, builtin or function.
    Program,
    /// A reserved word.
    Keyword,
    /// `|`, `&&`, `>`.
    Operator,
    /// An option.
    Flag,
    /// Quoted text.
    Quoted,
    /// `$x`.
    Expansion,
    /// An assigned name.
    Name,
    /// A comment.
    Comment,
    /// A placeholder nobody filled in.
    Placeholder,
}

impl Style {
    fn ansi(self) -> Ansi {
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
    /// The text in this style. The text must be harmless already.
    pub fn paint(self, style: Style, text: &str) -> String {
        let ansi = style.ansi();
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
        assert_eq!(Color::Never.paint(Style::Failure, "failed"), "failed");
        assert_eq!(Color::Always.paint(Style::Prose, "plain"), "plain");
        assert!(Color::Always.paint(Style::Failure, "failed").ends_with("\u{1b}[0m"));
    }
}
