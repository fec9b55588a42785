//! Blind indexes move to the newest version of the index key.
//!
//! The phases of a turn, each durable before the next:
//! 1. The new version is made, and every process that serves learns of it before it is used: from then on a look asks for
//!    both hashes at once. It becomes the primary one, by whose hash processes remember people in memory.
//! 2. The version that entries are *written* under is raised in the keyring. Whoever writes entries holds it until its
//!    transaction ends, so all are under one version at a time: of two processes that meet the same new id at once, the second
//!    finds what the first wrote, whichever of the two versions it thought the newest. One that does not hold the newer
//!    version is told so there, takes it, and does its work again.
//! 3. Each entry under an older version is opened, hashed anew and moved, some at a time: the old hash goes and the new one
//!    comes in one transaction, so that a look finds one of them at every moment, and nobody twice.
//! 4. When nothing is left under the old version, it is destroyed.
//!
//! What is left to do is what still lies under another version: a turn that was interrupted goes on with that. Nothing has
//! to be looked at twice, since no entry is added under an older version after phase 2. The entry of somebody whose private
//! half is gone cannot be opened and leads nowhere: it is removed. One that does not open though it should stays where it
//! is, with its version, and is named in the log.
//!
//! Predicates of rules are named by a hash without a key, so the outcomes of rules over personal values are as they were: none
//! becomes *unknown*.

use std::collections::{HashMap, HashSet};

use ::store::Scope;
use ::store::keyring::{self, Entry, IndexKey, SubjectKind};
use base::ProblemResult;
use base::id::EnvironmentId;
use keys::{KeyKind, Owner};

use super::index_hasher::{IndexHasher, Writing, not_held_yet};
use super::seal::Openers;
use crate::App;
use crate::problem::{internal, store_failed};
use crate::retry::retrying;

/// Entries that are moved in one transaction: whoever writes entries waits that long.
const ENTRIES: u32 = 100;
/// The version of a sealed value that an entry was made of.
const VALUE_VERSION: u64 = 1;

/// Puts all entries of an environment under the primary version of its index key.
pub(crate) async fn reindex(app: &App, environment: EnvironmentId) -> ProblemResult<()> {
    let (primary, _) = app.keys.primary(KeyKind::Index, Owner::Environment(environment)).map_err(internal)?;
    let engine = app.keyring.engine();
    let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
    let raised = keyring::raise_index_version(&mut tx, engine, environment, primary).await;
    let version = raised.map_err(store_failed)?;
    tx.commit().await.map_err(store_failed)?;
    let hasher = IndexHasher::of(app, environment)?;
    let Some(writing) = hasher.under(version) else { return Err(not_held_yet(app).await) };
    let mut last = None;
    loop {
        let reader = app.keyring.read(Scope::Environment(environment));
        let entries = keyring::entries_not_under(reader, environment, version, last.as_ref(), ENTRIES).await;
        let entries = entries.map_err(store_failed)?;
        if entries.is_empty() {
            return Ok(());
        }
        move_page(app, environment, writing, &entries).await?;
        last = entries.into_iter().last();
        tokio::task::yield_now().await;
    }
}

async fn move_page(
    app: &App,
    environment: EnvironmentId,
    writing: Writing<'_>,
    entries: &[Entry],
) -> ProblemResult<()> {
    let moves = hashed_anew(app, environment, writing, entries).await?;
    let moves = &moves;
    retrying(app, || async move {
        let mut tx = app.keyring.begin(Scope::Environment(environment)).await.map_err(store_failed)?;
        let engine = app.keyring.engine();
        keyring::move_entries(&mut tx, engine, environment, writing.version, moves).await.map_err(store_failed)?;
        for entry in entries.iter().filter(|entry| entry.is_lost) {
            keyring::remove_entry(&mut tx, environment, entry).await.map_err(store_failed)?;
        }
        tx.commit().await.map_err(store_failed)
    })
    .await
}

/// The keys of the entries that open, each with the hash that it will have.
async fn hashed_anew(
    app: &App,
    environment: EnvironmentId,
    writing: Writing<'_>,
    entries: &[Entry],
) -> ProblemResult<Vec<(IndexKey, [u8; 16])>> {
    let mut openers = HashMap::new();
    for kind in [SubjectKind::Person, SubjectKind::Company] {
        let of_kind = entries.iter().filter(|entry| entry.kind == kind && !entry.is_lost);
        let numbers: HashSet<u64> = of_kind.map(|entry| entry.number).collect();
        let numbers: Vec<u64> = numbers.into_iter().collect();
        openers.insert(kind, Openers::load(app, environment, kind, &numbers).await?);
    }
    let mut moves = HashMap::with_capacity(entries.len());
    for entry in entries.iter().filter(|entry| !entry.is_lost) {
        let namespace = entry.key.namespace.as_ref();
        let value = openers[&entry.kind].open_text(entry.number, namespace, VALUE_VERSION, &entry.sealed_value);
        if let Some(value) = value {
            moves.insert(entry.key.clone(), writing.hash(namespace, value.open()));
        } else {
            tracing::error!(number = entry.number, namespace, "an index entry does not open and is not moved");
        }
        tokio::task::yield_now().await;
    }
    Ok(moves.into_iter().collect())
}

/// How many entries are under a version of the index key.
pub(crate) async fn indexed_with(app: &App, environment: EnvironmentId, version: u32) -> ProblemResult<u64> {
    let reader = app.keyring.read(Scope::Environment(environment));
    keyring::entries_under(reader, environment, version).await.map_err(store_failed)
}
