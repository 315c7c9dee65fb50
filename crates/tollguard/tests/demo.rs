//! The demonstration as people and machines run it: the built binary, every step, the mail as received.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_step_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("out.json");
    let run = Command::new(env!("CARGO_BIN_EXE_tollguard"))
        .args(["demo", "--headless", "--json"])
        .arg(&json)
        .output()
        .unwrap();
    let story = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{story}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(!story.contains('\x1b'), "no colour where nobody looks");

    let report: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 8);
    for (n, step) in (1..).zip(steps) {
        assert_eq!((step["n"].as_u64(), step["ok"].as_bool()), (Some(n), Some(true)), "{step}");
    }
    let number = |key: &str| report[key].as_f64().unwrap_or_else(|| panic!("{key} in {report}"));
    assert!(number("calls_tried") >= 1.0);
    assert!(number("calls_answered") <= 2.0);
    assert!(number("loss_usd") <= 0.40);
    assert!(number("first_fraud_call_to_cut_s") <= 60.0);
    let mail = std::fs::read_to_string(report["mail"].as_str().unwrap()).unwrap();
    for part in ["To: ", "ann@harlan-cole.example", "Subject: ", "Albania"] {
        assert!(mail.contains(part), "{part} in the mail");
    }
}
