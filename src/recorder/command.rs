//! A command from its start to its end, and its keys.
//!
//! Invariant: a command's start is durable before bash sees it, and its end before the engine hears of it. If the engine
//! goes on by itself, that end is synced together with the next start. Refuses to know: how bytes come and go.

use super::activity::Activity;
use super::capture::{self, Capture};
use super::masks::Masks;
use super::outbox::OutputRing;
use super::output::InlinePiece;
use super::protocol::{Failure, FinishedCommand, RunRequest, WireEvent, WireReply};
use super::report::{EndKind, ReportedEnd};
use super::running::{
    Abort, CommandEnding, CommandOutput, EarlyInput, EarlyOutput, Interrupt, Manner, RecordedStart, Running,
    indices_as_sent, names_descriptors, step_file, step_file_name,
};
use super::session::Session;
use crate::history::{CommandFinished, CommandStarted, End, Event, Fact, LeftRunning, Mode, ShellDied, judge_end};
use crate::ident::{Clock as _, Seq};
use std::time::Duration;

/// How a command is to be handed to bash.
struct HandingOver {
    manner: Manner,
    file_name: String,
    /// True if the command cannot change the shell.
    same_shell: bool,
    /// True if `boot.bash` must look at the ERR trap first.
    check_trap: bool,
    /// True if the text may use descriptors that bash itself uses.
    names_descriptors: bool,
}

impl HandingOver {
    fn request_line(&self, seq: Seq) -> String {
        if self.manner == Manner::Quick {
            return format!("q {}\n", seq.0);
        }
        let flags = [('t', self.check_trap), ('b', self.names_descriptors), ('s', self.same_shell)];
        let flags = flags.iter().filter(|(_, is_set)| *is_set).map(|(letter, _)| *letter);
        let flags: String = flags.chain(['-']).collect();
        format!("r {} {flags} {}\n", seq.0, self.file_name)
    }
}

/// How a command ended, as far as bash, or the end of bash, tells.
pub(super) struct CommandEnd {
    pub(super) end: End,
    pub(super) status: Option<i32>,
    pub(super) pipestatus: Vec<i32>,
    /// How bash ended, if it ended with the command.
    pub(super) shell_died: Option<String>,
}

impl CommandEnd {
    pub(super) fn with_shell(how: &str) -> Self {
        Self { end: End::ShellDied, status: None, pipestatus: Vec::new(), shell_died: Some(how.to_owned()) }
    }
}

impl Session {
    /// Records the start of a command and hands it to bash.
    pub(super) fn run_command(&mut self, mut run: RunRequest) {
        self.shell.carried.is_plain = false;
        self.learn_from_text(&run.started.text);
        self.masking.unseen.add_names(std::mem::take(&mut run.unechoed));
        let Ok(salt) = self.record.next_salt() else {
            return self.client.send_failure(Failure::Record, "no random bytes for the salt");
        };
        let handing_over = self.choose_manner(&run);
        // The text is written before the start is recorded: bash does not know of it yet.
        let text = step_file(&run.started.text, run.started.line, handing_over.manner);
        let Some(shell) = &mut self.shell.live else { return };
        if let Err(error) = shell.write_step_file(&handing_over.file_name, &text) {
            return self.client.send_failure(Failure::Shell, format!("the command cannot be handed over: {error}"));
        }
        let facts: Vec<Fact> = run.before.into_iter().chain([Fact::CommandStarted(run.started.clone())]).collect();
        let Some((events, is_recorded)) = self.record_start(&facts, run.unrecorded) else { return };
        let (Some(seq), Some(shell)) = (events.last().map(|event| event.seq), self.shell.live.as_mut()) else { return };
        shell.discard_input();
        if let Some(size) = run.size {
            shell.resize_terminal(size);
        }
        let since = self.clock.now().mono;
        let limit = run.limit.map(|limit| since + limit);
        let same_shell = handing_over.same_shell;
        self.hand_over(handing_over, seq, &run.started);
        self.activity = Activity::Command(Box::new(Running {
            seq,
            start: RecordedStart {
                sent: indices_as_sent(&events, &facts),
                events: events.into_iter().map(WireEvent::from).collect(),
                command: run.started,
                is_recorded,
            },
            output: self.new_output(seq, salt, is_recorded, since),
            goes_on: run.goes_on,
            same_shell,
            since,
            input: EarlyInput::default(),
            interrupt: Interrupt::default(),
            ending: CommandEnding::at_limit(limit),
        }));
    }

    fn choose_manner(&self, run: &RunRequest) -> HandingOver {
        let (carried, state) = (&self.shell.carried, &self.shell.state);
        let file_name = step_file_name(&run.name);
        let same_shell = state.is_left_by(&run.started);
        let check_trap = carried.check_trap;
        let names_descriptors = names_descriptors(&run.started.text);
        let is_plain = same_shell && !check_trap && !names_descriptors && state.can_set_line();
        let goes_on_plainly = carried.is_neutral() && state.status == 0 && carried.file == file_name;
        let manner = if is_plain && goes_on_plainly {
            Manner::Quick
        } else {
            Manner::Careful { trace: carried.has_option('x'), verbose: carried.has_option('v') }
        };
        HandingOver { manner, file_name, same_shell, check_trap, names_descriptors }
    }

