//! A bounded queue that drops the oldest reports, so that the socket is always drained: a gNB drops silently for slow readers.

use super::event::GnbEvent;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

#[derive(Debug)]
pub(super) struct DropOldest {
    items: Mutex<VecDeque<GnbEvent>>,
    room: usize,
    came: Notify,
}

impl DropOldest {
    pub(super) fn new(room: usize) -> Self {
        let room = room.max(1);
        Self { items: Mutex::new(VecDeque::with_capacity(room)), room, came: Notify::new() }
    }

    /// Puts an event in; the number of events that had to go for it. Reports go before events about the link.
    pub(super) fn push(&self, event: GnbEvent) -> u64 {
        let mut items = self.lock();
        let mut dropped = 0;
        while items.len() >= self.room {
            let at = items.iter().position(|e| matches!(e, GnbEvent::Report { .. })).unwrap_or(0);
            items.remove(at);
            dropped += 1;
        }
        items.push_back(event);
        drop(items);
        self.came.notify_one();
        dropped
    }

    /// The oldest event, as soon as there is one.
    pub(super) async fn pop(&self) -> GnbEvent {
        loop {
            if let Some(event) = self.lock().pop_front() {
                return event;
            }
            self.came.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<GnbEvent>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
