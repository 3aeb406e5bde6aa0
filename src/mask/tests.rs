//! What the masker promises: every form, every cut, and ordinary text left alone.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

fn masker(secrets: &[&[u8]]) -> Masker {
    let mut masker = Masker::new();
    for secret in secrets {
        masker.add_secret("pw", secret).unwrap();
    }
    masker
}

fn cut(masker: &Masker, bytes: &[u8], cuts: &[usize]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    let mut stream = masker.start_stream();
    for &cut in cuts {
        let next = cut.clamp(at, bytes.len());
        stream.push_bytes(&bytes[at..next], &mut out);
        at = next;
    }
    stream.push_bytes(&bytes[at..], &mut out);
    stream.finish_stream(&mut out);
    out
}

fn has_piece_of(text: &[u8], secret: &[u8], length: usize) -> bool {
    secret.windows(length.min(secret.len())).any(|piece| text.windows(piece.len()).any(|part| part == piece))
}

const SECRETS: &[&[u8]] = &[
    b"correct-horse-battery-staple",
    b"p@ss 'w0rd\" $HOME `id` \\n /x",
    b"line one of it\nline two, longer\nand a third",
    "schl\u{fc}ssel \u{1f511} zum haus".as_bytes(),
    b"\x00\x01\xfe\xff binary \x80\x81\x82",
];

#[test]
fn every_form_is_masked_wherever_the_stream_is_cut() {
    for secret in SECRETS {
        let masker = masker(&[secret]);
        for form in forms::secret_forms(secret) {
            let text = [b"before ".as_slice(), &form, b" after"].concat();
            for at in 0..=text.len() {
                let out = cut(&masker, &text, &[at]);
                assert!(!has_piece_of(&out, &form, 8), "cut at {at}: {:?}", String::from_utf8_lossy(&out));
                assert!(out.starts_with(b"before ") && out.ends_with(b" after"));
            }
            let bytes: Vec<usize> = (0..text.len()).collect();
            assert!(!has_piece_of(&cut(&masker, &text, &bytes), &form, 8));
        }
    }
}

#[test]
fn escape_sequences_within_a_secret_do_not_hide_it() {
    let masker = masker(&[b"correct-horse-battery"]);
    for escape in ["\x1b[31m", "\x1b[0;1;38;5;12m", "\x1b]8;;https://x\x1b\\", "\x1b(B", "\x1b[K\x1b[m"] {
        for at in 1..20 {
            let (head, tail) = "correct-horse-battery".split_at(at);
            let text = format!("a {head}{escape}{tail} b");
            for split in 0..text.len() {
                let out = String::from_utf8(cut(&masker, text.as_bytes(), &[split])).unwrap();
                assert!(out.starts_with("a [masked:pw]") && out.ends_with(" b"), "{out:?}");
                assert!(!out.contains("orse"), "{out:?}");
            }
        }
    }
    let title = "\x1b]0;correct-horse-battery\x07";
    assert_eq!(masker.mask_text(title), "\x1b]0;[masked:pw]\x07");
}

#[test]
fn bytes_are_held_back_only_within_what_may_become_a_secret() {
    let masker = masker(&[b"hunter22"]);
    let mut stream = masker.start_stream();
    let mut out = Vec::new();
    stream.push_bytes(b"continue: ", &mut out);
    assert_eq!((out.as_slice(), stream.held_bytes()), (b"continue: ".as_slice(), 0));
    stream.push_bytes(b"hun", &mut out);
    assert_eq!(stream.held_bytes(), 3);
    stream.flush_after_silence(&mut out);
    assert_eq!(out, b"continue: hun");
    stream.push_bytes(b"ter22.", &mut out);
    assert_eq!(out, b"continue: hun[masked:pw].", "matching goes on after a pause");
    stream.push_bytes(b"hunt", &mut out);
    stream.flush_after_silence(&mut out);
    assert_eq!(stream.held_bytes(), 4, "more than three bytes wait");
    stream.finish_stream(&mut out);
    assert!(out.ends_with(b".hunt"));
}

