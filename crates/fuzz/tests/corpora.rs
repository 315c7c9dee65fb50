//! Every committed corpus through its target, as it is and with a bounded number of mutations.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::{Path, PathBuf};

use fuzz::Mutator;

/// Mutations of each file.
const MUTATIONS: u64 = 200;

/// The files of a target's corpus; messages are also the torture messages of the SIP crate.
fn corpus(target: &str) -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![here.join("corpora").join(target)];
    if target == "sip" {
        folders.extend(["rfc4475", "rfc5118"].map(|rfc| here.join("../sip/tests/torture").join(rfc)));
    }
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

#[track_caller]
fn replay(target: &str) {
    let (_, run) = fuzz::TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let files: Vec<_> = corpus(target).iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(files.len() > 2, "the corpus of {target} is missing");
    let mut mutator = Mutator::new(0x7011_6a2d);
    for (path, file) in corpus(target).iter().zip(&files) {
        println!("{}", path.display());
        run(file);
        for _ in 0..MUTATIONS {
            let other = &files[mutator.below(files.len())];
            let mut bytes = file.clone();
            let times = 1 + mutator.below(6);
            mutator.mutate(&mut bytes, other, times);
            run(&bytes);
        }
    }
}

#[test]
fn digest() {
    replay("digest");
}

#[test]
fn edge() {
    replay("edge");
}

#[test]
fn record() {
    replay("record");
    // A corpus of an older layout would fuzz nothing but the refusal of it.
    for path in corpus("record") {
        let bytes = std::fs::read(&path).unwrap();
        assert!(postcard::from_bytes::<node::Record>(&bytes).is_ok(), "{} is no record any more", path.display());
    }
}

#[test]
fn sdp() {
    replay("sdp");
}

#[test]
fn sip() {
    replay("sip");
}
