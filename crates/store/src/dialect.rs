//! Where the two databases differ, by name. Everything else is one text.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

use crate::{Engine, StoreResult, Tx, sql};

/// `$first, $first+1, …` for so many parameters: a list for `IN (…)`. An empty list is `NULL`, which nothing equals.
pub fn placeholders(first: usize, count: usize) -> String {
    let mut list = String::new();
    for index in 0..count {
        let comma = if index == 0 { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(list, "{comma}${}", first + index);
    }
    if list.is_empty() { "NULL".to_owned() } else { list }
}

/// `($first, …), (…), …`: so many rows of so many parameters for `VALUES`.
pub fn rows(first: usize, count: usize, columns: usize) -> String {
    let rows: Vec<String> =
        (0..count).map(|row| format!("({})", placeholders(first + row * columns, columns))).collect();
    rows.join(", ")
}

/// The end of a `SELECT` that takes work from a queue: PostgreSQL passes over rows that another process has locked;
/// SQLite has one writer, so nobody else can have locked any.
pub fn skip_locked(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE SKIP LOCKED",
    }
}

/// The end of a `SELECT` whose rows are held until the transaction ends. SQLite has one writer, so all are.
pub fn for_update(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " FOR UPDATE",
    }
}

/// Holds whoever else locks the same subject for the same purpose until this transaction ends. SQLite has one writer, so
/// all hold anyway.
pub async fn lock(tx: &mut Tx, engine: Engine, purpose: &'static str, subject: &[u8]) -> StoreResult<()> {
    if engine == Engine::Sqlite {
        return Ok(());
    }
    sql("SELECT pg_advisory_xact_lock($1)").bind(lock_number(purpose, subject)).fetch_all(tx).await?;
    Ok(())
}

/// Holds whoever [locks](lock) the same subject for the same purpose, but nobody who shares it too. SQLite has one writer,
/// so all hold anyway.
pub async fn lock_shared(tx: &mut Tx, engine: Engine, purpose: &'static str, subject: &[u8]) -> StoreResult<()> {
    if engine == Engine::Sqlite {
        return Ok(());
    }
    sql("SELECT pg_advisory_xact_lock_shared($1)").bind(lock_number(purpose, subject)).fetch_all(tx).await?;
    Ok(())
}

/// PostgreSQL's advisory locks are numbers: all of the subject takes part, and its purpose.
fn lock_number(purpose: &str, subject: &[u8]) -> i64 {
    let mut hash = Sha256::new();
    hash.update(u64::try_from(purpose.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(purpose.as_bytes());
    hash.update(subject);
    let hash: [u8; 32] = hash.finalize().into();
    let mut number = [0; 8];
    number.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_its_purposes_and_all_of_its_subjects() {
        assert_ne!(lock_number("sign_in", b"12345678 one"), lock_number("sign_in", b"12345678 other"));
        assert_ne!(lock_number("sign_in", b"one"), lock_number("keyring", b"one"));
        assert_ne!(lock_number("a", b"bc"), lock_number("ab", b"c"));
    }
}