#[test]
fn a_secret_learned_half_way_masks_what_is_held_and_all_that_follows() {
    let mut masker = masker(&[b"first-secret"]);
    let mut stream = masker.start_stream();
    let mut out = Vec::new();
    stream.push_bytes(b"x first-sec", &mut out);
    masker.add_secret("other", b"first-section").unwrap();
    stream.learn_secrets(&masker, &mut out);
    stream.push_bytes(b"tion first-secret", &mut out);
    stream.finish_stream(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "x [masked:other] [masked:pw]");
}

#[test]
fn what_cannot_be_a_secret_is_refused_with_the_reason() {
    let mut masker = Masker::new();
    for value in ["abc", "", "true", "NULL", "None", "false\n"] {
        let why = masker.add_secret("pw", value.as_bytes()).unwrap_err().to_string();
        assert!(why.starts_with("`pw` "), "{why}");
    }
    assert_eq!(masker.mask_text("true abc NULL"), "true abc NULL");
    masker.add_secret("hunter22 it is", b"hunter22").unwrap();
    assert_eq!(masker.mask_text("<hunter22>"), "<[masked:secret]>", "a name that gives it away is not used");
}

#[test]
fn tokens_and_keys_that_show_what_they_are_are_masked() {
    let masker = Masker::new();
    let a = |count: usize| "aB3".repeat(count).chars().take(count).collect::<String>();
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n{}\n-----END RSA PRIVATE KEY-----", a(64), a(40));
    for (text, masked) in [
        (format!("token ghp_{} used", a(36)), "token ghp_[masked:github-token] used".to_owned()),
        (format!("glpat-{}", a(20)), "glpat-[masked:gitlab-token]".to_owned()),
        ("AKIAIOSFODNN7EXAMPLE ".to_owned(), "AKIA[masked:aws-key-id] ".to_owned()),
        (
            "psql postgres://app:s3cr3t!@db:5432/x".to_owned(),
            "psql postgres://app:[masked:password]@db:5432/x".to_owned(),
        ),
        ("redis://:hunter2@cache".to_owned(), "redis://:[masked:password]@cache".to_owned()),
        (
            format!("> Authorization: Bearer {}\r\n", a(30)),
            "> Authorization: Bearer [masked:authorization]\r\n".to_owned(),
        ),
        ("'authorization: Basic dXNlcjpwYXNz'".to_owned(), "'authorization: Basic [masked:authorization]'".to_owned()),
        (
            format!("eyJ{}.eyJ{}.{}\n", a(20), a(40), a(43)),
            format!("eyJ{}.eyJ{}.[masked:jwt-signature]\n", a(20), a(40)),
        ),
        (key, "-----BEGIN RSA PRIVATE KEY-----[masked:private-key]-----END RSA PRIVATE KEY-----".to_owned()),
    ] {
        for at in 0..text.len() {
            assert_eq!(String::from_utf8(cut(&masker, text.as_bytes(), &[at])).unwrap(), masked, "cut at {at}");
        }
        assert_eq!(masker.mask_text(&masked), masked, "masking again changes nothing");
    }
    for plain in [
        "https://example.com:8080/path?a=b@c",
        "ssh://git@github.com/x/y",
        "postgres://app:$PASSWORD@db and postgres://app:<password>@db",
        "Authorization: required for this endpoint, Authorization: Bearer $TOKEN",
        "ghp_short and xghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "AKIAIOSFODNN7EXAMPLELONGER",
    ] {
        assert_eq!(masker.mask_text(plain), plain);
    }
}

