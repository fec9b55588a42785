//! SQL of which messages have written their attributes.

use base::Timestamp;
use store::{StoreResult, Value, dialect, sql};

use super::ROWS;
use crate::authority::{SystemTx, TenantTx};

/// Which of these messages have not written their attributes; they have from now on. They are written in their order, so
/// that two who claim the same at once wait for each other and not crosswise.
pub(in crate::people) async fn claim_messages(
    tx: &mut TenantTx,
    messages: &[[u8; 16]],
    now: Timestamp,
) -> StoreResult<Vec<[u8; 16]>> {
    let environment = tx.environment();
    let mut new = Vec::with_capacity(messages.len());
    let mut messages = messages.to_vec();
    messages.sort_unstable();
    for messages in messages.chunks(ROWS) {
        let text = format!(
            "INSERT INTO applied_messages (environment_id, message, received_at) VALUES {} \
             ON CONFLICT DO NOTHING RETURNING message",
            dialect::rows(1, messages.len(), 3)
        );
        let values = messages.iter().flat_map(|message| [environment.into(), (*message).into(), now.into()]);
        let rows = sql(text).bind_all::<Value>(values).fetch_all(&mut *tx).await?;
        for row in rows {
            new.push(row.get("message")?);
        }
    }
    Ok(new)
}

/// Forgets messages that the log would no longer recognise either.
pub(in crate::people) async fn forget_messages(tx: &mut SystemTx, before: Timestamp) -> StoreResult<u64> {
    sql("DELETE FROM applied_messages WHERE received_at < $1").bind(before).execute(&mut tx.0).await
}
