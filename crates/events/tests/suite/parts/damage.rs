//! Changed bytes are noticed and named, wherever they are, and never become another answer.

use std::fs;

use events::PartFindingKind::{self, Stray, Uncommitted};

use super::{files, folder, open, options, sealed, snapshot, try_open, verify};
use crate::support::{Fixture, append};

async fn filled() -> (Fixture, std::collections::BTreeMap<events::Arrival, events::Event>) {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
    append(&log, 0..40, fixture.now()).await;
    parts.seal_now().unwrap();
    append(&log, 40..60, fixture.now()).await;
    parts.seal_now().unwrap();
    log.shutdown().await;
    let events = sealed(fixture.folder.path());
    (fixture, events)
}

#[tokio::test]
async fn every_flipped_bit_is_named_and_gives_no_wrong_answer() {
    let (fixture, events) = filled().await;
    let data = fixture.folder.path();
    let reader = events::PartReader::new(
        data,
        crate::support::environment(crate::support::ENVIRONMENT),
        std::sync::Arc::new(crate::support::TestKeys),
    );
    let manifest = folder(data).join("manifest");
    for (path, step) in [(manifest, 1), (files(data)[0].clone(), 7), (files(data)[1].clone(), 11)] {
        let bytes = fs::read(&path).unwrap();
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&path, &changed).unwrap();
            let report = verify(data);
            assert!(!report.is_whole(), "{} byte {at}", path.display());
            let finding = report.findings().find(|finding| finding.kind.is_loss()).unwrap();
            assert!(path.ends_with(&finding.file), "{finding}");
            let mut answer = std::collections::BTreeMap::new();
            let read = reader
                .snapshot()
                .and_then(|snapshot| snapshot.scan(|arrival, event| drop(answer.insert(arrival, event))));
            assert!(read.is_err() || answer == events, "{} byte {at}: a wrong answer", path.display());
        }
        fs::write(&path, &bytes).unwrap();
    }
    assert!(verify(data).findings().next().is_none());
}

#[tokio::test]
async fn what_is_gone_cut_or_in_anothers_place_is_named() {
    let (fixture, events) = filled().await;
    let data = fixture.folder.path();
    let (a, b) = (files(data)[0].clone(), files(data)[1].clone());
    let (first, second) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
    let named = |path: &std::path::Path| {
        let report = verify(data);
        report.findings().any(|finding| finding.kind == PartFindingKind::Damaged && path.ends_with(&finding.file))
    };
    fs::write(&a, &second).unwrap();
    assert!(named(&a) && !named(&b));
    fs::write(&a, &first[..first.len() - 1]).unwrap();
    assert!(named(&a));
    fs::remove_file(&a).unwrap();
    assert!(named(&a));
    fs::write(&a, &first).unwrap();
    assert!(!named(&a));
    // Without its manifest nothing is guessed, and above all nothing removed.
    let manifest = folder(data).join("manifest");
    let kept = fs::read(&manifest).unwrap();
    for bytes in [None, Some(&kept[..20]), Some(&[][..])] {
        fs::remove_file(&manifest).unwrap();
        if let Some(bytes) = bytes {
            fs::write(&manifest, bytes).unwrap();
        } else {
            assert!(named(&manifest));
        }
        assert!(try_open(data, fixture.clock.clone(), options()).is_err());
        assert_eq!(files(data), [a.clone(), b.clone()]);
        fs::write(&manifest, &kept).unwrap();
    }
    assert_eq!(sealed(data), events);
}

#[tokio::test]
async fn what_was_never_committed_is_named_and_then_removed() {
    let (fixture, events) = filled().await;
    let data = fixture.folder.path();
    let stray = folder(data).join(format!("{:032x}.part", 1));
    let foreign = folder(data).join("notes.txt");
    fs::write(&stray, b"half of a part").unwrap();
    fs::write(folder(data).join("manifest.next"), b"half of a manifest").unwrap();
    fs::write(&foreign, b"somebody's").unwrap();
    let report = verify(data);
    let kinds: Vec<_> = report.findings().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Uncommitted, Uncommitted, Stray], "{report}");
    assert!(report.is_whole());
    let parts = open(data, fixture.clock.clone(), options());
    assert!(!stray.exists() && foreign.exists());
    let report = verify(data);
    assert_eq!(report.findings().map(|finding| finding.kind).collect::<Vec<_>>(), [Stray]);
    assert_eq!(sealed(data), events);
    drop(parts);
}

#[tokio::test]
async fn another_environments_key_opens_nothing() {
    struct Other;
    impl events::PartKeys for Other {
        fn primary(
            &self,
            kind: keys::KeyKind,
            environment: base::id::EnvironmentId,
        ) -> Result<(u32, base::Secret<[u8; 32]>), events::PartKeyError> {
            Ok((2, self.version(kind, environment, 2)?))
        }

        fn version(
            &self,
            _: keys::KeyKind,
            _: base::id::EnvironmentId,
            _: u32,
        ) -> Result<base::Secret<[u8; 32]>, events::PartKeyError> {
            Ok(base::Secret::new([99; 32]))
        }
    }
    let (fixture, _) = filled().await;
    let environment = crate::support::environment(crate::support::ENVIRONMENT);
    let reader = events::PartReader::new(fixture.folder.path(), environment, std::sync::Arc::new(Other));
    assert!(reader.snapshot().is_err());
    assert!(!events::verify_parts(fixture.folder.path(), &Other, &crate::support::TestKeys).unwrap().is_whole());
    assert_eq!(snapshot(fixture.folder.path()).sources().len(), 2);
    let sealed = |kind, version| events::parts_sealed_with(fixture.folder.path(), kind, environment, version).unwrap();
    assert_eq!((sealed(keys::KeyKind::Part, 2), sealed(keys::KeyKind::Part, 1)), (2, 0));
    assert_eq!((sealed(keys::KeyKind::Dictionary, 2), sealed(keys::KeyKind::Dictionary, 1)), (1, 0));
}
