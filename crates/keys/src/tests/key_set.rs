//! Minting, loading, rotating, destroying, grants.

use super::{Machine, now};
use crate::provider::ProviderError;
use crate::{Grants, KeyError, KeyKind, KeySet, KeyState, Owner, WrappedKey, rewrap};
use base::id::OrganisationId;
use std::sync::Arc;

struct Fixture {
    machine: Machine,
    keys: KeySet,
}

fn fixture() -> Fixture {
    let machine = Machine::new(1);
    let keys = KeySet::new(Arc::new(machine.create()), Grants::all());
    Fixture { machine, keys }
}

impl Fixture {
    fn mint(&self, kind: KeyKind, owner: Owner) -> WrappedKey {
        let record = now(self.keys.mint(kind, owner, &*self.machine.clock, &*self.machine.rng)).unwrap();
        now(self.keys.load([record.clone()])).unwrap();
        record
    }
}

const PEPPER: (KeyKind, Owner) = (KeyKind::Pepper, Owner::Installation);

#[test]
fn every_kind_can_be_minted_stored_and_loaded_elsewhere() {
    let f = fixture();
    for kind in KeyKind::ALL.iter().copied().filter(|kind| kind.is_wrapped()) {
        f.mint(
            kind,
            Owner::from_bytes(kind, [if kind.owner_kind() == crate::OwnerKind::Installation { 0 } else { 7 }; 16]),
        );
    }
    let stored = serde_json::to_string(&f.keys.records()).unwrap();
    let records: Vec<WrappedKey> = serde_json::from_str(&stored).unwrap();
    assert_eq!(records, f.keys.records());
    let elsewhere = KeySet::new(Arc::new(f.machine.open().unwrap()), Grants::all());
    now(elsewhere.load(records.clone())).unwrap();
    for WrappedKey { kind, owner, .. } in records {
        let (one, two) = (f.keys.primary(kind, owner).unwrap(), elsewhere.primary(kind, owner).unwrap());
        assert_eq!((one.0, one.1.expose()), (two.0, two.1.expose()));
    }
}

#[test]
fn a_key_is_not_used_before_it_was_given_back() {
    let f = fixture();
    let (kind, owner) = PEPPER;
    let record = now(f.keys.mint(kind, owner, &*f.machine.clock, &*f.machine.rng)).unwrap();
    assert_eq!((record.version, record.state), (1, KeyState::Primary));
    assert!(matches!(f.keys.primary(kind, owner), Err(KeyError::Missing { .. })));
}

#[test]
fn a_rotation_goes_over_enabled_to_primary_and_the_old_one_can_be_destroyed() {
    let f = fixture();
    let (kind, owner) = PEPPER;
    f.mint(kind, owner);
    let first = f.keys.primary(kind, owner).unwrap().1;
    assert_eq!((f.mint(kind, owner).version, f.keys.primary(kind, owner).unwrap().0), (2, 1));
    assert!(matches!(f.keys.destroy(kind, owner, 1), Err(KeyError::Primary { .. })));

    let changed = f.keys.promote(kind, owner, 2).unwrap();
    let states: Vec<_> = changed.iter().map(|record| (record.version, record.state)).collect();
    assert_eq!(states, [(1, KeyState::Enabled), (2, KeyState::Primary)]);
    assert_eq!(f.keys.primary(kind, owner).unwrap().0, 1, "not before it was stored");
    now(f.keys.load(changed)).unwrap();
    assert_eq!(f.keys.primary(kind, owner).unwrap().0, 2);
    assert_eq!(f.keys.version(kind, owner, 1).unwrap().expose(), first.expose());
    let usable: Vec<_> = f.keys.usable(kind, owner).unwrap().into_iter().map(|(version, _)| version).collect();
    assert_eq!(usable, [2, 1]);

    let destroyed = f.keys.destroy(kind, owner, 1).unwrap();
    assert!(destroyed.bytes.is_empty());
    now(f.keys.load([destroyed])).unwrap();
    assert!(matches!(f.keys.version(kind, owner, 1), Err(KeyError::Destroyed { version: 1, .. })));
    assert!(matches!(f.keys.promote(kind, owner, 1), Err(KeyError::Destroyed { .. })));
    assert!(matches!(f.keys.version(kind, owner, 9), Err(KeyError::UnknownVersion { version: 9, .. })));
    assert_eq!(f.mint(kind, owner).version, 3, "a version is never given twice");
}

