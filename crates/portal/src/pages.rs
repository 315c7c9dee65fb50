//! The pages, a file each.

pub(crate) mod account;
pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod guard;
pub(crate) mod incident;
pub(crate) mod incidents;
pub(crate) mod limits;
pub(crate) mod line;
pub(crate) mod lines;
pub(crate) mod lockout;
pub(crate) mod me;
pub(crate) mod money;
pub(crate) mod new_line;
pub(crate) mod node;
pub(crate) mod numbers;
pub(crate) mod people;
pub(crate) mod prices;
pub(crate) mod secret;
pub(crate) mod settings;
mod sheet;
mod story;
mod table;
pub(crate) mod webhooks;
