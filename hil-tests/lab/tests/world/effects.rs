//! What the loop can change shows in what the UEs get. No sockets: reports in, slots ticked.
use lab::config::{LabConfig, UeConfig};
use lab::world::{UeReport, World};
use lab::ws;

/// A world of two UEs in slices 1 and 2, both asking for more than the cell has, heard at `sinr_db`.
pub fn world() -> World {
    let mut config = LabConfig::default();
    config.mac.traffic_scale = 2.0;
    config.ues = vec![UeConfig::default(), UeConfig { sst: 2, ..UeConfig::default() }];
    World::new(&config, 0).unwrap()
}

/// Moves `world` by `ms` with fresh reports; bits delivered to each UE meanwhile.
pub fn pass(world: &mut World, ms: u64, sinr_db: f64) -> Vec<f64> {
    let before: Vec<f64> = world.ues.iter().map(|u| u.total.1).collect();
    for i in 0..ms {
        if i % 10 == 0 {
            for ue in 0..world.ues.len() {
                let absolute_slot = Some(world.absolute());
                world.report(UeReport {
                    ue,
                    in_sync: true,
                    sinr_db: Some(sinr_db),
                    ssb_sinr_db: Some(10.0),
                    moved_samples: Some(0),
                    absolute_slot,
                });
            }
        }
        world.tick(1_795_295_694_783_780 + world.slot);
    }
    world.ues.iter().zip(before).map(|(u, b)| u.total.1 - b).collect()
}

fn command(world: &mut World, text: &str) {
    let (reply, _) = ws::handle(text, world, "t");
    assert!(!reply.contains("error"), "{reply}");
}

#[test]
fn a_slice_quota_moves_throughput() {
    let mut w = world();
    pass(&mut w, 500, 15.0);
    let even = pass(&mut w, 2000, 15.0);
    assert!((even[0] / even[1] - 1.0).abs() < 0.15, "{even:?}");
    command(
        &mut w,
        r#"{"cmd":"rrm_policy_ratio_set","policies":{"resourceType":"PRB","rRMPolicyMemberList":[{"plmn":"00101","sst":2}],"min_prb_policy_ratio":0,"max_prb_policy_ratio":20}}"#,
    );
    let capped = pass(&mut w, 2000, 15.0);
    // 20 % of 25 PRB is 5 against 20.
    assert!((capped[0] / capped[1] - 4.0).abs() < 0.5, "{capped:?}");
    // A slice nobody is in changes nothing, successfully.
    command(
        &mut w,
        r#"{"cmd":"rrm_policy_ratio_set","policies":{"resourceType":"PRB","rRMPolicyMemberList":[{"plmn":"00101","sst":1,"sd":1}],"min_prb_policy_ratio":0,"max_prb_policy_ratio":1}}"#,
    );
    let same = pass(&mut w, 1000, 15.0);
    assert!((same[0] / capped[0] - 0.5).abs() < 0.05);
}

#[test]
fn a_rate_limit_holds_and_a_better_channel_carries_more() {
    let mut w = world();
    pass(&mut w, 500, 5.0);
    let poor = pass(&mut w, 2000, 5.0);
    let good = pass(&mut w, 2000, 20.0);
    // CQI 6 carries 1.1758 b/s/Hz (MCS 8), CQI 13 carries 4.5234 (MCS 24): 3.8 times as much.
    let ratio = (good[0] + good[1]) / (poor[0] + poor[1]);
    assert!((3.3..4.3).contains(&ratio), "{ratio}");
    w.ues[0].bucket.set(Some(1e6));
    pass(&mut w, 1000, 20.0);
    let limited = pass(&mut w, 2000, 20.0);
    assert!((limited[0] / 2e6 - 1.0).abs() < 0.05, "{limited:?}");
    assert!(limited[1] > good[1]);
}

#[test]
fn silence_is_a_lost_ue_and_a_stall() {
    let mut w = world();
    pass(&mut w, 3000, -3.0);
    assert!(w.ues.iter().all(|u| u.attached.is_some() && u.stall_s > 1.0));
    let bits = w.ues[0].total.1;
    for _ in 0..500 {
        w.tick(0);
    }
    assert!(w.ues.iter().all(|u| u.attached.is_none() && u.sinr_db.is_none()));
    assert!(w.ues[0].total.1 - bits < 1e6);
    let kinds: Vec<&str> = w.events.iter().map(|e| e.kind).collect();
    assert!(kinds.ends_with(&["ue_rem", "ue_rem"]), "{kinds:?}");
}

#[test]
fn same_seed_same_world() {
    let run = || {
        let mut w = world();
        pass(&mut w, 1500, 8.2);
        w.view()
    };
    assert_eq!(run(), run());
}
