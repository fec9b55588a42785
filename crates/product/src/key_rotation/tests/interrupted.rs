//! A turn that ends at any moment, with its process, is finished by the next one, and nothing is lost.

use std::pin::Pin;
use std::task::{Context, Poll};

use keys::{KeyKind, KeyState};

use super::{everything_works, look, prepared, states};
use crate::key_rotation::{Wanted, rotate};
use crate::testing::TestApp;

/// Lets a future go on so many times and then drops it. Whether it ended by itself.
struct Interrupted<F>(Option<Pin<Box<F>>>, usize);

impl<F: Future> Future for Interrupted<F> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.1 == 0 {
            self.0 = None;
            return Poll::Ready(false);
        }
        self.1 -= 1;
        let Some(future) = &mut self.0 else { return Poll::Ready(false) };
        future.as_mut().poll(context).map(|_| true)
    }
}

async fn interrupted<F: Future>(future: F, steps: usize) -> bool {
    Interrupted(Some(Box::pin(future)), steps).await
}

/// Interrupts the turn of a kind after 1, 2, 3, 5, 8, … steps; each time another process finishes it.
async fn at_every_step(mut app: TestApp, kind: Option<KeyKind>) -> TestApp {
    let cookie = prepared(&app).await;
    let (mut steps, mut next) = (1, 2);
    loop {
        let whole = interrupted(rotate(app.app(), Wanted { kind, now: true }), steps).await;
        app = app.restart().await;
        everything_works(&app, &cookie).await;
        look(&app).await;
        everything_works(&app, &cookie).await;
        for kind in [KeyKind::Root, KeyKind::Organisation, KeyKind::Identity, KeyKind::Index] {
            let alive: Vec<_> =
                states(&app, kind).await.into_iter().filter(|(_, state)| *state != KeyState::Destroyed).collect();
            assert!(matches!(alive[..], [(_, KeyState::Primary)]), "{kind} after {steps} steps: {alive:?}");
        }
        if whole {
            return app;
        }
        (steps, next) = (next, steps + next);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_of_the_root_key_goes_on_where_it_was() {
    at_every_step(TestApp::start_embedded("turn_of_root").await, Some(KeyKind::Root)).await.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_of_erasable_keys_goes_on_where_it_was() {
    at_every_step(TestApp::start_embedded("turn_of_erasable").await, Some(KeyKind::Erasable)).await.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_of_the_index_key_goes_on_where_it_was() {
    at_every_step(TestApp::start_embedded("turn_of_index").await, Some(KeyKind::Index)).await.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_of_everything_goes_on_where_it_was() {
    at_every_step(TestApp::start_embedded("turn_of_all").await, None).await.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_over_postgres_goes_on_where_it_was() {
    at_every_step(TestApp::start_postgres("turn_in_postgres").await, None).await.finish().await;
}
