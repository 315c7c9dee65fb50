//! `tollguard audit`: every charge worked out again from its call and its deck, every balance from its ledger.

use std::collections::BTreeMap;

use billing::{AccountId, Book, CallId, Cdr, DeckId, DeckVersion, EntryKind, Money, Rate, charge};
use clap::Args;
use store::{AccountRow, CdrFilter, MAX_ROWS, Reader};

use super::CliError;
use super::context::Context;
use super::error::refused;
use super::output::{now_ms, print};

/// Differences that are told; beyond them they are only counted.
const MAX_TOLD: usize = 200;
/// How often an account that changes meanwhile is looked at again.
const TRIES: usize = 5;

/// Work out every charge and balance again, and report what differs.
#[derive(Debug, Args)]
#[command(long_about = "\
Works out every charge again from the call and the version of the deck that priced it, every balance and what is held from \
the ledger's entries, and holds calls and ledger against each other. Reports what differs, and ends with 1 if anything does.

Example:
  tollguard audit --account law-000")]
pub struct Audit {
    /// Of this account [default: all].
    #[arg(long)]
    account: Option<AccountId>,
}

/// What was found.
#[derive(Default)]
struct Found {
    accounts: u64,
    calls: u64,
    entries: u64,
    /// Charges whose records were removed by age.
    removed: u64,
    differences: Vec<String>,
    count: u64,
}

impl Found {
    fn differs(&mut self, text: String) {
        self.count += 1;
        if self.differences.len() < MAX_TOLD {
            self.differences.push(text);
        }
    }
}

impl Audit {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let reader = context.reader()?;
        let accounts = match &self.account {
            Some(id) => vec![context.account(&reader, id)?],
            None => reader.accounts()?,
        };
        let mut decks = Decks { reader: &reader, known: BTreeMap::new() };
        // Records go by when their call began, and a charge comes at its end.
        let days = context.config.retention.calls_days;
        let removed_before_ms =
            days.map_or(0, |days| now_ms().saturating_sub(u64::from(days.saturating_sub(1)) * 86_400_000));
        let mut found = Found::default();
        for account in accounts {
            found.accounts += 1;
            let charged = ledger(&reader, account, &mut found)?;
            calls(&reader, &mut decks, charged, removed_before_ms, &mut found)?;
        }
        for text in &found.differences {
            print(&format!("{text}\n"));
        }
        if found.removed > 0 {
            print(&format!("{} charges are of calls whose records were removed by age.\n", found.removed));
        }
        let sum = format!("{} accounts, {} calls, {} ledger entries", found.accounts, found.calls, found.entries);
        if found.count > 0 {
            return refused(format!("{sum}: {} differences", found.count));
        }
        print(&format!("{sum}: everything adds up.\n"));
        Ok(())
    }
}

/// What the ledger charged for each call of an account.
struct Charged {
    account: AccountId,
    /// When, and how much.
    calls: BTreeMap<CallId, (u64, Money)>,
}

/// Sums an account's entries up and compares them with its row.
fn ledger(reader: &Reader, mut row: AccountRow, found: &mut Found) -> Result<Charged, CliError> {
    for _ in 1..TRIES {
        let mut silent = Found::default();
        sums(reader, &row, &mut silent)?;
        if silent.count == 0 {
            break;
        }
        // A call may have begun or ended meanwhile.
        row = reader.account(&row.id)?.unwrap_or(row);
    }
    sums(reader, &row, found)
}

