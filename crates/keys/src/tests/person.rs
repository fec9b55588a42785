//! A person's pair from minting to the destruction of its erasable key.

use super::{Machine, answer, now};
use crate::provider::ProviderError;
use crate::{
    FileProvider, KeyId, KeyKind, KeyProvider, OpenPrivateError, PairId, PersonKeys, Recipient, SealError,
    SealedHeader, Sender, Subject, mint_pair, open_private, reseal_private,
};
use base::id::PersonId;

struct Fixture {
    machine: Machine,
    provider: FileProvider,
    pair: PairId,
    keys: PersonKeys,
}

fn fixture() -> Fixture {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let pair = pair_of(Subject::person(environment, PersonId::random(&*machine.rng)));
    let erasable = answer(provider.erasable_public(environment, pair.subject.bucket())).unwrap();
    let keys = mint_pair(&erasable, &pair, &*machine.clock, &*machine.rng).unwrap();
    Fixture { machine, provider, pair, keys }
}

fn pair_of(subject: Subject) -> PairId {
    PairId { subject, kind: KeyKind::Person, version: 1 }
}

#[test]
fn what_is_sealed_to_the_public_half_opens_with_the_private_one() {
    let f = fixture();
    let (clock, rng) = (&*f.machine.clock, &*f.machine.rng);
    let key = KeyId { kind: KeyKind::Person, version: 1, number: 42 };
    let sender = Sender::new(Recipient { key, public: f.keys.public }, f.pair.subject, clock, rng).unwrap();
    let sealed = sender.seal("email", 1, b"ana@example.org", clock, rng).unwrap();
    let opener = now(open_private(&f.provider, &f.keys.sealed_private, &f.pair)).unwrap();
    assert_eq!(opener.public(), f.keys.public);
    assert_eq!(opener.open(&sealed, &f.pair.subject, "email", 1).unwrap().open(), b"ana@example.org");
}

#[test]
fn the_sealed_half_names_the_bucket_of_the_persons_id() {
    let f = fixture();
    let header = SealedHeader::parse(&f.keys.sealed_private).unwrap();
    let bucket = u64::from(f.pair.subject.id[0]);
    assert_eq!(header.key, KeyId { kind: KeyKind::Erasable, version: 1, number: bucket });
    assert_eq!(f.keys.sealed_private.len(), 106);
}

#[test]
fn a_sealed_half_is_one_subjects_one_kinds_one_versions() {
    let f = fixture();
    let mut other = f.pair.subject;
    other.id[15] ^= 1;
    let wrong = [pair_of(other), PairId { kind: KeyKind::Company, ..f.pair }, PairId { version: 2, ..f.pair }];
    for pair in wrong {
        let refused = now(open_private(&f.provider, &f.keys.sealed_private, &pair));
        assert!(matches!(refused, Err(OpenPrivateError::Unseal(_))));
    }
    let mut elsewhere = f.pair.subject;
    elsewhere.id[0] ^= 1;
    assert!(now(open_private(&f.provider, &f.keys.sealed_private, &pair_of(elsewhere))).is_err());
    let kind = PairId { kind: KeyKind::Pepper, ..f.pair };
    assert!(now(open_private(&f.provider, &f.keys.sealed_private, &kind)).is_err());
}

#[test]
fn a_pair_is_not_minted_to_another_bucket() {
    let f = fixture();
    let bucket = f.pair.subject.bucket().wrapping_add(1);
    let erasable = answer(f.provider.erasable_public(f.pair.subject.environment, bucket)).unwrap();
    let minted = mint_pair(&erasable, &f.pair, &*f.machine.clock, &*f.machine.rng);
    assert_eq!(minted, Err(SealError::WrongBucket));
}

#[test]
fn after_a_rotation_the_resealed_live_on_and_the_others_are_dead_in_every_copy() {
    let f = fixture();
    let (clock, rng) = (&*f.machine.clock, &*f.machine.rng);
    let environment = f.pair.subject.environment;
    let bucket = f.pair.subject.bucket();
    let mut neighbour = f.pair.subject;
    neighbour.id[15] ^= 1;
    let neighbour = pair_of(neighbour);
    let old = answer(f.provider.erasable_public(environment, bucket)).unwrap();
    let theirs = mint_pair(&old, &neighbour, clock, rng).unwrap();

    let new = answer(f.provider.rotate_erasable(environment, bucket, old.version)).unwrap();
    let resealed = now(reseal_private(&f.provider, &theirs.sealed_private, &neighbour, &new, clock, rng)).unwrap();
    answer(f.provider.destroy_erasable(environment, bucket, old.version)).unwrap();

    assert_eq!(now(open_private(&f.provider, &resealed, &neighbour)).unwrap().public(), theirs.public);
    for (sealed, pair) in [(&f.keys.sealed_private, &f.pair), (&theirs.sealed_private, &neighbour)] {
        let dead = now(open_private(&f.provider, sealed, pair));
        assert!(matches!(dead, Err(OpenPrivateError::Provider(ProviderError::ErasableDestroyed { version: 1, .. }))));
    }
}
