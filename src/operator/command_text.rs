//! A command as it is shown: whole, highlighted, with every character visible.
//!
//! Invariant: nothing is cut and nothing is hidden. A line too wide for the window continues after a mark. Refuses to know:
//! what the command does.

use super::look::{TerminalLook, one_line};
use crate::plan::tokenize_shell;
use crate::shell::HighlightToken;
use crate::shell::TokenClass;
use crate::term::Style;
use crate::term::StyledSpan;
use crate::term::display_width;
use crate::term::render_spans;
use crate::term::sanitize_code;
use crate::term::wrap_code;

/// Renders the lines of a command, each with its newline. `first` precedes the first line, and blanks of the same width
/// precede the others.
pub(super) fn render_command_lines(
    text: &str,
    note: Option<&str>,
    first: &str,
    look: TerminalLook,
    columns: usize,
) -> String {
    let mut lines = styled_lines(text, &tokenize_shell(text));
    if let (Some(note), Some(last)) = (note, lines.last_mut()) {
        // Most commands still have their comment in the text. The others get it back.
        if !text.contains(note) {
            last.push(StyledSpan::new(Style::Comment, format!("  # {}", one_line(note))));
        }
    }
    let indent = " ".repeat(display_width(first));
    let mark = look.glyphs.continuation_sign();
    let room = columns.saturating_sub(display_width(first)).max(20);
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        for (j, piece) in wrap_code(line, room, room.saturating_sub(2 + display_width(mark))).iter().enumerate() {
            let before = if i == 0 && j == 0 { look.paint_text(Style::Number, first) } else { indent.clone() };
            out.push_str(&before);
            if j > 0 {
                out.push_str("  ");
                out.push_str(&look.paint_text(Style::Dim, mark));
            }
            out.push_str(&render_spans(piece, look.color));
            out.push('\n');
        }
    }
    out
}

/// Splits the text into lines of styled spans, sanitised.
fn styled_lines(text: &str, tokens: &[HighlightToken]) -> Vec<Vec<StyledSpan>> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut lines = vec![Vec::new()];
    let mut offset = 0;
    for token in tokens {
        // A token out of order or beyond the text is shown as plain text.
        if token.span.start < offset {
            continue;
        }
        let (Some(before), Some(piece)) = (text.get(offset..token.span.start), text.get(token.span.clone())) else {
            continue;
        };
        push_styled(&mut lines, Style::Command, before);
        push_styled(&mut lines, style_of(token.class), piece);
        offset = token.span.end;
    }
    push_styled(&mut lines, Style::Command, text.get(offset..).unwrap_or_default());
    lines
}

/// Appends sanitised text, and begins a line at each newline.
fn push_styled(lines: &mut Vec<Vec<StyledSpan>>, style: Style, text: &str) {
    for (i, piece) in sanitize_code(text).split('\n').enumerate() {
        if i > 0 {
            lines.push(Vec::new());
        }
        if !piece.is_empty()
            && let Some(line) = lines.last_mut()
        {
            line.push(StyledSpan::new(style, piece.replace('\t', "    ")));
        }
    }
}

fn style_of(class: TokenClass) -> Style {
    match class {
        TokenClass::Program => Style::Program,
        TokenClass::Keyword => Style::Keyword,
        TokenClass::Operator => Style::Operator,
        TokenClass::Flag => Style::Flag,
        TokenClass::Quoted => Style::Quoted,
        TokenClass::Expansion => Style::Expansion,
        TokenClass::Name => Style::Name,
        TokenClass::Comment => Style::Comment,
        TokenClass::Placeholder => Style::Placeholder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Color;
    use crate::term::Glyphs;

    const LOOK: TerminalLook = TerminalLook { color: Color::Never, glyphs: Glyphs::Unicode, can_move_cursor: true };

    #[test]
    fn a_command_is_shown_whole_however_long_it_is() {
        let text = format!("docker run {} image", "--env KEY=value ".repeat(20));
        let shown = render_command_lines(&text, None, "    ", LOOK, 60);
        assert!(!shown.contains('…'));
        assert_eq!(shown.matches("KEY=value").count(), 20);
        assert!(shown.lines().skip(1).all(|line| line.starts_with("      ↳ ")));
        assert!(shown.lines().all(|line| display_width(line) <= 60), "{shown}");
    }

    #[test]
    fn the_lines_of_a_command_stay_its_lines() {
        let shown = render_command_lines("cat <<EOF\n  a\tb\n\nEOF\n", Some("write it"), "  1  ", LOOK, 60);
        assert_eq!(shown, "  1  cat <<EOF\n       a    b\n     \n     EOF  # write it\n");
    }

    #[test]
    fn tokens_colour_the_text_and_wrong_ones_lose_nothing_of_it() {
        let token = |span, class| HighlightToken { span, class };
        let text = "echo \"grün\nund rot\" | wc";
        let tokens = [
            token(0..4, TokenClass::Program),
            token(5..20, TokenClass::Quoted),
            // Overlapping, in the middle of a letter, beyond the end.
            token(6..9, TokenClass::Flag),
            token(8..9, TokenClass::Flag),
            token(21..22, TokenClass::Operator),
            token(23..99, TokenClass::Program),
        ];
        let lines = styled_lines(text, &tokens);
        let plain: Vec<_> = lines.iter().map(|line| render_spans(line, Color::Never)).collect();
        assert_eq!(plain.join("\n"), text);
        let quoted = StyledSpan::new(Style::Quoted, "und rot\"");
        assert_eq!(lines.get(1).and_then(|line| line.first()), Some(&quoted));
    }

    #[test]
    fn a_character_that_hides_or_reorders_is_shown() {
        let shown = render_command_lines("rm -rf \u{202e}x\u{200b} \u{1b}[8m", None, "", LOOK, 80);
        assert_eq!(shown, "rm -rf <U+202E>x<U+200B> ^[[8m\n");
    }
}
