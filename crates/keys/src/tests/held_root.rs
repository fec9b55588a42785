//! Erasable keys under a root key that another provider keeps.

use super::{Machine, answer};
use crate::provider::ProviderError;
use crate::{Aad, FileProvider, HeldRoot, KeyProvider as _, KeyState, RootKeys, RootVersion, SecretKey, private_file};
use base::{Clock as _, Secret, SystemRng};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;

/// Versions 1, 2, … with these states; each key but a destroyed one is 32 times its number.
fn keys(machine: &Machine, states: &[KeyState]) -> Vec<(RootVersion, Option<SecretKey>)> {
    let entry = |(number, state): (u8, &KeyState)| {
        let version = RootVersion { version: number.into(), state: *state, created_at: machine.clock.now() };
        (version, (*state != KeyState::Destroyed).then(|| Secret::new([number; 32])))
    };
    (1..).zip(states).map(entry).collect()
}

fn root(machine: &Machine, states: &[KeyState]) -> RootKeys {
    RootKeys::of(keys(machine, states)).unwrap()
}

fn over(machine: &Machine, root: HeldRoot, folder: &str) -> Result<FileProvider, ProviderError> {
    let (clock, rng) = (machine.clock(), Arc::clone(&machine.rng));
    FileProvider::with_root("elsewhere:1".to_owned(), root, &machine.at(folder), &machine.at("data"), clock, rng)
}

#[test]
fn what_is_under_it_opens_with_the_same_root_key_and_no_other() {
    use KeyState::Primary;
    let machine = Machine::new(1);
    let open = |root| over(&machine, HeldRoot::new(root), "elsewhere").unwrap();
    let (provider, context, secret) = (open(root(&machine, &[Primary])), Aad::new("test"), Secret::new([9; 32]));
    let environment = machine.environment(&provider);
    let wrapped = answer(provider.wrap(&context, &secret)).unwrap();
    let again = open(root(&machine, &[Primary]));
    assert_eq!(again.name(), "elsewhere:1");
    assert_eq!(answer(again.unwrap(&context, &wrapped)).unwrap().expose(), secret.expose());
    answer(again.check_environments(&[environment])).unwrap();
    let mut other = keys(&machine, &[Primary]);
    other[0].1 = Some(Secret::new([99; 32]));
    let other = open(RootKeys::of(other).unwrap());
    assert!(
        matches!(answer(other.unwrap(&context, &wrapped)), Err(ProviderError::WrongRootKey { provider }) if provider == "elsewhere:1")
    );
    assert!(matches!(answer(other.erasable_public(environment, 0)), Err(ProviderError::WrongRootKey { .. })));
}

#[test]
fn whoever_keeps_it_turns_it_and_what_is_under_it_moves() {
    use KeyState::{Destroyed, Enabled, Primary};
    let machine = Machine::new(1);
    let held = HeldRoot::new(root(&machine, &[Primary]));
    let provider = over(&machine, held.clone(), "elsewhere").unwrap();
    let environment = machine.environment(&provider);
    let private = answer(provider.erasable_private(environment, 5, 1)).unwrap();
    for refused in [answer(provider.rotate_root(1)).map(drop), answer(provider.destroy_root(1))] {
        assert!(refused.is_err(), "a new version would be lost with this process");
    }
    held.set(root(&machine, &[Enabled, Primary]));
    assert_eq!((held.primary().version, answer(provider.root_versions()).unwrap()), (2, held.versions()));
    assert!(provider.keeps_under(1).unwrap() && !provider.keeps_under(2).unwrap());
    answer(provider.rewrap_own()).unwrap();
    assert!(!provider.keeps_under(1).unwrap() && provider.keeps_under(2).unwrap());
    held.set(root(&machine, &[Destroyed, Primary]));
    assert_eq!(answer(provider.erasable_private(environment, 5, 1)).unwrap().expose(), private.expose());
}

#[test]
fn a_root_key_is_whole_or_none() {
    use KeyState::{Destroyed, Enabled, Primary};
    let machine = Machine::new(1);
    for states in [&[][..], &[Enabled], &[Destroyed], &[Primary, Primary], &[Primary, Destroyed, Primary]] {
        assert!(RootKeys::of(keys(&machine, states)).is_none(), "{states:?}");
    }
    let mut keyless = keys(&machine, &[Enabled, Primary]);
    keyless[0].1 = None;
    let mut falling = keys(&machine, &[Enabled, Primary]);
    falling.swap(0, 1);
    let mut kept = keys(&machine, &[Destroyed, Primary]);
    kept[0].1 = Some(Secret::new([1; 32]));
    for entries in [keyless, falling, kept] {
        assert!(RootKeys::of(entries).is_none());
    }
}

#[test]
fn its_folder_and_files_are_private_and_outside_the_data_folder() {
    let machine = Machine::new(1);
    let held = || HeldRoot::new(root(&machine, &[KeyState::Primary]));
    assert!(matches!(over(&machine, held(), "data/inside"), Err(ProviderError::InsideDataFolder { .. })));
    assert!(!machine.at("data/inside").exists());
    over(&machine, held(), "elsewhere").unwrap();
    fs::set_permissions(machine.at("elsewhere"), fs::Permissions::from_mode(0o710)).unwrap();
    assert!(matches!(over(&machine, held(), "elsewhere"), Err(ProviderError::ReadableByOthers { .. })));
}

#[test]
fn a_private_file_is_replaced_behind_a_link_and_its_former_bytes_are_gone() {
    let machine = Machine::new(1);
    fs::create_dir(machine.at("files")).unwrap();
    let (file, link) = (machine.at("files/file"), machine.at("link"));
    private_file::write_new(&file, b"former", &SystemRng).unwrap();
    assert!(matches!(private_file::write_new(&file, b"x", &SystemRng), Err(ProviderError::AlreadyExists { .. })));
    symlink(&file, &link).unwrap();
    let former = fs::File::open(&file).unwrap();
    private_file::replace(&link, b"newer", &SystemRng).unwrap();
    assert!(link.is_symlink());
    assert_eq!(private_file::read(&link).unwrap().unwrap(), b"newer");
    assert_eq!(std::io::read_to_string(former).unwrap(), "\0".repeat(6));
    assert_eq!(private_file::read(&machine.at("none")).unwrap(), None);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
    assert!(matches!(private_file::read(&file), Err(ProviderError::ReadableByOthers { .. })));
}
