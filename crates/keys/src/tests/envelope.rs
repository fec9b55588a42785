//! Sealed values, senders and their cache.

use crate::kem;
use crate::{
    KeyId, KeyKind, MAX_SENDER_AGE, Opener, PublicKey, Recipient, SealError, SealedHeader, Sender, SenderCache,
    Subject, UnsealError,
};
use base::id::{EnvironmentId, PersonId};
use base::{Clock, FrozenClock, Rng, SeededRng};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

struct Pair {
    rng: SeededRng,
    clock: FrozenClock,
    recipient: Recipient,
    subject: Subject,
    opener: Opener,
}

fn pair(seed: u64) -> Pair {
    let (rng, clock) = (SeededRng::new(seed), FrozenClock::default());
    let (private, public) = kem::generate(&rng);
    let key = KeyId { kind: KeyKind::Person, version: 1, number: 42 };
    let subject = Subject::person(EnvironmentId::new(&clock, &rng), PersonId::random(&rng));
    Pair { opener: Opener::new(private).unwrap(), recipient: Recipient { key, public }, rng, clock, subject }
}

impl Pair {
    fn sender(&self) -> Sender {
        Sender::new(self.recipient, self.subject, &self.clock, &self.rng).unwrap()
    }

    fn seal(&self, field: &str, version: u64, plain: &[u8]) -> Vec<u8> {
        self.sender().seal(field, version, plain, &self.clock, &self.rng).unwrap()
    }
}

#[test]
fn values_of_one_sender_open_each_by_itself() {
    let p = pair(1);
    let sender = p.sender();
    let one = sender.seal("email", 1, b"ana@example.org", &p.clock, &p.rng).unwrap();
    let two = sender.seal("name", 3, b"Ana", &p.clock, &p.rng).unwrap();
    assert_eq!(one[14..46], two[14..46], "one encapsulation");
    assert_ne!(one[46..58], two[46..58], "a nonce each");
    assert_eq!(one.len(), 74 + 15);
    assert_eq!(p.opener.open(&two, &p.subject, "name", 3).unwrap().open(), b"Ana");
    assert_eq!(p.opener.open(&one, &p.subject, "email", 1).unwrap().open(), b"ana@example.org");
    assert_eq!(SealedHeader::parse(&one).unwrap().key, p.recipient.key);
    assert_eq!(p.opener.public(), p.recipient.public);
}

#[test]
fn a_value_opens_at_its_own_place_only() {
    let p = pair(1);
    let sealed = p.seal("email", 1, b"ana@example.org");
    let other_person = Subject { id: [9; 16], ..p.subject };
    let other_environment = Subject { environment: EnvironmentId(Uuid::from_u128(9)), ..p.subject };
    let places = [
        (p.subject, "name", 1),
        (p.subject, "email", 2),
        (p.subject, "emai", 1),
        (p.subject, "", 1),
        (other_person, "email", 1),
        (other_environment, "email", 1),
    ];
    for (subject, field, version) in places {
        let refused = p.opener.open(&sealed, &subject, field, version);
        assert!(matches!(refused, Err(UnsealError::Refused(_))), "{field} {version}");
    }
    assert!(pair(2).opener.open(&sealed, &p.subject, "email", 1).is_err(), "another key");
}

#[test]
fn a_refused_value_does_not_spoil_the_next() {
    let p = pair(1);
    let sealed = p.seal("email", 1, b"x");
    let mut changed = sealed.clone();
    changed[5] ^= 1;
    assert!(p.opener.open(&changed, &p.subject, "email", 1).is_err());
    assert_eq!(p.opener.open(&sealed, &p.subject, "email", 1).unwrap().open(), b"x");
}

#[test]
fn the_inbox_takes_sealed_values_and_a_wrapped_kind_does_not() {
    let p = pair(1);
    let inbox = Recipient { key: KeyId { kind: KeyKind::Inbox, version: 1, number: 0 }, public: p.recipient.public };
    let subject = Subject::inbox(p.subject.environment);
    let sealed =
        Sender::new(inbox, subject, &p.clock, &p.rng).unwrap().seal("answer", 1, b"x", &p.clock, &p.rng).unwrap();
    assert_eq!(p.opener.open(&sealed, &subject, "answer", 1).unwrap().open(), b"x");
    for kind in KeyKind::ALL.iter().copied().filter(|kind| kind.code() == 1 || kind.code() > 15) {
        let wrong = Recipient { key: KeyId { kind, ..inbox.key }, ..inbox };
        assert_eq!(Sender::new(wrong, subject, &p.clock, &p.rng).unwrap_err(), SealError::Kind(kind));
    }
}

#[test]
fn a_public_half_of_small_order_is_refused() {
    let p = pair(1);
    let weak = Recipient { public: PublicKey([0; 32]), ..p.recipient };
    assert!(matches!(Sender::new(weak, p.subject, &p.clock, &p.rng), Err(SealError::Key(_))));
    let mut sealed = p.seal("email", 1, b"x");
    sealed[14..46].fill(0);
    assert!(p.opener.open(&sealed, &p.subject, "email", 1).is_err());
}

#[test]
fn a_sender_ends_after_ten_minutes_or_when_wiped() {
    let p = pair(1);
    let (old, wiped) = (p.sender(), p.sender());
    p.clock.advance(Duration::from_micros(599_999_999));
    assert!(old.seal("email", 1, b"x", &p.clock, &p.rng).is_ok());
    p.clock.advance(Duration::from_micros(1));
    assert_eq!(old.seal("email", 1, b"x", &p.clock, &p.rng), Err(SealError::Expired));
    wiped.wipe();
    assert_eq!(wiped.seal("email", 1, b"x", &p.clock, &p.rng), Err(SealError::Dropped));
}

