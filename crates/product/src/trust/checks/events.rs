//! UP-35: what was acknowledged is there, and of every message it is known what became of it.
//!
//! The log's files are read from the disk and every event in them is counted, with those that were counted when they were
//! trimmed, each of which was in a part then. What they held before this process began to count is the difference, so it must
//! come out the same each time. The parts are read as well: each byte is as it was written, and of what was taken from the logs
//! everything is in them, was a copy, or was erased; and what was taken is what the logs have up to there, or had before it was
//! trimmed. A file that was whole is read again when it has changed, and once a day; one run reads for a few seconds, and the next
//! goes on from there.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use base::id::EnvironmentId;
use events::{
    Again, Counters, EnvironmentParts, EventLog, LogId, LogReport, LogView, PartsReport, Remembered, RememberedParts,
    Report,
};
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::trust::check::{Seen, Unseen};

/// Between which numbers the events lie that the files held before.
pub(in crate::trust) type Before = RangeInclusive<u64>;

/// What is written is counted a moment later.
const COUNTED_WITHIN: Duration = Duration::from_millis(200);
/// How long one run reads at most; longer by what the file takes that it is at.
const READS_FOR: Duration = Duration::from_secs(10);
/// A file that has not changed is read again all the same once in a while.
const WHOLE_AGAIN: Duration = Duration::from_hours(24);

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    look_for(app, READS_FOR).await
}

async fn look_for(app: &App, time: Duration) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let log = app.log();
    let (earlier, answered) = (counted(log), answered(app));
    let mut read = read_again(app, time).await?;
    if !read.log.is_whole() {
        // A file that was begun between two looks of one reading is no loss.
        read = read_again(app, time).await?;
    }
    tokio::time::sleep(COUNTED_WITHIN).await;
    let (mut read, mut account) = self::account(app, read).await?;
    if !account.closes {
        // Frames of a write that failed just then are given again.
        read = read_again(app, time).await?;
        tokio::time::sleep(COUNTED_WITHIN).await;
        (read, account) = self::account(app, read).await?;
    }
    let (report, parts) = (&read.log, &read.parts);
    let later = counted(log);
    if !report.is_whole() {
        seen.broken("The event log is damaged: acknowledged events are lost or changed.");
    }
    if !parts.is_whole() {
        seen.broken("The column files of events are damaged, or events that were put into them are not there.");
    }
    if !account.closes {
        seen.broken("More or fewer events were put into column files, or left out of them, than the event log had.");
    }
    if !account.of_all {
        seen.weak("An event log could not be read to compare it with the column files.");
    }
    if report.is_complete() && parts.is_complete() {
        if report.is_whole() && parts.is_whole() {
            seen.shows(
                "Every file of events was read from the disk since it was last written: each frame of the log is genuine, none is \
                 missing, and every byte of the column files is as it was written.",
            );
        }
        if log.appends() {
            seen.demand(
                compare(app, report, &earlier, &later),
                "For every environment the events in the files are those that were acknowledged as stored.",
                "For an environment there are more or fewer events in the files than were acknowledged.",
            );
        }
    } else {
        seen.weak(
            "The files of events are read piece by piece and not all of it was read yet: nothing was amiss in what was read, and \
             the events are counted once all is.",
        );
    }
    if log.appends() {
        seen.demand(
            balanced(app, &answered, &later),
            "For every environment the messages that were answered are those that were stored, were there already or were refused.",
            "For an environment messages were answered of which nobody knows what became of them, or more became of them than were \
             taken.",
        );
    } else {
        seen.weak("The events are counted by another process: here only their files were read.");
    }
    Ok(seen)
}

fn counted(log: &EventLog) -> HashMap<EnvironmentId, Counters> {
    log.environments().into_iter().map(|environment| (environment, log.counters(environment))).collect()
}

/// How many messages of each environment were answered.
fn answered(app: &App) -> HashMap<EnvironmentId, u64> {
    app.balances.all().into_iter().map(|(environment, balance)| (environment, balance.answered())).collect()
}

/// Whether it is known what became of every message: at least of those that were answered before, at most of those that are
/// taken by now. What the log has counted is read between the two.
fn balanced(app: &App, answered: &HashMap<EnvironmentId, u64>, later: &HashMap<EnvironmentId, Counters>) -> bool {
    let environments = app.balances.all();
    let known = |environment| environments.get(environment);
    let of_messages = environments.iter().all(|(environment, balance)| {
        let logged = later.get(environment).map_or(0, |counters| counters.accepted + counters.duplicates);
        let became = logged + balance.refused();
        let answered = answered.get(environment).copied().unwrap_or(0);
        (answered..=balance.taken()).contains(&became)
    });
    // What is in the log came as a message.
    of_messages && later.iter().all(|(environment, counters)| counters.accepted == 0 || known(environment).is_some())
}

/// What was found in the files.
struct Found {
    log: Report,
    parts: PartsReport,
}

/// What files held that have not changed since they were read.
#[derive(Debug, Default)]
pub(in crate::trust) struct EventsRead {
    log: Remembered,
    parts: RememberedParts,
}

