//! The seven classical shapes of an attack, from the PBX's view and from the provider's.

mod story;

use billing::CallId;
use guard::Screening;
use story::{Story, cuts, from, khan_yunis, office, tell};

fn office_of_four() -> Story {
    let mut story = Story::default();
    story.office_weeks(&["101", "102", "103", "104"], &office(), 6);
    story
}

fn trunk() -> Story {
    let mut story = Story::default();
    story.office_weeks(&["trunk"], &office(), 6);
    story
}

/// What a thief got: answered calls, cents, and the guard's last word.
struct Loot {
    tried: u32,
    answered: u32,
    cents: u64,
    last: Screening,
}

/// Calls one after the other until a cut: each rings five seconds and runs a minute at least unless stopped.
fn pump(story: &mut Story, id: &str, origin: &guard::Origin, numbers: &[&str], cents: u64, talk_s: u64) -> Loot {
    let mut loot = Loot { tried: 0, answered: 0, cents: 0, last: story.look(CallId(0)) };
    for number in numbers {
        loot.tried += 1;
        let began_ms = story.now_ms;
        loot.last = story.talk(id, origin, number, cents as i64, talk_s);
        let talked_s = (story.now_ms - began_ms).saturating_sub(5_000) / 1000;
        if story.now_ms > began_ms {
            loot.answered += 1;
            loot.cents += talked_s * cents / 60;
        }
        if cuts(&loot.last) {
            break;
        }
        story.wait_s(20);
    }
    loot
}

#[test]
fn a_guessed_spare_extension_dials_albania_on_sunday() {
    let mut story = office_of_four();
    story.at(48, 7, 0).register("113", &khan_yunis(), 12);
    let loot = pump(&mut story, "113", &khan_yunis(), &["355691234567"], 28, 60);
    assert!(cuts(&loot.last) && loot.answered == 0, "{}", tell(&loot.last));
}

#[test]
fn the_provider_sees_albania_from_a_steady_trunk() {
    let mut story = trunk();
    story.at(48, 7, 0);
    let numbers = ["355691234567", "355697654321"].repeat(5);
    let loot = pump(&mut story, "trunk", &office(), &numbers, 28, 45);
    assert!(cuts(&loot.last), "{}", tell(&loot.last));
    assert!(loot.answered <= 2 && loot.cents <= 60, "{} answered, {} cents", loot.answered, loot.cents);
}

#[test]
fn a_pump_at_night_starts_many_calls_at_once() {
    for (mut story, id, origin) in [(office_of_four(), "102", khan_yunis()), (trunk(), "trunk", office())] {
        story.at(44, 3, 0);
        let mut running = Vec::new();
        let mut hung_up = Vec::new();
        for number in ["2203013278", "22670125418", "2203013278", "22670125418", "2203013278", "2203013278"] {
            let (call, said) = story.dial(id, &origin, number, 72);
            if said.allowed {
                running.push(call);
            } else if cuts(&said) {
                hung_up = said.suspects;
                break;
            }
        }
        assert!(running.len() <= 3, "{} let through", running.len());
        assert_eq!(running, hung_up, "all that run are hung up with the cut");
    }
}

#[test]
fn probes_behind_several_prefixes_then_the_pump() {
    let mut story = office_of_four();
    story.at(45, 1, 0).register("103", &khan_yunis(), 40);
    for number in ["972592315527", "11972592315527", "900972592315527"] {
        story.ring_out("103", &khan_yunis(), number, 3);
        story.wait_s(10);
    }
    let loot = pump(story.at(45, 3, 0), "103", &khan_yunis(), &["2203013278"], 72, 60);
    assert!(cuts(&loot.last) && loot.answered == 0, "{}", tell(&loot.last));
}

#[test]
fn caribbean_codes_that_look_domestic() {
    let mut story = trunk();
    let loot = pump(story.at(48, 4, 0), "trunk", &office(), &["14734081639", "14734032790"].repeat(5), 33, 60);
    assert!(cuts(&loot.last) && loot.answered <= 3, "{} answered: {}", loot.answered, tell(&loot.last));
}

