//! `cargo xtask profile bytes`: which lines of our code hold the bytes of registrations, held calls and calls
//! that are over (valgrind's DHAT).

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::verify::{cargo, folder_of_profiles};

/// What the bench holds in the end, and how many of them.
const LOADS: [(&str, u64); 3] = [("registrations", 2_000), ("held-calls", 2_000), ("over-calls", 2_000)];
/// Places shown of each load.
const SHOWN: usize = 45;
/// Frames that tell a place apart.
const FRAMES: usize = 3;
/// Functions of ours begin with one of these.
const OURS: [&str; 10] = ["sip", "media", "billing", "geo", "lockout", "guard", "account", "edge", "node", "held"];

/// What valgrind writes, as far as it is read.
#[derive(Deserialize)]
struct Profile {
    #[serde(rename = "pps")]
    points: Vec<Point>,
    #[serde(rename = "ftbl")]
    frames: Vec<String>,
}

/// What was allocated at one place.
#[derive(Deserialize)]
struct Point {
    /// Bytes in use in the end.
    #[serde(rename = "eb")]
    bytes: u64,
    /// Blocks in use in the end.
    #[serde(rename = "ebk")]
    blocks: u64,
    /// Indices of frames, the innermost first.
    #[serde(rename = "fs")]
    frames: Vec<usize>,
}

/// Each load, place by place.
pub fn profile() -> Result<()> {
    let folder = folder_of_profiles()?;
    for (load, count) in LOADS {
        let file = folder.join(format!("{load}.dhat"));
        let tool = format!("valgrind --tool=dhat --num-callers=40 --dhat-out-file={}", file.display());
        let runner = format!("target.'cfg(unix)'.runner = '{tool}'");
        cargo(&["--config", &runner, "bench", "--package", "node", "--bench", "held"], &[("TOLLGUARD_PROFILE", load)])?;
        let text = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let profile = serde_json::from_slice(&text).with_context(|| format!("{} is no profile", file.display()))?;
        show(load, count, &profile);
    }
    Ok(())
}

/// A table of the places that hold most.
fn show(load: &str, count: u64, profile: &Profile) {
    let mut places: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for point in profile.points.iter().filter(|point| point.bytes > 0) {
        let (bytes, blocks) = places.entry(place(profile, point)).or_default();
        *bytes += point.bytes;
        *blocks += point.blocks;
    }
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|(_, (bytes, _))| std::cmp::Reverse(*bytes));
    let per = |sum: u64| sum as f64 / count as f64;
    println!("{load}: bytes and blocks of each, with what was set up before");
    for (place, (bytes, blocks)) in places.iter().take(SHOWN) {
        println!("{:>8.1} {:>6.2}  {place}", per(*bytes), per(*blocks));
    }
    println!("{:>8.1}         all", per(places.iter().map(|(_, (bytes, _))| bytes).sum()));
}

/// The innermost frames of ours.
fn place(profile: &Profile, point: &Point) -> String {
    let names = point.frames.iter().filter_map(|frame| profile.frames.get(*frame)).map(|frame| name(frame));
    let ours: Vec<&str> = names.filter(|name| is_ours(name)).take(FRAMES).collect();
    ours.join(" < ")
}

/// `0x1234: function (file:line)` without the address.
fn name(frame: &str) -> &str {
    frame.split_once(": ").map_or(frame, |(_, name)| name)
}

fn is_ours(name: &str) -> bool {
    let name = name.trim_start_matches('<');
    OURS.iter().any(|ours| name.strip_prefix(ours).is_some_and(|rest| rest.starts_with("::")))
}
