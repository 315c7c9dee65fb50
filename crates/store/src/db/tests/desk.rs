//! The outbox, users and sessions.

use account::Notice;

use super::*;

#[test]
fn a_notice_is_tried_until_it_is_sent() {
    let place = Place::filled();
    let desk = place.desk();
    let queued_ms = records().iter().find(|record| record.lsn == 17).unwrap().at_ms;
    assert_eq!(desk.next_due(queued_ms - 1).unwrap(), None);
    assert_eq!(desk.next_due_ms().unwrap(), Some(queued_ms));
    let first = desk.next_due(queued_ms).unwrap().unwrap();
    assert_eq!((&first.account, first.attempts), (&law(), 0));
    assert_eq!(first.notice, Notice::Incident(Box::new(incident(None))));

    desk.mark_failed(first.id, "connection refused", Some(queued_ms + 60_000)).unwrap();
    let second = desk.next_due(queued_ms).unwrap().unwrap();
    assert!(matches!(second.notice, Notice::Emergency { .. }));
    desk.mark_sent(second.id, queued_ms + 1).unwrap();
    assert_eq!(desk.next_due(queued_ms).unwrap(), None);

    assert_eq!(desk.next_due_ms().unwrap(), Some(queued_ms + 60_000));
    let again = desk.next_due(queued_ms + 60_000).unwrap().unwrap();
    assert_eq!((again.id, again.attempts), (first.id, 1));
    desk.mark_failed(again.id, "no such mailbox", None).unwrap();
    assert_eq!(desk.next_due_ms().unwrap(), None);
    desk.mark_sent(again.id, 0).unwrap();
    let states: Vec<_> = place.reader().outbox(None, 10).unwrap().into_iter().map(|(_, sending)| sending).collect();
    assert_eq!(
        states,
        [Sending::Sent { at_ms: queued_ms + 1 }, Sending::Failed { error: "no such mailbox".into() }],
        "what is given up stays given up"
    );
}

#[test]
fn projecting_again_sends_nothing_again() {
    let place = Place::filled();
    let desk = place.desk();
    while let Some(notice) = desk.next_due(u64::MAX).unwrap() {
        desk.mark_sent(notice.id, 1).unwrap();
    }
    place.projector().apply(&records()).unwrap();
    assert_eq!(desk.next_due_ms().unwrap(), None);
}

fn user(login: &str) -> User {
    User {
        login: login.into(),
        name: "Dana Cole".into(),
        email: "dana@example.com".into(),
        role: Role::Owner,
        account: Some(law()),
        password_hash: "$argon2id$...".into(),
        created_ms: 7,
    }
}

fn session(number: u8, last_used_ms: u64) -> Session {
    Session {
        token_hash: [number; 32],
        login: "dana".into(),
        created_ms: 100,
        last_used_ms,
        expires_ms: 1_000,
        ip: "192.0.2.1".into(),
        agent: "Firefox".into(),
        is_whole: true,
    }
}

#[test]
fn users_come_and_go() {
    let place = Place::new();
    let desk = place.desk();
    desk.add_user(&user("dana")).unwrap();
    let admin = User { role: Role::Admin, account: None, ..user("admin") };
    desk.add_user(&admin).unwrap();
    assert!(matches!(desk.add_user(&user("dana")), Err(Error::UserExists(login)) if login == "dana"));
    assert_eq!(desk.users().unwrap(), [admin, user("dana")]);
    assert_eq!(desk.user("dana").unwrap(), Some(user("dana")));
    assert_eq!(desk.user("Dana").unwrap(), None);
    desk.remove_user("dana").unwrap();
    assert!(matches!(desk.remove_user("dana"), Err(Error::NoUser(_))));
    assert!(matches!(desk.set_password("dana", "x"), Err(Error::NoUser(_))));
    assert!(!format!("{:?}", user("dana")).contains("argon2"));
}

#[test]
fn sessions_end() {
    let place = Place::new();
    let desk = place.desk();
    assert!(matches!(desk.add_session(&session(1, 100)), Err(Error::NoUser(_))));
    desk.add_user(&user("dana")).unwrap();
    let found = |number: u8, now_ms| desk.session(&[number; 32], now_ms).unwrap();

    desk.add_session(&session(1, 100)).unwrap();
    assert_eq!(found(1, 999), Some((session(1, 100), user("dana"))));
    assert_eq!(found(1, 1_000), None, "by time");
    desk.touch_session(&[1; 32], 900, 1_900).unwrap();
    assert_eq!(found(1, 1_000).map(|(session, _)| session.last_used_ms), Some(900));
    desk.remove_session(&[1; 32]).unwrap();
    assert_eq!(found(1, 0), None, "by logging out");

    desk.add_session(&session(2, 100)).unwrap();
    desk.set_password("dana", "other").unwrap();
    assert_eq!(found(2, 0), None, "by a new password");

    desk.add_session(&session(3, 100)).unwrap();
    desk.remove_user("dana").unwrap();
    desk.add_user(&user("dana")).unwrap();
    assert_eq!(found(3, 0), None, "with the user");
}

#[test]
fn sessions_of_one_user_are_bounded() {
    let place = Place::new();
    let desk = place.desk();
    desk.add_user(&user("dana")).unwrap();
    for number in 0..=u8::try_from(MAX_SESSIONS_PER_USER).unwrap() {
        desk.add_session(&session(number, 100 + u64::from(number))).unwrap();
    }
    assert_eq!(desk.session(&[0; 32], 0).unwrap(), None, "the one unused for longest");
    assert!(desk.session(&[1; 32], 0).unwrap().is_some());
    desk.add_session(&Session { created_ms: 5_000, expires_ms: 9_000, ..session(99, 5_000) }).unwrap();
    let left: i64 = desk.one("x", "SELECT count(*) FROM sessions", [], |row| row.get(0)).unwrap().unwrap();
    assert_eq!(left, 1, "those that have ended are swept away");
}
