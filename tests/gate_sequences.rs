//! No document, answer, failure, edit, changed variable or resume starts a command that can destroy something without its own consent.
//!
//! The engine is driven with random plans by a session that runs nothing and by an adapter that gives any answer to any question.
//! `RUNBOOK_TEST_SEQUENCES` sets how many sequences are tried.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up its plan fails")]
#![expect(clippy::disallowed_methods, reason = "a test is told by the environment how long it may take")]

use runbook::document::Runbook;
use runbook::engine::{Engine, Settings};
use runbook::history::{
    Captured, CommandFinished, ConsentForm, End, Event, Fact, Mode, Outcome, RunStarted, RunbookIdentity,
};
use runbook::ident::{Anchor, Clock as _, Digest, InputName, Seq, SystemClock};
use runbook::plan::{Consent, Plan, Planner, Policy, RequiredAnswer, RunPlace, Values, compute_approval};
use runbook::ports::{
    Ask, Chosen, Finished, Journal, Kernel, KernelError, Notice, Operator, OperatorError, Pause, Paused, Reply,
    Request, ShellVariable, Stream, Syntax, SyntaxVerdict, Watch,
};
use runbook::risk::{Level, risk_with};
use runbook::shell::{Definition, DefinitionKind, ShellDefinitions};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

const HOST: &str = "db1";
const START: &str = "/w";

/// Texts of every level, with the name that the gate must ask for where the text fixes it.
const COMMANDS: &[&str] = &[
    "echo hello",
    "ls",
    "touch x",
    "cd sub",
    "D=old",
    "D=../other",
    "frobnicate --all",
    "rm file",
    "rm \"$D/file\"",
    "systemctl stop nginx",
    "rm -r \"$D\"",
    "rm -r old",
    "rm -r \"$UNSET\"",
    "rm -r ./{{ name }}",
    "dropdb shop",
    "psql shop -c 'DROP TABLE t'",
    "watch -n 1 ls",
    "watch -n 1 rm file",
    "grep x y",
    "exit 3",
];

/// Attributes of a cell.
const ATTRIBUTES: &[&str] = &[
    "",
    "",
    "",
    " {retry=2 every=1s}",
    " {until=\"ls ready\" retry=2 every=1s}",
    " {until=\"rm ready\" retry=2 every=1s}",
    " {until=\"rm -r \\\"$D\\\"\" retry=1 every=1s}",
    " {monitor=3s every=1s}",
    " {continue}",
    " {confirm}",
];

/// Numbers of a generator that anybody can repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    fn is_one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

/// What session and adapter share: the shell, and the last answer to a question about a command.
struct World {
    random: Random,
    variables: BTreeMap<String, String>,
    cwd: String,
    definitions: ShellDefinitions,
    /// The text that was asked about last, the answer, and the name that the gate asked for.
    answered: Option<(String, Reply, RequiredAnswer)>,
    questions: usize,
    policy: Policy,
    is_attended: bool,
    /// How many commands of each level started.
    started: [u64; 4],
}

type Shared = Rc<RefCell<World>>;

struct Session {
    world: Shared,
    events: Vec<Event>,
    clock: SystemClock,
}

impl Session {
    fn record(&mut self, fact: Fact) -> Event {
        let event = Event { seq: Seq(self.events.len() as u64 + 1), at: self.clock.now(), fact };
        self.events.push(event.clone());
        event
    }

