//! Text of documents and names of files, as every subcommand prints them.

mod support;

use support::Home;

#[test]
fn nothing_of_a_document_reaches_the_terminal_raw_whatever_prints_it() {
    let home = Home::new();
    let odd = "\u{1b}]0;pwned\u{7}\u{1b}[2K\u{9b}31m\u{202e}\u{200b}\u{2800}\u{180f}\u{13430}\u{1bca0}\u{16fe4}\u{1d159}\u{1d173}";
    let text = format!(
        "---\ntitle: t{odd}\nenv:\n  MODE: m{odd}\ninputs:\n  v: {{type: string, description: \"d\u{202e}\u{2800}\"}}\n---\n\
         # One {odd}\n\nA [link{odd}](x).\n\n## Two {odd}\n\n```bash\n# Note {odd}\necho <name> {{{{ v }}}}\n```\n\n- A task {odd}\n"
    );
    let file = "r\u{202e}\u{2800}.md";
    home.write(file, text);
    let commands: [&[&str]; 8] = [
        &["list", file],
        &["show", file],
        &["inputs", file],
        &["check", file],
        &["run", "--dry-run", file],
        &["run", file, "--yes"],
        &["list", "no\u{202e}such.md"],
        &["show", &format!("{file}#no{odd}")],
    ];
    for command in commands {
        let output = home.runbook(command);
        for c in format!("{}{}", output.stdout, output.stderr).chars() {
            let is_raw = (c.is_control() && c != '\n' && c != '\t') || (odd.contains(c) && !c.is_ascii());
            assert!(!is_raw, "{command:?} prints U+{:04X}: {}{}", u32::from(c), output.stdout, output.stderr);
        }
    }
}
