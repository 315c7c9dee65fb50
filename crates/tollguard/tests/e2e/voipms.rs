//! VOIP.MS's API under the tools of its customers: a client library for Rust and a program in Python, neither of them ours
//! or changed for us, at the real binary with real calls behind it.

use std::path::{Path, PathBuf};
use std::process::Command;

use billing::{Cdr, Money};
use jiff::Timestamp;
use voip_ms::chrono::NaiveDate;
use voip_ms::reqwest::{self, Url};
use voip_ms::{
    ApiStatus, Client, Error, GetBalanceParams, GetCDRParams, GetRatesParams, GetRegistrationStatusParams,
    GetSubAccountsParams, GetSubAccountsResponseAccount, GetTransactionHistoryParams, SetSubAccountParams,
};

use crate::support::{CONTACT, Hosts, HttpsFront, Node, NodeOptions, Office, Sipp, register, secret};

/// Abroad, and not dear.
const LONDON: &str = "011442079460123";

/// A firm with two phones and ten dollars, whose programs may call the API from `allowed`; and their password.
fn node(allowed: &str) -> (Node, String) {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bob");
    let options = NodeOptions::default().set("proxies", "[\"127.0.0.1\"]");
    let node = Node::start(hosts, &options, &office);
    let said = node.command(&["voipms", "on", "firm", "--allow", allowed]);
    let password = said.split_once("shown this once: ").unwrap().1.trim().to_owned();
    (node, password)
}

/// Alice calls a number; the carrier plays its scenario.
fn call(node: &Node, number: &str, caller: &str, carrier: &str) {
    let carrier = Sipp::answering(carrier, node.hosts.sip(2), node.ip()).start();
    Sipp::calling(caller, node.hosts.sip(10), node.ip()).dial(number).login("alice", &secret("alice")).run();
    carrier.finish();
}

