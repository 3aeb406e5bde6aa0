//! Shapes of hostile documents. Each is as large as it is told to be.

/// A kind of document, and the size at which to begin.
pub(crate) struct Shape {
    /// Name to choose it by.
    pub name: &'static str,
    /// Number of repetitions of the smaller document.
    pub size: usize,
    /// Makes a document with this many repetitions.
    pub make: fn(usize) -> String,
}

/// All shapes.
pub(crate) const SHAPES: &[Shape] = &[
    Shape { name: "prefix-words", size: 12_500, make: |n| cell(&"sudo ".repeat(n)) },
    Shape { name: "mixed-prefixes", size: 3_000, make: |n| cell(&("sudo nice env nohup ".repeat(n) + "ls")) },
    Shape { name: "nested-shells", size: 2_000, make: |n| cell(&("bash -c ".repeat(n) + "ls")) },
    Shape { name: "braces-in-word", size: 12_500, make: |n| cell(&format!("echo {}", "{a,b}".repeat(n))) },
    Shape { name: "open-braces", size: 15_000, make: |n| cell(&format!("echo {}", "{a,".repeat(n))) },
    Shape { name: "heredocs", size: 10, make: |n| cell(&heredocs(n)) },
    Shape { name: "heredocs-in-lines", size: 1_000, make: |n| cell(&"cat <<E\nx\nE\n".repeat(n)) },
    Shape { name: "open-templates", size: 10_000, make: |n| cell(&format!("echo '{}'", "{{x } ".repeat(n))) },
    Shape { name: "open-brackets", size: 10_000, make: |n| cell(&format!("echo {}", "[x] ".repeat(n))) },
    Shape {
        name: "placed-names",
        size: 3_000,
        make: |n| cell(&format!("echo {}", numbered(n, |i| format!("${{<v-{i}>}} ")))),
    },
    Shape { name: "stand-ins", size: 4_000, make: |n| cell(&format!("echo {}", "x=placeholder,".repeat(n))) },
    Shape { name: "digits", size: 60_000, make: |n| cell(&format!("echo {}", "1".repeat(n))) },
    Shape { name: "long-lines", size: 90, make: |n| cell(&format!("echo '{}'", ("x".repeat(600) + "\n").repeat(n))) },
    Shape { name: "tests", size: 2_500, make: |n| cell(&"[[ $a == b ]] && ls\n".repeat(n)) },
    Shape { name: "cases", size: 2_500, make: |n| cell(&"case $a in b) ls;; esac\n".repeat(n)) },
    Shape { name: "arrays", size: 10_000, make: |n| cell(&format!("a=({})", "x ".repeat(n))) },
    Shape { name: "subshells", size: 5_000, make: |n| cell(&"(ls; (ls))\n".repeat(n)) },
    Shape { name: "expansions", size: 6_000, make: |n| cell(&format!("echo {}", "${a:-b} ".repeat(n))) },
    Shape { name: "ssh", size: 6_000, make: |n| cell(&format!("ssh h '{}'", "ls; ".repeat(n))) },
    Shape { name: "heredoc-lines", size: 8_000, make: |n| cell(&format!("cat <<E\n{}E", "$a line\n".repeat(n))) },
    Shape { name: "variables", size: 3_000, make: |n| cell(&numbered(n, |i| format!("v{i}=1; echo $v{i}\n"))) },
    Shape {
        name: "variables-in-cells",
        size: 500,
        make: |n| numbered(n, |i| cell(&format!("v{i}=1\necho $v{i} $v0"))),
    },
    Shape { name: "unset-variables", size: 3_000, make: |n| cell(&numbered(n, |i| format!("echo $UNSET_{i}\n"))) },
    Shape {
        name: "variables-in-word",
        size: 8_000,
        make: |n| cell(&format!("echo {}", numbered(n, |i| format!("$v{i}")))),
    },
    Shape {
        name: "nested-substitutions",
        size: 4_000,
        make: |n| cell(&format!("echo {}{}", "$(echo ".repeat(n), ")".repeat(n))),
    },
    Shape { name: "many-substitutions", size: 5_000, make: |n| cell(&format!("echo {}", "$(ls) ".repeat(n))) },
    Shape { name: "backticks", size: 5_000, make: |n| cell(&format!("echo {}", "`ls` ".repeat(n))) },
    Shape { name: "pipeline", size: 10_000, make: |n| cell(&format!("ls{}", " | cat".repeat(n))) },
    Shape { name: "and-list", size: 10_000, make: |n| cell(&format!("ls{}", " && ls".repeat(n))) },
    Shape { name: "arguments", size: 25_000, make: |n| cell(&format!("rm{}", " a".repeat(n))) },
    Shape { name: "options", size: 7_000, make: |n| cell(&format!("curl{}", " -H x:y".repeat(n))) },
    Shape { name: "redirections", size: 10_000, make: |n| cell(&format!("ls{}", " >a".repeat(n))) },
    Shape { name: "commands", size: 5_000, make: |n| cell(&"echo x\n".repeat(n)) },
    Shape { name: "unclosed-quotes", size: 5_000, make: |n| cell(&"echo 'x\n".repeat(n | 1)) },
    Shape { name: "unclosed-ifs", size: 4_500, make: |n| cell(&"if true; then\n".repeat(n)) },
    Shape { name: "arithmetic", size: 8_000, make: |n| cell(&format!("echo $(({}1))", "1+".repeat(n))) },
    Shape { name: "functions", size: 2_000, make: |n| cell(&numbered(n, |i| format!("f{i}() {{ echo x; }}\nf{i}\n"))) },
    Shape { name: "aliases", size: 2_000, make: |n| cell(&numbered(n, |i| format!("alias a{i}=ls\na{i}\n"))) },
    Shape { name: "sql", size: 6_000, make: |n| cell(&format!("psql -c '{}'", "select 1; ".repeat(n))) },
    Shape { name: "cells", size: 1_000, make: |n| cell("echo x").repeat(n) },
    Shape { name: "headings", size: 5_000, make: |n| numbered(n, |i| format!("## H {i}\n\ntext\n\n")) + &cell("ls") },
    Shape { name: "equal-headings", size: 5_000, make: |n| "## Same\n\ntext\n\n".repeat(n) + &cell("ls") },
    Shape { name: "procedures", size: 1_000, make: |n| numbered(n, |i| format!("## H {i}\n\n{}", cell("echo x"))) },
    Shape { name: "equal-procedures", size: 1_000, make: |n| format!("## Same\n\n{}", cell("echo x")).repeat(n) },
    Shape { name: "placeholders", size: 2_000, make: |n| cell(&numbered(n, |i| format!("echo <value-{i}>\n"))) },
    Shape { name: "placeholders-in-cells", size: 500, make: |n| numbered(n, |i| cell(&format!("echo <value-{i}>"))) },
    Shape {
        name: "placeholders-in-line",
        size: 2_000,
        make: |n| cell(&format!("echo {}", numbered(n, |i| format!("<value-{i}> ")))),
    },
    Shape { name: "template-names", size: 1_000, make: templates },
    Shape { name: "links", size: 5_000, make: |n| numbered(n, |i| format!("[see](#h-{i})\n\n")) + &cell("ls") },
    Shape { name: "lists", size: 5_000, make: |n| numbered(n, |i| format!("{i}. do `ls` now\n")) },
    Shape { name: "nested-lists", size: 200, make: |n| numbered(n, |i| format!("{}- x\n", "  ".repeat(i))) },
    Shape { name: "quotes", size: 5_000, make: |n| ">".repeat(n) + " x\n\n" + &cell("ls") },
    Shape { name: "open-fences", size: 5_000, make: |n| "```bash\nls\n````\n".repeat(n) },
    Shape { name: "emphasis", size: 20_000, make: |n| "*a **b ".repeat(n) + "\n\n" + &cell("ls") },
    Shape { name: "brackets", size: 20_000, make: |n| "[".repeat(n) + "\n\n" + &cell("ls") },
    Shape { name: "long-line", size: 60_000, make: |n| cell(&format!("echo {}", "x".repeat(n))) },
    Shape { name: "prompts", size: 3_000, make: |n| cell(&"$ ls\nfile\n".repeat(n)) },
    Shape { name: "outputs", size: 1_000, make: |n| format!("{}```text\nx\n```\n\n", cell("echo x")).repeat(n) },
    Shape {
        name: "front-matter",
        size: 2_000,
        make: |n| format!("---\ninputs:\n{}---\n\n{}", numbered(n, |i| format!("  v{i}: x\n")), cell("ls")),
    },
];

fn cell(text: &str) -> String {
    format!("```bash\n{text}\n```\n\n")
}

fn numbered(count: usize, make: impl Fn(usize) -> String) -> String {
    (0..count).map(make).collect()
}

fn heredocs(count: usize) -> String {
    let openers = numbered(count, |i| format!(" <<E{i}"));
    let bodies = numbered(count, |i| format!("\nx\nE{i}"));
    format!("cat{openers}{bodies}")
}

fn templates(count: usize) -> String {
    let inputs = numbered(count, |i| format!("  v{i}: {{default: x}}\n"));
    let commands = numbered(count, |i| format!("echo {{{{ v{i} }}}}\n"));
    format!("---\ninputs:\n{inputs}---\n\n{}", cell(&commands))
}
