//! Tokens by their shape and values by their name: each is masked wherever the stream is cut, and what only looks like one
//! is left alone.

use super::*;

/// A repeatable source of letters.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn letters(&mut self, alphabet: &str, count: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| letters[usize::try_from(self.next() >> 33).unwrap() % letters.len()]).collect()
    }

    /// A sample of a shape, in which `%a16` stands for sixteen letters and digits. See [`alphabet`].
    fn sample(&mut self, shape: &str) -> String {
        let (mut out, mut chars) = (String::new(), shape.chars().peekable());
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let class = chars.next().unwrap();
            let digits: String = std::iter::from_fn(|| chars.next_if(char::is_ascii_digit)).collect();
            out.push_str(&self.letters(&alphabet(class), digits.parse().unwrap()));
        }
        out
    }
}

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";

fn alphabet(class: char) -> String {
    let upper = LOWER.to_uppercase();
    match class {
        'a' => format!("{LOWER}{upper}{DIGITS}"),
        'u' => format!("{upper}{DIGITS}"),
        'l' => format!("{LOWER}{DIGITS}"),
        'h' => format!("abcdef{DIGITS}"),
        'd' => DIGITS.to_owned(),
        'w' => format!("{LOWER}{upper}{DIGITS}_-"),
        'b' => format!("{LOWER}{upper}{DIGITS}+/"),
        // A password as people choose one: letters, digits and signs that shells and formats leave alone.
        'p' => format!("{LOWER}{upper}{DIGITS}!@^*_+-"),
        _ => panic!("no alphabet `{class}`"),
    }
}

/// Shapes of secrets: a text, and between `‹` and `›` the part that must not be seen.
const SHAPES: &[&str] = &[
    // Forges.
    "ghp_‹%a36›",
    "gho_‹%a36›",
    "ghu_‹%a36›",
    "ghs_‹%a36›",
    "ghr_‹%a36›",
    "github_pat_‹%a22_%a59›",
    "glpat-‹%w20›",
    "glrt-‹%w20›",
    "gldt-‹%w20›",
    "glcbt-‹64_%w20›",
    "glptt-‹%h40›",
    "glft-‹%w20›",
    "glsoat-‹%w20›",
    "glagent-‹%w50›",
    "gloas-‹%w64›",
    "glffct-‹%w20›",
    "glimt-‹%w25›",
    "GR1348941‹%w20›",
    "ATATT3‹xFfGF0%w180›",
    // Clouds.
    "AKIA‹%u16›",
    "ASIA‹%u16›",
    "AWS_SECRET_ACCESS_KEY=‹%b40›",
    "export AWS_SECRET_ACCESS_KEY=\"‹%b40›\"",
    "aws_secret_access_key = ‹%b40›",
    "\"SecretAccessKey\":\"‹%b40›\"",
    "\"SecretAccessKey\": \"‹%b40›\"",
    "AWS_SESSION_TOKEN=‹IQoJb3JpZ2lu%b300›",
    "\"SessionToken\":\"‹FwoGZXIvYXdz%b300›\"",
    "AIza‹%w35›",
    "ya29.‹%w120›",
    "GOCSPX-‹%w28›",
    "AccountKey=‹%b86==›",
    "SharedAccessKey=‹%b43=›",
    "?sv=2022-11-02&sp=r&sig=‹%a43%%d02›",
    "https://x.blob.core.windows.net/c?sig=‹%a43%%d02›&se=2026",
    "%a2x8Q~‹%a34›",
    "dop_v1_‹%h64›",
    "LTAI‹%a20›",
    "fm2_‹%b200›",
    // Chat and mail.
    "xoxb-‹%d12-%d12-%a24›",
    "xoxp-‹%d12-%d12-%d12-%h32›",
    "xapp-‹1-A%u10-%d13-%h64›",
    "https://hooks.slack.com/services/‹T%u10/B%u10/%a24›",
    "https://discord.com/api/webhooks/‹%d18/%w68›",
    "%d9:AA‹%w33›",
    "SG.‹%w22.%w43›",
    "SK‹%h32›",
    "key-‹%h32›",
    "xkeysib-‹%h64-%a16›",
    // Infrastructure and packages.
    "hvs.‹%w95›",
    "hvb.‹%w150›",
    "X-Vault-Token: ‹hvs.%w95›",
    "%a14.atlasv1.‹%w66›",
    "pul-‹%h40›",
    "dp.pt.‹%a43›",
    "sha256~‹%w43›",
    "dapi‹%h32›",
    "glsa_‹%a32_%h8›",
    "NRAK-‹%u27›",
    "sntryu_‹%h64›",
    "npm_‹%a36›",
    "pypi-AgE‹IcHlwaS5vcmc%w70›",
    "rubygems_‹%h48›",
    "dckr_pat_‹%w27›",
    "PMAK-‹%h24-%h34›",
    "tskey-‹auth-%a17-%a32›",
    // Models and payments.
    "sk-ant-‹api03-%w93AA›",
    "sk-proj-‹%w74T3BlbkFJ%w74›",
    "sk-‹%a20T3BlbkFJ%a20›",
    "hf_‹%a34›",
    "gsk_‹%a52›",
    "pplx-‹%a48›",
    "sk_live_‹%a24›",
    "sk_test_‹%a24›",
    "whsec_‹%a32›",
    "shpat_‹%h32›",
    "sq0atp-‹%w22›",
    // Headers.
    "Authorization: Bearer ‹%w40›",
    "Authorization: Basic ‹%a24=›",
    "{\"Authorization\": \"Bearer ‹%w40›\"}",
    "{'Authorization': 'Bearer ‹%w40›'}",
    "{\"Authorization\":\"token ‹%h40›\"}",
    "Proxy-Authorization: Basic ‹%a24=›",
    "PRIVATE-TOKEN: ‹%w20›",
    "-H 'X-Api-Key: ‹%a32›'",
    "x-auth-token: ‹%h32›",
    "Cookie: ‹theme=dark; session=%a32›",
    "Set-Cookie: sid=‹%a32›; Path=/; HttpOnly",
    // Files and command lines.
    "client-key-data: ‹LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ%b400=›",
    "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"‹%a40=›\"}}}",
    "PGPASSWORD=‹%a10x7› psql -h db",
    "curl -u admin:‹%a10x7› https://x",
    "curl -sSu 'admin:‹%p12x7›' https://x",
    "mysql -u root -p‹%a10x7› db",
    "db.example.com:5432:app:app:‹%a10x7›",
    "machine h login bob password ‹%a10x7›",
    "sshpass -p ‹%a10x7› ssh h",
    "postgres://app:‹%a12›@db:5432/x",
    "root:$6$‹%a16$%a86›:19000:0:99999:7:::",
    "eyJ%a20.eyJ%a40.‹%w43›",
    "//registry.npmjs.org/:_authToken=‹%l36›",
];

