//! The common language of regular expressions, by example.

use super::*;

#[test]
fn what_differs_between_engines_is_refused() {
    for source in [
        "",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<n>a)",
        "(?P<n>a)",
        "(?i)a",
        "(?i:a)",
        r"(a)\1",
        r"\k<n>",
        r"\p{L}",
        r"\Bx",
        r"\x41",
        r"\u0041",
        r"\cA",
        r"\A",
        r"\z",
        r"\a",
        r"\-",
        r"\<",
        "a**",
        "a+*",
        "a??*",
        "a{2}{3}",
        "^*",
        "$+",
        r"\b?",
        "*a",
        "a|*",
        "{",
        "}",
        "]",
        "a{",
        "a{x}",
        "a{,3}",
        "a{3,2}",
        "a{1001}",
        "[]",
        "[]a]",
        "[^]",
        "[[a]]",
        "[a&&b]",
        "[a--b]",
        r"[\d-z]",
        r"[a-\d]",
        "[z-a]",
        "[a",
        r"[\b]",
        r"[\q]",
        "(a",
        "a)",
        r"a\",
        "(a+)+",
        "(a*)*",
        "((a|b+)c)*",
        "(a+){21}",
        "(a+){3,}",
        "(a|b)*",
        "(a|)+",
        "(a?)*",
        "(?:a{1,2})+",
        "((a?){5}){5}",
        "[\\",
    ] {
        assert!(Pattern::parse(source).is_err(), "{source}");
    }
    assert!(Pattern::parse(&"a".repeat(513)).is_err());
    assert!(Pattern::parse("(?:(?:.{1000}){1000}){1000}").is_err());
    assert!(Pattern::parse(&("(".repeat(11) + &")".repeat(11))).is_err());
    assert!(Pattern::parse(&"a*".repeat(11)).is_err());
    assert!(Pattern::parse(&"a?".repeat(21)).is_err());
}

#[test]
fn what_is_accepted_means_what_javascript_says() {
    let cases: [(&str, &[&str], &[&str]); 23] = [
        (r"^/invoices/\d+$", &["/invoices/42"], &["/invoices/", "/invoices/٤٢"]),
        (r"^\w+$", &["a_1"], &["é", ""]),
        (r"^[\w.-]+$", &["a-b.c"], &["a b"]),
        (r"^\D$", &["a", "٤"], &["1"]),
        (r"^[^\d]$", &["a"], &["1"]),
        (r"^[\D]$", &["a"], &["1"]),
        (r"^\s$", &["\u{FEFF}", "\u{A0}", "\u{2028}"], &["\u{85}", "x"]),
        (r"^\S$", &["\u{85}"], &[" "]),
        (r"\bpay\b", &["to pay now", "épay"], &["repay"]),
        ("^.$", &["é", "😀", "\n", "\r", "\u{2028}"], &["ab", ""]),
        ("^a$", &["a"], &["a\n"]),
        ("a|", &["", "b"], &[]),
        ("^(a|b)c{2}$", &["acc", "bcc"], &["ac"]),
        ("^a{1,3}?b{2,}$", &["aaabb"], &["ab"]),
        (r"^[-a]+$", &["-a"], &["b"]),
        (r"^[a-]+$", &["a-"], &["b"]),
        (r"^[a\-z]+$", &["a-z"], &["b"]),
        (r"^[\^\]\[\\]+$", &[r"^][\"], &["a"]),
        ("^[a~|#&]+$", &["~a|#&"], &["b"]),
        ("^a#b c~&-<>@!%=:;\"',$", &["a#b c~&-<>@!%=:;\"',"], &[]),
        (r"^\/\.\$\(\)\{\}\+\?\*\|\^$", &["/.$(){}+?*|^"], &[]),
        (r"^(?:\/[a-z]{2})*$", &["/de/en", ""], &["/deu"]),
        (r"(?:[0-9]+\.){3}[0-9]+", &["at 10.0.0.1"], &["10.0.0"]),
    ];
    for (source, matching, others) in cases {
        let pattern = Pattern::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        for text in matching {
            assert!(pattern.is_match(text), "{source} should match {text:?}");
        }
        for text in others {
            assert!(!pattern.is_match(text), "{source} should not match {text:?}");
        }
    }
}
