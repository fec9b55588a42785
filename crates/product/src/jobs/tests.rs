use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::jobs::{Handlers, Job, JobError, NewJob, Options, Progress, Run, Runner, State, enqueue, unfinished};
use app_test::app_test;
use base::Timestamp;
use base::id::JobId;
use serde_json::{Value, json};
use store::{Scope, sql};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::testing::TestApp;

const OPTIONS: Options = Options {
    workers: 1,
    poll: Duration::from_millis(10),
    // By the clock of the test, which stands still: what a slow machine takes is not counted.
    lease: Duration::from_mins(1),
    beat: Duration::from_millis(20),
    attempts: 3,
};

fn runner(app: &TestApp, handlers: Handlers) -> Runner {
    let app = app.app();
    Runner::new(app.main.clone(), app.clock.clone(), app.rng.clone(), handlers, OPTIONS)
}

async fn add(test: &TestApp, kind: &'static str) -> JobId {
    let app = test.app();
    let mut tx = app.main.begin(Scope::Environment(test.production())).await.unwrap();
    let job = NewJob { kind, environment: Some(test.production()), payload: json!({"to": 3}), due_at: app.clock.now() };
    let id = enqueue(&mut tx, app.clock.as_ref(), app.rng.as_ref(), job).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn job(test: &TestApp, id: JobId) -> Job {
    let on = test.app().main.read(Scope::Environment(test.production()));
    ::jobs::get(on, test.production(), id).await.unwrap().unwrap()
}

/// When the lease of a running job ends.
async fn lease_end(test: &TestApp, id: JobId) -> Timestamp {
    let query = sql("SELECT due_at FROM jobs WHERE id = $1").bind(id);
    query.fetch_one(test.app().main.read(Scope::System)).await.unwrap().get("due_at").unwrap()
}

/// Waits until the heartbeat has extended a lease by the clock of now.
async fn extended(test: &TestApp, id: JobId) {
    while lease_end(test, id).await < test.app().clock.now().plus(OPTIONS.lease) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs until a handler says that it is where it should be killed, and is gone then: what is left behind is a lease in
/// the row that nobody extends.
async fn run_and_kill(runner: &Runner, here: &Notify) {
    tokio::select! {
        ran = runner.run_due() => panic!("it ended: {ran:?}"),
        () = here.notified() => {}
    }
}

/// Counts from its checkpoint to `to`, one a transaction; the second step says that it is there and does not end.
async fn count(run: Run, db: store::Db, steps: Arc<AtomicU64>, here: Arc<Notify>) -> Result<Value, JobError> {
    let to = run.payload::<Value>()?["to"].as_u64().unwrap();
    for done in run.checkpoint::<u64>().unwrap_or(0) + 1..=to {
        if steps.fetch_add(1, Ordering::SeqCst) == 1 {
            here.notify_one();
            std::future::pending::<()>().await;
        }
        let mut tx = db.begin(Scope::System).await?;
        run.save(&mut tx, Progress { done, total: Some(to) }, &json!(done)).await?;
        tx.commit().await?;
    }
    Ok(json!({"counted": to}))
}

#[app_test]
async fn a_job_is_done_and_seen_over_http(app: TestApp) {
    let handlers = Handlers::default().with("test.say", |run: Run| async move {
        run.verifying(Progress { done: 3, total: Some(3) }).await?;
        Ok(json!({"said": run.payload::<Value>()?["to"]}))
    });
    let id = add(&app, "test.say").await;
    let path = format!("/api/v1/jobs/{id}");
    let queued = app.api().get(&path).await.assert(200).json();
    assert_eq!((&queued["state"], &queued["result"]), (&json!("queued"), &json!(null)));
    assert_eq!(runner(&app, handlers).run_due().await.unwrap(), 1);
    let done = app.api().get(&path).await.assert(200).json();
    assert_eq!((&done["state"], &done["result"]), (&json!("completed"), &json!({"said": 3})));
    assert_eq!(done["progress"], json!({"done": 3, "total": 3}));
    app.stranger().await.get(&path).await.assert(404);
    app.api().get("/api/v1/jobs/job_nonsense").await.assert(404);
}

#[app_test]
async fn a_job_that_was_rolled_back_was_never_there(app: TestApp) {
    let inner = app.app();
    let mut tx = inner.main.begin(Scope::Environment(app.production())).await.unwrap();
    let job = NewJob { kind: "x", environment: Some(app.production()), payload: json!({}), due_at: inner.clock.now() };
    enqueue(&mut tx, inner.clock.as_ref(), inner.rng.as_ref(), job).await.unwrap();
    drop(tx);
    assert_eq!(unfinished(inner.main.read(Scope::System)).await.unwrap(), 0);
}

#[app_test]
async fn what_a_killed_worker_had_goes_on_from_its_checkpoint(app: TestApp) {
    let (steps, here, db) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()), app.app().main.clone());
    let handlers = {
        let (steps, here) = (Arc::clone(&steps), Arc::clone(&here));
        let count = move |run| count(run, db.clone(), Arc::clone(&steps), Arc::clone(&here));
        Handlers::default().with("test.count", count)
    };
    let id = add(&app, "test.count").await;
    run_and_kill(&runner(&app, handlers.clone()), &here).await;
    let held = job(&app, id).await;
    assert_eq!((held.state, held.progress.done), (State::Running, 1));
    assert_eq!(runner(&app, handlers.clone()).run_due().await.unwrap(), 0, "the lease has not ended");
    app.advance(OPTIONS.lease);
    assert_eq!(runner(&app, handlers).run_due().await.unwrap(), 1);
    let done = job(&app, id).await;
    assert_eq!((done.state, done.attempts, done.result), (State::Completed, 2, Some(json!({"counted": 3}))));
    assert_eq!(steps.load(Ordering::SeqCst), 4, "what was done is not done again");
}