fn sums(reader: &Reader, row: &AccountRow, found: &mut Found) -> Result<Charged, CliError> {
    let mut books = [0_i128; Book::ALL.len()];
    let mut calls: BTreeMap<CallId, (u64, Money)> = BTreeMap::new();
    let mut seq = 0;
    loop {
        let page = reader.ledger(&row.id, seq, MAX_ROWS)?;
        let Some(last) = page.last() else { break };
        let last_seq = last.seq;
        for entry in &page {
            if entry.seq != seq + 1 {
                found.differs(format!("account {}: ledger entry {} follows entry {seq}", row.id, entry.seq));
            }
            seq = entry.seq;
            books[entry.from as usize] -= i128::from(entry.amount.micros());
            books[entry.to as usize] += i128::from(entry.amount.micros());
            let balance = books[Book::Free as usize] + books[Book::Held as usize];
            if i128::from(entry.balance.micros()) != balance {
                found.differs(format!("account {}: entry {seq} says {}, the sum is {balance}", row.id, entry.balance));
            }
            if let (EntryKind::Capture, Some(call)) = (entry.kind, entry.call)
                && calls.insert(call, (entry.at_ms, entry.amount)).is_some()
            {
                found.differs(format!("account {}: call {call} is charged twice", row.id));
            }
        }
        found.entries += page.len() as u64;
        seq = last_seq;
    }
    let held = books[Book::Held as usize];
    let balance = books[Book::Free as usize] + held;
    for (what, says, sum) in [("balance", row.balance, balance), ("held money", row.held, held)] {
        if i128::from(says.micros()) != sum {
            found.differs(format!("account {}: the {what} is {says}, the ledger sums to {sum} micros", row.id));
        }
    }
    Ok(Charged { account: row.id.clone(), calls })
}

/// Works the charge of every call out again.
fn calls(
    reader: &Reader,
    decks: &mut Decks<'_>,
    mut charged: Charged,
    removed_before_ms: u64,
    found: &mut Found,
) -> Result<(), CliError> {
    let filter = CdrFilter { account: Some(charged.account.clone()), limit: MAX_ROWS, ..CdrFilter::default() };
    let mut after = None;
    loop {
        let page = reader.cdrs_after(&filter, after)?;
        let Some(last) = page.last() else { break };
        after = Some((last.times.start_ms, last.call));
        for cdr in &page {
            found.calls += 1;
            let (_, ledger) = charged.calls.remove(&cdr.call).unwrap_or_default();
            if ledger != cdr.money.charge {
                let charge = cdr.money.charge;
                found.differs(format!("call {}: the record says {charge}, the ledger {ledger}", cdr.call));
            }
            if let Some(text) = decks.difference(cdr)? {
                found.differs(format!("call {}: {text}", cdr.call));
            }
        }
    }
    for (call, (at_ms, amount)) in charged.calls {
        // Retention removes records and leaves the entries.
        if at_ms < removed_before_ms {
            found.removed += 1;
        } else {
            found
                .differs(format!("account {}: {amount} for call {call}, of which there is no record", charged.account));
        }
    }
    Ok(())
}

/// Versions of decks, read once.
struct Decks<'r> {
    reader: &'r Reader,
    known: BTreeMap<(DeckId, u64), Option<DeckVersion>>,
}

impl Decks<'_> {
    /// What is wrong with the price of a call.
    fn difference(&mut self, cdr: &Cdr) -> Result<Option<String>, CliError> {
        let Some(used) = &cdr.money.rate else { return Ok(None) };
        let rate = Rate {
            prefix: used.prefix,
            destination: "".into(),
            per_minute: cdr.money.per_minute,
            connect_fee: cdr.money.connect_fee,
            minimum_s: used.minimum_s,
            increment_s: used.increment_s,
            free_s: used.free_s,
        };
        let price = charge(&rate, cdr.times.billed_ms()).min(cdr.money.held_peak);
        if price != cdr.money.charge {
            return Ok(Some(format!("it costs {price} and was charged {}", cdr.money.charge)));
        }
        let key = (used.source.deck.clone(), used.source.from_ms);
        if !self.known.contains_key(&key) {
            let version = self.reader.deck(&key.0, key.1)?.filter(|version| version.from_ms == key.1);
            self.known.insert(key.clone(), version);
        }
        let Some(version) = self.known.get(&key).and_then(Option::as_ref) else {
            return Ok(Some(format!("deck {} of that time is not there any more", key.0)));
        };
        // A number that was masked by age still has its price, at the prefix that was found for it.
        let row = match cdr.number.e164 {
            Some(number) => version.deck.rate_for(number),
            None => version.deck.rates().iter().find(|rate| rate.prefix == used.prefix),
        };
        let same = row
            .map(|row| row.marked_up(used.source.markup_bp))
            .is_some_and(|row| Rate { destination: "".into(), ..row } == rate);
        Ok((!same).then(|| format!("deck {} has another price for {}", key.0, cdr.number.dialled)))
    }
}
