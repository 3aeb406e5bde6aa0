//! The output that a step is expected to print, and how much of it was printed.
//!
//! Invariant: pure; all numbers count as equal, because they differ from run to run. Refuses to know: the consequences for the run.

use super::model::Step;

/// Words of each text that are compared.
const MOST_WORDS: usize = 2000;
/// Bytes of output that are enough to compare.
pub const COMPARED_BYTES: usize = 64 * 1024;
/// Percentage below which a difference is shown where the document sets none.
const TOLD_BELOW_PERCENT: u8 = 60;

/// The output that a step's last command is expected to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedOutput {
    /// `expect=TEXT`: this text somewhere in the output.
    Contains(String),
    /// An output cell: the whole text, to a percentage.
    Like {
        /// The output that the document shows.
        text: String,
        /// How much of the text must be printed.
        percent: u8,
        /// True if the document sets the percentage, so that less is a failure. Otherwise less is only shown.
        decides: bool,
    },
}

/// The result of comparing an output with the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputComparison {
    /// How much of the expected text was printed, in percent.
    pub percent: u8,
    /// True if that is enough.
    pub met: bool,
    /// True if too little makes the command a failure.
    pub decides: bool,
}

impl Step {
    /// The output that the last command is expected to print; none where the document shows nothing.
    pub fn expected_output(&self) -> Option<ExpectedOutput> {
        if let Some(text) =
            self.cell.attributes.get("expect").filter(|text| !text.trim().is_empty() && self.cell.is_last)
        {
            return Some(ExpectedOutput::Contains(text.trim().to_owned()));
        }
        let text = self.cell.expected.clone().filter(|text| !text.trim().is_empty())?;
        let said = self.cell.similarity;
        Some(ExpectedOutput::Like { text, percent: said.unwrap_or(TOLD_BELOW_PERCENT), decides: said.is_some() })
    }
}

impl ExpectedOutput {
    /// The expected text, as the document shows it.
    pub fn shown_text(&self) -> &str {
        match self {
            Self::Contains(text) | Self::Like { text, .. } => text,
        }
    }

    /// Compares the raw output of a command; terminal sequences in it are ignored.
    pub fn compare_output(&self, printed: &[u8]) -> OutputComparison {
        let printed = strip_terminal_sequences(&String::from_utf8_lossy(printed));
        match self {
            Self::Contains(text) => {
                let met = printed.contains(text.as_str());
                OutputComparison { percent: if met { 100 } else { 0 }, met, decides: true }
            }
            Self::Like { text, percent: wanted, decides } => {
                let percent = percent_in_order(&comparable_words(text), &comparable_words(&printed));
                OutputComparison { percent, met: percent >= *wanted, decides: *decides }
            }
        }
    }
}

/// Reads a similarity as documents write it: `0.8`, `80` or `80%`; none if it is not from 0 to 100 percent.
pub(super) fn parse_similarity(written: &str) -> Option<u8> {
    let number: f64 = written.trim().trim_end_matches('%').parse().ok()?;
    let percent = if number <= 1.0 && !written.contains('%') { number * 100.0 } else { number };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 100")]
    (0.0..=100.0).contains(&percent).then_some(percent.round() as u8)
}

/// The text without terminal sequences and other control characters.
fn strip_terminal_sequences(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|c| !matches!(c, '@'..='~')) {},
                Some(']') => while chars.next().is_some_and(|c| !matches!(c, '\u{7}' | '\u{1b}')) {},
                _ => {}
            },
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The words of a text, with each run of digits replaced by one `0`.
fn comparable_words(text: &str) -> Vec<String> {
    let one = |word: &str| {
        let mut out = String::new();
        for c in word.chars() {
            let c = if c.is_ascii_digit() { '0' } else { c };
            if c != '0' || !out.ends_with('0') {
                out.push(c);
            }
        }
        out
    };
    text.split_whitespace().take(MOST_WORDS).map(one).collect()
}

/// How many of the expected words were printed in order, in percent: the longest common subsequence.
fn percent_in_order(expected: &[String], printed: &[String]) -> u8 {
    if expected.is_empty() {
        return 100;
    }
    let mut before = vec![0_usize; printed.len() + 1];
    for wanted in expected {
        let mut row = vec![0_usize; printed.len() + 1];
        for (i, word) in printed.iter().enumerate() {
            let (left, up, corner) = (row.get(i), before.get(i + 1), before.get(i));
            let best = if wanted == word { corner.map(|n| n + 1) } else { left.max(up).copied() };
            if let (Some(slot), Some(best)) = (row.get_mut(i + 1), best) {
                *slot = best;
            }
        }
        before = row;
    }
    let common = before.last().copied().unwrap_or(0);
    u8::try_from(common * 100 / expected.len()).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, percent: u8) -> ExpectedOutput {
        ExpectedOutput::Like { text: text.to_owned(), percent, decides: true }
    }

    #[test]
    fn the_same_text_is_wholly_alike_whatever_its_numbers_and_colours() {
        let shown = "NAME   READY   AGE\napi-0  1/1     3d\n";
        let compared = like(shown, 90).compare_output(b"\x1b[1mNAME\x1b[0m READY AGE\r\napi-7  1/1  41d\r\n");
        assert_eq!(compared, OutputComparison { percent: 100, met: true, decides: true });
    }

    #[test]
    fn another_text_falls_short() {
        let compared =
            like("database system is ready to accept connections", 80).compare_output(b"connection refused\n");
        assert_eq!(compared.percent, 0);
        assert!(!compared.met);
        assert_eq!(like("a b c d", 80).compare_output(b"a b x d").percent, 75);
    }

    #[test]
    fn a_text_that_must_stand_in_it_is_found_or_not() {
        let expected = ExpectedOutput::Contains("accepting connections".to_owned());
        assert!(expected.compare_output(b"/tmp:5432 - accepting connections\n").met);
        assert!(!expected.compare_output(b"/tmp:5432 - no response\n").met);
    }

    #[test]
    fn similarities_are_read_as_documents_write_them() {
        assert_eq!(parse_similarity("0.8"), Some(80));
        assert_eq!(parse_similarity("80%"), Some(80));
        assert_eq!(parse_similarity("1"), Some(100));
        assert_eq!(parse_similarity("much"), None);
    }
}
