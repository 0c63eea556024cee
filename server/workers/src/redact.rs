//! Secrets taken out of a text before it leaves the machine.
//!
//! What is found is replaced by [`PLACEHOLDER`], and counted: never silently. The rules know the
//! shapes of common keys, and values of high entropy that are assigned to names such as `password`.
//! They are no guarantee. Each rule has words without which it cannot match; only a text that holds
//! one of them pays for the rule's pattern.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands in the place of a secret.
pub const PLACEHOLDER: &str = "[secret left out]";

/// A text without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text.
    pub text: String,
    /// How many secrets were taken out.
    pub count: usize,
}

/// Takes the secrets out of `text`.
#[must_use]
pub fn redact(text: &str) -> Redacted {
    let lower = text.to_ascii_lowercase();
    let mut redacted = Redacted {
        text: text.to_owned(),
        count: 0,
    };
    for rule in &RULES {
        if rule.words.iter().any(|word| lower.contains(word)) {
            rule.apply(&mut redacted);
        }
    }
    redacted
}

struct Rule {
    /// In small letters. Without one of them the pattern cannot match.
    words: &'static [&'static str],
    /// The secret is the group `secret`, or all of a match.
    pattern: LazyLock<Regex>,
    /// Whether what was found must look random to count.
    random: bool,
}

impl Rule {
    fn apply(&self, redacted: &mut Redacted) {
        let mut count = 0;
        let before = &redacted.text;
        let text = self.pattern.replace_all(before, |found: &Captures| {
            let whole = found.get_match();
            let secret = found.name("secret").unwrap_or(whole);
            let quoted = found.name("quote").is_some();
            if self.random && !is_value(secret.as_str(), quoted, &before[whole.end()..]) {
                return whole.as_str().to_owned();
            }
            count += 1;
            let head = &before[whole.start()..secret.start()];
            let tail = &before[secret.end()..whole.end()];
            format!("{head}{PLACEHOLDER}{tail}")
        });
        let text = text.into_owned();
        redacted.text = text;
        redacted.count += count;
    }
}

macro_rules! rule {
    ($words:expr, $pattern:expr) => {
        rule!($words, $pattern, false)
    };
    ($words:expr, $pattern:expr, $random:expr) => {
        Rule {
            words: &$words,
            pattern: LazyLock::new(|| compiled($pattern)),
            random: $random,
        }
    };
}

static RULES: [Rule; 10] = [
    rule!(
        ["private key"],
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z ]*PRIVATE KEY( BLOCK)?-----|\z)"
    ),
    rule!(
        ["akia", "asia", "abia", "acca"],
        r"\b(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"
    ),
    rule!(
        [
            "ghp_",
            "gho_",
            "ghu_",
            "ghs_",
            "ghr_",
            "github_pat_",
            "glpat-"
        ],
        r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,})"
    ),
    rule!(
        ["xox", "hooks.slack.com"],
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/(?<secret>[A-Za-z0-9/]{20,})"
    ),
    rule!(["sk-"], r"\bsk-[A-Za-z0-9_-]{20,}"),
    rule!(
        ["k_live_", "k_test_"],
        r"\b[rs]k_(live|test)_[A-Za-z0-9]{16,}"
    ),
    rule!(
        ["aiza", "npm_", "pypi-"],
        r"\b(AIza[A-Za-z0-9_-]{35}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,})"
    ),
    rule!(
        ["eyj"],
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    ),
    rule!(["://"], r#"://[^\s/:@"']*:(?<secret>[^\s/@"'{}$<>]{3,})@"#),
    rule!(
        ["passw", "secret", "token", "key", "credential"],
        r#"(?i)(passw(or)?d|secret|token|api_?key|access_?key|private_?key|auth_?key|credential)[a-z0-9_]*["']?\s*(:\s*[&a-z_ ]*=|:|=>?)\s*(?<quote>["'])?(?<secret>[A-Za-z0-9+/=_.~!@#$%^&*-]{10,})"#,
        true
    ),
];

#[expect(
    clippy::expect_used,
    reason = "the patterns stand in this file, and a test compiles each"
)]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours is valid")
}

