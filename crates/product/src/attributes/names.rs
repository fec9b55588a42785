//! What a name says about its values. A name is judged by its words ([`words`](super::words)), alone and in pairs; the
//! words stand in [`vocabulary`](super::vocabulary).
//!
//! - A word that says who somebody is, how to reach them, where they live or a secret of theirs makes a name *personal*,
//!   unless it ends in what is merely said of such a thing (`email_verified`, `phone_type`) or begins like a question or
//!   count (`has_phone`, `total_emails`). Nothing of that excuses what law protects most, and pay: `has_disability`,
//!   `marital_status`, `average_salary`.
//! - A *name* is personal, unless the word before it is of what the makers of a product call by a name (`plan_name`,
//!   `event_name`, `company_name`). Texts (`title`, `message`, `location`) likewise: `button_text` is a product's.
//! - A role at the end (`account_owner`, `created_by`) and the id of somebody or of a company are personal: outside ids
//!   stand in the keyring only. Several of them (`employees`) are a count, as long as the value is one.
//! - Else what ends in an id, number or key is *pseudonymous*, as is a city; all else is *plain* until a value says
//!   otherwise. An IP address is never stored at all.
//!
//! In doubt a value is sealed: it can be shown to whoever may read it, an exposed one can't be taken back.

use super::vocabulary as v;
use super::words::{Set, folded, words};
use super::{Class, Scope};

/// Names of a company's attributes that are not personal, though a person's would be.
const OF_COMPANIES: &[&str] = &["name", "website", "description", "location", "age", "title", "avatar"];
/// Names of a person's attributes that are not personal, though an event's would be: a job's title.
const OF_PEOPLE: &[&str] = &["title", "jobtitle"];
/// Names that are personal, and made of words that are not.
const WHOLE: &[&str] = &["q", "login", "handle", "alias", "age", "ages", "token", "fio", "signature", "city.of.birth"];
/// Names that do not say of what.
const UNSAID: &[&str] = &["ref", "reference"];
/// Names of IP addresses.
const ADDRESSES: &[&str] =
    &["ipaddress", "ipaddr", "ipadresse", "remoteaddr", "remoteaddress", "xforwardedfor", "forwardedfor", "peeraddr"];

/// How an attribute's values are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Searched {
    /// As an e-mail address.
    Email,
    /// By the exact value.
    Exactly,
}

/// How a personal attribute of this name is searched; `None` if it is not.
pub(crate) fn searched_as(name: &str) -> Option<Searched> {
    match folded(name).as_str() {
        "email" if name == "email" => Some(Searched::Email),
        "phone" | "phonenumber" | "mobile" | "mobilenumber" | "telephone" | "username" | "email" | "emailaddress" => {
            Some(Searched::Exactly)
        }
        _ => None,
    }
}

/// What a name says.
pub(super) fn class_of(scope: Scope, name: &str) -> Class {
    let folded = folded(name);
    let excused = match scope {
        Scope::Company => OF_COMPANIES.contains(&folded.as_str()),
        Scope::Person => OF_PEOPLE.contains(&folded.as_str()),
        Scope::Event | Scope::EventName => false,
    };
    if excused {
        return Class::Plain;
    }
    let words = words(name);
    if WHOLE.contains(&folded.as_str()) || says_who(&words) {
        return Class::Personal;
    }
    let last = words.iter().rev().find(|word| !is_number(word)).map_or("", String::as_str);
    if v::IDS.contains(last) || v::PLACES.contains(last) || ["session", "token"].contains(&last) {
        return Class::Pseudonymous;
    }
    Class::Plain
}

/// What may be behind a name whose words are personal only in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excuse {
    None,
    /// Says something of it.
    State,
    /// Yes, no or how many.
    Count,
}

fn excuse(words: &[&str]) -> Excuse {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Excuse::None };
    let several = words.len() > 1;
    let is_count = ["count", "counts"].contains(last) || (v::QUANTITIES.contains(first) && are_many(last));
    if several && (v::QUESTIONS.contains(first) || is_count) {
        Excuse::Count
    } else if several && v::STATES.contains(last) && !words.contains(&"birth") && !words.contains(&"born") {
        Excuse::State
    } else {
        Excuse::None
    }
}

/// Whether a word is of several: `emails`, `people`.
fn are_many(word: &str) -> bool {
    word == "people" || (word.ends_with('s') && !word.ends_with("ss"))
}

fn says_who(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !is_number(word)).collect();
    let Some(last) = words.last().copied() else { return false };
    if is_sensitive(&words) {
        return true;
    }
    if has_pair(&words, &v::PAIRS) {
        return excuse(&words) == Excuse::None;
    }
    if excuse(&words) != Excuse::None {
        return false;
    }
    words.iter().any(|word| is_personal(word))
        || has_name(&words)
        || is_text(&words)
        || v::PEOPLE.contains(last)
        || is_account(&words)
        || (last == "by" && words.len() > 1 && !words.iter().any(|word| v::NOT_BY_SOMEBODY.contains(word)))
        || (last == "token" || words.first() == Some(&"token"))
        || pairs(&words).any(|(one, two)| {
            let whose = v::ROLES.contains(one) || v::OWNERS.contains(one);
            (whose && v::IDS.contains(two)) || (v::ROLES.contains(one) && two == "age")
        })
        || (words.iter().any(|word| v::WHOSE.contains(word) || v::ROLES.contains(word))
            && words.iter().any(|word| v::PLACES.contains(word)))
}

/// Whether a name says what no excuse applies to.
fn is_sensitive(words: &[&str]) -> bool {
    let says = |word: &&str| v::SENSITIVE.contains(word) || v::SENSITIVE_PARTS.iter().any(|part| word.contains(part));
    has_pair(words, &v::SENSITIVE_PAIRS) || (words.iter().any(says) && !has_pair(words, &v::NOT_SENSITIVE_PAIRS))
}