/// The text of a shape, and the part of it that is secret.
fn make_sample(random: &mut Random, shape: &str) -> (String, String) {
    // `%%d02` is a percent escape of a URL.
    let sample = random.sample(&shape.replace("%%d02", "\u{1}")).replace('\u{1}', "%3D");
    let (before, rest) = sample.split_once('‹').unwrap();
    let (secret, after) = rest.split_once('›').unwrap();
    (format!("{before}{secret}{after}"), secret.to_owned())
}

fn mask_in_pieces(masker: &Masker, text: &[u8], at: usize) -> String {
    let (mut stream, mut out) = (masker.start_stream(), Vec::new());
    stream.push_bytes(&text[..at], &mut out);
    stream.push_bytes(&text[at..], &mut out);
    stream.finish_stream(&mut out);
    String::from_utf8(out).unwrap()
}

/// Pieces of eight bytes of a secret that a text shows.
fn shown_pieces(text: &str, secret: &str) -> usize {
    let length = secret.len().min(8);
    secret.as_bytes().windows(length).filter(|piece| text.as_bytes().windows(length).any(|part| part == *piece)).count()
}

#[test]
fn a_token_is_masked_by_its_shape_alone_wherever_the_stream_is_cut() {
    let (masker, mut random) = (Masker::new(), Random(0x5eed_2026));
    let mut missed = Vec::new();
    for shape in SHAPES {
        for round in 0..3 {
            let (text, secret) = make_sample(&mut random, shape);
            let text = format!("line before\n{text}\nline after\n");
            let hidden = masker.mask_text(&text).into_owned();
            if shown_pieces(&hidden, &secret) > 0 {
                missed.push(format!("{shape}: {hidden}"));
                break;
            }
            assert!(hidden.starts_with("line before\n") && hidden.ends_with("\nline after\n"), "{hidden}");
            for at in (0..text.len()).step_by(1 + round * 7 + text.len() / 150) {
                assert_eq!(mask_in_pieces(&masker, text.as_bytes(), at), hidden, "{shape} cut at {at}");
            }
            assert_eq!(masker.mask_text(&hidden), hidden, "masking again changes nothing");
        }
    }
    assert!(missed.is_empty(), "{} of {} shapes:\n{}", missed.len(), SHAPES.len(), missed.join("\n"));
}