#[app_test]
async fn a_heartbeat_keeps_the_lease_and_who_lost_it_changes_nothing(app: TestApp) {
    let (go, here) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (go, here) = (Arc::clone(&go), Arc::clone(&here));
        Handlers::default().with("test.slow", move |run: Run| {
            let (go, here) = (Arc::clone(&go), Arc::clone(&here));
            async move {
                here.notify_one();
                go.notified().await;
                run.progress(Progress { done: 9, total: None }).await?;
                Ok(json!("slow"))
            }
        })
    };
    let quick = Handlers::default().with("test.slow", |_| async { Ok(json!("quick")) });
    let (first, second) = (runner(&app, slow), runner(&app, quick));
    let id = add(&app, "test.slow").await;
    let watched = async {
        here.notified().await;
        for _ in 0..3 {
            app.advance(OPTIONS.lease / 2);
            extended(&app, id).await;
        }
        assert_eq!(second.run_due().await.unwrap(), 0, "it is not given to another while its worker lives");
        go.notify_one();
    };
    let (ran, ()) = tokio::join!(first.run_due(), watched);
    assert_eq!((ran.unwrap(), job(&app, id).await.result), (1, Some(json!("slow"))));

    let id = add(&app, "test.slow").await;
    let taken_over = async {
        here.notified().await;
        app.advance(OPTIONS.lease * 2);
        while second.run_due().await.unwrap() == 0 {
            // The heartbeat was quicker: once more.
            app.advance(OPTIONS.lease * 2);
        }
        go.notify_one();
    };
    let (_, ()) = tokio::join!(first.run_due(), taken_over);
    let done = job(&app, id).await;
    assert_eq!((done.result, done.progress.done), (Some(json!("quick")), 0));
}

#[app_test]
async fn a_worker_stops_when_the_store_does_not_answer_until_its_lease_ends(app: TestApp) {
    // Asked often, or not once until then.
    for beat in [Duration::from_millis(50), Duration::from_mins(1)] {
        stops_when_its_lease_ends(&app, beat).await;
    }
}

