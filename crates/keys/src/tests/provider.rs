//! The file provider: what it refuses, and erasable keys through rotations and crashes.

use super::{Machine, answer, now};
use crate::provider::ProviderError;
use crate::{Aad, FileProvider, KeyProvider, KeyState, PublicKey, public_of};
use base::Secret;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_root_key_is_made_for_its_owner_only_and_never_twice() {
    let machine = Machine::new(1);
    machine.create();
    assert_eq!(fs::metadata(machine.key()).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(machine.at("keys")).unwrap().mode() & 0o7777, 0o700);
    assert_eq!(fs::metadata(machine.at("keys/root.key.erasable")).unwrap().mode() & 0o7777, 0o700);
    let before = fs::read(machine.key()).unwrap();
    assert!(String::from_utf8(before.clone()).unwrap().contains("without this file, everything is lost"));
    let again = FileProvider::create(&machine.key(), &machine.at("data"), machine.clock(), Arc::clone(&machine.rng));
    assert!(matches!(again, Err(ProviderError::AlreadyExists { .. })));
    assert_eq!(fs::read(machine.key()).unwrap(), before);
    let names: Vec<_> = fs::read_dir(machine.at("keys")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no draft is left: {names:?}");
}

#[test]
fn a_missing_root_key_is_named() {
    let error = Machine::new(1).open().unwrap_err();
    assert!(matches!(error, ProviderError::Missing { .. }));
    assert!(error.to_string().contains("keys/root.key is missing"), "{error}");
}

#[test]
fn what_another_user_owns_is_refused() {
    let machine = Machine::new(1);
    machine.create();
    let theirs = if rustix::process::geteuid().is_root() {
        let key = machine.at("keys/root.key.erasable");
        std::os::unix::fs::chown(&key, Some(65534), None).unwrap();
        assert!(matches!(machine.open().unwrap_err(), ProviderError::OwnedByAnother { owner: 65534, .. }));
        std::os::unix::fs::chown(&key, Some(0), None).unwrap();
        std::os::unix::fs::chown(machine.key(), Some(65534), None).unwrap();
        machine.open().unwrap_err()
    } else {
        machine.open_at("/etc/passwd").unwrap_err()
    };
    assert!(matches!(theirs, ProviderError::OwnedByAnother { .. }), "{theirs}");
    assert!(theirs.to_string().contains("belongs to another user"), "{theirs}");
}

#[test]
fn any_right_of_others_is_refused() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601] {
        chmod(&machine.key(), mode);
        let error = machine.open().unwrap_err();
        assert!(matches!(error, ProviderError::ReadableByOthers { mode: found, .. } if found == mode), "{error}");
    }
    chmod(&machine.key(), 0o400);
    machine.open().unwrap();
    let slots = machine.at(&format!("keys/root.key.erasable/{environment}"));
    chmod(&slots, 0o640);
    let error = answer(machine.open().unwrap().check_environments(&[environment])).unwrap_err();
    assert!(matches!(error, ProviderError::ReadableByOthers { .. }));
    chmod(&machine.at("keys/root.key.erasable"), 0o750);
    assert!(matches!(machine.open(), Err(ProviderError::ReadableByOthers { .. })));
}