/// Places in which a program shows a name and its value.
const PLACES: &[&str] = &[
    "NAME=VALUE",
    "export NAME=VALUE",
    "export NAME='VALUE'",
    "declare -x NAME=\"VALUE\"",
    "NAME = VALUE",
    "NAME: VALUE",
    "  NAME: 'VALUE'",
    "  - NAME: \"VALUE\"",
    "NAME: |\n  VALUE",
    "{\"NAME\":\"VALUE\"}",
    "{\"NAME\": \"VALUE\", \"b\": 1}",
    "{\n  \"NAME\": \"VALUE\"\n}",
    "{\"body\":\"{\\\"NAME\\\":\\\"VALUE\\\"}\"}",
    "{\"text\":\"a=b\\nNAME=VALUE\\nc=d\"}",
    "{\"Env\":[\"NAME=VALUE\",\"A=b\"]}",
    "<NAME>VALUE</NAME>",
    "<NAME>\n    VALUE\n</NAME>",
    "<add key=\"NAME\" value=\"VALUE\" />",
    "- name: NAME\n  value: VALUE",
    "{\"name\": \"NAME\", \"value\": \"VALUE\"}",
    "https://api.example.com/v1?a=b&NAME=VALUE&c=d",
    "'NAME' => 'VALUE',",
    "NAME := `VALUE`",
    "var NAME string = \"VALUE\"",
    "$NAME = \"VALUE\";",
    "os.environ[\"NAME\"] = \"VALUE\"",
    "tool --NAME=VALUE --quiet",
    "tool --NAME VALUE --quiet",
    "\u{1b}[34;1m\"NAME\"\u{1b}[0m\u{1b}[1m:\u{1b}[0m \u{1b}[32m\"VALUE\"\u{1b}[0m",
];

const NAMES: &[&str] = &[
    "DB_PASSWORD",
    "password",
    "PGPASSWORD",
    "MYSQL_PWD",
    "DBPASS",
    "API_TOKEN",
    "api_key",
    "apiKey",
    "clientSecret",
    "AWS_SECRET_ACCESS_KEY",
    "spring.datasource.password",
    "ENCRYPTION_KEY",
    "GITHUB_CREDENTIALS",
    "access-token",
    "SECRET_KEY_BASE",
    "passphrase",
];

#[test]
fn the_value_beside_a_secrets_name_is_masked_in_every_format_and_learned() {
    let (masker, mut random) = (Masker::new(), Random(0xfeed_2026));
    let mut missed = Vec::new();
    for place in PLACES {
        for name in NAMES {
            let value = random.sample("%a11x7%h4");
            let text = format!("before\n{}\nafter\n", place.replace("NAME", name).replace("VALUE", &value));
            let hidden = masker.mask_text(&text).into_owned();
            let learned = masker.find_named_values(text.as_bytes());
            if hidden.contains(&value) || !learned.iter().any(|(_, known)| known == value.as_bytes()) {
                missed.push(format!("{place} with {name}: {hidden} {learned:?}"));
                continue;
            }
            assert!(hidden.starts_with("before\n") && hidden.ends_with("\nafter\n"), "{hidden}");
            for at in (0..text.len()).step_by(5) {
                assert_eq!(mask_in_pieces(&masker, text.as_bytes(), at), hidden, "{text:?} cut at {at}");
            }
        }
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), PLACES.len() * NAMES.len(), missed.join("\n"));
}

