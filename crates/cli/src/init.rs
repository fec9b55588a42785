//! `pilotfish init`.

use base::{Personal, Secret};
use product::installation::{self, FirstOwner, Installed};
use product::{App, Urls};
use serde_json::json;

use crate::Failure;
use crate::args::InitArgs;
use crate::open::{ground, read_secret, urls};

/// Ports of the public URLs that `init` prints, which are those that `serve` has by default.
const PORTS: [u16; 3] = [8443, 8445, 8444];

pub(crate) async fn run(args: InitArgs) -> Result<(), Failure> {
    let password = read_secret(&args.password_file)?;
    let [edge, api, dashboard] = PORTS;
    let urls = urls(&args.urls, edge, api, dashboard)?;
    let ground = ground(&args.place, &args.database).await?;
    let root_key = ground.provider.path().display().to_string();
    let app = ground.open(urls.clone()).await?;
    let made = make(&app, &args.owner_email, password).await;
    let printed = match made {
        Ok(installed) => {
            app.authority()?;
            print(&app, &urls, &installed, args.json, &root_key);
            Ok(())
        }
        Err(failure) => Err(failure),
    };
    app.close().await;
    printed
}

async fn make(app: &App, email: &str, password: Secret<String>) -> Result<Installed, Failure> {
    if installation::exists(app).await? {
        return Err(Failure(format!("{} holds an installation already: nothing was changed", app.data().display())));
    }
    let name = email.split('@').next().unwrap_or(email).to_owned();
    let owner = FirstOwner { email: Personal::new(email.to_owned()), name: Personal::new(name), password };
    Ok(installation::create(app, Some(&owner)).await?)
}

#[allow(clippy::print_stdout, reason = "what the command is for")]
fn print(app: &App, urls: &Urls, installed: &Installed, as_json: bool, root_key: &str) {
    let organisation = &installed.organisation;
    let ca = app.tls_folder().join("ca.pem");
    let ca = std::path::absolute(&ca).unwrap_or(ca);
    if as_json {
        let environments: Vec<_> = organisation
            .environments
            .iter()
            .map(|environment| {
                json!({
                    "name": environment.name,
                    "id": environment.id,
                    "browser_key": environment.browser_key.expose(),
                    "server_key": environment.server_key.expose(),
                    "identity_secret": environment.identity_secret.expose(),
                })
            })
            .collect();
        let document = json!({
            "organisation": {"id": organisation.id},
            "app": {"id": organisation.app},
            "environments": environments,
            "api_key": installed.api_key.expose(),
            "edge_url": urls.edge,
            "api_url": urls.api,
            "dashboard_url": urls.dashboard,
            "ca_certificate": ca,
        });
        println!("{document}");
        return;
    }
    println!("organisation     {}", organisation.id);
    println!("app              {}", organisation.app);
    for environment in &organisation.environments {
        println!("{}", environment.name);
        println!("  id             {}", environment.id);
        println!("  browser key    {}", environment.browser_key.expose());
        println!("  server key     {}", environment.server_key.expose());
        println!("  identity secret {}", environment.identity_secret.expose());
    }
    println!("api key          {}   (shown this once, expires after 90 days)", installed.api_key.expose());
    println!("local authority  {}", ca.display());
    println!("root key         {root_key}");
    println!(
        "                 without it everything is lost; keep a copy: pilotfish keys escrow --recipient age1… --out FILE"
    );
}
