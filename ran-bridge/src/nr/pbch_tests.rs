use super::test_support::Block;
use super::{PBCH_BITS, PbchDecoder, PbchPayload};
use proptest::prelude::*;

fn soft(block: &Block) -> [f32; PBCH_BITS] {
    let bits = block.bits();
    std::array::from_fn(|i| if bits[i] == 0 { 1.0 } else { -1.0 })
}

fn check(payload: PbchPayload, block: &Block) {
    assert_eq!((payload.sfn, payload.half_frame), (block.sfn, block.half_frame));
    assert_eq!((payload.mib.k_ssb, payload.mib.coreset_zero, payload.mib.scs_common_khz), (6, 6, 15));
    assert!(!payload.mib.cell_barred && !payload.mib.intra_freq_reselection);
}

#[test]
fn every_frame_number_comes_back() {
    let mut decoder = PbchDecoder::new(1, 4).unwrap();
    for sfn in 0..1024 {
        let block = Block { pci: 1, index: (sfn % 4) as u8, half_frame: sfn % 3 == 0, sfn, l_max: 4 };
        let i_bar = block.index + 4 * u8::from(block.half_frame);
        check(decoder.decode(&soft(&block), i_bar).unwrap(), &block);
    }
}

#[test]
fn a_third_of_the_bits_may_be_missing_and_a_tenth_wrong() {
    let block = Block { pci: 500, index: 5, half_frame: true, sfn: 777, l_max: 8 };
    let mut llr = soft(&block);
    for (i, v) in llr.iter_mut().enumerate() {
        match i % 30 {
            0..10 => *v = 0.0,
            10 | 15 | 20 => *v = -*v,
            _ => {}
        }
    }
    check(PbchDecoder::new(500, 8).unwrap().decode(&llr, 5).unwrap(), &block);
}

#[test]
fn wrong_index_cell_or_nothing_gives_no_mib() {
    let block = Block { pci: 1, index: 0, half_frame: false, sfn: 5, l_max: 4 };
    let llr = soft(&block);
    assert!(PbchDecoder::new(1, 4).unwrap().decode(&llr, 1).is_none());
    assert!(PbchDecoder::new(2, 4).unwrap().decode(&llr, 0).is_none());
    assert!(PbchDecoder::new(1, 4).unwrap().decode(&[0.0; PBCH_BITS], 0).is_none());
    assert!(PbchDecoder::new(1, 4).unwrap().decode(&[f32::NAN; PBCH_BITS], 0).is_none());
    assert!(PbchDecoder::new(1008, 4).is_err() && PbchDecoder::new(1, 64).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_cell_and_frame(pci in 0u16..1008, index in 0u8..8, half_frame: bool, sfn in 0u16..1024) {
        let block = Block { pci, index, half_frame, sfn, l_max: 8 };
        check(PbchDecoder::new(pci, 8).unwrap().decode(&soft(&block), index).unwrap(), &block);
    }

    #[test]
    fn any_soft_bits_never_panic(seed: u64, i_bar: u8, scale in prop_oneof![Just(f32::INFINITY), Just(f32::MAX), Just(1e-30f32), Just(1.0)]) {
        let noise = super::test_support::noise(PBCH_BITS, 1.0, seed);
        let llr = std::array::from_fn(|i| noise[i].re * scale);
        prop_assert!(PbchDecoder::new(3, 4).unwrap().decode(&llr, i_bar).is_none());
    }
}
