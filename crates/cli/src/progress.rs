//! Progress with time left, on a terminal only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::Options;

/// A bar on stderr.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Of what is done, how much was done by an earlier process.
    restored: Arc<AtomicU64>,
}

impl Progress {
    /// A bar that shows nothing where stderr is no terminal, or when told to be quiet.
    pub(crate) fn new(options: Options) -> Self {
        let target =
            if options.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        let restored = Arc::new(AtomicU64::new(0));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}{left}") {
            let earlier = Arc::clone(&restored);
            bar.set_style(style.with_key(
                "left",
                move |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                    let done = state.pos().saturating_sub(earlier.load(Ordering::Relaxed));
                    let to_do = state.len().unwrap_or(0).saturating_sub(state.pos());
                    if let Some(seconds) = seconds_left(done, to_do, state.elapsed().as_secs_f64())
                    {
                        let left = HumanDuration(std::time::Duration::from_secs(seconds));
                        // A bar that cannot be drawn is no fault of the run.
                        let _ = write!(text, ", {left} left");
                    }
                },
            ));
        }
        Self { bar, restored }
    }

    /// Work of so many parts begins.
    pub(crate) fn begin(&self, what: &str, total: u64) {
        self.restored.store(0, Ordering::Relaxed);
        self.bar.reset();
        self.bar.set_length(total);
        self.bar.set_message(what.to_owned());
        self.bar.tick();
    }

    /// So many more are done.
    pub(crate) fn advance(&self, done: u64) {
        self.bar.inc(done);
    }

    /// So many more were done earlier; they say nothing about the speed.
    pub(crate) fn restored(&self, done: u64) {
        self.restored.fetch_add(done, Ordering::Relaxed);
        self.bar.inc(done);
    }

    /// Work is over.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Whole seconds left at the speed so far; unknown before anything is done.
fn seconds_left(done: u64, to_do: u64, elapsed: f64) -> Option<u64> {
    (done > 0).then(|| (elapsed / done as f64 * to_do as f64).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_earlier_does_not_count_as_speed() {
        // 80 of 100 were restored, 8 were done in 4 seconds: 12 are left.
        assert_eq!(seconds_left(8, 12, 4.0), Some(6));
        assert_eq!(seconds_left(0, 20, 4.0), None);
    }
}
