//! How long a worker needs for an order: log-normal, like the service times of most real systems (many quick, few slow).

use std::time::Duration;

use rand::Rng;
use rand_distr::{Distribution, LogNormal};

/// The distribution of the service time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceTime {
    /// None when the median is 0: processing takes no time at all.
    distribution: Option<LogNormal<f64>>,
    mean: Duration,
}

impl ServiceTime {
    /// Log-normal with this median and this sigma (the standard deviation of the logarithm; 0 makes it constant).
    ///
    /// # Panics
    /// When sigma is negative or not finite; the configuration admits neither.
    pub(crate) fn new(median: Duration, sigma: f64) -> Self {
        let seconds = median.as_secs_f64();
        let distribution = (seconds > 0.0).then(|| {
            LogNormal::new(seconds.ln(), sigma)
                .expect("the configuration admits only finite, non-negative sigmas")
        });
        Self {
            distribution,
            // The mean of a log-normal: median × exp(sigma² / 2).
            mean: median.mul_f64((sigma * sigma / 2.0).exp()),
        }
    }

    /// The service time of one order.
    pub(crate) fn sample(&self, rng: &mut impl Rng) -> Duration {
        self.distribution.map_or(Duration::ZERO, |distribution| {
            Duration::from_secs_f64(distribution.sample(rng))
        })
    }

    /// Samples, one a call.
    pub(crate) fn sampler(self) -> impl Fn() -> Duration + Send + Sync + 'static {
        move || self.sample(&mut rand::rng())
    }

    pub(crate) fn mean(&self) -> Duration {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn has_the_median_and_the_mean_it_promises() {
        let service_time = ServiceTime::new(Duration::from_millis(80), 0.5);
        let mut rng = StdRng::seed_from_u64(1);
        let mut samples: Vec<f64> = (0..100_000)
            .map(|_| service_time.sample(&mut rng).as_secs_f64())
            .collect();
        samples.sort_by(f64::total_cmp);
        let mean = samples.iter().sum::<f64>() / 100_000.0;

        assert!(
            (samples[50_000] - 0.080).abs() < 0.001,
            "{}",
            samples[50_000]
        );
        assert!(
            (mean - service_time.mean().as_secs_f64()).abs() < 0.001,
            "{mean}"
        );
        // 80 ms × e^0.125
        assert_eq!(service_time.mean().as_micros(), 90_651);
    }

    #[test]
    fn is_nothing_when_the_median_is_zero_and_constant_when_sigma_is() {
        let sample = |median| {
            let service_time = ServiceTime::new(Duration::from_millis(median), 0.0);
            service_time.sample(&mut rand::rng()).as_secs_f64()
        };
        assert_eq!(ServiceTime::new(Duration::ZERO, 0.5).mean(), Duration::ZERO);
        assert!(sample(0).abs() < 1e-9 && (sample(80) - 0.080).abs() < 1e-9);
    }
}