    /// Records the start of a command, or tells the engine why not. The flag is false if it runs unrecorded.
    fn record_start(&mut self, facts: &[Fact], may_run_unrecorded: bool) -> Option<(Vec<Event>, bool)> {
        match self.record.append_synced(facts.to_vec()) {
            Ok(events) => Some((events, true)),
            Err(_) if may_run_unrecorded => Some((self.record.unrecorded_events(facts.to_vec()), false)),
            Err(why) => {
                if let Some(shell) = &mut self.shell.live {
                    shell.clear_step_file();
                }
                self.client.send_failure(Failure::Record, why);
                None
            }
        }
    }

    fn hand_over(&mut self, handing_over: HandingOver, seq: Seq, started: &CommandStarted) {
        let slot = &mut self.shell;
        let Some(shell) = slot.live.as_mut() else { return };
        slot.state.look_at_descriptors(shell.as_ref());
        slot.state.will_run(started, handing_over.same_shell);
        slot.carried.check_trap = started.text.contains("trap");
        shell.send_request(handing_over.request_line(seq).as_bytes());
        if handing_over.manner != Manner::Quick {
            slot.carried.file = handing_over.file_name;
        }
        if !handing_over.same_shell {
            slot.state.may_change(seq.0);
        }
    }

    fn new_output(&self, seq: Seq, salt: String, is_recorded: bool, since: Duration) -> CommandOutput {
        let limits = &self.options.limits;
        let path = capture::output_path(&self.options.folder, seq);
        let limit_bytes = if is_recorded { limits.output_limit_bytes } else { 0 };
        CommandOutput {
            capture: Capture::new(path, salt, limit_bytes, limits.free_disk_percent),
            masks: Masks::new(self.record.fact_masker()),
            unstored: OutputRing::default(),
            sync_at: None,
            buffered: Some(EarlyOutput::buffer_until(since + super::HOLD)),
        }
    }

    /// Passes on the keys and the interrupt that came before bash began the command.
    pub(super) fn command_began(&mut self) {
        let Activity::Command(running) = &mut self.activity else { return };
        running.input.has_begun = true;
        let keys = std::mem::take(&mut running.input.keys);
        let interrupt = running.input.interrupt;
        if !keys.is_empty() {
            self.pass_keys(&keys);
        }
        if interrupt {
            self.interrupt_command();
        }
    }

    pub(super) fn command_ended(&mut self, ended: &ReportedEnd) {
        self.shell.accept_end(ended);
        self.shell.state.status = ended.status;
        let end = match ended.how {
            EndKind::Ran => End::Ran,
            EndKind::Returned => End::Returned,
            EndKind::Exited => End::Exited,
            EndKind::Errexit => End::Errexit,
            EndKind::Thrown => End::Thrown,
            EndKind::Stopped => End::Stopped,
            EndKind::Aborted => End::Aborted,
        };
        let (status, pipestatus) = (Some(ended.status), ended.pipestatus.clone());
        self.finish_command(CommandEnd { end, status, pipestatus, shell_died: None });
    }

    /// Records the end of the running command and tells the engine. If bash ended too, the engine hears of it when a new
    /// shell is up.
    pub(super) fn finish_command(&mut self, end: CommandEnd) {
        if !matches!(self.activity, Activity::Command(_)) {
            return;
        }
        let ended_at = self.elapsed_time();
        self.drain_output();
        self.finish_masks();
        let Activity::Command(running) = std::mem::replace(&mut self.activity, Activity::Idle) else { return };
        let shell_died = end.shell_died.clone().map(|how| Fact::ShellDied(ShellDied { how }));
        let goes_on = running.goes_on && shell_died.is_none() && self.client.engine.is_some();
        if !goes_on {
            self.shell.put_away_command();
        }
        let Running { seq, start, output, same_shell, since, interrupt, ending, .. } = *running;
        let CommandOutput { mut capture, buffered, .. } = output;
        let inline = take_inline_output(&mut capture, buffered);
        let took = ended_at.saturating_sub(since);
        let finished = self.describe_end(end, (&start.command, seq), took, &interrupt, &ending, capture);
        let facts = std::iter::once(Fact::CommandFinished(finished)).chain(shell_died.clone()).collect();
        let (appended, foreseen) = self.record_end(facts, goes_on, start.is_recorded);
        self.tell_inline_output(seq, &inline, start.is_recorded);
        let finished = appended.into_iter().find(|event| matches!(event.fact, Fact::CommandFinished(_)));
        if let Some(finished) = finished {
            if shell_died.is_some() {
                self.client.held_reply = Some((Running::begun_events(start), finished.into()));
                return;
            }
            self.tell_finished(start, finished, foreseen, same_shell);
        }
        if goes_on {
            self.shell.put_away_command();
        }
        if shell_died.is_none() {
            self.become_idle();
        }
    }

