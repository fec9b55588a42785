//! Changed bytes are noticed and named, wherever they are.

use std::fs;

use events::FindingKind;

use crate::support::{Fixture, append, numbers};

async fn two_files() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.options.roll_bytes = 400;
    let (log, _) = fixture.open();
    for number in 0..6 {
        append(&log, [number], fixture.now()).await;
    }
    log.shutdown().await;
    assert!(fixture.files().len() > 1);
    assert!(fixture.verify().is_whole());
    fixture
}

#[tokio::test]
async fn every_flipped_bit_is_detected_and_its_frame_named() {
    let fixture = two_files().await;
    for path in fixture.files() {
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                fs::write(&path, &changed).unwrap();
                let report = fixture.verify();
                assert!(!report.is_whole(), "byte {at} bit {bit}");
                let finding = report.findings().find(|finding| finding.kind.is_loss()).unwrap();
                assert!(finding.file.ends_with(path.file_name().unwrap()), "{finding}");
                assert!(finding.bytes.contains(&(at as u64)), "byte {at}: {finding}");
                let header = finding.kind != FindingKind::Damaged;
                assert!(header || finding.frames.end - finding.frames.start == 1, "one frame is lost: {finding}");
            }
        }
        fs::write(&path, &bytes).unwrap();
    }
}

#[tokio::test]
async fn what_is_whole_behind_damage_is_read() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let mut ends = Vec::new();
    for number in 0..4 {
        append(&log, [number], fixture.now()).await;
        ends.push(usize::try_from(fs::metadata(&fixture.files()[0]).unwrap().len()).unwrap());
    }
    log.shutdown().await;
    let path = &fixture.files()[0];
    let bytes = fs::read(path).unwrap();
    // The second frame's length, then its contents; with and without the published offset, since later frames carry one.
    for at in [ends[0], ends[0] + 30] {
        for published in [true, false] {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            fs::write(path, &changed).unwrap();
            if !published {
                let _ = fs::remove_file(fixture.log_folder().join("durable"));
            }
            let (log, report) = fixture.open();
            assert_eq!(numbers(&log), [0, 2, 3]);
            let finding = report.findings().next().unwrap();
            assert_eq!((finding.kind, finding.frames.clone()), (FindingKind::Damaged, 2..3));
            assert_eq!(finding.bytes, ends[0] as u64..ends[1] as u64);
            assert_eq!(fs::read(path).unwrap(), changed, "damage is left as it is");
            log.shutdown().await;
        }
    }
}

#[tokio::test]
async fn frames_cannot_be_moved_dropped_or_doubled() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let mut ends = vec![];
    for number in 0..4 {
        append(&log, [number], fixture.now()).await;
        ends.push(usize::try_from(fs::metadata(&fixture.files()[0]).unwrap().len()).unwrap());
    }
    log.shutdown().await;
    let path = &fixture.files()[0];
    let bytes = fs::read(path).unwrap();
    let [a, b, c, d] = ends[..] else { panic!() };
    let dropped = [&bytes[..a], &bytes[b..]].concat();
    let swapped = [&bytes[..a], &bytes[b..c], &bytes[a..b], &bytes[c..]].concat();
    let doubled = [&bytes[..b], &bytes[a..b], &bytes[b..]].concat();
    for (changed, kept) in [(dropped, vec![0, 2, 3]), (swapped, vec![0, 2, 3]), (doubled, vec![0, 1, 2, 3])] {
        fs::write(path, &changed).unwrap();
        let report = fixture.verify();
        assert!(report.findings().next().is_some(), "unnoticed");
        let (log, _) = fixture.open();
        assert_eq!(numbers(&log), kept, "{report}");
        log.shutdown().await;
    }
    fs::write(path, &bytes[..d]).unwrap();
    assert!(fixture.verify().is_whole());
}

#[tokio::test]
async fn a_file_in_anothers_place_or_gone_is_noticed() {
    let fixture = two_files().await;
    let files = fixture.files();
    let (first, second) = (fs::read(&files[0]).unwrap(), fs::read(&files[1]).unwrap());
    fs::write(&files[0], &second).unwrap();
    assert!(!fixture.verify().is_whole());
    fs::write(&files[0], &first).unwrap();
    fs::remove_file(&files[1]).unwrap();
    let report = fixture.verify();
    assert!(report.findings().any(|finding| finding.kind == FindingKind::Missing), "{report}");
    fs::write(&files[1], &second).unwrap();
    fs::remove_file(files.last().unwrap()).unwrap();
    let report = fixture.verify();
    assert!(report.findings().any(|finding| finding.kind == FindingKind::Missing), "{report}");
}
