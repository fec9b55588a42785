//! Erasable keys in two places: each follows and mends the other.

use super::{Machine, answer};
use crate::provider::ProviderError;
use crate::{ErasablePlace, FileProvider, KeyProvider};
use base::id::EnvironmentId;
use std::fs;
use std::path::PathBuf;

fn open(machine: &Machine) -> FileProvider {
    machine.open().unwrap().with_second_place(&machine.at("second"), &machine.at("data")).unwrap()
}

fn create(machine: &Machine) -> (FileProvider, EnvironmentId, [PathBuf; 2]) {
    let provider = machine.create().with_second_place(&machine.at("second"), &machine.at("data")).unwrap();
    let environment = machine.environment(&provider);
    let files = ["keys/root.key.erasable", "second"].map(|folder| machine.at(folder).join(environment.to_string()));
    (provider, environment, files)
}

/// Which places were mended, as far as this provider knows.
fn mended(provider: &FileProvider) -> [bool; 2] {
    let places: Vec<ErasablePlace> = answer(provider.erasable_places()).unwrap();
    assert!(places.iter().all(|place| place.failure.is_none()), "{places:?}");
    [0, 1].map(|at: usize| places[at].mended_at.is_some())
}

fn same(files: &[PathBuf; 2]) -> bool {
    fs::read(&files[0]).unwrap() == fs::read(&files[1]).unwrap()
}

fn private(provider: &FileProvider, environment: EnvironmentId, version: u32) -> [u8; 32] {
    *answer(provider.erasable_private(environment, 7, version)).unwrap().expose()
}

#[test]
fn the_second_place_follows_every_change_and_keeps_no_history() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    assert!(same(&files));
    let before = fs::read(&files[1]).unwrap();
    answer(provider.rotate_erasable(environment, 7, 1)).unwrap();
    assert!(same(&files));
    answer(provider.destroy_erasable(environment, 7, 1)).unwrap();
    assert!(same(&files));
    let old_cell = &before[512 + 7 * 512..512 + 7 * 512 + 128];
    assert!(!fs::read(&files[1]).unwrap().windows(128).any(|cell| cell == old_cell), "the old pair is still there");
    answer(provider.rotate_root(1)).unwrap();
    answer(provider.rewrap_own()).unwrap();
    assert!(same(&files));
    assert_eq!(mended(&provider), [false, false]);
    assert_eq!(fs::read_dir(machine.at("second")).unwrap().count(), 1);
}

#[test]
fn a_lost_place_comes_back_from_the_other_and_is_reported() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    let expected = private(&provider, environment, 1);
    drop(provider);
    for lost in [0, 1] {
        fs::remove_dir_all(files[lost].parent().unwrap()).unwrap();
        let provider = open(&machine);
        answer(provider.check_environments(&[environment])).unwrap();
        assert_eq!(private(&provider, environment, 1), expected);
        assert!(same(&files));
        assert_eq!(mended(&provider), [lost == 0, lost == 1]);
        assert_eq!(mended(&open(&machine)), [false, false], "nothing was lost since");
    }
}

#[test]
fn a_place_that_is_lost_while_it_is_used_comes_back_too() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    for lost in [0, 1] {
        fs::remove_file(&files[lost]).unwrap();
        let newest = answer(provider.rotate_erasable(environment, 7, 1)).unwrap();
        assert_eq!(newest.version, 2);
        assert!(same(&files), "place {lost}");
        assert_eq!(private(&open(&machine), environment, 2), private(&provider, environment, 2));
    }
    assert_eq!(mended(&provider), [true, true]);
    fs::write(&files[0], "cut").unwrap();
    answer(provider.erasable_public(environment, 7)).unwrap();
    assert!(same(&files));
}

#[test]
fn an_old_copy_in_the_first_place_does_not_win() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    let old = fs::read(&files[0]).unwrap();
    answer(provider.rotate_erasable(environment, 7, 1)).unwrap();
    answer(provider.destroy_erasable(environment, 7, 1)).unwrap();
    let expected = private(&provider, environment, 2);
    drop(provider);
    fs::write(&files[0], old).unwrap();
    let provider = open(&machine);
    assert_eq!(private(&provider, environment, 2), expected);
    let destroyed = answer(provider.erasable_private(environment, 7, 1));
    assert!(matches!(destroyed, Err(ProviderError::ErasableDestroyed { version: 1, .. })), "it came back");
    assert_eq!(mended(&provider), [true, false]);
}

#[test]
fn broken_bytes_of_a_bucket_come_back_from_the_other_place() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    let expected = private(&provider, environment, 1);
    drop(provider);
    for broken in [0, 1] {
        let mut bytes = fs::read(&files[broken]).unwrap();
        bytes[512 + 7 * 512 + 60] ^= 1;
        fs::write(&files[broken], bytes).unwrap();
        assert_eq!(private(&open(&machine), environment, 1), expected);
        assert!(same(&files), "place {broken}");
    }
}

