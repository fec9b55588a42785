use std::path::Path;
use std::sync::Arc;

use base::{Clock as _, Secret, SeededRng, SystemClock, SystemRng};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};

use super::*;

fn open(folder: &Path, hosts: &[&str]) -> Result<LocalAuthority, CertificateError> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    LocalAuthority::open_or_create(folder, &hosts, &[Secret::new([7; 32])], Arc::new(SystemClock), Arc::new(SystemRng))
}

fn refused(folder: &Path) -> String {
    open(folder, &[]).err().unwrap().to_string()
}

#[test]
fn addresses_are_signed_for_as_names_are() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open(folder.path(), &["2001:db8::7", "192.0.2.7", "team.example.org"]).unwrap();
    let leaf = authority.issue().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.path().join("ca.pem")).unwrap()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider());
    let verifier = verifier.build().unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(SystemClock.now().seconds().try_into().unwrap()));
    let trusts = |host: &str| {
        let name = ServerName::try_from(host.to_owned()).unwrap();
        verifier.verify_server_cert(&leaf.cert[0], &[], &name, &[], now).is_ok()
    };
    for host in ["localhost", "127.0.0.1", "::1", "2001:db8::7", "192.0.2.7", "team.example.org"] {
        assert!(trusts(host), "{host}");
    }
    assert!(!trusts("2001:db8::8"));
    assert!(!trusts("example.org"));
}

#[test]
fn processes_that_begin_together_have_one_authority() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tls");
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&path, &[]).unwrap().certificate)).collect();
        let certificates: Vec<_> = opening.into_iter().map(|thread| thread.join().unwrap()).collect();
        let kept = CertificateDer::from_pem_file(path.join("ca.pem")).unwrap();
        assert!(certificates.iter().all(|certificate| *certificate == kept));
    });
}

#[test]
fn what_an_interrupted_init_left_is_made_again_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let clock = || Arc::new(SystemClock);
    let path = folder.path();
    let ahead = |key| LocalAuthority::make_ahead(path, &[], &[Secret::new([key; 32])], clock(), Arc::new(SystemRng));
    let open = |key| LocalAuthority::open_or_create(path, &[], &[Secret::new([key; 32])], clock(), Arc::new(SystemRng));
    let first = ahead(1).unwrap().certificate;
    // Its key was never kept, and neither was the next one's.
    assert_ne!(ahead(2).unwrap().certificate, first);
    let last = ahead(3).unwrap().certificate;
    assert_eq!(open(3).unwrap().certificate, last, "kept before the marker went");
    assert!(!path.join("making").exists());
    for refused in [open(4), ahead(4)] {
        assert!(matches!(refused.err(), Some(CertificateError::Sealed(_))), "somebody has been shown this one");
    }
    assert_eq!(open(3).unwrap().certificate, last);
}

#[test]
fn an_authority_that_is_not_whole_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), &[]).unwrap();
    for name in ["ca.hosts", "ca.key.sealed"] {
        let (path, aside) = (folder.path().join(name), folder.path().join("aside"));
        std::fs::rename(&path, &aside).unwrap();
        let text = refused(folder.path());
        assert!(text.contains(&format!("{name} is missing: restore it")), "{text}");
        std::fs::rename(&aside, &path).unwrap();
    }
    let other = tempfile::tempdir().unwrap();
    open(other.path(), &[]).unwrap();
    std::fs::copy(other.path().join("ca.pem"), folder.path().join("ca.pem")).unwrap();
    assert!(refused(folder.path()).contains("do not belong together"));
    let sealed = folder.path().join("ca.key.sealed");
    let key = aead::seal(&Secret::new([8; 32]), &sealing_context(), b"other", &SeededRng::new(1));
    std::fs::write(&sealed, key).unwrap();
    assert!(refused(folder.path()).contains("cannot be opened with its key"));
}
