//! Lengths of time as people write them: `< 15 minutes`, `an hour`, `15-30 min`, `2h`, `next business day`.
//!
//! Invariant: total. A number without a unit is not a length. Refuses to know: the purpose of the length.

use crate::history::{Response, Seconds};

const UNITS: &[(u64, &[&str])] = &[
    (1, &["s", "sec", "secs", "second", "seconds"]),
    (60, &["m", "min", "mins", "minute", "minutes"]),
    (3600, &["h", "hr", "hrs", "hour", "hours"]),
    (86_400, &["d", "day", "days"]),
    (604_800, &["w", "week", "weeks"]),
];

const NUMBER_WORDS: &[(&str, u64)] = &[
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("forty-five", 45),
    ("sixty", 60),
];

/// Finds the first length in a text; of a range, the upper end.
pub(super) fn find_length(text: &str) -> Option<Seconds> {
    find_range(text).map(|(_, most)| most)
}

/// Finds the first length or range in a text. A single length is both ends of its range.
pub(super) fn find_range(text: &str) -> Option<(Seconds, Seconds)> {
    let words = split_words(text);
    (0..words.len()).find_map(|at| parse_range(words.get(at..).unwrap_or_default()))
}

fn parse_range(words: &[String]) -> Option<(Seconds, Seconds)> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    // `half an hour`, `a quarter of an hour`, `half a day`.
    for (phrase, part) in [(&["half"][..], 2), (&["a", "quarter", "of"], 4), (&["quarter", "of"], 4)] {
        if phrase.iter().enumerate().all(|(at, wanted)| word(at) == *wanted)
            && matches!(word(phrase.len()), "a" | "an")
            && let Some(unit) = unit_seconds(word(phrase.len() + 1))
        {
            return Some((Seconds(unit / part), Seconds(unit / part)));
        }
    }
    if let Some((first, second)) = parse_number_range(word(0))
        && let Some(unit) = unit_seconds(word(1))
    {
        return Some((scale_hundredths(first, unit)?, scale_hundredths(second, unit)?));
    }
    let first = parse_hundredths(word(0))?;
    // `15 to 30 minutes`, `15 min to 1 hour`.
    if matches!(word(1), "to" | "-")
        && let (Some(second), Some(unit)) = (parse_hundredths(word(2)), unit_seconds(word(3)))
    {
        return Some((scale_hundredths(first, unit)?, scale_hundredths(second, unit)?));
    }
    let first = scale_hundredths(first, unit_seconds(word(1))?)?;
    if matches!(word(2), "to" | "-")
        && let (Some(second), Some(unit)) = (parse_hundredths(word(3)), unit_seconds(word(4)))
    {
        return Some((first, scale_hundredths(second, unit)?));
    }
    Some((first, first))
}

/// Parses how soon somebody must answer; `None` only for a blank text.
pub(super) fn parse_response(text: &str) -> Option<Response> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let lower = text.to_lowercase();
    if lower.contains("business day") || lower.contains("working day") || lower.contains("next day") {
        return Some(Response::NextBusinessDay);
    }
    if let Some(within) = find_length(text) {
        return Some(Response::Within(within));
    }
    let at_once = ["immediate", "at once", "right away", "instant", "now", "asap"];
    if at_once.iter().any(|word| lower.contains(word)) {
        return Some(Response::Immediate);
    }
    Some(Response::Words(text.to_owned()))
}

/// Splits a text into lower-case words and numbers. A number is separated from a unit written with it.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in text.to_lowercase().replace(['–', '—', '‑'], "-").split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let digits = word.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-')).unwrap_or(word.len());
        let (number, unit_word) = word.split_at(digits);
        let number = number.trim_end_matches('-');
        let letters = unit_word.trim_start_matches('-');
        if !number.is_empty() && unit_seconds(letters).is_some() {
            words.extend([number.to_owned(), letters.to_owned()]);
        } else if !word.is_empty() {
            words.push(word.to_owned());
        } else {
            words.push("-".to_owned());
        }
    }
    words
}

fn unit_seconds(word: &str) -> Option<u64> {
    UNITS.iter().find(|(_, names)| names.contains(&word)).map(|(seconds, _)| *seconds)
}

/// Parses a number, in digits or words, into hundredths.
fn parse_hundredths(word: &str) -> Option<u64> {
    if let Some((_, number)) = NUMBER_WORDS.iter().find(|(name, _)| *name == word) {
        return Some(number * 100);
    }
    let (whole, part) = word.split_once('.').unwrap_or((word, "0"));
    if whole.is_empty() || whole.len() > 6 || part.len() > 2 {
        return None;
    }
    let hundredths = format!("{part:0<2}").parse::<u64>().ok()?;
    Some(whole.parse::<u64>().ok()? * 100 + hundredths)
}

fn parse_number_range(word: &str) -> Option<(u64, u64)> {
    let (first, second) = word.split_once('-')?;
    Some((parse_hundredths(first)?, parse_hundredths(second)?))
}

fn scale_hundredths(hundredths: u64, unit: u64) -> Option<Seconds> {
    hundredths.checked_mul(unit).map(|all| Seconds(all / 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        let of = |text| find_length(text).map(|length| length.0);
        assert_eq!(of("(if issue not resolved in 30 minutes)"), Some(1800));
        assert_eq!(of("if critical impact > 1 hour"), Some(3600));
        assert_eq!(of("< 15 minutes"), Some(900));
        assert_eq!(of("after an hour"), Some(3600));
        assert_eq!(of("1.5h"), Some(5400));
        assert_eq!(of("within two days"), Some(172_800));
        assert_eq!(of("half an hour"), Some(1800));
        assert_eq!(of("a quarter of an hour"), Some(900));
        assert_eq!(of("45min"), Some(2700));
        assert_eq!(of("a 30-minute pause"), Some(1800));
        assert_eq!(of("error rate > 10%"), None);
        assert_eq!(of("P0"), None);
        assert_eq!(of("room 12"), None);
    }

    #[test]
    fn a_range_has_two_ends() {
        let of = |text| find_range(text).map(|(least, most)| (least.0, most.0));
        assert_eq!(of("every 15-30 minutes"), Some((900, 1800)));
        assert_eq!(of("every 15 – 30 min"), Some((900, 1800)));
        assert_eq!(of("every 15 to 30 minutes"), Some((900, 1800)));
        assert_eq!(of("every 30 min to 1 hour"), Some((1800, 3600)));
        assert_eq!(of("every 20 minutes:"), Some((1200, 1200)));
    }

    #[test]
    fn a_response_without_a_time_keeps_its_words() {
        assert_eq!(parse_response("Immediate"), Some(Response::Immediate));
        assert_eq!(parse_response("Next business day"), Some(Response::NextBusinessDay));
        assert_eq!(parse_response("< 1 hour"), Some(Response::Within(Seconds(3600))));
        assert_eq!(parse_response("when you can"), Some(Response::Words("when you can".to_owned())));
        assert_eq!(parse_response(" "), None);
    }

    #[test]
    fn odd_numbers_are_no_lengths() {
        for text in ["99999999999999999999 minutes", "1..2 hours", "- -", "", "minutes", "5", "999999 weeks-"] {
            let _: Option<Seconds> = find_length(text);
        }
        assert_eq!(find_length("99999999999999999999 minutes"), None);
    }
}