    /// Fails the test unless this start has its own consent.
    fn check_consent(&self, request: &Request) {
        let text = request.runnable.text();
        let mut world = self.world.borrow_mut();
        let risk = risk_with(text, &world.definitions);
        let answered = world.answered.take();
        world.started[usize::from(risk.level.as_number())] += 1;
        let needs_consent = risk.level >= Level::Destroys || risk.unknown;
        if !needs_consent {
            return;
        }
        let Some(Fact::GatePassed(passed)) = request.before.last() else {
            panic!("`{text}` started, and no consent is recorded before it: {:?}", request.before);
        };
        assert_eq!((&*passed.text, passed.level), (text, u32::from(request.start.level.as_number())));
        assert!(request.start.level >= risk.level, "`{text}` was recorded below its level");
        let Some((asked, reply, required)) = answered else { panic!("`{text}` started, and nobody was asked") };
        assert_eq!(asked, text, "another text was asked about");
        match (reply, required) {
            (Reply::Run(Consent::Typed(typed)), RequiredAnswer::Typed(name)) => {
                assert_eq!(typed.trim(), name.trim());
                assert_eq!(passed.consent, ConsentForm::Typed);
                assert!(!name.contains(['$', '`']), "`{name}` is no live object");
                if let Some(expected) = expected_name(text, &world) {
                    assert_eq!(name, expected, "`{text}` in {}", world.cwd);
                }
            }
            (Reply::Run(Consent::Yes | Consent::Typed(_)), RequiredAnswer::Yes) => {
                assert!(risk.level < Level::Irreversible, "`{text}` took a yes");
            }
            (Reply::Run(Consent::Flags), _) => {
                assert!(!world.is_attended, "flags opened `{text}` although an operator is there");
                let policy = &world.policy;
                assert!(!risk.unknown || policy.allow_unknown, "`{text}` is not allowed");
                assert!(risk.level != Level::Destroys || policy.allow_destructive, "`{text}` is not allowed");
                let is_approved = passed.consent == ConsentForm::Approved;
                assert!(risk.level < Level::Irreversible || is_approved, "`{text}` is not approved");
            }
            (reply, required) => panic!("`{text}` started by {reply:?} where {required:?} was asked for"),
        }
    }

    fn run_text(&self, text: &str) -> End {
        let mut world = self.world.borrow_mut();
        if let Some(value) = text.strip_prefix("D=") {
            world.variables.insert("D".to_owned(), value.to_owned());
        }
        if text == "cd sub" {
            world.cwd.push_str("/sub");
        }
        if let Some(alias) = text.strip_prefix("alias ls=") {
            let text = alias.trim_matches('\'').to_owned();
            world.definitions.add_or_replace(Definition { kind: DefinitionKind::Alias, name: "ls".to_owned(), text });
        }
        if text.starts_with("exit") { End::Exited } else { End::Ran }
    }
}

