//! The section on lock-out: limits, block lists and the packet filter.

use std::collections::BTreeSet;

use super::super::document::Section;
use super::super::{BlockLists, ListSource, Nftables, PacketFilter};
use super::Reader;

/// The longest name of a table.
const MAX_TABLE_NAME: usize = 31;

impl<'t> Reader<'t> {
    pub(super) fn block_lists(&mut self, section: &mut Section<'t>) -> BlockLists {
        let texts: Vec<String> = section.take("lists", &mut self.mistakes).unwrap_or_default();
        if texts.len() > ::lockout::MAX_LISTS {
            self.mistakes.add("lockout.lists", format!("holds at most {} lists", ::lockout::MAX_LISTS));
        }
        let is_web = |text: &str| text.starts_with("http://") || text.starts_with("https://");
        let source = |text: String| {
            if is_web(&text) { ListSource::Web(text) } else { ListSource::File(self.path(text.into())) }
        };
        let lists: Vec<ListSource> = texts.into_iter().map(source).collect();
        let names: BTreeSet<String> = lists.iter().map(ListSource::name).collect();
        if names.len() < lists.len() {
            self.mistakes.add("lockout.lists", "holds two files of one name, or two addresses on one host");
        }
        BlockLists {
            lists,
            refresh_s: self.number(section, "lists_refresh_s", 60, 1, 86_400),
            fetch_s: self.number(section, "lists_fetch_s", 3_600, 1, 7 * 86_400),
        }
    }

    pub(super) fn nftables(&mut self, section: &mut Section<'t>) -> PacketFilter {
        let mode: Option<String> = section.take("nftables", &mut self.mistakes);
        let mode = match mode.as_deref() {
            None | Some("off") => Nftables::Off,
            Some("dry-run") => Nftables::DryRun,
            Some("on") => Nftables::On,
            Some(other) => {
                let text = format!("`{other}` is not \"off\", \"dry-run\" or \"on\"");
                self.mistakes.add("lockout.nftables", text);
                Nftables::Off
            }
        };
        let table: Option<String> = section.take("nftables_table", &mut self.mistakes);
        let table = table.unwrap_or_else(|| "tollguard".to_owned());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let begins = table.starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins || table.len() > MAX_TABLE_NAME || !table.chars().all(is_plain) {
            let text = format!("needs a letter first, then letters, digits, - or _; {MAX_TABLE_NAME} at most");
            self.mistakes.add("lockout.nftables_table", text);
        }
        PacketFilter { mode, table }
    }

    pub(super) fn lockout(&mut self, mut section: Section<'t>) -> ::lockout::Settings {
        let mut settings = ::lockout::Settings::default();
        let mistakes = &mut self.mistakes;
        settings.enabled = section.take("enabled", mistakes).unwrap_or(settings.enabled);
        settings.failures = section.take("failures", mistakes).unwrap_or(settings.failures);
        settings.window_s = section.take("window_s", mistakes).unwrap_or(settings.window_s);
        settings.ban_s = section.take("ban_s", mistakes).unwrap_or(settings.ban_s);
        settings.max_ban_s = section.take("max_ban_s", mistakes).unwrap_or(settings.max_ban_s.max(settings.ban_s));
        settings = settings.with_room();
        for (key, size) in [
            ("address_day", &mut settings.address_day),
            ("network_day", &mut settings.network_day),
            ("asn_day", &mut settings.asn_day),
            ("line_day", &mut settings.line_day),
            ("strangers_s", &mut settings.strangers_s),
        ] {
            *size = section.take(key, mistakes).unwrap_or(*size);
        }
        for text in section.take::<Vec<String>>("allow", mistakes).unwrap_or_default() {
            match node::address_or_prefix(&text) {
                Some(prefix) => settings.allow_list.push(prefix),
                None => mistakes.add("lockout.allow", format!("`{text}` is neither an address nor a range")),
            }
        }
        section.end(mistakes);
        for mistake in settings.mistakes() {
            mistakes.add("lockout", mistake.to_string());
        }
        settings
    }
}