#[test]
fn a_second_place_can_be_had_later_and_must_be_apart() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let provider = open(&machine);
    assert_eq!(mended(&provider), [false, false], "it was filled, not mended");
    assert!(machine.at("second").join(environment.to_string()).exists());
    for (folder, said) in [
        ("data/second", "lies inside the data folder"),
        ("keys/root.key.erasable", "is not apart from"),
        ("keys/root.key.erasable/second", "is not apart from"),
    ] {
        let refused = machine.open().unwrap().with_second_place(&machine.at(folder), &machine.at("data")).unwrap_err();
        assert!(refused.to_string().contains(said), "{folder}: {refused}");
    }
}

#[test]
fn without_its_second_place_nothing_is_changed_unheard() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    fs::remove_dir_all(machine.at("second")).unwrap();
    fs::write(machine.at("second"), "a file where the folder was").unwrap();
    let before = fs::read(&files[0]).unwrap();
    assert!(answer(provider.destroy_erasable(environment, 7, 1)).is_err());
    answer(provider.rotate_erasable(environment, 7, 1)).unwrap_err();
    answer(provider.rotate_root(1)).unwrap();
    answer(provider.rewrap_own()).unwrap_err();
    assert!(fs::read(&files[0]).unwrap() == before, "the first place was changed alone");
    let places = answer(provider.erasable_places()).unwrap();
    assert!(places[0].failure.is_some(), "{places:?}");
    private(&provider, environment, 1);
    fs::remove_file(machine.at("second")).unwrap();
    answer(provider.rotate_erasable(environment, 7, 1)).unwrap();
    assert!(same(&files));
}

/// Puts bytes in one place each, and says with which error the keys are refused. Neither place was written.
fn refused_unwritten(machine: &Machine, environment: EnvironmentId, files: &[PathBuf; 2], bytes: [&[u8]; 2]) {
    for (file, bytes) in files.iter().zip(bytes) {
        fs::write(file, bytes).unwrap();
    }
    let provider = open(machine);
    let refused = answer(provider.erasable_public(environment, 7)).unwrap_err();
    assert!(matches!(refused, ProviderError::WrongRootKey { .. }), "{refused}");
    answer(provider.rotate_erasable(environment, 7, 1)).unwrap_err();
    for (file, bytes) in files.iter().zip(bytes) {
        assert!(fs::read(file).unwrap() == bytes, "{} was written", file.display());
    }
}

#[test]
fn with_an_older_root_key_neither_place_is_written() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    let (older_root, old) = (fs::read(machine.key()).unwrap(), fs::read(&files[0]).unwrap());
    answer(provider.rotate_root(1)).unwrap();
    answer(provider.rewrap_own()).unwrap();
    answer(provider.rotate_erasable(environment, 7, 1)).unwrap();
    let (newer_root, new) = (fs::read(machine.key()).unwrap(), fs::read(&files[0]).unwrap());
    let expected = private(&provider, environment, 2);
    drop(provider);
    fs::write(machine.key(), older_root).unwrap();
    refused_unwritten(&machine, environment, &files, [&old, &new]);
    refused_unwritten(&machine, environment, &files, [&new, &old]);
    fs::write(machine.key(), newer_root).unwrap();
    assert_eq!(private(&open(&machine), environment, 2), expected);
    assert!(same(&files));
}

#[test]
fn with_another_root_key_neither_place_is_written() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    answer(provider.rotate_erasable(environment, 7, 1)).unwrap();
    let good = fs::read(&files[0]).unwrap();
    drop(provider);
    fs::remove_dir_all(machine.at("keys")).unwrap();
    // Of the same environment, version 1 under version 1 of another root key.
    let provider = machine.create();
    answer(provider.create_environment(environment)).unwrap();
    let foreign = fs::read(&files[0]).unwrap();
    drop(provider);
    fs::write(machine.at("keys/root.key.erasable/second-place"), "").unwrap();
    refused_unwritten(&machine, environment, &files, [&foreign, &good]);
    refused_unwritten(&machine, environment, &files, [&good, &foreign]);
}

#[test]
fn an_old_copy_from_before_the_root_key_turned_is_mended() {
    let machine = Machine::new(1);
    let (provider, environment, files) = create(&machine);
    let (old, expected) = (fs::read(&files[0]).unwrap(), private(&provider, environment, 1));
    answer(provider.rotate_root(1)).unwrap();
    answer(provider.rewrap_own()).unwrap();
    answer(provider.destroy_root(1)).unwrap();
    drop(provider);
    for behind in &files {
        fs::write(behind, &old).unwrap();
        assert_eq!(private(&open(&machine), environment, 1), expected);
        assert!(same(&files), "{}", behind.display());
    }
}
