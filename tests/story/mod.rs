//! A run in which everything happens, for the tests of the transcript.

use super::facts::{captured, decided, entered, finished, moment, note, run_started, started};
use runbook::history::{
    ChoiceMade, CommandFinished, CommandSource, CommandStarted, Decision, End, EngineLost, Event, Fact, InputGiven,
    InputOrigin, MessageFilled, Outcome, OutputSource, RunFinished, RunResult, ShellDied, ShellStarted, StepEntered,
    StepFinished, StepForm, StepResult,
};
use runbook::ident::{Digest, InputName, Seq, StepId};
use runbook::transcript::{Format, Sources, write_transcript};
use std::collections::BTreeMap;
use std::io;

pub(crate) const DOCUMENT: &str = "\
# Orders platform

## Database recovery

Stop the writers first.
They reconnect by themselves.

### Restore

| size | how long |
|------|----------|
| 1 GB | 2 min    |

```bash
docker-compose stop api
redis-cli flushall
```
";

/// Outputs by the number of their command.
#[derive(Default)]
pub(crate) struct Outputs(pub(crate) BTreeMap<u64, Vec<u8>>);

impl OutputSource for Outputs {
    fn read_output(&self, command: Seq, offset_bytes: u64, limit_bytes: usize) -> io::Result<Vec<u8>> {
        let bytes = self.0.get(&command.0).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes.iter().skip(usize::try_from(offset_bytes).unwrap()).take(limit_bytes).copied().collect())
    }
}

/// A run being told: facts get their numbers, and times a few seconds apart.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) events: Vec<Event>,
    pub(crate) outputs: Outputs,
    pub(crate) seconds: u64,
}

impl Story {
    pub(crate) fn tell(&mut self, fact: Fact) -> Seq {
        self.seconds += 7;
        let seq = Seq(self.events.len() as u64 + 1);
        self.events.push(Event { seq, at: moment(self.seconds), fact });
        seq
    }

    pub(crate) fn step(&mut self, step: &str, number: &str, title: &str, form: StepForm, prose: &[(u32, u32)]) {
        let entered = entered(step, number, title, form);
        self.tell(Fact::StepEntered(StepEntered { prose: prose.to_vec(), ..entered }));
    }

    pub(crate) fn run(&mut self, command: CommandStarted, outcome: Outcome, statuses: &[i32], output: &[u8]) -> Seq {
        let seq = self.tell(Fact::CommandStarted(command));
        self.back(seq, outcome, statuses, output);
        seq
    }

    pub(crate) fn back(&mut self, seq: Seq, outcome: Outcome, statuses: &[i32], output: &[u8]) {
        let Fact::CommandFinished(finished) = finished(seq, output) else { return };
        let mut captured = captured(output);
        if output.len() > 4096 {
            captured.inline = None;
            self.outputs.0.insert(seq.0, output.to_vec());
        }
        let end = if outcome == Outcome::ShellEnded { End::ShellDied } else { End::Ran };
        self.tell(Fact::CommandFinished(CommandFinished {
            end,
            outcome,
            status: statuses.last().copied(),
            pipestatus: statuses.to_vec(),
            output: captured,
            ..finished
        }));
    }

    pub(crate) fn left(&mut self, step: &str, result: StepResult) {
        self.tell(Fact::StepFinished(StepFinished { step: StepId::new(step), result }));
    }

    pub(crate) fn render(&self, live: bool) -> String {
        self.render_as(Format::Markdown, live)
    }

