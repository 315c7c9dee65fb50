//! The resolver's thread: asks the DNS what [`Locator`] wants to know, and tells the first worker what comes of it. No
//! worker ever waits for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError as LookupError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use sip::locate::{Answer, Destination, Families, Kind, Locator, Output, Question, Record};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::mailbox::{Letter, Postbox};
use crate::{Clock, NetError};

/// Wishes that may wait: each says all that is wanted, so that the last one counts.
const WISHES: usize = 64;
/// Questions under way at once.
const QUESTIONS: usize = 256;
/// How long one server is waited for, and how often a question is asked again.
const PATIENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 1;
/// How soon a full box of the worker is tried again.
const FULL: Duration = Duration::from_millis(20);
/// How long a negative answer holds that says nothing of it (RFC 2308 section 5 leaves it to us), seconds.
const NEGATIVE_TTL_S: u32 = 60;

/// The workers' way to the resolver; the thread ends when the last of them is dropped.
#[derive(Clone)]
pub struct Resolver {
    wishes: Sender<Vec<Destination>>,
}

impl Resolver {
    /// Starts the thread. `servers` are the DNS servers to ask; those of the system where there are none.
    pub fn start(servers: &[SocketAddr], families: Families, clock: Clock, first: Postbox) -> Result<Self, NetError> {
        let system = |what| move |source| NetError::System { what, source };
        let (wishes, inbox) = channel(WISHES);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(system("runtime"))?;
        let servers = servers.to_vec();
        let run = move || {
            let _guard = runtime.enter();
            let dns = open(&servers);
            runtime.block_on(Thread { locator: Locator::new(families), dns, clock, first }.run(inbox));
        };
        Builder::new().name("resolver".into()).spawn(run).map_err(system("thread"))?;
        Ok(Self { wishes })
    }

    /// From now on these are wanted, and no others.
    pub fn want(&self, destinations: Vec<Destination>) {
        if self.wishes.try_send(destinations).is_err() {
            tracing::error!("the resolver does not listen: names of carriers stay as they are known");
        }
    }
}

/// The DNS as configured; `None` where the system names no server.
fn open(servers: &[SocketAddr]) -> Option<TokioResolver> {
    let builder = if servers.is_empty() {
        let found = TokioResolver::builder_tokio();
        found.inspect_err(|error| tracing::warn!(%error, "the system names no DNS server")).ok()?
    } else {
        let server = |address: &SocketAddr| {
            let mut server = NameServerConfig::udp_and_tcp(address.ip());
            server.connections.iter_mut().for_each(|connection| connection.port = address.port());
            server
        };
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect());
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let mut builder = builder;
    let options: &mut ResolverOpts = builder.options_mut();
    // What is known and for how long is the locator's business.
    options.cache_size = 0;
    options.timeout = PATIENCE;
    options.attempts = ATTEMPTS;
    builder.build().inspect_err(|error| tracing::warn!(%error, "the DNS cannot be asked")).ok()
}

struct Thread {
    locator: Locator,
    dns: Option<TokioResolver>,
    clock: Clock,
    first: Postbox,
}

impl Thread {
    async fn run(mut self, mut wishes: Receiver<Vec<Destination>>) {
        let (answers, mut answered) = channel::<(Question, Answer)>(QUESTIONS);
        let places = Arc::new(tokio::sync::Semaphore::new(QUESTIONS));
        loop {
            while let Some(output) = self.locator.poll_output() {
                match output {
                    Output::Ask(question) => {
                        let (dns, answers, places) = (self.dns.clone(), answers.clone(), Arc::clone(&places));
                        tokio::spawn(async move {
                            // Closed never, received always while the thread lives.
                            let _place = places.acquire().await;
                            let answer = ask(dns.as_ref(), &question).await;
                            let _ = answers.send((question, answer)).await;
                        });
                    }
                    Output::Found { destination, servers } => {
                        tracing::info!(name = %destination.name, servers = servers.len(), "a carrier's name was looked up");
                        let mut letter = Letter::Located(destination, servers);
                        while let Err(back) = self.first.put(letter) {
                            if self.first.is_orphaned() {
                                return;
                            }
                            letter = back;
                            tokio::time::sleep(FULL).await;
                        }
                    }
                }
            }
            let next_ms = self.locator.next_wake_ms().unwrap_or(u64::MAX);
            let patience = Duration::from_millis(next_ms.saturating_sub(self.clock.now_ms()));
            tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(destinations) => self.locator.want(self.clock.now_ms(), destinations),
                    None => return,
                },
                Some((question, answer)) = answered.recv() => {
                    self.locator.answer(self.clock.now_ms(), &question, &answer);
                }
                () = tokio::time::sleep(patience.min(Duration::from_secs(3_600))) => {
                    self.locator.tick(self.clock.now_ms());
                }
            }
        }
    }
}

async fn ask(dns: Option<&TokioResolver>, question: &Question) -> Answer {
    let kind = match question.kind {
        Kind::Naptr => RecordType::NAPTR,
        Kind::Srv => RecordType::SRV,
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
    };
    // A name is whole as it stands: no search domains.
    let (Some(dns), Ok(name)) = (dns, Name::from_ascii(format!("{}.", question.name))) else { return Answer::Failed };
    match dns.lookup(name, kind).await {
        Ok(found) => {
            let records: Vec<_> = found.answers().iter().filter(|record| record.record_type() == kind).collect();
            let ttl_s = found.answers().iter().map(|record| record.ttl).min().unwrap_or(NEGATIVE_TTL_S);
            Answer::Records { records: records.into_iter().filter_map(|record| read(&record.data)).collect(), ttl_s }
        }
        Err(LookupError::Dns(DnsError::NoRecordsFound(none))) => {
            Answer::Records { records: Vec::new(), ttl_s: none.negative_ttl.unwrap_or(NEGATIVE_TTL_S) }
        }
        Err(error) => {
            tracing::warn!(%question, %error, "the DNS gives no answer");
            Answer::Failed
        }
    }
}

fn read(data: &RData) -> Option<Record> {
    let name = |name: &Name| name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    Some(match data {
        RData::A(ip) => Record::Ip(ip.0.into()),
        RData::AAAA(ip) => Record::Ip(ip.0.into()),
        RData::SRV(srv) => {
            Record::Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target: name(&srv.target) }
        }
        RData::NAPTR(naptr) => Record::Naptr {
            order: naptr.order,
            preference: naptr.preference,
            service: String::from_utf8_lossy(&naptr.services).into_owned(),
            leads_to_srv: naptr.flags.eq_ignore_ascii_case(b"s"),
            replacement: name(&naptr.replacement),
        },
        _ => return None,
    })
}
