//! Progress with time left, on a terminal only.

use cytotrial::operation::Watch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Options;

/// A bar on stderr.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that shows nothing where stderr is no terminal, or when told to be quiet.
    pub(crate) fn new(options: Options) -> Self {
        let target =
            if options.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {eta} left") {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Watch for Progress {
    fn begin(&self, what: &str, total: u64) {
        self.bar.set_length(total);
        self.bar.set_message(what.to_owned());
        self.bar.tick();
    }

    fn advance(&self, done: u64) {
        self.bar.inc(done);
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}