/// A line of the programs that fill logs: web servers, containers, the journal, version control, keys that are public.
fn program_line(n: u64, random: &mut impl FnMut() -> u64) -> String {
    let id = format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", n >> 32, n & 0xffff, n >> 20 & 0xfff, n & 0xfff, n >> 16);
    let digits = [random(), random(), random(), random()].map(|word| format!("{word:016x}")).concat();
    let (commit, trace, span) = (digits.split_at(40).0, digits.split_at(32).0, digits.split_at(48).1);
    let mut pick = |_| char::from(b"AbCdEfGhIjKlMnOpQrStUvWxYz01+/89"[usize::try_from(random() % 32).unwrap()]);
    let letters: String = (0..43).map(&mut pick).collect();
    let (small, large, time) = (n % 256, n % 90_000, format!("{:02}:{:02}", n % 24, n / 7 % 60));
    match n % 9 {
        0 => format!(
            "10.0.{small}.7 - - [25/Nov/2026:{time}:09 +0000] \"GET /app.{span}.js?v={small} HTTP/1.1\" 200 {large} \"https://shop.example.com/cart?item={small}\" \"Mozilla/5.0 (X11)\"\n"
        ),
        1 => format!(
            "Nov 25 {time}:01 db1 kubelet[{large}]: started for volume \"kube-api-access-{small:05x}\" pod \"orders-{large:09x}-{small:05x}\" (UID: \"{id}\")\n"
        ),
        2 => format!(
            "{{\"level\":\"info\",\"ts\":{large}.{small},\"trace_id\":\"{trace}\",\"span_id\":\"{span}\",\"msg\":\"token refreshed\",\"url\":\"http://orders:8080/healthz\"}}\n"
        ),
        3 => format!("commit {commit}\nindex {large:07x}..{small:07x} 100644\n"),
        4 => format!("Pulled registry.example.com:5000/orders@sha256:{digits} ({large} kB)\n"),
        5 => format!("ETag: \"{letters}=\" X-Request-Id: {id} Set-Cookie: lang=en; Path=/; HttpOnly\n"),
        6 => format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{letters} ops@db{small}\n"),
        7 => format!(
            "postgres[{large}]: LOG:  connection authorized: user=orders database=orders (protocol=TLSv1.3) password_encryption=scram-sha-256\n"
        ),
        _ => format!("systemd[1]: session-{small}.scope: Consumed {small}.{small}s CPU time, job {id} done\n"),
    }
}

/// Ordinary logs: no secret in them, but digests, addresses, ids and base64.
fn logs(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut out = Vec::with_capacity(bytes + 512);
    let words =
        ["started", "connection", "pool", "authorization", "password", "retry", "timeout", "token", "key", "db"];
    while out.len() < bytes {
        let n = random();
        let word = |n: u64| words[usize::try_from(n % 10).unwrap()];
        let line = match n % 16 {
            8.. => program_line(n / 16, &mut random),
            0 => format!(
                "2026-11-24T22:{:02}:{:02}Z INFO {} {} id={:016x}\n",
                n % 60,
                n / 7 % 60,
                word(n >> 8),
                word(n >> 16),
                random()
            ),
            1 => format!(
                "{:016x}{:016x}{:016x}{:016x}  backups/db_{}.sql.gz\n",
                random(),
                random(),
                random(),
                random(),
                n % 10000
            ),
            2 => format!(
                "GET https://api.example.com:8443/v1/{}/{} HTTP/1.1 200 {}\n",
                word(n >> 8),
                n % 9999,
                n % 100_000
            ),
            3 => {
                let bytes: Vec<u8> = (0..6).flat_map(|_| random().to_le_bytes()).collect();
                let mut line = Vec::new();
                for group in bytes.chunks(3) {
                    line.extend_from_slice(
                        &forms::secret_forms(group).into_iter().max_by_key(Vec::len).unwrap_or_default(),
                    );
                }
                format!("data: {}\n", String::from_utf8_lossy(&line))
            }
            4 => format!("\x1b[32mOK\x1b[0m {} {}: {} -> {}\n", word(n >> 8), word(n >> 16), n % 1000, n % 77),
            5 => format!("ssh://git@host/{} user={} mail={}@example.com\n", word(n >> 8), n % 1000, word(n >> 16)),
            6 => format!("| {:>12} | {:>12} | {:<20} |\n", n % 1_000_000, random() % 1_000_000, word(n >> 8)),
            _ => format!(
                "{:x}-{:x}-{:x} {}\n",
                n >> 32,
                random() & 0xffff,
                random(),
                "x".repeat(usize::try_from(n % 40).unwrap())
            ),
        };
        out.extend_from_slice(line.as_bytes());
    }
    out
}