    fn describe_end(
        &self,
        ended: CommandEnd,
        (command, started): (&CommandStarted, Seq),
        took: Duration,
        interrupt: &Interrupt,
        ending: &CommandEnding,
        capture: Capture,
    ) -> CommandFinished {
        let CommandEnd { end, status, pipestatus, .. } = ended;
        // A command that was told to end may still finish in another way before bash notices.
        let end = match (ending.abort, end) {
            (Abort::No, end) => end,
            (_, End::Stopped | End::Exited) => end,
            _ => End::Aborted,
        };
        let was_interrupted = if end == End::Aborted { ending.stopped } else { interrupt.was_sent };
        let outcome = judge_end(
            end,
            status.unwrap_or_default(),
            &pipestatus,
            &command.answers,
            command.never_ends,
            was_interrupted,
            capture.inline_head(),
        );
        CommandFinished {
            started,
            end,
            outcome,
            status,
            pipestatus,
            cwd: self.shell.cwd.display().to_string(),
            took_ns: u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
            output: capture.finish_output(),
        }
    }

    /// Records the end of a command. The second event is the foreseen end, if it is yet to be written.
    ///
    /// An end that cannot be recorded becomes an event all the same: the command has run and must not run again.
    fn record_end(&mut self, facts: Vec<Fact>, goes_on: bool, is_recorded: bool) -> (Vec<Event>, Option<Event>) {
        if goes_on
            && is_recorded
            && let Some(event) = facts.first().and_then(|fact| self.record.foresee_event(fact.clone()))
        {
            return (vec![event.clone()], Some(event));
        }
        let appended = if is_recorded { self.record.append_with_reserve(facts.clone()).ok() } else { None };
        (appended.unwrap_or_else(|| self.record.unrecorded_end(facts, is_recorded)), None)
    }

    /// Tells the engine of a command's end, then writes a foreseen end.
    fn tell_finished(&mut self, start: RecordedStart, finished: Event, foreseen: Option<Event>, same_shell: bool) {
        let begun = Running::begun_events(start);
        let respawned = self.shell.respawned.take();
        let left = self.shell.state.new_orphans(self.shell.local_pid());
        let left_running = (!left.is_empty()).then(|| Fact::LeftRunning(LeftRunning { processes: left.clone() }));
        // This reply tells the engine that everything before it is durable.
        self.record.clear_sync_deadline();
        let settled = foreseen.is_none();
        let came = FinishedCommand { begun, finished: finished.into(), settled, respawned, left, same_shell };
        self.shell.carried.is_plain = came.is_plain();
        self.client.send_reply(&WireReply::Finished(Box::new(came)));
        // The engine goes on without waiting for the rest.
        if let Some(event) = foreseen {
            self.record.append_foreseen(event);
        }
        if let Some(fact) = left_running {
            self.record.add_pending(fact);
        }
    }

    /// Passes keys to the running command. Unattended runs have no keys.
    pub(super) fn pass_keys(&mut self, keys: &[u8]) {
        let (Activity::Command(running), Some(shell), Mode::Attended) =
            (&mut self.activity, &mut self.shell.live, self.options.mode)
        else {
            return;
        };
        if !running.input.has_begun {
            if running.input.keys.len() < super::KEYS_LIMIT_BYTES {
                running.input.keys.extend_from_slice(keys);
            }
            return;
        }
        let interrupts = keys.contains(&shell.interrupt_key());
        if interrupts && shell.has_queued_keys() {
            // Behind keys that no program reads the interrupt would never arrive.
            shell.clear_keys();
            running.interrupt.note_sent(shell.interrupt_foreground(), self.clock.now().mono);
            return;
        }
        if interrupts {
            running.interrupt.note_sent(shell.is_in_foreground(), self.clock.now().mono);
        }
        if shell.hides_typed_line() {
            self.masking.unseen.collect_keys(keys);
        }
        shell.send_keys(keys);
    }

    /// Interrupts the running command, or notes that it is to be interrupted once it has begun.
    pub(super) fn interrupt_command(&mut self) {
        let (Activity::Command(running), Some(shell)) = (&mut self.activity, &self.shell.live) else { return };
        if running.input.has_begun {
            running.interrupt.note_sent(shell.interrupt_foreground(), self.clock.now().mono);
        } else {
            running.input.interrupt = true;
        }
    }
}

/// Moves output that was buffered for a command's first moments into its end.
fn take_inline_output(capture: &mut Capture, buffered: Option<EarlyOutput>) -> Vec<InlinePiece> {
    let pieces = buffered.map(|buffered| buffered.pieces).unwrap_or_default();
    let take_piece = |(channel, bytes): (_, Vec<u8>)| {
        let (offset, kept) = capture.keep_inline(&bytes);
        InlinePiece { channel, offset, kept, bytes }
    };
    pieces.into_iter().map(take_piece).collect()
}
