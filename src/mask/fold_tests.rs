//! Secrets whose letters do not follow each other: as programs print them, and cut at every byte.

use super::Masker;
use std::io::Write as _;
use std::process::{Command, Stdio};

const SECRET: &str = "hunter2hunter2QQzz";

/// Masks a text that is cut in two, at every byte, and in single bytes. All results must be equal.
fn mask_cut(secret: &str, text: &[u8]) -> String {
    let mut masker = Masker::new();
    masker.add_secret("pw", secret.as_bytes()).unwrap();
    let run = |cuts: &[usize]| {
        let (mut out, mut from) = (Vec::new(), 0);
        let mut stream = masker.start_stream();
        for &cut in cuts.iter().chain([&text.len()]) {
            stream.push_bytes(&text[from..cut], &mut out);
            from = cut;
        }
        stream.finish_stream(&mut out);
        String::from_utf8(out).unwrap()
    };
    let whole = run(&[]);
    for at in 0..text.len() {
        assert_eq!(run(&[at]), whole, "cut at {at}");
    }
    assert_eq!(run(&(0..text.len()).collect::<Vec<_>>()), whole);
    whole
}

fn printed_by(program: &str, arguments: &[&str], input: &str) -> Option<Vec<u8>> {
    let mut command = Command::new(program);
    let mut child =
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap().stdout)
}

#[test]
fn a_secret_that_is_wrapped_at_any_letter_is_masked() {
    for at in 1..SECRET.len() {
        let (head, tail) = SECRET.split_at(at);
        for line_break in ["\n", "\r\n", "\r", "\n    ", "\r\n\t", "\x1b[m\r\n\x1b[1m"] {
            let masked = mask_cut(SECRET, format!("a line\npw={head}{line_break}{tail} and\nmore\n").as_bytes());
            assert!(masked.starts_with("a line\npw=[masked:pw]") && masked.ends_with(" and\nmore\n"), "{masked:?}");
        }
    }
    assert_eq!(mask_cut(SECRET, b"hunter2\nnot a secret\n"), "hunter2\nnot a secret\n");
}

#[test]
fn a_secret_that_is_overstruck_is_masked() {
    let bold: String = SECRET.chars().flat_map(|c| [c, '\x08', c]).collect();
    let underlined: String = SECRET.chars().flat_map(|c| ['_', '\x08', c]).collect();
    let both: String = SECRET.chars().flat_map(|c| ['_', '\x08', c, '\x08', c]).collect();
    for text in [bold, underlined, both] {
        let masked = mask_cut(SECRET, format!("a line: {text} and more\n").as_bytes());
        assert!(masked.contains("[masked:pw]") && masked.ends_with(" and more\n"), "{text:?} {masked:?}");
        assert!(!masked.contains('Q') && !masked.contains('z'), "{text:?} {masked:?}");
    }
}

#[test]
fn a_secret_in_the_columns_of_a_dump_is_masked() {
    for before in ["", "k: ", "a password: ", "user=app\npassword="] {
        let input = format!("{before}{SECRET}\nand a last line of text\n");
        for (program, arguments) in [
            ("xxd", [].as_slice()),
            ("xxd", &["-u"]),
            ("xxd", &["-p"]),
            ("xxd", &["-c8", "-g1"]),
            ("hexdump", &["-C"]),
            ("hexdump", &[]),
            ("hexdump", &["-c"]),
            ("od", &[]),
            ("od", &["-c"]),
            ("od", &["-b"]),
            ("od", &["-x"]),
            ("od", &["-An", "-tx1"]),
            ("od", &["-An", "-tx1", "-w8"]),
            ("od", &["-Ax", "-tx1z"]),
            ("od", &["-An", "-c"]),
            ("base64", &["-w20"]),
            ("base64", &[]),
        ] {
            let Some(dump) = printed_by(program, arguments, &input) else { continue };
            let masked = mask_cut(SECRET, &dump);
            let shown = String::from_utf8_lossy(&dump).into_owned();
            assert_eq!(masked.matches("[masked:pw]").count(), 1, "{program} {arguments:?}\n{shown}\n{masked}");
            assert!(!masked.contains("hunter") && !masked.contains("QQzz"), "{program} {arguments:?}\n{masked}");
        }
    }
}

#[test]
fn a_dump_without_a_secret_stays_as_it_is() {
    let text = "The quick brown fox jumps over the lazy dog, hunter2 too.\n".repeat(4);
    for (program, arguments) in [("xxd", [].as_slice()), ("hexdump", &["-C"]), ("od", &["-c"]), ("base64", &[])] {
        let Some(dump) = printed_by(program, arguments, &text) else { continue };
        assert_eq!(mask_cut(SECRET, &dump).as_bytes(), dump);
    }
}

#[test]
fn a_secret_known_by_its_digest_is_masked() {
    let digest = super::SecretDigest::of_secret("pw", SECRET.as_bytes(), "salt");
    assert!(!format!("{digest:?}").contains("hunter"));
    let masked = super::SecretDigest::mask_bytes(&[digest], b"a hunter2hunter2QQzz, hunter2hunter2QQzz.").into_owned();
    assert_eq!(String::from_utf8(masked).unwrap(), "a [masked:pw], [masked:pw].");
}
