//! Removes what has been kept long enough: at the start, then every hour, in small steps with pauses between them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use store::{Desk, Retention};
use tokio::sync::watch;

/// How often to look.
const EVERY: Duration = Duration::from_secs(3_600);
/// What mails, portal and projector have between two steps.
const PAUSE: Duration = Duration::from_millis(50);

/// Does it until the node ends.
pub(super) async fn keep(rules: Retention, desk: Arc<Desk>, mut stopped: watch::Receiver<()>) {
    loop {
        let (step, of_desk) = (rules.clone(), Arc::clone(&desk));
        let done = tokio::task::spawn_blocking(move || of_desk.expire(&step, now_ms())).await;
        let pause = match done {
            Ok(Ok(0)) => EVERY,
            Ok(Ok(_)) => PAUSE,
            Ok(Err(error)) => {
                tracing::error!(%error, "what is too old stays for now");
                EVERY
            }
            // The runtime ends.
            Err(_) => return,
        };
        if tokio::time::timeout(pause, stopped.changed()).await.is_ok() {
            return;
        }
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(0)
}
