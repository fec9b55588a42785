//! Catching up with the log: it ends, one log keeps no other back, and what is there before or after a log is not counted
//! twice or passed over.

use std::collections::BTreeMap;
use std::time::Duration;

use app_test::app_test;
use base::id::EnvironmentId;
use events::{Event, Kind};
use serde_json::{Map, json};
use store::{Engine, Scope, sql};

use super::projection::{counted, counting, published, sent};
use crate::ingest;
use crate::people;
use crate::testing::{Logs, TestApp};

/// An event of a person, under a message id of this number.
fn event(app: &TestApp, person: u64, name: &str, message: u64) -> Event {
    let now = app.app().clock.now();
    Event {
        person,
        company: None,
        time: now,
        received: now,
        message: u128::from(message).to_be_bytes(),
        kind: Kind::Track,
        name: name.to_owned(),
        session: None,
        path: None,
        device: None,
        content: name.starts_with('$').then(|| "srv_x".to_owned()),
        step: None,
        properties: Map::new(),
        sealed: BTreeMap::new(),
    }
}

/// Puts it into the log, and waits for nothing else.
async fn append(app: &TestApp, environment: EnvironmentId, event: Event) {
    ingest::append(app.app(), environment, vec![event]).await.unwrap();
}

async fn number(app: &TestApp, user: &str) -> u64 {
    people::find(app.app(), app.production(), user).await.unwrap().unwrap().number()
}

/// Moves the checkpoint of an environment's log, as something that is not this process did.
async fn set_checkpoint(app: &TestApp, environment: EnvironmentId, sequence: i64) {
    let log = app.app().log().log_id(environment).unwrap();
    let mut tx = app.app().main.begin(Scope::System).await.unwrap();
    sql("INSERT INTO log_checkpoints (environment_id, log, sequence) VALUES ($1, $2, $3) \
         ON CONFLICT (environment_id, log) DO UPDATE SET sequence = excluded.sequence")
    .bind(environment)
    .bind(log.0.cast_signed())
    .bind(sequence)
    .execute(&mut tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn checkpoint(app: &TestApp, environment: EnvironmentId) -> Option<i64> {
    let query = sql("SELECT sequence FROM log_checkpoints WHERE environment_id = $1").bind(environment);
    let row = query.fetch_optional(app.app().main.read(Scope::System)).await.unwrap();
    row.map(|row| row.get("sequence").unwrap())
}

#[app_test]
async fn it_ends_where_the_log_ended_when_it_began_whatever_arrives(app: TestApp) {
    let id = counting(&app).await;
    app.send(sent("u", "m0")).await;
    let (person, environment) = (number(&app, "u").await, app.production());
    let log = app.app().log();
    let mut catching = std::pin::pin!(ingest::catch_up_with(app.app(), environment));
    // It knows how far it has to go, and waits for somebody else; meanwhile more arrives than one step projects.
    let arriving = async {
        tokio::select! {
            biased;
            _ = &mut catching => panic!("it waited for nobody"),
            () = std::future::ready(()) => {}
        }
        for frame in 0..6 {
            let events = (0..1_000).map(|one| event(&app, person, "Invoice Sent", frame * 1_000 + one + 1));
            ingest::append(app.app(), environment, events.collect::<Vec<_>>()).await.unwrap();
        }
    };
    app.app().projection.while_somebody_is_at_work(environment, arriving).await;
    catching.await.unwrap();
    assert!(checkpoint(&app, environment).await.unwrap().cast_unsigned() < log.durable(environment), "it went on");
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 6_001);
}

#[app_test]
async fn nobody_waits_for_more_than_their_own(app: TestApp) {
    let id = counting(&app).await;
    app.send(sent("u", "m0")).await;
    let (projection, environment) = (&app.app().projection, app.production());
    let next = app.app().log().durable(environment) + 1;
    let sending = projection.while_somebody_goes_on_from(environment, next, app.send(sent("u", "m1")));
    tokio::time::timeout(Duration::from_secs(4), sending).await.expect("it waits for somebody who goes on");
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 2);
}

#[app_test]
async fn a_log_that_fails_keeps_no_other_back(app: TestApp) {
    let mut environments: Vec<_> = app.installed().organisation.environments.iter().map(|it| it.id).collect();
    environments.sort_unstable();
    for environment in &environments {
        append(&app, *environment, event(&app, 1, "$shown", 1)).await;
    }
    set_checkpoint(&app, environments[0], -1).await;
    assert!(ingest::catch_up(app.app()).await.is_err());
    assert_eq!((environments.len() > 1, checkpoint(&app, *environments.last().unwrap()).await), (true, Some(1)));
    set_checkpoint(&app, environments[0], 0).await;
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(checkpoint(&app, environments[0]).await, Some(1));
}

