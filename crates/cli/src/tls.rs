//! How the doors speak TLS, from the flags.

use std::net::IpAddr;

use product::App;
use product::doors::{AcmeSettings, Bound, BoundPlain, CertificateFiles, CertificateSource, Door, Proof, TlsSettings};
use url::Url;

use crate::Failure;
use crate::args::{AcmeArgs, ServeArgs};
use crate::sockets::Sockets;

const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// What the flags say, checked; nothing has been made or asked.
pub(crate) struct TlsPlan {
    files: Option<CertificateFiles>,
    acme: Option<AcmeSettings>,
    plain: Option<BoundPlain>,
}

impl TlsPlan {
    /// For the doors that this process has, by their public URLs.
    pub(crate) fn of(
        args: &ServeArgs,
        doors: &[Bound],
        urls: &product::Urls,
        sockets: &mut Sockets,
    ) -> Result<Self, Failure> {
        let own = [(Door::Edge, &urls.edge), (Door::Api, &urls.api), (Door::Dashboard, &urls.dashboard)];
        let has = |door| doors.iter().any(|bound| bound.door == door);
        let own: Vec<String> = own.into_iter().filter(|(door, _)| has(*door)).map(|(_, url)| url.clone()).collect();
        let acme = acme(&args.acme, args.http.is_some(), &own)?;
        if acme.is_some() && has(Door::Site) {
            return Err(Failure::Usage("--acme: the demo presents the local authority's certificates".to_owned()));
        }
        // Flags of absent roles are ignored.
        let plain = args.http.filter(|_| !own.is_empty());
        let plain = plain.map(|address| sockets.plain(address, own)).transpose()?;
        Ok(Self { files: own_certificate(args)?, acme, plain })
    }

    /// Whether the doors present the local authority's certificate.
    pub(crate) const fn is_local(&self) -> bool {
        self.files.is_none() && self.acme.is_none()
    }

    /// What the doors are to do.
    pub(crate) fn settings(self, args: &ServeArgs, app: &App) -> Result<TlsSettings, Failure> {
        let source = match (self.files, self.acme) {
            (Some(files), _) => CertificateSource::Files(files),
            (None, Some(settings)) => CertificateSource::Acme(Box::new(app.acme(settings)?)),
            (None, None) => match app.granted_leaf() {
                Some(leaf) => CertificateSource::Granted(leaf),
                None => CertificateSource::Authority(Box::new(app.authority()?)),
            },
        };
        Ok(TlsSettings { source, profile: args.tls_profile.into(), plain: self.plain })
    }
}

/// The operator's own certificate, if one is named.
fn own_certificate(args: &ServeArgs) -> Result<Option<CertificateFiles>, Failure> {
    match (args.tls_certificate.clone(), args.tls_key.clone()) {
        (Some(certificate), Some(key)) => Ok(Some(CertificateFiles { certificate, key })),
        (None, None) => Ok(None),
        _ => Err(Failure::Usage("--tls-certificate and --tls-key are given together or not at all".to_owned())),
    }
}

fn acme(args: &AcmeArgs, plain: bool, urls: &[String]) -> Result<Option<AcmeSettings>, Failure> {
    let Some(directory) = args.acme.as_deref() else {
        return match (&args.acme_email, &args.acme_ca) {
            (None, None) => Ok(None),
            _ => Err(Failure::Usage("--acme-email and --acme-ca need --acme".to_owned())),
        };
    };
    let directory = if directory == "letsencrypt" { LETS_ENCRYPT } else { directory };
    if !Url::parse(directory).is_ok_and(|url| url.scheme() == "https") {
        return Err(Failure::Usage(format!("--acme {directory}: name a directory as https://… or letsencrypt")));
    }
    let mut hosts = Vec::new();
    for url in urls {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let is_name = host.parse::<IpAddr>().is_err() && !host.starts_with('[');
        if !is_name || host == "localhost" || host.ends_with(".localhost") {
            return Err(Failure::Usage(format!(
                "--acme: {url} has no host name that an authority signs for: name the doors with --edge-url, --api-url \
                 and --dashboard-url"
            )));
        }
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if hosts.is_empty() {
        return Ok(None);
    }
    let proof = if plain { Proof::Http } else { Proof::Tls };
    let (email, root) = (args.acme_email.clone(), args.acme_ca.clone());
    Ok(Some(AcmeSettings { directory: directory.to_owned(), email, root, hosts, proof }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(acme: Option<&str>, plain: bool, urls: &[&str]) -> Result<Option<AcmeSettings>, String> {
        let args = AcmeArgs { acme: acme.map(str::to_owned), acme_email: None, acme_ca: None };
        let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
        super::acme(&args, plain, &urls).map_err(|failure| failure.to_string())
    }

    #[test]
    fn each_name_is_asked_for_once_and_proven_where_it_can_be() {
        let urls = ["https://in.example.org", "https://in.example.org:8445", "https://team.example.org"];
        let settings = asked(Some("letsencrypt"), false, &urls).unwrap().unwrap();
        assert_eq!((settings.directory.as_str(), settings.proof), (LETS_ENCRYPT, Proof::Tls));
        assert_eq!(settings.hosts, ["in.example.org", "team.example.org"]);
        assert_eq!(asked(Some("https://ca.internal/dir"), true, &urls).unwrap().unwrap().proof, Proof::Http);
        assert!(asked(None, true, &urls).unwrap().is_none());
    }

    #[test]
    fn what_no_authority_signs_for_is_refused() {
        for url in
            ["https://localhost:8443", "https://dashboard.localhost", "https://192.0.2.7", "https://[2001:db8::7]"]
        {
            assert!(asked(Some("letsencrypt"), false, &[url]).unwrap_err().contains("no host name"), "{url}");
        }
        assert!(asked(Some("http://ca.internal"), false, &["https://a.example.org"]).is_err());
        assert!(asked(Some("letsencrypt"), false, &[]).unwrap().is_none(), "a worker has no door");
    }
}
