//! Runs that last: killed, interrupted, crowded, without room, damaged, and still whole.

mod doctor;
mod full;
mod place;
mod replay;
mod signals;
mod verify;