#[test]
fn only_a_regular_file_is_a_root_key() {
    let machine = Machine::new(1);
    fs::create_dir_all(machine.key()).unwrap();
    assert!(matches!(machine.open(), Err(ProviderError::NotAFile { .. })));
    let pipe = machine.at("keys/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    assert!(matches!(machine.open_at("keys/pipe"), Err(ProviderError::NotAFile { .. })));
    let _listener = std::os::unix::net::UnixListener::bind(machine.at("keys/socket")).unwrap();
    assert!(matches!(machine.open_at("keys/socket"), Err(ProviderError::NotAFile { .. })));
}

#[test]
fn a_root_key_inside_the_data_folder_is_refused_whatever_the_links_say() {
    let machine = Machine::new(1);
    machine.create();
    let create = |path: &str| {
        FileProvider::create(&machine.at(path), &machine.at("data"), machine.clock(), Arc::clone(&machine.rng))
    };
    assert!(matches!(create("data/new/root.key"), Err(ProviderError::InsideDataFolder { .. })));
    assert!(!machine.at("data/new").exists());

    fs::rename(machine.key(), machine.at("data/root.key")).unwrap();
    assert!(matches!(machine.open_at("data/root.key"), Err(ProviderError::InsideDataFolder { .. })));
    symlink(machine.at("data/root.key"), machine.key()).unwrap();
    assert!(matches!(machine.open(), Err(ProviderError::InsideDataFolder { .. })));
    symlink(machine.at("data"), machine.at("link")).unwrap();
    assert!(matches!(machine.open_at("link/root.key"), Err(ProviderError::InsideDataFolder { .. })));
    assert!(matches!(machine.open_at("data/../data/root.key"), Err(ProviderError::InsideDataFolder { .. })));
    assert!(matches!(create("link/other.key"), Err(ProviderError::InsideDataFolder { .. })));

    fs::remove_file(machine.key()).unwrap();
    fs::rename(machine.at("data/root.key"), machine.key()).unwrap();
    machine.open().unwrap();
    fs::rename(machine.at("keys/root.key.erasable"), machine.at("data/erasable")).unwrap();
    symlink(machine.at("data/erasable"), machine.at("keys/root.key.erasable")).unwrap();
    assert!(matches!(machine.open(), Err(ProviderError::InsideDataFolder { .. })), "erasable keys inside");
}

#[test]
fn a_changed_root_key_file_is_malformed_and_the_reason_holds_no_key() {
    let machine = Machine::new(1);
    machine.create();
    let text = fs::read_to_string(machine.key()).unwrap();
    let key = text.lines().last().unwrap().split(' ').nth(3).unwrap().to_owned();
    let cases = [
        (String::new(), "before the keys"),
        (text.replace("pilotfish-root-key 1", "pilotfish-root-key 2"), "before the keys"),
        (text.replace(" primary ", " enabled "), "no primary"),
        (text.replace(" primary ", " main "), "state"),
        (text.replace(&key[..2], if &key[..2] == "00" { "01" } else { "00" }), "checksum"),
        (text.replace(&key, &key[..62]), "32 bytes"),
        (text.replace("1 primary", "0 primary"), "start at 1"),
        (format!("{text}{}\n", text.lines().last().unwrap()), "rise"),
        (format!("{text}2 destroyed 2026-10-01T00:00:00Z {key} 00000000\n"), "destroyed"),
        (text[..text.len() - 20].to_owned(), "expected version"),
    ];
    for (changed, reason) in cases {
        fs::write(machine.key(), changed).unwrap();
        let error = machine.open().unwrap_err();
        assert!(matches!(error, ProviderError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains(reason), "{error} should say {reason}");
        assert!(!error.to_string().contains(&key[..16]));
    }
    fs::write(machine.key(), [0xff; 300]).unwrap();
    assert!(machine.open().unwrap_err().to_string().contains("not text"));
    fs::write(machine.key(), vec![b'#'; 70_000]).unwrap();
    assert!(machine.open().unwrap_err().to_string().contains("too long"));
}

#[test]
fn several_root_versions_live_in_one_file() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let (context, secret) = (Aad::new("test"), Secret::new([9; 32]));
    let old = answer(provider.wrap(&context, &secret)).unwrap();

    let second = Machine::new(2);
    second.create();
    let line = fs::read_to_string(second.key()).unwrap().lines().last().unwrap().to_owned();
    let first = fs::read_to_string(machine.key()).unwrap();
    // The checksum holds the version, so a line can't be renumbered by hand.
    let renumbered = format!("{}{}\n", first.replace(" primary ", " enabled "), line.replacen('1', "2", 1));
    fs::write(machine.key(), renumbered).unwrap();
    assert!(machine.open().unwrap_err().to_string().contains("checksum"));

    let two = "pilotfish-root-key 1\n1 destroyed 2026-10-01T00:00:00Z - -\n2 primary 2026-10-02T00:00:00Z \
        0202020202020202020202020202020202020202020202020202020202020202 ";
    let sum = &crate::hex::encode(
        aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            &[b"pilotfish/root-key/v1".as_slice(), &2_u32.to_be_bytes(), &[2; 32]].concat(),
        )
        .as_ref(),
    )[..8];
    fs::write(machine.key(), format!("{two}{sum}\n")).unwrap();
    let provider = machine.open().unwrap();
    let states: Vec<_> =
        answer(provider.root_versions()).unwrap().iter().map(|root| (root.version, root.state)).collect();
    assert_eq!(states, [(1, KeyState::Destroyed), (2, KeyState::Primary)]);
    assert!(matches!(answer(provider.unwrap(&context, &old)), Err(ProviderError::RootVersionDestroyed { version: 1 })));
    let new = answer(provider.wrap(&context, &secret)).unwrap();
    assert_eq!(new[1..5], [0, 0, 0, 2]);
    assert_eq!(answer(provider.unwrap(&context, &new)).unwrap().expose(), secret.expose());
    let unknown = [&[1, 0, 0, 0, 3], &new[5..]].concat();
    assert!(matches!(
        answer(provider.unwrap(&context, &unknown)),
        Err(ProviderError::UnknownRootVersion { version: 3, .. })
    ));
}

