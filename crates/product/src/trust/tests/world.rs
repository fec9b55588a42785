//! A product whose doors really listen, so that checks can meet them from outside.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use serde_json::json;

use crate::doors::{Bound, CertificateSource, Door, Server, TlsProfile, TlsSettings};
use crate::router;
use crate::testing::TestApp;

/// The product and its doors.
pub(super) struct World {
    pub(super) app: TestApp,
    servers: Vec<Server>,
    doors: Vec<(Door, SocketAddr)>,
    profile: TlsProfile,
}

impl World {
    /// Starts the doors, and sends what leaves something in every store.
    pub(super) async fn start(app: &TestApp) -> Self {
        Self::speaking(app, TlsProfile::default()).await
    }

    /// Starts doors that speak TLS by a profile.
    pub(super) async fn speaking(app: &TestApp, profile: TlsProfile) -> Self {
        let mut world = Self { app: app.clone(), servers: Vec::new(), doors: Vec::new(), profile };
        let doors = [Door::Edge, Door::Api, Door::Dashboard, Door::Metrics];
        let routers = doors.into_iter().map(|door| (door, router(app.app(), door))).collect();
        world.doors = world.serve(routers).await;
        world.mend_doors();
        let key = app.installed().organisation.environments[0].browser_key.expose().clone();
        let track = json!({"event": "Invoice Sent", "anonymousId": "a-1", "messageId": "m-1"});
        app.at(Door::Edge).bearer(&key).json(&track).post("/v1/track").await.assert(200);
        world
    }

    /// Serves these with the installation's own certificate; where.
    pub(super) async fn serve(&mut self, routers: Vec<(Door, Router)>) -> Vec<(Door, SocketAddr)> {
        let bound = routers
            .into_iter()
            .map(|(door, router)| (Bound::new(door, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap(), router));
        let bound: Vec<_> = bound.collect();
        let doors = bound.iter().map(|(bound, _)| (bound.door, bound.address)).collect();
        let source = CertificateSource::Authority(Box::new(self.app.app().authority().unwrap()));
        let ready = Arc::new(AtomicBool::new(false));
        let tls = TlsSettings { profile: self.profile, ..source.into() };
        self.servers.push(Server::start(bound, tls, ready).await.unwrap());
        // A server hides what panics say; a test has nobody to hide it from.
        drop(std::panic::take_hook());
        doors
    }

    /// Where a door really listens.
    pub(super) fn address(&self, door: Door) -> SocketAddr {
        self.doors.iter().find(|(of, _)| *of == door).unwrap().1
    }

    /// Lets something else stand where a door was.
    pub(super) fn replace(&self, door: Door, address: SocketAddr) {
        let doors = self.doors.iter().map(|(of, own)| (*of, if *of == door { address } else { *own }));
        self.app.app().trust.bound.store(Arc::new(doors.collect()));
    }

    /// Every door is where it was.
    pub(super) fn mend_doors(&self) {
        self.app.app().trust.bound.store(Arc::new(self.doors.clone()));
    }

    pub(super) async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
    }
}
