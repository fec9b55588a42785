//! The committed part and manifest are read as they were written.
//!
//! Nonces are drawn by the Parquet library itself, so what is written differs each time; what must hold is that the
//! committed bytes are read.

use std::fs;
use std::path::Path;

use super::{files, folder, open, options, sealed, verify};
use crate::support::{ENVIRONMENT, Fixture, environment};
use crate::vector::{events, from_hex, to_hex};

fn vectors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

#[tokio::test]
#[ignore = "writes the vectors anew"]
async fn write_the_vectors() {
    let fixture = Fixture::new();
    let (log, _) = fixture.open();
    let parts = open(fixture.folder.path(), fixture.clock.clone(), options());
    log.append(environment(ENVIRONMENT), events(&fixture)).await.unwrap();
    assert_eq!(parts.seal_now().unwrap().events, 2);
    let manifest = folder(fixture.folder.path()).join("manifest");
    fs::write(vectors().join("parts-manifest.hex"), to_hex(&fs::read(manifest).unwrap())).unwrap();
    for file in files(fixture.folder.path()) {
        let name = format!("part-{}.hex", file.file_stem().unwrap().to_string_lossy());
        fs::write(vectors().join(name), to_hex(&fs::read(&file).unwrap())).unwrap();
    }
    log.shutdown().await;
}

#[tokio::test]
async fn the_committed_part_is_read() {
    let fixture = Fixture::new();
    let data = fixture.folder.path();
    fs::create_dir_all(folder(data)).unwrap();
    let mut found = 0;
    for entry in fs::read_dir(vectors()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let bytes = || from_hex(&fs::read_to_string(vectors().join(&name)).unwrap());
        if name == "parts-manifest.hex" {
            fs::write(folder(data).join("manifest"), bytes()).unwrap();
            found += 1;
        } else if let Some(id) = name.strip_prefix("part-").and_then(|name| name.strip_suffix(".hex")) {
            fs::write(folder(data).join(format!("{id}.part")), bytes()).unwrap();
            found += 1;
        }
    }
    assert!(found >= 2, "the vectors are not there");
    let mut expected = events(&fixture);
    expected.sort_by_key(|event| (event.person, event.time));
    let mut read: Vec<_> = sealed(data).into_values().collect();
    read.sort_by_key(|event| (event.person, event.time));
    assert_eq!(read, expected);
    assert!(verify(data).findings().next().is_none());
}
