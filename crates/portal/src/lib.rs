//! The portal: web pages where owners see their calls, money and incidents and put things right, and administrators see
//! the whole node.
//!
//! Pages are made on the server and need no script: the only one keeps the list of running calls fresh. What is shown
//! comes from the store's tables; what is changed goes as a [`node::Command`] to the running node through [`Control`].
//! Opening a page never changes anything: changes are POSTs with a token of the session. What programs ask is in
//! [`programs`].
//!
//! ```text
//! /                                   overview of the node (administrators), of the account (owners)
//! /accounts/{account}                 overview of an account; /live: what of it changes, as events
//! /accounts/{account}/calls           calls; /{call}: one call; calls.csv: all of them
//! /accounts/{account}/lines           lines; /{line}: one line, /secret: a new secret for it
//! /accounts/{account}/new-line        a new line with its settings; /numbers: what each number rings
//! /accounts/{account}/limits          the owner's limits of an account; of a line below the line
//! /accounts/{account}/incidents       incidents; /{incident}: one; below it the owner's answers, and calls.csv
//! /accounts/{account}/money           ledger, top-up, warnings and limits; /prices: what calls cost
//! /accounts/{account}/guard           whether the guard acts or watches
//! /accounts/{account}/settings        contacts; what else can be set
//! /accounts/{account}/webhooks        where events are sent, what was delivered
//! /accounts/{account}/people, /audit  who may log in, what people changed; /people, /audit: of the node
//! /me                                 a user's own login: password, second step, sessions
//! /once/{link}                        a link in a mail, which does one thing once
//! /lockout                            lock-out switch, limits and bans
//! ```
#![forbid(unsafe_code)]

mod access;
mod alone;
mod api;
mod caller;
mod carriers;
mod circle;
mod control;
mod cookies;
mod factor;
mod forms;
mod frame;
mod headers;
pub mod health;
pub mod kept;
mod login;
mod new_password;
mod once;
mod pages;
mod payment;
mod per_minute;
mod problem;
mod programs;
mod random;
mod readers;
mod recipes;
mod router;
pub mod shapes;
mod state;
mod throttle;
mod voipms;
mod words;
mod world;
mod zone;

pub use api::openapi;
pub use control::{Asked, Control};
pub use payment::{PaymentSecret, SecretError, WaitingPayments};
pub use programs::{Programs, Weakness, programs};
pub use router::{router, serve};
pub use state::{PortalState, Settings};