fn client(node: &Node, password: &str) -> Client {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url: Url = format!("http://{}:8080/api/v1/rest.php", node.ip()).parse().unwrap();
    Client::builder(CONTACT, password).http_client(http).base_url(url).build()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// The days around now, wherever midnight is.
fn days() -> (NaiveDate, NaiveDate) {
    let day = |hours: i64| {
        let at = Timestamp::now().as_second() + hours * 3600;
        Timestamp::from_second(at).unwrap().strftime("%Y-%m-%d").to_string().parse().unwrap()
    };
    (day(-24), day(24))
}

fn every_call() -> GetCDRParams {
    let (from, to) = days();
    GetCDRParams {
        date_from: Some(from),
        date_to: Some(to),
        answered: Some(true),
        no_answer: Some(true),
        busy: Some(true),
        failed: Some(true),
        ..GetCDRParams::default()
    }
}

/// What was read of a sub-account, to be written again.
fn as_read(account: GetSubAccountsResponseAccount) -> SetSubAccountParams {
    SetSubAccountParams {
        id: account.id,
        description: account.description,
        auth_type: account.auth_type,
        password: account.password,
        ip: account.ip,
        device_type: account.device_type,
        caller_id_number: account.caller_id_number,
        canada_routing: account.canada_routing,
        lock_international: account.lock_international,
        international_route: account.international_route,
        music_on_hold: account.music_on_hold,
        language: account.language,
        allowed_codecs: account.allowed_codecs,
        dtmf_mode: account.dtmf_mode,
        nat: account.nat,
        sip_traffic: account.sip_traffic,
        max_expiry: account.max_expiry,
        rtp_timeout: account.rtp_timeout,
        rtp_hold_timeout: account.rtp_hold_timeout,
        ip_restriction: account.ip_restriction,
        enable_ip_restriction: account.enable_ip_restriction,
        pop_restriction: account.pop_restriction,
        enable_pop_restriction: account.enable_pop_restriction,
        internal_extension: account.internal_extension,
        internal_voicemail: account.internal_voicemail,
        internal_dial_time: account.internal_dial_time,
        send_bye: account.send_bye,
        record_calls: account.record_calls,
        ..SetSubAccountParams::default()
    }
}

#[test]
fn a_client_library_reads_money_calls_and_lines() {
    let (node, password) = node("127.0.0.1");
    register(&node, "bob", 11);
    call(&node, "13035550123", "call", "answer");
    call(&node, "13035550124", "call_busy", "answer_busy");
    let cdrs = node.expect_cdrs(2);
    let client = client(&node, &password);
    run(async {
        let balance = client.get_balance(&GetBalanceParams { advanced: Some(true) }).await.unwrap().balance.unwrap();
        assert_eq!(balance.current_balance.unwrap().to_string(), "9.99900000");
        assert_eq!((balance.spent_total.unwrap().to_string(), balance.calls_today), ("0.00100000".into(), Some(1)));
        assert_eq!(balance.time_today.as_deref(), Some("00:00:00"));

        let read = client.get_cdr(&every_call()).await.unwrap().cdr;
        let dispositions: Vec<_> = read.iter().map(|cdr| cdr.disposition.as_deref().unwrap()).collect();
        assert_eq!(dispositions, ["BUSY", "ANSWERED"]);
        let (answered, ours) = (&read[1], &cdrs[0]);
        assert_eq!(answered.destination.as_deref(), Some("3035550123"));
        assert_eq!(answered.caller_id.as_deref(), Some("3035550100"));
        assert_eq!(answered.account.as_deref(), Some("firm_101"));
        assert_eq!((answered.seconds, answered.duration.as_deref()), (Some(1), Some("00:00:01")));
        assert_eq!(answered.rate.unwrap().to_string(), "0.01000000");
        assert_eq!(answered.total.unwrap().to_string(), "0.00100000");
        assert_eq!(answered.unique_id.clone(), Some(ours.call.to_string()));
        assert_eq!(answered.ip, Some(ours.from.ip.to_string()));
        assert_eq!(answered.user_agent.as_deref(), Some("Desk phone 5.6"));
        assert_same_instant(answered, ours);
        let bobs = GetCDRParams { account: Some("firm_102".into()), ..every_call() };
        assert_eq!(client.get_cdr(&bobs).await.unwrap().status, ApiStatus::NoCDR);

        let accounts = client.get_sub_accounts(&GetSubAccountsParams::default()).await.unwrap().accounts;
        let names: Vec<_> = accounts.iter().map(|account| account.account.as_deref().unwrap()).collect();
        assert_eq!(names, ["firm_101", "firm_102"]);
        assert_eq!(accounts[0].password, None, "the field is empty, for no password is kept");
        for (name, registered) in [("firm_101", false), ("firm_102", true)] {
            let asked = GetRegistrationStatusParams { account: Some(name.into()) };
            let status = client.get_registration_status(&asked).await.unwrap();
            assert_eq!((status.registered, status.registrations.len()), (Some(registered), usize::from(registered)));
            let address = status.registrations.first().and_then(|at| at.register_ip.clone());
            assert_eq!(address, registered.then(|| node.hosts.host(11).to_string()));
        }
        let rates = GetRatesParams { package: Some("1".into()), query: Some("Albania".into()) };
        let rates = client.get_rates(&rates).await.unwrap().rates;
        assert!(rates.iter().any(|rate| rate.prefix == Some(355)), "{rates:?}");
        let (from, to) = days();
        let history = GetTransactionHistoryParams { date_from: Some(from), date_to: Some(to) };
        let history = client.get_transaction_history(&history).await.unwrap().transactions;
        let amounts: Vec<_> = history.iter().map(|row| row.amount.unwrap().to_string()).collect();
        assert_eq!(amounts, ["-0.00100000", "10.00000000"]);
        for (answered, what) in [
            (client.get_call_types(&Default::default()).await.unwrap().call_types.len(), "call types"),
            (client.get_call_accounts().await.unwrap().accounts.len(), "accounts"),
            (client.get_servers_info(&Default::default()).await.unwrap().servers.len(), "servers"),
            (client.get_lock_international(&Default::default()).await.unwrap().lock_international.len(), "locks"),
        ] {
            assert!(answered > 0, "{what}");
        }
        assert_eq!(client.get_dids_info(&Default::default()).await.unwrap().status, ApiStatus::NoDID);
    });
}

/// Written and read in the wrong zone, a time would be hours off.
fn assert_same_instant(read: &voip_ms::GetCDRResponseCDR, ours: &Cdr) {
    let date = format!("{:?}", read.date);
    let at = Timestamp::from_millisecond(i64::try_from(ours.times.start_ms).unwrap()).unwrap();
    let eastern = at.to_zoned(jiff::tz::TimeZone::get("America/Toronto").unwrap());
    assert!(date.contains(&eastern.strftime("%Y-%m-%dT%H:%M:%S").to_string()), "{date} is not {eastern}");
}

#[test]
fn a_client_library_locks_a_line_and_its_calls_abroad_are_refused() {
    let (node, password) = node("127.0.0.1");
    call(&node, LONDON, "call", "answer");
    let client = client(&node, &password);
    let lock = |code: u64| {
        run(async {
            let wanted = GetSubAccountsParams { account: Some("firm_101".into()) };
            let read = client.get_sub_accounts(&wanted).await.unwrap().accounts.remove(0);
            let params = SetSubAccountParams { lock_international: Some(code), ..as_read(read) };
            client.set_sub_account(&params).await.unwrap();
        });
    };
    let before = node.line("101");
    lock(1);
    let after = node.line("101");
    assert_eq!(account::Line { international: false, last_seen: before.last_seen.clone(), ..before }, after);
    let refused = Sipp::calling("call_refused", node.hosts.sip(10), node.ip()).dial(LONDON);
    let heard = refused.login("alice", &secret("alice")).run();
    assert!(heard.contains("line 101 is not allowed to call United Kingdom"), "{heard}");
    call(&node, "13035550123", "call", "answer");
    lock(0);
    call(&node, LONDON, "call", "answer");
    node.expect_cdrs(4);
    let audit = node.reader().audit(Some(&"firm".parse().unwrap()), 10).unwrap();
    let by = format!("{CONTACT} (API)");
    assert_eq!(audit.iter().filter(|row| row.by == by).count(), 2, "{audit:?}");
    assert!(node.check_books() < Money::from_cents(1_000));
}

#[test]
fn a_new_password_through_the_api_is_the_lines_new_secret() {
    let (node, password) = node("127.0.0.1");
    let client = client(&node, &password);
    let set = |password: &str| {
        run(async {
            let read = client.get_sub_accounts(&GetSubAccountsParams { account: Some("firm_101".into()) }).await;
            let read = as_read(read.unwrap().accounts.remove(0));
            client.set_sub_account(&SetSubAccountParams { password: Some(password.into()), ..read }).await
        })
    };
    match set("alice101") {
        Err(Error::Api(status)) => assert_eq!(status.as_wire(), "weak_password"),
        other => panic!("a weak password: {other:?}"),
    }
    set("t7Gq-Zm2x-Lw9v-Kd4r").unwrap();
    let phone = Sipp::calling("register", node.hosts.sip(10), node.ip());
    phone.login("alice", "t7Gq-Zm2x-Lw9v-Kd4r").run();
    let old = Sipp::calling("register_wrong", node.hosts.sip(12), node.ip());
    old.login("alice", &secret("alice")).run();
}

#[test]
fn strangers_and_the_careless_are_told_what_is_wrong() {
    let (node, password) = node("203.0.113.9");
    let said = |password: &str| {
        run(async {
            let client = client(&node, password);
            let ip = client.get_ip().await.map(|answer| answer.ip);
            (ip.map_err(|error| error.to_string()), client.get_balance(&GetBalanceParams::default()).await)
        })
    };
    let status = |answer: voip_ms::Result<_>| match answer {
        Err(Error::Api(status)) => status.as_wire().to_owned(),
        other => panic!("{other:?}"),
    };
    let (ip, balance) = said(&password);
    assert_eq!((ip.unwrap().as_deref(), status(balance).as_str()), (Some("127.0.0.1"), "ip_not_enabled"));
    node.command(&["voipms", "allow", "firm", "127.0.0.0/8"]);
    assert!(said(&password).1.is_ok());
    node.command(&["voipms", "off", "firm"]);
    assert_eq!(status(said(&password).1), "api_not_enabled");
    node.command(&["voipms", "on", "firm"]);
    let renewed = node.command(&["voipms", "password", "firm"]);
    let renewed = renewed.split_once("shown this once: ").unwrap().1.trim();
    assert!(said(renewed).1.is_ok());
    for _ in 0..5 {
        assert_eq!(status(said(&password).1), "invalid_credentials");
    }
    assert_eq!(status(said(renewed).1), "api_limit_exceeded", "after ten failures this address waits");
}

/// Where `cargo xtask setup` puts the program.
fn get_cdrs() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../peers/voip-ms-moxad")
}

