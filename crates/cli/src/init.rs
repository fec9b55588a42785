//! `pilotfish init`.

use std::fmt::Write as _;
use std::path::PathBuf;

use base::{Personal, Secret};
use product::installation::{self, FirstOwner, Installed};
use product::{App, Duties, Urls};
use serde_json::json;

use crate::args::InitArgs;
use crate::open::{Wanted, ground, read_secret};
use crate::root_key::{About, about};
use crate::urls::urls;
use crate::{Failure, say};

/// Ports of the public URLs that `init` prints, which are those that `serve` has by default.
const PORTS: [u16; 3] = [8443, 8445, 8444];

pub(crate) async fn run(args: InitArgs) -> Result<(), Failure> {
    let [edge, api, dashboard] = PORTS;
    let urls = urls(&args.urls, edge, api, dashboard)?;
    let wanted = Wanted::of(&args.place, &args.database)?;
    let owner = owner(&args)?;
    let ground = ground(wanted).await?;
    let root_key = about(ground.provider.as_ref());
    let app = ground.open(urls, Duties::default()).await?;
    let made = make(&app, &owner).await;
    let (data, ca) = (app.data().display().to_string(), authority_path(&app));
    app.close().await;
    let installed = made?;
    let text = if args.json { as_json(&app.urls, &installed, &ca) } else { as_text(&installed, &ca, &root_key) };
    say(&text).map_err(|error| {
        Failure::Refused(format!(
            "everything was made in {data}, but its credentials could not be printed ({error}): the owner can sign in, \
             and pilotfish keys issue makes new keys"
        ))
    })
}

/// The owner, checked before anything is made.
fn owner(args: &InitArgs) -> Result<FirstOwner, Failure> {
    let email = args.owner_email.trim();
    let name = email.split('@').next().unwrap_or(email).to_owned();
    let password = read_secret(&args.password_file)?;
    let owner = FirstOwner { email: Personal::new(email.to_owned()), name: Personal::new(name), password };
    owner.check()?;
    Ok(owner)
}

async fn make(app: &App, owner: &FirstOwner) -> Result<Installed, Failure> {
    if installation::exists(app).await? {
        return Err(Failure::Refused(format!(
            "{} holds an installation already: nothing was changed",
            app.data().display()
        )));
    }
    let pending = installation::prepare(app, Some(owner)).await?;
    app.authority_ahead()?;
    Ok(pending.commit(app).await?)
}

fn authority_path(app: &App) -> PathBuf {
    let path = app.tls_folder().join("ca.pem");
    std::path::absolute(&path).unwrap_or(path)
}

fn shown(key: Option<&Secret<String>>) -> &str {
    key.map_or("", |key| key.expose())
}

fn as_json(urls: &Urls, installed: &Installed, ca: &std::path::Path) -> String {
    let organisation = &installed.organisation;
    let environments: Vec<_> = organisation
        .environments
        .iter()
        .map(|environment| {
            json!({
                "name": environment.name,
                "id": environment.id,
                "browser_key": environment.browser_key.expose(),
                "server_key": shown(environment.server_key.as_ref()),
                "identity_secret": environment.identity_secret.expose(),
            })
        })
        .collect();
    json!({
        "organisation": {"id": organisation.id},
        "app": {"id": organisation.app},
        "environments": environments,
        "api_key": shown(installed.api_key.as_ref()),
        "edge_url": urls.edge,
        "api_url": urls.api,
        "dashboard_url": urls.dashboard,
        "ca_certificate": ca,
    })
    .to_string()
}

fn as_text(installed: &Installed, ca: &std::path::Path, root_key: &About) -> String {
    let organisation = &installed.organisation;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<16} {value}");
    };
    line("organisation", &organisation.id.to_string());
    line("app", &organisation.app.to_string());
    for environment in &organisation.environments {
        line(environment.name, "");
        line("  id", &environment.id.to_string());
        line("  browser key", environment.browser_key.expose());
        line("  server key", shown(environment.server_key.as_ref()));
        line("  identity secret", environment.identity_secret.expose());
    }
    let api_key = shown(installed.api_key.as_ref());
    line("api key", &format!("{api_key}   (shown this once, expires after 90 days)"));
    line("local authority", &ca.display().to_string());
    for (name, text) in root_key {
        line(name, text);
    }
    text.truncate(text.trim_end().len());
    text
}
