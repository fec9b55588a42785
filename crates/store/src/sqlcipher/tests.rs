//! A file gets another key whoever uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base::Secret;

use crate::{Db, Scope, sql};

async fn file(key: u8) -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open_sqlcipher(&folder.path().join("main.db"), &Secret::new([key; 32]), true).await.unwrap();
    db.run_outside_transaction("CREATE TABLE counts (count BIGINT NOT NULL)".to_owned()).await.unwrap();
    sql("INSERT INTO counts VALUES (0)").execute(db.read(Scope::System)).await.unwrap();
    (folder, db)
}

async fn count(db: &Db) -> i64 {
    sql("SELECT count FROM counts").fetch_one(db.read(Scope::System)).await.unwrap().get("count").unwrap()
}

/// Adds one, and reads outside of the transaction while it is open.
async fn add(db: &Db) {
    let mut tx = db.begin(Scope::System).await.unwrap();
    sql("UPDATE counts SET count = count + 1").execute(&mut tx).await.unwrap();
    count(db).await;
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_key_changes_each_time_while_many_write_and_read_within_their_writing() {
    let (_folder, db) = file(0).await;
    let (stop, added) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut users = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (db, stop, added) = (db.clone(), Arc::clone(&stop), Arc::clone(&added));
        users.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                add(&db).await;
                added.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for key in 0..10 {
        db.rekey(&Secret::new([key; 32]), &Secret::new([key + 1; 32])).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(user) = users.join_next().await {
        user.unwrap();
    }
    assert!(added.load(Ordering::Relaxed) > 30);
    assert_eq!(u64::try_from(count(&db).await).unwrap(), added.load(Ordering::Relaxed));
    db.close().await;
}