/// Whether what is assigned is a random value, not code: without quotes, code calls and combines
/// names, which may have a digit or two.
fn is_value(text: &str, quoted: bool, after: &str) -> bool {
    let is_code = || {
        text.contains(['.', '_', '*', '&', '!'])
            || after.starts_with(['(', '[', ':', '<'])
            || text.chars().filter(char::is_ascii_digit).count() < 3
    };
    looks_random(text) && (quoted || !is_code())
}

/// Whether `text` is more like a generated key than like a word or a call: letters and digits, and
/// at least three bits of entropy for each character.
#[expect(
    clippy::cast_precision_loss,
    reason = "texts of some thousand characters"
)]
fn looks_random(text: &str) -> bool {
    let has = |is: fn(&char) -> bool| text.chars().any(|char| is(&char));
    if !has(char::is_ascii_digit) || !has(char::is_ascii_alphabetic) {
        return false;
    }
    let mut counts: HashMap<char, usize> = HashMap::new();
    for char in text.chars() {
        *counts.entry(char).or_default() += 1;
    }
    let length = text.chars().count() as f64;
    let entropy: f64 = counts
        .values()
        .map(|&count| count as f64 / length)
        .map(|share| -share * share.log2())
        .sum();
    entropy >= 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with `[]` where a secret was.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let redacted = redact(text);
        assert_eq!(redacted.text.replace(PLACEHOLDER, "[]"), expected);
        assert_eq!(redacted.count, expected.matches("[]").count());
    }

    /// Put together here, so that no scanner of secrets takes this file for a leak.
    fn made(head: &str, length: usize) -> String {
        let tail: String = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0z"
            .chars()
            .cycle()
            .take(length)
            .collect();
        format!("{head}{tail}")
    }

    #[test]
    fn keys_of_known_shapes_are_taken_out() {
        for secret in [
            made("ghp_", 36),
            made("github_pat_", 40),
            made("glpat-", 20),
            made("xoxb-", 30),
            made("sk-", 40),
            made("sk-ant-api03-", 60),
            made("sk_live_", 24),
            made("AIza", 35),
            made("npm_", 36),
            format!("AKIA{}", "ABCDEFGH12345678"),
            format!("{}.{}.{}", made("eyJ", 20), made("eyJ", 20), made("", 20)),
            format!(
                "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
                made("", 64)
            ),
        ] {
            check(&format!("x \"{secret}\" y"), "x \"[]\" y");
        }
    }

    #[test]
    fn a_secret_is_taken_out_of_its_place() {
        check("postgres://me:hunter22@host/db", "postgres://me:[]@host/db");
        check("ftp://same:same@host", "ftp://same:[]@host");
        let value = made("", 20);
        for (text, expected) in [
            ("password = \"VALUE\"", "password = \"[]\""),
            ("API_KEY=VALUE\n", "API_KEY=[]\n"),
            (
                "{\"access_token\": \"VALUE\"}",
                "{\"access_token\": \"[]\"}",
            ),
            (
                "const SECRET: &str = \"VALUE\";",
                "const SECRET: &str = \"[]\";",
            ),
            ("client_secret => 'VALUE'", "client_secret => '[]'"),
            ("a = VALUE; token: VALUE", "a = SAME; token: []"),
        ] {
            check(
                &text.replace("VALUE", &value),
                &expected.replace("SAME", &value),
            );
        }
    }

    #[test]
    fn code_is_left_alone() {
        for text in [
            "",
            "let token = tokenizer.next();",
            "password = getpass.getpass()",
            "key = some_function_name(argument)",
            "token: &'static str,",
            "key = hashlib.sha256(data)",
            "token = next_token_v2",
            "key = encodeBase64Url(x)",
            "secret: config.keys2.primary1value,",
            "let key = parse1x2y3z4w(input);",
            "https://example.org/a:b@c",
            "http://user:$PASSWORD@host",
            "risk-averse-strategies-are-better",
            "monkey = \"banana split with cream\"",
            "secret = \"aaaaaaaaaaaa1\"",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn doing_it_twice_is_doing_it_once() {
        let once = redact(&format!("token = \"{}\"", made("", 30)));
        assert_eq!(redact(&once.text).count, 0);
    }

    #[test]
    fn every_pattern_is_valid() {
        for rule in &RULES {
            LazyLock::force(&rule.pattern);
        }
    }
}