#[app_test]
async fn a_log_has_a_checkpoint_before_anything_of_it_is_projected(app: TestApp) {
    append(&app, app.production(), event(&app, 1, "Nobody Asks", 1)).await;
    assert_eq!(checkpoint(&app, app.production()).await, None);
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(checkpoint(&app, app.production()).await, Some(0), "a row that can be held");
}

#[app_test]
async fn what_follows_a_log_that_was_lost_is_counted_from_its_first_frame(app: TestApp) {
    let id = counting(&app).await;
    app.send(json!([{"type": "identify", "userId": "u", "traits": {"plan": "pro"}}])).await;
    let person = number(&app, "u").await;
    app.app().projection.forget_logs();
    let before = app.app().log().durable(app.production());
    for message in 1..=3 {
        append(&app, app.production(), event(&app, person, "Invoice Sent", message)).await;
    }
    // Fewer than have come since, and more than there were when the log began.
    set_checkpoint(&app, app.production(), i64::try_from(before).unwrap() + 2).await;
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 3);
}

#[app_test]
async fn what_follows_a_log_that_was_lost_is_not_counted_by_a_job_as_well(app: TestApp) {
    app.send(json!([{"type": "identify", "userId": "u", "traits": {"plan": "pro"}}])).await;
    let person = number(&app, "u").await;
    // Here the log is lost that was projected so far when the counter began.
    set_checkpoint(&app, app.production(), 1_000).await;
    let id = published(&app).await;
    app.app().projection.forget_logs();
    for message in 1..=3 {
        append(&app, app.production(), event(&app, person, "Invoice Sent", message)).await;
    }
    ingest::catch_up(app.app()).await.unwrap();
    app.work().await;
    assert_eq!(counted(&app, "u", &id).await, 3);
}

/// Runs what the migration does to rows that are there.
async fn begin_with_checkpoints(app: &TestApp) {
    let text = match app.app().main.engine() {
        Engine::Sqlite => include_str!("../../../../../migrations/main/0021_noted.sql"),
        Engine::Postgres => include_str!("../../../../../migrations/main/0021_noted.postgres.sql"),
    };
    let (_, text) = text.split_once("-- What people's rows count").unwrap();
    let (_, text) = text.split_once('\n').unwrap();
    // A scope in which nothing is seen, as when migrations run.
    let nowhere = EnvironmentId::new(app.app().clock.as_ref(), app.app().rng.as_ref());
    let mut tx = app.app().main.begin(Scope::Environment(nowhere)).await.unwrap();
    for statement in text.split(';').filter(|statement| !statement.trim().is_empty()) {
        sql(statement.to_owned()).fetch_all(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[app_test]
async fn what_was_counted_before_there_were_checkpoints_is_not_counted_twice(app: TestApp) {
    let id = counting(&app).await;
    app.send(sent("u", "m1")).await;
    app.send(sent("u", "m2")).await;
    begin_with_checkpoints(&app).await;
    app.app().projection.forget();
    set_checkpoint(&app, app.production(), 0).await;
    ingest::catch_up(app.app()).await.unwrap();
    assert_eq!(counted(&app, "u", &id).await, 2);
}

#[app_test]
async fn rows_that_are_older_than_what_was_trimmed_are_reported_and_only_they(app: TestApp) {
    let id = counting(&app).await;
    app.send(sent("u", "m1")).await;
    app.trim().await;
    let logs = Logs::default();
    let _listens = logs.listen();
    app.app().projection.believe_nothing_is_projected(app.production()).await;
    app.send(sent("u", "m2")).await;
    assert_eq!(counted(&app, "u", &id).await, 2);
    let said = "people's rows are older than the event log";
    assert!(!logs.text().contains(said), "the store's checkpoint decides, not what memory says");
    // The database is put back.
    app.app().projection.forget();
    set_checkpoint(&app, app.production(), 0).await;
    app.send(sent("u", "m3")).await;
    assert_eq!(
        counted(&app, "u", &id).await,
        4,
        "what the log still has counts, for rows that have the second as well"
    );
    assert_eq!(logs.text().matches(said).count(), 1, "once");
    let durable = i64::try_from(app.app().log().durable(app.production())).unwrap();
    assert_eq!(checkpoint(&app, app.production()).await, Some(durable));
}
