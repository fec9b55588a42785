//! Figures that are kept as answers come.

use std::time::Duration;

use app_test::app_test;
use serde_json::{Value, json};
use store::{Engine, Scope, sql};

use super::{answer, numbered_id, numbers, survey};
use crate::delivery::tests::publish;
use crate::testing::TestApp;

/// The tallies, as they are stored.
async fn tallies(app: &TestApp) -> Vec<(String, String, i64)> {
    let rows = sql("SELECT question, value, count FROM answer_tallies WHERE count <> 0 ORDER BY question, value");
    let rows = rows.fetch_all(app.app().main.read(Scope::System)).await.unwrap();
    rows.iter()
        .map(|row| (row.get("question").unwrap(), row.get("value").unwrap(), row.get("count").unwrap()))
        .collect()
}

/// Runs the migration that counts what was there before there were tallies, on columns that were renamed since.
async fn count_anew(app: &TestApp) {
    let text = match app.app().main.engine() {
        Engine::Sqlite => include_str!("../../../../../migrations/main/0026_count_what_was_answered.sql"),
        Engine::Postgres => include_str!("../../../../../migrations/main/0026_count_what_was_answered.postgres.sql"),
    };
    let text = text.replace("showings", "impressions").replace("last_showing_at", "last_impression_at");
    let mut tx = app.app().main.begin(Scope::System).await.unwrap();
    sql("DELETE FROM answer_tallies").execute(&mut tx).await.unwrap();
    for statement in text.split(';').filter(|statement| !statement.trim().is_empty()) {
        sql(statement.to_owned()).fetch_all(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[app_test]
async fn a_tally_says_what_a_count_of_the_answers_says(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let given = [
        json!({"q1": 9, "q2": "a", "q3": ["a", "b"], "q4": "Why not."}),
        json!({"q1": 10, "q3": ["b"], "q4": null}),
        json!({"q1": 9, "q2": "b", "q3": ["c", "a"]}),
    ];
    let mut parts: Vec<(u8, &Value, bool)> = Vec::new();
    for (number, answers) in (0_u8..).zip(given.iter().cycle().take(9)) {
        parts.push((number % 4, answers, false));
    }
    parts.extend([(0, &given[1], true), (1, &given[0], true), (1, &given[2], false)]);
    for (number, answers, complete) in parts {
        let person = app.visitor(&format!("device-{number}"));
        person.send("/v1/answers", answer(number, &id, answers.clone(), complete)).await.assert(200);
    }
    let kept = tallies(&app).await;
    count_anew(&app).await;
    assert_eq!(kept, tallies(&app).await);
    assert!(kept.iter().any(|(question, value, _)| question == "q2" && value == "\"a\""), "{kept:?}");
    assert!(kept.iter().any(|(question, value, _)| question == "q4" && value == "text"), "{kept:?}");
}

/// How often somebody was shown something, and when they completed it.
async fn encounter(app: &TestApp) -> (i64, Option<base::Timestamp>) {
    let row = sql("SELECT impressions, completed_at FROM encounters");
    let row = row.fetch_one(app.app().main.read(Scope::System)).await.unwrap();
    (row.get("impressions").unwrap(), row.get("completed_at").unwrap())
}

#[app_test]
async fn who_had_answered_several_times_had_been_shown_it_as_often(app: TestApp) {
    let mut always = survey();
    always["definition"]["frequency"] = json!({"kind": "always"});
    let id = publish(&app, &always).await;
    let ana = app.visitor("device-1");
    for number in 1..=3 {
        ana.does("$shown", json!({"content": id, "version": 1})).await;
        ana.send("/v1/answers", answer(number, &id, json!({"q1": 9}), true)).await.assert(200);
        app.advance(Duration::from_mins(1));
    }
    assert_eq!(encounter(&app).await.0, 3);
    count_anew(&app).await;
    assert_eq!(encounter(&app).await.0, 3);
}

#[app_test]
async fn a_completion_that_is_told_late_takes_nothing_from_a_later_one(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let (ana, now) = (app.visitor("device-1"), app.app().clock.now());
    for at in [now.minus(Duration::from_mins(1)), now, now.minus(Duration::from_hours(1))] {
        let about = json!({"content": id, "version": 1});
        let completed = json!({"event": "$completed", "timestamp": at.to_string(), "properties": about});
        ana.send("/v1/track", completed).await.assert(200);
    }
    assert_eq!(encounter(&app).await, (0, Some(now)));
}

#[app_test]
async fn figures_of_many_answers_need_none_of_them_but_the_latest(app: TestApp) {
    let id = publish(&app, &survey()).await;
    let person = app.visitor("device-1");
    person.send("/v1/answers", answer(1, &id, json!({"q1": 9, "q3": ["a"], "q4": "Words."}), true)).await.assert(200);
    fill(&app, 1_000).await;
    count_anew(&app).await;
    // Whoever reads an older one fails.
    let mut tx = app.app().main.begin(Scope::System).await.unwrap();
    let older =
        "UPDATE answers SET answers = 'unreadable' WHERE updated_at < (SELECT MAX(updated_at) - 60 FROM answers)";
    assert_eq!(sql(older).execute(&mut tx).await.unwrap(), 940);
    tx.commit().await.unwrap();
    let path = format!("/api/v1/surveys/{id}/results");
    let results = app.api().get(&path).await.assert(200).json();
    assert_eq!((&results["questions"][0]["count"], &results["started"]), (&json!(1_001), &json!(1_001)));
    assert_eq!((&results["shown"], results["answers"].as_array().unwrap().len()), (&json!(1_001), 50));
    let next = app.visitor("device-2");
    next.send("/v1/answers", answer(2, &id, json!({"q1": 0}), true)).await.assert(200);
    assert_eq!(app.api().get(&path).await.json()["questions"][0]["count"], 1_002, "the next one is there at once");
}

/// Copies the one answer, its person and encounter so often.
async fn fill(app: &TestApp, count: u32) {
    let (bytes, numbers) = (numbered_id(app), numbers(count));
    let mut tx = app.app().main.begin(Scope::System).await.unwrap();
    for text in [
        format!(
            "{numbers} INSERT INTO people (environment_id, number, id, identified, attributes, attribute_times, \
             outcomes, seen, counters, first_seen_at, last_seen_at) SELECT environment_id, 1000 + i, {bytes}, \
             identified, attributes, attribute_times, outcomes, seen, counters, first_seen_at, last_seen_at \
             FROM people, n"
        ),
        format!(
            "{numbers} INSERT INTO encounters (content_id, person_number, environment_id, shown_at, completed_at, \
             impressions) SELECT content_id, 1000 + i, environment_id, shown_at, completed_at, 1 FROM encounters, n"
        ),
        format!(
            "{numbers} INSERT INTO answers (environment_id, id, content_id, version, person_number, answers, texts, \
             complete, created_at, updated_at) SELECT environment_id, {bytes}, content_id, version, 1000 + i, answers, \
             texts, complete, created_at, updated_at - i FROM answers, n"
        ),
    ] {
        sql(text).execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}
