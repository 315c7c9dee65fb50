//! The honest oddities of DESIGN section 6 that must pass.

mod story;

use story::{PARTNERS, Story, from, office, tell};

/// An office of four extensions with six weeks behind it.
fn office_of_four() -> Story {
    let mut story = Story::default();
    story.office_weeks(&["101", "102", "103", "104"], &office(), 6);
    story
}

/// The same firm seen by its provider: one trunk, one address.
fn trunk() -> Story {
    let mut story = Story::default();
    story.office_weeks(&["trunk"], &office(), 6);
    story
}

#[test]
fn a_first_call_to_cuba_dialled_twice() {
    for (mut story, id) in [(office_of_four(), "102"), (trunk(), "trunk")] {
        story.at(42, 10, 20);
        let said = story.ring_out(id, &office(), "5372048500", 79);
        assert!(said.allowed, "{}", tell(&said));
        let (call, said) = story.wait_s(30).dial(id, &office(), "5372048500", 79);
        assert!(said.allowed, "{}", tell(&said));
        story.wait_s(5).answer(call);
        let said = story.wait_s(18 * 60).look(call);
        assert!(said.allowed, "{}", tell(&said));
        // In the end it is as likely a thief's: the call may be stopped, never the line.
        let said = story.wait_s(42 * 60).look(call);
        assert!(!story::cuts(&said), "{}", tell(&said));
    }
}

#[test]
fn redialling_a_busy_number() {
    for (mut story, id) in [(office_of_four(), "103"), (trunk(), "trunk")] {
        story.at(42, 14, 0);
        for attempt in 1..=12 {
            let said = story.ring_out(id, &office(), "390669812345", 3);
            assert!(said.allowed, "attempt {attempt}: {}", tell(&said));
            story.wait_s(40);
        }
    }
}

#[test]
fn five_conference_legs_at_once() {
    let legs = ["41442345678", "390669812345", "34912345678", "31201234567", "4633112345"];
    for (mut story, id) in [(office_of_four(), "104"), (trunk(), "trunk")] {
        story.at(43, 15, 0);
        let mut calls = Vec::new();
        for leg in legs {
            let (call, said) = story.dial(id, &office(), leg, 3);
            assert!(said.allowed, "{leg}: {}", tell(&said));
            story.wait_s(6).answer(call);
            calls.push(call);
        }
        for minute in 1..=45 {
            story.wait_s(60);
            for &call in &calls {
                let said = story.look(call);
                assert!(said.allowed, "minute {minute}: {}", tell(&said));
            }
        }
    }
}

#[test]
fn a_week_abroad_with_a_fumbled_password() {
    let mut story = office_of_four();
    let hotel = from("198.51.100.20", 3209, b"PT", "Yealink SIP-T54W 96.86.0.70");
    story.at(42, 8, 0).register("102", &hotel, 2);
    for day in 42..47 {
        for (hour, number) in [(9, "351213101234"), (12, PARTNERS[0]), (16, "351213105678"), (19, "351226001234")] {
            let said = story.at(day, hour, 30).talk("102", &hotel, number, 4, 400);
            assert!(said.allowed, "day {day} {hour}:30 {number}: {}", tell(&said));
        }
    }
}

#[test]
fn a_new_colleague_with_family_abroad() {
    let mut story = office_of_four();
    story.at(42, 9, 0).register("109", &office(), 1);
    for day in (42..63).filter(|day| day % 7 < 5) {
        story.at(day, 9, 30).talk("109", &office(), "13035550177", 1, 120);
        story.at(day, 11, 0).talk("109", &office(), PARTNERS[(day % 6) as usize], 2, 180);
        let said = story.at(day, 17, 40).talk("109", &office(), "639171234567", 18, 900);
        assert!(said.allowed, "day {day}: {}", tell(&said));
    }
}

#[test]
fn a_new_market_grows_from_three_calls_a_day_to_sixty() {
    for (mut story, id) in [(office_of_four(), "101"), (trunk(), "trunk")] {
        for day in (42..84).filter(|day| day % 7 < 5) {
            let calls = 3 + (day - 42) * 57 / 42;
            for call in 0..calls {
                story.at(day, 9 + call * 8 / calls, (call * 8 * 60 / calls) % 60);
                let number = format!("52555{:07}", 2_000_000 + (call * 37 + day * 11) % 150);
                let said = story.talk(id, &office(), &number, 6, if call % 3 == 0 { 0 } else { 30 });
                assert!(said.allowed, "day {day} call {call}: {}", tell(&said));
            }
        }
    }
}

#[test]
fn a_deadline_day_of_calls_to_one_new_country() {
    let mut story = office_of_four();
    for call in 0..30 {
        let number = format!("4822{:07}", 6_000_000 + call % 9);
        let said = story.at(43, 9 + call / 4, call % 4 * 15).talk("101", &office(), &number, 3, 200);
        assert!(said.allowed, "call {call}: {}", tell(&said));
    }
}

#[test]
fn the_office_moves_to_another_provider() {
    let mut story = office_of_four();
    let moved = from("198.51.100.80", 209, b"US", "Yealink SIP-T54W 96.87.0.15");
    let lines = ["101", "102", "103", "104"];
    story.at(42, 8, 0);
    lines.into_iter().for_each(|id| story.register(id, &moved, 0));
    for (i, id) in lines.into_iter().enumerate() {
        let said = story.at(42, 9 + i as u64, 0).talk(id, &moved, PARTNERS[i], 2, 300);
        assert!(said.allowed, "{id}: {}", tell(&said));
    }
    let said = story.at(42, 15, 0).talk("102", &moved, "41442345678", 4, 600);
    assert!(said.allowed, "{}", tell(&said));
}

#[test]
fn a_phone_with_its_old_password_does_not_cut_the_line() {
    let mut story = office_of_four();
    story.at(42, 9, 0).register("101", &office(), 60);
    let said = story.at(42, 9, 5).talk("101", &office(), "41442345678", 4, 600);
    assert!(said.allowed, "{}", tell(&said));
}

#[test]
fn a_new_customer_calls_many_countries_from_the_first_hour() {
    let mut story = Story::default();
    let countries = ["4420", "4930", "331", "3906", "34912", "3120", "4144", "4814", "3512", "97250", "5255", "5411"];
    for call in 0..120_u64 {
        let prefix = countries[(call * 5 % 12) as usize];
        let number = format!("{prefix}{:07}", 1_234_567 + call % 40);
        let said = story.at(call / 40, 9 + call % 40 / 5, call % 5 * 12).talk("trunk", &office(), &number, 5, 150);
        assert!(said.allowed, "call {call} {number}: {}", tell(&said));
    }
}

#[test]
fn home_calls_are_never_refused() {
    let mut story = office_of_four();
    story.at(47, 3, 0).register("101", &story::khan_yunis(), 200);
    for _ in 0..50 {
        let (_, said) = story.dial("101", &story::khan_yunis(), "13035550100", 1);
        assert!(said.allowed && said.action.is_none() && said.evidence.is_empty());
    }
}
