//! UL-4.2: nothing personal lies on the disk in clear.
//!
//! A made-up personal value, new with each process, is sealed as an end user's is, kept in the store, and opened again. Then
//! it is looked for in every byte. That the search would find it is shown in a plain file.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::id::{EnvironmentId, PersonId};
use base::{Rng, Secret, Timestamp};
use keys::{KeyKind, PairId, mint_pair, open_private};
use store::keyring::{Subject, SubjectKind};
use store::{Scope, sql};
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::disk::{Needles, Remembered, Scanned, control, scan};
use crate::people::{SubjectRef, seal};
use crate::trust::check::{Seen, Unseen};
use crate::trust::store::environments;

/// Files that have not changed are read again all the same once in a while.
const WHOLE_AGAIN: Duration = Duration::from_hours(24);
/// In how many environments it is planted.
const ENVIRONMENTS: u32 = 8;
const FIELD: &str = "trust.canary";

/// The made-up value, and which files were seen not to hold it.
pub(in crate::trust) struct Canary {
    value: Secret<String>,
    read: Mutex<(Option<Timestamp>, Remembered)>,
}

impl Canary {
    pub(in crate::trust) fn new(rng: &dyn Rng) -> Self {
        let random = data_encoding::BASE32_NOPAD.encode(&rng.bytes::<15>()).to_lowercase();
        Self { value: Secret::new(format!("canary.{random}@example.org")), read: Mutex::default() }
    }

    #[cfg(test)]
    pub(in crate::trust) fn value(&self) -> &str {
        self.value.expose()
    }
}

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let environments = environments(&app.main, ENVIRONMENTS).await?;
    let mut opened = !environments.is_empty();
    for environment in &environments {
        opened &= plant(app, *environment).await?;
    }
    seen.demand(
        opened,
        "A made-up personal value was sealed, kept in the store and opened again.",
        "A made-up personal value that was sealed does not open again.",
    );
    let (scanned, control) = search(app).await?;
    seen.demand(
        control > 0,
        "In a plain file beside, the same search finds the value: it would see it.",
        "In a plain file beside, the search does not find the value: it sees nothing.",
    );
    seen.demand(
        scanned.found == 0 && scanned.files > 0,
        "Every file of the data was read to its last byte: the value stands in none, neither as it is nor as base64, hex or \
         UTF-16.",
        "A personal value stands in a file in clear.",
    );
    seen.demand(
        scanned.plain == 0,
        "No file is a database or column file that is not encrypted.",
        "A database or column file is not encrypted.",
    );
    if app.main.engine() == store::Engine::Postgres {
        seen.weak(
            "The stores are in PostgreSQL, whose files are the database server's: only what Pilotfish writes itself was \
             read, and what it hands to PostgreSQL is sealed where it is personal.",
        );
    }
    Ok(seen)
}

/// Seals the value to a key pair that is made for it, puts it into the store, reads it back and opens it.
async fn plant(app: &App, environment: EnvironmentId) -> Result<bool, Unseen> {
    let failed = |error: keys::SealError| Unseen::because("A personal value could not be sealed.", error);
    let (clock, rng, provider) = (app.clock.as_ref(), app.rng.as_ref(), app.keys.provider().as_ref());
    let subject = keys::Subject::person(environment, PersonId::random(rng));
    let pair = PairId { subject, kind: KeyKind::Person, version: 1 };
    let made = mint_pair(&provider.erasable_public(environment, subject.bucket()).await?, &pair, clock, rng);
    let made = made.map_err(failed)?;
    // A number that no person has: theirs begin at 1.
    let (kind, id, public_key) = (SubjectKind::Person, subject.id, made.public.0);
    let of = Subject { kind, number: 0, id, identified: false, key_version: 1, public_key };
    let owner = SubjectRef { environment, subject: of };
    let sealed = seal(app, &owner, FIELD, 1, app.trust.canary.value.expose().as_bytes())?;
    let mut tx = app.main.begin(Scope::Environment(environment)).await?;
    sql("INSERT INTO trust_canaries (environment_id, person, sealed, sealed_private, planted_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (environment_id) DO UPDATE SET person = excluded.person, \
         sealed = excluded.sealed, sealed_private = excluded.sealed_private, planted_at = excluded.planted_at")
    .bind(environment)
    .bind(id)
    .bind(sealed)
    .bind(made.sealed_private)
    .bind(app.clock.now())
    .execute(&mut tx)
    .await?;
    tx.commit().await?;
    let row = sql("SELECT sealed, sealed_private FROM trust_canaries WHERE environment_id = $1").bind(environment);
    let row = row.fetch_one(app.main.read(Scope::Environment(environment))).await?;
    let (sealed, private): (Vec<u8>, Vec<u8>) = (row.get("sealed")?, row.get("sealed_private")?);
    let opener = open_private(provider, &private, &pair).await;
    let value = opener.ok().and_then(|opener| opener.open(&sealed, &subject, FIELD, 1).ok());
    Ok(value.is_some_and(|value| *value.open() == app.trust.canary.value.expose().as_bytes()))
}

/// Whoever lets go of this future stops the search, too.
async fn search(app: &App) -> Result<(Scanned, u64), Unseen> {
    let (data, now) = (app.data().to_owned(), app.clock.now());
    let name = format!("pilotfish-canary-{}.txt", data_encoding::HEXLOWER.encode(&app.rng.bytes::<8>()));
    let canary = Arc::clone(&app.trust.canary);
    let stop = CancellationToken::new();
    let _stops_with_this = stop.clone().drop_guard();
    let searched = tokio::task::spawn_blocking(move || -> Result<_, Unseen> {
        let text = canary.value.expose();
        let needles = Needles::of(text).map_err(|error| Unseen::because("The search could not be made.", error))?;
        let mut read = canary.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0.is_none_or(|whole| now.since(whole) >= WHOLE_AGAIN) {
            *read = (Some(now), Remembered::default());
        }
        let scanned = scan::everything_unless(&data, &needles, &mut read.1, &|| stop.is_cancelled())?;
        let (_, control) = control::find(&std::env::temp_dir(), &name, text, &needles)?;
        Ok((scanned, control))
    });
    searched.await?
}
