//! A log that is verified again and again: what has not changed is not read anew, and what was not read is said.

use std::fs;
use std::time::Duration;

use base::Timestamp;
use events::{Again, Remembered, Report};

use crate::support::{Fixture, TestKeys, append};

const WHOLE_AGAIN: Duration = Duration::from_hours(24);

/// Reads at most so many files; how many that would have been, and what was found.
fn verify(fixture: &Fixture, remembered: &mut Remembered, now: Timestamp, most: usize) -> (usize, Report) {
    let mut asked = 0;
    let mut go_on = || {
        asked += 1;
        asked <= most
    };
    let again = Again { remembered, now, whole_again: WHOLE_AGAIN, go_on: &mut go_on };
    let report = events::verify_again(fixture.folder.path(), &TestKeys, again).unwrap();
    (asked, report)
}

async fn files() -> (Fixture, events::EventLog) {
    let mut fixture = Fixture::new();
    fixture.options.roll_bytes = 400;
    let (log, _) = fixture.open();
    for number in 0..12 {
        append(&log, [number], fixture.now()).await;
    }
    assert!(fixture.files().len() > 2);
    (fixture, log)
}

#[tokio::test]
async fn only_what_changed_is_read_again_and_everything_once_in_a_while() {
    let (fixture, log) = files().await;
    let (count, now) = (fixture.files().len(), fixture.now());
    let mut remembered = Remembered::default();
    let (read, report) = verify(&fixture, &mut remembered, now, usize::MAX);
    assert_eq!((read, report.events(), report.is_complete()), (count, 12, true));
    assert_eq!(report, fixture.verify());
    let (read, again) = verify(&fixture, &mut remembered, now, usize::MAX);
    assert_eq!((read, again), (0, report));

    append(&log, [12], now).await;
    let (read, report) = verify(&fixture, &mut remembered, now, usize::MAX);
    assert!((1..=2).contains(&read), "what was appended to, and what was begun: {read}");
    assert_eq!(report, fixture.verify());
    let (read, again) = verify(&fixture, &mut remembered, now.plus(WHOLE_AGAIN), usize::MAX);
    assert_eq!((read, again), (fixture.files().len(), report));
    log.shutdown().await;
}

#[tokio::test]
async fn a_file_that_was_whole_and_is_not_any_more_is_noticed_and_so_is_one_that_is_gone() {
    let (fixture, log) = files().await;
    log.shutdown().await;
    let mut remembered = Remembered::default();
    assert!(verify(&fixture, &mut remembered, fixture.now(), usize::MAX).1.is_whole());
    let path = &fixture.files()[1];
    let bytes = fs::read(path).unwrap();
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(path, changed).unwrap();
    for _ in 0..2 {
        let (read, report) = verify(&fixture, &mut remembered, fixture.now(), usize::MAX);
        assert_eq!((read, report.is_whole()), (1, false), "damage is looked at each time");
    }
    fs::write(path, bytes).unwrap();
    assert!(verify(&fixture, &mut remembered, fixture.now(), usize::MAX).1.is_whole());
    fs::remove_file(path).unwrap();
    assert!(!verify(&fixture, &mut remembered, fixture.now(), usize::MAX).1.is_whole());
}

#[tokio::test]
async fn a_reading_that_is_stopped_says_so_and_goes_on_from_there() {
    let (fixture, log) = files().await;
    log.shutdown().await;
    let (count, now) = (fixture.files().len(), fixture.now());
    let mut remembered = Remembered::default();
    let (_, report) = verify(&fixture, &mut remembered, now, 0);
    assert_eq!((report.events(), report.is_complete(), remembered.is_empty()), (0, false, true));
    for read in 1..=count {
        let (_, report) = verify(&fixture, &mut remembered, now, 1);
        assert_eq!(report.is_complete(), read == count);
    }
    // What is only due to be read again counts as it was.
    let (asked, report) = verify(&fixture, &mut remembered, now.plus(WHOLE_AGAIN), 0);
    assert_eq!((asked, report.events(), report.is_complete()), (count, 12, true));
}
