//! Why a patient could not be followed to the end, as data.

/// A patient who could not be followed to the end.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason} at time {time} ({method}; look at `{state}`)")]
pub struct Failure {
    /// How far the patient came.
    pub time: f64,
    /// The state with the largest error, or the symbol or event concerned.
    pub state: String,
    /// The method in use.
    pub method: &'static str,
    /// What happened.
    pub reason: Reason,
}

/// What ended a patient early.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The limit on steps was reached.
    #[error("more than {limit} steps were needed")]
    TooManySteps {
        /// The limit.
        limit: u32,
    },
    /// A value at the start or after a stop is not a finite number.
    #[error("a value or a rate is not a finite number")]
    NotFinite,
    /// No step is small enough.
    #[error("no step is small enough for the tolerance")]
    StepTooSmall,
    /// Events set each other off without end.
    #[error("events set each other off more than {limit} times")]
    EventsDoNotSettle {
        /// The limit.
        limit: u32,
    },
    /// The delay of an event is below zero or not a number.
    #[error("an event's delay ({delay}) does not lie ahead")]
    DelayNotAhead {
        /// The delay.
        delay: f64,
    },
    /// The next stop lies before the present one, or is not a number, or the same time was
    /// returned without end.
    #[error("the next stop ({next}) does not lie ahead")]
    StopNotAhead {
        /// What was asked for.
        next: f64,
    },
    /// A value was given to a symbol that is computed from a rule.
    #[error("a value was given to a symbol that is computed from a rule")]
    NotSettable,
    /// A run that needs random numbers has no stream.
    #[error("there is no stream to draw from")]
    NoStream,
    /// The rate of a reaction that happens by chance is below zero.
    #[error("a reaction's rate is below zero ({rate})")]
    NegativeRate {
        /// The rate, in reactions per unit of time.
        rate: f64,
    },
    /// A reaction happened that uses up more than there is: its rate is not 0 when nothing is left.
    #[error("a reaction used up more than there was")]
    BelowZero,
    /// The limit on reactions, leaps and steps was reached.
    #[error("more than {limit} reactions, leaps and steps were needed")]
    TooManyMoves {
        /// The limit.
        limit: u64,
    },
}