/// The live object that these texts are about.
fn expected_name(text: &str, world: &World) -> Option<String> {
    let path = match text {
        "rm -r \"$D\"" => world.variables.get("D")?.clone(),
        "rm -r \"$UNSET\"" => world.variables.get("UNSET")?.clone(),
        "rm -r old" => "old".to_owned(),
        "dropdb shop" => return Some("shop".to_owned()),
        _ => return None,
    };
    if path.contains(['*', '?', '[', '{']) || path.starts_with('~') {
        return None;
    }
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { world.cwd.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = format!("/{}", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"));
    // Nobody types a longer one, so the step and the host are asked for.
    (path.len() <= 80).then_some(path)
}

impl Kernel for Session {
    fn run_request(
        &mut self,
        request: &Request,
        _next: Option<&Request>,
        _watch: &mut dyn Watch,
    ) -> Result<Finished, KernelError> {
        if self.world.borrow_mut().random.is_one_in(60) && !request.may_run_unrecorded {
            return Err(KernelError::Record("no room".to_owned()));
        }
        if self.world.borrow_mut().random.is_one_in(200) {
            return Err(KernelError::Lost("killed".to_owned()));
        }
        self.check_consent(request);
        let before = request.before.iter().cloned().map(|fact| self.record(fact)).collect();
        let started = self.record(Fact::CommandStarted(request.started_fact()));
        let end = self.run_text(request.runnable.text());
        let luck = self.world.borrow_mut().random.below(6);
        let (outcome, status) = match (end, luck) {
            (End::Exited, _) => (Outcome::Exited, 3),
            (_, 0) => (Outcome::Failed, 1),
            (_, 1) => (Outcome::Negative("no match".to_owned()), 1),
            (_, 2) => (Outcome::TimedOut, 124),
            (_, 3) => (Outcome::Interrupted, 130),
            _ => (Outcome::Succeeded, 0),
        };
        let cwd = self.world.borrow().cwd.clone();
        let finished = self.record(Fact::CommandFinished(CommandFinished {
            started: started.seq,
            end,
            outcome,
            status: Some(status),
            pipestatus: vec![status],
            cwd,
            took_ns: 1,
            output: no_output(),
        }));
        let is_dead = self.world.borrow_mut().random.is_one_in(40);
        if is_dead {
            self.lose_shell();
        }
        Ok(Finished {
            before,
            started,
            finished,
            is_durable: true,
            respawned: is_dead.then(|| "signal 9".to_owned()),
            meanwhile: Vec::new(),
            left_running: Vec::new(),
        })
    }

    fn read_variables(&mut self, names: &[String]) -> Result<Vec<ShellVariable>, KernelError> {
        let world = self.world.borrow();
        let live = |name: &String| ShellVariable { name: name.clone(), value: world.variables.get(name).cloned() };
        Ok(names.iter().map(live).collect())
    }

    fn shell_definitions(&mut self) -> Result<Rc<ShellDefinitions>, KernelError> {
        Ok(Rc::new(self.world.borrow().definitions.clone()))
    }

    fn set_variable(&mut self, name: &str, value: &str) -> Result<(), KernelError> {
        self.world.borrow_mut().variables.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn register_secret(&mut self, _name: &str, _value: &str) -> Result<Vec<String>, KernelError> {
        Ok(Vec::new())
    }

    fn read_output(&mut self, _command: Seq, _limit_bytes: usize) -> Vec<u8> {
        Vec::new()
    }

    fn path_exists(&mut self, _path: &Path) -> bool {
        true
    }

    fn resolve_path(&mut self, _path: &Path) -> Option<PathBuf> {
        None
    }
}

impl Session {
    fn lose_shell(&mut self) {
        let mut world = self.world.borrow_mut();
        world.variables.clear();
        world.definitions = ShellDefinitions::default();
    }
}

impl Journal for Session {
    fn append_facts(&mut self, facts: Vec<Fact>) -> Result<Vec<Event>, KernelError> {
        if self.world.borrow_mut().random.is_one_in(200) {
            return Err(KernelError::Record("no room".to_owned()));
        }
        Ok(facts.into_iter().map(|fact| self.record(fact)).collect())
    }

    fn flush_record(&mut self) -> Result<(), KernelError> {
        Ok(())
    }
}

/// An adapter that answers anything.
struct Adapter(Shared);

impl Adapter {
    fn any_reply(&self, required: &RequiredAnswer) -> Reply {
        let mut world = self.0.borrow_mut();
        let random = &mut world.random;
        let typed = match required {
            RequiredAnswer::Typed(name) if !random.is_one_in(4) => name.clone(),
            _ => random.pick(&["$D", "old", "docker vm", "shop"]).to_owned(),
        };
        match random.below(26) {
            0..=2 => Reply::Run(Consent::Enter),
            3..=5 => Reply::Run(Consent::Yes),
            6..=10 => Reply::Run(Consent::Typed(typed)),
            11 => Reply::Run(Consent::Flags),
            12 | 13 => Reply::RunRest,
            14 => Reply::Monitor,
            15 => Reply::Skip(String::new()),
            16 => Reply::SkipRest(String::new()),
            17 => Reply::Edit(random.pick(COMMANDS).to_owned()),
            18 => Reply::Note("note".to_owned()),
            19 => Reply::Own(random.pick(COMMANDS).to_owned()),
            20 => Reply::Own(random.pick(&["alias ls='rm -r old'", "D=/srv", "cd sub"]).to_owned()),
            21 => Reply::Done(String::new()),
            22 => Reply::Back,
            23 | 24 => Reply::Decline,
            _ => Reply::Stop,
        }
    }

    fn after_failure(&self) -> Reply {
        let choice = self.0.borrow_mut().random.below(8);
        match choice {
            0..=2 => Reply::Retry,
            3 | 4 => Reply::GoOn,
            5 => Reply::RollBack,
            6 => Reply::Own("D=/srv/new".to_owned()),
            _ => Reply::Skip(String::new()),
        }
    }
}

impl Watch for Adapter {
    fn on_output(&mut self, _stream: Stream, _bytes: &[u8]) {}
    fn on_quiet(&mut self, _elapsed: Duration, _silent: Duration) {}
}

impl Operator for Adapter {
    fn show_notice(&mut self, _notice: &Notice<'_>) {}

    fn lets_through(&self, _step: &runbook::plan::Step, _gate: &runbook::plan::Gate) -> bool {
        self.0.borrow_mut().random.is_one_in(2)
    }

    fn ask_question(&mut self, ask: &Ask<'_>) -> Result<Reply, OperatorError> {
        let is_enough = {
            let mut world = self.0.borrow_mut();
            world.questions += 1;
            // Whether to run it although it cannot be recorded is asked after the consent.
            if !matches!(ask, Ask::Input(ask) if ask.name == "run it") {
                world.answered = None;
            }
            world.questions > 40
        };
        if is_enough {
            return Ok(Reply::Stop);
        }
        Ok(match ask {
            Ask::Command(ask) => {
                let is_attended = self.0.borrow().is_attended;
                let reply = if is_attended || self.0.borrow_mut().random.is_one_in(8) {
                    self.any_reply(&ask.gate.required_answer)
                } else {
                    Reply::Run(Consent::Flags)
                };
                self.0.borrow_mut().answered =
                    Some((ask.text.to_owned(), reply.clone(), ask.gate.required_answer.clone()));
                reply
            }
            Ask::Failure(_) if self.0.borrow_mut().random.is_one_in(4) => self.any_reply(&RequiredAnswer::Enter),
            Ask::Failure(_) => self.after_failure(),
            Ask::Task(_) => Reply::Done(String::new()),
            Ask::Message(_) => Reply::Filled("told".to_owned()),
            Ask::Choice(_) => Reply::Chosen(Chosen::Option(0)),
            Ask::Input(_) => {
                let mut world = self.0.borrow_mut();
                match world.random.below(10) {
                    0 => Reply::Skip(String::new()),
                    1 => Reply::Value("unrecorded".to_owned()),
                    _ => Reply::Value(world.random.pick(&["old", "../up", "a b", "/", "-rf", "x*"]).to_owned()),
                }
            }
        })
    }

    fn wait_pause(&mut self, _pause: &Pause<'_>) -> Result<Paused, OperatorError> {
        Ok(if self.0.borrow_mut().random.is_one_in(4) { Paused::Enough } else { Paused::Over })
    }
}

/// A bash that accepts everything.
struct Accepting;

impl Syntax for Accepting {
    fn check_syntax(&mut self, _text: &str) -> SyntaxVerdict {
        SyntaxVerdict::Accepted
    }
}

fn no_output() -> Captured {
    Captured {
        length_bytes: 0,
        kept_bytes: 0,
        digest: Digest::of_bytes(b""),
        all_digest: None,
        salt: String::new(),
        inline: Some(Vec::new()),
    }
}

fn random_document(random: &mut Random) -> String {
    let mut text = "---\ninputs:\n  name: {type: string}\n---\n# R\n\n".to_owned();
    for _ in 0..=random.below(3) {
        if random.is_one_in(5) {
            text.push_str("## Rollback\n\n");
        }
        let _ = writeln!(text, "```bash{}", random.pick(ATTRIBUTES));
        if random.is_one_in(6) {
            text.push_str("# If it is down\n");
        }
        for _ in 0..=random.below(3) {
            let _ = writeln!(text, "{}", random.pick(COMMANDS));
        }
        text.push_str("```\n\nThen:\n\n");
    }
    text
}

fn random_policy(random: &mut Random, plan: &Plan) -> Policy {
    let place = RunPlace { host: HOST.to_owned(), cwd: START.to_owned() };
    let values: Values = [(InputName::new("name"), "old".to_owned())].into_iter().collect();
    let approve = if random.is_one_in(2) {
        let approval = |step| compute_approval(plan, step, &values, &place).map(|digest| (step, digest)).ok();
        let given = plan.steps.iter().filter_map(approval);
        given.map(|(step, digest)| format!("{}@{digest}", step.number)).collect()
    } else {
        plan.steps.iter().map(|step| format!("{}@0123456789abcdef", step.number)).collect()
    };
    Policy {
        yes: true,
        allow_unknown: random.is_one_in(2),
        allow_destructive: random.is_one_in(2),
        approve,
        place,
        values,
        ..Policy::default()
    }
}

fn run_started(mode: Mode) -> Fact {
    Fact::RunStarted(RunStarted {
        run: "20261124-225103-7c1d9e".parse().unwrap(),
        runbook: RunbookIdentity {
            path: "r.md".into(),
            title: "R".into(),
            digest: Digest::of_bytes(b"r"),
            git_commit: None,
            git_modified: false,
        },
        procedure: Anchor::new(""),
        procedure_title: "R".into(),
        steps: 1,
        host: HOST.into(),
        user: "ana".into(),
        cwd: START.into(),
        mode,
        version: "0".into(),
        flags: Vec::new(),
    })
}

/// Plays one sequence. Returns how many commands of each level started in it.
fn play_sequence(seed: u64) -> [u64; 4] {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let text = random_document(&mut random);
    let runbook = Runbook::parse_bytes(text.as_bytes());
    let plan = Planner::new(&runbook, &|_| false).plan_section(0);
    let is_attended = !random.is_one_in(4);
    let mode = if is_attended { Mode::Attended } else { Mode::Unattended };
    let policy = random_policy(&mut random, &plan);
    let settings = Settings {
        file: "r.md".into(),
        file_name: "r.md".into(),
        host: HOST.into(),
        user: "ana".into(),
        cwd: START.into(),
        mode,
        policy: policy.clone(),
        timeout: None,
        record: "/runs/1".into(),
    };
    let world = Rc::new(RefCell::new(World {
        random,
        variables: BTreeMap::new(),
        cwd: START.to_owned(),
        definitions: ShellDefinitions::default(),
        answered: None,
        questions: 0,
        policy,
        is_attended,
        started: [0; 4],
    }));
    let clock = SystemClock::start_now();
    let mut session = Session { world: Rc::clone(&world), events: Vec::new(), clock };
    session.record(run_started(mode));
    let mut operator = Adapter(Rc::clone(&world));
    for life in 0..3 {
        let events = session.events.clone();
        let mut syntax = Accepting;
        let mut engine = Engine::new(&plan, &settings, &mut session, &mut operator, &mut syntax, &clock, &events);
        if life > 0 {
            engine.resume_at(&events);
        }
        // A lost session or record ends this life of the run.
        drop(engine.run_plan());
        world.borrow_mut().questions = 0;
        if world.borrow_mut().random.is_one_in(2) {
            session.lose_shell();
        }
    }
    world.borrow().started
}

#[test]
fn no_command_that_can_destroy_starts_without_its_own_consent() {
    let wanted = std::env::var("RUNBOOK_TEST_SEQUENCES").ok().and_then(|count| count.parse().ok());
    let count: u64 = wanted.unwrap_or(1_000);
    let mut started = [0; 4];
    for seed in 1..=count {
        let of_sequence = play_sequence(seed);
        for (total, count) in started.iter_mut().zip(of_sequence) {
            *total += count;
        }
    }
    assert!(started.iter().all(|&count| count > 0), "the sequences reach every level: {started:?}");
}
