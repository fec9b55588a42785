//! What a crash leaves is put in order, and said.

use std::fs;

use events::FindingKind;

use crate::support::{Fixture, append, numbers};

/// A log of three groups of one frame each, whose durable offset was never published: as a killed machine leaves it.
async fn three_frames() -> (Fixture, Vec<u8>, Vec<usize>) {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let mut ends = Vec::new();
    for number in 0..3 {
        append(&log, [number * 2, number * 2 + 1], fixture.now()).await;
        ends.push(usize::try_from(fs::metadata(&fixture.files()[0]).unwrap().len()).unwrap());
    }
    log.shutdown().await;
    let bytes = fs::read(&fixture.files()[0]).unwrap();
    (fixture, bytes, ends)
}

fn restore(fixture: &Fixture, bytes: &[u8], published: Option<&[u8]>) {
    let folder = fixture.log_folder();
    let first = folder.join(format!("{:020}.log", 1));
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir_all(&folder).unwrap();
    fs::write(first, bytes).unwrap();
    if let Some(published) = published {
        fs::write(folder.join("durable"), published).unwrap();
    }
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_is_cut_at_the_last_whole_frame_and_kept() {
    let (fixture, bytes, ends) = three_frames().await;
    for length in ends[1]..ends[2] {
        restore(&fixture, &bytes[..length], None);
        let (log, report) = fixture.open();
        assert_eq!(numbers(&log), [0, 1, 2, 3], "at {length}");
        let torn = length > ends[1];
        let kinds: Vec<_> = report.findings().map(|finding| finding.kind).collect();
        assert_eq!(kinds, vec![FindingKind::TornTail; usize::from(torn)], "at {length}: {report}");
        assert_eq!(fs::metadata(&fixture.files()[0]).unwrap().len(), ends[1] as u64);
        if torn {
            let kept = fs::read(fixture.log_folder().join(format!("quarantine/{:020}.log.{}", 1, ends[1]))).unwrap();
            assert_eq!(kept, &bytes[ends[1]..length]);
        }
        log.shutdown().await;
    }
    // Once in order, nothing is found but the quarantine, and the log goes on without a gap in a new file.
    let (log, report) = fixture.open();
    assert!(report.findings().next().is_none() && report.logs[0].quarantined.len() == 1, "{report}");
    append(&log, [4, 5], fixture.now()).await;
    log.shutdown().await;
    assert_eq!(fixture.files()[1].file_name().unwrap(), format!("{:020}.log", 3).as_str());
    assert!(fixture.verify().findings().next().is_none());
}

#[tokio::test]
async fn a_tail_below_the_durable_offset_is_a_loss_and_not_cut() {
    let (fixture, bytes, ends) = three_frames().await;
    let published = fs::read(fixture.log_folder().join("durable")).unwrap();
    for length in ends[1]..ends[2] {
        restore(&fixture, &bytes[..length], Some(&published));
        let (log, report) = fixture.open();
        assert!(!report.is_whole(), "at {length}: {report}");
        assert_eq!(report.logs[0].next, 4, "lost sequences are not given again");
        assert_eq!(fs::metadata(&fixture.files()[0]).unwrap().len(), length as u64);
        assert_eq!(numbers(&log), [0, 1, 2, 3]);
        append(&log, [9], fixture.now()).await;
        log.shutdown().await;
        let again = fixture.verify();
        assert!(!again.is_whole(), "a loss goes on being named: {again}");
    }
}

#[tokio::test]
async fn a_file_torn_at_its_making_is_set_aside() {
    let (fixture, bytes, _) = three_frames().await;
    for length in [0, 1, 40, 120] {
        restore(&fixture, &bytes, None);
        let torn = fixture.log_folder().join(format!("{:020}.log", 4));
        fs::write(&torn, &bytes[..length]).unwrap();
        let (log, report) = fixture.open();
        assert!(report.is_whole(), "{report}");
        assert_eq!(report.findings().map(|finding| finding.kind).collect::<Vec<_>>(), [FindingKind::TornTail]);
        assert!(!torn.exists());
        append(&log, [6], fixture.now()).await;
        assert_eq!(numbers(&log), [0, 1, 2, 3, 4, 5, 6]);
        log.shutdown().await;
    }
}

#[tokio::test]
async fn a_lost_or_damaged_durable_offset_loses_nothing() {
    let (fixture, bytes, _) = three_frames().await;
    let mut published = fs::read(fixture.log_folder().join("durable")).unwrap();
    published[30] ^= 1;
    restore(&fixture, &bytes, Some(&published));
    let (log, report) = fixture.open();
    assert_eq!(report.findings().map(|finding| finding.kind).collect::<Vec<_>>(), [FindingKind::DurableOffset]);
    assert_eq!(numbers(&log).len(), 6);
    log.shutdown().await;
}
