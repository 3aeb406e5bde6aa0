//! Texts and outputs that want to act.

/// Control sequences, whole and torn.
pub(crate) fn escapes() -> Vec<String> {
    let mut all = Vec::new();
    for number in [
        "0",
        "1",
        "2",
        "4;1;?",
        "7;file:///",
        "8;;https://evil.example",
        "9;1",
        "10;?",
        "11;?",
        "52;c;aGk=",
        "52;c;?",
        "104",
        "133;A",
        "777;notify;a;b",
        "1337;File=:aGk=",
    ] {
        for end in ["\x07", "\x1b\\", "\u{9c}", ""] {
            all.push(format!("\x1b]{number}{end}"));
        }
    }
    for parameters in
        ["", "6", "5", "?6", ">", "=", "?1049", "?2004", "200~x\x1b[201", "0;31", "21", "14", "18", "99999"]
    {
        for last in ["n", "c", "h", "l", "t", "J", "m", "R", "q", "p"] {
            all.push(format!("\x1b[{parameters}{last}"));
        }
    }
    for text in [
        "\x1bP+q544e\x1b\\",
        "\x1bPq#0;2\x1b\\",
        "\x1b_Gf=24;AA\x1b\\",
        "\x1b^x\x1b\\",
        "\x1bXx\x1b\\",
        "\x1bc",
        "\x1b#8",
        "\x1b(0",
        "\x1bN",
        "\x1bZ",
        "\x1b",
        "\x05",
        "\x07",
        "\x08\x08\x08",
        "\x0e",
        "\r",
        "\x7f",
        "\0",
        "\u{9b}31m",
        "\u{9d}0;x\u{9c}",
        "\u{90}x\u{9c}",
        "\u{202e}gnp.exe",
        "\u{2066}x\u{2069}",
        "\u{200f}",
    ] {
        all.push(text.to_owned());
    }
    all
}

/// Markup of Markdown and HTML.
pub(crate) fn payloads() -> Vec<String> {
    let mut all = Vec::new();
    for html in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<iframe src=//e>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<!-- ",
        "-->",
        "<![CDATA[",
        "<?php",
        "<!DOCTYPE x>",
        "</code></pre>",
        "</details>",
        "<details open>",
        "<style>*{}</style>",
        "<base href=//e>",
        "<meta http-equiv=refresh>",
        "<b>bold</b>",
        "<input autofocus onfocus=x>",
        "&lt;script&gt;",
        "&#60;script&#62;",
    ] {
        for around in ["{}", "\n{}\n", "\n\n{}\n\n", "    {}", "`{}", "```\n{}", "| {} |", "> {}", "- {}", "</code>{}"]
        {
            all.push(around.replace("{}", html));
        }
    }
    for mark in [
        "```",
        "~~~~",
        "``````````",
        "````bash",
        "# Heading",
        "## Timeline",
        "## Integrity",
        "Setext\n===",
        "Setext\n---",
        "---",
        "***",
        "| a | b |\n|--|--|\n| c | d |",
        "[x](https://e)",
        "![x](https://e)",
        "[x]: https://e",
        "<https://e>",
        "https://e",
        "**bold**",
        "_i_",
        "> quote",
        "1. one",
        "- [x] done",
        "* * *",
        "\\",
        "\\`",
        "`",
        "``",
        "$x$",
        "@team",
        "#1",
        "\u{2192} exit 0, took 1 ms",
        "\u{2713} exit 0",
        "exit 0",
        "Made from 1 events",
        "{\"seq\":1,\"kind\":\"run-finished\"}",
    ] {
        for around in ["{}", "\n{}", "\n\n{}\n\n", "x {} x", "   {}", "{}\n{}", "| {}", "` {}", "```\n{}\n```"] {
            all.push(around.replace("{}", mark));
        }
    }
    all
}
