//! The vectors of `docs/formats/vectors.json`: made again here and compared with the committed file, so that no
//! format drifts; and read from that file, so that what was sealed yesterday opens today.
//!
//! After a deliberate addition: `UPDATE_VECTORS=1 cargo test -p keys vectors`. A vector that is there is never changed.

use super::{Machine, answer, now};
use crate::provider::file::root_key::RootKeys;
use crate::{
    Aad, ApiKey, ApiKeyKind, BundleProvider, ErasablePublic, FileProvider, GrantKey, Grants, KeyId, KeyKind,
    KeyProvider, KeySet, KeyState, Opener, Owner, PairId, PublicKey, Recipient, Sender, Subject, WrappedKey, aead,
    hash, hex, kem, mint_pair, wrapping_context,
};
use base::id::{EdgeGrantId, EnvironmentId, PersonId};
use base::{Clock, FrozenClock, Rng, Secret, SeededRng};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

const ENVIRONMENT: EnvironmentId = EnvironmentId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
const PERSON: PersonId = PersonId(Uuid::from_u128(0xa7c0_ffee_0000_4000_8000_0000_0000_0002));
const FIELD: &str = "attribute:email";
const PLAIN: &[u8] = b"ana@example.org";

fn file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats/vectors.json"))
}

fn committed() -> Value {
    serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn key(value: &Value) -> crate::SecretKey {
    Secret::new(bytes(value).try_into().unwrap())
}

fn kinds() -> Value {
    let kinds = KeyKind::ALL.iter().map(|kind| {
        let owner = format!("{:?}", kind.owner_kind()).to_lowercase();
        json!({"code": kind.code(), "name": kind.name(), "owner": owner, "wrapped": kind.is_wrapped()})
    });
    kinds.collect()
}

fn aad_and_aead(rng: &dyn Rng) -> Value {
    let key = Secret::new(rng.bytes());
    let aad = Aad::new("pilotfish/example/v1").text("field").u8(1).u32(2).u64(3);
    let mut counted = PLAIN.to_vec();
    crate::AeadKey::new(&key).seal_with_nonce([5; 12], &aad, &mut counted);
    json!({
        "key": hex::encode(key.expose()),
        "fields": ["pilotfish/example/v1", "field", "u8 1", "u32 2", "u64 3"],
        "aad": hex::encode(aad.as_bytes()),
        "plain": hex::encode(PLAIN),
        "sealed": hex::encode(&aead::seal(&key, &aad, PLAIN, rng)),
        "nonce_given": hex::encode(&[5; 12]),
        "sealed_with_nonce_given": hex::encode(&counted),
    })
}

/// The root key file, a wrapped key of every kind, and one cell of the erasable keys.
fn provider(machine: &Machine) -> Value {
    let provider = machine.create();
    let text = std::fs::read_to_string(machine.key()).unwrap();
    let root = text.lines().last().unwrap().split(' ').nth(3).unwrap().to_owned();
    let keys = KeySet::new(Arc::new(machine.open().unwrap()), Grants::all());
    let wrapped: Vec<Value> = KeyKind::ALL
        .iter()
        // What comes after it is drawn from the same source: a later kind has a vector of its own.
        .filter(|kind| kind.is_wrapped() && **kind != KeyKind::EdgeGrant)
        .map(|kind| {
            let owner = match kind.owner_kind() {
                crate::OwnerKind::Installation => Owner::Installation,
                _ => Owner::from_bytes(*kind, ENVIRONMENT.bytes()),
            };
            let record = now(keys.mint(*kind, owner, &*machine.clock, &*machine.rng)).unwrap();
            let key = answer(provider.unwrap(&record.context(), &record.bytes)).unwrap();
            json!({
                "record": record,
                "owner_bytes": hex::encode(&owner.bytes()),
                "aad": hex::encode(wrapping_context(*kind, owner, record.version).as_bytes()),
                "key": hex::encode(key.expose()),
            })
        })
        .collect();
    json!({"root_key_file": text, "root_key": root, "wrapped_keys": wrapped, "erasable": erasable(machine, &provider)})
}

fn erasable(machine: &Machine, provider: &FileProvider) -> Value {
    answer(provider.create_environment(ENVIRONMENT)).unwrap();
    let bucket = PERSON.bytes()[0];
    let file = std::fs::read(provider.erasable_folder().join(ENVIRONMENT.to_string())).unwrap();
    let cell = 512 + usize::from(bucket) * 512;
    let erasable = answer(provider.erasable_public(ENVIRONMENT, bucket)).unwrap();
    let private = answer(provider.erasable_private(ENVIRONMENT, bucket, 1)).unwrap();
    let pair = PairId { subject: Subject::person(ENVIRONMENT, PERSON), kind: KeyKind::Person, version: 1 };
    let person = mint_pair(&erasable, &pair, &*machine.clock, &*machine.rng).unwrap();
    json!({
        "environment": hex::encode(&ENVIRONMENT.bytes()),
        "bucket": bucket,
        "header": hex::encode(&file[..512]),
        "cell_offset": cell,
        "cell": hex::encode(&file[cell..cell + 128]),
        "private": hex::encode(private.expose()),
        "public": hex::encode(&erasable.public.0),
        "person": {
            "id": hex::encode(&PERSON.bytes()),
            "field": "person.private_key",
            "version": 1,
            "public": hex::encode(&person.public.0),
            "sealed_private": hex::encode(&person.sealed_private),
        },
    })
}

fn sealed_values(rng: &dyn Rng) -> Value {
    let clock = FrozenClock::default();
    let recipients = [
        (KeyId { kind: KeyKind::Person, version: 1, number: 42 }, Subject::person(ENVIRONMENT, PERSON)),
        (KeyId { kind: KeyKind::Company, version: 2, number: 7 }, Subject { environment: ENVIRONMENT, id: [3; 16] }),
        (KeyId { kind: KeyKind::Inbox, version: 1, number: 0 }, Subject::inbox(ENVIRONMENT)),
    ];
    let values = recipients.map(|(id, subject)| {
        let (private, public) = kem::generate(rng);
        let sender = Sender::new(Recipient { key: id, public }, subject, &clock, rng).unwrap();
        let sealed = sender.seal(FIELD, 3, PLAIN, &clock, rng).unwrap();
        json!({
            "key": {"kind": id.kind, "version": id.version, "number": id.number},
            "private": hex::encode(private.expose()),
            "public": hex::encode(&public.0),
            "environment": hex::encode(&subject.environment.bytes()),
            "subject": hex::encode(&subject.id),
            "field": FIELD,
            "version": 3,
            "plain": hex::encode(PLAIN),
            "sealed": hex::encode(&sealed),
        })
    });
    values.into_iter().collect()
}

/// A bundle, and one of each that is sealed for its grant.
fn edge_bundle(rng: &dyn Rng) -> Value {
    let id = EdgeGrantId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0003));
    let grant = GrantKey::new(id, Secret::new(rng.bytes()));
    let (key, created_at) = (Secret::new(rng.bytes()), FrozenClock::default().now());
    let (kind, owner, state) = (KeyKind::EventLog, Owner::Environment(ENVIRONMENT), KeyState::Primary);
    let record = WrappedKey { kind, owner, version: 2, state, created_at, bytes: Vec::new() };
    let publics: Vec<ErasablePublic> = (0..=u8::MAX)
        .map(|bucket| {
            let public = PublicKey([bucket; 32]);
            ErasablePublic { environment: ENVIRONMENT, bucket, version: 1 + u32::from(bucket), public }
        })
        .collect();
    let private = Secret::new(b"private".to_vec());
    json!({
        "file": crate::provider::bundle::text(&grant).expose(),
        "grant": hex::encode(&id.bytes()),
        "grant_key": hex::encode(grant.secret().expose()),
        "granted_key": {
            "kind": kind, "owner_bytes": hex::encode(&owner.bytes()), "version": 2,
            "key": hex::encode(key.expose()),
            "sealed": hex::encode(&grant.seal_key(&record, &key, rng).unwrap()),
        },
        "granted_public_keys": {
            "environment": hex::encode(&ENVIRONMENT.bytes()),
            "about": "bucket b has version b + 1, and a public half of 32 bytes b",
            "sealed": hex::encode(&grant.seal_publics(ENVIRONMENT, &publics, rng)),
        },
        "granted_leaf": {
            "chain": [hex::encode(b"leaf"), hex::encode(b"authority")],
            "private": hex::encode(private.expose()),
            "sealed": hex::encode(&grant.seal_leaf(&[b"leaf", b"authority"], &private, rng)),
        },
    })
}

