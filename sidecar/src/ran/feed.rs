//! Feeds the dead-man of `tx-guard` as long as the loop tracks the cell.

use super::shared::Shared;
use crate::tx::{Ask, TxClient};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Time between two feeds; the dead-man waits for 200 ms.
const FEED: Duration = Duration::from_millis(40);
/// A guard that is away is looked for this often, in feeds.
const LOOK: u32 = 10;

/// When the fast loop last showed that it runs, if it hears the cell, monotonic ns: the dead-man counts from there, not from our message.
fn alive_ns(shared: &Shared) -> Option<u64> {
    let view = shared.view();
    (view.phase == "tracking").then_some(view.mono_ns)
}

/// Feeds the guard at `address` until `ran` ends. One that is away or refuses is looked for again.
pub(super) fn feed(address: &str, shared: &Shared) {
    let mut guard: Option<TxClient> = None;
    let mut pause = 0;
    while !shared.stop.load(Ordering::Relaxed) {
        if guard.is_none() && pause == 0 {
            guard = TxClient::connect(address).ok();
            pause = LOOK;
        }
        pause = pause.saturating_sub(1);
        if let Some(client) = &mut guard {
            let told = alive_ns(shared).map_or(Ok(()), |at| client.tell(&Ask::Feed { alive_ns: Some(at) }));
            // what it says is not for us; that it is gone is
            let heard = client.wait(Duration::ZERO, |_| true).map(drop);
            if told.and(heard).is_err() {
                tracing::info!(address, "tx-guard is gone");
                guard = None;
            }
        }
        std::thread::sleep(FEED);
    }
}
