//! A bounded queue between threads that takes as much memory as waits in it.
//!
//! The standard library's bounded channel is a ring of all its places, and goes through all of them however little waits:
//! each thing is written to memory that no processor has at hand, and stays resident. Here the receiver takes everything
//! that waits at once, and the room of what it took before is what is filled next.

use std::collections::VecDeque;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A queue in which so many things may wait; what the receiver has taken waits no more.
pub fn queue<T>(capacity: usize) -> (QueueSender<T>, QueueReceiver<T>) {
    let state =
        State { waiting: VecDeque::new(), senders: 1, is_received: true, receiver_sleeps: false, waiting_senders: 0 };
    let shared = Arc::new(Shared { state: Mutex::new(state), capacity, filled: Condvar::new(), taken: Condvar::new() });
    (QueueSender(Arc::clone(&shared)), QueueReceiver { shared, taken: VecDeque::new() })
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    capacity: usize,
    filled: Condvar,
    taken: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    senders: usize,
    is_received: bool,
    receiver_sleeps: bool,
    /// Senders that wait for room.
    waiting_senders: usize,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a thing where there is room for it. Waking somebody is a call of the system, made only for one who sleeps.
    fn put(&self, mut state: MutexGuard<'_, State<T>>, thing: T) {
        state.waiting.push_back(thing);
        let sleeps = std::mem::take(&mut state.receiver_sleeps);
        drop(state);
        if sleeps {
            self.filled.notify_one();
        }
    }
}

/// Where things are put in; they come out in the order of each sender.
#[derive(Debug)]
pub struct QueueSender<T>(Arc<Shared<T>>);

impl<T> QueueSender<T> {
    /// Puts a thing in, and waits while there is no room.
    ///
    /// # Errors
    /// Gives it back where nobody takes it any more.
    pub fn send(&self, thing: T) -> Result<(), T> {
        let mut state = self.0.lock();
        while state.is_received && state.waiting.len() >= self.0.capacity {
            state.waiting_senders += 1;
            state = self.0.taken.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting_senders -= 1;
        }
        if !state.is_received {
            return Err(thing);
        }
        self.0.put(state, thing);
        Ok(())
    }

    /// Puts a thing in if there is room.
    ///
    /// # Errors
    /// Gives it back where there is none, or nobody takes it any more.
    pub fn try_send(&self, thing: T) -> Result<(), T> {
        let state = self.0.lock();
        if !state.is_received || state.waiting.len() >= self.0.capacity {
            return Err(thing);
        }
        self.0.put(state, thing);
        Ok(())
    }
}

impl<T> Clone for QueueSender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for QueueSender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.senders -= 1;
        let is_last = state.senders == 0;
        drop(state);
        if is_last {
            self.0.filled.notify_one();
        }
    }
}

/// Where they come out.
#[derive(Debug)]
pub struct QueueReceiver<T> {
    shared: Arc<Shared<T>>,
    taken: VecDeque<T>,
}

impl<T> QueueReceiver<T> {
    /// The next thing, if one waits.
    ///
    /// # Errors
    /// Where none does; or none will, since all senders have gone.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        if let Some(thing) = self.taken.pop_front() {
            return Ok(thing);
        }
        let state = self.shared.lock();
        let is_over = state.senders == 0;
        take_all(&self.shared, state, &mut self.taken);
        self.taken.pop_front().ok_or(if is_over { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }

    /// Waits for the next thing; none once all senders have gone.
    pub fn recv(&mut self) -> Option<T> {
        self.wait(None).ok()
    }

    /// Waits so long for the next thing.
    ///
    /// # Errors
    /// Where none came; or none will, since all senders have gone.
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<T, RecvTimeoutError> {
        self.wait(Some(limit))
    }

    fn wait(&mut self, limit: Option<Duration>) -> Result<T, RecvTimeoutError> {
        if let Some(thing) = self.taken.pop_front() {
            return Ok(thing);
        }
        let until = limit.map(|limit| Instant::now() + limit);
        let mut state = self.shared.lock();
        while state.waiting.is_empty() {
            if state.senders == 0 {
                return Err(RecvTimeoutError::Disconnected);
            }
            state.receiver_sleeps = true;
            let filled = &self.shared.filled;
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => {
                    state.receiver_sleeps = false;
                    return Err(RecvTimeoutError::Timeout);
                }
                Some(left) => filled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => filled.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.receiver_sleeps = false;
        take_all(&self.shared, state, &mut self.taken);
        self.taken.pop_front().ok_or(RecvTimeoutError::Timeout)
    }
}

/// Changes the full list for the empty one.
fn take_all<T>(shared: &Shared<T>, mut state: MutexGuard<'_, State<T>>, taken: &mut VecDeque<T>) {
    std::mem::swap(&mut state.waiting, taken);
    let waits = state.waiting_senders > 0;
    drop(state);
    if waits {
        shared.taken.notify_all();
    }
}

impl<T> Drop for QueueReceiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_received = false;
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        self.shared.taken.notify_all();
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_out_in_order_until_all_senders_have_gone() {
        let (sender, mut receiver) = queue(4);
        let other = sender.clone();
        for n in 0..3 {
            sender.send(n).unwrap();
        }
        other.try_send(3).unwrap();
        assert_eq!(other.try_send(4), Err(4), "it is full");
        assert_eq!(receiver.try_recv(), Ok(0));
        assert_eq!(other.try_send(4), Ok(()), "what was taken waits no more");
        drop((sender, other));
        let rest: Vec<_> = std::iter::from_fn(|| receiver.recv()).collect();
        assert_eq!(rest, [1, 2, 3, 4]);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(receiver.recv_timeout(Duration::from_secs(60)), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn a_receiver_waits_no_longer_than_it_says() {
        let (sender, mut receiver) = queue(1);
        assert_eq!(receiver.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        sender.send(1).unwrap();
        assert_eq!(receiver.recv_timeout(Duration::ZERO), Ok(1));
    }

    #[test]
    fn nothing_is_lost_between_many_senders_and_one_receiver() {
        const EACH: u32 = 10_000;
        for capacity in [1, 7, 50_000] {
            let (sender, mut receiver) = queue(capacity);
            let senders: Vec<_> = (0..4_u32)
                .map(|source| {
                    let sender = sender.clone();
                    std::thread::spawn(move || (0..EACH).for_each(|n| sender.send((source, n)).unwrap()))
                })
                .collect();
            drop(sender);
            let mut next = [0; 4];
            while let Some((source, n)) = receiver.recv() {
                let expected = &mut next[source as usize];
                assert_eq!(n, *expected);
                *expected += 1;
            }
            assert_eq!(next, [EACH; 4]);
            senders.into_iter().for_each(|sender| sender.join().unwrap());
        }
    }

    #[test]
    fn who_waits_for_room_hears_that_nobody_takes() {
        let (sender, receiver) = queue(1);
        sender.send(1).unwrap();
        let waits = std::thread::spawn(move || (sender.send(2), sender.try_send(3)));
        drop(receiver);
        assert_eq!(waits.join().unwrap(), (Err(2), Err(3)));
    }

    #[test]
    fn memory_is_what_waits() {
        let (sender, mut receiver) = queue(1 << 20);
        for n in 0..10_000 {
            sender.send(n).unwrap();
            assert_eq!(receiver.recv(), Some(n));
        }
        assert!(receiver.taken.capacity() + receiver.shared.lock().waiting.capacity() <= 16);
    }
}