#[test]
fn satellite_and_premium_numbers() {
    for number in ["881631234567", "870771882932", "19002305888"] {
        let mut story = office_of_four();
        let server = from("198.51.100.7", 14061, b"US", "Cisco-CP7841/14.1");
        story.at(44, 23, 0).register("104", &server, 3);
        let loot = pump(&mut story, "104", &server, &[number], 399, 60);
        assert!(cuts(&loot.last) && loot.answered == 0, "{number}: {}", tell(&loot.last));
    }
}

#[test]
fn stolen_credentials_without_guessing_call_slowly() {
    let mut story = office_of_four();
    let server = from("198.51.100.7", 14061, b"US", "PolycomVVX-VVX_450-UA/6.4.3");
    story.at(43, 9, 0).register("102", &server, 0);
    let mut cents = 0;
    for hour in 10..17 {
        let number = ["21620126915", "37362119093"][hour % 2];
        let loot = pump(story.at(43, hour as u64, 5), "102", &server, &[number], 60, 1400);
        cents += loot.cents;
        if cuts(&loot.last) {
            assert!(cents <= 1_000, "{cents} cents");
            return;
        }
    }
    panic!("never cut, {cents} cents");
}

#[test]
fn a_pbx_taken_over_from_inside() {
    let mut story = office_of_four();
    let loot = pump(story.at(47, 2, 0), "101", &office(), &["67077212184", "67077219294"].repeat(4), 90, 600);
    assert!(cuts(&loot.last) && loot.cents <= 600, "{} cents: {}", loot.cents, tell(&loot.last));
}

/// Six weeks of an office behind one trunk: home calls all day, a few to Canada, one to Britain every other day.
fn quiet_trunk() -> Story {
    let mut story = Story::default();
    for day in (0..42).filter(|day| day % 7 < 5) {
        for call in 0..24 {
            story.at(day, 9 + call / 3, call % 3 * 20);
            let home = if call % 9 == 0 { "14165550123".into() } else { format!("1303555{:04}", 100 + call % 40) };
            story.talk("trunk", &office(), &home, 1, 90);
        }
        if day % 2 == 0 {
            let partner = ["442071838750", "441614960123"][(day / 2 % 2) as usize];
            story.at(day, 17, 10).talk("trunk", &office(), partner, 2, 240);
        }
    }
    story
}

/// How many attempts to two new numbers in Albania are let through before one is refused; what they cost in tenths of a
/// cent. Each begins `gap_s` after the one before, whether that still talks or not.
fn albania(story: &mut Story, gap_s: u64, talk_s: u64) -> (usize, u64) {
    let mut running = Vec::new();
    let mut cost = 0;
    for (attempt, number) in ["355691234567", "355697654321"].repeat(5).into_iter().enumerate() {
        let (call, said) = story.dial("trunk", &office(), number, 28);
        if !said.allowed {
            let until_ms = story.now_ms;
            cost +=
                running.iter().map(|(_, began_ms)| (until_ms - began_ms).min(talk_s * 1000) * 28 / 6_000).sum::<u64>();
            return (attempt, cost);
        }
        story.wait_s(5).answer(call);
        running.push((call, story.now_ms));
        for _ in 0..gap_s {
            story.wait_s(1);
            for (call, began_ms) in &running {
                if story.now_ms - began_ms == talk_s * 1000 {
                    story.end(*call, talk_s);
                }
            }
        }
    }
    (10, u64::MAX)
}

#[test]
fn the_provider_sees_albania_at_any_hour_of_the_week() {
    let quiet = quiet_trunk();
    for (day, hour) in [(44, 14), (42, 9), (46, 16), (45, 12), (43, 20), (44, 3), (47, 11), (48, 7)] {
        for (gap_s, talk_s) in [(8, 300), (15, 300), (20, 10), (40, 30)] {
            let mut story = quiet.clone();
            let (answered, cost) = albania(story.at(day, hour, 5), gap_s, talk_s);
            let told = format!("day {day} {hour}:05, every {gap_s} s: {answered} answered, {cost}");
            assert!(answered <= 2 && cost < 400, "{told}");
        }
    }
}