fn has_pair(words: &[&str], set: &Set) -> bool {
    pairs(words).any(|(one, two)| set.contains(format!("{one}.{two}").as_str()))
}

fn is_personal(word: &str) -> bool {
    v::PERSONAL.contains(word)
        || (!v::NOT_PERSONAL.contains(word) && v::PARTS.iter().any(|part| word.contains(part)))
        || (!word.is_ascii() && v::PERSONAL_IN_OTHER_SCRIPTS.iter().any(|part| word.contains(part)))
}

fn has_name(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(at, word)| v::NAMES.contains(word) && !is_of_product(words, at))
}

fn is_text(words: &[&str]) -> bool {
    let at = words.len() - 1;
    let of_page = at > 0 && words[at] == "title" && ["page", "screen"].contains(&words[at - 1]);
    v::TEXTS.contains(words[at]) && (of_page || !is_of_product(words, at))
}

/// Whether the word before is of something that a product's makers name; one of many (`products`) too.
fn is_of_product(words: &[&str], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| words[before]) else { return false };
    v::PRODUCT.contains(before) || before.strip_suffix('s').is_some_and(|one| v::PRODUCT.contains(one))
}

fn is_account(words: &[&str]) -> bool {
    let social = words.iter().position(|word| v::SOCIAL.contains(word));
    social.is_some_and(|at| at + 1 == words.len() || v::SOCIAL_ACCOUNT.contains(words[words.len() - 1]))
}

fn pairs<'a>(words: &'a [&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    words.windows(2).map(|pair| (pair[0], pair[1]))
}

fn is_number(word: &str) -> bool {
    word.chars().all(char::is_numeric)
}

/// Whether a name stands for yes, no or how many of something personal: any other value of it is personal.
pub(super) fn is_count_of_people(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !is_number(word)).collect();
    let Some(last) = words.last() else { return false };
    let several = |word: &str| word.strip_suffix('s').is_some_and(|one| v::PEOPLE.contains(one) || one == "member");
    several(last) || *last == "people" || (excuse(&words) == Excuse::Count && mentions_people(&words))
}

fn mentions_people(words: &[&str]) -> bool {
    words.iter().any(|word| is_personal(word)) || has_name(words)
}

/// Which digits a name explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits {
    /// In groups: a product's code, a date.
    pub(super) groups: bool,
    /// In one row: a quantity, an id.
    pub(super) row: bool,
}

/// Which digits a name explains, so that they are nobody's telephone number.
pub(super) fn digits_of(name: &str) -> Digits {
    let words = words(name);
    let of_people = words.iter().any(|word| v::ROLES.contains(word.as_str()));
    let has = |set: &Set| !of_people && words.iter().any(|word| set.contains(word.as_str()));
    let groups = has(&v::CODES);
    // A mere `number` does not say of what.
    let says_of_what = words.len() > 1 || !words.iter().any(|word| UNSAID.contains(&word.as_str()));
    Digits { groups, row: groups || (says_of_what && has(&v::QUANTITY)) }
}

/// Whether a name is an IP address's.
pub(super) fn is_address(name: &str) -> bool {
    let folded = folded(name);
    if !folded.contains("ip") && !folded.contains("addr") && !folded.contains("forwarded") {
        return false;
    }
    if ADDRESSES.iter().any(|end| folded.ends_with(end)) || folded.contains("ipv4") || folded.contains("ipv6") {
        return true;
    }
    let words = words(name);
    let mut words = words.iter().map(String::as_str).filter(|word| !is_number(word)).rev();
    match (words.next(), words.next()) {
        (Some("ip" | "ips" | "ipv"), _) => true,
        (
            Some("hash" | "hashed" | "address" | "addresses" | "addr" | "v" | "string" | "list" | "value"),
            Some(before),
        ) => ["ip", "ips", "i"].contains(&before),
        _ => false,
    }
}

/// Whether a name is a version's.
pub(super) fn is_version(name: &str) -> bool {
    words(name).iter().any(|word| v::VERSIONS.contains(word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_machines_are_known_by_name() {
        for name in [
            "ip",
            "IP",
            "client_ip",
            "ipAddress",
            "IPv4",
            "ipv6_address",
            "last-login-ip",
            "X-Forwarded-For",
            "remote_addr",
            "ips",
            "user.ip",
            "cf-connecting-ip",
            "ip_hash",
            "clientIpAddress",
        ] {
            assert!(is_address(name), "{name}");
        }
        for name in ["zip", "tip", "ip_country", "shipping", "ip_type", "address", "description", "skip", "trip_list"] {
            assert!(!is_address(name), "{name}");
        }
    }

    #[test]
    fn a_count_of_people_is_one_only_as_a_number() {
        for name in ["employees", "team_members", "users", "has_phone", "total_emails", "number_of_contacts", "people"]
        {
            assert!(is_count_of_people(name), "{name}");
        }
        for name in ["plan", "seats", "has_trial", "total", "email_status"] {
            assert!(!is_count_of_people(name), "{name}");
        }
    }

    #[test]
    fn what_is_said_of_a_company_may_be_seen() {
        assert_eq!(class_of(Scope::Company, "name"), Class::Plain);
        assert_eq!(class_of(Scope::Company, "contact_name"), Class::Personal);
        assert_eq!(class_of(Scope::Company, "owner"), Class::Personal);
        assert_eq!(class_of(Scope::Person, "title"), Class::Plain);
        assert_eq!(class_of(Scope::Event, "title"), Class::Personal);
    }
}
