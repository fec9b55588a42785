//! The places where the key provider keeps the erasable keys: looked at and mended at every start and every hour. That one was
//! lost is a finding, since whoever is responsible must know, also when it was mended.

use ::store::{Tx, sql};
use base::id::FindingId;
use base::{ProblemResult, Timestamp};
use keys::ErasablePlace;
use serde_json::json;

use crate::App;
use crate::authority::SystemTx;
use crate::problem::{internal, store_failed};

const KIND: &str = "erasable_keys.mended";

/// The places as they are now, after whatever could be mended was.
pub async fn places(app: &App) -> ProblemResult<Vec<ErasablePlace>> {
    app.keys.provider().erasable_places().await.map_err(internal)
}

/// Looks at the places, and writes down what was mended since the last look.
pub(crate) async fn tend(app: &App) -> ProblemResult<()> {
    for place in places(app).await? {
        if let Some(reason) = &place.failure {
            tracing::error!(place = place.name, reason, "the erasable keys are not whole in every place");
        }
        let Some(at) = place.mended_at else { continue };
        let mut tx = SystemTx::begin(app).await?;
        if last(&mut tx.0).await?.is_none_or(|noted| noted < at) {
            tracing::error!(
                place = place.name,
                "erasable keys were lost or damaged here and came back from the other place"
            );
            note(app, &mut tx.0, &place.name, at).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

async fn last(tx: &mut Tx) -> ProblemResult<Option<Timestamp>> {
    let query = sql("SELECT MAX(created_at) AS at FROM findings WHERE kind = $1").bind(KIND);
    query.fetch_one(tx).await.and_then(|row| row.get("at")).map_err(store_failed)
}

async fn note(app: &App, tx: &mut Tx, place: &str, at: Timestamp) -> ProblemResult<()> {
    sql("INSERT INTO findings (id, kind, detail, created_at) VALUES ($1, $2, $3, $4)")
        .bind(FindingId::new(app.clock.as_ref(), app.rng.as_ref()))
        .bind(KIND)
        .bind(json!({ "place": place }).to_string())
        .bind(at)
        .execute(tx)
        .await
        .map_err(store_failed)?;
    Ok(())
}
