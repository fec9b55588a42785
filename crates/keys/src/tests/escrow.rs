//! The escrow: out by age, back by age, and everything opens again.

use super::{Machine, answer};
use crate::provider::ProviderError;
use crate::provider::file::escrow::{EscrowError, Escrowed, Restored, restore_escrow};
use crate::{Aad, KeyProvider};
use age::x25519::Identity;
use base::Secret;
use proptest::prelude::*;

#[test]
fn an_escrow_brings_root_and_erasable_keys_back() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let wrapped = answer(provider.wrap(&Aad::new("test"), &Secret::new([9; 32]))).unwrap();
    answer(provider.rotate_erasable(environment, 5, 1)).unwrap();

    let identity = Identity::generate();
    let armored = provider.escrow(&identity.to_public().to_string()).unwrap().text;
    assert!(armored.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    let json = age::decrypt(&identity, &read_armor(&armored)).unwrap();
    assert!(age::decrypt(&Identity::generate(), &read_armor(&armored)).is_err());

    std::fs::remove_dir_all(machine.at("keys")).unwrap();
    restore_escrow(&json, &machine.key(), &machine.at("data"), &*machine.rng).unwrap();
    let restored = machine.open().unwrap();
    assert_eq!(answer(restored.unwrap(&Aad::new("test"), &wrapped)).unwrap().expose(), &[9; 32]);
    for version in [1, 2] {
        let private = |provider: &dyn KeyProvider| answer(provider.erasable_private(environment, 5, version)).unwrap();
        assert_eq!(private(&restored).expose(), private(&provider).expose());
    }
    let again = restore_escrow(&json, &machine.key(), &machine.at("data"), &*machine.rng);
    assert!(matches!(again, Err(EscrowError::Provider(ProviderError::AlreadyExists { .. }))));
    // Lost erasable keys come back beside the same root key; another root key's place is not taken.
    std::fs::remove_dir_all(restored.erasable_folder()).unwrap();
    let missing = restored.escrow(&identity.to_public().to_string());
    assert!(matches!(missing, Err(EscrowError::NoErasable(_))));
    let known = [environment];
    assert!(answer(machine.open().unwrap().check_environments(&known)).is_err());
    let back = restore_escrow(&json, &machine.key(), &machine.at("data"), &*machine.rng).unwrap();
    assert_eq!(back, Restored { written: 1, kept: 0 });
    answer(machine.open().unwrap().check_environments(&known)).unwrap();
    std::fs::remove_file(machine.key()).unwrap();
    machine.create();
    let foreign = restore_escrow(&json, &machine.key(), &machine.at("data"), &*machine.rng);
    assert!(matches!(foreign, Err(EscrowError::Provider(ProviderError::AlreadyExists { .. }))));
    // Erasable keys that are there may be newer than the escrow's: they stay.
    std::fs::remove_file(machine.key()).unwrap();
    let kept = restore_escrow(&json, &machine.key(), &machine.at("data"), &*machine.rng).unwrap();
    assert_eq!(kept, Restored { written: 0, kept: 1 });
    let inside = restore_escrow(&json, &machine.at("data/root.key"), &machine.at("data"), &*machine.rng);
    assert!(matches!(inside, Err(EscrowError::Provider(ProviderError::InsideDataFolder { .. }))));
}

fn read_armor(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut age::armor::ArmoredReader::new(text.as_bytes()), &mut bytes).unwrap();
    bytes
}

#[test]
fn an_escrow_that_would_not_open_itself_is_not_written() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let path = provider.erasable_folder().join(environment.to_string());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[512 + 7 * 512 + 60] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let refused = provider.escrow(&Identity::generate().to_public().to_string()).unwrap_err();
    let EscrowError::Provider(ProviderError::ErasableUnreadable { bucket, version, .. }) = refused else {
        panic!("{refused}");
    };
    assert_eq!((bucket, version), (7, 1));
}

#[test]
fn an_escrow_waits_until_nobody_changes_the_root_key() {
    let machine = Machine::new(1);
    let provider = machine.create();
    machine.environment(&provider);
    let folder = std::fs::File::open(provider.erasable_folder()).unwrap();
    folder.lock().unwrap();
    let to = Identity::generate().to_public().to_string();
    std::thread::scope(|threads| {
        let escrow = threads.spawn(|| provider.escrow(&to).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!escrow.is_finished(), "it did not wait");
        folder.unlock().unwrap();
        assert_eq!(escrow.join().unwrap().environments, 1);
    });
}

#[test]
fn what_is_no_recipient_is_said_to_be_none() {
    let provider = Machine::new(1).create();
    for recipient in ["", "age1", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1"] {
        let error = provider.escrow(recipient).unwrap_err();
        assert!(matches!(error, EscrowError::Recipient(_)));
        assert!(error.to_string().contains("not an age recipient"), "{error}");
    }
}

#[test]
fn a_damaged_escrow_restores_nothing() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let identity = Identity::generate();
    let armored = provider.escrow(&identity.to_public().to_string()).unwrap().text;
    let json = String::from_utf8(age::decrypt(&identity, &read_armor(&armored)).unwrap()).unwrap();
    let damaged = [
        json.replace("pilotfish-escrow", "other"),
        json.replace("\"format\":1", "\"format\":2"),
        json.replace("1 primary", "1 enabled"),
        json.replace(&environment.to_string(), "env_00000000000000000000000000"),
        json.replace("AA==\"", "\""),
        json[..json.len() - 1].to_owned(),
    ];
    let target = machine.at("restored/root.key");
    for text in damaged {
        let error = restore_escrow(text.as_bytes(), &target, &machine.at("data"), &*machine.rng).unwrap_err();
        assert!(matches!(error, EscrowError::Malformed(_)), "{error}");
        assert!(!machine.at("restored").exists());
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(Escrowed::parse(&bytes).is_err());
    }
}
