//! `cargo xtask plans`: draws the numbering plans in `crates/billing/data` from the metadata that rlibphonenumber carries
//! (a protocol buffer, phonemetadata.proto), after an update of that crate.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::verify::root;

/// Where the plans are kept.
const PLANS: &str = "crates/billing/data/numbering-plans.tsv";
/// The kinds of number that are asked for, in the order in which they are, with their fields in `PhoneMetadata`.
const KINDS: [(&str, u64); 11] = [
    ("general", 1),
    ("premium", 5),
    ("toll-free", 4),
    ("shared cost", 6),
    ("voip", 8),
    ("personal number", 7),
    ("pager", 21),
    ("company number", 25),
    ("voicemail", 28),
    ("fixed", 2),
    ("mobile", 3),
];
/// `PhoneMetadataCollection.metadata`, and further fields of `PhoneMetadata` and `PhoneNumberDesc`.
const METADATA: u64 = 1;
const ID: u64 = 9;
const COUNTRY_CODE: u64 = 10;
const SAME_MOBILE: u64 = 18;
const MAIN_COUNTRY: u64 = 22;
const LEADING_DIGITS: u64 = 23;
const NATIONAL_NUMBER_PATTERN: u64 = 2;
const POSSIBLE_LENGTH: u64 = 9;

/// Writes the file.
pub fn write() -> Result<()> {
    let metadata = cargo_metadata::MetadataCommand::new().manifest_path(root().join("Cargo.toml")).exec()?;
    let library = metadata.packages.iter().find(|package| package.name.as_str() == "rlibphonenumber");
    let library = library.context("rlibphonenumber is no dependency")?;
    let folder = library.manifest_path.parent().context("a manifest is in a folder")?;
    let bytes = std::fs::read(folder.join("src/generated/metadata/metadata.bin"))?;
    let mut regions: BTreeMap<u64, Vec<Fields<'_>>> = BTreeMap::new();
    for region in Fields::of(&bytes)?.all(METADATA).map(Field::bytes) {
        let region = Fields::of(region)?;
        let sharing = regions.entry(region.number(COUNTRY_CODE)).or_default();
        let place = if region.number(MAIN_COUNTRY) == 1 { 0 } else { sharing.len() };
        sharing.insert(place, region);
    }
    let mut text = format!(
        "# Numbering plans from libphonenumber's metadata (Apache-2.0), as rlibphonenumber {} carries it; by cargo xtask plans.\n\
         # code\tcountry\tkind\tlengths\tpattern\n",
        library.version
    );
    for (code, region) in regions.iter().flat_map(|(code, sharing)| sharing.iter().map(move |region| (code, region))) {
        rows(&mut text, *code, region)?;
    }
    std::fs::write(root().join(PLANS), text)?;
    println!("{PLANS} is written");
    Ok(())
}

fn rows(text: &mut String, code: u64, region: &Fields<'_>) -> Result<()> {
    let country = region.text(ID)?;
    let same_mobile = region.number(SAME_MOBILE) == 1;
    if let Some(leading) = bare(region.text(LEADING_DIGITS)?) {
        writeln!(text, "{code}\t{country}\tleading\t\t{leading}")?;
    }
    for (kind, field) in KINDS {
        let desc = Fields::of(region.all(field).next().map_or(&[][..], Field::bytes))?;
        let Some(pattern) = bare(desc.text(NATIONAL_NUMBER_PATTERN)?) else { continue };
        let kind = match kind {
            "mobile" if same_mobile => continue,
            "fixed" if same_mobile => "fixed or mobile",
            kind => kind,
        };
        let lengths: Vec<String> = desc.all(POSSIBLE_LENGTH).map(|length| length.number().to_string()).collect();
        writeln!(text, "{code}\t{country}\t{kind}\t{}\t{pattern}", lengths.join(","))?;
    }
    Ok(())
}

/// A pattern without the anchors that the crate puts around it; `None` where there is none.
fn bare(pattern: &str) -> Option<&str> {
    let bare = pattern.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$"))?;
    (!bare.is_empty()).then_some(bare)
}

/// A field of a message.
#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn bytes(self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    fn number(self) -> u64 {
        if let Self::Number(number) = self { number } else { 0 }
    }
}

/// The fields of a message, in order.
struct Fields<'a>(Vec<(u64, Field<'a>)>);

impl<'a> Fields<'a> {
    fn of(mut bytes: &'a [u8]) -> Result<Self> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes)?;
            let value = match key & 7 {
                0 => Field::Number(varint(&mut bytes)?),
                2 => {
                    let len = usize::try_from(varint(&mut bytes)?)?;
                    let (value, rest) = bytes.split_at_checked(len).context("the metadata ends within a field")?;
                    bytes = rest;
                    Field::Bytes(value)
                }
                other => anyhow::bail!("the metadata has a field of wire type {other}"),
            };
            fields.push((key >> 3, value));
        }
        Ok(Self(fields))
    }

    fn all(&self, number: u64) -> impl Iterator<Item = Field<'a>> {
        self.0.iter().filter(move |(field, _)| *field == number).map(|(_, value)| *value)
    }

    fn number(&self, number: u64) -> u64 {
        self.all(number).next().map_or(0, Field::number)
    }

    fn text(&self, number: u64) -> Result<&'a str> {
        Ok(std::str::from_utf8(self.all(number).next().map_or(&[][..], Field::bytes))?)
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().context("the metadata ends within a number")?;
        *bytes = rest;
        value |= u64::from(byte & 127) << shift;
        if byte & 128 == 0 {
            return Ok(value);
        }
    }
    anyhow::bail!("the metadata has a number of more than 64 bits")
}
