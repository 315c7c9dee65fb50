//! Dialling tables for accounts in the United States, Britain and Germany.

use proptest::prelude::*;

use super::*;

fn plan(country: &str, area_code: Option<&str>, outside: Option<&str>) -> DialPlan {
    DialPlan::new(country.parse().unwrap(), area_code, outside).unwrap()
}

/// What a dialled text means, in a word: "+13035550100", "emergency 911", "extension 101",
/// "feature *97", "invalid: nothing was dialled".
fn word(plan: &DialPlan, dialled: &str) -> String {
    let meaning = plan.dial(dialled);
    match meaning {
        Dialled::Number(_) => meaning.to_string(),
        Dialled::Emergency(_) => format!("emergency {meaning}"),
        Dialled::Extension(_) => format!("extension {meaning}"),
        Dialled::Feature(_) => format!("feature {meaning}"),
        Dialled::Invalid(_) => format!("invalid: {meaning}"),
    }
}

fn check(plan: &DialPlan, table: &[(&str, &str)]) {
    for (dialled, meaning) in table {
        assert_eq!(&word(plan, dialled), meaning, "{dialled}");
    }
}

const NONE: &str = "invalid: there is no such number";

#[test]
fn an_american_office_with_an_outside_line() {
    let plan = plan("US", Some("303"), Some("9"));
    check(
        &plan,
        &[
            ("5550100", "+13035550100"),
            ("3035550100", "+13035550100"),
            ("13035550100", "+13035550100"),
            ("+13035550100", "+13035550100"),
            ("(303) 555-0100", "+13035550100"),
            ("303.555.0100", "+13035550100"),
            ("011355691234567", "+355691234567"),
            ("00355691234567", "+355691234567"),
            ("+355691234567", "+355691234567"),
            ("%2B355691234567", "+355691234567"),
            ("355691234567", "+355691234567"),
            ("95550100", "+13035550100"),
            ("93035550100", "+13035550100"),
            ("913035550100", "+13035550100"),
            ("9011355691234567", "+355691234567"),
            ("9+355691234567", "+355691234567"),
            ("8+355691234567", "invalid: what was dialled is not a number"),
            // Dallas has area code 972, and is no call to Israel.
            ("9722345678", "+19722345678"),
            // An Indian mobile in bare E.164: 987 is no area code.
            ("919876543210", "+919876543210"),
            // Ten digits are a number of North America, even if nobody has it.
            ("9607717749", "+19607717749"),
            ("9355691234567", "+355691234567"),
            ("911", "emergency 911"),
            ("9911", "emergency 911"),
            ("933", "emergency 933"),
            ("9933", "emergency 933"),
            ("911#", "emergency 911"),
            ("112", "extension 112"),
            ("101", "extension 101"),
            ("9101", "extension 9101"),
            ("123456", "extension 123456"),
            ("*97", "feature *97"),
            ("%2A97", "feature *97"),
            ("*67%23", "feature *67#"),
            ("3035550100%23", "+13035550100"),
            ("7", NONE),
            ("0123456789", NONE),
            ("0111234", NONE),
            ("1234567", NONE),
            ("+1", NONE),
            ("+0123456789", NONE),
            ("1234567890123456", NONE),
        ],
    );
}

#[test]
fn an_american_office_without_area_code_or_outside_line() {
    let plan = plan("US", None, None);
    check(
        &plan,
        &[
            ("5550100", "invalid: dial the area code too: none is set for this account"),
            ("9011355691234567", "+355691234567"),
            ("9911", "extension 9911"),
            ("8762345678", "+18762345678"),
            ("9002345678", "+19002345678"),
            // Nobody has it, which is for the guard to weigh.
            ("5552345678", "+15552345678"),
        ],
    );
}

