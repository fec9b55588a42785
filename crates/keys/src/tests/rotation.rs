//! The root key turns: at every moment at which a process may end, everything still opens and the rotation goes on.

use super::{Machine, answer};
use crate::provider::ProviderError;
use crate::{Aad, FileProvider, KeyProvider, KeyState};
use base::Secret;
use base::id::EnvironmentId;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// Private halves of all buckets, by version.
fn privates(provider: &FileProvider, environment: EnvironmentId) -> Vec<(u8, u32, [u8; 32])> {
    let versions = answer(provider.erasable_versions(environment)).unwrap();
    let private = |bucket, version| answer(provider.erasable_private(environment, bucket, version)).unwrap();
    versions.iter().map(|key| (key.bucket, key.version, *private(key.bucket, key.version).expose())).collect()
}

fn states(provider: &FileProvider) -> Vec<(u32, KeyState)> {
    answer(provider.root_versions()).unwrap().iter().map(|root| (root.version, root.state)).collect()
}

#[test]
fn a_new_root_key_wraps_and_the_old_one_opens_until_it_is_destroyed() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    answer(provider.rotate_erasable(environment, 7, 1)).unwrap();
    let before = privates(&provider, environment);
    let (context, secret) = (Aad::new("test"), Secret::new([9; 32]));
    let old = answer(provider.wrap(&context, &secret)).unwrap();

    assert_eq!(answer(provider.rotate_root(1)).unwrap().version, 2);
    assert_eq!(answer(provider.rotate_root(1)).unwrap().version, 2, "a rotation that goes on makes no third");
    assert_eq!(states(&provider), [(1, KeyState::Enabled), (2, KeyState::Primary)]);
    let new = answer(provider.wrap(&context, &secret)).unwrap();
    assert_eq!((old[4], new[4]), (1, 2));
    assert_eq!(answer(provider.unwrap(&context, &old)).unwrap().expose(), secret.expose());

    assert!(matches!(answer(provider.destroy_root(2)), Err(ProviderError::RootInUse { version: 2 })));
    assert!(matches!(answer(provider.destroy_root(1)), Err(ProviderError::RootInUse { version: 1 })), "cells need it");
    answer(provider.rewrap_own()).unwrap();
    answer(provider.destroy_root(1)).unwrap();
    answer(provider.destroy_root(1)).unwrap();
    let text = fs::read_to_string(machine.key()).unwrap();
    assert!(text.contains("\n1 destroyed 2026-10-01T00:00:00Z - -\n"), "{text}");
    for provider in [provider, machine.open().unwrap()] {
        assert!(matches!(
            answer(provider.unwrap(&context, &old)),
            Err(ProviderError::RootVersionDestroyed { version: 1 })
        ));
        assert_eq!(answer(provider.unwrap(&context, &new)).unwrap().expose(), secret.expose());
        assert_eq!(privates(&provider, environment), before);
    }
}

#[test]
fn another_process_wraps_under_the_newest_version_and_opens_what_is_wrapped_under_it() {
    let machine = Machine::new(1);
    let (first, second) = (machine.create(), machine.open().unwrap());
    answer(first.rotate_root(1)).unwrap();
    let (context, secret) = (Aad::new("test"), Secret::new([9; 32]));
    let wrapped = answer(first.wrap(&context, &secret)).unwrap();
    assert_eq!(answer(second.unwrap(&context, &wrapped)).unwrap().expose(), secret.expose());
    assert_eq!(answer(second.wrap(&context, &secret)).unwrap()[4], 2);
    let environment = machine.environment(&second);
    answer(first.destroy_root(1)).unwrap();
    assert_eq!(privates(&first, environment).len(), 256);
}

#[test]
fn a_rewrapping_that_was_cut_off_goes_on() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let expected = privates(&provider, environment);
    let path = provider.erasable_folder().join(environment.to_string());
    let before = fs::read(&path).unwrap();
    answer(provider.rotate_root(1)).unwrap();
    answer(provider.rewrap_own()).unwrap();
    let after = fs::read(&path).unwrap();
    assert_ne!(before, after);
    for slots in [0, 1, 100, 256] {
        for zeroed in [0, 1, 100, 256] {
            // So many slots have their new cell, and of so many of these the old one is gone.
            let mut bytes = before.clone();
            for slot in 0..slots {
                let cells = 512 + slot * 512..512 + (slot + 1) * 512;
                for index in cells {
                    bytes[index] = if slot < zeroed { after[index] } else { before[index] | after[index] };
                }
            }
            fs::write(&path, &bytes).unwrap();
            let provider = machine.open().unwrap();
            assert_eq!(privates(&provider, environment), expected, "{slots} written, {zeroed} zeroed");
            answer(provider.rewrap_own()).unwrap();
            assert_eq!(privates(&provider, environment), expected, "{slots} written, {zeroed} zeroed");
            let old_cells =
                fs::read(&path).unwrap()[512..].chunks(128).filter(|cell| cell[..5] == [1, 0, 0, 0, 1]).count();
            assert_eq!(old_cells, 0);
        }
    }
    answer(machine.open().unwrap().destroy_root(1)).unwrap();
    assert_eq!(privates(&machine.open().unwrap(), environment), expected);
}

#[test]
fn a_draft_that_a_cut_off_rotation_left_goes_with_the_next_one() {
    let machine = Machine::new(1);
    let provider = machine.create();
    fs::copy(machine.key(), machine.at("keys/root.key.new-0123456789abcdef")).unwrap();
    fs::write(machine.at("keys/root.key.newest"), "the operator's own").unwrap();
    answer(provider.rotate_root(1)).unwrap();
    let mut names: Vec<_> = fs::read_dir(machine.at("keys")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["root.key", "root.key.erasable", "root.key.newest"]);
    assert_eq!(fs::metadata(machine.key()).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn the_bytes_of_the_replaced_file_are_overwritten() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let mut former = fs::File::open(machine.key()).unwrap();
    answer(provider.rotate_root(1)).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut former, &mut bytes).unwrap();
    assert!(!bytes.is_empty() && bytes.iter().all(|byte| *byte == 0), "the former file still holds its key");
}
