//! Edge bundles: what they open, what they refuse, and what their file must be.

use super::{Machine, answer, now};
use crate::provider::ProviderError;
use crate::{
    BundleProvider, ErasablePublic, FileProvider, GrantKey, Grants, KeyError, KeyKind, KeyProvider, KeySet,
    NotGrantable, Owner, WrappedKey, is_bundle, write_bundle,
};
use base::Secret;
use base::id::{EdgeGrantId, EnvironmentId};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

/// A process with the root key, and a bundle that it made.
struct Fixture {
    machine: Machine,
    root: Arc<FileProvider>,
    keys: KeySet,
    grant: GrantKey,
    environment: EnvironmentId,
}

fn fixture() -> Fixture {
    let machine = Machine::new(1);
    let root = Arc::new(machine.create());
    let environment = machine.environment(&root);
    let keys = KeySet::new(root.clone(), Grants::all());
    let grant = GrantKey::new(EdgeGrantId::new(&*machine.clock, &*machine.rng), Secret::new(machine.rng.bytes()));
    write_bundle(&machine.at("edge.bundle"), &machine.at("data"), &grant, &*machine.rng).unwrap();
    Fixture { machine, root, keys, grant, environment }
}

impl Fixture {
    fn owner(&self, kind: KeyKind) -> Owner {
        let environment = self.environment.bytes();
        Owner::from_bytes(kind, if kind.owner_kind() == crate::OwnerKind::Installation { [0; 16] } else { environment })
    }

    fn mint(&self, kind: KeyKind) -> WrappedKey {
        let record = now(self.keys.mint(kind, self.owner(kind), &*self.machine.clock, &*self.machine.rng)).unwrap();
        now(self.keys.load([record.clone()])).unwrap();
        record
    }

    /// The record of a key as an edge gets it.
    fn granted(&self, kind: KeyKind) -> WrappedKey {
        let record = self.mint(kind);
        let (_, key) = self.keys.primary(kind, record.owner).unwrap();
        let bytes = self.grant.seal_key(&record, &key, &*self.machine.rng).unwrap();
        WrappedKey { bytes, ..record }
    }

    fn bundle(&self) -> BundleProvider {
        BundleProvider::open(&self.machine.at("edge.bundle"), &self.machine.at("data")).unwrap()
    }

    fn publics(&self) -> Vec<ErasablePublic> {
        (0..=u8::MAX).map(|bucket| answer(self.root.erasable_public(self.environment, bucket)).unwrap()).collect()
    }
}

#[test]
fn an_edge_uses_what_was_granted_as_any_process_its_keys() {
    let f = fixture();
    let edge = KeySet::new(Arc::new(f.bundle()), Grants::edge());
    let granted: Vec<KeyKind> = KeyKind::ALL.iter().copied().filter(|kind| Grants::edge().allows(*kind)).collect();
    assert_eq!(granted.len(), 7);
    for kind in granted {
        now(edge.load([f.granted(kind)])).unwrap();
        let (here, there) = (edge.primary(kind, f.owner(kind)).unwrap(), f.keys.primary(kind, f.owner(kind)).unwrap());
        assert_eq!((here.0, here.1.expose()), (there.0, there.1.expose()));
    }
}

#[test]
fn no_other_kind_is_sealed_for_an_edge() {
    let f = fixture();
    for kind in KeyKind::ALL.iter().copied().filter(|kind| !Grants::edge().allows(*kind)) {
        let record = WrappedKey { kind, ..f.granted(KeyKind::Index) };
        let refused = f.grant.seal_key(&record, &Secret::new([1; 32]), &*f.machine.rng);
        assert_eq!(refused, Err(NotGrantable(kind)));
        let edge = KeySet::new(Arc::new(f.bundle()), Grants::edge());
        now(edge.load([WrappedKey { owner: f.owner(kind), ..record }])).unwrap();
        let none = edge.primary(kind, f.owner(kind));
        assert!(matches!(none, Err(KeyError::NotGranted { .. } | KeyError::NotWrapped { .. })), "{kind}");
    }
}

#[test]
fn what_was_sealed_for_another_grant_or_place_or_was_changed_does_not_open() {
    let f = fixture();
    let record = f.granted(KeyKind::EventLog);
    let bundle = f.bundle();
    let opens = |context: &crate::Aad, bytes: &[u8]| match answer(bundle.unwrap(context, bytes)) {
        Ok(_) => true,
        Err(ProviderError::WrongBundle { .. }) => false,
        Err(other) => panic!("{other}"),
    };
    assert!(opens(&record.context(), &record.bytes));
    for at in 0..record.bytes.len() {
        let mut changed = record.bytes.clone();
        changed[at] ^= 1;
        assert!(!opens(&record.context(), &changed), "byte {at}");
        assert!(!opens(&record.context(), &record.bytes[..at]), "{at} bytes");
    }
    for other in [
        WrappedKey { kind: KeyKind::Index, ..record.clone() },
        WrappedKey { version: 2, ..record.clone() },
        WrappedKey { owner: Owner::Environment(EnvironmentId(uuid::Uuid::from_u128(9))), ..record.clone() },
    ] {
        assert!(!opens(&other.context(), &record.bytes));
    }
    let same_key = |id| GrantKey::new(id, f.grant.secret().clone());
    let other_grant = EdgeGrantId::new(&*f.machine.clock, &*f.machine.rng);
    assert!(same_key(f.grant.id()).open_key(&record.context(), &record.bytes).is_ok());
    assert!(same_key(other_grant).open_key(&record.context(), &record.bytes).is_err());
    let sealed = f.grant.seal_publics(f.environment, &f.publics(), &*f.machine.rng);
    assert!(bundle.take_publics(EnvironmentId(uuid::Uuid::from_u128(9)), &sealed).is_err());
    assert!(bundle.open_leaf(&sealed).is_err());
}