/// `get-cdrs` with a configuration of its own, through the front; returns what it printed.
fn print_cdrs(node: &Node, front: &HttpsFront, password: &str, arguments: &[&str]) -> String {
    let config = node.path("voip-ms.conf");
    let text = format!(
        "authentication:\n    user = {CONTACT}\n    pass = {password}\n\n\
         time:\n    timezone = -7\n\n\
         cdrs:\n    order (array) = date, callerid, destination, description, account, disposition, duration, total\n    \
         title (hash) = date=Date, callerid=Caller, total=Cost\n    \
         cdrs-wanted (hash) = answered=1, noanswer=1, busy=1, failed=1\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("/usr/bin/python3");
    command.arg(get_cdrs().join("bin/get-cdrs")).arg("--config").arg(&config).args(arguments);
    command.env("PYTHONPATH", get_cdrs()).env("HOME", node.path("nobody")).env_remove("NO_PROXY");
    command.env_remove("no_proxy").env("HTTPS_PROXY", front.proxy()).env("REQUESTS_CA_BUNDLE", front.authority());
    let output = command.output().unwrap_or_else(|error| panic!("{error}: run `cargo xtask setup`"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "get-cdrs failed:\n{said}{complaints}");
    said
}

#[test]
fn a_program_that_knows_voip_ms_alone_prints_our_calls() {
    // The program is allowed at its own address, as the proxy before the node tells it.
    let (node, password) = node("198.51.100.7");
    let portal = (node.ip(), 8080).into();
    let front = HttpsFront::start("voip.ms", (node.hosts.host(44), 0).into(), portal, "198.51.100.7".parse().unwrap());
    let (from, to) = days();
    let range = ["--from", &from.to_string(), "--to", &to.to_string(), "--cost"].map(str::to_owned);
    let range: Vec<&str> = range.iter().map(String::as_str).collect();
    let said = print_cdrs(&node, &front, &password, &range);
    assert!(said.contains("No CDR records were found"), "{said}");
    call(&node, "13035550123", "call", "answer");
    call(&node, LONDON, "call", "answer");
    call(&node, "13035550124", "call_busy", "answer_busy");
    let cdrs = node.expect_cdrs(3);
    let said = print_cdrs(&node, &front, &password, &range);
    for part in ["3 CDR records found", "442079460123", "United Kingdom", "firm_101", "BUSY", "ANSWERED", "00:00:01"] {
        assert!(said.contains(part), "`{part}` is not in\n{said}");
    }
    let charged: i64 = cdrs.iter().map(|cdr| cdr.money.charge.micros()).sum();
    let cents = format!("Total cost is ${:.2}", charged as f64 / 1e6);
    assert!(said.contains(&cents) && said.contains("Total duration of calls is 2 secs"), "{cents} is not in\n{said}");
}
