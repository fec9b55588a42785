//! How keys of each kind turn, and what ends their old versions. `docs/rotation.md` shows this table, and a test compares.

use keys::KeyKind;

/// How keys of a kind turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The kind.
    pub kind: KeyKind,
    /// Whether they turn at all in this release.
    pub turns: bool,
    /// Whether requests wait for it; no request fails.
    pub drained: bool,
    /// After how many days they turn unless the operator says otherwise; 0 for never.
    pub days: u32,
    /// What happens; or, of keys that do not turn, why.
    pub how: &'static str,
    /// How long the old version lives.
    pub old: &'static str,
}

const fn online(kind: KeyKind, days: u32, how: &'static str, old: &'static str) -> Way {
    Way { kind, turns: true, drained: false, days, how, old }
}

const fn drained(kind: KeyKind, days: u32, how: &'static str, old: &'static str) -> Way {
    Way { kind, turns: true, drained: true, days, how, old }
}

const fn not_yet(kind: KeyKind, why: &'static str) -> Way {
    Way { kind, turns: false, drained: false, days: 0, how: why, old: "" }
}

/// Every kind's way. Root and erasable keys never turn by themselves: each escrow written before would stop helping, and
/// nobody would know.
pub const WAYS: &[Way] = &[
    online(
        KeyKind::Root,
        0,
        "a new version takes the root key file's place, every wrapped key and erasable key is wrapped anew",
        "seconds, until nothing is wrapped under it; its bytes are overwritten. Copies of the data folder made before open \
         only with an escrow made before",
    ),
    online(
        KeyKind::Erasable,
        0,
        "a new pair for each bucket, the private halves of its people and companies are sealed anew",
        "until the bucket's rows are sealed anew; its bytes are overwritten",
    ),
    not_yet(KeyKind::Person, "a pair lives as long as its person; the erasable key that seals it turns"),
    not_yet(KeyKind::Company, "a pair lives as long as its company; the erasable key that seals it turns"),
    not_yet(KeyKind::Inbox, "nothing is sealed to it in this release"),
    drained(
        KeyKind::MainStoreFile,
        365,
        "requests that use the store wait, a copy of the file gets the new key and takes its place",
        "it ends with the change; the file that it opened is removed",
    ),
    drained(
        KeyKind::KeyringFile,
        365,
        "requests that use the store wait, a copy of the file gets the new key and takes its place",
        "it ends with the change; the file that it opened is removed",
    ),
    online(
        KeyKind::EventLog,
        365,
        "log files that are begun from now on are sealed under the new version",
        "as long as a log file is sealed under it, until it is trimmed, or the mark of what was trimmed, which moves to the new \
         version at once; over PostgreSQL it stays, since another host's files cannot be seen",
    ),
    online(
        KeyKind::Part,
        365,
        "every part that is sealed under the old version is written anew, one at a time",
        "until no part is sealed under it; over PostgreSQL it stays, since another host's files cannot be seen",
    ),
    online(
        KeyKind::Dictionary,
        365,
        "each environment's manifest of parts is sealed anew",
        "seconds; over PostgreSQL it stays, since another host's files cannot be seen",
    ),
    online(
        KeyKind::Index,
        365,
        "each blind index is made anew from its sealed value, 100 at a time; a look asks for both versions meanwhile",
        "until no index is under it",
    ),
    online(
        KeyKind::MessageHash,
        365,
        "messages are hashed with the new version, and a copy is asked for under both",
        "7 days, as long as copies of a message are recognised",
    ),
    online(
        KeyKind::Pepper,
        365,
        "a password is hashed anew when its member signs in",
        "until every member has signed in once; old hashes verify meanwhile",
    ),
    online(
        KeyKind::Session,
        90,
        "a session is hashed anew at its next request",
        "until every session was used, or ended after 30 minutes without use; a set-up link keeps it for its 24 hours, an \
         invitation for its 7 days, a known device until it signs in again or for 180 days",
    ),
    online(
        KeyKind::ApiKeyHash,
        365,
        "browsers' keys are hashed anew at once, api and server keys at their next use",
        "until every api and server key was used once, expired or was revoked",
    ),
    online(
        KeyKind::AddressHash,
        30,
        "attempts to sign in are counted under both versions",
        "15 minutes, as long as attempts count",
    ),
    online(
        KeyKind::Organisation,
        365,
        "names and addresses of members are sealed anew, those of who is invited, the secrets of identity providers and whom they \
         name",
        "seconds, until all are sealed anew; an address that a member has asked for keeps it for a day",
    ),
    online(KeyKind::Identity, 365, "the environment's identity secret is sealed anew", "seconds"),
    online(
        KeyKind::LocalAuthority,
        365,
        "the authority's private key is sealed anew; the authority stays the same",
        "seconds, or until each file in `tls/acme` that an earlier release sealed under it was read once; over PostgreSQL it \
         stays, since another host's files cannot be seen",
    ),
    not_yet(KeyKind::AuditSigning, "nothing is signed with it in this release"),
    online(
        KeyKind::MemberIndex,
        365,
        "members' indexes are made anew from their addresses, and from whom a provider names; a look asks for both meanwhile",
        "15 minutes, as long as attempts to sign in count for an account, or until whoever left an organisation before is no longer \
         kept from coming back over a provider (180 days at most)",
    ),
    not_yet(KeyKind::EdgeGrant, "an edge is granted another, and the one that it had is revoked"),
    online(
        KeyKind::Acme,
        365,
        "the account and the certificates are sealed anew",
        "seconds, or until a certificate that is being asked for is there; over PostgreSQL it stays, since another host's \
         files cannot be seen",
    ),
    online(KeyKind::SecondFactor, 365, "members' secrets of one-time codes are sealed anew", "seconds"),
];

/// A kind's way.
pub fn way(kind: KeyKind) -> &'static Way {
    const NONE: Way = not_yet(KeyKind::Root, "no way is known");
    // A test holds that every kind has one.
    WAYS.iter().find(|way| way.kind == kind).unwrap_or(&NONE)
}