/// Reads what has changed, for so long. Whoever lets go of this future stops the reading, too, at the next file.
async fn read_again(app: &App, time: Duration) -> Result<Found, Unseen> {
    let (data, keys, now) = (app.data().to_owned(), Arc::clone(&app.keys), app.clock.now());
    let remembered = Arc::clone(&app.trust.events_read);
    let stop = CancellationToken::new();
    let _stops_with_this = stop.clone().drop_guard();
    let reading = tokio::task::spawn_blocking(move || {
        let mut remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let EventsRead { log, parts } = &mut *remembered;
        let (keys, whole_again) = (keys.as_ref(), WHOLE_AGAIN);
        let began = Instant::now();
        let mut go_on = || !stop.is_cancelled() && began.elapsed() < time;
        let log = Again { remembered: log, now, whole_again, go_on: &mut go_on };
        let log = events::verify_again(&data, keys, log).map_err(|error| error.to_string())?;
        let parts = Again { remembered: parts, now, whole_again, go_on: &mut go_on };
        let parts = events::verify_parts_again(&data, keys, keys, parts).map_err(|error| error.to_string())?;
        Ok(Found { log, parts })
    });
    reading.await?.map_err(|error: String| Unseen::because("The files of events could not be read.", error))
}

/// What was taken from the logs, beside what they have up to there, those counted that were trimmed.
struct Account {
    /// Whether these are the same, wherever that can be told.
    closes: bool,
    /// Whether every log could be read.
    of_all: bool,
}

async fn account(app: &App, read: Found) -> Result<(Found, Account), Unseen> {
    let log = Arc::clone(app.log());
    let accounting = tokio::task::spawn_blocking(move || {
        let mut account = Account { closes: true, of_all: true };
        for parts in &read.parts.environments {
            let others = log.others_of(parts.environment);
            account.of_all &= others.is_ok();
            let views: Vec<_> = others.into_iter().flatten().chain(log.own(parts.environment)).collect();
            account.closes &= had(parts, &read.log.logs, &views).is_none_or(|had| had == parts.taken);
        }
        (read, account)
    });
    Ok(accounting.await?)
}

/// How many events an environment's logs have, or had before they were trimmed, in the frames that are sealed; nothing if that
/// cannot be told for now, or not all of a log is whole, which is said elsewhere.
fn had(parts: &EnvironmentParts, logs: &[LogReport], views: &[LogView]) -> Option<u64> {
    let mut all = 0;
    for (log, sealed) in parts.sealed.iter().filter(|(_, sealed)| **sealed > 0) {
        let report = logs.iter().find(|report| LogId::of(&report.edge, report.environment) == *log)?;
        let whole = report.unread == 0 && report.findings.iter().all(|finding| !finding.kind.is_loss());
        if !whole || report.next <= *sealed {
            return None;
        }
        let waiting = views.iter().find(|view| view.id() == *log)?.between(*sealed, report.next)?;
        all += (report.events + report.trimmed.events).checked_sub(waiting)?;
    }
    Some(all)
}

/// Whether what the files held before this process comes out the same as in earlier looks.
fn compare(
    app: &App,
    report: &Report,
    earlier: &HashMap<EnvironmentId, Counters>,
    later: &HashMap<EnvironmentId, Counters>,
) -> bool {
    let mut stored: HashMap<EnvironmentId, u64> = HashMap::new();
    // Other edges count theirs themselves.
    for log in report.logs.iter().filter(|log| Some(log.edge.as_str()) == app.duties.edge.as_deref()) {
        *stored.entry(log.environment).or_default() += log.events + log.trimmed.events;
    }
    let mut before = app.trust.before.lock().unwrap_or_else(PoisonError::into_inner);
    let mut agree = true;
    for (environment, later) in later {
        let stored = stored.get(environment).copied().unwrap_or(0);
        let earlier = earlier.get(environment).map_or(0, |counters| counters.accepted);
        // Fewer events in the files than were acknowledged since: some are gone.
        agree &= stored >= earlier;
        let now = stored.saturating_sub(later.accepted)..=stored.saturating_sub(earlier);
        let known = before.entry(*environment).or_insert_with(|| now.clone());
        let both = *known.start().max(now.start())..=*known.end().min(now.end());
        if both.is_empty() {
            agree = false;
        } else {
            *known = both;
        }
    }
    agree
}

#[cfg(test)]
mod tests {
    use app_test::app_test;
    use futures::FutureExt as _;
    use serde_json::json;

    use super::*;
    use crate::doors::Door;
    use crate::testing::TestApp;
    use crate::trust::check::Verdict;

    async fn send(app: &TestApp) {
        let key = app.installed().organisation.environments[0].browser_key.expose().clone();
        let track = json!({"event": "Invoice Sent", "anonymousId": "a-1", "messageId": "m-1"});
        app.at(Door::Edge).bearer(&key).json(&track).post("/v1/track").await.assert(200);
    }

