use super::*;
use crate::guard::Limits;
use crate::ran::config::Monitor;
use crate::ran::shared::ActionJob;
use crate::wire::local::LocalListener;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{SyncSender, sync_channel};
use tokio::sync::oneshot;

/// A fast loop whose `air` is to listen at `path`, and where its actions come from.
fn thread(path: &Path) -> (FastThread, SyncSender<ActionJob>) {
    let address = format!("ipc://{}", path.display());
    let config = RanConfig::demo(&address, vec![Monitor { stream: 0, eavesdropper: false, supi: None }]);
    let (actions_in, actions) = sync_channel(ACTIONS_QUEUE);
    let ends = FastEnds {
        actions,
        search: sync_channel(1).0,
        found: sync_channel(1).1,
        mibs: sync_channel(1).0,
        buffers: sync_channel(1).1,
        rows: sync_channel(1).0,
    };
    let shared = Arc::new(Shared::new(Arc::new(AtomicBool::new(false))));
    (FastThread::new(config, shared, ends).unwrap(), actions_in)
}

fn job(actions: &SyncSender<ActionJob>) -> oneshot::Receiver<Result<(), ActError>> {
    let action = Guard::new(Limits::default()).check(Action::Power { db: -1.0 }, 1, 0).unwrap();
    let (done, answer) = oneshot::channel();
    actions.send(ActionJob { action, done }).unwrap();
    answer
}

#[test]
fn an_action_for_an_air_that_is_away_is_not_queued_for_later() {
    let dir = tempfile::tempdir().unwrap();
    let (mut thread, actions) = thread(&dir.path().join("air"));
    let mut answer = job(&actions);
    thread.act_for_others(5_000_000_000);
    assert_eq!(answer.try_recv().unwrap(), Err(ActError::Silent(2000)));
    assert!(thread.acting.is_empty());
}

#[test]
fn a_power_that_nobody_answered_for_is_taken_back_where_air_begins_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("air");
    let listener = LocalListener::bind(&path).unwrap();
    let (mut thread, actions) = thread(&path);
    thread.heard_ns = 5_000_000_000;
    thread.powers = others::Powers::confirmed(-3.0);
    assert!(thread.link.take_new() && !thread.link.take_new());
    let mut answer = job(&actions);
    thread.act_for_others(5_000_000_001);
    thread.reconnected(5_000_000_002);
    assert!(matches!(answer.try_recv().unwrap(), Err(ActError::Link(_))));
    assert!(thread.acting.is_empty());
    let mut open = listener.accept().unwrap().unwrap();
    let mut powers = Vec::new();
    while powers.len() < 2 {
        open.turn().unwrap();
        while let Some(frame) = open.next_frame() {
            let (header, payload) = frame.unwrap();
            let message = crate::wire::Message::decode(header, payload.to_vec()).unwrap();
            if let Command::Power { power_db, .. } = message.parse().unwrap() {
                powers.push(power_db);
            }
        }
    }
    assert_eq!(powers, [-1.0, -3.0], "what was in force for certain is set again");
    thread.reconnected(5_000_000_003);
    assert_eq!(thread.drops.get("power in force too late, taken back"), Some(&1), "nothing else is uncertain");
}

#[test]
fn an_action_waits_for_what_air_says() {
    let dir = tempfile::tempdir().unwrap();
    let _air = LocalListener::bind(&dir.path().join("air")).unwrap();
    let (mut thread, actions) = thread(&dir.path().join("air"));
    thread.heard_ns = 5_000_000_000;
    let mut answers: Vec<_> = (0..3).map(|_| job(&actions)).collect();
    thread.act_for_others(5_000_000_001);
    assert!(answers.iter_mut().all(|a| a.try_recv().is_err()), "air has not answered yet");
    let seqs: Vec<u64> = thread.acting.iter().map(|a| a.seq).collect();
    thread.acted(seqs[1], Err(ActError::Refused("no".into())));
    thread.acted(seqs[0], Ok(()));
    assert_eq!(answers[0].try_recv().unwrap(), Ok(()));
    assert_eq!(answers[1].try_recv().unwrap(), Err(ActError::Refused("no".into())));
    thread.act_for_others(5_000_000_001 + GONE_NS + 1);
    assert_eq!(answers[2].try_recv().unwrap(), Err(ActError::Silent(2000)), "no answer in time is no");
    // It comes into force all the same: nobody would judge it.
    thread.acted(seqs[2], Ok(()));
    assert_eq!(thread.drops.get("power in force too late, taken back"), Some(&1));
    thread.acted(seqs[2], Ok(()));
    assert_eq!(thread.drops.get("power in force too late, taken back"), Some(&1), "once");
}