fn hashes(rng: &dyn Rng) -> Value {
    let key = Secret::new(rng.bytes());
    let api_key = ApiKey::generate(ApiKeyKind::Api, rng);
    json!({
        "key": hex::encode(key.expose()),
        "blind_index": {"namespace": "email", "value": "ana@example.org",
            "hash": hex::encode(&hash::Hasher::new(&key).blind_index(hash::namespace::EMAIL, "ana@example.org"))},
        "message_hash": {"environment": hex::encode(&ENVIRONMENT.bytes()), "message_id": "m-1",
            "hash": hex::encode(&hash::Hasher::new(&key).message_hash(ENVIRONMENT, "m-1"))},
        "token_hash": {"purpose": "session", "token": "t-1",
            "hash": hex::encode(&hash::token_hash(&key, "session", "t-1"))},
        "address_hash": [
            {"address": "192.0.2.77", "hash": hex::encode(&hash::address_hash(&key, "192.0.2.77".parse().unwrap()))},
            {"address": "2001:db8:1:2::3",
                "hash": hex::encode(&hash::address_hash(&key, "2001:db8:1:2::3".parse().unwrap()))},
        ],
        "api_key": {"text": api_key.text().expose(), "hint": api_key.hint(), "hash": hex::encode(&api_key.hash(&key))},
    })
}

fn made() -> Value {
    let rng = || SeededRng::new(20_261_001);
    json!({
        "about": "made by the tests of the crate keys; read as the other files of this folder say; bytes in hexadecimal",
        "key_kinds": kinds(),
        "aead": aad_and_aead(&rng()),
        "provider": provider(&Machine::new(20_261_001)),
        "sealed_values": sealed_values(&rng()),
        "hashes": hashes(&rng()),
        "edge_bundle": edge_bundle(&rng()),
    })
}