    #[app_test]
    async fn a_log_that_takes_longer_than_a_run_is_not_called_broken_and_not_called_read(app: TestApp) {
        send(&app).await;
        let seen = look_for(app.app(), Duration::ZERO).await.unwrap();
        assert_eq!(seen.verdict(), Verdict::Weak);
        assert!(seen.reason().contains("not all of it was read yet"), "{}", seen.reason());
        assert_eq!(seen.evidence().len(), 1, "{:?}", seen.evidence());
        let seen = look(app.app()).await.unwrap();
        assert_eq!((seen.verdict(), seen.reason().as_str()), (Verdict::Kept, ""));
        assert_eq!(seen.evidence().len(), 3);
    }

    #[app_test]
    async fn copies_and_refusals_balance_and_what_vanishes_does_not(app: TestApp) {
        let (key, environment) = {
            let environment = &app.installed().organisation.environments[0];
            (environment.browser_key.expose().clone(), environment.id)
        };
        send(&app).await;
        send(&app).await;
        let batch = json!({"batch": [
            {"type": "track", "event": "Invoice Sent", "anonymousId": "a-1"},
            {"type": "track", "event": "Invoice Sent"},
            {"type": "nonsense", "anonymousId": "a-1"},
        ]});
        app.at(Door::Edge).bearer(&key).json(&batch).post("/v1/batch").await.assert(200);
        app.at(Door::Edge).bearer(&key).json(&json!({"anonymousId": "a-1"})).post("/v1/track").await.assert(422);
        let balance = app.app().balances.of(environment);
        assert_eq!((balance.taken(), balance.answered(), balance.refused()), (6, 6, 3));
        assert_eq!(look(app.app()).await.unwrap().verdict(), Verdict::Kept);
        app.app().balances.take(environment, 1).answer(Ok(0));
        let seen = look(app.app()).await.unwrap();
        assert!(seen.reason().contains("of which nobody knows what became of them"), "{}", seen.reason());
    }

    #[app_test]
    async fn what_left_the_log_is_counted_as_before_and_missed_when_it_is_not_in_parts(app: TestApp) {
        send(&app).await;
        app.user("ana").does("Invoice Sent", json!({})).await;
        assert_eq!(look(app.app()).await.unwrap().verdict(), Verdict::Kept);
        app.trim().await;
        let seen = look(app.app()).await.unwrap();
        assert_eq!((seen.verdict(), seen.reason().as_str(), seen.evidence().len()), (Verdict::Kept, "", 3));
        let parts = app.app().data().join("parts").join(app.production().to_string());
        let names: Vec<_> = std::fs::read_dir(&parts).unwrap().map(|file| file.unwrap().path()).collect();
        let part = names.iter().find(|path| path.extension().is_some()).unwrap();
        for (path, reason) in
            [(part, "The column files of events are damaged"), (&parts.join("trimmed"), "The event log is damaged")]
        {
            let kept = std::fs::read(path).unwrap();
            let mut changed = kept.clone();
            changed[kept.len() / 2] ^= 1;
            std::fs::write(path, changed).unwrap();
            let seen = look(app.app()).await.unwrap();
            assert!(seen.verdict() == Verdict::Broken && seen.reason().contains(reason), "{}", seen.reason());
            std::fs::write(path, kept).unwrap();
            assert_eq!(look(app.app()).await.unwrap().verdict(), Verdict::Kept);
        }
    }

    #[app_test]
    async fn what_was_taken_from_a_log_is_what_it_has_up_to_there_and_had_before_it_was_trimmed(app: TestApp) {
        for trimmed in [false, true] {
            app.user("ana").does("Invoice Sent", json!({})).await;
            if trimmed {
                app.trim().await;
            } else {
                app.seal().await;
            }
            app.user("ana").does("Invoice Sent", json!({})).await;
            let found = read_again(app.app(), Duration::MAX).await.unwrap();
            let (mut found, accounted) = account(app.app(), found).await.unwrap();
            let environment = found.parts.environments.iter().position(|of| of.environment == app.production());
            let at = environment.unwrap();
            assert!(accounted.closes && accounted.of_all && found.parts.environments[at].taken > 0);
            let views: Vec<_> = app.app().log().own(app.production()).into_iter().collect();
            let taken = found.parts.environments[at].taken;
            assert_eq!(had(&found.parts.environments[at], &found.log.logs, &views), Some(taken));
            let report = found.log.logs.iter_mut().find(|log| log.environment == app.production()).unwrap();
            assert_eq!(report.trimmed.events > 0, trimmed);
            if trimmed {
                report.trimmed.events -= 1;
            } else {
                report.events += 1;
            }
            assert!(!account(app.app(), found).await.unwrap().1.closes);
        }
    }

    #[app_test]
    async fn reading_stops_with_whoever_waits_for_it(app: TestApp) {
        send(&app).await;
        let read = Arc::clone(&app.app().trust.events_read);
        {
            let _nobody_reads = read.lock().unwrap();
            assert!(look(app.app()).now_or_never().is_none());
        }
        // Ours and the process's own: the reading has ended.
        while Arc::strong_count(&read) > 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(read.lock().unwrap().log.is_empty(), "files were read for nobody");
        look(app.app()).await.unwrap();
        assert!(!read.lock().unwrap().log.is_empty());
    }
}
