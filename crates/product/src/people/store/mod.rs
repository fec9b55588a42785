//! SQL of people, and of the sealed attributes of people and companies.

mod merging;
mod messages;
mod rows;
mod sealed;
mod seen;

use serde::de::DeserializeOwned;
use store::{Row, StoreError, StoreResult, Value};

use super::record::AttributeSet;

pub(crate) use merging::roots;
pub(super) use merging::{not_folded, set_merged};
pub(super) use messages::{claim_messages, forget_messages};
pub(crate) use rows::{Extent, extent, hold_whole, rows_of, update, whole_rows};
pub(super) use rows::{hold, insert_missing, page, row};
pub(crate) use sealed::{SealedAttribute, page_of_sealed};
pub(super) use sealed::{put_sealed, remove_sealed, sealed_of};
pub(super) use seen::{set_seen, standings};

/// How many rows one statement writes: the databases bound the number of parameters.
pub(crate) const ROWS: usize = 500;

/// A number as the databases hold it.
pub(crate) fn int(number: u64) -> Value {
    Value::Int(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

/// A JSON column.
pub(crate) fn json(value: &impl serde::Serialize) -> Value {
    // Maps with text keys always serialise.
    Value::from(serde_json::to_string(value).unwrap_or_default())
}

pub(crate) fn read_json<T: DeserializeOwned>(row: &Row, column: &str) -> StoreResult<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| StoreError::Decode { column: column.to_owned() })
}

/// The three columns of attributes.
pub(crate) fn read_attributes(row: &Row, prefix: &str) -> StoreResult<AttributeSet> {
    Ok(AttributeSet {
        values: read_json(row, &format!("{prefix}attributes"))?,
        times: read_json(row, &format!("{prefix}attribute_times"))?,
        outcomes: read_json(row, &format!("{prefix}outcomes"))?,
    })
}
