//! A few read-only connections to the tables, used by turns on threads that may wait.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use store::Reader;

use crate::problem::Problem;

/// Connections: as many questions run at once.
const READERS: usize = 4;

/// The connections.
#[derive(Clone)]
pub(crate) struct Readers {
    pool: Arc<[Reader]>,
    next: Arc<AtomicUsize>,
}

impl Readers {
    pub(crate) fn open(database: &Path) -> Result<Self, store::Error> {
        let pool = (0..READERS).map(|_| Reader::open(database)).collect::<Result<_, _>>()?;
        Ok(Self { pool, next: Arc::default() })
    }

    /// Asks the tables; every question of one page in one go.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let pool = Arc::clone(&self.pool);
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let asked = tokio::task::spawn_blocking(move || pool.get(turn).map(question)).await;
        match asked {
            Ok(Some(answer)) => Ok(answer?),
            Ok(None) | Err(_) => Err(Problem::Broken),
        }
    }
}