#[test]
fn a_value_that_stands_for_another_or_is_a_plain_word_is_left_alone() {
    let masker = Masker::new();
    for value in [
        "<your-token>",
        "$PASSWORD",
        "${DB_PASSWORD}",
        "$(cat /run/secrets/x)",
        "{{ .Values.password }}",
        "****************",
        "xxxxxxxxxxxxxxxxxxxx",
        "changeme",
        "true",
        "null",
        "required",
        "12345",
        "86400",
        "/run/secrets/db_password1",
        "./keys/server1.pem",
        "https://vault.example.com:8200/v1",
        "your-api-key-here",
        "[masked:pw]",
        "",
    ] {
        for place in PLACES.iter().filter(|place| !place.contains('$') && !place.contains('\u{1b}')) {
            let text = format!("{}\n", place.replace("NAME", "DB_PASSWORD").replace("VALUE", value));
            assert_eq!(masker.mask_text(&text), text, "{place}: {value}");
        }
    }
    for plain in [
        "password authentication failed for user \"app1\"",
        "Enter passphrase for key '/root/.ssh/id_ed25519': ",
        "password_encryption=scram-sha-256 max_tokens=4096 token_expiry=2026-12-01T10:00:00Z",
        "keyboard: us1 monkey=x7y8z9a1b2c3d4e5 primary_key=a1b2c3d4e5f6a7b8 public_key: q8w7e6r5t4y3u2i1",
        "secretName: db-creds-v2 KeyName: prod-ops-2026",
        "commit 02d03c2f4b6a8d0e1c3b5a79f8e6d4c2b0a19837",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "uid 550e8400-e29b-41d4-a716-446655440000 etag \"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n-----END CERTIFICATE-----",
        "certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSURkekNDQWwrZ0F3SUJBZ0lFQWdBQXVUQU5CZ2txaGtpRzl3MEI=",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops@db1",
        "password = os.environ.get(\"X1\")",
        "let token = self.tokens[index]; password: Option<String>, key = row.primary_key;",
        "curl -u \"$USER:$PASS\" https://x; curl -u <user:password> x; mysql -u root -p app",
        "the token expires in 3600 s; auth: required; Cookie: theme=dark",
    ] {
        assert_eq!(masker.mask_text(plain), plain);
    }
}

#[test]
fn a_private_key_is_masked_indented_escaped_and_encoded() {
    let (masker, mut random) = (Masker::new(), Random(0xbeed_2026));
    let body: Vec<String> = (0..6).map(|_| random.letters(&alphabet('b'), 64)).collect();
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        let lines = |by: &str| {
            format!("-----BEGIN {kind}PRIVATE KEY-----{by}{}{by}-----END {kind}PRIVATE KEY-----", body.join(by))
        };
        let encoded = {
            let text = lines("\n");
            forms::secret_forms(text.as_bytes()).into_iter().find(|form| form.starts_with(b"LS0tLS1CRUdJTi")).unwrap()
        };
        let encoded = String::from_utf8(encoded).unwrap();
        let wrapped: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for text in [
            lines("\n"),
            lines("\r\n"),
            lines("\n      "),
            format!("{{\"private_key\":\"{}\"}}", lines("\\n")),
            format!("data:\n  tls.key: {encoded}\n"),
            format!("{}\nend of it\n", wrapped.join("\n")),
        ] {
            let hidden = masker.mask_text(&text).into_owned();
            let secret = if text.contains("LS0tLS1") { encoded.split_at(100).1 } else { body[2].as_str() };
            assert_eq!(shown_pieces(&hidden, secret), 0, "{hidden}");
            assert!(text.contains("end of it") == hidden.contains("end of it"), "{hidden}");
            for at in (0..text.len()).step_by(13) {
                assert_eq!(mask_in_pieces(&masker, text.as_bytes(), at), hidden, "cut at {at}");
            }
        }
    }
}

#[test]
fn a_token_that_is_half_read_is_masked_though_a_secret_is_learned_then() {
    let mut masker = Masker::new();
    for text in ["ghp_aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5", "DB_PASSWORD=s3cr3tValue99aa12"] {
        for at in 1..text.len() {
            let (mut stream, mut out) = (masker.start_stream(), Vec::new());
            stream.push_bytes(&text.as_bytes()[..at], &mut out);
            masker.add_secret("other", format!("another-{at}-{}", text.len()).as_bytes()).unwrap();
            stream.learn_secrets(&masker, &mut out);
            stream.push_bytes(&text.as_bytes()[at..], &mut out);
            stream.push_bytes(b"\n", &mut out);
            stream.finish_stream(&mut out);
            let out = String::from_utf8(out).unwrap();
            assert_eq!(shown_pieces(&out, text.split_at(12).1), 0, "cut at {at}: {out}");
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test measures real time")]
fn hostile_output_takes_time_in_proportion_to_its_length() {
    let masker = Masker::new();
    for unit in [
        "key",
        "curl ",
        "password=",
        "eyJ",
        "token: Bearer ",
        "\"secret\": \"",
        "-----BEGIN ",
        "\u{1b}[0mkey",
        "://",
        "a=",
    ] {
        let time = |repeats: usize| {
            let text = unit.repeat(repeats);
            let started = std::time::Instant::now();
            assert!(!masker.mask_text(&text).is_empty());
            started.elapsed()
        };
        // The least of three, because other tests run beside this one.
        let least = |repeats: usize| (0..3).map(|_| time(repeats)).min().unwrap();
        let (small, large) = (least(5_000), least(40_000));
        assert!(large < small * 40 + std::time::Duration::from_millis(50), "{unit:?}: {small:?}, {large:?}");
    }
}
