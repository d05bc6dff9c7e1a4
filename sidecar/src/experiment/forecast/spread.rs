//! Quantiles around the forecasts: fitted on the residuals of validation windows, looked at on test windows, never the other way round.

use super::run::Pair;
use crate::experiment::ExperimentError;
use predict::{PredictError, Quantiles};

/// The levels: a median, and an interval that should hold 80 % of the truths.
pub(super) const LEVELS: [f64; 3] = [0.1, 0.5, 0.9];

/// Fitted on forecasts and truths of validation windows, in one unit; `None` where there are too few.
pub(super) fn fit(validation: &[Pair]) -> Result<Option<Quantiles>, ExperimentError> {
    let residual = |(forecast, truth): &Pair| truth.iter().zip(forecast).map(|(y, f)| y - f).collect();
    match Quantiles::fit(&LEVELS, &validation.iter().map(residual).collect::<Vec<_>>()) {
        Ok(fitted) => Ok(Some(fitted)),
        Err(PredictError::TooFew { .. } | PredictError::NotFinite(_)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Errors;
    use super::*;
    use predict::data::Encoded;

    fn validation(n: u8) -> Vec<Pair> {
        (1..=n).map(|i| (vec![10.0, 0.0], vec![10.0 + f32::from(i), -f32::from(i)])).collect()
    }

    #[test]
    fn of_validation_windows_onto_test_windows() {
        // nine residuals 1 … 9 and −9 … −1: offsets 1, 5, 9 and −9, −5, −1
        let fitted = fit(&validation(9)).unwrap().unwrap();
        let test: Pair = (vec![0.0, 0.0], vec![1.0, -10.0]);
        let of = |window| {
            let errors = Errors::of(std::slice::from_ref(&test));
            errors.with_quantiles(Some(&fitted), [(&test, window)].into_iter()).quantiles.unwrap()
        };
        let sum = of(None);
        assert_eq!((sum.count, sum.held, sum.abs_truth), (2, 1, 11.0));
        // (0 + 0.5·4 + 0.1·8)/3, and (0.9·1 + 0.5·5 + 0.1·9)/3
        assert!((sum.pinball - 7.1 / 3.0).abs() < 1e-6, "{sum:?}");
        // twice as large in the unit of the series, around 100
        let window = Encoded { x: Vec::new(), last: 100.0, scale: 2.0 };
        let scaled = of(Some(&window));
        assert_eq!((scaled.held, scaled.abs_truth), (1, 102.0 + 80.0));
        assert!((scaled.pinball - 2.0 * sum.pinball).abs() < 1e-4, "{scaled:?}");
    }

    #[test]
    fn too_few_windows_and_runs_kept_before_have_none() {
        assert_eq!(fit(&validation(8)).unwrap(), None);
        assert_eq!(fit(&[]).unwrap(), None);
        let kept =
            r#"{"sum": {"count": 1, "abs_error": 1.0, "abs_truth": 2.0, "square_error": 1.0}, "windows": [0.5]}"#;
        let errors: Errors = serde_json::from_str(kept).unwrap();
        assert_eq!(errors.quantiles, None);
        assert!(!serde_json::to_string(&errors).unwrap().contains("quantiles"));
    }
}