#[test]
fn a_wrong_root_key_is_an_error_of_its_own() {
    let (machine, other) = (Machine::new(1), Machine::new(2));
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let wrapped = answer(provider.wrap(&Aad::new("test"), &Secret::new([9; 32]))).unwrap();
    other.create();
    fs::copy(other.key(), machine.key()).unwrap();
    let provider = machine.open().unwrap();
    let error = answer(provider.unwrap(&Aad::new("test"), &wrapped)).unwrap_err();
    assert!(matches!(error, ProviderError::WrongRootKey { .. }));
    assert!(error.to_string().contains("another installation's root key"), "{error}");
    assert!(matches!(answer(provider.erasable_public(environment, 0)), Err(ProviderError::WrongRootKey { .. })));
}

#[test]
fn erasable_keys_that_are_missing_or_another_environments_are_named() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let (one, two) = (machine.environment(&provider), machine.environment(&provider));
    let mut both = [one, two];
    both.sort();
    assert_eq!(answer(provider.environments()).unwrap(), both);
    answer(provider.check_environments(&both)).unwrap();
    let folder = machine.at("keys/root.key.erasable");
    fs::copy(folder.join(one.to_string()), folder.join(two.to_string())).unwrap();
    assert!(matches!(answer(machine.open().unwrap().check_environments(&both)), Err(ProviderError::Malformed { .. })));
    fs::remove_dir_all(folder).unwrap();
    let provider = machine.open().unwrap();
    assert!(answer(provider.environments()).unwrap().is_empty());
    let error = answer(provider.check_environments(&both)).unwrap_err();
    assert!(matches!(error, ProviderError::ErasableMissing { .. }), "{error}");
    assert!(error.to_string().contains("are missing"), "{error}");
}

#[test]
fn creating_an_environment_again_leaves_its_keys() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let before = answer(provider.erasable_public(environment, 7)).unwrap();
    answer(provider.create_environment(environment)).unwrap();
    assert_eq!(answer(machine.open().unwrap().erasable_public(environment, 7)).unwrap(), before);
}

