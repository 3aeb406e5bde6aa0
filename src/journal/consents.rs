//! Checks that every command that can destroy something has its consent in the record, before it and for that very text.
//!
//! Invariant: the consent is the event right before the start. Refuses to know: which commands are dangerous; the start says so.

use crate::history::{CommandStarted, Event, Fact, GatePassed};
use crate::ident::Seq;
use std::collections::BTreeSet;

/// The level from which a command needs a consent: it destroys or stops something.
const NEEDS_CONSENT: u32 = 2;
/// Text of an event whose payload was dropped.
const REDACTED: &str = "[redacted]";

/// Consents of the commands of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consents {
    /// Number of commands that needed a consent and have it.
    pub recorded: u64,
    /// Commands that needed a consent and have none.
    pub missing: BTreeSet<Seq>,
    /// The event before the current one, if it opened a gate.
    last: Option<(Seq, GatePassed)>,
}

impl Consents {
    /// Takes in the next event.
    pub(super) fn consume_event(&mut self, event: &Event) {
        let last = self.last.take();
        match &event.fact {
            Fact::GatePassed(passed) => self.last = Some((event.seq, passed.clone())),
            Fact::CommandStarted(started) if started.level.is_some_and(|level| level >= NEEDS_CONSENT) => {
                let is_consent =
                    |(seq, passed): &(Seq, GatePassed)| seq.0 + 1 == event.seq.0 && is_for_start(passed, started);
                if last.as_ref().is_some_and(is_consent) {
                    self.recorded += 1;
                } else {
                    self.missing.insert(event.seq);
                }
            }
            _ => {}
        }
    }
}

fn is_for_start(passed: &GatePassed, started: &CommandStarted) -> bool {
    let is_same_text = passed.text == started.text || passed.text == REDACTED || started.text == REDACTED;
    is_same_text
        && passed.step == started.step
        && passed.command == started.command
        && Some(passed.level) == started.level
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Answers, CommandSource, ConsentForm};
    use crate::ident::{Clock as _, StepId, SystemClock};

    fn events(facts: Vec<Fact>) -> Vec<Event> {
        let at = SystemClock::start_now().now();
        facts.into_iter().zip(1..).map(|(fact, seq)| Event { seq: Seq(seq), at, fact }).collect()
    }

    fn started(text: &str, level: u32) -> Fact {
        Fact::CommandStarted(CommandStarted {
            step: StepId::new("s"),
            command: Some(0),
            of: 1,
            attempt: 1,
            source: CommandSource::Document,
            text: text.to_owned(),
            line: 1,
            level: Some(level),
            never_ends: false,
            answers: Answers::default(),
        })
    }

    fn passed(text: &str) -> Fact {
        Fact::GatePassed(GatePassed {
            step: StepId::new("s"),
            command: Some(0),
            level: 2,
            unknown: false,
            text: text.to_owned(),
            asked: "y".to_owned(),
            consent: ConsentForm::Yes,
            given: "y".to_owned(),
        })
    }

    fn check(facts: Vec<Fact>) -> (u64, usize) {
        let mut consents = Consents::default();
        for event in &events(facts) {
            consents.consume_event(event);
        }
        (consents.recorded, consents.missing.len())
    }

    #[test]
    fn a_consent_is_for_the_text_that_starts_right_after_it_and_for_no_other() {
        assert_eq!(check(vec![passed("rm x"), started("rm x", 2)]), (1, 0));
        assert_eq!(check(vec![passed("rm y"), started("rm x", 2)]), (0, 1));
        assert_eq!(check(vec![started("rm x", 2), passed("rm x")]), (0, 1));
        assert_eq!(check(vec![passed("rm x"), started("rm x", 2), started("rm x", 2)]), (1, 1));
        assert_eq!(check(vec![passed("rm x"), started("rm x", 3)]), (0, 1));
        assert_eq!(check(vec![started("touch x", 1)]), (0, 0));
        assert_eq!(check(vec![passed("[redacted]"), started("rm x", 2)]), (1, 0));
    }
}