    pub(crate) fn render_as(&self, format: Format, live: bool) -> String {
        let sources = Sources {
            document: Some(DOCUMENT),
            outputs: &self.outputs,
            last_hash: Some(Digest::of_bytes(b"head")),
            is_live: live,
        };
        let mut bytes = Vec::new();
        write_transcript(format, || self.events.iter().cloned(), &sources, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }
}

pub(crate) fn written(step: &str, command: u32, text: &str) -> CommandStarted {
    started(step, Some(command), 1, CommandSource::Document, text)
}

/// Everything that can happen in a run.
pub(crate) fn whole_story() -> Story {
    let mut story = Story::default();
    story.tell(Fact::RunStarted(run_started()));
    story.tell(Fact::ShellStarted(ShellStarted { pid: 1, program: "/bin/bash".into(), version: "5.2".into() }));
    story.tell(Fact::InputGiven(InputGiven {
        step: None,
        name: InputName::new("backup_file"),
        value: "backups/20261124.sql.gz".into(),
        origin: InputOrigin::Flag,
    }));
    story.step("s1", "1", "Stop the writers", StepForm::Command, &[(5, 6)]);
    story.tell(decided("s1", Some(0), Decision::Run, ""));
    story.run(
        written("s1", 0, "docker-compose stop api"),
        Outcome::Succeeded,
        &[0],
        b"\x1b[32mStopping api\x1b[0m ... \r\x1b[KStopped api\r\n",
    );
    story.run(written("s1", 1, "docker logs api | grep 'a\\|b'"), Outcome::Negative("no match".into()), &[0, 1], b"");
    story.left("s1", StepResult::Done);
    story.step("s2", "2", "Find the newest backup", StepForm::Command, &[(8, 12)]);
    let long = (1..=5000).map(|i| format!("{i:05} backups/2026{i:04}.sql.gz\n")).collect::<Vec<_>>().concat();
    story.run(written("s2", 0, "ls -l backups"), Outcome::Succeeded, &[0], long.as_bytes());
    story.tell(note("The one of 22:00 is *half* its usual size | ask bob"));
    let edited = CommandSource::Edited("sha256sum -c \\\n  backup.sha256".into());
    let check = started("s2", Some(1), 1, edited, "sha256sum -c \\\n  backups/new.sha256");
    story.tell(decided("s2", Some(1), Decision::Edit, ""));
    story.run(check, Outcome::Failed, &[1], b"sha256sum: backups/new.sha256: No such file\n");
    story.tell(decided("s2", Some(1), Decision::Own, ""));
    story.run(started("s2", None, 1, CommandSource::Own, "cd backups"), Outcome::Succeeded, &[0], b"");
    story.tell(decided("s2", Some(1), Decision::Retry, ""));
    story.run(
        started("s2", Some(1), 2, CommandSource::Document, "sha256sum -c new.sha256"),
        Outcome::Succeeded,
        &[0],
        b"new: OK\n",
    );
    story.left("s2", StepResult::DoneWithFailures);
    story.tell(Fact::ChoiceMade(ChoiceMade {
        question: "How to restore?".into(),
        option: Some("From backup".into()),
        line: 20,
    }));
    story.step("s3", "3", "Notify the affected users", StepForm::Task, &[]);
    story.tell(decided("s3", None, Decision::Done, "called bob; he told support"));
    story.left("s3", StepResult::Done);
    story.step("s4", "4", "Status update", StepForm::Message, &[]);
    story.tell(Fact::MessageFilled(MessageFilled {
        step: StepId::new("s4"),
        text: "**Orders are down.**\nNext update: 23:30 UTC\n".into(),
    }));
    story.left("s4", StepResult::Done);
    story.step("s5", "5", "Restore", StepForm::Command, &[]);
    let placed = CommandSource::Placed("gunzip -c <backup> | psql".into());
    let restore = started("s5", Some(0), 1, placed, "gunzip -c new.sql.gz | psql");
    story.run(restore, Outcome::Failed, &[1, 0], b"gzip: new.sql.gz: unexpected end of file\n");
    story.tell(decided("s5", Some(0), Decision::GoOn, "the last line is the comment"));
    story.tell(decided("s5", Some(1), Decision::Skip, "the cache is empty anyway"));
    story.left("s5", StepResult::PartlyRun);
    story.tell(decided("s5", None, Decision::Back, ""));
    story.step("s5", "5", "Restore", StepForm::Command, &[]);
    story.run(
        CommandStarted { never_ends: true, ..written("s5", 0, "top") },
        Outcome::EndedByOperator,
        &[130],
        b"\x1b[?1049h\x1b[H\x1b[2Jtop - 22:51\x1b[?1049l",
    );
    story.run(written("s5", 1, "exec false"), Outcome::ShellEnded, &[], b"");
    story.tell(Fact::ShellDied(ShellDied { how: "exit 1".into() }));
    story.tell(Fact::ShellStarted(ShellStarted { pid: 2, program: "/bin/bash".into(), version: "5.2".into() }));
    story.seconds += 5000;
    story.tell(Fact::CommandStarted(written("s5", 1, "psql -c 'SELECT 1'")));
    story.tell(Fact::EngineLost(EngineLost { then: "the running command goes on".into() }));
    story.tell(decided("s5", None, Decision::Stop, ""));
    story.tell(Fact::RunFinished(RunFinished {
        result: RunResult::Stopped,
        reason: "the operator stopped it".into(),
        next: Some(StepId::new("s5")),
    }));
    story
}