#[test]
fn a_new_primary_alone_demotes_the_one_before() {
    let f = fixture();
    let (kind, owner) = PEPPER;
    f.mint(kind, owner);
    f.mint(kind, owner);
    let primary = f.keys.promote(kind, owner, 2).unwrap().pop().unwrap();
    now(f.keys.load([primary])).unwrap();
    let states: Vec<_> = f.keys.records().iter().map(|record| record.state).collect();
    assert_eq!(states, [KeyState::Enabled, KeyState::Primary]);
}

#[test]
fn a_record_that_was_read_before_its_destruction_brings_nothing_back() {
    let f = fixture();
    let (kind, owner) = PEPPER;
    let old = f.mint(kind, owner);
    f.mint(kind, owner);
    now(f.keys.load(f.keys.promote(kind, owner, 2).unwrap())).unwrap();
    now(f.keys.load([f.keys.destroy(kind, owner, 1).unwrap()])).unwrap();
    now(f.keys.load([old])).unwrap();
    assert!(matches!(f.keys.version(kind, owner, 1), Err(KeyError::Destroyed { version: 1, .. })));
    assert_eq!(f.keys.primary(kind, owner).unwrap().0, 2);
}

#[test]
fn a_kind_that_was_not_granted_stays_wrapped() {
    let f = fixture();
    let organisation = Owner::Organisation(OrganisationId::new(&*f.machine.clock, &*f.machine.rng));
    f.mint(KeyKind::Organisation, organisation);
    f.mint(KeyKind::ApiKeyHash, Owner::Installation);
    let edge = KeySet::new(Arc::new(f.machine.open().unwrap()), Grants::edge());
    now(edge.load(f.keys.records())).unwrap();
    assert!(edge.primary(KeyKind::ApiKeyHash, Owner::Installation).is_ok());
    let kind = KeyKind::Organisation;
    assert!(matches!(edge.primary(kind, organisation), Err(KeyError::NotGranted { .. })));
    assert!(matches!(edge.version(kind, organisation, 1), Err(KeyError::NotGranted { .. })));
    assert!(matches!(edge.usable(kind, organisation), Err(KeyError::NotGranted { .. })));
    let minted = now(edge.mint(kind, organisation, &*f.machine.clock, &*f.machine.rng));
    assert!(matches!(minted, Err(KeyError::NotGranted { .. })));
    assert_eq!(edge.records(), f.keys.records(), "it is still listed");
}

#[test]
fn a_record_moved_to_another_place_does_not_unwrap() {
    let f = fixture();
    let environment = |number| Owner::from_bytes(KeyKind::Index, [number; 16]);
    let record = f.mint(KeyKind::Index, environment(1));
    let moved = [
        WrappedKey { owner: environment(2), ..record.clone() },
        WrappedKey { kind: KeyKind::EventLog, ..record.clone() },
        WrappedKey { version: 2, ..record },
    ];
    for moved in moved {
        let error = now(f.keys.load([moved])).unwrap_err();
        assert!(matches!(error, KeyError::Provider { source: ProviderError::WrongRootKey { .. }, .. }), "{error}");
    }
}

#[test]
fn kinds_and_owners_must_fit() {
    let f = fixture();
    let mint = |kind, owner| now(f.keys.mint(kind, owner, &*f.machine.clock, &*f.machine.rng));
    assert!(matches!(mint(KeyKind::Index, Owner::Installation), Err(KeyError::WrongOwner { .. })));
    assert!(matches!(mint(KeyKind::Root, Owner::Installation), Err(KeyError::NotWrapped { .. })));
    assert!(matches!(f.keys.primary(KeyKind::Root, Owner::Installation), Err(KeyError::NotWrapped { .. })));
}

#[test]
fn a_wrapped_key_can_be_wrapped_anew() {
    let f = fixture();
    let record = f.mint(PEPPER.0, PEPPER.1);
    let anew = now(rewrap(&**f.keys.provider(), record.clone())).unwrap();
    assert_ne!(anew.bytes, record.bytes);
    let before = f.keys.primary(PEPPER.0, PEPPER.1).unwrap().1;
    now(f.keys.load([anew])).unwrap();
    assert_eq!(f.keys.primary(PEPPER.0, PEPPER.1).unwrap().1.expose(), before.expose());
}

#[test]
fn nothing_of_a_set_prints_a_key() {
    let f = fixture();
    f.mint(PEPPER.0, PEPPER.1);
    let (_, secret) = f.keys.primary(PEPPER.0, PEPPER.1).unwrap();
    let printed = format!("{:?} {secret:?} {:?} {:?}", f.keys, f.keys.records(), crate::AeadKey::new(&secret));
    assert!(printed.contains("[secret]"));
    assert!(!printed.contains(&crate::hex::encode(secret.expose())));
    assert!(!printed.contains(&format!("{:?}", &secret.expose()[..4])[1..10]));
}