#[test]
fn a_rotation_keeps_the_old_key_until_it_is_destroyed_and_then_not_a_byte_of_it() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let path = machine.at(&format!("keys/root.key.erasable/{environment}"));
    let old = answer(provider.erasable_public(environment, 7)).unwrap();
    let old_bytes = fs::read(&path).unwrap()[512 + 7 * 512..][..109].to_vec();
    let inode = fs::metadata(&path).unwrap().ino();

    let new = answer(provider.rotate_erasable(environment, 7, old.version)).unwrap();
    assert_eq!((old.version, new.version), (1, 2));
    assert_ne!(old.public, new.public);
    assert_eq!(
        answer(provider.rotate_erasable(environment, 7, old.version)).unwrap(),
        new,
        "an interrupted one goes on"
    );
    let other = machine.open().unwrap();
    assert_eq!(answer(other.erasable_public(environment, 7)).unwrap(), new, "another process sees it");
    for public in [old, new] {
        let private = answer(provider.erasable_private(environment, 7, public.version)).unwrap();
        assert_eq!(public_of(&private).unwrap(), public.public);
    }

    assert!(matches!(answer(provider.destroy_erasable(environment, 7, 2)), Err(ProviderError::ErasableInUse { .. })));
    assert!(matches!(
        answer(provider.destroy_erasable(environment, 7, 3)),
        Err(ProviderError::ErasableUnreadable { .. })
    ));
    answer(provider.destroy_erasable(environment, 7, 1)).unwrap();
    answer(provider.destroy_erasable(environment, 7, 1)).unwrap();
    for provider in [&provider, &other] {
        let gone = answer(provider.erasable_private(environment, 7, 1));
        assert!(matches!(gone, Err(ProviderError::ErasableDestroyed { version: 1, .. })));
    }
    let bytes = fs::read(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode, "overwritten in place");
    for part in [&old_bytes[17..49], &old_bytes[61..93], &old.public.0[..]] {
        assert!(!bytes.windows(part.len()).any(|window| window == part));
    }
    assert!(answer(provider.erasable_private(environment, 6, 1)).is_ok(), "other buckets stay");
    let third = answer(provider.rotate_erasable(environment, 7, 2)).unwrap();
    assert_eq!(third.version, 3);
}

#[test]
fn a_crash_at_any_byte_of_a_rotation_leaves_the_old_key_or_the_new_one() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let path = machine.at(&format!("keys/root.key.erasable/{environment}"));
    let old = answer(provider.erasable_public(environment, 9)).unwrap();
    let slot = 512 + 9 * 512;
    let before = fs::read(&path).unwrap();
    let new = answer(provider.rotate_erasable(environment, 9, 1)).unwrap();
    let rotated = fs::read(&path).unwrap();
    answer(provider.destroy_erasable(environment, 9, 1)).unwrap();
    let destroyed = fs::read(&path).unwrap();

    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let newest_after = |bytes: &[u8]| {
        file.write_all_at(&bytes[slot..slot + 512], slot as u64).unwrap();
        answer(provider.erasable_public(environment, 9)).unwrap()
    };
    let torn = |from: &[u8], to: &[u8], at: usize| [&to[..slot + at], &from[slot + at..]].concat();
    for at in 0..=256 {
        assert_eq!(newest_after(&torn(&before, &rotated, at)), if at < 128 + 109 { old } else { new }, "byte {at}");
        if at > 128 && at < 128 + 109 {
            let again = answer(provider.rotate_erasable(environment, 9, 1)).unwrap();
            assert_eq!(again.version, 2, "a rotation torn at {at} can be made again");
        }
        assert_eq!(newest_after(&torn(&rotated, &destroyed, at)), new, "byte {at}");
        answer(provider.destroy_erasable(environment, 9, 1)).unwrap();
        assert_eq!(fs::read(&path).unwrap()[slot..slot + 128], [0; 128], "a destruction torn at {at} is finished");
    }
}

