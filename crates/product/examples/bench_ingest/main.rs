//! How many events a second the edge takes over TLS, beside a bare axum endpoint under the same load that only reads the
//! body, appends it to a file and syncs, as many requests at a time as wait: `cargo xtask bench ingest`.
//!
//! Both listen behind the product's own TLS and HTTP settings. The load comes from a process of its own, so that the
//! server's processor time is counted apart; processor and disk are shared with it. Runs of the two alternate, a line
//! shows the medians. New people are those whom nobody has seen before: each gets a key pair and rows.
//!
//! [`sustained`] is the whole product for minutes, while questions are asked. With `--target` any server that speaks the
//! Segment protocol is put under the same load.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a program to look at, not part of the product")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod arguments;
mod bare;
mod load;
#[path = "../support/mod.rs"]
mod support;
mod sustained;
mod wire;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use product::doors::{Bound, CertificateSource, Door, Server};
use product::{App, installation, router};
use tokio::process::Command;

use arguments::Task;
use load::{Figures, Load};

const RUNS: usize = 3;
const SECONDS: u64 = 6;
const KNOWN: u64 = 20_000;

#[tokio::main]
async fn main() -> ExitCode {
    match Task::parse(std::env::args().skip(1).collect()) {
        Ok(Task::Load(load)) => println!("{}", load::run(*load).await.to_json()),
        Ok(Task::Sustained(sustained)) => sustained.run().await,
        Ok(Task::Beside) => beside().await,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

async fn beside() {
    let folder = tempfile::tempdir_in("target").expect("a folder on the disk that holds the project");
    let bench = Bench::start(folder.path()).await;
    println!(
        "{:<24} {:>10} {:>10} {:>6} {:>9} {:>10} {:>9} {:>9}",
        "case", "events/s", "bare", "ratio", "cpu us/ev", "bare us/ev", "p50 ms", "p99 ms"
    );
    bench.know(KNOWN).await;
    let known = Load { people: Some(KNOWN), ..bench.load() };
    bench.case("100 a batch, known", &Load { batch: 100, connections: 32, ..known.clone() }).await;
    bench.case("1 a batch, known", &Load { batch: 1, connections: 128, ..known }).await;
    bench.case("100 a batch, new people", &Load { batch: 100, connections: 32, ..bench.load() }).await;
    bench.stop().await;
}

/// The product's edge and API and the bare endpoint, each at an address.
struct Bench {
    app: Arc<App>,
    server: Server,
    product: String,
    bare: String,
    api: String,
    environment: String,
    key_file: PathBuf,
    api_key: String,
    authority: PathBuf,
}

impl Bench {
    async fn start(folder: &Path) -> Self {
        let mut app = support::open(folder).await;
        app.figures = product::figures::start();
        app.limit_requests_per_key(NonZeroU32::MAX);
        let app = Arc::new(app);
        let installed = installation::create(&app, Some(&support::owner())).await.expect("an installation");
        let production = &installed.organisation.environments[0];
        let key = production.server_key.as_ref().expect("init makes one").expose().clone();
        let key_file = folder.join("write-key");
        std::fs::write(&key_file, key).expect("a file");
        let api_key = installed.api_key.as_ref().expect("init makes one").expose().clone();
        let bound = |door| Bound::new(door, ([127, 0, 0, 1], 0).into()).expect("a port");
        let (edge, bare, api) = (bound(Door::Edge), bound(Door::Edge), bound(Door::Api));
        let url = |bound: &Bound| format!("https://localhost:{}", bound.address.port());
        let (product, bare_url, api_url) = (url(&edge), url(&bare), url(&api));
        let authority = app.tls_folder().join("ca.pem");
        let source = CertificateSource::Authority(Box::new(app.authority().expect("an authority")));
        let doors = vec![
            (edge, router(&app, Door::Edge)),
            (bare, bare::router(&folder.join("bare"))),
            (api, router(&app, Door::Api)),
        ];
        let server = Server::start(doors, source, Arc::new(AtomicBool::new(false))).await.expect("a server");
        let environment = production.id.to_string();
        Self { app, server, product, bare: bare_url, api: api_url, environment, key_file, api_key, authority }
    }

    fn load(&self) -> Load {
        Load {
            target: self.product.clone(),
            key_file: self.key_file.clone(),
            authority: Some(self.authority.clone()),
            batch: 100,
            connections: 32,
            seconds: SECONDS,
            events: u64::MAX,
            people: None,
            rate: None,
            every: None,
        }
    }

    /// Has this many people known: one connection goes through all of them.
    async fn know(&self, people: u64) {
        let once = Load { connections: 1, people: Some(people), seconds: 600, events: people, ..self.load() };
        self.run(&once).await;
    }

    /// The load from another process, and the seconds of processor time that this one used meanwhile.
    async fn run(&self, load: &Load) -> (Figures, f64) {
        let before = processor_seconds();
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let output = command.args(load.arguments()).stderr(Stdio::inherit()).output().await.expect("a load");
        assert!(output.status.success(), "the load failed");
        (
            Figures::from_json(&serde_json::from_slice(&output.stdout).expect("one line of JSON")),
            processor_seconds() - before,
        )
    }

    async fn case(&self, name: &str, load: &Load) {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(self.run(load).await);
            bare.push(self.run(&Load { target: self.bare.clone(), ..load.clone() }).await);
        }
        let (ours, bare) = (median(ours), median(bare));
        let per_event = |(figures, seconds): &(Figures, f64)| seconds * 1e6 / figures.events as f64;
        println!(
            "{name:<24} {:>10.0} {:>10.0} {:>6.2} {:>9.2} {:>10.2} {:>9.1} {:>9.1}",
            ours.0.per_second(),
            bare.0.per_second(),
            ours.0.per_second() / bare.0.per_second(),
            per_event(&ours),
            per_event(&bare),
            ours.0.p50_ms,
            ours.0.p99_ms,
        );
    }

    async fn stop(self) {
        self.server.stop().await;
        self.app.close().await;
    }
}

/// Of this process, user and system, from `/proc/self/stat`: fields 14 and 15, in ticks of a hundredth of a second.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit_once(')').expect("a name in brackets").1;
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

fn median(mut runs: Vec<(Figures, f64)>) -> (Figures, f64) {
    runs.sort_by(|(left, _), (right, _)| left.per_second().total_cmp(&right.per_second()));
    runs.swap_remove(runs.len() / 2)
}
