//! Programs that ask for a password at the terminal: it is read, and recorded nowhere. What is not installed is skipped by
//! name.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "helpers outside a #[test] fn are not covered by the allowances for tests"
)]

mod support;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::{Home, Terminal, needs};

const PASSWORD: &str = "correct horse 8642";
const PATIENCE: Duration = Duration::from_secs(30);

fn home() -> Home {
    Home::new().env("NO_COLOR", "1")
}

/// Neither on the screen nor in any file of the run.
fn is_nowhere(secret: &str, home: &Home, terminal: &Terminal) {
    assert!(!String::from_utf8_lossy(terminal.raw()).contains(secret), "it was shown");
    let mut folders = vec![home.runs().pop().unwrap()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if let Ok(bytes) = std::fs::read(entry.path()) {
                files += 1;
                assert!(!String::from_utf8_lossy(&bytes).contains(secret), "it is in {}", entry.path().display());
            }
        }
    }
    assert!(files >= 3, "a record has more than {files} files");
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for_port(port: u16) {
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn ran(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_program_that_opens_the_terminal_itself_reads_a_password_that_is_recorded_nowhere() {
    let home = home();
    let ask = "exec 3<>/dev/tty; printf 'Passphrase: ' >&3; stty -echo <&3; read -r p <&3; stty echo <&3; \
               printf '\\n%s letters\\n' \"${#p}\" >&3";
    home.program("ask", &format!("#!/bin/sh\n{ask}\n"));
    let mut terminal = Terminal::on_steps(&home, &["ask < /dev/null > /dev/null 2>&1", "echo went on"]);
    terminal.run_it().wait_for_output("Passphrase: ").send(format!("{PASSWORD}\r")).wait_for_output("18 letters");
    terminal.wait_for_output("2 Step").wait_for_output("? help").run_it().wait_for_output("went on");
    terminal.exits(0);
    is_nowhere(PASSWORD, &home, &terminal);
}

#[test]
fn ssh_asks_for_a_password_that_is_recorded_nowhere() {
    if !needs("ssh") || !needs("sshd") || !needs("ssh-keygen") {
        return;
    }
    let home = home();
    let (key, port) = (home.work().join("host_key"), free_port());
    assert!(ran(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key)));
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nUsePAM no\nPasswordAuthentication yes\n\
         KbdInteractiveAuthentication no\nPubkeyAuthentication no\nStrictModes no\nPermitRootLogin yes\n",
        key.display()
    );
    let config = home.write("sshd_config", config);
    if is_root() {
        // It wants an empty folder of root's to be shut into.
        std::fs::create_dir_all("/run/sshd").unwrap();
    }
    let sshd = ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let log = std::fs::File::create(home.work().join("sshd.log")).unwrap();
    let server = Command::new(sshd).args(["-D", "-e", "-f"]).arg(&config).stdin(Stdio::null()).stderr(log).spawn();
    let _server = Server(server.unwrap());
    wait_for_port(port);
    let ssh = format!(
        "ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -p {port} \
         nobody@127.0.0.1 true"
    );
    let mut terminal = Terminal::on_steps(&home, &[&ssh]);
    // Nobody has no password; that it was asked for and sent is what counts.
    terminal.run_it().wait_for_output("password: ").send(format!("{PASSWORD}\r")).wait_for_output("Permission denied");
    terminal.wait_for_output("? help").send("q");
    is_nowhere(PASSWORD, &home, &terminal);
    let log = home.read("sshd.log");
    assert!(log.contains("Failed password for"), "the server was not asked: {log}");
}

/// The programs of a PostgreSQL server, where one is installed.
fn postgres() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
    found.sort();
    found.into_iter().map(|version| version.join("bin")).rfind(|bin| bin.join("initdb").is_file())
}

#[test]
fn psql_asks_for_a_password_that_is_recorded_nowhere_and_is_used_at_its_prompt() {
    if !needs("psql") {
        return;
    }
    let Some(bin) = postgres() else {
        println!("skipped: the programs of a PostgreSQL server are not there");
        return;
    };
    let home = home();
    let folder = tempfile::Builder::new().prefix("rbpg").tempdir().unwrap();
    let (data, passwords, port) = (folder.path().join("data"), folder.path().join("pw"), free_port());
    std::fs::write(&passwords, PASSWORD).unwrap();
    // Its server refuses to run as root.
    let as_postgres = |program: PathBuf| {
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    };
    if is_root() {
        assert!(ran(Command::new("chown").args(["-R", "postgres"]).arg(folder.path())));
    }
    let mut make = as_postgres(bin.join("initdb"));
    make.args(["--username=app", "--auth=scram-sha-256", "--no-sync", "--locale=C"]).arg("--pwfile").arg(&passwords);
    assert!(ran(make.arg("-D").arg(&data).current_dir("/")), "initdb failed");
    let mut serve = as_postgres(bin.join("postgres"));
    serve.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k", ""]).current_dir("/");
    let _server = Server(serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_for_port(port);
    let psql = format!("PSQL_HISTORY=/dev/null PAGER= psql -X -h 127.0.0.1 -p {port} -U app postgres");
    let mut terminal = Terminal::on_steps(&home, &[&psql, "echo went on"]);
    terminal.run_it().wait_for_output("Password for user app: ").send(format!("{PASSWORD}\r"));
    terminal.wait_for_output("postgres=#").send("select 6 * 7 as answer;\r").wait_for_output("42");
    terminal.wait_for_output("postgres=#").send("\\q\r").wait_for_output("2 Step").wait_for_output("? help");
    terminal.run_it().wait_for_output("went on");
    terminal.exits(0);
    is_nowhere(PASSWORD, &home, &terminal);
}

/// An image with a busybox in it, and a container that waits; both gone with the test.
struct Container {
    name: String,
    image: String,
}

impl Container {
    fn start() -> Option<Self> {
        let busybox = "/bin/busybox";
        if !needs("docker") || !needs("busybox") {
            return None;
        }
        if !ran(Command::new("docker").arg("info")) {
            println!("skipped: docker's engine does not answer");
            return None;
        }
        let name = format!("runbook-test-{}", std::process::id());
        let container = Self { image: format!("{name}:busybox"), name };
        let import = format!("tar -C / -c bin/busybox | docker import - {}", container.image);
        assert!(ran(Command::new("sh").args(["-c", &import])), "no image could be made of {busybox}");
        let started = ran(Command::new("docker")
            .args(["run", "--detach", "--network", "none", "--name", &container.name, &container.image])
            .args([busybox, "sleep", "600"]));
        if !started {
            println!("skipped: docker's engine starts no container, or its busybox is not a static one");
        }
        started.then_some(container)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        ran(Command::new("docker").args(["rm", "--force", &self.name]));
        ran(Command::new("docker").args(["rmi", "--force", &self.image]));
    }
}

#[test]
fn a_shell_in_a_container_is_used_and_a_password_typed_there_is_recorded_nowhere() {
    let Some(container) = Container::start() else { return };
    let home = home();
    let exec = format!("docker exec -it {} /bin/busybox sh", container.name);
    let mut terminal = Terminal::on_steps(&home, &[&exec, "echo went on"]);
    terminal.run_it().wait_for("/ #").send("read -r -s -p 'In there: ' p; echo; echo ${#p} 'letters'\r");
    terminal.wait_for_output("\nIn there: ").send(format!("{PASSWORD}\r")).wait_for_output("18 letters");
    terminal.send("exit\r").wait_for_output("2 Step").wait_for_output("? help").run_it().wait_for_output("went on");
    terminal.exits(0);
    is_nowhere(PASSWORD, &home, &terminal);
}
