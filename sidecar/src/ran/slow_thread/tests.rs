use super::*;
use crate::ran::config::RanConfig;
use crate::ran::recorded::{BLOCK, RATE_HZ, recorded, with_blocks};
use ran_bridge::nr::Cell;
use std::sync::mpsc::sync_channel;

#[test]
fn a_cell_that_moved_on_the_raster_has_its_mib_read_there() {
    let (cell, iq, _) = recorded();
    let (jobs_in, jobs) = sync_channel(4);
    let (buffers_in, _buffers) = sync_channel(4);
    let (rows_in, _rows) = sync_channel(4);
    let elsewhere = Cell { ssb_offset_hz: cell.ssb_offset_hz - 10.0 * cell.scs_hz, ..cell };
    for cell in [elsewhere, cell] {
        let iq = iq[cell.sample as usize..].to_vec();
        jobs_in.send(MibJob { stream: 3, start: cell.sample, cell, iq }).unwrap();
    }
    drop(jobs_in);
    let book = MibBook::default();
    decode_all(RATE_HZ, &jobs, &buffers_in, &book, &rows_in);
    let counts = book.lock().unwrap()[&3];
    assert_eq!((counts.ok, counts.bad), (1, 1));
}

/// Turns the PBCH data of symbols 1 and 3 round and leaves their DMRS, so that the MIB cannot be read.
///
/// DMRS are on every fourth subcarrier: the mean of x(n + sN/4)·exp(−j2πrs/4) over s = 0…3 keeps the FFT bins b with b mod 4 = r alone.
fn unreadable(block: &mut [Complex32], fft: usize, cp: usize, residue: i32) {
    for symbol in block.chunks_mut(fft + cp).skip(1).step_by(2) {
        let body = symbol[cp..].to_vec();
        for (n, value) in symbol[cp..].iter_mut().enumerate() {
            let part = |s: usize| {
                body[(n + s * fft / 4) % fft]
                    * Complex32::cis(-std::f32::consts::FRAC_PI_2 * (residue * s as i32) as f32)
            };
            let dmrs = (0..4).map(part).sum::<Complex32>() / 4.0;
            *value = dmrs * 2.0 - *value;
        }
        let tail = symbol[fft..].to_vec();
        symbol[..cp].copy_from_slice(&tail);
    }
}

#[test]
fn a_place_whose_half_frame_nobody_tells_is_none() {
    let (cell, iq, _) = recorded();
    let at = cell.sample as usize;
    let mut block = iq[at..at + BLOCK].to_vec();
    let mut config = RanConfig::demo("ipc:///nowhere", vec![]);
    config.rate_hz = RATE_HZ;
    config.cell.ssb_offset_hz = Some(cell.ssb_offset_hz);
    config.cell.ssb_period_s = 80e-3;
    // above 3 GHz there may be eight blocks: the reference signal does not tell the half frame, only the MIB does
    config.cell.centre_hz = Some(3.6e9);
    let look_at = |block: &[Complex32]| {
        let iq = with_blocks(block, 0.082, (0..4).map(|k| 5000 + 230_400 * k));
        look(&config, &plan::search_config(&config), &SearchJob { start: 1000, iq })
    };
    let found = look_at(&block).unwrap();
    assert_eq!((found.sample, found.index, found.half), (6000, 0, false));
    // PCI 1: DMRS on subcarriers 1, 5 …; subcarrier 120 is 30 below the carrier's centre, so bin 1 − 150 = 3 modulo 4
    unreadable(&mut block, 768, 54, 3);
    assert!(look_at(&block).is_none());
}
