//! Who is erased is hidden at once and gone from the files; so is what is too old.

use std::time::Duration;

use base::Timestamp;
use events::{Columns, Erase, Parts, Wanted};

use super::{files, numbers, open, options, sealed, snapshot, verify};
use crate::support::{ENVIRONMENT, Fixture, append, environment, event};

async fn filled(fixture: &Fixture) -> (events::EventLog, Parts) {
    let (log, _) = fixture.open();
    let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
    for round in 0..5_u64 {
        let events: Vec<_> = (round * 70..round * 70 + 70)
            .map(|number| {
                let mut event = event(number, fixture.now());
                event.sealed.insert("email".to_owned(), vec![u8::try_from(number % 250).unwrap(); 9]);
                event
            })
            .collect();
        log.append(environment(ENVIRONMENT), events).await.unwrap();
        parts.seal_now().unwrap();
    }
    (log, parts)
}

fn all(fixture: &Fixture) -> Vec<Columns> {
    let snapshot = snapshot(fixture.folder.path());
    snapshot.sources().iter().map(|source| source.read(&Wanted::all()).unwrap()).collect()
}

#[tokio::test]
async fn erased_people_are_gone_from_answers_and_files() {
    let fixture = Fixture::new();
    let (log, parts) = filled(&fixture).await;
    let data = fixture.folder.path();
    let before = files(data);
    let rewritten = parts.erase(&[3], Erase::Whole).unwrap();
    assert_eq!((rewritten.parts, rewritten.events), (5, 50));
    assert!(files(data).iter().all(|file| !before.contains(file)), "a file that held them is there");
    assert!(sealed(data).values().all(|event| event.person != 3));
    assert_eq!(sealed(data).len(), 300);
    assert!(all(&fixture).iter().flat_map(|columns| &columns.stretches).all(|stretch| stretch.person != 3));
    assert_eq!(parts.erase(&[3], Erase::Whole).unwrap(), events::Rewritten::default(), "nothing is left to be done");
    assert_eq!(parts.erase(&[4_000], Erase::Whole).unwrap().parts, 0, "nobody of that number has events");
    // What of theirs still comes is left out, and whoever reads the tail is told.
    append(&log, [703], fixture.now()).await;
    assert_eq!((703 % 7, parts.seal_now().unwrap().events), (3, 0));
    assert!(snapshot(data).is_erased(3) && !snapshot(data).is_erased(4));
    while parts.compact_due().unwrap() {}
    assert_eq!(sealed(data).len(), 300);
    assert!(verify(data).findings().next().is_none());
    log.shutdown().await;
}

#[tokio::test]
async fn personal_properties_go_and_the_events_stay() {
    let fixture = Fixture::new();
    let (log, parts) = filled(&fixture).await;
    let rewritten = parts.erase(&[2], Erase::Personal).unwrap();
    assert_eq!((rewritten.parts, rewritten.events), (5, 0));
    let events = sealed(fixture.folder.path());
    assert_eq!(events.len(), 350);
    assert!(events.values().all(|event| event.sealed.is_empty() == (event.person == 2)));
    for columns in all(&fixture) {
        assert!(columns.events().all(|(_, event)| event.sealed.is_empty() == (event.person == 2)));
    }
    log.shutdown().await;
}

#[tokio::test]
async fn what_is_not_rewritten_yet_is_hidden_all_the_same() {
    let fixture = Fixture::new();
    let (log, parts) = filled(&fixture).await;
    let data = fixture.folder.path();
    // A damaged part cannot be rewritten; the erasure is recorded before that fails.
    let broken = &files(data)[0];
    let bytes = std::fs::read(broken).unwrap();
    std::fs::write(broken, vec![0; bytes.len()]).unwrap();
    assert!(parts.erase(&[3], Erase::Whole).is_err());
    assert!(parts.erase(&[2], Erase::Personal).is_err());
    std::fs::write(broken, &bytes).unwrap();
    assert!(files(data).contains(broken));
    let hidden = |columns: &Columns| {
        columns.events().all(|(_, event)| event.person != 3 && event.sealed.is_empty() == (event.person == 2))
    };
    assert!(all(&fixture).iter().all(hidden));
    assert!(sealed(data).values().all(|event| event.person != 3));
    assert!(parts.rewrite_due().unwrap().parts > 0);
    assert!(!files(data).contains(broken));
    assert!(all(&fixture).iter().all(hidden));
    assert_eq!(sealed(data).len(), 300);
    log.shutdown().await;
}

#[tokio::test]
async fn what_is_too_old_goes() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let data = fixture.folder.path();
    let parts = open(data, fixture.clock.clone(), options());
    let start = fixture.now();
    let day = |number: u64| start.plus(Duration::from_hours(24) * u32::try_from(number).unwrap());
    for number in 0..60 {
        append(&log, [number], day(number)).await;
    }
    parts.seal_now().unwrap();
    let rewritten = parts.retain(day(30)).unwrap();
    assert_eq!(rewritten.events, 30);
    assert_eq!(numbers(sealed(data).values()), (30..60).collect::<Vec<_>>());
    assert_eq!(parts.retain(Timestamp(0)).unwrap().events, 0, "it never goes back");
    append(&log, [100], day(3)).await;
    assert_eq!(parts.seal_now().unwrap().events, 0, "what comes too late is left out");
    assert_eq!(snapshot(data).retained(), Some(day(30).micros()));
    log.shutdown().await;
}
