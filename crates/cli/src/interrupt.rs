//! Ctrl-C and the signal to end: the first stops after what is in progress, the second at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Options;

/// Whether somebody asked the program to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. Where signals cannot be listened to, they end the program at once; what
    /// was finished is kept in any case.
    pub(crate) fn listen(options: Options) -> Self {
        let interrupt = Self::default();
        #[cfg(unix)]
        interrupt.on_signals(options);
        #[cfg(not(unix))]
        let _ = options;
        interrupt
    }

    /// Whether to stop after what is in progress.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    #[cfg(unix)]
    fn on_signals(&self, options: Options) {
        use signal_hook::consts::{SIGINT, SIGTERM};
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else {
            return;
        };
        let asked = Arc::clone(&self.0);
        std::thread::spawn(move || {
            for _ in signals.forever() {
                if asked.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(crate::Exit::Stopped as u8));
                }
                if !options.quiet {
                    crate::terminal::tell(
                        "stopping after what is in progress; once more stops at once",
                    );
                }
            }
        });
    }
}
