use super::*;
use proptest::prelude::*;
use ran_bridge::gnb::console::{LogLayer, LogLevel, Rnti, Table, Why};

fn number(value: f64) -> Thousandths {
    Thousandths::new(value).unwrap()
}

fn tx_gain(db: f64) -> ConsoleCommand {
    ConsoleCommand::TxGain { port: 0, gain_db: number(db) }
}

fn handover(target: u32) -> ConsoleCommand {
    let (serving_pci, target_pci) = (Pci::try_from(1).unwrap(), Pci::try_from(target).unwrap());
    ConsoleCommand::Handover { serving_pci, rnti: Rnti::try_from(0x4601).unwrap(), target_pci }
}

const fn log(level: LogLevel) -> ConsoleCommand {
    ConsoleCommand::Log { layer: LogLayer::Phy, level }
}

fn bounds() -> Bounds {
    let min_interval_ns = 1_000;
    Bounds { min: number(0.0), max: number(30.0), start: number(20.0), max_step: number(3.0), min_interval_ns }
}

fn guard() -> ConsoleGuard {
    ConsoleGuard::new(ConsoleLimits {
        tx_gain: Some(bounds()),
        handover_targets: vec![Pci::try_from(2).unwrap()],
        handover_interval_ns: 1_000,
        log_levels: vec![LogLevel::Warning],
        ..ConsoleLimits::default()
    })
}

fn written(guard: &mut ConsoleGuard, now_ns: u64, db: f64) -> ConsoleCommand {
    let permit = guard.check(now_ns, tx_gain(db)).unwrap();
    guard.written(now_ns, &permit);
    permit.command()
}

fn name(guard: &ConsoleGuard, now_ns: u64, command: ConsoleCommand) -> &'static str {
    let refusal = guard.check(now_ns, command).unwrap_err();
    assert!(Refusal::NAMES.contains(&refusal.name()));
    refusal.name()
}

#[test]
fn without_configuration_nothing_that_touches_radio_or_ues_passes() {
    let guard = ConsoleGuard::new(ConsoleLimits::default());
    let (sector, zero) = (0, number(0.0));
    let all = [
        tx_gain(0.0),
        ConsoleCommand::RxGain { port: 0, gain_db: zero },
        ConsoleCommand::Cfo { sector, offset_hz: zero },
        ConsoleCommand::TxTimeOffset { sector, offset_us: zero },
        handover(2),
        log(LogLevel::None),
    ];
    for command in all {
        assert_eq!(name(&guard, 0, command), "not_allowed");
    }
    assert!(guard.check(0, ConsoleCommand::ToggleTable { table: Table::Ue }).is_ok());
}

#[test]
fn range_step_and_interval() {
    let mut guard = guard();
    assert_eq!(name(&guard, 0, tx_gain(30.001)), "range");
    assert_eq!(name(&guard, 0, tx_gain(-0.001)), "range");
    assert_eq!(name(&guard, 0, tx_gain(23.001)), "step");
    assert_eq!(name(&guard, 0, tx_gain(16.9)), "step");
    let command = written(&mut guard, 0, 23.0);
    guard.settled(command, Verdict::Done);
    assert_eq!(name(&guard, 999, tx_gain(24.0)), "too_soon");
    // another port starts where the gNB started
    assert_eq!(name(&guard, 0, ConsoleCommand::TxGain { port: 1, gain_db: number(26.0) }), "step");
    assert!(guard.check(1_000, tx_gain(26.0)).is_ok());
}

#[test]
fn what_the_gnb_refused_is_not_in_force_and_what_it_left_unsaid_may_be() {
    let mut guard = guard();
    let command = written(&mut guard, 0, 23.0);
    guard.settled(command, Verdict::Refused(Why::Radio));
    assert_eq!(name(&guard, 1_000, tx_gain(24.0)), "step");

    let command = written(&mut guard, 1_000, 23.0);
    guard.settled(command, Verdict::Unconfirmed);
    let (.., possible) = guard.values().next().unwrap();
    assert_eq!((possible.least, possible.most), (number(20.0), number(23.0)));
    assert_eq!(name(&guard, 2_000, tx_gain(24.0)), "step");
    assert_eq!(name(&guard, 2_000, tx_gain(19.0)), "step");
    let command = written(&mut guard, 2_000, 22.0);
    // the answer comes late
    guard.settled(command, Verdict::Done);
    assert!(guard.check(3_000, tx_gain(25.0)).is_ok());
}

#[test]
fn handovers_and_log_levels_are_named() {
    let mut guard = guard();
    assert_eq!(name(&guard, 0, handover(3)), "target");
    let permit = guard.check(0, handover(2)).unwrap();
    guard.written(0, &permit);
    assert_eq!(name(&guard, 500, handover(2)), "too_soon");
    assert_eq!(name(&guard, 0, log(LogLevel::Debug)), "level");
    assert!(guard.check(0, log(LogLevel::Warning)).is_ok());
}

#[test]
fn the_memory_is_bounded() {
    let mut guard = guard();
    for port in 0..64 {
        let permit = guard.check(0, ConsoleCommand::TxGain { port, gain_db: number(20.0) }).unwrap();
        guard.written(0, &permit);
    }
    assert_eq!(name(&guard, 0, ConsoleCommand::TxGain { port: 64, gain_db: number(20.0) }), "too_many_places");
}

proptest! {
    /// Whatever is asked and whatever the gNB answers: what is in force stays within the range, and never jumps further than allowed.
    #[test]
    fn a_gnb_is_never_led_out_of_its_bounds(asked in prop::collection::vec((-10.0_f64..40.0, 0_u8..4, 0_u64..2_000), 1..60)) {
        let (mut guard, mut now, mut really, mut last) = (guard(), 0, number(20.0), None::<u64>);
        for (db, fate, later) in asked {
            now += later;
            let Ok(permit) = guard.check(now, tx_gain(db)) else { continue };
            let value = number(db);
            prop_assert!((0..=30_000).contains(&value.count()));
            prop_assert!((value.count() - really.count()).abs() <= 3_000, "{} to {}", really, value);
            prop_assert!(last.is_none_or(|last| now - last >= 1_000));
            guard.written(now, &permit);
            last = Some(now);
            let (verdict, done) = match fate {
                0 => (Verdict::Done, true),
                1 => (Verdict::Refused(Why::Radio), false),
                2 => (Verdict::Unconfirmed, true),
                _ => (Verdict::Unconfirmed, false),
            };
            if done {
                really = value;
            }
            guard.settled(permit.command(), verdict);
        }
    }
}
