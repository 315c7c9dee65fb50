//! `tollguard ban`: addresses locked out after failed log-ins, or by hand.

use account::Actor;
use clap::{Args, Subcommand, ValueEnum};
use ipnet::IpNet;
use lockout::{Pressed, Settings, shortest};
use node::{Command, CommandReply, NodeChange, address_or_prefix};
use portal::shapes;

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, fields, local, now_ms};
use super::span::Span;
use super::{CliError, Listing};
use crate::serve::load_places;

/// Addresses locked out after failed log-ins, or by hand.
#[derive(Debug, Args)]
#[command(long_about = "\
Lock-out: an address that fails to log in too often is refused for a time, before anything it sends is read; so is a \
network whose addresses do. A name that is guessed at from many addresses can be tried only from where it has logged in \
before. Phones keep working at addresses they have logged in from, whatever their neighbours do.

Examples:
  tollguard ban list
  tollguard ban guessed
  tollguard ban export > banned.txt
  tollguard ban add 203.0.113.0/24 --for 7d --note 'scanner'
  tollguard ban lift 203.0.113.9
  tollguard ban allow add 192.0.2.0/24
  tollguard ban settings --failures 5 --window 10m --length 1h --line-day 20
  tollguard ban off")]
pub struct Ban {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Who is locked out now, and why.
    List(Listing),
    /// The addresses and ranges that are locked out now, one a line, for packet filters and other machines.
    Export,
    /// Names and networks that are guessed at so much that strangers must wait.
    Guessed(Listing),
    /// Block lists from outside that are in force, and how much they hold.
    Lists(Listing),
    /// Lock an address or a range out by hand.
    Add {
        /// The address or range.
        #[arg(value_parser = prefix)]
        prefix: IpNet,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
        /// For how long: 90s, 15m, 2h, 7d.
        #[arg(long = "for", value_name = "LENGTH", default_value = "24h")]
        length: Span,
    },
    /// Let an address or a range in again.
    Lift {
        /// The address or range as it is listed.
        #[arg(value_parser = prefix)]
        prefix: IpNet,
    },
    /// Addresses that are never locked out.
    Allow {
        /// Put on the list, or take off.
        what: AllowAction,
        /// The address or range.
        #[arg(value_parser = prefix)]
        prefix: IpNet,
    },
    /// Turn lock-out on.
    On,
    /// Turn lock-out off: failures are still counted, bans by hand still hold.
    Off,
    /// Show or change when an address is locked out.
    Settings(Change),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AllowAction {
    /// Put on the list.
    Add,
    /// Take off the list.
    Remove,
}

#[derive(Debug, Args)]
struct Change {
    /// Failed log-ins that lock out.
    #[arg(long)]
    failures: Option<u32>,
    /// Within this time.
    #[arg(long, value_name = "LENGTH")]
    window: Option<Span>,
    /// For this long at first; each further time for twice as long.
    #[arg(long, value_name = "LENGTH")]
    length: Option<Span>,
    /// Where the doubling ends.
    #[arg(long, value_name = "LENGTH")]
    longest: Option<Span>,
    /// Failures a day that an address is allowed, however slowly it guesses.
    #[arg(long)]
    address_day: Option<u32>,
    /// Failures a day that a network (IPv4 /24, IPv6 /48) is allowed.
    #[arg(long)]
    network_day: Option<u32>,
    /// Failures a day that an autonomous system is allowed.
    #[arg(long)]
    asn_day: Option<u32>,
    /// Failures a day at one user name from where it never logged in.
    #[arg(long)]
    line_day: Option<u32>,
    /// Datagrams of strangers that are read each second.
    #[arg(long)]
    strangers: Option<u32>,
    #[command(flatten)]
    listing: Listing,
}

fn prefix(text: &str) -> Result<IpNet, String> {
    address_or_prefix(text).ok_or_else(|| format!("`{text}` is neither an address nor a range such as 192.0.2.0/24"))
}

impl Ban {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let by = Actor::CommandLine;
        match self.action {
            Action::List(listing) => list(context, listing),
            Action::Export => export(context),
            Action::Lists(listing) => lists(context, listing),
            Action::Guessed(listing) => guessed(context, listing),
            Action::Add { prefix, note, length } => context.say(&Command::Ban { by, prefix, note, length_s: length.s }),
            Action::Lift { prefix } => context.say(&Command::LiftBan { by, prefix }),
            Action::Allow { what, prefix } => allow(context, what, prefix),
            Action::On => switch(context, true),
            Action::Off => switch(context, false),
            Action::Settings(change) => settings(context, &change),
        }
    }
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let bans = context.reader()?.bans(now_ms())?;
    if listing.json {
        let places = load_places(&context.config)?;
        return output::json(&bans.iter().map(|ban| shapes::ban(ban, &places)).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["ADDRESS", "UNTIL", "TIMES", "WHY"], &[2]);
    for ban in bans {
        table.row(vec![ban.prefix.to_string(), local(ban.until_ms, None), ban.repeat.to_string(), ban.describe()]);
    }
    output::print(&table.text("Nobody is locked out."));
    Ok(())
}

fn export(context: &Context) -> Result<(), CliError> {
    let mut bans = context.reader()?.bans(now_ms())?;
    bans.sort_by_key(|ban| ban.prefix);
    output::print(&bans.iter().map(|ban| shortest(&ban.prefix) + "\n").collect::<String>());
    Ok(())
}

fn lists(context: &Context, listing: Listing) -> Result<(), CliError> {
    let CommandReply::BlockLists(lists) = context.node()?.ask(&Command::BlockLists)? else {
        return refused("the node gave no list");
    };
    if listing.json {
        let shape = |(name, size): &(String, usize)| shapes::block_list(name, *size);
        return output::json(&lists.iter().map(shape).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["LIST", "HOLDS"], &[1]);
    for (name, size) in lists {
        table.row(vec![name, size.to_string()]);
    }
    output::print(&table.text("No block list is in force: name files under [lockout] in the configuration."));
    Ok(())
}

fn guessed(context: &Context, listing: Listing) -> Result<(), CliError> {
    let CommandReply::Guessed(guessed) = context.node()?.ask(&Command::Guessed)? else {
        return refused("the node gave no list");
    };
    if listing.json {
        return output::json(&guessed.iter().map(shapes::guessed).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["FAILURES", "ADDRESSES", "NEXT TRY", "WHAT"], &[0, 1]);
    for Pressed { target, failures, addresses, next_ms } in guessed {
        table.row(vec![failures.to_string(), addresses.to_string(), local(next_ms, None), target.to_string()]);
    }
    output::print(&table.text("Nothing is being guessed at so much that strangers must wait."));
    Ok(())
}

fn allow(context: &Context, what: AllowAction, prefix: IpNet) -> Result<(), CliError> {
    let mut settings = context.reader()?.lockout()?;
    let known = settings.allow_list.contains(&prefix);
    match what {
        AllowAction::Add if known => return refused(format!("{prefix} is on the list already")),
        AllowAction::Add => settings.allow_list.push(prefix),
        AllowAction::Remove if !known => return refused(format!("{prefix} is not on the list")),
        AllowAction::Remove => settings.allow_list.retain(|other| *other != prefix),
    }
    put(context, settings)
}

fn switch(context: &Context, enabled: bool) -> Result<(), CliError> {
    put(context, Settings { enabled, ..context.reader()?.lockout()? })
}

fn settings(context: &Context, change: &Change) -> Result<(), CliError> {
    let old = context.reader()?.lockout()?;
    let ban_s = change.length.map_or(old.ban_s, |length| length.s);
    let new = Settings {
        failures: change.failures.unwrap_or(old.failures),
        window_s: change.window.map_or(old.window_s, |window| window.s),
        ban_s,
        max_ban_s: change.longest.map_or(old.max_ban_s.max(ban_s), |longest| longest.s),
        ..old.clone()
    }
    .with_room();
    let new = Settings {
        address_day: change.address_day.unwrap_or(new.address_day),
        network_day: change.network_day.unwrap_or(new.network_day),
        asn_day: change.asn_day.unwrap_or(new.asn_day),
        line_day: change.line_day.unwrap_or(new.line_day),
        strangers_s: change.strangers.unwrap_or(new.strangers_s),
        ..new
    };
    if new != old {
        return put(context, new);
    }
    if change.listing.json {
        return output::json(&shapes::lockout(&old));
    }
    let allowed: Vec<String> = old.allow_list.iter().map(ToString::to_string).collect();
    output::print(&fields(&[
        ("lock-out", if old.enabled { "on" } else { "off" }.to_owned()),
        ("after", format!("{} failures within {} s", old.failures, old.window_s)),
        (
            "a day",
            format!(
                "{} failures from an address, {} from a network, {} from an autonomous system, {} at a user name",
                old.address_day, old.network_day, old.asn_day, old.line_day
            ),
        ),
        ("for", format!("{} s, doubling up to {} s", old.ban_s, old.max_ban_s)),
        ("strangers", format!("{} datagrams a second are read", old.strangers_s)),
        ("never", if allowed.is_empty() { "-".to_owned() } else { allowed.join("\n") }),
    ]));
    Ok(())
}

fn put(context: &Context, settings: Settings) -> Result<(), CliError> {
    let mistakes: Vec<String> = settings.mistakes().iter().map(ToString::to_string).collect();
    if !mistakes.is_empty() {
        return refused(mistakes.join("\n"));
    }
    context.change_node(NodeChange::Lockout(settings))
}