#[test]
fn formats_have_not_drifted_from_the_committed_vectors() {
    let made = made();
    if option_env!("UPDATE_VECTORS").is_some() {
        std::fs::write(file(), serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    assert_eq!(made, committed(), "a format has changed: what is stored by earlier versions would not open");
}

#[test]
fn committed_sealed_values_open() {
    for vector in committed()["sealed_values"].as_array().unwrap() {
        let environment = EnvironmentId(Uuid::from_slice(&bytes(&vector["environment"])).unwrap());
        let subject = Subject { environment, id: bytes(&vector["subject"]).try_into().unwrap() };
        let opener = Opener::new(key(&vector["private"])).unwrap();
        assert_eq!(opener.public().0.to_vec(), bytes(&vector["public"]));
        let (field, version) = (vector["field"].as_str().unwrap(), vector["version"].as_u64().unwrap());
        let plain = opener.open(&bytes(&vector["sealed"]), &subject, field, version).unwrap();
        assert_eq!(*plain.open(), bytes(&vector["plain"]));
    }
}

#[test]
fn committed_wrapped_and_erasable_keys_open_with_the_committed_root_key_file() {
    let vectors = committed();
    let machine = Machine::new(1);
    let provider = machine.create();
    let text = vectors["provider"]["root_key_file"].as_str().unwrap();
    assert_eq!(RootKeys::parse(text).unwrap().text().expose(), text);
    std::fs::write(machine.key(), text).unwrap();
    let provider =
        FileProvider::open(provider.path(), &machine.at("data"), machine.clock(), machine.rng.clone()).unwrap();
    for vector in vectors["provider"]["wrapped_keys"].as_array().unwrap() {
        let record: WrappedKey = serde_json::from_value(vector["record"].clone()).unwrap();
        assert_eq!(record.created_at, FrozenClock::default().now());
        let opened = answer(provider.unwrap(&record.context(), &record.bytes)).unwrap();
        assert_eq!(opened.expose(), key(&vector["key"]).expose());
    }

    let vector = &vectors["provider"]["erasable"];
    let mut slots = vec![0; 512 + 256 * 512];
    slots[..512].copy_from_slice(&bytes(&vector["header"]));
    let offset = usize::try_from(vector["cell_offset"].as_u64().unwrap()).unwrap();
    slots[offset..offset + 128].copy_from_slice(&bytes(&vector["cell"]));
    answer(provider.create_environment(ENVIRONMENT)).unwrap();
    std::fs::write(provider.erasable_folder().join(ENVIRONMENT.to_string()), slots).unwrap();
    let private = answer(provider.erasable_private(ENVIRONMENT, PERSON.bytes()[0], 1)).unwrap();
    assert_eq!(private.expose(), key(&vector["private"]).expose());
    let pair = PairId { subject: Subject::person(ENVIRONMENT, PERSON), kind: KeyKind::Person, version: 1 };
    let opener = now(crate::open_private(&provider, &bytes(&vector["person"]["sealed_private"]), &pair)).unwrap();
    assert_eq!(opener.public().0.to_vec(), bytes(&vector["person"]["public"]));
}

#[test]
fn a_committed_edge_bundle_opens_what_was_sealed_for_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let vectors = committed();
    let vector = &vectors["edge_bundle"];
    let machine = Machine::new(1);
    let path = machine.at("edge.bundle");
    std::fs::write(&path, vector["file"].as_str().unwrap()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let bundle = BundleProvider::open(&path, &machine.at("data")).unwrap();
    assert_eq!(bundle.grant().id().bytes().to_vec(), bytes(&vector["grant"]));

    let granted = &vector["granted_key"];
    let context = wrapping_context(KeyKind::EventLog, Owner::Environment(ENVIRONMENT), 2);
    let opened = answer(bundle.unwrap(&context, &bytes(&granted["sealed"]))).unwrap();
    assert_eq!(opened.expose(), key(&granted["key"]).expose());
    bundle.take_publics(ENVIRONMENT, &bytes(&vector["granted_public_keys"]["sealed"])).unwrap();
    let public = answer(bundle.erasable_public(ENVIRONMENT, 7)).unwrap();
    assert_eq!((public.bucket, public.version, public.public), (7, 8, PublicKey([7; 32])));
    let (chain, private) = bundle.open_leaf(&bytes(&vector["granted_leaf"]["sealed"])).unwrap();
    assert_eq!((chain, private.expose().as_slice()), (vec![b"leaf".to_vec(), b"authority".to_vec()], &b"private"[..]));
}

#[test]
fn committed_api_keys_are_read() {
    let vectors = committed();
    let vector = &vectors["hashes"]["api_key"];
    let read = ApiKey::parse(vector["text"].as_str().unwrap()).unwrap();
    assert_eq!(read.hash(&key(&vectors["hashes"]["key"])).to_vec(), bytes(&vector["hash"]));
}