fn cache(capacity: usize) -> (SenderCache, Arc<FrozenClock>) {
    let clock = Arc::new(FrozenClock::default());
    let cache = SenderCache::new(capacity, Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(SeededRng::new(7)));
    (cache, clock)
}

fn subject(number: u128) -> Subject {
    Subject { environment: EnvironmentId(Uuid::from_u128(1)), id: number.to_be_bytes() }
}

#[test]
fn the_cache_gives_one_sender_per_subject_until_it_is_spent() {
    let (p, (cache, clock)) = (pair(1), cache(10));
    let first = cache.get(p.recipient, subject(1)).unwrap();
    assert!(Arc::ptr_eq(&first, &cache.get(p.recipient, subject(1)).unwrap()));
    assert!(!Arc::ptr_eq(&first, &cache.get(p.recipient, subject(2)).unwrap()));
    clock.advance(MAX_SENDER_AGE);
    assert!(!Arc::ptr_eq(&first, &cache.get(p.recipient, subject(1)).unwrap()));
    assert_eq!(cache.len(), 1, "the other one went with its time");
    let rotated = Recipient { key: KeyId { version: 2, ..p.recipient.key }, ..p.recipient };
    let second = cache.get(p.recipient, subject(1)).unwrap();
    assert_eq!(cache.get(rotated, subject(1)).unwrap().recipient(), rotated);
    assert_eq!(second.seal("f", 1, b"x", &p.clock, &p.rng), Err(SealError::Dropped), "the replaced one is wiped");
}

#[test]
fn the_cache_is_bounded_and_lets_the_oldest_go() {
    let (p, (cache, _)) = (pair(1), cache(3));
    let oldest = cache.get(p.recipient, subject(0)).unwrap();
    for number in 1..10 {
        cache.get(p.recipient, subject(number)).unwrap();
        assert!(cache.len() <= 3);
    }
    assert_eq!(oldest.seal("f", 1, b"x", &p.clock, &p.rng), Err(SealError::Dropped));
    assert_eq!(cache.len(), 3);
}

#[test]
fn many_threads_over_a_small_cache_seal_every_value() {
    let (p, (cache, _)) = (pair(1), cache(2));
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let (p, cache) = (&p, &cache);
            scope.spawn(move || {
                for number in 0..50_u128 {
                    let subject = subject(number % 5);
                    let sealed = cache.seal(p.recipient, subject, "f", 1, &[thread]).unwrap();
                    assert_eq!(p.opener.open(&sealed, &subject, "f", 1).unwrap().open(), &[thread]);
                }
            });
        }
    });
    assert!(cache.len() <= 2);
}

#[test]
fn a_sweep_wipes_what_nobody_asks_for() {
    let (p, (cache, clock)) = (pair(1), cache(3));
    cache.get(p.recipient, subject(1)).unwrap();
    clock.advance(MAX_SENDER_AGE);
    cache.sweep();
    assert!(cache.is_empty());
}

#[test]
fn a_fence_wipes_a_sender_in_use_and_makes_none_again() {
    let (p, (cache, _)) = (pair(1), cache(3));
    let sender = cache.get(p.recipient, subject(1)).unwrap();
    cache.fence(subject(1));
    assert_eq!(sender.seal("f", 1, b"x", &p.clock, &p.rng), Err(SealError::Dropped));
    assert_eq!(cache.get(p.recipient, subject(1)).unwrap_err(), SealError::Fenced);
    assert_eq!(cache.seal(p.recipient, subject(1), "f", 1, b"x"), Err(SealError::Fenced));
    assert!(cache.get(p.recipient, subject(2)).is_ok());
    assert_eq!(cache.len(), 1);
}

#[test]
fn nothing_of_an_envelope_prints_a_secret() {
    let p = pair(1);
    let secret: [u8; 32] = (&SeededRng::new(9) as &dyn Rng).bytes();
    let opener = Opener::new(base::Secret::new(secret)).unwrap();
    let printed =
        format!("{opener:?} {:?} {:?}", p.sender(), p.opener.open(&p.seal("f", 1, b"ana"), &p.subject, "f", 1));
    assert!(!printed.contains(&crate::hex::encode(&secret)));
    assert!(printed.contains("[personal]"));
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_no_flipped_bit_does(
        plain: Vec<u8>, field in "\\PC{0,20}", version: u64, seed: u64, at: prop::sample::Index, bit in 0_u8..8,
    ) {
        let p = pair(seed);
        let mut sealed = p.seal(&field, version, &plain);
        let opened = p.opener.open(&sealed, &p.subject, &field, version).unwrap();
        prop_assert_eq!(opened.open(), &plain);
        let at = at.index(sealed.len());
        // X25519 ignores the highest bit of a point, but the KEM binds the bytes of `enc`.
        sealed[at] ^= 1 << bit;
        prop_assert!(p.opener.open(&sealed, &p.subject, &field, version).is_err());
        prop_assert!(p.opener.open(&sealed[..at], &p.subject, &field, version).is_err());
    }

    #[test]
    fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), like: bool) {
        if like && bytes.len() > 1 {
            bytes[..2].copy_from_slice(&[1, 3]);
        }
        let p = pair(1);
        let _ = SealedHeader::parse(&bytes);
        prop_assert!(p.opener.open(&bytes, &p.subject, "field", 1).is_err());
    }
}