#[test]
fn texts_of_sip_uris() {
    let plan = plan("US", Some("303"), None);
    check(
        &plan,
        &[
            ("5550100;phone-context=+1303", "+13035550100"),
            ("5550100;phone-context=example.com", "+13035550100"),
            (
                "2079460000;phone-context=+44",
                "invalid: a local number of another country cannot be called: dial it with + and its country code",
            ),
            // Whatever else is the matter.
            ("911;phone-context=+44", "emergency 911"),
            ("+442079460000;phone-context=+44", "+442079460000"),
            ("+442079460000;user=phone", "+442079460000"),
            ("sip:3035550100@example.com", "+13035550100"),
            ("tel:+1-303-555-0100", "+13035550100"),
            ("", "invalid: nothing was dialled"),
            ("+", "invalid: nothing was dialled"),
            ("()", "invalid: nothing was dialled"),
            ("urn:service:sos", "emergency 911"),
            ("URN:service:sos.fire", "emergency 911"),
            ("urn:service:sosx", "invalid: what was dialled is not a number"),
            ("alice", "invalid: what was dialled is not a number"),
            ("30%3", "invalid: what was dialled is not a number"),
            ("30%FF", "invalid: what was dialled is not a number"),
            (&"1".repeat(200), "invalid: what was dialled is too long"),
        ],
    );
}

#[test]
fn a_british_office() {
    let plan = plan("GB", Some("20"), Some("9"));
    check(
        &plan,
        &[
            ("02079460000", "+442079460000"),
            ("902079460000", "+442079460000"),
            ("+442079460000", "+442079460000"),
            ("442079460000", "+442079460000"),
            ("00442079460000", "+442079460000"),
            ("79460000", "+442079460000"),
            ("979460000", "+442079460000"),
            ("07911123456", "+447911123456"),
            ("01134960000", "+441134960000"),
            ("00355691234567", "+355691234567"),
            ("900355691234567", "+355691234567"),
            ("355691234567", "+355691234567"),
            ("14162345678", "+14162345678"),
            ("999", "emergency 999"),
            ("9999", "emergency 999"),
            ("112", "emergency 112"),
            ("9112", "emergency 112"),
            ("911", "extension 911"),
            ("201", "extension 201"),
            ("08001111", "+448001111"),
        ],
    );
}

#[test]
fn a_german_office() {
    let plan = plan("DE", Some("30"), Some("0"));
    check(
        &plan,
        &[
            ("03012345678", "+493012345678"),
            ("003012345678", "+493012345678"),
            ("+493012345678", "+493012345678"),
            ("493012345678", "+493012345678"),
            ("00493012345678", "+493012345678"),
            ("000493012345678", "+493012345678"),
            ("12345678", "+493012345678"),
            ("012345678", "+493012345678"),
            ("015123456789", "+4915123456789"),
            ("0015123456789", "+4915123456789"),
            // The outside line, then Cottbus: abroad is dialled with three zeros here.
            ("00355691234567", "+49355691234567"),
            ("000355691234567", "+355691234567"),
            ("110", "emergency 110"),
            ("112", "emergency 112"),
            ("0112", "emergency 112"),
            ("42", "extension 42"),
        ],
    );
}

#[test]
fn a_country_without_trunk_prefix_and_one_with_short_numbers() {
    check(&plan("ES", None, None), &[("912345678", "+34912345678"), ("0034912345678", "+34912345678")]);
    check(&plan("AD", None, None), &[("712345", "+376712345"), ("112", "emergency 112"), ("200", "extension 200")]);
    check(&plan("IT", None, None), &[("0612345678", "+390612345678"), ("3123456789", "+393123456789")]);
    check(&plan("AU", None, None), &[("0011355691234567", "+355691234567"), ("000", "emergency 000")]);
}

#[test]
fn plans_are_checked_and_survive_the_journal() {
    let us = Country::US;
    assert!(DialPlan::new(us, Some("30a"), None).is_err());
    assert!(DialPlan::new(us, Some(""), None).is_err());
    assert!(DialPlan::new(us, None, Some("99999")).is_err());
    let plan = plan("US", Some("303"), Some("9"));
    let bytes = postcard::to_stdvec(&plan).unwrap();
    assert_eq!(postcard::from_bytes::<DialPlan>(&bytes).unwrap(), plan);
    let json = r#"{"country":"US","area_code":"x","outside_prefix":null}"#;
    assert!(serde_json::from_str::<DialPlan>(json).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in ".{0,140}") {
        for country in ["US", "GB", "DE", "AQ"] {
            let _ = plan(country, Some("30"), Some("9")).dial(&text);
        }
        let _ = replay_e164(&text);
    }

    #[test]
    fn a_plus_is_never_reinterpreted(value in 10_000_u64..1_000_000_000_000_000) {
        let number = E164::from_value(value).unwrap();
        for country in ["US", "DE"] {
            let dialled = plan(country, None, Some("9")).dial(&number.to_string());
            prop_assert_eq!(dialled, Dialled::Number(number));
        }
    }
}