#[test]
fn a_slot_has_room_for_four_versions_and_says_when_it_is_full() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    for after in 1..=3 {
        answer(provider.rotate_erasable(environment, 255, after)).unwrap();
    }
    let full = answer(provider.rotate_erasable(environment, 255, 4));
    assert!(matches!(full, Err(ProviderError::ErasableFull { .. })));
    answer(provider.destroy_erasable(environment, 255, 2)).unwrap();
    assert_eq!(answer(provider.rotate_erasable(environment, 255, 4)).unwrap().version, 5);
}

#[test]
fn a_public_half_put_in_by_somebody_else_is_refused() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let environment = machine.environment(&provider);
    let path = machine.at(&format!("keys/root.key.erasable/{environment}"));
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&PublicKey([9; 32]).0, 512 + 17).unwrap();
    assert!(answer(provider.erasable_public(environment, 0)).is_err());
    assert!(answer(provider.erasable_public(environment, 1)).is_ok());
}

#[test]
fn two_processes_may_rotate_the_same_bucket_at_once() {
    let machine = Machine::new(1);
    let environment = machine.environment(&machine.create());
    let open = || machine.open().unwrap();
    let (one, two) = (open(), open());
    let versions: Vec<u32> = std::thread::scope(|scope| {
        let threads: Vec<_> = [one, two]
            .map(|provider| scope.spawn(move || now(provider.rotate_erasable(environment, 3, 1)).unwrap().version))
            .into_iter()
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(versions, [2, 2]);
}

proptest! {
    #[test]
    fn no_flipped_bit_and_no_other_bytes_unwrap(seed: u64, at in 0_usize..65, bit in 0_u8..8, noise: Vec<u8>) {
        let machine = Machine::new(seed);
        let provider = machine.create();
        let context = Aad::new("test");
        let mut wrapped = answer(provider.wrap(&context, &Secret::new([9; 32]))).unwrap();
        prop_assert_eq!(wrapped.len(), 65);
        prop_assert!(answer(provider.unwrap(&Aad::new("other"), &wrapped)).is_err());
        wrapped[at] ^= 1 << bit;
        prop_assert!(answer(provider.unwrap(&context, &wrapped)).is_err());
        prop_assert!(answer(provider.unwrap(&context, &noise)).is_err());
    }

    #[test]
    fn no_text_panics_as_a_root_key(text in "(pilotfish-root-key 1\n)?(1 primary )?\\PC{0,120}") {
        prop_assert!(super::super::provider::file::root_key::RootKeys::parse(&text).is_err());
    }

    #[test]
    fn no_bytes_panic_as_erasable_keys(noise in proptest::collection::vec(any::<u8>(), 512), seed: u64) {
        let machine = Machine::new(seed);
        let provider = machine.create();
        let environment = ENVIRONMENT;
        let path = machine.at(&format!("keys/root.key.erasable/{environment}"));
        let mut bytes = vec![0; 512 + 256 * 512];
        bytes[..16].copy_from_slice(b"pilotfish-erase\x01");
        bytes[16..32].copy_from_slice(&environment.bytes());
        bytes[512..1024].copy_from_slice(&noise);
        fs::write(&path, bytes).unwrap();
        chmod(&path, 0o600);
        prop_assert!(answer(provider.erasable_public(environment, 0)).is_err());
        prop_assert!(answer(provider.erasable_private(environment, 0, 1)).is_err());
        prop_assert!(answer(provider.rotate_erasable(environment, 0, 1)).is_err());
        prop_assert!(answer(provider.destroy_erasable(environment, 0, 1)).is_err());
    }
}

const ENVIRONMENT: base::id::EnvironmentId = base::id::EnvironmentId(uuid::Uuid::from_u128(5));

#[test]
fn a_provider_does_not_print_its_keys() {
    let machine = Machine::new(1);
    let provider = machine.create();
    let text = fs::read_to_string(machine.key()).unwrap();
    let key = text.lines().last().unwrap().split(' ').nth(3).unwrap();
    assert!(!format!("{provider:?}").contains(key));
}