#[test]
fn public_halves_are_followed_and_never_go_back() {
    let f = fixture();
    let bundle = f.bundle();
    let unknown = answer(bundle.erasable_public(f.environment, 3));
    assert!(matches!(unknown, Err(ProviderError::NotInBundle { .. })));
    let before = f.grant.seal_publics(f.environment, &f.publics(), &*f.machine.rng);
    bundle.take_publics(f.environment, &before).unwrap();
    assert_eq!(answer(bundle.erasable_public(f.environment, 3)).unwrap(), f.publics()[3]);
    answer(f.root.rotate_erasable(f.environment, 3, 1)).unwrap();
    let after = f.grant.seal_publics(f.environment, &f.publics(), &*f.machine.rng);
    for sealed in [&after, &before] {
        bundle.take_publics(f.environment, sealed).unwrap();
        let public = answer(bundle.erasable_public(f.environment, 3)).unwrap();
        assert_eq!((public.version, public), (2, f.publics()[3]));
    }
}

#[test]
fn a_bundle_has_neither_the_root_key_nor_a_private_half() {
    let f = fixture();
    let bundle = f.bundle();
    let refused = [
        answer(bundle.root_versions()).err(),
        answer(bundle.wrap(&crate::Aad::new("x"), &Secret::new([1; 32]))).err(),
        answer(bundle.rotate_root(1)).err(),
        answer(bundle.destroy_root(1)).err(),
        answer(bundle.create_environment(f.environment)).err(),
        answer(bundle.erasable_private(f.environment, 1, 1)).err(),
        answer(bundle.erasable_versions(f.environment)).err(),
        answer(bundle.rotate_erasable(f.environment, 1, 1)).err(),
        answer(bundle.destroy_erasable(f.environment, 1, 1)).err(),
    ];
    for refused in refused {
        let said = refused.unwrap().to_string();
        assert!(said.contains("does not hold") && said.contains("edge.bundle"), "{said}");
    }
    let pepper = f.mint(KeyKind::Pepper);
    let wrapped = answer(bundle.unwrap(&pepper.context(), &pepper.bytes));
    assert!(matches!(wrapped, Err(ProviderError::WrongBundle { .. })), "what the root key wrapped");
}

#[test]
fn its_file_is_private_apart_from_the_data_and_never_overwritten() {
    let f = fixture();
    let (path, data) = (f.machine.at("edge.bundle"), f.machine.at("data"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = write_bundle(&path, &data, &f.grant, &*f.machine.rng);
    assert!(matches!(again, Err(ProviderError::AlreadyExists { .. })));
    let inside = write_bundle(&data.join("deep/edge.bundle"), &data, &f.grant, &*f.machine.rng);
    assert!(matches!(inside, Err(ProviderError::InsideDataFolder { .. })));
    assert!(!data.join("deep").exists());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(BundleProvider::open(&path, &data), Err(ProviderError::ReadableByOthers { .. })));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();

    assert!(is_bundle(&path) && !is_bundle(&f.machine.key()) && !is_bundle(&f.machine.at("none")));
    let open = |text: &str| {
        std::fs::write(&path, text).unwrap();
        BundleProvider::open(&path, &data).map(drop).map_err(|error| error.to_string())
    };
    let text = std::fs::read_to_string(&path).unwrap();
    open(&text).unwrap();
    let key = crate::hex::encode(f.grant.secret().expose());
    for (changed, said) in [
        (text.replace(&key[..8], "00000000"), "the checksum does not fit"),
        (text.replace("egr_", "env_"), "the grant is not of the form"),
        (text.replace("bundle 1", "bundle 2"), "it is no edge bundle"),
        (std::fs::read_to_string(f.machine.key()).unwrap(), "it is no edge bundle"),
        (format!("{text}{}", text.lines().last().unwrap()), "expected one line"),
    ] {
        let error = open(&changed).unwrap_err();
        assert!(error.contains(said) && !error.contains(&key[8..]), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(BundleProvider::open(&path, &data).unwrap_err().to_string().contains("there is no such edge bundle"));
}
