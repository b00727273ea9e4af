//! Runs that last: killed, interrupted, crowded, without room, damaged, and still whole.

mod full;
mod place;
mod signals;
mod verify;
