//! Every committed corpus through its target, as it is and with a bounded number of mutations.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::{Path, PathBuf};

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

/// Xorshift: every run makes the same mutations.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

/// A few bytes changed, taken out, doubled, or brought from another file.
fn mutated(file: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    const TELLING: &[u8] = b"\r\n \t:;,<>\"\\=@%[]?&$/0129\0\xff";
    let mut bytes = file.to_vec();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len());
        let end = (at + 1 + dice.below(40)).min(bytes.len());
        match dice.below(4) {
            0 if !bytes.is_empty() => bytes[at] = TELLING[dice.below(TELLING.len())],
            1 => drop(bytes.drain(at..end)),
            2 => {
                let doubled = bytes[at..end].to_vec();
                bytes.splice(at..at, doubled);
            }
            _ => {
                let from = dice.below(other.len());
                let to = (from + dice.below(80)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

#[track_caller]
fn replay(target: &str) {
    let (_, run) = fuzz::TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let files: Vec<_> = corpus(target).iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(files.len() > 2, "the corpus of {target} is missing");
    let mut dice = Dice(0x7011_6a2d);
    for (path, file) in corpus(target).iter().zip(&files) {
        println!("{}", path.display());
        run(file);
        for _ in 0..MUTATIONS {
            let other = &files[dice.below(files.len())];
            run(&mutated(file, other, &mut dice));
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
