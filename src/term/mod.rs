//! Text for a terminal: styles by meaning, widths, wrapping, Markdown, and sanitising.
//!
//! Invariant: escape sequences occur here and nowhere else, and no text of a document leaves with one. Refuses to know:
//! runbooks, and where the text goes.

mod escape_parser;
mod markdown;
mod screen;
mod style;
mod table;
mod text;
mod tracker;
mod wrap;

pub use markdown::render_markdown;
pub use screen::{CLEAR_SCREEN, erase_line, window_size};
pub use style::{Color, Glyphs, Style};
pub use text::{display_width, is_plain_code, sanitize_code, sanitize_text};
pub use tracker::OutputTracker;
pub use wrap::{StyledSpan, render_spans, wrap_code, wrap_spans, wrap_text};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text with sequences that terminals or Markdown interpret.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[a-z ]{0,12}",
            proptest::sample::select(vec![
                "\u{1b}[2J",
                "\u{9b}",
                "\r",
                "\n",
                "\n\n",
                "\t",
                "\u{202e}",
                "&#27;",
                "&#x9b;",
                "- ",
                "1. ",
                "> ",
                "```\n",
                "| a | b |\n|-|-|\n",
                "| x |\n",
                "[l](",
                ")",
                "<b>",
                "<!--",
                "**",
                "`",
                "# ",
                "\u{1F468}\u{200d}\u{1F692}",
                "漢",
                "e\u{301}",
                "    ",
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    fn is_harmless(shown: &str) -> bool {
        shown.chars().all(|c| (!c.is_control() || c == '\n' || c == '\t') && !matches!(c, '\u{202a}'..='\u{202e}'))
    }

    proptest! {
        #[test]
        fn nothing_harmful_comes_out_of_any_text(text in text(), columns in 0_usize..120) {
            prop_assert!(is_harmless(&sanitize_text(&text)));
            prop_assert!(is_harmless(&sanitize_code(&text)));
            prop_assert!(is_harmless(&render_markdown(&text, columns, Color::Never)));
            // With colour the only sequences are styles.
            let styled = render_markdown(&text, columns, Color::Always);
            for sequence in styled.split('\u{1b}').skip(1) {
                let inner = sequence.strip_prefix('[').and_then(|rest| rest.split_once('m'));
                prop_assert!(inner.is_some_and(|(numbers, _)| numbers.chars().all(|c| c.is_ascii_digit() || c == ';')));
            }
        }

        #[test]
        fn prose_fits_and_code_is_whole(text in text(), columns in 2_usize..120) {
            let clean = sanitize_code(&text);
            for line in wrap_text(&clean, columns) {
                // A single character may be wider than the line. Joined emoji are measured as one.
                prop_assert!(display_width(&line) <= columns.max(2), "{line:?}");
            }
            for line in clean.split('\n') {
                let spans = [StyledSpan::new(Style::Command, line)];
                let pieces = wrap_code(&spans, columns, columns);
                let whole: String = pieces.iter().map(|piece| render_spans(piece, Color::Never)).collect();
                prop_assert_eq!(whole, line);
            }
        }

        #[test]
        fn a_tracker_sees_the_same_however_the_bytes_come(bytes in proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(b"\x1b[?1049hlm;0\n\r\x07]\\(B".to_vec())], 0..80)) {
            let mut whole = OutputTracker::new();
            whole.observe_bytes(&bytes);
            let mut single = OutputTracker::new();
            for byte in &bytes {
                single.observe_bytes(&[*byte]);
            }
            prop_assert_eq!(format!("{whole:?}"), format!("{single:?}"));
        }
    }
}
