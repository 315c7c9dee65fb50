//! What a bench found: printed for people, and written as `target/bench/NAME.json` for programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

/// The figures of one bench.
pub struct Report {
    name: &'static str,
    figures: Map<String, Value>,
}

impl Report {
    /// An empty one.
    pub fn new(name: &'static str) -> Self {
        Self { name, figures: Map::new() }
    }

    /// Notes a figure and prints it with what it means.
    pub fn note(&mut self, key: &str, value: impl Into<Value>, words: &str) {
        let value = value.into();
        println!("{key:<44} {value:>12}  {words}");
        self.figures.insert(key.to_owned(), value);
    }

    /// Writes the file.
    pub fn write(self) {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{}.json", self.name));
        let text = serde_json::to_string_pretty(&Value::Object(self.figures)).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
        println!("written to {}", path.display());
    }
}

/// The value below which `percent` of all lie; of an empty list 0.
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or_default()
}

/// Milliseconds, with microseconds as decimals.
pub fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Rounded to so many decimals.
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (value * unit).round() / unit
}
