//! Texts with a form of their own: what the document says of them. They are read and written by the types of the node.

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $description:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern));
                text.description(Some($description)).examples([$example]).build().into()
            }
        }

        impl ToSchema for $name {}
    };
}

text!(
    /// The name of an account.
    AccountName, "^[a-z0-9._-]{1,64}$", "The name of an account.", "law-000"
);
text!(
    /// The name of a line within its account.
    LineName, "^[A-Za-z0-9._-]{1,64}$", "The name of a line within its account.", "107"
);
text!(
    /// The name of a carrier.
    CarrierName, "^[a-z0-9._-]{1,64}$", "The name of a carrier.", "wholesale"
);
text!(
    /// The name of a deck.
    DeckName, "^[a-z0-9._-]{1,64}$", "The name of a deck.", "standard"
);
text!(
    /// Our id of a call.
    CallName, "^c[0-9a-f][0-9abcdefghjkmnpqrstvwxyz]{12}$", "Our id of a call.", "c0000000000007"
);
text!(
    /// The id of an incident.
    IncidentName, "^i[0-9a-f][0-9abcdefghjkmnpqrstvwxyz]{12}$", "The id of an incident.", "i0000000000010"
);
text!(
    /// The id of a key.
    KeyName, "^k[0-9a-z]{12}$", "The id of a key, which is no secret.", "k7qm2xv9d3nt0"
);
text!(
    /// An e-mail address, or nothing.
    Email,
    "^([^@\\s\\x00-\\x1f\\x7f-\\x9f]{1,40}@[^@\\s\\x00-\\x1f\\x7f-\\x9f]{1,28}\\.[^@\\s\\x00-\\x1f\\x7f-\\x9f]{1,28})?$",
    "An e-mail address, or nothing.", "jo@law.example"
);
text!(
    /// A login name.
    LoginName, "^[^\\s\\x00-\\x1f\\x7f-\\x9f]{1,64}$", "A login name of the portal.", "jo"
);
text!(
    /// The name of a session.
    SessionName, "^[0-9a-f]{64}$", "The name of a session, which opens nothing.",
    "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
);
text!(
    /// A number in E.164.
    Number, "^\\+[1-9][0-9]{6,14}$", "A number in E.164.", "+13035550100"
);
text!(
    /// First digits of numbers.
    Digits, "^\\+?[0-9]{1,15}$", "First digits of numbers, country code first.", "355"
);
text!(
    /// A country.
    CountryCode, "^[A-Z]{2}$", "A country, ISO 3166-1 alpha-2.", "US"
);
text!(
    /// A currency.
    CurrencyCode, "^[A-Z]{3}$", "A currency, ISO 4217.", "USD"
);

/// An address.
#[derive(Debug)]
pub(crate) struct IpAddress;

impl PartialSchema for IpAddress {
    fn schema() -> RefOr<Schema> {
        let v4 =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Ipv4)));
        let v6 =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Ipv6)));
        let either = utoipa::openapi::schema::AnyOfBuilder::new().item(v4).item(v6);
        RefOr::T(Schema::AnyOf(either.description(Some("An IPv4 or IPv6 address.")).build()))
    }
}

impl ToSchema for IpAddress {}

text!(
    /// An address, or a prefix of addresses.
    IpPrefix,
    "^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\\.){3}([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])(/([0-9]|[12][0-9]|3[0-2]))?$|^[0-9a-f:]{2,39}(/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?$",
    "An address, or a prefix such as 192.0.2.0/24.", "192.0.2.0/24"
);