#[test]
fn ordinary_logs_lose_next_to_nothing() {
    let secrets: Vec<Vec<u8>> =
        (0..20_u8).map(|i| format!("S3cr3t-{i}-{:x}", u64::from(i) * 0x9e37_79b9_7f4a).into_bytes()).collect();
    let secrets: Vec<&[u8]> = secrets.iter().map(Vec::as_slice).collect();
    let masker = masker(&secrets);
    let logs = logs(10 << 20);
    let kept = masker.mask_bytes(&logs);
    let count = kept.windows(8).filter(|part| part == b"[masked:").count();
    let at = kept.windows(8).position(|part| part == b"[masked:").unwrap_or(0);
    let around = String::from_utf8_lossy(&kept[at.saturating_sub(100)..(at + 100).min(kept.len())]).into_owned();
    assert!(count <= 1, "{count} false masks: {around}");
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"hunter22".to_vec()),
        Just(b"hunter".to_vec()),
        Just(b"er22hun".to_vec()),
        Just(b"abcabcabd".to_vec()),
        Just(b"abc".to_vec()),
        Just(b"\x1b[31m".to_vec()),
        Just(b"\x1b]0;".to_vec()),
        Just(b"\x07".to_vec()),
        Just(b"\x1b".to_vec()),
        Just(b"://u:".to_vec()),
        Just(b"pw@".to_vec()),
        Just(b"ghp_".to_vec()),
        Just(vec![b'a'; 36]),
        Just(b"aHVudGVyMjI=".to_vec()),
        Just(b"68756e7465723232".to_vec()),
        Just(b"-----BEGIN PRIVATE KEY-----".to_vec()),
        Just(b"-----".to_vec()),
        Just(b"Authorization: Bearer ".to_vec()),
        Just(b"DB_PASSWORD=".to_vec()),
        Just(b"\\\"api_key\\\": \\\"".to_vec()),
        Just(b"\"token\":\"".to_vec()),
        Just(b"aB3dE5gH7jK9".to_vec()),
        Just(b"\n".to_vec()),
        Just(b" ".to_vec()),
        Just(b"curl -su u:".to_vec()),
        Just(b"Cookie: a=b; ".to_vec()),
        Just(b"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t".to_vec()),
        Just(b"mysql -p".to_vec()),
        // Text enough to be passed over.
        Just(b"nothing of note in this long line, and so on and on. ".repeat(10)),
        Just(b"gh".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Without a secret, with a few, with one that an escape sequence stands in, and with so many that nothing is passed over.
static MASKERS: LazyLock<Vec<Masker>> = LazyLock::new(|| {
    let many: Vec<String> = (0..80).map(|n| format!("{n:04x}-secret-{}", n * 7919)).collect();
    let many: Vec<&[u8]> = many.iter().map(String::as_bytes).chain([b"hunter22".as_slice()]).collect();
    let few: [&[u8]; 4] = [b"hunter22", b"abcabcabd", b"r22h", b"22hunt"];
    let escaped: [&[u8]; 2] = [b"hunter22", b"abc\x1b[31mabc"];
    [[].as_slice(), &few, &escaped, &many].map(masker).into()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn however_a_stream_is_cut_the_same_bytes_come_out(
        bytes in pieces(),
        cuts in proptest::collection::vec(0usize..4000, 0..12),
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let each: Vec<usize> = (0..bytes.len()).collect();
        for (at, masker) in MASKERS.iter().enumerate() {
            let whole = cut(masker, &bytes, &[]);
            prop_assert_eq!(&cut(masker, &bytes, &cuts), &whole);
            prop_assert_eq!(&cut(masker, &bytes, &each), &whole);
            prop_assert!(at == 0 || !has_piece_of(&whole, b"hunter22", 8));
        }
    }

    #[test]
    fn what_has_no_secret_comes_out_as_it_went_in(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert_eq!(masker(&[b"correct-horse"]).mask_bytes(&bytes).into_owned(), bytes);
    }
}