async fn stops_when_its_lease_ends(app: &TestApp, beat: Duration) {
    let here = Arc::new(Notify::new());
    let told = Arc::clone(&here);
    let handlers = Handlers::default().with("test.long", move |_| {
        told.notify_one();
        std::future::pending::<Result<Value, JobError>>()
    });
    let id = add(app, "test.long").await;
    let options = Options { lease: Duration::from_millis(400), beat, ..OPTIONS };
    let inner = app.app();
    let runner = Runner::new(inner.main.clone(), inner.clock.clone(), inner.rng.clone(), handlers, options);
    let held = async {
        here.notified().await;
        // Nobody else writes the row while this lasts.
        let mut tx = inner.main.begin(Scope::System).await.unwrap();
        sql("UPDATE jobs SET done = done WHERE id = $1").bind(id).execute(&mut tx).await.unwrap();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ran = tokio::time::timeout(Duration::from_secs(5), runner.run_due()) => assert_eq!(ran.unwrap().unwrap(), 1),
        () = held => {}
    }
    assert_eq!(job(app, id).await.state, State::Running, "it is another worker's to take");
    app.advance(OPTIONS.lease);
    let done = Handlers::default().with("test.long", |_| async { Ok(json!(null)) });
    assert_eq!(self::runner(app, done).run_due().await.unwrap(), 1);
}

#[app_test]
async fn what_fails_is_tried_again_later_and_given_up_in_the_end(app: TestApp) {
    let tries = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tries);
    let handlers = Handlers::default()
        .with("test.fail", move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Err(JobError::Retry("not_today")) }
        })
        .with("test.panic", |_| async { panic!("a handler's mistake") })
        .with("test.hopeless", |_| async { Err(JobError::Fatal("hopeless")) });
    let (failing, hopeless) = (add(&app, "test.fail").await, add(&app, "test.hopeless").await);
    let runner = runner(&app, handlers);
    assert_eq!(runner.run_due().await.unwrap(), 2, "nothing is tried again at once");
    let given_up = job(&app, hopeless).await;
    assert_eq!((given_up.state, given_up.error.as_deref(), given_up.attempts), (State::Failed, Some("hopeless"), 1));
    let waiting = job(&app, failing).await;
    assert_eq!((waiting.state, waiting.error.as_deref()), (State::Queued, Some("not_today")));
    app.advance(Duration::from_millis(1_900));
    assert_eq!(runner.run_due().await.unwrap(), 0, "the first pause is two seconds and more");
    for _ in 0..3 {
        app.advance(Duration::from_secs(30));
        runner.run_due().await.unwrap();
    }
    assert_eq!((job(&app, failing).await.state, tries.load(Ordering::SeqCst)), (State::Failed, 3));
    let panicking = add(&app, "test.panic").await;
    runner.run_due().await.unwrap();
    assert_eq!(job(&app, panicking).await.error.as_deref(), Some("panicked"));
    finish_all(&app, &runner).await;
}

#[app_test]
async fn a_job_that_kills_its_process_is_given_up(app: TestApp) {
    let here = Arc::new(Notify::new());
    let told = Arc::clone(&here);
    let handlers = Handlers::default().with("test.kill", move |_| {
        told.notify_one();
        std::future::pending::<Result<Value, JobError>>()
    });
    let id = add(&app, "test.kill").await;
    let runner = runner(&app, handlers);
    for _ in 0..3 {
        run_and_kill(&runner, &here).await;
        app.advance(OPTIONS.lease);
    }
    runner.run_due().await.unwrap();
    let done = job(&app, id).await;
    assert_eq!((done.state, done.error.as_deref()), (State::Failed, Some("abandoned")));
}

#[app_test]
async fn a_stopping_worker_gives_back_what_it_had(app: TestApp) {
    let handlers = Handlers::default().with("test.wait", |_| std::future::pending::<Result<Value, JobError>>());
    let id = add(&app, "test.wait").await;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    runner(&app, handlers).start(&tracker, &stop);
    tracker.close();
    while job(&app, id).await.state != State::Running {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), tracker.wait()).await.unwrap();
    let back = job(&app, id).await;
    assert_eq!((back.state, back.attempts), (State::Queued, 0));
    let done = Handlers::default().with("test.wait", |_| async { Ok(json!(null)) });
    assert_eq!(runner(&app, done).run_due().await.unwrap(), 1);
}

/// Runs what is left, however long its pauses.
async fn finish_all(app: &TestApp, runner: &Runner) {
    while unfinished(app.app().main.read(Scope::System)).await.unwrap() > 0 {
        app.advance(Duration::from_hours(1));
        runner.run_due().await.unwrap();
    }
}
